"""Endpoints of reviewers, and of their assignments."""
