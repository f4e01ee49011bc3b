"""Receipts and electronic invoices: requested, issued, mailed, reversed."""
