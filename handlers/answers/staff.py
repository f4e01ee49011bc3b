"""Answers for reviewers, verifiers, venues, supervisors and the office."""

from __future__ import annotations

from collections.abc import Mapping

from bot.router import Handler

ANSWERS: Mapping[str, Handler] = {}
