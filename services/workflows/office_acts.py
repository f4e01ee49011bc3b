"""What the office does about one application beside decisions: more time for one person, notes, messages.

Taking up again what had ended: ``reinstatements``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import NamedTuple
from uuid import UUID

from domain.applications.lifecycles import IN_HAND, ApplicationState
from domain.applications.office_acts import ActKind, Deadline
from domain.clock import print_time
from domain.errors import Conflict, Forbidden, InvalidInput
from domain.faults import Faults
from domain.payments.lifecycles import FeeState
from domain.rulebook.notice_texts import render_text
from models.accounts import Account
from models.applications import Application
from models.campaigns import Campaign
from models.payments import Fee
from services.applications import (
    lock,
    log,
    notify_applicant,
    page_of,
    submission_end,
    unknown_application,
    write_act,
)
from services.core.base import Actor, Deps
from services.core.idempotency import once
from services.core.permissions import check
from services.core.short_texts import check_no_link, check_text
from services.notifications import Notices
from services.reviews import is_own

REASON_MAX, NOTE_MAX, MESSAGE_MAX = 200, 500, 500
_MESSAGE = "application_message"
UNTIL_MAX = timedelta(days=366)
_ADVICE = {
    Deadline.SUBMIT: "请在此之前提交，过期将不能提交",
    Deadline.PAY: "请在此之前缴费，过期将不能缴费",
}


class MessagePreview(NamedTuple):
    """The message, and the notices that tell of it; the link is as long as a real one."""

    text: str
    chat: str
    sms: str


class OpenDeadline(NamedTuple):
    """What an applicant still has to do, and until when."""

    what: Deadline
    until: datetime


@dataclass(frozen=True)
class OfficeActs:
    deps: Deps
    notices: Notices

    async def extend(
        self, actor: Actor, application_id: UUID, until: datetime | None, reason: str, *, key: str | None = None
    ) -> None:
        """Give this person more time to hand in, to correct, or to pay; one that is over already begins again.

        Raises NotFound, Forbidden for one's own application, InvalidInput with all faults, Conflict where no deadline
        is to be met.
        """
        check(actor, "application.conclude")
        now, faults = self.deps.now(), Faults()
        words = faults.check(check_reason, reason)
        end = faults.check(check_until, until, now)
        faults.raise_any()

        async def run() -> bool:
            application = await lock_for_office(actor, application_id)
            await check_reachable(application)
            deadline = await find_deadline(self.deps, application)
            if deadline is None:
                label = ApplicationState(application.state).label
                message = f"申请现在是“{label}”，没有需要本人在期限内办理的事项，不用延长。"
                raise Conflict(message, code="no_deadline")
            if end <= deadline.until:
                message = f"现在的截止时间是{print_time(deadline.until)}，新的时间应晚于它。"
                raise InvalidInput(message, code="not_later", field="until")
            await self._move_deadline(application, deadline.what, end)
            await write_act(
                self.deps,
                actor,
                application,
                ActKind.EXTENSION,
                words,
                deadline=deadline.what,
                until=end,
                former_until=deadline.until,
            )
            await self._tell_extension(application, deadline.what, end, words, now)
            return True

        await once(
            owner=f"extend:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=bool,
            run=run,
            request=f"{application_id} {end} {words}",
        )

    async def _move_deadline(self, application: Application, what: Deadline, until: datetime) -> None:
        if what == Deadline.SUBMIT:
            application.own_until = until
            await application.save(update_fields=["own_until"])
            return
        application.own_pay_until = until
        await application.save(update_fields=["own_pay_until"])
        fee = await _due_fee(application, locked=True)
        if fee is None:  # paid at this moment
            raise Conflict("本人刚刚缴费，不用再延长，请刷新页面。", code="no_deadline")
        fee.closes_at = until
        await fee.save(update_fields=["closes_at"])

    async def _tell_extension(
        self, application: Application, what: Deadline, until: datetime, reason: str, now: datetime
    ) -> None:
        pool, moment = self.deps.book(application.pool).pool, print_time(until)
        opinion = f"{what.label}的截止时间延长到{moment}。{reason}"
        await log(application, now, "extend", pool.name, opinion=opinion)
        await notify_applicant(
            self.notices,
            application,
            "application_extended",
            now.isoformat(),
            what=what.label,
            until=moment,
            advice=_ADVICE[what],
            page=page_of(application, "status"),
        )

    async def note(self, actor: Actor, application_id: UUID, text: str, *, key: str | None = None) -> None:
        """Write down what office and reviewers should know, and the applicant never reads. Raises NotFound, Forbidden
        for one's own application, InvalidInput."""
        check(actor, "application.conclude")
        words = _check_lines(text, "note", "备注", NOTE_MAX)

        async def run() -> bool:
            application = await lock_for_office(actor, application_id)
            await write_act(self.deps, actor, application, ActKind.NOTE, words)
            return True

        await self._once("note", actor, application_id, words, run, key)

    async def preview(self, actor: Actor, application_id: UUID, text: str) -> MessagePreview:
        """What the applicant would get and read. Raises as ``message``."""
        check(actor, "application.conclude")
        words = _check_message(text)
        application = await Application.get_or_none(id=application_id, pool=actor.pool)
        if application is None:
            raise unknown_application()
        await check_not_own(actor, application.id)
        await check_reachable(application)
        texts = self.deps.book(actor.pool).texts[_MESSAGE]
        facts = {"number": application.number, "link": f"{self.deps.public_url}/n/{'x' * 9}"}
        return MessagePreview(words, render_text(texts.chat or "", facts), render_text(texts.sms or "", facts))

    async def message(self, actor: Actor, application_id: UUID, text: str, *, key: str | None = None) -> None:
        """Write to the applicant, who is told by the usual channels and reads it on the application's page.

        Raises NotFound, Forbidden for one's own application, InvalidInput, Conflict for a person who can't be reached.
        """
        check(actor, "application.conclude")
        words = _check_message(text)

        async def run() -> bool:
            application = await lock_for_office(actor, application_id)
            await check_reachable(application)
            act = await write_act(self.deps, actor, application, ActKind.MESSAGE, words)
            page = page_of(application, "status")
            await self.notices.notify(
                pool=application.pool,
                kind=_MESSAGE,
                dedupe_key=message_key(application, act.id),
                params={"number": application.number, "page": page},
                account_id=application.account_id,
            )
            return True

        await self._once("message", actor, application_id, words, run, key)

    async def _once(
        self,
        what: str,
        actor: Actor,
        application_id: UUID,
        words: str,
        run: Callable[[], Awaitable[bool]],
        key: str | None,
    ) -> None:
        await once(
            owner=f"application.{what}:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=bool,
            run=run,
            request=f"{application_id} {self.deps.keys.lookup_hash('mobile', words)}",
        )


async def find_deadline(deps: Deps, application: Application) -> OpenDeadline | None:
    """The deadline that the applicant has to meet now, or has missed; None: nothing waits for him, or without end."""
    if application.state in IN_HAND:
        campaign = await Campaign.get(id=application.campaign_id) if application.campaign_id else None
        end = submission_end(campaign, application, deps.book(application.pool))
        return OpenDeadline(Deadline.SUBMIT, end) if end else None
    fee = await _due_fee(application) if application.state == ApplicationState.FEE else None
    return OpenDeadline(Deadline.PAY, fee.closes_at) if fee and fee.closes_at else None


def message_key(application: Application, act_id: UUID) -> str:
    """The key of the notice that tells of a message."""
    return f"{_MESSAGE}:{application.number}:{act_id}"


async def lock_for_office(actor: Actor, application_id: UUID) -> Application:
    """Raises NotFound, Forbidden for one's own application."""
    application = await lock(application_id)
    if application.pool != actor.pool:
        raise unknown_application()
    await check_not_own(actor, application.id)
    return application


async def check_not_own(actor: Actor, application_id: UUID) -> None:
    """Raises Forbidden."""
    if actor.account_id is None or await is_own(application_id, actor.account_id):
        raise Forbidden("不能办理自己的申请，请由其他管理员办理。", code="own_application")


async def check_reachable(application: Application) -> None:
    """Raises Conflict for a person who has no account any more, or can't log in."""
    account = await Account.get(id=application.account_id)
    if not account.mobile_sealed:
        raise Conflict("本人的账号已注销或没有手机号，不能再办理，也无法通知本人。", code="account_closed")
    if account.disabled_at is not None:
        raise Conflict("本人的账号已停用，请先在“更正”中恢复账号。", code="account_disabled")


def check_reason(reason: str) -> str:
    """Raises InvalidInput."""
    return check_text(" ".join(reason.split()), "reason", "原因", REASON_MAX, required=True)


def check_until(until: datetime | None, now: datetime) -> datetime:
    """A deadline that is ahead. Raises InvalidInput."""
    if until is None:
        raise InvalidInput("请填写新的截止时间。", code="missing", field="until")
    if until <= now:
        raise InvalidInput("新的截止时间应晚于现在。", code="past", field="until")
    if until > now + UNTIL_MAX:
        raise InvalidInput(f"新的截止时间应在{UNTIL_MAX.days}天以内，请核对年份。", code="too_far", field="until")
    return until


def _check_message(text: str) -> str:
    """The message as the applicant reads it. Raises InvalidInput."""
    return check_no_link(_check_lines(text, "message", "留言", MESSAGE_MAX), "message", "留言")


def _check_lines(text: str, field: str, label: str, longest: int) -> str:
    """Line breaks stay; each line is checked like any short text. Raises InvalidInput."""
    lines = [line.rstrip() for line in text.strip().splitlines()]
    check_text("".join(lines), field, label, longest, required=True)
    return "\n".join(lines)


async def _due_fee(application: Application, *, locked: bool = False) -> Fee | None:
    due = Fee.filter(application_id=application.id, state=FeeState.DUE)
    return await (due.select_for_update() if locked else due).first()
