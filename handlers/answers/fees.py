"""Answers about fees and invoices."""

from __future__ import annotations

from collections.abc import Mapping

from bot.router import Handler

ANSWERS: Mapping[str, Handler] = {}
