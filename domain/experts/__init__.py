"""Experts of a pool: what their file holds, and what follows from it."""
