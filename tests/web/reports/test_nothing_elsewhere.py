"""No page, sheet or file of another role holds anything of a report: every address is opened as every role."""

from __future__ import annotations

import io
import zipfile

import pytest

from models.reports import Report, ReportFile
from services.core.crypto import REPORT
from tests.factories.reports import TEXT
from tests.web.conftest import World
from tests.web.owned_rows import make_owned_rows
from tests.web.test_page_permissions import owned_routes, people
from tests.web.test_page_roles import in_a_pool, plain_routes

_ENOUGH = 500
"""Answers with a page or a file: otherwise the walk proves nothing."""


def contents(body: bytes) -> bytes:
    """What a page says, and what the parts of a sheet or document say."""
    if not body.startswith(b"PK"):
        return body
    with zipfile.ZipFile(io.BytesIO(body)) as archive:
        return b"\n".join(archive.read(name) for name in archive.namelist())


@pytest.mark.slow
async def test_no_page_or_export_of_another_role_holds_anything_of_a_report(world: World) -> None:
    owned_rows = await make_owned_rows(world)
    report, stored = await Report.get(), await ReportFile.get()
    keys = world.services.deps.keys
    marks = [TEXT[:12], report.number, str(report.id), str(stored.id), keys.open_text(stored.name_sealed, REPORT)]
    marks = [mark for mark in marks if mark != "a.pdf"]
    app = world.server.app
    addresses = [
        *(in_a_pool(path) for method, path in plain_routes(app) if method == "GET"),
        *(owned_rows.address(path) for method, path in owned_routes(app) if method == "GET"),
    ]
    found_in, shown = [], 0
    for name, visitor in (await people(world, owned_rows)).items():
        for address in addresses:
            answer = await visitor.client.get(address, headers=visitor.headers, allow_redirects=False)
            if answer.headers.get("Location", "").startswith("/"):  # others lead to the file store
                answer = await visitor.client.get(address, headers=visitor.headers)
            body = contents(await answer.read())
            shown += answer.status == 200
            # the log-in repeats the address to which it goes on
            told = [mark for mark in marks if name == "supervisor" or mark not in address]
            holds = any(mark.encode() in body for mark in told)
            if name == "supervisor":
                found_in += [address] if holds else []
            else:
                assert not holds, (name, address)
    assert shown > _ENOUGH
    assert any(address == "/reports" for address in found_in), "supervision does read it"
    assert any(str(report.id) in address for address in found_in)
