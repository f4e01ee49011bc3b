"""Beginning an application and filling in its form by section, from any device."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from domain.applications.lifecycles import ApplicationState
from domain.errors import AppError, Conflict, NotFound
from domain.experts.employments import rows_of
from domain.experts.recusal_units import merge_units
from domain.forms.checking import FieldProblem, check_values
from domain.forms.display import show_specialty
from domain.rulebook.book import Rulebook
from domain.rulebook.form import EntryType
from models.accounts import Account
from models.applications import Application, ApplicationSection
from models.campaigns import Campaign
from models.experts import Expert
from services.applications.applicants import (
    file_values,
    get_registered_account,
    last_ended,
)
from services.applications.attachment_reuse import earlier_application, earlier_file, reuse_files
from services.applications.campaign_rules import check_entry_type, entry_names
from services.applications.campaigns import Campaigns, find_open
from services.applications.expired import carry_forward, ended_since
from services.applications.kept_fields import find_filed, find_kept_fields, refused_changes
from services.applications.may_apply import check_person
from services.applications.problems import refusal
from services.applications.repository import (
    SPECIALTIES,
    FixedChoice,
    editable_fields,
    find_live,
    fixed_choice,
    lock_own,
    next_number,
    open_values,
    page_of,
    read_typing_times,
    read_values,
    seal_values,
    type_of,
    write_section,
)
from services.catalogue_codes import CatalogueCodes, load_codes
from services.core.base import Actor, Deps, record, transaction, violation
from services.core.idempotency import once
from services.core.limits import advisory_lock
from services.core.permissions import check
from services.expert_files import file_of


@dataclass(frozen=True)
class Begun:
    """``existing``: it was begun earlier; ``page``: its form, a path below the service's address."""

    id: UUID
    number: str
    entry_type: EntryType
    state: str
    existing: bool
    page: str


@dataclass(frozen=True)
class SavedSection:
    """A section's present values. ``version`` is the section's, for the next save; ``form_version`` the whole form's,
    for submitting."""

    section: str
    version: int
    form_version: int
    values: dict[str, object]
    saved_at: datetime


@dataclass(frozen=True)
class _Outlook:
    """What a beginning leads to: the application that goes on, else a new one, which may take the place of ``expired``,
    in the campaign, of the expert."""

    begun: Begun | None
    expired: Application | None = None
    campaign: Campaign | None = None
    expert: Expert | None = None


@dataclass(frozen=True)
class Drafts:
    deps: Deps
    campaigns: Campaigns

    async def start(self, actor: Actor, entry_type: str, *, key: str | None = None) -> Begun:
        """Begin an application inside a window, pre-filled with known values. A repetition returns the same one.

        One that expired with an earlier window is carried into the present one, or replaced by a new one with its
        values.

        Raises Forbidden for a person not registered, RuleViolation outside a window, beyond the age limit or before
        renewal is offered, Conflict while another one is under way.
        """
        check(actor, "application.own")
        account = await get_registered_account(actor)
        check_entry_type(self.deps.book(actor.pool), entry_type)
        now = self.deps.now()

        async def run() -> Begun:
            await advisory_lock(f"application.start:{account.id}")
            outlook = await self._look_ahead(account, entry_type, now)
            if outlook.begun is not None:
                return outlook.begun
            live, campaign = outlook.expired, outlook.campaign
            left = await carry_forward(actor, live, entry_type, campaign, now) if live else None
            if left is not None and left.ended_at is None:
                return _begun_view(left, existing=True)
            application = await _create(account, entry_type, campaign, outlook.expert, now)
            await self._prefill(application, account, outlook.expert, now, left)
            await record(actor, now, "application.start", "application", application.id, entry_type=entry_type)
            return _begun_view(application, existing=False)

        return await once(
            owner=f"application.start:{account.id}", key=key, deps=self.deps, answer=Begun, run=run, request=entry_type
        )

    async def find_refusal(self, actor: Actor, entry_type: EntryType) -> str:
        """Why ``start`` would be refused now; empty where it would begin or go on. Nothing is begun."""
        check(actor, "application.own")
        try:
            account = await get_registered_account(actor)
            check_entry_type(self.deps.book(actor.pool), entry_type)
            await self._look_ahead(account, entry_type, self.deps.now())
        except AppError as refused:
            return refused.message
        return ""

    async def _look_ahead(self, account: Account, entry_type: str, now: datetime) -> _Outlook:
        """Raises what ``start`` raises."""
        live = await find_live(account.id, change=entry_type == "change")
        if live is not None and not await self._is_expired(live, entry_type, now):
            return _Outlook(_continue_live(self.deps.book(account.pool), live, entry_type))
        campaign = await self.campaigns.check_open(account.pool, entry_type, now)
        expert = await check_person(self.deps, account, cast(EntryType, entry_type), campaign, now)
        return _Outlook(None, live, campaign, expert)

    async def save_section(
        self, actor: Actor, application_id: UUID, section: str, values: Mapping[str, object], version: int
    ) -> SavedSection:
        """Replace one section's values; ``version`` is the one that the device read, 0 for a section never saved.

        Missing values are no problem yet. Saving unchanged values is harmless, so a lost response costs nothing. Raises
        InvalidInput with every wrong field, Conflict for a stale device (with the present version and values in
        ``params``) or a state in which the section can't be changed.
        """
        check(actor, "application.own")
        now, book = self.deps.now(), self.deps.book(actor.pool)
        async with transaction():
            application = await lock_own(actor, application_id)
            sections = book.form.of(type_of(application)).sections
            if section not in sections:
                raise NotFound("申请表中没有这个部分，请刷新后重新填写。", code="no_section", field="section")
            row = await ApplicationSection.get_or_none(application_id=application.id, code=section)
            stored: dict[str, object] = open_values(self.deps, row) if row else {}
            editable = editable_fields(application, book) & set(sections[section].fields)
            if not editable:
                raise not_editable(application, book)
            kept_fields = await find_kept_fields(self.deps, book, application)
            filed = await find_filed(self.deps, book, application)
            same = {code: value for code, value in filed.items() if code in kept_fields or values.get(code) == value}
            cleaned = await self._clean_values(application, book, section, values, stored, editable, same)
            if row is not None and cleaned == stored:
                return SavedSection(section, row.version, application.version, stored, row.saved_at)
            if version != (row.version if row else 0):
                raise _section_stale(section, row, stored)
            await write_section(self.deps, application, row, section, cleaned, now)
            return SavedSection(section, (row.version if row else 0) + 1, application.version, cleaned, now)

    async def _is_expired(self, live: Application, entry_type: str, now: datetime) -> bool:
        """Whether its campaign is over, and the person could begin in another one."""
        book = self.deps.book(live.pool)
        if await ended_since(live, book, now) is None:
            return False
        return (
            not book.campaigns.window_for(cast(EntryType, entry_type))
            or await find_open(live.pool, entry_type, now) is not None
        )

    async def _prefill(
        self,
        application: Application,
        account: Account,
        expert: Expert | None,
        now: datetime,
        left: Application | None = None,
    ) -> None:
        """Fill in values and files of the expert's record or an earlier application that the current form accepts.

        ``left``: the values of the expired application, which take precedence.
        """
        book = self.deps.book(account.pool)
        last = await last_ended(account.id) if expert is None else None
        if expert is not None:
            known = await file_values(self.deps, book, expert)
        else:
            known = await read_values(self.deps, last.id) if last else {}
        if left is not None and left.entry_type == application.entry_type:
            known |= await self._read_left(left, expert)
        typed: dict[str, object] = {}
        codes, filed = await load_codes(book, known), await find_filed(self.deps, book, application)
        for section, placed in book.form.of(type_of(application)).sections.items():
            fields = placed.fields
            here = {code: known[code] for code in fields if code in known and code not in filed}
            accepted_values = _acceptable_values(book, section, here, type_of(application), codes)
            accepted_values |= {code: filed[code] for code in fields if code in filed}
            typed |= accepted_values
            if accepted_values:
                await ApplicationSection.create(
                    application_id=application.id,
                    code=section,
                    values_sealed=seal_values(self.deps, accepted_values),
                    saved_at=now,
                )
        sources = [await earlier_application(self.deps, left)] if left is not None else []
        if expert is not None:
            sources.append(await earlier_file(account.id, await file_of(self.deps, expert.id)))
        elif last is not None:
            sources.append(await earlier_application(self.deps, last))
        await reuse_files(self.deps, application, sources, typed, now)

    async def _read_left(self, left: Application, expert: Expert | None) -> dict[str, object]:
        """The values of an expired application, without those that the expert himself has changed at once since."""
        book, values = self.deps.book(left.pool), await read_values(self.deps, left.id)
        if expert is None:
            return values
        file, typed_at = await file_of(self.deps, expert.id), await read_typing_times(left, book)
        for code in [code for code, at in typed_at.items() if code in values and file.is_own_word_since(code, at)]:
            filed = rows_of(file.values[code]) if code in file.values else []
            if (field := book.form.used().get(code)) is None or field.kind != "units":
                del values[code]
            else:
                values[code] = merge_units((), rows_of(values[code]), filed)
        return values

    async def _clean_values(
        self,
        application: Application,
        book: Rulebook,
        section: str,
        values: Mapping[str, object],
        stored: Mapping[str, object],
        editable: frozenset[str],
        filed: Mapping[str, object],
    ) -> dict[str, object]:
        """The values as stored. Raises InvalidInput with every problem."""
        typed = {code: value for code, value in values.items() if code not in filed}
        chosen = stored.get("employer")
        codes = await load_codes(book, values, stored, retired=[chosen] if isinstance(chosen, str) else [])
        fixed = await fixed_choice(application, book)
        cleaned, problems = check_values(
            fixed.form(book), section, typed, entry_type=type_of(application), catalogue=codes
        )
        problems += refused_changes(book, values, filed, type_of(application))
        for code in book.form.of(type_of(application)).sections[section].fields:
            if code in filed and code in editable:
                cleaned[code] = filed[code]
            if code in editable:
                continue
            if code in cleaned and cleaned[code] != stored.get(code):
                problems.append(FieldProblem(code, f"{book.form.fields[code].label}现在不能修改。"))
            cleaned.pop(code, None)
            if code in stored:
                cleaned[code] = stored[code]
        if SPECIALTIES in editable and SPECIALTIES not in filed:
            problems += _fixed_problems(application, fixed, cleaned, codes)
        if problems:
            raise refusal(problems, "有内容不能保存", "form_problems")
        return cleaned


def not_editable(application: Application, book: Rulebook) -> AppError:
    """Why nothing can be changed now, and what to do."""
    match ApplicationState(application.state):
        case ApplicationState.LOCKED:
            return violation(
                book,
                "form.papers.print_locks",
                f"打印表格后填写的内容不能再修改，只能上传附件；确需修改请拨打{book.pool.hotline}解除锁定。",
            )
        case ApplicationState.SENT_BACK if book.review.withdraw_before_edit:
            return violation(book, "review.withdraw_before_edit", "请先点“撤回”，再修改申请。")
        case ApplicationState.SENT_BACK | ApplicationState.CORRECTING:
            return Conflict("这部分没有被退回，不能修改。", code="not_sent_back")
        case state:
            return Conflict(f"您的申请现在是“{state.label}”，不能修改。", code="not_editable")


def _fixed_problems(
    application: Application, fixed: FixedChoice, cleaned: Mapping[str, object], codes: CatalogueCodes
) -> list[FieldProblem]:
    """Fixed specialties that are missing, and added ones that are not permitted."""
    given = cleaned.get(SPECIALTIES)
    chosen = {specialty["code"]: specialty["choice"] for specialty in cast("Sequence[Mapping[str, str]]", given or ())}
    reason = "没有被退回" if application.round > 0 else "本次征集中已经提交过"
    problems = [
        FieldProblem(SPECIALTIES, f"“{show_specialty(code, codes)}”{reason}，不能修改或删除。")
        for code, choice in fixed.codes.items()
        if chosen.get(code) != choice
    ]
    others = len(chosen.keys() - fixed.codes.keys())
    if not problems and fixed.open is not None and others > fixed.open:
        remaining = f"最多再选{fixed.open}个" if fixed.open else "不能再选其他专业"
        problems.append(FieldProblem(SPECIALTIES, f"除不能改动的专业外，{remaining}，请删去多余的。"))
    return problems


def _acceptable_values(
    book: Rulebook, section: str, values: Mapping[str, object], entry_type: EntryType, codes: CatalogueCodes
) -> dict[str, object]:
    """Those of ``values`` that the form accepts without a problem."""
    known = {code: value for code, value in values.items() if not book.form.fields[code].account}
    accepted_values, problems = check_values(book.form, section, known, entry_type=entry_type, catalogue=codes)
    wrong = {problem.field.partition("[")[0].partition(".")[0] for problem in problems}
    return {code: value for code, value in accepted_values.items() if code not in wrong}


def _section_stale(section: str, row: ApplicationSection | None, stored: Mapping[str, object]) -> Conflict:
    """The refusal when another device was faster; it contains the stored values for comparison."""
    return Conflict(
        "这部分内容已在另一台设备修改，请核对最新内容后再保存。",
        code="section_stale",
        params={"section": section, "version": row.version if row else 0, "values": dict(stored)},
    )


def _continue_live(book: Rulebook, live: Application, entry_type: str) -> Begun:
    if live.entry_type != entry_type:
        names = entry_names(book)
        raise Conflict(
            f"您有一份{names[live.entry_type]}申请正在办理，请先办完或放弃后再办{names[entry_type]}。",
            code="application_live",
            params={"application_id": str(live.id), "entry_type": live.entry_type},
        )
    return _begun_view(live, existing=True)


async def _create(
    account: Account, entry_type: str, campaign: Campaign | None, expert: Expert | None, now: datetime
) -> Application:
    return await Application.create(
        pool=account.pool,
        number=await next_number(now),
        campaign_id=campaign.id if campaign else None,
        account_id=account.id,
        expert_id=expert.id if expert else None,
        entry_type=entry_type,
        state=ApplicationState.DRAFT,
        state_since=now,
        name=account.real_name,
        created_at=now,
    )


def _begun_view(application: Application, *, existing: bool) -> Begun:
    entry_type = cast(EntryType, application.entry_type)
    form = f"/h5/{application.pool}/{page_of(application, 'form')}"
    return Begun(application.id, application.number, entry_type, str(application.state), existing, form)
