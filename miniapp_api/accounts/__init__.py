"""Endpoints of accounts: log-in, registration, and what a person may do with the own account."""
