"""Tables (Tortoise) and migrations."""
