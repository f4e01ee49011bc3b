"""A lifecycle: a table of moves, with Chinese labels of states and moves."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from enum import StrEnum
from typing import Generic, Self, TypeVar

from domain.errors import Conflict


class Labelled(StrEnum):
    """A machine-readable name with its Chinese label."""

    label: str

    def __new__(cls, value: str, label: str = "") -> Self:
        member = str.__new__(cls, value)
        member._value_ = value
        member.label = label
        return member


S = TypeVar("S", bound=Labelled)
E = TypeVar("E", bound=Labelled)


@dataclass(frozen=True)
class Lifecycle(Generic[S, E]):
    """``noun`` is the Chinese word for the object; ``moves`` lists all permitted moves.

    ``ended``: states that are an end although the office can lead back from them.
    """

    noun: str
    initial: S
    moves: Mapping[S, Mapping[E, S]]
    ended: frozenset[S] = frozenset()

    def next(self, state: S, event: E) -> S:
        """The state after ``event``. Raises Conflict where the table has no such move."""
        try:
            return self.moves[state][event]
        except KeyError:
            raise Conflict(
                f"{self.noun}现在是“{state.label}”，不能{event.label}。请刷新，按最新状态操作。",
                code="illegal_move",
                params={"state": state.value, "event": event.value},
            ) from None

    def can(self, state: S, event: E) -> bool:
        return event in self.moves.get(state, {})

    def is_final(self, state: S) -> bool:
        return state in self.ended or not self.moves.get(state)
