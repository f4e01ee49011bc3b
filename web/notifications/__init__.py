"""Where vendors push delivery reports, and the short addresses in messages."""
