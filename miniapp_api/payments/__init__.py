"""Endpoints of fees as a person pays them."""
