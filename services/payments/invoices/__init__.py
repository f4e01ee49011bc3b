"""Receipts and electronic invoices: asked for, issued, mailed, reversed."""
