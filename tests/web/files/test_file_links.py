"""Files in WeChat's browser: at an address that opens them for a few minutes, or by e-mail."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import timedelta

import pytest

from domain.errors import InvalidInput, Rejected
from models.applications import Attachment
from models.audit import AuditEntry
from models.materials import Material
from services.core.base import Actor
from services.ports import MailAttachment
from tests.factories.documents import docx
from tests.factories.files import pdf
from tests.factories.offices import make_draw
from tests.factories.payments import FakeMailer, Mail
from tests.factories.reviews import make_applicant
from tests.web.conftest import Visitor, World
from tests.web.files.test_materials import added, send
from tests.web.office_scene import Scene, handed_in, make_scene

LIST = "/h5/demo/materials"


@pytest.fixture
async def scene(world: World) -> Scene:
    return await make_scene(world)


def mailer_of(world: World) -> FakeMailer:
    mailer = world.services.files.delivery.mailer
    assert isinstance(mailer, FakeMailer)
    return mailer


def sent_by(world: World) -> Sequence[Mail]:
    return mailer_of(world).sent


async def applicant_of(world: World) -> Visitor:
    return await world.log_in(Actor("demo", "applicant", (await make_applicant(world.services.deps)).id))


async def address_of(visitor: Visitor, path: str) -> str:
    """Where a link leads that needs a log-in."""
    answer = await visitor.client.get(path, allow_redirects=False)
    assert answer.status == 303
    return answer.headers["Location"]


async def test_an_original_opens_without_a_log_in_for_ten_minutes(scene: Scene) -> None:
    application = await handed_in(scene, "欧阳建国")
    visitor = await scene.at(f"/office/applications/{application.id}")
    address = await address_of(visitor, visitor.page.links["打开高级工程师证书.pdf"])
    other = scene.world.visitor().client
    answer = await other.get(address)
    assert (answer.status, answer.content_type, address[-4:]) == (200, "application/pdf", ".pdf")
    assert answer.headers["Content-Security-Policy"] == "default-src 'none'; frame-ancestors 'none'"
    assert answer.headers["Cache-Control"] == "no-store"
    assert (await other.get(address.replace("/attachment/", "/material/"))).status == 403
    assert (await other.get(f"{address[:-6]}AA.pdf")).status == 403
    await Attachment.filter(filename="高级工程师证书.pdf").update(state="removed")
    assert (await other.get(address)).status == 404
    scene.world.clock.move(timedelta(minutes=10))
    assert (await other.get(address)).status == 403


async def test_a_picture_opens_in_a_sandbox_and_the_look_is_logged(scene: Scene) -> None:
    application = await handed_in(scene, "欧阳建国")
    visitor = await scene.at(f"/office/applications/{application.id}")
    answer = await visitor.client.get(visitor.page.links["打开身份证正面.jpg"])
    assert (answer.status, answer.content_type) == (200, "image/jpeg")
    assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    entry = await AuditEntry.get(action="attachment.open")
    assert entry.details == {"field": "id_card_front", "form": "original"}


async def test_an_original_is_mailed_and_both_are_logged(scene: Scene) -> None:
    application = await handed_in(scene, "欧阳建国")
    page = f"/office/applications/{application.id}"
    visitor = await scene.at(page)
    await visitor.get(visitor.page.links["身份证正面.jpg发到邮箱"])
    assert not await AuditEntry.filter(action="attachment.open").exists()
    await visitor.press("发到邮箱", email="office@example.com")
    assert ("已发送，请查收邮件" in visitor.text, visitor.page.links["申请"]) == (True, page)
    [mail] = sent_by(scene.world)
    assert (mail.to, mail.attachments[0].filename) == ("office@example.com", "身份证正面.jpg")
    assert mail.attachments[0].media_type == "image/jpeg"
    assert await AuditEntry.filter(action="attachment.open").count() == 1
    assert await AuditEntry.filter(action="file.mail", actor_id=scene.account.id).count() == 1


@pytest.mark.parametrize(
    ("typed", "refused", "message"),
    [
        ("", False, "请填写电子邮箱"),
        ("wrong@", False, "电子邮箱格式有误"),
        ("nobody@example.com", True, "这个邮箱不能收信"),
    ],
)
async def test_what_can_t_be_mailed_is_said_beside_the_field(
    scene: Scene, typed: str, refused: bool, message: str
) -> None:
    material = await added(scene)
    mailer_of(scene.world).fail = [Rejected("550", "no such user")] if refused else []
    visitor = await (await applicant_of(scene.world)).get(f"{LIST}/{material.id}/mail")
    await visitor.press("发到邮箱", email=typed)
    assert (visitor.status, message in visitor.text) == (422, True)
    assert f'value="{typed}"' in await visitor.response.text()


async def test_a_sixth_mail_within_the_hour_waits(scene: Scene) -> None:
    material = await added(scene)
    visitor = await (await applicant_of(scene.world)).get(f"{LIST}/{material.id}/mail")
    for _ in range(6):
        await visitor.press("发到邮箱", email="own@example.com")
    assert (visitor.status, "一小时内发送邮件次数过多" in visitor.text) == (429, True)
    assert [mail.to for mail in sent_by(scene.world)] == ["own@example.com"] * 5
    assert sent_by(scene.world)[0].attachments[0].content == pdf()


async def test_word_opens_in_place_and_a_closed_file_at_an_address_of_its_own(scene: Scene) -> None:
    material = await added(scene, audience="applicants")
    await send(
        await scene.at("/office/materials"),
        docx(),
        command="edit",
        id=str(material.id),
        title="指南",
        category="操作手册",
        audience="applicants",
        position="0",
    )
    visitor = await applicant_of(scene.world)
    address = await address_of(visitor, f"{LIST}/{material.id}")
    answer = await scene.world.visitor().client.get(address)
    assert (answer.status, await answer.read()) == (200, docx())
    assert answer.content_type.endswith("wordprocessingml.document")
    assert answer.headers["Content-Disposition"].startswith("inline;")
    assert answer.headers["Content-Security-Policy"].startswith("sandbox")
    await Material.all().delete()
    assert (await scene.world.visitor().client.get(address)).status == 404


async def test_who_is_not_logged_in_is_led_there_before_anything_is_mailed(scene: Scene) -> None:
    material = await added(scene)
    visitor = await scene.world.visitor().get(LIST)
    assert "把申报指南发到邮箱" not in visitor.page.links
    await visitor.get(f"{LIST}/{material.id}/mail")
    assert (visitor.path, visitor.response.url.query["next"]) == ("/h5/login", LIST)
    applicant = await (await applicant_of(scene.world)).get(LIST)
    assert applicant.page.links["把申报指南发到邮箱"] == f"{LIST}/{material.id}/mail"


async def test_the_file_of_a_request_is_mailed_to_the_verifier(world: World) -> None:
    draw_id = await make_draw(world.office)
    await world.services.draws.attachments.attach(world.office.agency, draw_id, "抽取申请表.pdf", pdf())
    terminal = world.services.deps.book("demo").draw.terminals[0]
    await world.office.setup.submit(world.office.agency, draw_id, terminal, "请核验")
    verifier = await (await world.log_in(world.office.verifier, "verifier")).get(f"/draws/{draw_id}")
    await verifier.get(verifier.page.links["把附件发到邮箱"])
    await verifier.press("发到邮箱", email="verifier@example.com")
    [mail] = sent_by(world)
    assert (mail.to, mail.attachments[0].filename) == ("verifier@example.com", "抽取申请表.pdf")


async def test_a_file_that_no_mailbox_takes_is_not_tried(world: World) -> None:
    actor = Actor("demo", "applicant", (await make_applicant(world.services.deps)).id)
    huge = MailAttachment("扫描件.pdf", "application/pdf", bytes(20_000_001))
    with pytest.raises(InvalidInput, match="文件超过20MB，不能发到邮箱，请直接打开"):
        await world.services.files.delivery.mail(actor, "own@example.com", "扫描件", huge)
    assert (sent_by(world), await AuditEntry.filter(action="file.mail").count()) == ([], 0)
