"""Where requests of tests come from."""

from __future__ import annotations

from uuid import UUID

from services.accounts import Source

PHONE = Source(identity_id=UUID(int=7))
"""A WeChat that is bound to no one: it needs no puzzle, and is a stranger to every mobile."""
HOME, CAFE = Source("198.51.100.7"), Source("203.0.113.9")
"""Two networks from which no one has logged in."""
