"""A process follows the texts that others publish, and goes on with what it knows while PostgreSQL is away."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, field
from typing import cast

import pytest
from structlog.testing import capture_logs
from tortoise.exceptions import DBConnectionError

from app import follow_texts
from app.follow_texts import begin_with_texts
from config.outage_reports import REPORTS
from services.office_texts import OfficeTexts


@dataclass
class Database:
    """Answers each look-up with the next outcome."""

    outcomes: list[Exception | None]
    looks: list[str] = field(default_factory=list)

    async def refresh(self) -> None:
        outcome = self.outcomes.pop(0)
        self.looks.append(type(outcome).__name__)
        if outcome is not None:
            raise outcome


def texts_of(database: Database) -> OfficeTexts:
    return cast("OfficeTexts", database)


async def test_an_outage_ends_neither_the_start_nor_the_following(monkeypatch: pytest.MonkeyPatch) -> None:
    REPORTS.end_outages()  # of tests before this one: the process has one log
    away = DBConnectionError("no server")
    await begin_with_texts(texts_of(Database([away])))
    database = Database([None, away, away, None, ValueError("a fault of ours")])

    async def no_pause(_seconds: float) -> None:
        """The looks follow each other at once."""

    monkeypatch.setattr("app.follow_texts.asyncio.sleep", no_pause)
    with capture_logs() as lines, pytest.raises(ValueError, match="a fault of ours"):
        await follow_texts.follow_texts(texts_of(database))
    assert database.looks == ["NoneType", "DBConnectionError", "DBConnectionError", "NoneType", "ValueError"]
    assert [line["event"] for line in lines] == ["part_down", "part_back"]


async def test_a_process_ends_while_it_waits_for_the_next_look() -> None:
    task = asyncio.create_task(follow_texts.follow_texts(texts_of(Database([]))))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
