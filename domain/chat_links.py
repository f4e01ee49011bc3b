"""Tappable parts of a text in WeChat's chat: links, choices that come back as if typed, mini-program pages."""

from __future__ import annotations

from html import escape

_IN_CHOICE = str.maketrans({mark: f"%{ord(mark):02X}" for mark in "%&#+?\"'<> \n"})
"""Characters that would end or change the query inside a choice; Chinese stays as it is, as WeChat's clients expect."""


def link(label: str, url: str) -> str:
    """A tappable web link for a text."""
    return f'<a href="{escape(url)}">{_label(label)}</a>'


def choice(label: str, tap: int) -> str:
    """A tappable choice for a text: the tap comes back as the text ``label`` with ``bizmsgmenuid`` = ``tap``.

    A choice from ``Talk.choose`` gets its id from the engine; other ids are below ``bot.talk.FIRST_TAP``.
    """
    content = label.translate(_IN_CHOICE)
    return f'<a href="weixin://bizmsgmenu?msgmenucontent={content}&msgmenuid={tap}">{_label(label)}</a>'


def mini_link(label: str, appid: str, path: str, url: str) -> str:
    """A link to a mini-program page; ``url`` opens where WeChat knows no mini-programs, such as on a computer."""
    program = f'data-miniprogram-appid="{escape(appid)}" data-miniprogram-path="{escape(path)}"'
    return f'<a {program} href="{escape(url)}">{_label(label)}</a>'


def _label(label: str) -> str:
    return label.replace("<", "‹").replace(">", "›")
