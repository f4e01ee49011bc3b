"""Endpoints of examinations."""
