"""Sources of requests in tests."""

from __future__ import annotations

from uuid import UUID

from services.accounts import Source

PHONE = Source(identity_id=UUID(int=7))
"""A WeChat that is not bound: it needs no puzzle, and is unknown to every mobile."""
HOME, CAFE = Source("198.51.100.7"), Source("203.0.113.9")
"""Two networks without a log-in so far."""
