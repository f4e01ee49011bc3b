"""The use cases: a package per noun, a module per use case; a public method is one transaction."""
