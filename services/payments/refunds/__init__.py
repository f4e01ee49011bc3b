"""Refunds, their redirection, and their consequences for the application."""
