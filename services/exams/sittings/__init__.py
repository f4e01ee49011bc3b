"""Candidates of an examination, sittings (场次) and their places."""
