"""WeChat Pay API v3: orders, refunds, bills, invoices, notifications, and the cashier on a phone."""
