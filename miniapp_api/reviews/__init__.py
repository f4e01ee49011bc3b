"""Endpoints of reviewers, and of who reviews what."""
