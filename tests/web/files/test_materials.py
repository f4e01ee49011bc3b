"""资料下载 in a browser without scripts: what is offered, who gets it, and the office that puts it there."""

from __future__ import annotations

import io
from datetime import timedelta

import aiohttp
import pytest

from models.materials import Material
from services.core.base import Actor
from tests.factories.documents import docx
from tests.factories.files import pdf
from tests.factories.reviews import make_applicant, make_catalogues
from tests.web.conftest import PUBLIC_URL, Visitor, World
from tests.web.office_scene import Scene, make_scene, token_of

ADDED = {"title": "申报指南", "category": "操作手册", "audience": "everybody", "position": "0"}
LIST = "/h5/demo/materials"


@pytest.fixture
async def scene(world: World) -> Scene:
    return await make_scene(world)


async def send(visitor: Visitor, content: bytes = b"", **fields: str) -> Visitor:
    """A form of the office's page, with a file or none chosen."""
    data = aiohttp.FormData({**token_of(visitor), **fields})
    data.add_field("file", io.BytesIO(content), filename="a.pdf" if content else "")
    return await visitor._show(
        await visitor.client.post("/office/materials", data=data, headers={"Origin": PUBLIC_URL})
    )


async def added(scene: Scene, **fields: str) -> Material:
    await send(await scene.at("/office/materials"), pdf(), command="add", **ADDED | fields)
    return await Material.filter().order_by("-created_at", "-id").first() or pytest.fail("nothing was added")


async def test_the_office_adds_a_material_and_a_visitor_downloads_it(scene: Scene) -> None:
    admin = await scene.at("/office/materials")
    assert "还没有资料" in admin.text
    await send(admin, pdf(), command="add", **ADDED)
    assert (admin.path, "资料已添加。" in admin.text, "申报指南" in admin.text) == ("/office/materials", True, True)
    visitor = await scene.world.visitor().get("/h5/demo/help")
    assert "1份资料" in visitor.text
    await visitor.get(LIST)
    assert ("操作手册" in visitor.text, "PDF · 1 KB" in visitor.text) == (True, True)
    path = f"{LIST}/{(await Material.get()).id}"
    answer = await visitor.client.get(path)
    assert (answer.status, answer.content_type, await answer.read()) == (200, "application/pdf", pdf())
    assert answer.headers["Content-Disposition"].startswith("inline;")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Content-Security-Policy"].startswith("default-src 'none'")
    assert answer.headers["Cache-Control"] == "public, max-age=300"
    again = await visitor.client.get(path, headers={"If-None-Match": answer.headers["ETag"]})
    assert again.status == 304


async def test_what_is_for_applicants_leads_to_the_log_in_and_back(scene: Scene) -> None:
    material = await added(scene, audience="applicants")
    visitor = await scene.world.visitor().get(LIST)
    assert "登录后下载" in visitor.text
    await visitor.get(f"{LIST}/{material.id}")
    assert (visitor.path, visitor.response.url.query["next"]) == ("/h5/login", LIST)
    deps = scene.world.services.deps
    applicant = await scene.world.log_in(Actor("demo", "applicant", (await make_applicant(deps)).id))
    await applicant.get(LIST)
    assert "登录后下载" not in applicant.text
    answer = await applicant.client.get(f"{LIST}/{material.id}")
    assert (answer.status, answer.headers["Cache-Control"]) == (200, "no-store")


async def test_the_office_changes_what_it_says_and_the_file(scene: Scene) -> None:
    material = await added(scene)
    admin = await scene.at("/office/materials")
    until = "2030-01-01T00:00"
    await send(admin, command="edit", id=str(material.id), **ADDED | {"title": "新指南", "shown_until": until})
    assert "已保存。" in admin.text
    await material.refresh_from_db()
    assert (material.title, material.filename, material.media_type) == ("新指南", "新指南.pdf", "application/pdf")
    await send(admin, docx(), command="edit", id=str(material.id), **ADDED)
    answer = await admin.client.get(f"/office/materials/{material.id}")
    assert await answer.read() == docx()
    await material.refresh_from_db()
    assert (material.filename, material.shown_until) == ("申报指南.docx", None)
    await send(admin, command="remove", id=str(material.id))
    assert ("资料已删除。" in admin.text, await Material.exists()) == (True, False)


async def test_a_refusal_stands_beside_its_field_and_what_was_typed_stays(scene: Scene) -> None:
    admin = await scene.at("/office/materials")
    await send(admin, b"MZ\x90", command="add", **ADDED | {"note": "请先阅读"})
    assert (admin.status, "只能上传" in admin.text, "请先阅读" in admin.text) == (422, True, True)
    await send(admin, command="add", **ADDED)
    assert (admin.status, "请选择文件。" in admin.text) == (422, True)
    await send(admin, pdf(), command="add", **ADDED | {"position": "先"})
    assert (admin.status, "排序号请填写数字" in admin.text) == (422, True)
    assert not await Material.exists()
    material = await added(scene)
    await admin.get("/office/materials")
    await send(admin, command="edit", id=str(material.id), **ADDED | {"title": ""})
    assert (admin.status, "请填写标题。" in admin.text) == (422, True)


async def test_what_is_not_shown_yet_or_any_more_is_not_there(scene: Scene) -> None:
    material = await added(scene)
    await Material.filter(id=material.id).update(shown_from=scene.world.clock.now() + timedelta(days=1))
    visitor = await scene.world.visitor().get(LIST)
    assert "目前没有可下载的资料" in visitor.text
    for path in (f"{LIST}/{material.id}", f"{LIST}/nothing", f"/h5/guangdong/materials/{material.id}"):
        assert (await visitor.get(path)).status == 404
    admin = await scene.at("/office/materials")
    assert "未开始" in admin.text
    assert (await admin.client.get(f"/office/materials/{material.id}")).status == 200


async def test_only_the_office_adds_materials(scene: Scene) -> None:
    await make_catalogues()
    deps = scene.world.services.deps
    applicant = await scene.world.log_in(Actor("demo", "applicant", (await make_applicant(deps)).id))
    assert (await applicant.get("/office/materials")).path == "/h5/role"
    admin = await scene.at("/office/materials")
    data = aiohttp.FormData({"command": "add", "form": "forged", **ADDED})
    answer = await admin.client.post("/office/materials", data=data, headers={"Origin": "https://evil.example"})
    assert answer.status == 403


async def test_typed_text_is_never_markup(scene: Scene) -> None:
    await added(scene, title="<b>指南</b>", note="<script>")
    html = await (await scene.world.visitor().get(LIST)).response.text()
    assert ("&lt;b&gt;指南" in html, "<script>" in html) == (True, False)
