"""Answers for anyone: people to talk to, small talk, codes, log-in, mobile, account."""

from __future__ import annotations

from collections.abc import Mapping

from bot.router import Handler
from handlers import welcome

ANSWERS: Mapping[str, Handler] = {
    "capabilities": welcome.show_menu,
    "greeting": welcome.show_menu,
    "human": welcome.give_help,
}
