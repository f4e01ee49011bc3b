"""Endpoints of notices, and of consent to messages."""
