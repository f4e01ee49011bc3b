"""Whether a certificate is genuine: by its number and its holder's name, without a log-in."""

from __future__ import annotations

from datetime import timedelta

import aiohttp.web as http
import pytest
from aiohttp.test_utils import TestClient, TestServer

from domain.errors import TooMany
from domain.ids import new_id
from models.certificates import Certificate
from services.certificates import CertificateSubject
from services.core.base import transaction
from tests.factories.reviews import make_applicant
from tests.web.conftest import World
from web.assembly import setup_pages

HOLDER = "阿卜杜热合曼·买买提艾力"


@pytest.fixture
async def certificate(world: World) -> Certificate:
    account = await make_applicant(world.services.deps, HOLDER)
    async with transaction():
        subject = CertificateSubject("course", account.id, None, new_id(), (("学时", "24学时"),))
        issued = await world.services.certificates.issuing.issue("demo", subject, world.clock.now())
    assert issued is not None
    return issued


@pytest.mark.parametrize("holder", [HOLDER, "阿卜杜热合曼．买买提艾力", " 阿卜杜热合曼 • 买买提艾力 "])
async def test_the_number_with_the_name_in_any_spelling_shows_the_certificate(
    world: World, certificate: Certificate, holder: str
) -> None:
    visitor = await world.visitor().get("/c")
    await visitor.press("核验", number=f" {certificate.number.lower()} ", holder=holder)
    assert (visitor.path, visitor.status, "证书真实有效" in visitor.text) == ("/c", 200, True)
    assert (certificate.number in visitor.text, HOLDER in visitor.text) == (True, False)
    assert certificate.token not in await visitor.response.text()
    world.clock.move(timedelta(days=1096))
    await visitor.click("再核验一张")
    await visitor.press("核验", number=certificate.number, holder=holder)
    assert "已超过有效期" in visitor.text


async def test_an_unknown_number_and_another_name_are_answered_alike(world: World, certificate: Certificate) -> None:
    answers = []
    for number, holder in (
        (certificate.number, "苏杭"),
        ("YS2026J-999999X", HOLDER),
        (certificate.number[:-1], HOLDER),
    ):
        visitor = await world.visitor().get("/c")
        await visitor.press("核验", number=number, holder=holder)
        assert visitor.page.buttons["核验"][0]["fields"]["holder"] == holder, "what was typed stays"
        answers.append((visitor.status, "编号和姓名须与证书完全一致" in visitor.text, "颁发单位" in visitor.text))
    assert answers == [(404, True, False)] * 3


async def test_all_that_is_missing_is_said_at_once_at_its_field(world: World) -> None:
    visitor = await world.visitor().get("/c")
    await visitor.press("核验", number="", holder=" ")
    assert visitor.status == 422
    for words in ("请填写证书编号", "请填写持证人姓名"):
        assert words in visitor.text


async def test_tries_are_counted_for_minutes_and_for_the_day(world: World) -> None:
    counted: list[tuple[str, int, int]] = []

    async def limit(_request: http.Request, name: str, tries: int, period: int) -> None:
        counted.append((name, tries, period))
        if name.endswith("_day"):
            raise TooMany("操作太频繁，请稍后再试。", retry_after=period)

    app = http.Application()
    setup_pages(app, world.services, limit=limit)
    visitor = await world.visitor().get("/c")
    form = visitor.page.buttons["核验"][0]["fields"]["form"]
    async with TestClient(TestServer(app)) as client:
        sent = {"form": form, "number": "YS2026J-000001T", "holder": HOLDER}
        response = await client.post("/c", data=sent)
        assert response.status == 429
    assert counted == [("h5_certificate_number", 10, 600), ("h5_certificate_number_day", 40, 86_400)]
