"""Shared by all pages: routes, rendering, forms, static files, template filters, text size, QR codes."""
