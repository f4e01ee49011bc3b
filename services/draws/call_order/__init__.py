"""Fixing the order of a draw so that no party can choose it: candidates, commitments, frozen lists, seed."""
