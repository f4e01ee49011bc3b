"""WeChat Pay v3: orders, refunds, bills, invoices, keys."""
