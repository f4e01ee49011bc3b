"""Endpoints of accounts: log-in, registration, and a person's own account."""
