"""Endpoints of an expert's own file."""
