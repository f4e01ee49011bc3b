"""Courses (继续教育): watched content, and access periods."""
