"""Stages after the last approval, in the order of the rulebook's ``entry.stages``; then the expert's record.

The public notice (公示) begins in ``_publish`` and ends in ``end_public_notices``; ``public_notice_list`` shows it.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from domain.applications.lifecycles import STAGE_OF, ApplicationEvent, ApplicationState
from domain.clock import print_time
from domain.experts.employments import RECUSED_BY
from domain.rulebook.book import Rulebook
from domain.rulebook.entry import Stage
from domain.rulebook.form import EntryType
from models.accounts import Account
from models.applications import Application
from models.experts import Expert
from models.reviews import Objection
from services.applications import lock, log, move, notify_applicant
from services.core.base import Deps, record, rows, system, transaction
from services.core.due_rows import process_each
from services.entry.expert_creation import read_change
from services.expert_files import change_file, lock_file, open_file
from services.experts import expert_number, is_taken
from services.notifications import Notices
from services.payments import Fees

_S = ApplicationState
_ORDER: tuple[Stage, ...] = ("notice", "fee", "exam")
_NO_ENTRY = {"education": "审核通过，已完成报名", "change": "审核通过，变更已生效"}
"""Entry types of experts already in the pool, who get another notice instead of a welcome."""
LAPSED, LAPSED_ANSWER = "申请已放弃", "申请人已放弃申请，公示随之结束。"
"""Status and answer of an objection against a person who withdraws during public notice."""
_OVER = """
SELECT p.id, p.notice_until FROM application p WHERE p.state = 'notice' AND p.notice_until <= $1
   AND NOT EXISTS (SELECT 1 FROM objection o WHERE o.application_id = p.id AND o.state = 'open')
"""
PUBLIC_NOTICE_OVER = f"EXISTS ({_OVER})"
"""Whether ``end_public_notices`` has work; ``$1`` is the present moment."""


_NEXT = f"{_OVER} ORDER BY p.notice_until LIMIT 500"


@dataclass(frozen=True)
class EntryStages:
    deps: Deps
    notices: Notices
    fees: Fees

    async def cancel(self, application: Application, now: datetime) -> None:
        """The application ends: an unpaid fee is cancelled, objections are closed.

        The row is locked by the caller.
        """
        await self.fees.cancel(application.id, now)
        for objection in await Objection.filter(application_id=application.id, state="open").order_by("id"):
            await self._lapse(objection, application, now)

    async def _lapse(self, objection: Objection, application: Application, now: datetime) -> None:
        objection.state, objection.answer, objection.decided_at = "lapsed", LAPSED_ANSWER, now
        await objection.save(update_fields=["state", "answer", "decided_at"])
        await record(
            system(application.pool),
            now,
            "objection.lapsed",
            "application",
            application.id,
            objection=str(objection.id),
        )
        await self.notices.notify(
            pool=objection.pool,
            kind="objection_answered",
            dedupe_key=f"objection:{objection.id}",
            account_id=objection.account_id,
            params={
                "number": application.number,
                "result": LAPSED,
            },
        )

    async def advance(self, application: Application, now: datetime) -> None:
        """The current stage is over: advance to the next, or to entry.

        Inside the caller's transaction, with the application's row locked. Raises Conflict for an application that is
        in no such stage.
        """
        book = self.deps.book(application.pool)
        at = STAGE_OF.get(_S(application.state))
        passed = _ORDER.index(at) + 1 if at else 0
        stages = book.entry.stages_of(cast(EntryType, application.entry_type))
        following = next((stage for stage in stages if stage in _ORDER[passed:]), None)
        if following == "notice":
            await self._publish(application, book, now)
        elif following == "fee":
            await self._charge(application, book, now)
        elif following == "exam":
            await self._call_to_exam(application, book, now)
        else:
            await self._enter_pool(application, book, now)

    async def end_public_notices(self) -> int:
        """Advance applications whose public notice is over without open objections; returns how many."""
        now = self.deps.now()
        return await process_each(
            "public_notice_end", await rows(_NEXT, now), lambda row: self._end_public_notice(row["id"], now)
        )

    async def _end_public_notice(self, application_id: UUID, now: datetime) -> None:
        async with transaction():
            application = await lock(application_id)
            over = application.notice_until is not None and application.notice_until <= now
            if application.state != _S.NOTICE or not over:
                return
            if await Objection.exists(application_id=application.id, state="open"):
                return
            await self.advance(application, now)

    async def return_to(self, application: Application, event: ApplicationEvent, reason: str, now: datetime) -> None:
        """One that had ended waits in this stage again: in a public notice of full length, for a fee that is due anew,
        or for an examination. The row is locked; the caller tells the person.
        """
        book = self.deps.book(application.pool)
        if event == ApplicationEvent.PUBLISH:
            await self._begin_notice(application, book, now)
        else:
            await move(application, event, now)
        if event == ApplicationEvent.CHARGE:
            await self.fees.charge(application, now, again=True)
        await self._log_event(application, book, now, event, reason)

    # ---- stages

    async def _publish(self, application: Application, book: Rulebook, now: datetime) -> None:
        await self._begin_notice(application, book, now)
        until = print_time(application.notice_until) if application.notice_until else ""
        await self._log_event(application, book, now, ApplicationEvent.PUBLISH, f"公示至{until}")
        await self._notify_progress(application, now, "审核通过，公示中")

    async def _begin_notice(self, application: Application, book: Rulebook, now: datetime) -> None:
        if book.notice is None:
            raise LookupError(f"{application.pool}: entry.stages has a notice, but there are no rules for it")
        application.notice_from, application.notice_until = now, now + book.notice.lasts
        await application.save(update_fields=["notice_from", "notice_until"])
        await move(application, ApplicationEvent.PUBLISH, now)

    async def _charge(self, application: Application, book: Rulebook, now: datetime) -> None:
        await move(application, ApplicationEvent.CHARGE, now)
        await self.fees.charge(application, now)
        await self._log_event(application, book, now, ApplicationEvent.CHARGE)
        await self._notify_progress(application, now, "审核通过，待缴费")

    async def _call_to_exam(self, application: Application, book: Rulebook, now: datetime) -> None:
        await move(application, ApplicationEvent.CALL, now)
        await self._log_event(application, book, now, ApplicationEvent.CALL)
        await notify_applicant(self.notices, application, "application_exam", now.isoformat())

    async def _log_event(
        self, application: Application, book: Rulebook, now: datetime, event: ApplicationEvent, opinion: str = ""
    ) -> None:
        await log(application, now, event.value, book.pool.name, step_name=event.label, opinion=opinion)
        await record(system(application.pool), now, f"application.{event.value}", "application", application.id)

    async def _notify_progress(self, application: Application, now: datetime, step: str) -> None:
        await notify_applicant(
            self.notices,
            application,
            "application_progress",
            f"{application.state}:{now.isoformat()}",
            step=step,
        )

    # ---- entry

    async def _enter_pool(self, application: Application, book: Rulebook, now: datetime) -> None:
        await move(application, ApplicationEvent.ENTER, now)
        account = await Account.get(id=application.account_id)
        existing = await _existing_expert(application, account)
        own = (account.id_number_hash, existing.id if existing else None)
        if await is_taken(application.pool, application.expert_number, *own):  # by an import since the approval
            application.expert_number = await expert_number(application, book)
        change = await read_change(self.deps, application, account, existing, now)
        # one person has one file: other links of the account are removed
        await Expert.filter(account_id=account.id).update(account_id=None)
        if existing is None:
            existing = await open_file(self.deps, application.pool, change)
        else:
            differing = await change_file(self.deps, existing, change)
            if not RECUSED_BY.isdisjoint(differing):
                await self.deps.jobs.defer("draws.recuse", expert_id=str(existing.id))
        expert = existing
        expert.account_id = account.id
        await expert.save(update_fields=["account_id"])
        application.expert_id = expert.id
        await application.save(update_fields=["expert_id", "expert_number"])
        await self._log_event(application, book, now, ApplicationEvent.ENTER)
        if done := _NO_ENTRY.get(application.entry_type):
            await self._notify_progress(application, now, done)
            return
        await notify_applicant(
            self.notices,
            application,
            "application_entered",
            "",
            number=expert.number,
            hotline=book.pool.hotline,
        )


async def _existing_expert(application: Application, account: Account) -> Expert | None:
    """The person's existing record, locked: by ID number, else the one that the renewal began with."""
    by_number = await Expert.get_or_none(pool=account.pool, id_number_hash=account.id_number_hash)
    known_id = by_number.id if by_number else application.expert_id
    return await lock_file(known_id) if known_id else None
