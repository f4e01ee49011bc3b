"""Endpoints of accounts: log-in and registration."""
