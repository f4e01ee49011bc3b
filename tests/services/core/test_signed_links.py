"""Signed links carry one purpose, one subject, one person, one moment, and can't be altered."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import FixedClock
from domain.errors import Forbidden
from services.core.crypto import Keyring
from services.core.signed_links import Links

NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
SUBJECT, PERSON = UUID(int=1), UUID(int=2)
KEYS = Keyring({"k1": b"d" * 32}, "k1", b"l" * 32, b"s" * 32)
links = Links(KEYS, FixedClock(NOON))


@given(st.uuids(), st.uuids(), st.timedeltas(timedelta(seconds=1), timedelta(days=3650)))
def test_what_is_signed_comes_back(subject: UUID, person: UUID, life: timedelta) -> None:
    link = links.check(links.sign("invitation", subject, person, NOON + life), "invitation")
    assert (link.subject_id, link.person_id) == (subject, person)
    assert timedelta() <= link.expires - (NOON + life) < timedelta(seconds=1)


@given(st.integers(0, 70), st.characters(codec="ascii"))
def test_no_character_can_be_changed(at: int, letter: str) -> None:
    token = links.sign("invitation", SUBJECT, PERSON, NOON + timedelta(hours=1))
    bent = token[:at] + letter + token[at + 1 :]
    if bent != token:
        with pytest.raises(Forbidden):
            links.check(bent, "invitation")


@given(st.text(max_size=200))
def test_junk_is_refused(token: str) -> None:
    with pytest.raises(Forbidden):
        links.check(token, "invitation")


def test_a_token_is_short_and_safe_in_a_url() -> None:
    token = links.sign("invitation", SUBJECT, PERSON, NOON)
    assert len(token) == 71
    assert token.replace("-", "").replace("_", "").isalnum()


def test_another_key_another_purpose_or_a_later_moment_is_refused() -> None:
    token = links.sign("invitation", SUBJECT, PERSON, NOON + timedelta(seconds=10))
    with pytest.raises(Forbidden, match="无效"):
        Links(Keyring({"k1": b"d" * 32}, "k1", b"l" * 32, b"t" * 32), FixedClock(NOON)).check(token, "invitation")
    with pytest.raises(Forbidden, match="无效"):
        links.check(token, "invitatio")
    with pytest.raises(Forbidden, match="过期"):
        Links(KEYS, FixedClock(NOON + timedelta(seconds=10))).check(token, "invitation")


def test_a_link_for_everybody_fits_a_scene_code() -> None:
    token = links.sign("venue_qr", SUBJECT, SUBJECT, NOON + timedelta(seconds=60))
    assert len(f"venue:{token}") <= 64
    assert links.check(token, "venue_qr").subject_id == SUBJECT
