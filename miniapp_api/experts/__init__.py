"""Endpoints of an expert's own record."""
