"""What all pages share: routes, rendering, forms, static files, template filters, text size, QR codes."""
