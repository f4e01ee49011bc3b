"""Recusal units that an expert declares by himself (申报回避): in force at once, in his file and in every running draw.

An open call of a draw in which the unit is a party ends, and a place that he holds there is vacant. Who has entered
already is recused at the venue. Agency and public learn that one has recused himself, never who, nor for which unit.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.clock import print_date
from domain.draws.lifecycles import InvitationState
from domain.errors import Conflict, InvalidInput, TooMany
from domain.experts.employments import RecusalRule, declared_keys, rows_of
from domain.experts.file import FileChange, FileSource, fold
from domain.experts.recusal_units import (
    FIELD,
    GROUNDS,
    NOTE_MAX,
    Row,
    is_named,
    keys_of,
    note_of,
    with_unit,
)
from domain.faults import Faults
from domain.forms.values import ROWS_MAX, UNIT_PARTS, clean_value
from domain.person_names import name_key
from domain.rulebook.book import Rulebook
from models.attendance import Attendance
from models.draws import Draw
from models.experts import Expert
from models.invitations import Invitation
from services.catalogue_codes import CatalogueCodes
from services.core.base import Actor, Deps, record, transaction, violation
from services.core.idempotency import once
from services.core.limits import seconds_until
from services.core.permissions import check
from services.core.short_texts import check_text
from services.draws.attendance.venue_recusals import VenueRecusals
from services.draws.call_order.eligibility import recusals
from services.draws.calls.invitation_views import BY_DECLARATION, InvitationView, find_views
from services.draws.calls.invitations import Invitations
from services.draws.locks import Locked, lock
from services.expert_files import change_file, changes_of, file_of, get_own_expert, read_listed_employers

_HELD = (InvitationState.OPEN, InvitationState.ACCEPTED)
_WHOLE_NAME = 6
"""Characters below which a name is hardly that of a business licence."""
_NO_CODES = CatalogueCodes({})


@dataclass(frozen=True)
class UnitForm:
    """A declaration as typed. ``relation``: one of the rulebook's near relatives, or of ``GROUNDS``."""

    relation: str
    name: str
    code: str
    note: str


@dataclass(frozen=True)
class CheckedUnit:
    """A unit as it would be filed, to be confirmed. ``short``: the name is hardly a whole one, so that it would match
    no party of a draw."""

    name: str
    code: str
    note: str
    short: bool


@dataclass(frozen=True)
class DeclaredUnit:
    """What a declaration did: panels and invitations that ended with it, and panels at whose venue the expert is."""

    name: str
    ended: int
    at_venue: int


@dataclass(frozen=True)
class RecusalUnits:
    """The page on which units are declared. ``at_once`` false: only a reviewed change adds one.

    ``ended``: panels and invitations ahead that ended by declarations; ``at_venue``: panels that wait for a
    confirmation at the venue.
    """

    units: tuple[Row, ...]
    relations: tuple[str, ...]
    at_once: bool
    units_max: int
    days: int
    ended: tuple[InvitationView, ...]
    at_venue: tuple[InvitationView, ...]


@dataclass(frozen=True)
class DeclaredRecusals:
    deps: Deps
    invitations: Invitations
    venue: VenueRecusals

    async def read(self, actor: Actor) -> RecusalUnits:
        """The actor's own units. Raises Forbidden, NotFound for a person who is not in the pool."""
        check(actor, "expert.self.change")
        expert = await get_own_expert(actor)
        rule, filed = self.deps.book(actor.pool).form.declarations, await file_of(self.deps, expert.id)
        at_venue = (
            "i.expert_id = $1 AND i.state = 'accepted' AND EXISTS (SELECT 1 FROM discard_request r "
            "WHERE r.invitation_id = i.id AND r.kind = 'recusal' AND r.state = 'open' AND r.asked_role = 'expert')"
        )
        ended = "i.expert_id = $1 AND i.answered_by = $2 AND i.ends_at > $3 ORDER BY i.starts_at"
        return RecusalUnits(
            units=tuple(row for row in rows_of(filed.values.get(FIELD)) if keys_of(row)),
            relations=rule.relations,
            at_once=FIELD in self.deps.book(actor.pool).form.at_once(),
            units_max=rule.units_max,
            days=rule.units_within.days,
            ended=tuple(await find_views(self.deps, ended, expert.id, BY_DECLARATION, self.deps.now())),
            at_venue=tuple(await find_views(self.deps, at_venue, expert.id)),
        )

    async def preview(self, actor: Actor, form: UnitForm) -> CheckedUnit:
        """What ``declare`` would file, which only a reviewed change can undo. Raises the same, and changes nothing."""
        check(actor, "expert.self.change")
        book = self.deps.book(actor.pool)
        unit = self._read_addable(book, form)
        expert = await get_own_expert(actor)
        changes = (await changes_of(self.deps, [expert.id]))[expert.id]
        self._check_addable(book, unit, rows_of(fold(changes).values.get(FIELD)))
        _check_number(book, changes, self.deps.now())
        name, code = str(unit["name"]), str(unit["code"])
        return CheckedUnit(name, code, str(unit["note"]), short=len(name) < _WHOLE_NAME and not code)

    async def declare(self, actor: Actor, form: UnitForm, *, key: str | None = None) -> DeclaredUnit:
        """Add a unit to the actor's own file; he is recused from its draws from now on, running ones included.

        Raises Forbidden, NotFound, InvalidInput with all faults, Conflict for a unit that the file has, RuleViolation
        where the pool has units reviewed, TooMany beyond the rulebook's number.
        """
        check(actor, "expert.self.change")
        book = self.deps.book(actor.pool)
        unit = self._read_addable(book, form)
        return await once(
            owner=f"unit_declared:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=DeclaredUnit,
            run=lambda: self._declare(actor, book, unit),
            request=repr(sorted(unit.items())),
        )

    async def _declare(self, actor: Actor, book: Rulebook, unit: Row) -> DeclaredUnit:
        known, now = await get_own_expert(actor), self.deps.now()
        draws = await self._lock_draws(known.id)  # draws before experts, as calling does
        expert = await get_own_expert(actor, locked=True)
        changes = (await changes_of(self.deps, [expert.id]))[expert.id]
        units = rows_of(fold(changes).values.get(FIELD))
        self._check_addable(book, unit, units)
        _check_number(book, changes, now)
        values = {FIELD: with_unit(units, unit)}
        await change_file(self.deps, expert, FileChange(now, FileSource.SELF, values, by=actor.account_id))
        await record(actor, now, "expert.unit_declared", "expert", expert.id)
        ended, at_venue = await self._recuse(expert, draws, actor)
        return DeclaredUnit(str(unit["name"]), ended, at_venue)

    def _read_addable(self, book: Rulebook, form: UnitForm) -> Row:
        if FIELD not in book.form.at_once():
            message = f"本专家库增加回避单位须经审核，请办理{book.campaigns.change_title}。"
            raise violation(book, f"form.fields.{FIELD}.at_once", message)
        return _read_unit(book, form)

    def _check_addable(self, book: Rulebook, unit: Row, units: Sequence[Row]) -> None:
        if is_named(unit, units):
            raise InvalidInput("这个单位已在您的回避单位中，无需重复申报。", code="unit_known", field="name")
        most = book.form.fields[FIELD].count_max or ROWS_MAX
        if len([row for row in units if keys_of(row)]) >= most:
            message = f"回避单位最多{most}个，请办理{book.campaigns.change_title}，先删去不再需要回避的。"
            raise Conflict(message, code="units_full")

    async def recuse(self, expert_id: UUID) -> None:
        """The same consequences in running draws for a change of the file that took effect otherwise: an approved
        application. Harmless to repeat."""
        async with transaction():
            draws = await self._lock_draws(expert_id)
            expert = await Expert.get(id=expert_id)
            await self._recuse(expert, draws, Actor(expert.pool, "expert", expert.account_id, expert.id))

    async def _lock_draws(self, expert_id: UUID) -> Mapping[UUID, Locked]:
        """The draws that are not over in which the expert is invited or holds a place."""
        held = Invitation.filter(expert_id=expert_id, state__in=_HELD, draw__ended_at=None)
        draw_ids = sorted({invitation.draw_id for invitation in await held})
        return {draw_id: await lock(draw_id) for draw_id in draw_ids}

    async def _recuse(self, expert: Expert, draws: Mapping[UUID, Locked], actor: Actor) -> tuple[int, int]:
        """Numbers of what ended, and of panels that wait for the venue."""
        changes = (await changes_of(self.deps, [expert.id]))[expert.id]
        ended = at_venue = 0
        held = Invitation.filter(expert_id=expert.id, state__in=_HELD).order_by("draw_id", "id")
        for invitation in await held.select_for_update():
            locked = draws.get(invitation.draw_id)
            if locked is None:  # over, or called between the two locks: then the job looks again
                if await Draw.exists(id=invitation.draw_id, ended_at=None):
                    await self.deps.jobs.defer("draws.recuse", expert_id=str(expert.id))
                continue
            if locked.draw.ended_at is not None or not await self._concerns(locked.draw, invitation, expert, changes):
                continue
            passed = {passage.direction for passage in await Attendance.filter(invitation_id=invitation.id)}
            if not passed:
                await self.invitations.recuse(locked, invitation)
                ended += 1
            elif "out" not in passed:
                await self.venue.request_own(actor, locked.draw, invitation)
                at_venue += 1
        return ended, at_venue

    async def _concerns(
        self, draw: Draw, invitation: Invitation, expert: Expert, changes: Sequence[FileChange]
    ) -> bool:
        """Whether a unit that the expert has stated since the call recuses him from the draw."""
        book = self.deps.book(draw.pool)
        sources = await recusals(draw, book.draw.employment_recusal_years)
        listed = await read_listed_employers(draw.pool, [change.values.get("employer") for change in changes])
        rule = RecusalRule(sources.employed_after, book.form.own_employer_recused)
        keys = declared_keys(changes, listed, rule, invitation.created_at)
        own = name_key(expert.name)
        return bool(keys.intersection(sources.units)) or any(
            name == own and unit_key in keys for name, unit_key in sources.pairs
        )


def _check_number(book: Rulebook, changes: Sequence[FileChange], now: datetime) -> None:
    """Few units a month, so that nobody finds out by them who the parties of his panel are. Raises TooMany."""
    rule = book.form.declarations
    declared = [change.at for change in changes if change.source == FileSource.SELF and FIELD in change.values]
    recent = [at for at in declared if at > now - rule.units_within]
    if len(recent) >= rule.units_max:
        again = recent[-rule.units_max] + rule.units_within
        raise TooMany(
            f"{rule.units_within.days}天内最多自行申报{rule.units_max}个回避单位，{print_date(again)}后可以再报；"
            f"急需增加的请办理{book.campaigns.change_title}，已接到有关评标邀请的请答复不参加或请假。",
            retry_after=seconds_until(again, now),
            code="units_often",
        )


def _read_unit(book: Rulebook, form: UnitForm) -> Row:
    """The unit as a row of the file. Raises InvalidInput with all faults."""
    faults = Faults()
    name = faults.check(_unit_name, form.name)
    code = faults.check(_part, "code", form.code)
    note = faults.check(check_text, form.note, "note", "情况说明", NOTE_MAX)
    if form.relation not in (*book.form.declarations.relations, *GROUNDS):
        faults.add(InvalidInput("请选择这个单位与您的关系。", code="no_choice", field="relation"))
    faults.raise_any()
    return {"name": name, "code": code, "note": note_of(form.relation, note)}


def _unit_name(typed: str) -> str:
    name = _part("name", typed)
    if not keys_of({"name": name}):
        raise InvalidInput("请填写单位全称。", code="no_unit", field="name")
    return name


def _part(part: str, typed: str) -> str:
    """A column of a unit as the application form takes it. Raises InvalidInput."""
    value, problems = clean_value(part, UNIT_PARTS[part], typed, _NO_CODES)
    for problem in problems:
        raise InvalidInput(problem.message, field=part)
    return str(value or "")
