"""Endpoints of organisations: agents, and the list of employers."""
