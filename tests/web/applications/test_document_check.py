"""The page behind the QR code of a printed form."""

from __future__ import annotations

from models.applications import Application
from tests.factories.applicants import make_applicant
from tests.web.conftest import World


async def test_a_holder_of_the_document_sees_whether_it_is_the_latest(world: World) -> None:
    who = await make_applicant(world.services.deps)
    printed = await world.services.applications.documents.print_form(who.actor, who.id)
    visitor = await world.visitor().get(f"/p/{printed.code.replace('-', '')}")
    assert visitor.status == 200
    for shown in ("是最新版本", who.application.number, "欧**", "第1版", "11月21日"):
        assert shown in visitor.text
    assert "欧阳" not in visitor.text
    await Application.filter(id=who.id).update(version=2)
    await visitor.get(f"/p/{printed.code}")
    assert "不是最新版本" in visitor.text


async def test_a_code_may_be_typed(world: World) -> None:
    who = await make_applicant(world.services.deps)
    printed = await world.services.applications.documents.print_form(who.actor, who.id)
    visitor = await world.visitor().get("/p")
    assert "请输入表格下方的校验码" in visitor.text
    await visitor.get(f"/p?code={printed.code.lower()}")
    assert who.application.number in visitor.text


async def test_a_wrong_code_is_refused_with_what_to_do(world: World) -> None:
    visitor = world.visitor()
    for path in ("/p/0000000000000000", "/p/abc", "/p?code=0000-0000-0000-0000", "/p?code=%00"):
        await visitor.get(path)
        assert visitor.status == 404, path
        assert any(word in visitor.text for word in ("请核对后重新输入", "重新输入", "不存在")), path


async def test_a_refused_code_stays_in_the_form(world: World) -> None:
    visitor = await world.visitor().get("/p?code=12-3&pool=demo")
    assert 'value="12-3"' in await visitor.response.text()
    assert "校验码是16位数字和字母" in visitor.text
    assert visitor.page.links["首页"] == "/h5/demo"
