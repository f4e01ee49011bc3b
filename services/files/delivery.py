"""Files without a session: by a link valid for minutes, and by e-mail to a typed address.

WeChat's browser shows a file at a plain address only, and passes it to another app, which has no session.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from typing import Literal
from uuid import UUID

import structlog

from domain.errors import Forbidden, GatewayError, InvalidInput, Rejected, Unavailable
from domain.ids import new_id
from domain.parsing import email_address
from services.core.base import Actor, Deps, record, transaction
from services.core.limits import HOUR, check_recent
from services.core.signed_links import Links
from services.ports import MailAttachment, Mailer

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

FileKind = Literal["attachment", "material"]
LINK_TTL = timedelta(minutes=10)
MAILS_PER_HOUR = 5
MAIL_MAX = 20_000_000
"""Bytes of a mailed file: most mailboxes accept 50 MB, and the encoding adds a third."""


@dataclass(frozen=True)
class FileDelivery:
    """The caller has checked that ``actor`` may read the file, and logged it if required."""

    deps: Deps
    links: Links
    mailer: Mailer

    def sign(self, actor: Actor, kind: FileKind, file_id: UUID) -> str:
        """A token that opens this file without a log-in, for ten minutes."""
        return self.links.sign(_purpose(kind), file_id, account_of(actor), self.deps.now() + LINK_TTL)

    def check(self, kind: FileKind, token: str) -> UUID:
        """The file of a token. Raises Forbidden for a forged or expired one."""
        return self.links.check(token, _purpose(kind)).subject_id

    async def mail(
        self, actor: Actor, to: str, title: str, file: MailAttachment, *, action: str = "file.mail", **details: str
    ) -> None:
        """Send a file to the person. Raises InvalidInput, TooMany, Unavailable.

        ``action`` is its name in the audit log; five of each are permitted within an hour.
        """
        address = check_address(to)
        if len(file.content) > MAIL_MAX:
            raise InvalidInput(f"文件超过{MAIL_MAX // 1_000_000}MB，不能发到邮箱，请直接打开。", code="mail_size")
        # before it is sent, so that tries with addresses that fail count too
        await self._count_mail(actor, action, details)
        text = f"{title}见附件。\n如非本人操作，请拨打{self.deps.book(actor.pool).pool.hotline}。"
        try:
            await self.mailer.send(actor.pool, address, title, text, [file], message_id=f"paper.{new_id().hex}")
        except Rejected as error:
            raise InvalidInput("这个邮箱不能收信，请核对后重新填写。", code="email_refused", field="email") from error
        except GatewayError as error:
            log.error("document_not_mailed", error=type(error).__name__)
            raise Unavailable("邮件暂时发不出去，请稍后重试，或直接打开文件。", code="mail_away") from error

    async def _count_mail(self, actor: Actor, action: str, details: dict[str, str]) -> None:
        now, account = self.deps.now(), account_of(actor)
        async with transaction():
            await check_recent(
                action,
                account,
                limit=MAILS_PER_HOUR,
                period=HOUR,
                now=now,
                message="一小时内发送邮件次数过多",
            )
            await record(actor, now, action, "account", account, **details)


def check_address(address: str) -> str:
    """Raises InvalidInput for an invalid e-mail address."""
    if not address.strip():
        raise InvalidInput("请填写电子邮箱。", code="no_email", field="email")
    return email_address(address)


def account_of(actor: Actor) -> UUID:
    """Raises Forbidden without a log-in."""
    if actor.account_id is None:
        raise Forbidden("请先登录。", code="no_account")
    return actor.account_id


def _purpose(kind: FileKind) -> str:
    return f"file:{kind}"
