"""Mail over SMTP: messages sent, and the outcome of each kind of failure."""

from __future__ import annotations

import asyncio
import ssl
from collections.abc import AsyncIterator, Awaitable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import rsa
from cryptography.x509.oid import NameOID
from pydantic import SecretStr
from structlog.testing import capture_logs

from config.settings import MailSettings
from domain.clock import FixedClock
from domain.errors import GatewayError, NeedsOperator, OutcomeUnknown, Rejected, Transient
from gateways import mail as mail_gateway
from gateways.mail import SmtpMailer
from services.ports import MailAttachment
from tests.gateways.mail_server import Server, serve_mail
from tests.gateways.support import Tools

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
TO = "zhangsan@example.cn"
PDF = MailAttachment("缴费凭证 张三.pdf", "application/pdf", b"%PDF-1.7\r\n.\r\n..\x00\xff")


@pytest.fixture
async def server() -> AsyncIterator[Server]:
    server = Server()
    async with serve_mail(server):
        yield server


def mailer(tools: Tools, server: Server, *, timeout: float = 10.0, **more: Any) -> SmtpMailer:
    settings = MailSettings(
        **{"host": "127.0.0.1", "port": server.port, "username": "", "sender": "noreply@pbt.example", **more}
    )
    names = {"hunan": "湖南省评标专家库"}
    return SmtpMailer(settings, names, tools.vendor("mail"), FixedClock(NOW), dialogue=timeout, content=timeout)


def send(mailer: SmtpMailer, **more: Any) -> Awaitable[None]:
    parts: dict[str, Any] = {"to": TO, "subject": "缴费成功", "text": "您好，\n凭证见附件。", "attachments": [PDF]}
    parts |= more
    return mailer.send("hunan", **{"message_id": "receipt-1", **parts})


async def failure(act: Awaitable[None]) -> GatewayError:
    with pytest.raises(GatewayError) as caught:
        await act
    return caught.value


async def test_a_mail_arrives_as_it_was_written(tools: Tools, server: Server) -> None:
    await send(mailer(tools, server))
    (letter,) = server.taken
    assert letter["From"] == "湖南省评标专家库 <noreply@pbt.example>"
    assert (letter["To"], letter["Subject"]) == (TO, "缴费成功")
    assert letter["Date"].datetime == NOW
    assert letter["Message-ID"] == "<receipt-1@pbt.example>"
    assert letter["Auto-Submitted"] == "auto-generated"
    body = letter.get_body(("plain",))
    assert body is not None
    assert body.get_content().replace("\r\n", "\n") == "您好，\n凭证见附件。\n"
    (attachment,) = letter.iter_attachments()
    assert attachment.get_filename() == PDF.filename
    assert (attachment.get_content_type(), attachment.get_content()) == (PDF.media_type, PDF.content)
    assert server.senders == ["noreply@pbt.example"]
    assert tools.count_calls("mail", "send", "ok") == 1


async def test_the_same_mail_again_has_the_same_id(tools: Tools, server: Server) -> None:
    client = mailer(tools, server)
    await send(client)
    await send(client)
    assert len({letter["Message-ID"] for letter in server.taken}) == 1


async def test_line_breaks_cannot_bring_in_headers(tools: Tools, server: Server) -> None:
    named = MailAttachment("a\r\nX-Evil: 1.pdf", "application/pdf", b"x")
    await send(mailer(tools, server), subject="缴费\r\nBcc: evil@example.cn", attachments=[named])
    (letter,) = server.taken
    assert letter["Subject"] == "缴费 Bcc: evil@example.cn"
    assert letter["Bcc"] is None
    assert "X-Evil" not in letter.as_string().replace("X-Evil%3A", "").replace("a X-Evil: 1.pdf", "")


@pytest.mark.parametrize(
    "to", ["", "zhangsan", "a@b", "a@b.cn, c@d.cn", "a@b.cn\r\nRCPT TO:<c@d.cn>", "张三@b.cn", "<a@b.cn>", "a b@c.cn"]
)
async def test_what_is_no_address_is_refused_without_asking(tools: Tools, server: Server, to: str) -> None:
    error = await failure(send(mailer(tools, server), to=to))
    assert isinstance(error, Rejected)
    assert (error.vendor_code, server.senders) == ("BADADDRESS", [])


@pytest.mark.parametrize("message_id", ["", "a b", "a>\r\nX: y", "凭证"])
async def test_a_message_id_that_cannot_be_one_is_our_mistake(tools: Tools, server: Server, message_id: str) -> None:
    with pytest.raises(ValueError, match="message id"):
        await send(mailer(tools, server), message_id=message_id)


@pytest.mark.parametrize("command", ["RCPT", "DATA"])
async def test_a_permanent_refusal_raises_its_code(tools: Tools, server: Server, command: str) -> None:
    server.answers[command] = f"550 5.1.1 no such user {TO}"
    error = await failure(send(mailer(tools, server)))
    assert isinstance(error, Rejected)
    assert error.vendor_code == "550"
    assert TO not in str(error)
    assert error.__suppress_context__


@pytest.mark.parametrize("command", ["MAIL", "RCPT", "DATA"])
async def test_a_refusal_for_now_comes_with_a_time(tools: Tools, server: Server, command: str) -> None:
    server.answers[command] = "451 4.7.1 greylisted, try again"
    error = await failure(send(mailer(tools, server)))
    assert isinstance(error, Transient)
    assert error.retry_after == mail_gateway.LATER


async def test_a_connection_lost_after_the_content_has_no_known_outcome(tools: Tools, server: Server) -> None:
    server.cut = True
    assert isinstance(await failure(send(mailer(tools, server))), OutcomeUnknown)
    assert len(server.taken) == 1


async def test_a_server_that_never_answers_the_content_has_no_known_outcome(tools: Tools, server: Server) -> None:
    server.hang = "DATA"
    assert isinstance(await failure(send(mailer(tools, server, timeout=0.5))), OutcomeUnknown)


async def test_a_server_that_never_answers_before_has_got_nothing(tools: Tools, server: Server) -> None:
    server.hang = "MAIL"
    assert isinstance(await failure(send(mailer(tools, server, timeout=0.5))), Transient)
    assert server.taken == []


async def test_without_a_listening_server_nothing_was_sent(tools: Tools) -> None:
    client = mailer(tools, Server(port=1))
    with capture_logs() as logs:
        for _ in range(2):
            assert isinstance(await failure(send(client)), Transient)
    assert [entry["event"] for entry in logs] == ["gateway_down"], "an outage is told once"


@pytest.mark.parametrize("greeting", [b"HTTP/1.1 400 Bad Request\r\n\r\n", b"554 go away\r\n", b"421 busy\r\n", b""])
async def test_something_else_in_its_place_has_got_nothing(tools: Tools, greeting: bytes) -> None:
    async def greet(_: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        writer.write(greeting)
        await writer.drain()
        writer.close()

    listener = await asyncio.start_server(greet, "127.0.0.1", 0)
    async with listener:
        server = Server(port=listener.sockets[0].getsockname()[1])
        assert isinstance(await failure(send(mailer(tools, server))), Transient | Rejected)


async def test_a_user_name_logs_in(tools: Tools, server: Server) -> None:
    await send(mailer(tools, server, username="pbt", password=SecretStr("secret")))
    assert server.log_ins == [True]


async def test_a_wrong_password_is_logged_for_the_operator(tools: Tools, server: Server) -> None:
    with capture_logs() as logs:
        error = await failure(send(mailer(tools, server, username="pbt", password=SecretStr("wrong"))))
    assert isinstance(error, NeedsOperator)
    assert error.vendor_code == "535"
    assert [entry["event"] for entry in logs] == ["vendor_needs_operator"]
    assert "wrong" not in f"{logs}{error}"


async def test_a_greeting_takes_log_in_and_sends_nothing(tools: Tools, server: Server) -> None:
    await mailer(tools, server, username="pbt", password=SecretStr("secret")).greet()
    assert (server.senders, server.taken) == ([], [])
    with pytest.raises(NeedsOperator):
        await mailer(tools, server, username="pbt", password=SecretStr("wrong")).greet()
    with pytest.raises(Transient):
        await mailer(tools, Server(port=1)).greet()


# -- encryption ---------------------------------------------------------------------------------------------------


@pytest.fixture
def context(tmp_path: Path) -> ssl.SSLContext:
    """TLS context of a server with an untrusted certificate."""
    key = rsa.generate_private_key(public_exponent=65537, key_size=2048)
    name = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, "localhost")])
    start = datetime.now(UTC) - timedelta(days=1)
    builder = x509.CertificateBuilder(name, name, key.public_key(), 7, start, start + timedelta(days=2))
    alternative = x509.SubjectAlternativeName([x509.DNSName("localhost")])
    signed = builder.add_extension(alternative, critical=False).sign(key, hashes.SHA256())
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    (tmp_path / "both.pem").write_bytes(private + signed.public_bytes(serialization.Encoding.PEM))
    made = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    made.load_cert_chain(tmp_path / "both.pem")
    return made


@pytest.fixture
def trusted(tmp_path: Path, context: ssl.SSLContext, monkeypatch: pytest.MonkeyPatch) -> None:
    """Trust the certificate of ``context``."""
    monkeypatch.setenv("SSL_CERT_FILE", str(tmp_path / "both.pem"))


@pytest.mark.usefixtures("trusted")
@pytest.mark.parametrize("tls", ["tls", "starttls"])
async def test_mail_goes_encrypted_where_settings_say_so(tools: Tools, context: ssl.SSLContext, tls: str) -> None:
    server = Server()
    how = {"context": context} if tls == "tls" else {"starttls": context}
    async with serve_mail(server, **how):
        await send(mailer(tools, server, host="localhost", tls=tls))
    assert server.encrypted == [True]


@pytest.mark.parametrize("tls", ["tls", "starttls"])
async def test_a_server_without_a_trusted_certificate_gets_no_mail(
    tools: Tools, context: ssl.SSLContext, tls: str
) -> None:
    server = Server()
    how = {"context": context} if tls == "tls" else {"starttls": context}
    async with serve_mail(server, **how):
        error = await failure(send(mailer(tools, server, host="localhost", tls=tls)))
    assert isinstance(error, Transient)
    assert server.taken == []


async def test_a_server_without_encryption_gets_nothing_when_it_is_asked_for(tools: Tools, server: Server) -> None:
    """An attacker in between could hide STARTTLS."""
    assert isinstance(await failure(send(mailer(tools, server, tls="starttls"))), Transient)
    assert server.senders == []
