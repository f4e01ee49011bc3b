"""Material to download by the API: uploaded by the office, listed for all, some of it only after a log-in."""

from __future__ import annotations

import io
from typing import Any

import pytest
from aiohttp import ClientResponse, FormData

from models.materials import Material
from tests.factories.applicants import make_applicant
from tests.factories.documents import docx
from tests.factories.files import pdf
from tests.factories.people import make_account, make_grant
from tests.miniapp_api.conftest import Person, World

ADDED = {"title": "申报 指南", "category": "操作手册"}


@pytest.fixture
async def admin(world: World) -> Person:
    account = await make_account(world.deps)
    await make_grant(account, "pool_admin")
    return await world.log_in_account(account.id, "pool_admin")


def body(content: bytes) -> FormData:
    form = FormData()
    form.add_field("file", io.BytesIO(content), filename="最终版(3).pdf", content_type="application/octet-stream")
    return form


async def add(admin: Person, content: bytes, status: int = 201, **query: str) -> Any:
    answer = await admin.ask("POST", "/office/materials", data=body(content), params=ADDED | query)
    assert answer.status == status, await answer.text()
    return await answer.json(content_type=None)


async def visit(world: World, path: str, **headers: str) -> ClientResponse:
    """A visitor without a log-in."""
    return await world.client.get(f"/api/v1/demo{path}", headers=headers)


async def test_a_visitor_finds_and_saves_a_material(world: World, admin: Person) -> None:
    added = await add(admin, pdf(2))
    assert (added["state"], added["filename"], added["kind"]) == ("shown", "申报 指南.pdf", "pdf")
    [listed] = (await (await visit(world, "/materials")).json())["items"]
    assert (listed["id"], listed["size"], "position" in listed) == (added["id"], len(pdf(2)), False)
    answer = await visit(world, f"/materials/{added['id']}/file")
    assert (answer.status, await answer.read(), answer.content_type) == (200, pdf(2), "application/pdf")
    said = answer.headers["Content-Disposition"]
    assert said.startswith('attachment; filename="file.pdf"; filename*=UTF-8')
    assert said.endswith("%20%E6%8C%87%E5%8D%97.pdf")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    again = await visit(world, f"/materials/{added['id']}/file", **{"If-None-Match": answer.headers["ETag"]})
    assert (again.status, await again.read()) == (304, b"")
    await admin.ask("PUT", f"/office/materials/{added['id']}/file", data=body(docx()))
    fresh = await visit(world, f"/materials/{added['id']}/file", **{"If-None-Match": answer.headers["ETag"]})
    assert (fresh.status, await fresh.read()) == (200, docx())


async def test_a_file_for_applicants_needs_their_log_in(world: World, admin: Person) -> None:
    added = await add(admin, pdf(), audience="applicants")
    path = f"/materials/{added['id']}/file"
    refused = await visit(world, path)
    assert (refused.status, (await refused.json(content_type=None))["code"]) == (401, "login_needed")
    assert (await visit(world, path, Authorization="Bearer nonsense")).status == 401
    open_to_all = await add(admin, pdf())
    assert (await visit(world, f"/materials/{open_to_all['id']}/file", Authorization="Bearer nonsense")).status == 200
    applicant = await make_applicant(world.deps)
    person = await world.log_in_account(applicant.account.id, "applicant")
    answer = await person.ask("GET", path)
    assert (answer.status, await answer.read()) == (200, pdf())
    assert answer.headers["Cache-Control"] == "private, no-cache"
    assert (await person.ask("GET", "/office/materials")).status == 403


async def test_the_office_changes_hides_and_removes_it(world: World, admin: Person) -> None:
    added = await add(admin, pdf(), shown_until="2027-01-01T00:00:00+08:00", position="3")
    said = {"title": "指南", "category": "模板", "note": "2026年版", "shown_until": "2026-11-21T12:00:00+08:00"}
    refused = await admin.ask("PUT", f"/office/materials/{added['id']}", json=said)
    assert refused.status == 422, "it ends before it began"
    changed = await admin.put(f"/office/materials/{added['id']}", said | {"shown_until": None}, 200)
    assert (changed["title"], changed["position"], changed["shown_until"]) == ("指南", 0, None)
    assert len((await admin.get("/office/materials"))["items"]) == 1
    await admin.delete(f"/office/materials/{added['id']}")
    assert (await visit(world, f"/materials/{added['id']}/file")).status == 404
    assert not await Material.exists()


async def test_what_is_no_document_is_refused(world: World, admin: Person) -> None:
    refused = await add(admin, b"MZ\x90", 422)
    assert (refused["code"], "只能上传" in refused["detail"]) == ("file_type", True)
    assert "资料类别" in (await add(admin, pdf(), 422, category="别的"))["detail"]
    assert (await visit(world, "/materials/nothing/file")).status == 404
