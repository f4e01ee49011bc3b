"""Builds dataclasses by the types of their fields: ``compose(Services, values)`` builds all services.

A field receives the value that is bound to its type, else an object of its type that is built in the same way, once per
type. A field with a default keeps it unless its type is bound. Every fault is a ``CompositionError`` when the process
starts, and names class, field and type.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Mapping
from dataclasses import MISSING, Field, fields, is_dataclass
from functools import cache
from typing import Any, NewType, TypeVar, cast, get_type_hints

T = TypeVar("T")


class CompositionError(Exception):
    """A field can't be given a value."""


def compose(root: type[T], values: Mapping[Any, object]) -> T:
    """``values`` by the type under which fields ask for them. A class as value is composed and stands for that type:
    the implementation of a protocol."""
    return cast(T, _Composer(values).compose(root))


def bind_fields(*holders: Any) -> dict[Any, object]:
    """The values that these dataclasses hold, by the types of their fields. Raises CompositionError for a type that
    occurs twice."""
    bound: dict[Any, tuple[str, object]] = {}
    for holder in holders:
        for field, kind in _typed_fields(cast(Hashable, type(holder))):
            place = f"{type(holder).__name__}.{field.name}"
            if kind in bound:
                raise CompositionError(f"{place} and {bound[kind][0]} are both {_name(kind)}: which one is meant?")
            bound[kind] = place, getattr(holder, field.name)
    return {kind: value for kind, (_, value) in bound.items()}


class _Composer:
    def __init__(self, values: Mapping[Any, object]) -> None:
        self._values = values
        self._made: dict[Any, object] = {}
        self._path: list[Any] = []
        """Types that are being built, outermost first."""

    def compose(self, kind: Any) -> object:
        if kind not in self._made:
            value = self._values.get(kind, kind)
            if value is kind:
                self._made[kind] = self._build(cast("type[Any]", kind))
            else:
                self._made[kind] = self.compose(value) if isinstance(value, type) else value
        return self._made[kind]

    def _build(self, kind: type[Any]) -> object:
        if kind in self._path:
            cycle = [*self._path[self._path.index(kind) :], kind]
            raise CompositionError(f"These need each other: {' → '.join(map(_name, cycle))}.")
        self._path.append(kind)
        arguments = {name: self._argument(kind, name, wanted) for name, wanted in self._needed(kind)}
        self._path.pop()
        return kind(**arguments)

    def _needed(self, kind: type[Any]) -> Iterator[tuple[str, Any]]:
        """Names and types of the fields that don't keep their default."""
        for field, wanted in _typed_fields(cast(Hashable, kind)):
            optional = field.default is not MISSING or field.default_factory is not MISSING
            if field.init and (wanted in self._values or not optional):
                yield field.name, wanted

    def _argument(self, kind: type[Any], name: str, wanted: Any) -> object:
        if wanted not in self._values and not is_dataclass(wanted):
            raise CompositionError(f"{_name(kind)}.{name} needs {_name(wanted)}, to which nothing is bound.")
        return self.compose(wanted)


@cache  # to read the types of a class compiles each of them, which takes most of the time of a composition
def _typed_fields(kind: Any) -> tuple[tuple[Field[Any], Any], ...]:
    if not is_dataclass(kind):
        raise CompositionError(f"{_name(kind)} is no dataclass: it can be bound, but not composed.")
    try:
        types = get_type_hints(kind)
    except NameError as error:
        raise CompositionError(f"A type of {_name(kind)} can't be read: {error}.") from error
    return tuple((field, types[field.name]) for field in fields(kind))


def _name(kind: Any) -> str:
    return kind.__name__ if isinstance(kind, type | NewType) else str(kind)
