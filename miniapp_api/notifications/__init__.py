"""Endpoints of consent to messages, and of guide, questions and feedback."""
