"""The outside world, one typed client each. Raises only Transient, Rejected and OutcomeUnknown."""
