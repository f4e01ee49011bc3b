"""The SMTP server, and the e-mail on phones."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator
from email.message import EmailMessage

import aiosmtplib
import pytest

from tests.drivers.waiting import eventually, let_others_run
from tests.sandbox.conftest import MOBILE, Box, Service, open_box

ADDRESS = f"{MOBILE}@mail.example"
LOGIN = {"username": "sandbox", "password": "sandbox-mail-password"}


@pytest.fixture
async def mail(service: Service) -> AsyncIterator[Box]:
    box = await open_box(service, mail={"smtp_port": 0, **LOGIN})
    yield box
    await box.client.close()


def make_email(*, to: str = ADDRESS, attach: bool = False) -> EmailMessage:
    message = EmailMessage()
    message["From"] = "演示协会 <noreply@pingbiaotong.example>"
    message["To"] = to
    message["Subject"] = "您的电子发票"
    message.set_content("您好，发票见附件。\n")
    if attach:
        message.add_attachment(b"%PDF-1.7", maintype="application", subtype="pdf", filename="发票.pdf")
    return message


async def port(box: Box) -> int:
    return int((await (await box.client.get("/control/state")).json())["mail"]["smtp_port"])


async def send(box: Box, message: EmailMessage, **more: str) -> None:
    await aiosmtplib.send(message, hostname="127.0.0.1", port=await port(box), start_tls=False, **{**LOGIN, **more})


async def received_emails(box: Box, to: str = "") -> list[dict[str, object]]:
    emails: list[dict[str, object]] = (await (await box.client.get(f"/control/mail?to={to}")).json())["emails"]
    return emails


async def test_an_email_is_listed_under_its_address_with_its_attachment(mail: Box) -> None:
    before = (await mail.phone())["changes"]
    await send(mail, make_email(attach=True))
    [email] = await received_emails(mail, ADDRESS.upper())
    assert (email["subject"], email["from"]) == ("您的电子发票", "演示协会 <noreply@pingbiaotong.example>")
    assert email["text"] == "您好，发票见附件。\n"
    assert email["attachments"] == [{"index": 0, "name": "发票.pdf", "content_type": "application/pdf", "size": 8}]
    file = await mail.client.get(f"/control/mail/{email['id']}/attachments/0")
    assert await file.read() == b"%PDF-1.7"
    assert file.headers["Content-Disposition"].startswith("attachment;")
    assert await received_emails(mail, "nobody@mail.example") == []
    phone = await mail.phone()
    assert phone["changes"] == before + 1
    assert phone["latest_email"] == (await received_emails(mail))[0]["id"]


async def test_an_email_of_html_only_is_shown_as_text(mail: Box) -> None:
    message = make_email()
    message.set_content("<style>p{}</style><p>您好 &amp; 再见</p>", subtype="html")
    await send(mail, message)
    assert (await received_emails(mail))[0]["text"] == "您好 & 再见"


async def test_a_mail_with_a_wrong_or_no_password_is_refused(mail: Box) -> None:
    with pytest.raises(aiosmtplib.SMTPAuthenticationError):
        await send(mail, make_email(), password="wrong")
    with pytest.raises(aiosmtplib.SMTPSenderRefused, match="Authentication required"):
        await aiosmtplib.send(make_email(), hostname="127.0.0.1", port=await port(mail), start_tls=False)
    assert await received_emails(mail) == []


async def test_a_server_without_a_user_name_takes_mail_without_log_in(service: Service) -> None:
    box = await open_box(service, mail={})
    await aiosmtplib.send(make_email(), hostname="127.0.0.1", port=await port(box), start_tls=False)
    assert len(await received_emails(box)) == 1
    await box.client.close()


@pytest.mark.parametrize(("kind", "code"), [("refuse", 554), ("fail_500", 451), ("quota_used_up", 452)])
async def test_a_refused_email_is_not_kept(mail: Box, kind: str, code: int) -> None:
    await mail.control("faults", vendor="mail", kind=kind, count=1)
    with pytest.raises(aiosmtplib.SMTPDataError) as refused:
        await send(mail, make_email())
    assert refused.value.code == code
    assert await received_emails(mail) == []
    await send(mail, make_email())
    assert len(await received_emails(mail)) == 1


async def test_a_dropped_answer_keeps_the_email(mail: Box) -> None:
    await mail.control("faults", vendor="mail", kind="drop_answer", count=1)
    with pytest.raises(aiosmtplib.SMTPServerDisconnected):
        await send(mail, make_email())
    assert len(await received_emails(mail)) == 1


async def test_a_slow_server_lets_the_sender_wait(mail: Box) -> None:
    await mail.control("faults", vendor="mail", kind="slow", seconds=600, count=1)
    sending = asyncio.create_task(send(mail, make_email()))
    await eventually(lambda: mail.world.under_way or mail.world.faults.all()[0].count == 0)
    await let_others_run()
    assert not sending.done()
    sending.cancel()


async def test_a_slow_server_answers_in_the_end(mail: Box) -> None:
    await mail.control("faults", vendor="mail", kind="slow", seconds=0.01, count=1)
    await send(mail, make_email())
    assert len(await received_emails(mail)) == 1


async def test_a_phone_may_change_its_address(mail: Box) -> None:
    await mail.control(f"phones/{MOBILE}", email="zhang@example.org")
    assert (await mail.phone())["email"] == "zhang@example.org"


async def test_without_mail_in_the_configuration_nothing_listens(box: Box) -> None:
    assert await port(box) == 0
    assert (await box.client.get("/control/mail/1/raw")).status == 404
