"""Courses: one's own, and studying them."""
