"""Answers to applicants: conditions, papers, and where the application stands."""

from __future__ import annotations

from collections.abc import Mapping

from bot.router import Handler

ANSWERS: Mapping[str, Handler] = {}
