"""Courses (继续教育): what was watched, and who may study when."""
