"""Queries of help and feedback: the rulebook's questions that match a text, and threads as each side reads them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.errors import Forbidden, NotFound, Unauthenticated
from domain.masking import mask_mobile, mask_name
from domain.notifications.lifecycles import FEEDBACK, FeedbackEvent, FeedbackState, FeedbackSubject
from domain.rulebook.people import HelpQuestion
from services.core.base import Actor, Deps, Page, rows
from services.core.crypto import TEXT
from services.core.pages import read_page
from services.core.permissions import check
from services.core.sql_values import SqlValues

NAMED = "这件投诉提到了您，请由其他管理员办理；没有其他管理员的，请先在“工作人员”中添加。"
"""To who is named in a complaint about staff."""
_OWN_MAX = 50
_LINE = """
f.id, f.number, f.subject, f.state, f.created_at, f.due_at, f.closes_at,
  (SELECT m.text_sealed FROM feedback_message m WHERE m.feedback_id = f.id ORDER BY m.at, m.id LIMIT 1) AS text_sealed
"""
_OWN = f"""
SELECT {_LINE} FROM feedback f WHERE f.pool = $1 AND f.account_id = $2 ORDER BY f.created_at DESC, f.id LIMIT $3
"""
_NAMES = """
f.account_id, a.real_name, a.mobile_sealed, (SELECT h.real_name FROM account h WHERE h.id = f.holder_id) AS holder
"""
_THREAD = f"""
SELECT {_LINE}, {_NAMES} FROM feedback f JOIN account a ON a.id = f.account_id WHERE f.pool = $1 AND f.id = $2
"""
_MESSAGES = """
SELECT m.at, m.office_id, m.text, m.text_sealed, a.real_name FROM feedback_message m
  LEFT JOIN account a ON a.id = m.office_id WHERE m.feedback_id = $1 ORDER BY m.at, m.id
"""
_ADMINS = """
SELECT DISTINCT a.id, a.real_name FROM role_grant g JOIN account a ON a.id = g.account_id
 WHERE a.pool = $1 AND g.role = 'pool_admin' AND g.revoked_at IS NULL AND a.disabled_at IS NULL
 ORDER BY a.real_name, a.id
"""


@dataclass(frozen=True)
class FeedbackLine:
    """A thread in a list: its first message, and where it stands. ``due_at``: until when the office should answer;
    ``closes_at``: until when the person may write back. For the office ``who`` wrote it, masked, and who has it."""

    id: UUID
    number: int
    subject: FeedbackSubject
    state: FeedbackState
    text: str
    created_at: datetime
    due_at: datetime | None
    closes_at: datetime | None
    overdue: bool
    who: str = ""
    holder: str = ""


@dataclass(frozen=True)
class ThreadMessage:
    """``by``: who of the office wrote it, for the office."""

    at: datetime
    from_office: bool
    text: str
    by: str = ""


@dataclass(frozen=True)
class FeedbackColleague:
    """An administrator who may answer a thread."""

    account_id: UUID
    name: str

    @property
    def option(self) -> tuple[str, str]:
        """For a choice on a page."""
        return str(self.account_id), self.name


@dataclass(frozen=True)
class FeedbackThread:
    """A thread with all messages. For the office: the administrators who may answer it, and whether the reader may."""

    line: FeedbackLine
    messages: tuple[ThreadMessage, ...]
    colleagues: tuple[FeedbackColleague, ...] = field(default=())
    may_answer: bool = False

    @property
    def may_write(self) -> bool:
        return FEEDBACK.can(self.line.state, FeedbackEvent.WRITE)

    @property
    def answer(self) -> str:
        """The office's newest answer; empty without one."""
        return next((message.text for message in reversed(self.messages) if message.from_office), "")


@dataclass(frozen=True)
class HelpDeskQueries:
    deps: Deps

    def search(self, pool: str, text: str, *, limit: int = 3) -> tuple[HelpQuestion, ...]:
        """The questions that match ``text``, best first; empty when it contains none of their words."""
        folded = text.casefold()
        scored = [
            (sum(len(word) for word in question.words if word.casefold() in folded), index, question)
            for index, question in enumerate(self.deps.book(pool).help.faq)
        ]
        matches = sorted((entry for entry in scored if entry[0]), key=lambda entry: (-entry[0], entry[1]))
        return tuple(question for _, _, question in matches[:limit])

    async def list_own(self, actor: Actor) -> tuple[FeedbackLine, ...]:
        """This person's threads, newest first, at most fifty."""
        return tuple([self._line(row) for row in await rows(_OWN, actor.pool, account_of(actor), _OWN_MAX)])

    async def get_own(self, actor: Actor, thread_id: UUID) -> FeedbackThread:
        """Raises NotFound for another person's."""
        row, messages = await self._read(actor.pool, thread_id)
        if row["account_id"] != account_of(actor):
            raise unknown_thread()
        own = tuple([replace(message, by="") for message in messages])
        return FeedbackThread(self._line(row), own)

    async def list_all(
        self, actor: Actor, state: str, subject: str = "", *, offset: int = 0, limit: int = 20
    ) -> Page[FeedbackLine]:
        """Threads in a state, or ``overdue``; those that wait for an answer longest first, others newest first."""
        check(actor, "feedback.answer")
        values = SqlValues(actor.pool)
        if state == "overdue":
            where = f"f.pool = $1 AND f.state = 'open' AND f.due_at <= {values.add(self.deps.now())}"
        else:
            where = f"f.pool = $1 AND f.state = {values.add(state)}"
        if subject:
            where += f" AND f.subject = {values.add(subject)}"
        order = "f.due_at, f.id" if state in ("open", "overdue") else "f.created_at DESC, f.id"
        listed, total = await read_page(
            f"{_LINE}, {_NAMES}",
            "f JOIN account a ON a.id = f.account_id",
            f"feedback f WHERE {where}",
            order,
            values,
            offset=offset,
            limit=limit,
        )
        name = await _name_of(actor)
        return Page(tuple([_veiled(self._office_line(row), name) for row in listed]), total)

    async def get(self, actor: Actor, thread_id: UUID) -> FeedbackThread:
        """For the office. Raises NotFound, and Forbidden for who is named in a complaint about staff."""
        check(actor, "feedback.answer")
        row, messages = await self._read(actor.pool, thread_id)
        subject, texts = FeedbackSubject(row["subject"]), [each.text for each in messages if not each.from_office]
        admins = await rows(_ADMINS, actor.pool)
        colleagues = tuple(
            [
                FeedbackColleague(admin["id"], admin["real_name"])
                for admin in admins
                if admin["id"] != row["account_id"] and not is_named(subject, texts, admin["real_name"])
            ]
        )
        if is_named(subject, texts, await _name_of(actor)):
            raise Forbidden(NAMED, code="named_in_complaint")
        may_answer = row["account_id"] != actor.account_id and row["state"] != FeedbackState.CLOSED
        return FeedbackThread(self._office_line(row), messages, colleagues, may_answer)

    async def _read(self, pool: str, thread_id: UUID) -> tuple[Any, tuple[ThreadMessage, ...]]:
        thread_rows = await rows(_THREAD, pool, thread_id)
        if not thread_rows:
            raise unknown_thread()
        message_rows = await rows(_MESSAGES, thread_id)
        return thread_rows[0], tuple([self._message(row) for row in message_rows])

    def _message(self, row: Any) -> ThreadMessage:
        if row["office_id"] is not None:
            return ThreadMessage(row["at"], True, row["text"], row["real_name"] or "")
        return ThreadMessage(row["at"], False, self.deps.keys.read(row["text_sealed"], TEXT))

    def _line(self, row: Any) -> FeedbackLine:
        return FeedbackLine(
            id=row["id"],
            number=row["number"],
            subject=FeedbackSubject(row["subject"]),
            state=FeedbackState(row["state"]),
            text=self.deps.keys.read(row["text_sealed"], TEXT),
            created_at=row["created_at"],
            due_at=row["due_at"],
            closes_at=row["closes_at"],
            overdue=row["due_at"] is not None and row["due_at"] <= self.deps.now(),
        )

    def _office_line(self, row: Any) -> FeedbackLine:
        mobile = mask_mobile(self.deps.keys.read(row["mobile_sealed"], "mobile"))
        who = f"{mask_name(row['real_name'])} {mobile}".strip()
        return replace(self._line(row), who=who, holder=row["holder"] or "")


def is_named(subject: str, texts: Sequence[str], name: str) -> bool:
    """Whether a complaint about staff names this member of it, who then neither reads nor answers it."""
    return subject == FeedbackSubject.STAFF and len(name) > 1 and any(name in text for text in texts)


def account_of(actor: Actor) -> UUID:
    if actor.account_id is None:
        raise Unauthenticated("请先登录并绑定手机号。")
    return actor.account_id


def unknown_thread() -> NotFound:
    return NotFound("没有这件反馈，请返回列表后刷新。", code="unknown_feedback")


def _veiled(line: FeedbackLine, name: str) -> FeedbackLine:
    return replace(line, text=NAMED, who="") if is_named(line.subject, [line.text], name) else line


async def _name_of(actor: Actor) -> str:
    names = await rows("SELECT real_name FROM account WHERE id = $1", actor.account_id)
    return names[0]["real_name"] if names else ""
