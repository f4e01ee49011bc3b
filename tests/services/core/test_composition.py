"""Dataclasses are composed by the types of their fields, and every fault is named before anything runs."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, NewType, Protocol

import pytest

from services.core.composition import CompositionError, bind_fields, compose

Prices = NewType("Prices", Mapping[str, int])


class Sender(Protocol):
    def send(self, text: str) -> None: ...


class Outbox:
    def send(self, text: str) -> None: ...


@dataclass(frozen=True)
class Settings:
    url: str


@dataclass(frozen=True)
class Notices:
    settings: Settings


@dataclass(frozen=True)
class Letters:
    notices: Notices
    sender: Sender
    prices: Prices


@dataclass(frozen=True)
class Office:
    notices: Notices
    letters: Letters


SETTINGS, OUTBOX, PRICES = Settings("http://office"), Outbox(), Prices({"letter": 90})
VALUES: dict[Any, object] = {Settings: SETTINGS, Sender: OUTBOX, Prices: PRICES}


def test_fields_receive_what_is_bound_to_their_type_and_dataclasses_are_built() -> None:
    office = compose(Office, VALUES)
    assert office.letters.sender is OUTBOX
    assert office.letters.prices is PRICES
    assert office.notices.settings is SETTINGS


def test_a_type_is_built_once() -> None:
    office = compose(Office, VALUES)
    assert office.letters.notices is office.notices


def test_a_bound_object_replaces_the_one_that_would_be_built() -> None:
    notices = Notices(Settings("http://elsewhere"))
    office = compose(Office, {**VALUES, Notices: notices})
    assert office.notices is notices
    assert office.letters.notices is notices


@dataclass(frozen=True)
class Post:
    notices: Notices

    def send(self, text: str) -> None: ...


@dataclass(frozen=True)
class Branch:
    post: Post
    letters: Letters


def test_a_class_bound_to_a_protocol_is_built_once_for_both() -> None:
    branch = compose(Branch, {**VALUES, Sender: Post})
    assert branch.letters.sender is branch.post


@dataclass(frozen=True)
class Archive:
    settings: Settings
    room: int = 7
    shelves: list[str] = field(default_factory=list)
    prices: Prices = field(default_factory=lambda: Prices({}))
    count: int = field(default=0, init=False)


def test_a_default_stays_unless_its_type_is_bound() -> None:
    archive = compose(Archive, {Settings: SETTINGS})
    assert (archive.room, archive.shelves, archive.prices, archive.count) == (7, [], {}, 0)
    assert compose(Archive, VALUES).prices is PRICES


@dataclass(frozen=True)
class Director(Archive):
    notices: Notices = field(kw_only=True)


def test_inherited_and_keyword_fields_are_filled() -> None:
    director = compose(Director, VALUES)
    assert director.settings is director.notices.settings is SETTINGS


@dataclass(frozen=True)
class Till:
    url: str


@dataclass(frozen=True)
class Hall:
    tills: Mapping[str, int]


@dataclass(frozen=True)
class Dial:
    choose: Callable[[str], str]


@pytest.mark.parametrize(
    ("root", "sentence"),
    [
        (Letters, "Letters.sender needs Sender, to which nothing is bound."),
        (Office, "Letters.sender needs Sender, to which nothing is bound."),
        (Till, "Till.url needs str, to which nothing is bound."),
        (Hall, r"Hall.tills needs .*Mapping\[str, int\], to which nothing is bound."),
        (Dial, r"Dial.choose needs .*Callable\[\[str\], str\], to which nothing is bound."),
    ],
)
def test_a_missing_value_is_named_with_class_field_and_type(root: type[object], sentence: str) -> None:
    with pytest.raises(CompositionError, match=sentence):
        compose(root, {Settings: SETTINGS})


@dataclass(frozen=True)
class Hen:
    egg: Egg


@dataclass(frozen=True)
class Egg:
    hen: Hen


@dataclass(frozen=True)
class Farm:
    hen: Hen


def test_a_cycle_is_named_without_what_leads_to_it() -> None:
    with pytest.raises(CompositionError, match=r"^These need each other: Hen → Egg → Hen\.$"):
        compose(Farm, {})


def test_a_bound_value_breaks_a_cycle() -> None:
    hen = compose(Hen, {Egg: "an egg"})
    assert compose(Egg, {Hen: hen}).hen is hen


def test_a_type_that_cannot_be_read_is_named_with_its_class() -> None:
    @dataclass(frozen=True)
    class Hidden:
        secret: Unknown  # type: ignore[name-defined]  # noqa: F821  (that is the fault)

    with pytest.raises(CompositionError, match="A type of Hidden can't be read: name 'Unknown' is not defined"):
        compose(Hidden, {})


@pytest.mark.parametrize("root", [Outbox, Sender, str])
def test_only_dataclasses_are_composed(root: type[object]) -> None:
    with pytest.raises(CompositionError, match=f"{root.__name__} is no dataclass"):
        compose(root, {})


@dataclass(frozen=True)
class Ports:
    sender: Sender
    prices: Prices


@dataclass(frozen=True)
class MorePorts:
    second_sender: Sender


def test_the_fields_of_holders_are_bound_under_their_types() -> None:
    assert bind_fields(Ports(OUTBOX, PRICES)) == {Sender: OUTBOX, Prices: PRICES}
    office = compose(Office, {Settings: SETTINGS, **bind_fields(Ports(OUTBOX, PRICES))})
    assert office.letters.sender is OUTBOX


def test_a_type_that_two_fields_offer_is_ambiguous() -> None:
    with pytest.raises(CompositionError, match=r"MorePorts\.second_sender and Ports\.sender are both Sender"):
        bind_fields(Ports(OUTBOX, PRICES), MorePorts(OUTBOX))
