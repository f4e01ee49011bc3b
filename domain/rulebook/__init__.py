"""A province's rulebook: schema, layers, texts, and generated reference page."""
