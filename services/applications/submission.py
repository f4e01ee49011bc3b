"""Submitting, withdrawing and cancelling an application; unlocking one that was printed too early."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from domain.applications.lifecycles import APPLICATION, ApplicationEvent, ApplicationState, TaskState
from domain.errors import AppError, Conflict
from domain.forms.checking import FieldProblem, filled_values
from domain.identity import IdentityVerificationResult
from domain.rulebook.book import Rulebook
from domain.rulebook.form import EntryType
from models.accounts import Account
from models.applications import Application, ApplicationSpecialty, Attachment, PrintedForm
from models.experts import Expert
from models.reviews import ReviewTask
from services.applications.applicants import has_left
from services.applications.campaigns import Campaigns
from services.applications.kept_fields import apply_kept_values
from services.applications.notifications import notify_applicant
from services.applications.problems import find_problems, refusal
from services.applications.repository import (
    EVERYTHING,
    SPECIALTIES,
    editable_fields,
    lock,
    lock_own,
    log,
    move,
    open_after_print,
    read_values,
    type_of,
    unknown_application,
)
from services.catalogue_codes import CatalogueCodes, load_codes
from services.core.base import Actor, Deps, record, transaction, violation
from services.core.permissions import check
from services.core.pinyin import sort_name
from services.core.short_texts import check_text
from services.notifications import Notices

SIGNED_FORM = "signed_form"
"""Code of the field for the signed and stamped scan of the printed form, where a pool has one."""
APPLICANT = "申请人"
OFFICE = "专家库管理机构"
_S, _E = ApplicationState, ApplicationEvent


@dataclass(frozen=True)
class Outcome:
    """`round` counts submissions; `version` is the form's."""

    id: UUID
    number: str
    state: str
    state_label: str
    round: int
    version: int


@dataclass(frozen=True)
class Change:
    """``happened`` is false for a repeated request. The row is locked."""

    application: Application
    happened: bool


@dataclass(frozen=True)
class Submission:
    """``submit``, ``withdraw`` and ``cancel`` run inside the transaction of ``services.workflows``."""

    deps: Deps
    notices: Notices
    campaigns: Campaigns

    async def submit(self, actor: Actor, application_id: UUID, version: int, now: datetime) -> Change:
        """Submit the form in the given ``version``. A repetition is harmless.

        Raises InvalidInput with all missing or invalid fields, RuleViolation outside the window or before the form was
        printed, Conflict when the form changed meanwhile or the state doesn't allow it.
        """
        check(actor, "application.own")
        book = self.deps.book(actor.pool)
        application = await lock_own(actor, application_id)
        if application.state == _S.REVIEWING and application.version == version:
            return Change(application, happened=False)
        self._check_state(application, book)
        if application.version != version:
            raise Conflict(
                "申请内容已在另一台设备修改，请核对最新内容后再提交。",
                code="form_stale",
                params={"version": application.version},
            )
        await self.campaigns.check_still_open(application, now)
        _check_locked(application, book)
        account = await Account.get(id=application.account_id)
        self._check_person(account, book)
        if await has_left(application):
            raise Conflict("您已退库，这份申请不能再提交，可以在“申请进度”中放弃。", code="not_in_pool")
        await apply_kept_values(self.deps, book, application, now)
        values, codes = await self._complete_values(application, account, book)
        await _check_printed(application, book)
        await self._write_submission(application, account, values, codes, now)
        await move(application, _E.SUBMIT, now)
        await log(application, now, "submit", APPLICANT)
        await record(actor, now, "application.submit", "application", application.id, round=application.round)
        return Change(application, happened=True)

    async def withdraw(self, actor: Actor, application_id: UUID, now: datetime) -> Change:
        """Withdraw it for correction: after it was sent back, or while it is undecided. A repetition is harmless.

        Raises RuleViolation where the pool doesn't allow it, Conflict once a step was decided.
        """
        check(actor, "application.own")
        book = self.deps.book(actor.pool)
        application = await lock_own(actor, application_id)
        if application.state == _S.CORRECTING:
            return Change(application, happened=False)
        if application.state == _S.REVIEWING:
            await self._check_undecided(application, book)
            application.sent_back_fields = _reopened_fields(book, type_of(application))
            await application.save(update_fields=["sent_back_fields"])
        await move(application, _E.WITHDRAW, now)
        await log(application, now, "withdraw", APPLICANT)
        await record(actor, now, "application.withdraw", "application", application.id, round=application.round)
        return Change(application, happened=True)

    async def cancel(self, actor: Actor, application_id: UUID, now: datetime) -> Change:
        """Cancel it for good, in any waiting state. A repetition is harmless.

        An unpaid fee is cancelled; a paid one follows the rulebook's ``fee.refund_text``. Raises Conflict for one that
        has ended otherwise.
        """
        check(actor, "application.own")
        application = await lock_own(actor, application_id)
        if application.state == _S.CANCELLED:
            return Change(application, happened=False)
        await move(application, _E.CANCEL, now)
        await log(application, now, "cancel", APPLICANT)
        await record(actor, now, "application.cancel", "application", application.id)
        return Change(application, happened=True)

    async def unlock(self, actor: Actor, application_id: UUID, reason: str) -> Outcome:
        """Reopen a printed form to correct a mistake; the print becomes invalid.

        Raises NotFound outside the actor's pool, Conflict for one that is not locked.
        """
        check(actor, "application.unlock")
        text = check_text(reason, "reason", "原因", 200, required=True)
        now = self.deps.now()
        async with transaction():
            application = await lock(application_id)
            if application.pool != actor.pool:
                raise unknown_application()
            await move(application, _E.UNLOCK, now)
            application.locked_version = None
            await application.save(update_fields=["locked_version"])
            await log(application, now, "unlock", OFFICE, opinion=text)
            await record(actor, now, "application.unlock", "application", application.id)
            await notify_applicant(
                self.notices,
                application,
                "application_progress",
                f"unlock:{now.isoformat()}",
                step="已解除锁定",
            )
            return outcome_of(application)

    def _check_person(self, account: Account, book: Rulebook) -> None:
        if account.identity_verification == IdentityVerificationResult.DIFFERS:
            raise Conflict(
                f"经核验，您注册的姓名与身份证号不一致，不能提交申请。请拨打{book.pool.hotline}核实。",
                code="person_differs",
            )

    def _check_state(self, application: Application, book: Rulebook) -> None:
        """Raises Conflict, or RuleViolation where withdrawing must come first."""
        APPLICATION.next(_S(application.state), _E.SUBMIT)
        if application.state == _S.SENT_BACK and book.review.withdraw_before_edit:
            raise violation(book, "review.withdraw_before_edit", "请先点“撤回”，修改后再提交。")

    async def _complete_values(
        self, application: Application, account: Account, book: Rulebook
    ) -> tuple[dict[str, object], CatalogueCodes]:
        """All values with their defaults. Raises InvalidInput with all missing or invalid fields."""
        values = await read_values(self.deps, application.id)
        chosen = values.get("employer")
        codes = await load_codes(book, values, retired=[chosen] if isinstance(chosen, str) else [])
        problems = await find_problems(self.deps, book, application, account, values, codes)
        if problems:
            raise refusal(problems, "申请还不能提交", "form_incomplete")
        return filled_values(book.form, values, type_of(application)), codes

    async def _write_submission(
        self,
        application: Application,
        account: Account,
        values: Mapping[str, object],
        codes: CatalogueCodes,
        now: datetime,
    ) -> None:
        """Write the columns for lists and queues."""
        region = str(values["region"])
        application.name, application.name_sort = account.real_name, sort_name(account.real_name)
        application.region, application.region_path = region, codes.path("region", region)
        application.moves_from = await _region_to_leave(application, region)
        application.round += 1
        application.sent_back_fields = []
        application.submitted_at = now
        written = (
            "name",
            "name_sort",
            "region",
            "region_path",
            "moves_from",
            "round",
            "sent_back_fields",
            "submitted_at",
        )
        await application.save(update_fields=written)
        await _write_specialties(application, cast("Sequence[Mapping[str, str]]", values[SPECIALTIES]))

    async def _check_undecided(self, application: Application, book: Rulebook) -> None:
        if not book.review.withdraw_undecided:
            raise violation(book, "review.withdraw_undecided", "提交后不能撤回，请等待审核结果。")
        decided = ReviewTask.filter(application_id=application.id, decided_at__gte=application.submitted_at)
        if await decided.filter(state__in=[TaskState.APPROVED, TaskState.SENT_BACK, TaskState.REFUSED]).exists():
            raise Conflict("已有部门作出审核决定，不能撤回，请等待审核结果。", code="already_decided")


def _check_locked(application: Application, book: Rulebook) -> None:
    """Where printing locks, an unlocked form can't be submitted. Raises RuleViolation."""
    papers = book.form.papers
    if application.state == _S.DRAFT and papers.print_locks and papers.demands_print(type_of(application)):
        raise _print_first(book)


async def _check_printed(application: Application, book: Rulebook) -> None:
    """Where the form must be printed first: in its current version, and with the scan of that print.

    A correction that doesn't concern the scan needs no new one. Raises RuleViolation or InvalidInput.
    """
    if not book.form.papers.demands_print(type_of(application)):
        return
    has_scan = SIGNED_FORM in book.form.of(type_of(application)).used()
    if application.round > 0:
        editable = editable_fields(application, book)
        if SIGNED_FORM not in editable if has_scan else EVERYTHING not in application.sent_back_fields:
            return
    printed = (
        await PrintedForm.filter(application_id=application.id, version=application.version)
        .order_by("printed_at")
        .first()
    )
    if printed is None:
        raise _print_first(book)
    scans = Attachment.filter(application_id=application.id, field=SIGNED_FORM, state="ready")
    if has_scan and await scans.exists() and not await scans.filter(created_at__gte=printed.printed_at).exists():
        text = "扫描件早于最近一次打印，请上传本次打印后签字盖章的扫描件。"
        raise refusal([FieldProblem(SIGNED_FORM, text)], text, "form_incomplete")


def _print_first(book: Rulebook) -> AppError:
    return violation(
        book,
        "form.papers.print_before_submit",
        "请先核对信息并打印表格，签字盖章后上传扫描件，再提交审核。",
    )


def _reopened_fields(book: Rulebook, entry_type: EntryType) -> list[str]:
    """Fields that may be changed after withdrawing an undecided application: those not fixed by printing and
    submission."""
    used = book.form.of(entry_type).used()
    if book.form.papers.print_locks:
        return sorted(open_after_print(book, entry_type) & used.keys())
    if book.form.specialties.fixed_once_submitted:
        return sorted(used.keys() - {SPECIALTIES})
    return [EVERYTHING]


async def _region_to_leave(application: Application, region: str) -> str:
    """Where the pool has the expert now, if the application asks for another region."""
    if application.entry_type == "first" or application.expert_id is None:
        return ""
    filed = (await Expert.get(id=application.expert_id)).permanent_region
    return filed if filed != region else ""


async def _write_specialties(application: Application, chosen: Sequence[Mapping[str, str]]) -> None:
    """Update the rows: approved ones stay approved, returned ones are open again."""
    known = {row.code: row for row in await ApplicationSpecialty.filter(application_id=application.id)}
    wanted = [specialty["code"] for specialty in chosen]
    await ApplicationSpecialty.filter(application_id=application.id).exclude(code__in=wanted).delete()
    for position, specialty in enumerate(chosen):
        row = known.get(specialty["code"])
        if row is None:
            row = ApplicationSpecialty(application_id=application.id, code=specialty["code"])
        changed = row.choice != specialty["choice"]
        row.choice, row.position = specialty["choice"], position
        row.admitted = None if changed else row.admitted
        row.state = "approved" if row.state == "approved" and not changed else "open"
        await row.save()


def outcome_of(application: Application) -> Outcome:
    state = _S(application.state)
    return Outcome(application.id, application.number, state.value, state.label, application.round, application.version)
