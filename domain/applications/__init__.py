"""Applications for entry: lifecycles."""
