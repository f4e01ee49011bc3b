"""What the system does: one module per noun; a public method is one use case and one transaction."""
