"""Endpoints of certificates."""
