"""Our records against the platform's bills, and payment notifications that match no order."""
