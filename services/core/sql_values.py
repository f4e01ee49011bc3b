"""Numbers the placeholders of SQL that is put together from parts."""

from __future__ import annotations

from collections.abc import Iterator


class SqlValues:
    """Values of one statement, in the order of their placeholders ``$1``, ``$2``, …; those given first are numbered
    first.

    PostgreSQL refuses a value whose placeholder the statement doesn't contain, so only add what is written into it.
    """

    def __init__(self, *values: object) -> None:
        self._values = list(values)

    def add(self, value: object) -> str:
        """The placeholder that stands for ``value``; it may be used several times."""
        self._values.append(value)
        return f"${len(self._values)}"

    def __iter__(self) -> Iterator[object]:
        return iter(self._values)
