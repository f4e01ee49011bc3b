"""Fees and what pays them.

``fees`` says what is owed and when; ``orders`` makes and watches orders at the platform; ``settle`` is the one place
where money that came is counted; ``refunds`` sends it back; ``invoices`` mails receipts and invoices; ``events`` takes
notifications in; ``bills`` compares our books with the platform's; ``reading`` is what people look at.

Rows are locked in this order: application, order, fee, refund or invoice.
"""
