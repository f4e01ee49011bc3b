"""The error of a command that fails, with one sentence that gives the reason."""

from __future__ import annotations


class CommandError(Exception):
    """``str(error)`` is Chinese for the operator: what is wrong and what to do next. The exit status is 1."""
