"""Endpoints of material to download."""
