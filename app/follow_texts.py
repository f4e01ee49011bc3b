"""Keeps a process's rulebooks up to date with the texts that the office publishes, in whichever process."""

from __future__ import annotations

import asyncio
from contextlib import suppress

from bot.dialogue import OUTAGES
from config.outage_reports import Outage
from services.office_texts import OfficeTexts

INTERVAL = 2.0
"""Seconds between two look-ups, each by one index."""
LONGEST_START = 3.0
"""Seconds for which a start waits for the first one."""


async def begin_with_texts(texts: OfficeTexts) -> None:
    """The first look-up, before a process serves anyone. Without the database, or when that takes long, it begins with
    the files' texts, and ``follow_texts`` brings the others as soon as there is one."""
    with suppress(*OUTAGES, TimeoutError):
        async with asyncio.timeout(LONGEST_START):
            await texts.refresh()


async def follow_texts(texts: OfficeTexts) -> None:
    """Runs until cancelled. During an outage of PostgreSQL the texts stay as they are."""
    outage = Outage("office-texts")
    while True:
        await asyncio.sleep(INTERVAL)
        try:
            await texts.refresh()
            outage.mark_up()
        except OUTAGES as error:
            outage.mark_down(repr(error))
