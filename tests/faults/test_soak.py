"""Memory bombs against the whole service: its memory comes back, and others are answered meanwhile."""

from __future__ import annotations

import asyncio
import gzip
import io
import time
from collections.abc import AsyncIterator, Awaitable, Sequence
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field, replace
from pathlib import Path
from typing import Any

import aiohttp
import pytest
import pytest_asyncio
from PIL import Image

from app.demo.data import POOL
from app.players.applicants import Applicant
from app.players.browser import WebBrowser
from app.players.http_client import Refused
from app.players.mini_program import MiniProgram
from app.players.people import OFFICES
from domain.ids import new_id
from tests.factories.applicants import make_applicant
from tests.factories.sheets import STRINGS, book, strings_without_end, with_part
from tests.faults.draws import DrawDriver, Killer, running_draw_driver

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]

APPLICANT = "19900000031"
ADMIN = next(person for person in OFFICES if person.role == "admin")
MEGABYTE = 1024 * 1024
TREE_MOST = 1800 * MEGABYTE
"""Memory of the web process and its limited ones beyond the initial: of one pool two files and one sheet at most."""
SLOWEST = 5.0
"""Seconds for another person's small question meanwhile, on a busy machine of two cores."""
CALLBACKS = (f"/wechat/{POOL}", "/receipts/sandbox-receipts/sms", f"/callbacks/pay/{POOL}")


@dataclass
class Site:
    """The service as an attacker sees it, and its process as the operator does."""

    draw_driver: DrawDriver
    applicant: Applicant
    admin: WebBrowser
    draw: str
    """The agency's own, still being set up."""
    pid: int

    async def send(self, path: str, body: bytes, **headers: str) -> int:
        """The status; 400 too where the connection is closed on what is too long."""
        try:
            async with self.draw_driver.stage.http_client.http.post(
                self.url(path), data=io.BytesIO(body), headers=headers
            ) as answer:
                await answer.read()
                return answer.status
        except (aiohttp.ClientConnectionError, aiohttp.ClientPayloadError):
            return 400

    def url(self, path: str) -> str:
        return f"{self.draw_driver.stage.http_client.service_url}{path}"

    async def upload(self, content: bytes, field: str = "title_proof") -> str:
        """Upload a file in the largest parts; its id. Raises Refused."""
        return await self.applicant.upload(field, "a.jpg", content, part=MEGABYTE)

    def rss(self) -> int:
        return _rss(self.pid)

    def tree(self) -> int:
        return sum(map(_rss, _family(self.pid)))


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def site() -> AsyncIterator[Site]:
    async with running_draw_driver() as draw_driver:
        stage = draw_driver.stage
        application = await make_applicant(stage.deps, pool=POOL, mobile=APPLICANT)
        mini = MiniProgram(stage.http_client, stage.phone(APPLICANT, POOL), "applicant")
        await mini.open()
        applicant = Applicant(mini.phone, "", "", mini, id=str(application.id))
        office = MiniProgram(stage.http_client, stage.phone(ADMIN.mobile, POOL), "pool_admin")
        await office.open()
        admin = await office.open_page("/office")
        pid = await Killer(draw_driver).pid("web-1")
        assert pid is not None
        yield Site(draw_driver, applicant, admin, await draw_driver.begin_draw(), pid)


async def test_memory_comes_back_after_every_bomb_and_others_are_answered(site: Site) -> None:
    picture = await site.upload(progressive(), "id_card_front")
    await _load_modules(site, picture)
    before = site.rss()
    async with _measured(site) as seen:
        for attack in (_packed_callbacks, _workbooks, _previews, _nested_bodies, _big_uploads):
            began = time.monotonic()
            await attack(site, picture)
            print(f"{attack.__name__}: {time.monotonic() - began:.1f} s, RSS {site.rss() // MEGABYTE} MB")
    await _settle()
    after = site.rss()
    told = (
        f"RSS {before // MEGABYTE} MB before, {after // MEGABYTE} after; own peak {seen.own // MEGABYTE}, "
        f"with children {seen.tree // MEGABYTE}; slowest other answer {seen.slowest:.2f} s of {seen.count}"
    )
    print(told)
    assert after <= before * 1.2, told
    assert seen.tree <= before + TREE_MOST, told
    assert seen.count >= 20, told
    assert seen.slowest < SLOWEST, told
    assert seen.failed == [], told


async def _load_modules(site: Site, picture: str) -> None:
    """Upload one file of each kind first: modules loaded at the first use are no leak."""
    await site.admin.download(f"/office/files/{picture}")
    await _import(site, site.draw, book())
    for path in CALLBACKS:
        await site.send(path, b"<xml/>")
    await asyncio.gather(*(site.upload(jpeg(2_000)) for _ in range(4)), return_exceptions=True)


async def _packed_callbacks(site: Site, _picture: str) -> None:
    bomb = gzip.compress(bytes(31 * MEGABYTE))
    assert len(bomb) < 40_000
    for path in CALLBACKS:
        for body in (bomb, b"broken"):
            sent = await _gather(site.send(path, body, **{"Content-Encoding": "gzip"}) for _ in range(40))
            assert set(sent) == {415}, (path, sent)


async def _workbooks(site: Site, _picture: str) -> None:
    """Upload workbooks for the agency's own draw, and for another's."""
    bomb = await asyncio.to_thread(with_part, STRINGS, strings_without_end(300))
    assert len(bomb) < 700_000
    for draw, status in ((site.draw, 422), (str(new_id()), 404)):
        assert set(await _gather(_import(site, draw, bomb) for _ in range(5))) == {status}


async def _import(site: Site, draw: str, workbook: bytes) -> int:
    """Upload units for recusal in a tab of its own; returns the page's status."""
    tab = replace(site.draw_driver.agency.browser, patience=0.0)
    await tab.open(f"/agency/draws/{site.draw}/recusal")
    tab.page.form_of("导入").action = f"/agency/draws/{draw}/recusal/units.xlsx"
    return (await tab.upload("导入", workbook, "a.xlsx")).status


async def _previews(site: Site, picture: str) -> None:
    shown = await _gather(site.admin.download(f"/office/files/{picture}") for _ in range(40))
    assert len(set(shown)) == 1
    larger = await asyncio.to_thread(progressive, 6_400)
    answers = await _gather(_status(site.upload(larger)) for _ in range(3))
    assert set(answers) == {422}, "beyond what may be held whole"


async def _nested_bodies(site: Site, _picture: str) -> None:
    deep, wide = b"<a>" * 20_000, b"[" * 400_000
    for _ in range(5):
        sent = await _gather(site.send(path, body) for path in CALLBACKS for body in (deep, wide, deep * 100))
        assert max(sent) < 500, sent
    path, agency = f"/agency/draws/{site.draw}/recusal/units.xlsx", site.draw_driver.agency.browser
    boundary = b"--x\r\n" + b'Content-Disposition: form-data; name="k"\r\n\r\nv\r\n--x\r\n' * 50_000
    headers = {"Content-Type": "multipart/form-data; boundary=x", **agency.headers()}
    sent = await _gather(site.send(path, boundary, **headers) for _ in range(10))
    assert max(sent) < 500, sent
    json_path, odd = f"/api/v1/{POOL}/sessions", b'{"a":' * 40_000
    sent = await _gather(site.send(json_path, odd, **{"Content-Type": "application/json"}) for _ in range(10))
    assert max(sent) < 500, sent


async def _big_uploads(site: Site, _picture: str) -> None:
    """Each alone is allowed; together they would be most of a small machine."""
    content = jpeg(64) + bytes(18 * MEGABYTE)
    answers = await _gather(_status(site.upload(content)) for _ in range(12))
    assert set(answers) <= {200, 409, 413, 422, 503}, answers


async def _status(act: Awaitable[object]) -> int:
    try:
        await act
    except Refused as refusal:
        return refusal.status
    return 200


async def _gather(acts: Any) -> list[Any]:
    return list(await asyncio.gather(*acts))


async def _settle() -> None:
    """Wait until connections are closed and limited processes have ended."""
    await asyncio.sleep(2.0)


# ---- what is looked at meanwhile


@dataclass
class Seen:
    own: int = 0
    tree: int = 0
    slowest: float = 0.0
    count: int = 0
    failed: list[int] = field(default_factory=list)


@asynccontextmanager
async def _measured(site: Site) -> AsyncIterator[Seen]:
    """Measures memory ten times a second, and asks small questions as another person would."""
    seen = Seen()
    tasks = [asyncio.create_task(_measure(site, seen)), asyncio.create_task(_ask(site, seen))]
    try:
        yield seen
    finally:
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)


async def _measure(site: Site, seen: Seen) -> None:
    while True:
        seen.own, seen.tree = max(seen.own, site.rss()), max(seen.tree, site.tree())
        await asyncio.sleep(0.1)


async def _ask(site: Site, seen: Seen) -> None:
    async with aiohttp.ClientSession() as other:
        while True:
            began = time.monotonic()
            async with other.get(site.url(f"/api/v1/{POOL}/pool")) as answer:
                await answer.read()
                if answer.status != 200:
                    seen.failed.append(answer.status)
            seen.slowest, seen.count = max(seen.slowest, time.monotonic() - began), seen.count + 1
            await asyncio.sleep(0.1)


def _family(pid: int) -> Sequence[int]:
    family, todo = [], [pid]
    while todo:
        process_id = todo.pop()
        family.append(process_id)
        with suppress(OSError):
            todo += [int(child) for task in Path(f"/proc/{process_id}/task").iterdir() for child in _children(task)]
    return family


def _children(task: Path) -> list[str]:
    try:
        return (task / "children").read_text().split()
    except OSError:
        return []


def _rss(pid: int) -> int:
    """Bytes; 0 for a process that has ended."""
    try:
        lines = Path(f"/proc/{pid}/status").read_text().splitlines()
    except OSError:
        return 0
    return next((int(line.split()[1]) * 1024 for line in lines if line.startswith("VmRSS")), 0)


# ---- bombs


def progressive(side: int = 6_000) -> bytes:
    """36 megapixels in some hundred kilobytes, which a decoder holds whole."""
    return _jpeg(side, progressive=True)


def jpeg(side: int) -> bytes:
    return _jpeg(side, progressive=False)


def _jpeg(side: int, *, progressive: bool) -> bytes:
    out = io.BytesIO()
    Image.linear_gradient("L").resize((side, side)).convert("RGB").save(
        out, "JPEG", quality=30, progressive=progressive
    )
    return out.getvalue()
