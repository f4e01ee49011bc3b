"""Objections against an entry on public notice (异议): raised under one's real name, decided by administrators."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.applications.lifecycles import ApplicationEvent, ApplicationState
from domain.clock import print_time
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound, TooMany
from domain.faults import Faults
from domain.rulebook.book import Rulebook
from domain.rulebook.entry import PublicNotice
from models.accounts import Account
from models.applications import Application
from models.campaigns import Campaign
from models.experts import Expert
from models.reviews import Objection
from services.applications import (
    EVERYTHING,
    give_time_to_correct,
    lock,
    log,
    move,
    notify_applicant,
    page_of,
    review_end,
)
from services.core.base import Actor, Deps, record, violation
from services.core.crypto import TEXT
from services.core.idempotency import once
from services.core.limits import DAY, advisory_lock, seconds_until
from services.core.permissions import AGENCY, check
from services.core.short_texts import check_text
from services.entry.objection_queries import ObjectionQueries, ObjectionView
from services.entry.stages import LAPSED
from services.notifications import Notices
from services.reviews import is_own

TEXT_MAX = 1000
ANSWER_MAX = 500
Outcome = Literal["dismiss", "send_back", "refuse"]
_STATES = {"dismiss": "dismissed", "send_back": "upheld", "refuse": "upheld"}
_RESULTS = {"dismissed": "异议不成立", "upheld": "异议成立", "lapsed": LAPSED}


@dataclass(frozen=True)
class Objections:
    deps: Deps
    notices: Notices
    queries: ObjectionQueries

    async def raise_objection(
        self, actor: Actor, application_id: UUID, text: str, *, key: str | None = None
    ) -> ObjectionView:
        """Object against a person on public notice.

        Raises Forbidden for a person whose name is not verified and for one's own entry, Conflict when the notice is
        over or an earlier own objection is still open, TooMany beyond the rulebook's number a day.
        """
        rules = self.deps.book(actor.pool).notice
        words = _check_words(text, rules.objection_min if rules else 1)
        now = self.deps.now()

        async def run() -> ObjectionView:
            account = await self._get_verified_account(actor)
            application = await lock(application_id)
            await self._check_may_object(actor, application, account, rules, now)
            row = await Objection.create(
                pool=actor.pool,
                application_id=application.id,
                account_id=account.id,
                text_sealed=self.deps.keys.seal(words, TEXT),
                created_at=now,
            )
            await record(actor, now, "objection.raise", "application", application.id, objection=str(row.id))
            return self.queries.view_of(row, application)

        return await once(
            owner=f"objection:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=ObjectionView,
            run=run,
            request=f"{application_id} {words}",
        )

    async def _check_may_object(
        self, actor: Actor, application: Application, account: Account, rules: PublicNotice | None, now: datetime
    ) -> None:
        if application.pool != actor.pool or rules is None or application.state != ApplicationState.NOTICE:
            raise NotFound("没有这条公示，或公示已结束。请查看公示列表。", code="not_on_notice")
        if application.notice_until is not None and application.notice_until <= now:
            ended = print_time(application.notice_until)
            raise Conflict(f"公示已于{ended}结束，不能再提异议。请向管理机构反映。", code="notice_over")
        if await is_own(application.id, account.id):
            hotline = self.deps.book(actor.pool).pool.hotline
            raise Forbidden(f"不能对自己的公示提异议。如信息有误，请拨打{hotline}。", code="own_application")
        await self._check_number(account.id, rules.objections_per_day, now)
        if await Objection.exists(application_id=application.id, account_id=account.id, state="open"):
            raise Conflict("您的异议正在核查，请等待答复，无需重复提交。", code="objection_open")

    async def decide(
        self, actor: Actor, objection_id: UUID, outcome: Outcome, answer: str, *, key: str | None = None
    ) -> ObjectionView:
        """Dismiss it, or uphold it: then the application is sent back completely, or refused, with the answer as
        reason.

        Other objections against the same entry are closed with it. Raises InvalidInput with all faults, Conflict for a
        decided one, RuleViolation for sending back an application that can't be reviewed any more.
        """
        check(actor, "objection.decide")
        faults = Faults()
        if outcome not in _STATES:
            faults.add(InvalidInput("请选择处理结果。", code="no_outcome", field="outcome"))
        text = " ".join(answer.split())
        words = faults.check(check_text, text, "answer", "处理意见", ANSWER_MAX, required=True)
        faults.raise_any()
        now = self.deps.now()

        async def run() -> ObjectionView:
            known = await Objection.get_or_none(id=objection_id, pool=actor.pool)
            if known is None:
                raise NotFound("没有这条异议，请刷新列表。", code="objection_unknown")
            # the application before its objections, as everything does that closes them with it
            application = await lock(known.application_id)
            row = await Objection.select_for_update().get(id=objection_id)
            await self._check_decidable(actor, row)
            await self._close(actor, row, application, _STATES[outcome], words, now)
            if outcome != "dismiss":
                await self._uphold(actor, application, outcome, words, now)
            return self.queries.view_of(row, application, by=(await Account.get(id=row.account_id)).real_name)

        return await once(
            owner=f"objection:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=ObjectionView,
            run=run,
            request=f"{objection_id} {outcome} {words}",
        )

    async def _get_verified_account(self, actor: Actor) -> Account:
        """A person whose name is verified: registered, an expert, or identified by the identity platform."""
        account = await Account.get_or_none(id=actor.account_id, pool=actor.pool) if actor.account_id else None
        if account is not None and account.disabled_at is None:
            verified = account.registered_at is not None or actor.role in AGENCY
            if verified or await Expert.exists(account_id=account.id, left_at=None):
                return account
        raise Forbidden("提出异议需要实名，请先完成实名注册。", code="not_registered")

    async def _check_number(self, account_id: UUID, most: int, now: datetime) -> None:
        await advisory_lock(f"objection:{account_id}")
        recent = Objection.filter(account_id=account_id, created_at__gt=now - DAY).order_by("-created_at")
        recent_objections = await recent.limit(most)
        if len(recent_objections) >= most:
            wait = seconds_until(recent_objections[-1].created_at + DAY, now)
            raise TooMany(f"每人一天最多提出{most}条异议，请明天再试。", retry_after=wait, code="objection_limit")

    async def _check_decidable(self, actor: Actor, row: Objection) -> None:
        if row.state != "open":
            at = f"于{print_time(row.decided_at)}" if row.decided_at else ""
            raise Conflict(f"这条异议已{at}处理（{_RESULTS[row.state]}），无需重复。", code="already_decided")
        if actor.account_id is None or row.account_id == actor.account_id:
            raise Conflict("不能处理自己提出的异议，请由其他管理员办理。", code="own_objection")
        if await is_own(row.application_id, actor.account_id):
            raise Conflict("不能处理对自己申请的异议，请由其他管理员办理。", code="own_application")

    async def _uphold(
        self, actor: Actor, application: Application, outcome: Outcome, answer: str, now: datetime
    ) -> None:
        book = self.deps.book(application.pool)
        for other in await Objection.filter(application_id=application.id, state="open").order_by("id"):
            await self._close(actor, other, application, "upheld", answer, now)
        if outcome == "refuse":
            application.reason = answer
            await application.save(update_fields=["reason"])
            await move(application, ApplicationEvent.REFUSE, now)
            await notify_applicant(self.notices, application, "application_refused", now.isoformat(), reason=answer)
        else:
            await _check_reviewable(application, book, now)
            application.sent_back_fields = [EVERYTHING]
            await application.save(update_fields=["sent_back_fields"])
            await give_time_to_correct(application, book, now)
            await move(application, ApplicationEvent.SEND_BACK, now)
            await notify_applicant(
                self.notices,
                application,
                "application_sent_back",
                now.isoformat(),
                page=page_of(application, "form"),
                step="公示",
                reason=answer,
                what="整份申请",
            )
        await _log_upheld(application, book, outcome, answer, now)

    async def _close(
        self, actor: Actor, row: Objection, application: Application, state: str, answer: str, now: datetime
    ) -> None:
        row.state, row.answer = state, answer
        row.decided_at, row.decided_by = now, actor.account_id
        await row.save(update_fields=["state", "answer", "decided_at", "decided_by"])
        await record(actor, now, f"objection.{state}", "application", application.id, objection=str(row.id))
        await self.notices.notify(
            pool=row.pool,
            kind="objection_answered",
            dedupe_key=f"objection:{row.id}",
            params={
                "number": application.number,
                "result": _RESULTS[state],
            },
            account_id=row.account_id,
        )


def _check_words(text: str, shortest: int) -> str:
    """Line breaks are kept; each line is checked like any short text."""
    lines = [check_text(line, "text", "异议内容", TEXT_MAX) for line in text.strip().splitlines()]
    words = "\n".join(lines)
    if len(words) < shortest:
        raise InvalidInput(f"请写明异议的事实和理由，至少{shortest}个字。", code="too_short", field="text")
    return check_text(words.replace("\n", " "), "text", "异议内容", TEXT_MAX) and words


async def _check_reviewable(application: Application, book: Rulebook, now: datetime) -> None:
    """Checks that reviewers can still review the application after sending it back."""
    campaign = await Campaign.get(id=application.campaign_id) if application.campaign_id else None
    end = review_end(campaign, application, book)
    if end is not None and end <= now:
        text = f"本次征集的审核已于{print_time(end)}结束，退回后无法再审核。请先延长审核截止时间，或作出不通过决定。"
        raise violation(book, "review.own_campaign_window", text)


async def _log_upheld(application: Application, book: Rulebook, outcome: Outcome, answer: str, now: datetime) -> None:
    event = ApplicationEvent.REFUSE if outcome == "refuse" else ApplicationEvent.SEND_BACK
    await log(application, now, event.value, book.pool.name, step_name="公示", opinion=answer)
