"""Every XLSX that the product makes opens in SheetJS, which reads sheets in browsers and phone apps, and shows the same
cells there as in openpyxl (``docs/decisions/0029-sheets-are-opened-elsewhere.md``).

Routes come from the running application: a new one that ends in ``.xlsx`` is opened here without being listed.
"""

from __future__ import annotations

import io
import json
from collections.abc import Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from pathlib import Path
from typing import Any

import aiohttp.web as http
import pytest
from openpyxl import load_workbook

from models.accounts import Account
from services.spreadsheets.xlsx import Value, Workbook
from tests.drivers import programs
from tests.factories.remuneration import ended_panel
from tests.miniprogram.test_miniprogram import get_tools
from tests.web.conftest import World
from tests.web.owned_rows import make_owned_rows

ROOT = Path(__file__).parents[2]
IMPORTED = "/agency/draws/{id}/recusal/{kind}.xlsx"
"""Takes a file, and gives none."""
NOT_MADE = {"/office/exams/results/template.{form}": "no examination of the pool is held elsewhere"}
Cells = list[list[tuple[str, str] | None]]
"""Kind as SheetJS names it (``s``, ``n``, ``b``) and displayed text; None: empty."""
_VALUES: Sequence[tuple[Value, tuple[str, str] | None]] = (
    ("张三", ("s", "张三")),
    ("=1+1", ("s", "'=1+1")),
    ("两行\n文字", ("s", "两行\n文字")),
    ("_x000D_", ("s", "_x000D_")),
    ("<&\"'>", ("s", "<&\"'>")),
    (" 前后空格 ", ("s", " 前后空格 ")),
    ("䶮𠮷", ("s", "䶮𠮷")),
    ("440106198001010017", ("s", "440106198001010017")),
    ("001", ("s", "001")),
    (0, ("n", "0")),
    (1234567, ("n", "1234567")),
    (True, ("b", "TRUE")),
    (Decimal("1234.50"), ("n", "1,234.50")),
    (Decimal("-0.05"), ("n", "-0.05")),
    (date(2026, 11, 27), ("n", "2026-11-27")),
    (datetime.fromisoformat("2026-11-27T09:30:05+08:00"), ("n", "2026-11-27 09:30:05")),
    (None, None),
    ("", None),
)


@pytest.fixture(scope="module")
def packages() -> Path:
    return get_tools()


def in_sheetjs(packages: Path, folder: Path, files: Mapping[str, bytes]) -> dict[str, dict[str, Cells]]:
    """What SheetJS displays, by name of the file and of the sheet."""
    paths = {}
    for number, (name, content) in enumerate(files.items()):
        paths[name] = folder / f"{number}.xlsx"
        paths[name].write_bytes(content)
    done = programs.run(["node", ROOT / "tests/drivers/sheetjs.js", packages, *paths.values()])
    assert done.returncode == 0, done.stderr[-2000:]
    read = json.loads(done.stdout)
    return {name: {title: _cells(rows) for title, rows in read[str(path)].items()} for name, path in paths.items()}


def _cells(rows: list[list[dict[str, str] | None]]) -> Cells:
    return [[(cell["kind"], cell["text"]) if cell else None for cell in row] for row in rows]


def in_openpyxl(content: bytes) -> dict[str, Cells]:
    book = load_workbook(io.BytesIO(content))
    return {
        sheet.title: [[_displayed(cell.value, cell.number_format) for cell in row] for row in sheet.iter_rows()]
        for sheet in book.worksheets
    }


def _displayed(value: Any, number_format: str) -> tuple[str, str] | None:
    """As a program displays the value in our number formats."""
    match value:
        case None:
            return None
        case bool():
            return "b", str(value).upper()
        case str():
            return "s", value
        case datetime():
            return "n", f"{value:%Y-%m-%d %H:%M:%S}" if "hh" in number_format else f"{value:%Y-%m-%d}"
        case _:
            return "n", f"{value:,.2f}" if number_format == "#,##0.00" else f"{value:g}"


async def made(world: World) -> dict[str, bytes]:
    """Every workbook at an address of the application, by its path, as its owner gets it."""
    rows = await make_owned_rows(world)
    draw_id, _ = await ended_panel(world.office, world.clock)
    await Account.all().update(
        privacy_version=world.services.deps.book("demo").pool.privacy_version, privacy_accepted_at=world.clock.now()
    )
    admin, agency = await world.enter(rows.scene.account), await world.log_in(world.office.agency)
    files, missing = {}, []
    for path in sorted(xlsx_paths(world.server.app)):
        visitor = agency if path.startswith("/agency/") else admin
        named = path.replace("{form}", "xlsx").replace("/agency/draws/{id}", f"/agency/draws/{draw_id}")
        answer = await visitor.client.get(rows.address(named) if "{" in named else named)
        content = await answer.read()
        if answer.status != 200:
            missing.append(path)
        elif content.startswith(b"PK"):
            files[path] = content
    assert missing == sorted(NOT_MADE)
    return files


def xlsx_paths(app: http.Application) -> set[str]:
    routes = [route for route in app.router.routes() if route.resource and route.method == "GET"]
    paths = {route.resource.canonical for route in routes if route.resource} - {IMPORTED}
    return {path for path in paths if path.startswith(("/agency/", "/office/")) and path.endswith((".xlsx", "{form}"))}


@pytest.mark.slow
@pytest.mark.timeout(400)
async def test_every_workbook_opens_in_sheetjs_and_shows_the_same(world: World, packages: Path, tmp_path: Path) -> None:
    files = await made(world)
    assert len(files) >= 15, sorted(files)
    shown = in_sheetjs(packages, tmp_path, files)
    for name, content in files.items():
        assert shown[name] == in_openpyxl(content), name
        assert any(cell for cells in shown[name].values() for row in cells for cell in row), f"{name} is empty"


@pytest.mark.timeout(400)
def test_every_kind_of_value_is_displayed_as_it_is_meant(packages: Path, tmp_path: Path) -> None:
    out = io.BytesIO()
    with Workbook(out) as book:
        for title, text in (("合计", False), ("模板 <2>", True)):
            with book.sheet(title, ["值"], [20], filtered=not text, text=text) as add:
                add([[value, "|"] for value, _ in _VALUES])
    [sheets] = in_sheetjs(packages, tmp_path, {"all": out.getvalue()}).values()
    assert [*sheets] == ["合计", "模板 <2>"]
    for cells in sheets.values():
        assert [row[0] for row in cells[1:]] == [shown for _, shown in _VALUES]


def test_one_module_writes_workbooks() -> None:
    """So a workbook that no address gives at once, such as a large export, is written as those above."""
    writers = [
        str(path.relative_to(ROOT))
        for folder in ("domain", "services", "gateways", "web", "miniapp_api", "handlers", "jobs", "app")
        for path in (ROOT / folder).rglob("*.py")
        if "spreadsheetml" in (text := path.read_text("utf-8")) and ("writestr" in text or "openpyxl" in text)
    ]
    assert writers == ["services/spreadsheets/xlsx.py"]
