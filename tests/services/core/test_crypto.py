"""Keys never reach a log or a traceback."""

from __future__ import annotations

from datetime import UTC, datetime

import pytest

from domain.clock import FixedClock
from services.core.base import Deps, Jobs
from services.core.crypto import Keyring, SealBroken
from services.notifications import Notices

KEYS = Keyring({"k1": b"data" * 8}, "k1", b"look" * 8, b"sign" * 8)


def test_a_service_shows_no_key() -> None:
    deps = Deps(FixedClock(datetime(2026, 11, 21, tzinfo=UTC)), KEYS, {}, Jobs(), "http://127.0.0.1")
    shown = repr(Notices(deps))
    assert "Keyring(active='k1')" in shown
    assert not [secret for secret in ("data", "look", "sign") if secret in shown]


@pytest.mark.parametrize("sealed", ["", "a256gcm:k1:", "a256gcm:k1:QQ==", "a256gcm:k1:é", "a256gcm:k2:" + "A" * 64])
def test_what_is_no_ciphertext_is_a_broken_seal(sealed: str) -> None:
    with pytest.raises(SealBroken):
        KEYS.open(sealed, "mobile")
