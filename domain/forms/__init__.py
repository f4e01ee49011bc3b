"""Application forms: checking, values, schema for clients, display."""
