"""Numbers the placeholders of SQL that is put together from parts."""

from __future__ import annotations

import re
from collections.abc import Iterator

_CODE = re.compile(r"[0-9A-Za-z_-]{1,40}", re.ASCII)


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


def write_code(code: str) -> str:
    """A catalogue's code as SQL text, for a statement that PostgreSQL must plan for this very value: with a placeholder
    it keeps one plan for all, which is wrong where some values have thousands of rows and others have ten.

    Raises ValueError for other characters than those of codes.
    """
    if not _CODE.fullmatch(code):
        raise ValueError("not a code")
    return f"'{code}'"
