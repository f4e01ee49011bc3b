"""Draws: eligibility, the order, the record and its verifier."""
