"""Endpoints of material for download."""
