"""Answers about a panel: where, when, how long, what to bring, whom to ask, whether it takes place."""

from __future__ import annotations

from collections.abc import Mapping

from bot.router import Handler

ANSWERS: Mapping[str, Handler] = {}
