"""Draws: who may be drawn, the order, the record and its verifier."""
