"""What every package stands on: transactions, audit, permissions, idempotency, due tasks, signed links, limits."""
