"""Conversations, one file per subject, each readable from top to bottom."""
