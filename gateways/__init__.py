"""Typed clients for outside systems. They raise only Transient, Rejected and OutcomeUnknown."""
