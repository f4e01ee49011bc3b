"""Answers for agencies and tenderers: projects, draws, lists, experts who don't come."""

from __future__ import annotations

from collections.abc import Mapping

from bot.router import Handler

ANSWERS: Mapping[str, Handler] = {}
