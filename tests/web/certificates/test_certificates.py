"""Certificates on the phone: the list, the files, the public check, and the office's page."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from domain.ids import new_id
from models.certificates import Certificate
from services.certificates import CertificateSubject
from services.core.base import Actor, transaction
from tests.factories.payments import FakeMailer
from tests.factories.people import make_account, make_grant
from tests.factories.reviews import make_applicant
from tests.web.conftest import World

LIST = "/h5/demo/certificates"


@pytest.fixture
async def certificate(world: World) -> Certificate:
    account = await make_applicant(world.services.deps, "苏杭")
    async with transaction():
        subject = CertificateSubject(
            "course", account.id, None, new_id(), (("课程", "2025年继续教育"), ("学时", "24学时"))
        )
        issued = await world.services.certificates.issuing.issue("demo", subject, world.clock.now())
    assert issued is not None
    return issued


async def test_the_holder_opens_and_saves_it_and_has_it_mailed(world: World, certificate: Certificate) -> None:
    holder = await world.log_in(Actor("demo", "applicant", certificate.account_id))
    await holder.get(LIST)
    assert certificate.number in holder.text
    await holder.get(f"{LIST}/{certificate.id}")
    picture = await world.visitor().client.get(holder.page.links["下载图片"])
    assert (picture.status, picture.content_type) == (200, "image/png")
    assert picture.headers["Content-Disposition"] == f'attachment; filename="{certificate.number}.png"'
    pdf = await world.visitor().client.get(holder.page.links["下载PDF"])
    assert (await pdf.read()).startswith(b"%PDF-")
    await holder.press("发到邮箱", email="su@example.com")
    assert "已发送，请查收邮件" in holder.text
    mailer = world.services.files.delivery.mailer
    assert isinstance(mailer, FakeMailer)
    assert [mail.to for mail in mailer.sent] == ["su@example.com"]


async def test_another_person_does_not_see_it(world: World, certificate: Certificate) -> None:
    other = await world.log_in(Actor("demo", "applicant", (await make_applicant(world.services.deps)).id))
    assert "您还没有证书" in (await other.get(LIST)).text
    assert (await other.get(f"{LIST}/{certificate.id}")).status == 404
    assert (await other.get(f"{LIST}/nonsense")).status == 404


async def test_a_visitor_who_scans_a_certificate_sees_whether_it_is_valid(
    world: World, certificate: Certificate
) -> None:
    anybody = world.visitor()
    await anybody.get(f"/c/{certificate.token}")
    assert "证书真实有效" in anybody.text
    assert "苏*" in anybody.text
    assert "苏杭" not in anybody.text
    world.clock.move(timedelta(days=1096))
    assert "已超过有效期" in (await anybody.get(f"/c/{certificate.token}")).text
    await Certificate.filter(id=certificate.id).update(facts=[])
    assert "登记内容异常" in (await anybody.get(f"/c/{certificate.token}")).text
    assert (await anybody.get("/c/YS2026J-0000017")).status == 404


async def test_the_office_issues_it_anew_and_revokes_it(world: World, certificate: Certificate) -> None:
    account = await make_account(world.services.deps)
    await make_grant(account, "pool_admin")
    office = await world.log_in(Actor("demo", "pool_admin", account.id))
    await office.get(f"/office/certificates?q={certificate.number}")
    assert "苏杭" in office.text
    await office.get(f"/office/certificates/{certificate.id}")
    await office.press("换发新证书", reason=" ")
    assert (office.status, "请填写原因" in office.text) == (422, True)
    await office.press("换发新证书", reason="更名")
    assert f"{certificate.number}-2" in office.text
    await office.press("确定撤销", reason="成绩作废")
    assert "已撤销，并通知了持证人" in office.text
    assert "证书已撤销" in (await world.visitor().get(f"/c/{await newest_token()}")).text
    assert "证书已换发" in (await world.visitor().get(f"/c/{certificate.token}")).text


async def newest_token() -> str:
    newest = await Certificate.all().order_by("-issued_at", "-id").first()
    assert isinstance(newest, Certificate)
    assert isinstance(newest.id, UUID)
    return newest.token
