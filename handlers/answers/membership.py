"""Answers about the expert's file, term, record and times off."""

from __future__ import annotations

from collections.abc import Mapping

from bot.router import Handler

ANSWERS: Mapping[str, Handler] = {}
