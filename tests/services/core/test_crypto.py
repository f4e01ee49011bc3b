"""Keys never reach a log or a traceback."""

from __future__ import annotations

from datetime import UTC, datetime

from domain.clock import FixedClock
from services.core.base import Deps, Jobs
from services.core.crypto import Keyring
from services.notifications import Notices

KEYS = Keyring({"k1": b"data" * 8}, "k1", b"look" * 8, b"sign" * 8)


def test_a_service_shows_no_key() -> None:
    deps = Deps(FixedClock(datetime(2026, 11, 21, tzinfo=UTC)), KEYS, {}, Jobs(), "http://127.0.0.1")
    shown = repr(Notices(deps))
    assert "Keyring(active='k1')" in shown
    assert not [secret for secret in ("data", "look", "sign") if secret in shown]
