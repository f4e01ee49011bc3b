"""Sealed reports (举报) to supervision, and the question after an evaluation."""
