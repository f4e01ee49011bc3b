"""What pages and records show of a finished draw (manual 23, 24)."""

from __future__ import annotations

import re

from app.players.browser import BrowserPage
from domain.draws.verify_draw import compare, read
from tests.journeys import guangdong as gd
from tests.journeys.guangdong import Day


def check_nameless(page: BrowserPage) -> None:
    assert not any(expert.name in page.text or expert.mobile in page.text for expert in gd.EXPERTS)


def parse_amounts(line: str) -> list[float]:
    """The parts of an amount, and the amount, in yuan."""
    parts, _, total = line.partition("合计")
    amounts = [*re.findall(r"([\d,]+\.\d\d)元", parts), *re.findall(r"([\d,]+\.\d\d)元", total)[:1]]
    return [float(amount.replace(",", "")) for amount in amounts]


async def check_follow_up(day: Day, record: object) -> None:
    """The public record of an activity that follows the first one links to those before it."""
    assert isinstance(record, dict)
    stranger = day.stranger()
    await stranger.open(f"/record?number={record['draw']}")
    assert (stranger.page.status, stranger.page.path) == (200, f"/record/{gd.POOL}/{record['draw']}")
    file = await stranger.download(stranger.page.link("下载记录"))
    assert read(file.decode()) == record
    numbers = [facts["number"] for facts in record["log"][0]["earlier"] if facts["head"]]
    assert day.number in numbers
    originals = []
    for number in numbers:
        await stranger.open(f"/record?number={record['draw']}")
        await stranger.follow(number)
        assert (stranger.page.status, stranger.page.path) == (200, f"/record/{gd.POOL}/{number}")
        originals.append(read((await stranger.download(stranger.page.link("下载记录"))).decode()))
    assert compare(record, originals) == []
