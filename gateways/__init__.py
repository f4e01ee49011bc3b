"""Typed clients for outside systems. They raise only Transient, NeedsOperator, Rejected and OutcomeUnknown."""
