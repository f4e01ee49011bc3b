"""Where links in documents may lead: to pages and mailboxes, never to scripts, files or shares."""

from __future__ import annotations

import re

_UNSEEN = re.compile(r"[\x00-\x20\x7f-\xa0\u200b-\u200f\u2028-\u202f\ufeff]")
_SCHEME = re.compile(r"([a-z][a-z0-9+.-]*):")
_ALLOWED = frozenset(("http", "https", "mailto", "tel"))


def is_dangerous_target(target: str) -> bool:
    """Whether a link runs a script, opens a file or contacts a share, which reveals the reader."""
    visible = _UNSEEN.sub("", target).lower()
    if visible.startswith(("\\\\", "//")):
        return True
    scheme = _SCHEME.match(visible)
    return scheme is not None and scheme[1] not in _ALLOWED
