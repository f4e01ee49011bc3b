"""A person's own documents without a session: by a link valid for minutes, and by e-mail.

WeChat's browser shows a PDF at a plain address and passes it to another browser, which has no session.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, cast, get_args
from uuid import UUID

from domain.errors import Forbidden, NotFound
from models.accounts import Account
from models.experts import Expert
from services.applications.documents import Documents, PdfDocument
from services.applications.repository import get_own, read_values
from services.core.base import Actor, Deps
from services.core.signed_links import Links
from services.files import LINK_TTL, FileDelivery, account_of, check_address
from services.ports import MailAttachment

Kind = Literal["form", "commitment", "information"]


@dataclass(frozen=True)
class DocumentDelivery:
    deps: Deps
    links: Links
    documents: Documents
    files: FileDelivery

    def title(self, pool: str, kind: Kind) -> str:
        documents = self.deps.book(pool).form.papers
        return {
            "form": documents.form_title,
            "commitment": documents.commitment_title,
            "information": "评标专家个人信息表",
        }[kind]

    def link(self, actor: Actor, kind: Kind, subject_id: UUID) -> str:
        """A token that opens this document of this person without a log-in, for ten minutes."""
        return self.links.sign(_purpose(kind), subject_id, account_of(actor), self.deps.now() + LINK_TTL)

    async def open(self, kind: str, token: str) -> PdfDocument:
        """Raises Forbidden for a token that is forged or expired, else the errors of the document itself."""
        known = check_kind(kind)
        link = self.links.check(token, _purpose(known))
        account = await Account.get_or_none(id=link.person_id)
        if account is None:
            raise Forbidden("链接已失效，请重新打开。", code="link_invalid")
        return await self._make(await self._owner(account, known), known, link.subject_id)

    async def address(self, actor: Actor, kind: Kind, subject_id: UUID) -> str:
        """The person's own e-mail address in the form; empty without one."""
        if kind == "information":
            return ""
        await get_own(actor, subject_id)
        return str((await read_values(self.deps, subject_id)).get("email") or "")

    async def mail(self, actor: Actor, kind: Kind, subject_id: UUID, to: str) -> None:
        """Send the document to the person's own address. Raises InvalidInput, TooMany, Unavailable."""
        check_address(to)
        document, title = await self._make(actor, kind, subject_id), self.title(actor.pool, kind)
        file = MailAttachment(document.filename, "application/pdf", document.content)
        await self.files.mail(actor, to, title, file, action="paper.mail", paper=kind)

    async def _make(self, actor: Actor, kind: Kind, subject_id: UUID) -> PdfDocument:
        if kind == "information":
            return await self.documents.information_form(actor)
        return await (self.documents.printed if kind == "form" else self.documents.commitment)(actor, subject_id)

    async def _owner(self, account: Account, kind: Kind) -> Actor:
        if kind != "information":
            return Actor(account.pool, "applicant", account.id)
        expert = await Expert.get_or_none(account_id=account.id, pool=account.pool, left_at=None)
        return Actor(account.pool, "expert", account.id, expert.id if expert else None)


def check_kind(text: str) -> Kind:
    """Raises NotFound."""
    if text not in get_args(Kind):
        raise NotFound("没有这种表格，请返回后重新选择。", code="no_such_paper")
    return cast(Kind, text)


def _purpose(kind: Kind) -> str:
    return f"paper:{kind}"
