"""Fees and what pays them.

``fees`` says what is owed and when; ``orders`` makes and watches orders at the platform; ``settlement`` is the one
place where money that came is counted; ``refunds`` sends it back; ``invoices`` mails receipts and invoices;
``webhooks`` takes notifications in; ``reconciliation`` compares our books with the platform's; ``queries`` is what
people see.

Rows are locked in this order: application, order, fee, refund or invoice.
"""
