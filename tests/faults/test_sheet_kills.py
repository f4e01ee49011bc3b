"""Sheets of the office, and mapped codes, while the worker is killed: each row is written once or not at all."""

from __future__ import annotations

import csv
import io
import json
import random
from collections import Counter
from collections.abc import Callable, Mapping
from typing import Any
from uuid import UUID

import pytest

from app.demo.data import POOL, codes_of, pool_catalogues, render_sheet
from domain.identity import is_id_number
from services.core.base import execute, rows
from services.experts import COLUMNS, ExpertImport
from tests.faults.draws import retry_query, run_beside
from tests.faults.offices import OfficeDriver, make_killer, press_while_killed

pytestmark = [pytest.mark.slow, pytest.mark.asyncio(loop_scope="module")]
COUNT = 3000
FIRST = 10_000
"""Number of the first invented expert of the sheets."""
MOVED = 10
"""Experts in the pool whose mobile the sheet changes."""
Row = dict[str, str]
TITLES = {column.name: column.title for column in COLUMNS}


# ---- import


SPOILED: Mapping[str, tuple[str, Callable[[Row, Row], str]]] = {
    "no number": ("number", lambda row, other: ""),
    "a number that stands twice": ("number", lambda row, other: other["number"]),
    "a number that is too long": ("number", lambda row, other: "Z" * 33),
    "no name": ("name", lambda row, other: ""),
    "a name that is too long": ("name", lambda row, other: "长" * 51),
    "a wrong check digit": ("id_number", lambda row, other: row["id_number"][:17] + _other_digit(row["id_number"][17])),
    "a number that a spreadsheet rounded": ("id_number", lambda row, other: _rounded(row["id_number"])),
    "an ID number that stands twice": ("id_number", lambda row, other: other["id_number"]),
    "a short mobile": ("mobile", lambda row, other: "1380000"),
    "a mobile that stands twice": ("mobile", lambda row, other: other["mobile"]),
    "an unknown class": ("membership_status", lambda row, other: "其他"),
    "an unknown state": ("active", lambda row, other: "退休"),
    "a term in words": ("term_until", lambda row, other: "明年底"),
    "a day that doesn't exist": ("term_until", lambda row, other: "2029-02-30"),
    "neither yes nor no": ("emergency", lambda row, other: "也许"),
    "an unknown region": ("permanent_region", lambda row, other: "999999"),
    "an unknown willing region": ("willing_regions", lambda row, other: "440100；亚特兰蒂斯"),
    "no specialty": ("specialties", lambda row, other: ""),
    "an unknown specialty": ("specialties", lambda row, other: "Z99"),
    "an unknown title": ("title_level", lambda row, other: "院士候选人"),
    "an unknown qualification": ("qualifications", lambda row, other: "驾驶证"),
    "an unknown department": ("department", lambda row, other: "D99999"),
    "no employer": ("employer", lambda row, other: ""),
    "a wrong credit code": ("employer_code", lambda row, other: "91440101MA5000000X"[:17] + "1"),
    "a day of entry in words": ("employed_since", lambda row, other: "去年"),
    "a former unit with bad days": ("former", lambda row, other: "某单位||昨天|今天"),
    "a recusal unit with a wrong code": ("recusal", lambda row, other: "某单位|123"),
}
"""Each kind of fault: the column, and the cell from the row and another one."""
CLASHING: Mapping[str, tuple[str, Callable[[Row], str]]] = {
    "a number of another expert": ("number", lambda known: known["number"]),
    "a mobile of another expert": ("mobile", lambda known: known["mobile"]),
}


def _other_digit(digit: str) -> str:
    return "1" if digit != "1" else "2"


def _rounded(number: str) -> str:
    """As a spreadsheet writes a long number: the last digits are lost, which by chance may be a right number again."""
    lost = (f"{number[:digits]}{'0' * (18 - digits)}" for digits in (15, 14, 13, 12))
    return next(text for text in lost if not is_id_number(text))


def read_sheet(content: bytes) -> list[Row]:
    return [
        dict(zip(TITLES, line, strict=True)) for line in list(csv.reader(io.StringIO(content.decode("utf-8-sig"))))[1:]
    ]


def write_sheet(people: list[Row]) -> bytes:
    text = io.StringIO(newline="")
    csv.writer(text).writerows([list(TITLES.values()), *([row[name] for name in TITLES] for row in people)])
    return text.getvalue().encode("utf-8-sig")


def invent(office: OfficeDriver, count: int, first: int, *, seed: int = 1) -> list[Row]:
    deps = office.stage.deps
    codes = codes_of(pool_catalogues(deps.book(POOL), office.stage.settings.rulebooks.parent / "catalogues"))
    return read_sheet(render_sheet(codes, seed=seed, count=count, first=first))


async def upload(office: OfficeDriver, people: list[Row]) -> str:
    """The path of the sheet's page."""
    admin = await office.first()
    await admin.open("/office/experts/import")
    return (await admin.browser.upload("上传并检查", write_sheet(people), "名单.csv")).path


async def wait_for_state(office: OfficeDriver, path: str, *states: str) -> Mapping[str, Any]:
    sheet_id = UUID(path.rpartition("/")[2])

    async def look() -> Mapping[str, Any] | None:
        [sheet] = await rows("SELECT * FROM expert_sheet WHERE id = $1", sheet_id)
        return {**sheet, "errors": json.loads(sheet["errors"])} if sheet["state"] in states else None

    return await office.wait_until(look, f"the sheet never became {states}")


async def is_confirmed(path: str) -> bool:
    [sheet] = await rows("SELECT state FROM expert_sheet WHERE id = $1", UUID(path.rpartition("/")[2]))
    return sheet["state"] in ("importing", "done")


async def count_all() -> dict[str, int]:
    tables = ("expert", "expert_file_change", "employment", "sanction")
    sql = ", ".join(f"(SELECT count(*)::int FROM {table}) AS {table}" for table in tables)
    return dict((await retry_query(lambda: rows(f"SELECT {sql}")))[0])


async def test_a_sheet_with_every_fault_is_reported_whole_and_writes_nothing(office: OfficeDriver, seed: int) -> None:
    chances, killer = random.Random(seed), make_killer(office, seed)
    before = await count_all()
    people = invent(office, COUNT, FIRST)
    lines = chances.sample(range(COUNT // 2), 2 * len(SPOILED))
    expected = set()
    for (column, spoil), at, other in zip(SPOILED.values(), lines[::2], lines[1::2], strict=True):
        people[max(at, other)][column] = spoil(people[max(at, other)], people[min(at, other)])
        expected.add((max(at, other) + 2, TITLES[column]))
    path = await upload(office, people)
    await killer.strike_job("experts.sheet", 1.5, times=2)
    sheet = await wait_for_state(office, path, "checked", "refused")
    assert {(line, column) for line, column, _ in sheet["errors"]} == expected, killer.killed
    assert await count_all() == before
    known = invent(office, MOVED, 0)
    clashes = invent(office, COUNT, FIRST)
    expected = set()
    for at, (column, take) in enumerate(CLASHING.values()):
        line = chances.randrange(at * COUNT // 2, (at + 1) * COUNT // 2)
        clashes[line][column] = take(known[at])
        expected.add((line + 2, TITLES[column]))
    path = await upload(office, clashes)
    await killer.strike_job("experts.sheet", 2.0, times=2)
    sheet = await wait_for_state(office, path, "checked", "refused")
    assert {(line, column) for line, column, _ in sheet["errors"]} == expected
    assert await count_all() == before
    assert killer.struck
    await office.check()


_IMPORTED = """
SELECT e.number, (SELECT count(*) FROM expert_file_change c WHERE c.expert_id = e.id)::int AS changes,
  (SELECT count(*) FROM employment m WHERE m.expert_id = e.id AND m.until IS NULL)::int AS jobs,
  (SELECT count(*) FROM sanction s WHERE s.expert_id = e.id)::int AS suspensions
FROM expert e WHERE e.number = ANY($1::text[])
"""
_MOVED = """
SELECT n.dedupe_key, n.state FROM notice n WHERE n.kind = 'mobile_changed' AND n.dedupe_key LIKE 'sheet:' || $1 || ':%'
"""


async def test_an_import_whose_worker_is_killed_writes_each_row_once(office: OfficeDriver, seed: int) -> None:
    """Killed while it is checked, confirmed and imported."""
    killer = make_killer(office, seed)
    before = await count_all()
    people = invent(office, COUNT, FIRST)
    known = invent(office, MOVED, 0)
    for at, row in enumerate(known):
        row.update(mobile=f"1980000{at:04}", active="")
    path = await upload(office, people + known)
    await killer.strike_job("experts.sheet", 2.0)
    sheet = await wait_for_state(office, path, "checked", "refused")
    assert (sheet["errors"], sheet["created"], sheet["updated"]) == ([], COUNT, MOVED)
    assert await count_all() == before, "checking writes nothing"
    admin = await office.first()
    async with run_beside(killer.strike_job("experts.sheet", 3.0, times=3)):
        await press_while_killed(killer, admin, path, "确认导入", lambda: is_confirmed(path))
        sheet = await wait_for_state(office, path, "done", "refused")
    assert (sheet["state"], sheet["created"], sheet["updated"]) == ("done", COUNT, MOVED), sheet["failure"]
    assert killer.struck
    after = await count_all()
    assert after["expert"] == before["expert"] + COUNT
    imported = await rows(_IMPORTED, [row["number"] for row in people])
    assert Counter((row["changes"], row["jobs"]) for row in imported) == {(1, 1): COUNT}
    suspended = {row["number"] for row in people if row["active"] == "暂停"}
    assert {row["number"]: row["suspensions"] for row in imported if row["suspensions"]} == dict.fromkeys(suspended, 1)
    moved = await rows(_MOVED, path.rpartition("/")[2])
    assert len({row["dedupe_key"] for row in moved}) == len(moved) == 2 * MOVED
    await office.check()


# ---- a code that is mapped to another one


_MAPPED = "SELECT expert_id, count(*)::int AS n FROM expert_file_change WHERE source_id = $1 GROUP BY 1"
HELD = 1200


async def test_a_code_is_mapped_in_each_file_once_though_the_worker_is_killed(office: OfficeDriver, seed: int) -> None:
    killer, chances = make_killer(office, seed), random.Random(seed)
    [ended, successor] = chances.sample(
        [
            row["code"]
            for row in await rows("SELECT code FROM catalogue_entry WHERE kind = 'department' AND pool = $1", POOL)
        ],
        2,
    )
    people = [{**row, "department": ended} for row in invent(office, HELD, 3 * FIRST)]
    services, admin = await office.services()
    report = await ExpertImport(services.deps).run(admin, write_sheet(people), "csv")
    assert report.errors == ()
    holders = {
        row["id"] for row in await rows("SELECT id FROM expert WHERE department = $1 AND left_at IS NULL", ended)
    }
    assert len(holders) >= HELD
    await execute(
        "UPDATE catalogue_entry SET ends_on = '2026-01-01' WHERE kind = 'department' AND pool = $1 AND code = $2",
        POOL,
        ended,
    )
    mapping_id = await services.office.catalogue_upkeep.map(admin, "department", ended, [successor], reason="机构改革")

    async def find_done() -> list[Any]:
        return list(await rows("SELECT files FROM catalogue_mapping WHERE id = $1 AND done_at IS NOT NULL", mapping_id))

    async with run_beside(killer.strike_job("catalogue.map", 1.0, times=3)):
        [mapping] = await office.wait_until(find_done, "the mapping never ended")
    assert killer.struck
    changed = {row["expert_id"]: row["n"] for row in await rows(_MAPPED, mapping_id)}
    assert changed == dict.fromkeys(holders, 1)
    assert mapping["files"] == len(holders)
    assert not await rows("SELECT 1 FROM expert WHERE department = $1 AND left_at IS NULL", ended)
    assert {
        row["department"] for row in await rows("SELECT department FROM expert WHERE id = ANY($1)", list(holders))
    } == {successor}
    await office.check()


# ---- longer terms by a sheet


_EXTENSIONS = """
SELECT e.number, e.term_until,
  (SELECT count(*) FROM expert_file_change c WHERE c.expert_id = e.id AND c.source_id = $2)::int AS changes,
  (SELECT count(*) FROM notice n WHERE n.dedupe_key = 'term_extended:' || $2::uuid || ':' || e.id)::int AS notices
FROM expert e WHERE e.number = ANY($1::text[])
"""
EXTENDED = 400
RENEWED = 5
"""Experts whose term became longer between the check of the sheet and its confirmation."""
TERM, LONGER, LONGEST_TERM = "2027-03-01", "2029-03-01", "2030-03-01"


def write_terms(numbers: list[str], until: str) -> bytes:
    return "\n".join(["专家编号,聘期至", *(f"{number},{until}" for number in numbers)]).encode()


async def office_sheet(path: str) -> Mapping[str, Any]:
    [sheet] = await retry_query(lambda: rows("SELECT * FROM office_sheet WHERE id = $1", UUID(path.rpartition("/")[2])))
    return {**sheet, "failures": json.loads(sheet["failures"])}


async def test_a_sheet_of_terms_is_done_once_though_the_worker_is_killed(office: OfficeDriver, seed: int) -> None:
    killer, admin = make_killer(office, seed), await office.first()
    people = [
        {**row, "active": "", "membership_status": "正式", "term_until": TERM}
        for row in invent(office, EXTENDED, 5 * FIRST)
    ]
    services, actor = await office.services()
    report = await ExpertImport(services.deps).run(actor, write_sheet(people), "csv")
    assert report.errors == ()
    numbers = [row["number"] for row in people]
    renewed = random.Random(seed).sample(numbers, RENEWED)

    async def upload_terms(listed: list[str], until: str) -> str:
        await admin.open("/office/experts/terms")
        content = write_terms(listed, until)
        return (await admin.browser.upload("上传并检查", content, "聘期.csv", reason="换届前统一延长")).path

    async def is_in(path: str, *states: str) -> bool:
        return (await office_sheet(path))["state"] in states

    path = await upload_terms(numbers, LONGER)
    earlier = await upload_terms(renewed, LONGEST_TERM)
    await admin.browser.press(f"确认延长{RENEWED}人")
    await office.wait_until(lambda: is_in(earlier, "done"), "the shorter sheet was never done")
    progress = list[int]()

    async def strike() -> None:
        for _ in range(3):
            await killer.strike_job("office_sheets.work", 1.0)
            progress.append((await office_sheet(path))["done"])

    async with run_beside(strike()):
        await press_while_killed(killer, admin, path, "确认延长", lambda: is_in(path, "working", "done"))
        await office.wait_until(lambda: is_in(path, "done"), "the sheet was never done")
    assert killer.struck
    assert progress == sorted(progress), "no kill takes progress back"
    assert progress[0] < EXTENDED, "the first kill came in the middle"
    sheet = await office_sheet(path)
    assert sheet["done"] == EXTENDED
    assert sorted(number for _, number, _ in sheet["failures"]) == sorted(renewed)
    outcomes = {row["number"]: row for row in await rows(_EXTENSIONS, numbers, sheet["id"])}
    assert {number: outcome["term_until"].date().isoformat() for number, outcome in outcomes.items()} == {
        number: LONGEST_TERM if number in renewed else LONGER for number in numbers
    }
    assert {number: (outcome["changes"], outcome["notices"]) for number, outcome in outcomes.items()} == {
        number: (0, 0) if number in renewed else (1, 1) for number in numbers
    }
    await office.check()
