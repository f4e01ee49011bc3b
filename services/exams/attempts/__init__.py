"""Attempts (答题): the paper, answers, answer files, receipts, sealing."""
