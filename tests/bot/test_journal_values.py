"""What a journal can hold comes out as it went in."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import UTC, date, datetime, time, timedelta
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from bot.inbox import ClaimStatus
from bot.journal import JournalBroken, seal, unseal
from bot.journal_values import ValueBroken, decode, encode
from bot.messages import Location
from domain.errors import AppError, Conflict, RuleViolation, TooMany
from services.ports import MenuItem
from tests.bot.conftest import KEYS, NOW, message

simple = (
    st.none() | st.booleans() | st.integers() | st.text() | st.floats(allow_nan=False) | st.uuids() | st.timedeltas()
)
times = st.datetimes(timezones=st.just(UTC)) | st.dates() | st.times()
things = st.builds(MenuItem, st.integers(), st.text()) | st.sampled_from(ClaimStatus)
values = st.recursive(
    simple | times | things,
    lambda inner: st.lists(inner) | st.tuples(inner, inner) | st.dictionaries(st.text() | st.integers(), inner),
    max_leaves=10,
)


@given(values)
def test_a_value_comes_out_as_it_went_in(value: object) -> None:
    again = decode(json.loads(json.dumps(encode(value))))
    assert again == value
    assert type(again) is type(value)


@pytest.mark.parametrize(
    "error",
    [
        Conflict("已被占用", code="taken", field="lots.0", params={"left": 3}),
        TooMany("稍后再试", retry_after=60),
        RuleViolation("太晚了", rule="draw.release.before_start", source="L1028", params={"hours": 5}),
    ],
)
def test_a_refusal_comes_out_as_it_went_in(error: AppError) -> None:
    again = decode(json.loads(json.dumps(encode(error))))
    assert type(again) is type(error)
    assert vars(again) == vars(error)


@dataclass
class Loose:
    x: int


@dataclass(frozen=True)
class Foreign:
    x: int


@pytest.mark.parametrize("value", [object(), {1, 2}, b"x", Loose(1), Foreign(1), Location])
def test_what_a_journal_cannot_hold_is_named_at_once(value: object) -> None:
    with pytest.raises(TypeError):
        encode(value)


@pytest.mark.parametrize(
    "encoded",
    [
        {},
        {"$what": 1},
        {"$data": "os:system", "v": {}},
        {"$data": "domain.errors:Conflict", "v": {}},
        {"$data": "services.ports:Gone", "v": {}},
        {"$data": "services.ports:MenuItem", "v": {"other": 1}},
        {"$enum": "bot.inbox:Status", "v": "gone"},
        {"$error": "Exception", "v": {}},
        {"$uuid": "x"},
        {"$datetime": 5},
    ],
)
def test_what_this_version_cannot_read_is_refused(encoded: dict[str, object]) -> None:
    with pytest.raises(ValueBroken):
        decode(encoded)  # type: ignore[arg-type]  # as JSON gives it


def test_some_examples_are_readable_json() -> None:
    assert encode((UUID(int=1), date(2026, 1, 2), time(3), timedelta(1), datetime(2026, 1, 2, tzinfo=UTC))) == {
        "$tuple": [
            {"$uuid": "0" * 31 + "1"},
            {"$date": "2026-01-02"},
            {"$time": "03:00:00"},
            {"$timedelta": [1, 0, 0]},
            {"$datetime": "2026-01-02T00:00:00+00:00"},
        ]
    }


def test_a_journal_of_another_person_does_not_open() -> None:
    from bot.journal import Journal

    mine = seal(Journal("t", "绑定", 1, message("绑定", "oA"), (1,), NOW), KEYS)
    assert unseal(mine, KEYS, message("x", "oA")).arguments == (1,)
    for sealed, reader in (
        (mine, message("x", "oB")),
        (mine[:-8] + "AAAAAAA=", message("x", "oA")),
        ("junk", message("x")),
    ):
        with pytest.raises(JournalBroken):
            unseal(sealed, KEYS, reader)
