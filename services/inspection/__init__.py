"""Detects a file's real type and dangerous content. Parsers run in limited processes, started by ``checker``."""
