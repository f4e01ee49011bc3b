"""A province's rulebook: schema, layers, texts, and its reference page."""
