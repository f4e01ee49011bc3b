"""Base of all packages: transactions, audit, permissions, idempotency, due tasks, signed links, limits."""
