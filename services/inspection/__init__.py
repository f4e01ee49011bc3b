"""What a file really is and may carry. Parsers run in limited processes, which ``checker`` starts and asks."""
