"""Placeholders of SQL that is put together from parts stand for the values they were made for."""

from __future__ import annotations

import pytest

from services.core.base import rows
from services.core.sql_values import SqlValues, write_code


def test_values_are_numbered_after_those_given_first() -> None:
    values = SqlValues("pool", 7)
    assert [values.add("word"), values.add(None), values.add("word")] == ["$3", "$4", "$5"]
    assert [*values] == ["pool", 7, "word", None, "word"]


def test_a_copy_goes_its_own_way() -> None:
    values = SqlValues("pool")
    assert SqlValues(*values).add("one") == values.add("another") == "$2"
    assert [*values] == ["pool", "another"]


async def test_a_statement_reads_each_value_at_its_placeholder(db: str) -> None:
    values = SqlValues("a")
    parts = [f"{values.add(word)}::text" for word in ("b", "c")]
    joined_rows = await rows(f"SELECT $1::text || {' || '.join(reversed(parts))} || {parts[0]} AS joined", *values)
    assert joined_rows[0]["joined"] == "acbb"


def test_only_a_code_is_written_into_a_statement() -> None:
    assert write_code("440100") == "'440100'"
    for text in ("", "44'01", "44;--", "４４０１", "440100\n", "\\", "a" * 41):
        with pytest.raises(ValueError, match="not a code"):
            write_code(text)
