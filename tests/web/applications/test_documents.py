"""One's own documents in WeChat's browser: at an address that shows them for a few minutes, or by e-mail."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.errors import Rejected, Transient
from models.accounts import Account
from models.applications import Application
from models.audit import AuditEntry
from services.core.base import Actor
from tests.factories.payments import FakeMailer
from tests.factories.people import make_expert
from tests.factories.reviews import make_applicant, make_application, make_catalogues
from tests.web.conftest import Visitor, World

PAGE = "/h5/demo/papers/commitment"


@pytest.fixture
async def application(world: World) -> Application:
    await make_catalogues()
    return await make_application(world.services.deps, await make_applicant(world.services.deps))


async def owner_of(world: World, application: Application) -> Visitor:
    account = await Account.get(id=application.account_id)
    return await world.log_in(Actor("demo", "applicant", account.id))


def mailer_of(world: World) -> FakeMailer:
    mailer = world.services.files.delivery.mailer
    assert isinstance(mailer, FakeMailer)
    return mailer


async def test_a_document_opens_at_a_plain_address_without_a_log_in_for_ten_minutes(
    world: World, application: Application
) -> None:
    visitor = await (await owner_of(world, application)).get(PAGE)
    address = visitor.page.links["打开PDF"]
    other = world.visitor().client
    answer = await other.get(address)
    assert (answer.status, answer.content_type) == (200, "application/pdf")
    assert answer.headers["Content-Disposition"] == f'inline; filename="{application.number}-commitment.pdf"'
    assert (await answer.read()).startswith(b"%PDF-")
    assert (await other.get(address.replace("/commitment/", "/form/"))).status == 403
    assert (await other.get(address.replace("/commitment/", "/nothing/"))).status == 404
    assert (await other.get(f"{address[:-6]}AA.pdf")).status == 403
    world.clock.move(timedelta(minutes=10))
    assert (await other.get(address)).status == 403


async def test_a_form_that_was_not_printed_says_what_to_do(world: World, application: Application) -> None:
    visitor = await (await owner_of(world, application)).get("/h5/demo/papers/form")
    assert ("还没有打印" in visitor.text, "表格已生成" in visitor.text) == (True, False)
    assert "打开PDF" not in visitor.page.links
    assert visitor.page.links["去核对"] == "/h5/demo/apply/form#check"
    account = Actor("demo", "applicant", application.account_id)
    await world.services.applications.documents.print_form(account, application.id)
    await visitor.get("/h5/demo/papers/form")
    assert (await visitor.client.get(visitor.page.links["打开PDF"])).status == 200


async def test_a_document_is_mailed_to_the_known_or_a_typed_address(world: World, application: Application) -> None:
    visitor = await (await owner_of(world, application)).get(PAGE)
    await visitor.press("发到邮箱")
    assert "已发送，请查收邮件" in visitor.text
    await visitor.press("发到邮箱", email="typed@example.com")
    mails = mailer_of(world).sent
    assert [mail.to for mail in mails] == ["suhang@example.com", "typed@example.com"]
    assert mails[0].attachments[0].content.startswith(b"%PDF-")
    assert await AuditEntry.filter(action="paper.mail", subject_id=application.account_id).count() == 2


@pytest.mark.parametrize(
    ("typed", "failure", "message"),
    [
        ("", None, "请填写电子邮箱"),
        ("wrong@", None, "电子邮箱格式有误"),
        ("nobody@example.com", Rejected("550", "no such user"), "这个邮箱不能收信"),
        ("nobody@example.com", Transient("away"), "邮件暂时发不出去"),
    ],
)
async def test_what_can_t_be_mailed_is_said_beside_the_field(
    world: World, application: Application, typed: str, failure: Exception | None, message: str
) -> None:
    mailer_of(world).fail = [failure] if failure else []
    visitor = await (await owner_of(world, application)).get(PAGE)
    await visitor.press("发到邮箱", email=typed)
    assert (visitor.status in (422, 503), message in visitor.text) == (True, True)
    assert f'value="{typed}"' in await visitor.response.text()


async def test_a_sixth_mail_within_the_hour_waits(world: World, application: Application) -> None:
    visitor = await (await owner_of(world, application)).get(PAGE)
    for _ in range(6):
        await visitor.press("发到邮箱")
    assert (visitor.status, "一小时内发送邮件次数过多" in visitor.text) == (429, True)
    assert len(mailer_of(world).sent) == 5


async def test_an_expert_takes_the_own_file_along(world: World) -> None:
    account = await make_applicant(world.services.deps)
    expert = await make_expert(world.services.deps, account_id=account.id)
    visitor = await world.log_in(Actor("demo", "expert", account.id, expert.id))
    await visitor.get("/h5/demo/papers/information")
    answer = await world.visitor().client.get(visitor.page.links["打开PDF"])
    assert (answer.status, answer.content_type) == (200, "application/pdf")
