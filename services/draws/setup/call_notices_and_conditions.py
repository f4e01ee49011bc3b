"""Call notices and conditions of a draw being set up, and changes of a notice after its verification."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, replace
from datetime import date, datetime
from uuid import UUID

from tortoise.expressions import Q

from domain.clock import local
from domain.draws.lifecycles import DrawState
from domain.errors import Conflict, InvalidInput, NotFound
from domain.faults import Faults
from domain.parsing import is_mobile
from domain.person_names import name_key
from domain.typed_text import half_width
from models.accounts import Account
from models.draws import CallNotice, Condition, Draw, Supervisor
from models.experts import CatalogueEntry
from models.projects import Lot, Project
from services.core import permissions
from services.core.base import Actor, Deps, record, transaction, violation
from services.core.crypto import PHONE
from services.core.idempotency import once
from services.draws.locks import Locked, lock_editable, lock_own_draw
from services.draws.party_notifications import PartyNotifications
from services.draws.recall_rules import check_conditions_changeable, check_same_day
from services.draws.setup.form_versions import check_version, part_version
from services.draws.setup.forms import (
    CallNoticeForm,
    ConditionForm,
    check_call_notice,
    check_condition_form,
    check_emergency,
    check_names_nobody,
    check_venue,
)

_AFTER_VERIFICATION = {"room": "评标室", "contact": "联系人", "contact_phone": "联系方式", "remark": "注意事项"}
"""Fields of a notice that may still change while no one is called and no order is being fixed; they are not in the
record. For the gathering time see ``GatheringTimes.change``."""
_LONG_NUMBER = 6
"""Characters from which the number of a project or lot is told from that of a room."""


@dataclass(frozen=True)
class CallNoticesAndConditions:
    """A part of ``DrawSetup``."""

    deps: Deps
    parties: PartyNotifications

    # ---- call notices

    async def add_call_notice(
        self, actor: Actor, draw_id: UUID, form: CallNoticeForm, *, key: str | None = None
    ) -> UUID:
        """Repeated with one ``key``, it is created once."""

        async def run() -> UUID:
            locked = await lock_editable(actor, draw_id)
            book = self.deps.book(actor.pool)
            filled = await self._fill_contact(locked.draw, form)
            at = await self._check_call_notice(locked.draw, filled)
            notices = await CallNotice.filter(draw_id=draw_id)
            if len(notices) >= book.draw.notice.per_draw_max:
                raise violation(book, "draw.notice.per_draw_max", f"语音通知最多{book.draw.notice.per_draw_max}条。")
            if locked.conditions and self._remaining_places(locked) == 0:
                raise Conflict("剩余可设置人数为0，不能再创建语音通知。", code="nothing_left")
            call_notice = CallNotice(
                draw_id=draw_id, position=max((notice.position for notice in notices), default=0) + 1
            )
            _fill_call_notice(call_notice, filled, at, self.deps)
            await call_notice.save()
            await self._note_first_gathering(locked.draw)
            return call_notice.id

        owner = f"notice.add:{actor.account_id}"
        return await once(owner=owner, key=key, deps=self.deps, answer=UUID, run=run, request=f"{draw_id} {form!r}")

    async def edit_call_notice(
        self,
        actor: Actor,
        draw_id: UUID,
        notice_id: UUID,
        form: CallNoticeForm,
        *,
        version: str = "",
        key: str | None = None,
    ) -> None:
        """Before submission everything may change; after verification, until the order is being fixed, room, contact
        and remarks, with a notice to the verifier. ``version``: the version that the form was filled from.

        Raises Conflict, InvalidInput, RuleViolation.
        """

        async def run() -> UUID:
            locked = await self._lock_for_call_notice(actor, draw_id)
            call_notice = await get_call_notice(draw_id, notice_id)
            check_version(version, part_version(call_notice))
            filled = await self._fill_contact(locked.draw, form)
            at = await self._check_call_notice(locked.draw, filled)
            if locked.state == DrawState.VERIFIED:
                await self._note_correction(actor, locked.draw, call_notice, filled)
            _fill_call_notice(call_notice, filled, at, self.deps)
            await call_notice.save()
            await self._note_first_gathering(locked.draw)
            return call_notice.id

        owner, request = f"notice.edit:{actor.account_id}", f"{notice_id} {form!r}"
        await once(owner=owner, key=key, deps=self.deps, answer=UUID, run=run, request=request)

    async def _fill_contact(self, draw: Draw, form: CallNoticeForm) -> CallNoticeForm:
        """The form with the chosen supervisor as contact, by the office's register, unless another was typed. Off site
        the contact is the owner's supervisor. Raises InvalidInput for one who does not supervise this draw."""
        if form.supervisor is None or form.contact.strip() or form.contact_phone.strip():
            return replace(form, supervisor=None)
        supervisor = await Supervisor.get_or_none(draw_id=draw.id, entry_id=form.supervisor)
        if supervisor is None or draw.on_site:
            message = "请从本活动的监督人中选择联系人，或者自己填写。"
            raise InvalidInput(message, code="no_supervisor", field="supervisor")
        phone = self.deps.keys.read(supervisor.phone_sealed, "mobile")
        return replace(form, contact=supervisor.name, contact_phone=phone, supervisor=None)

    async def _check_call_notice(self, draw: Draw, form: CallNoticeForm) -> datetime:
        """The gathering time. Raises InvalidInput, RuleViolation."""
        faults = Faults()
        at = faults.check(check_call_notice, form, self.deps.book(draw.pool), draw.starts_at, self.deps.now())
        with faults.part():
            await self._check_names_nobody(draw, form)
        with faults.part():
            await self._check_place(draw, form)
        if form.gathering_at:
            faults.check(check_same_day, draw, form.gathering_at)
        faults.raise_any()
        return at

    async def _check_names_nobody(self, draw: Draw, form: CallNoticeForm) -> None:
        """Raises InvalidInput where a call would tell the project, its parties, or who runs the draw."""
        project, agent = await Project.get(id=draw.project_id), await Account.get(id=draw.agent_id)
        lots = await Lot.filter(project_id=draw.project_id)
        numbers = [number for number in (project.number, *[lot.number for lot in lots]) if len(number) >= _LONG_NUMBER]
        names = [project.name, project.tenderee_name, project.agency_name, *[lot.name for lot in lots]]
        supervisors = await Supervisor.filter(draw_id=draw.id).values_list("name", flat=True)
        persons = [draw.operator_name, agent.real_name, project.contact, form.contact, *map(str, supervisors)]
        check_names_nobody(form, [*names, *numbers], persons)

    async def _lock_for_call_notice(self, actor: Actor, draw_id: UUID) -> Locked:
        permissions.check(actor, "draw.edit")
        locked = await lock_own_draw(actor, draw_id)
        if locked.state == DrawState.VERIFIED:
            return locked
        return await lock_editable(actor, draw_id)

    async def _note_correction(self, actor: Actor, draw: Draw, call_notice: CallNotice, form: CallNoticeForm) -> None:
        """Record a correction after verification. Raises Conflict for verified fields."""
        changed = self._changed_fields(call_notice, form)
        if changed - _AFTER_VERIFICATION.keys():
            raise Conflict(
                "核验通过后，语音通知只能修改评标室、联系人、联系方式和注意事项；集合时间请在“项目抽取”中修改。",
                code="verified",
            )
        if changed:
            now = self.deps.now()
            fields = "、".join(label for name, label in _AFTER_VERIFICATION.items() if name in changed)
            what = f"语音通知{call_notice.position}：{fields}"
            await record(actor, now, "draw.notice_corrected", "draw", draw.id, what=what)
            await self.parties.notify(draw, "corrected", by=actor.account_id, occasion=str(now.timestamp()))

    def _changed_fields(self, call_notice: CallNotice, form: CallNoticeForm) -> set[str]:
        """Names of the form's fields that differ from the notice."""
        present_form = self._stored_form(call_notice)
        return {
            name
            for name in CallNoticeForm.__dataclass_fields__
            if getattr(present_form, name)
            != (value.strip() if isinstance(value := getattr(form, name), str) else value)
        }

    def _stored_form(self, call_notice: CallNotice) -> CallNoticeForm:
        return CallNoticeForm(
            call_notice.venue,
            call_notice.address,
            call_notice.gathering_at,
            call_notice.contact,
            self.deps.keys.read(call_notice.contact_phone_sealed, PHONE),
            call_notice.room,
            call_notice.remark,
        )

    async def remove_call_notice(self, actor: Actor, draw_id: UUID, notice_id: UUID) -> None:
        async with transaction():
            locked = await lock_editable(actor, draw_id)
            if any(c.notice_id == notice_id for c in locked.conditions):
                raise Conflict("该语音通知已关联抽取条件，请先删除条件。", code="notice_in_use")
            await (await get_call_notice(draw_id, notice_id)).delete()
            await _renumber(await CallNotice.filter(draw_id=draw_id).order_by("position"))
            await self._note_first_gathering(locked.draw)

    async def _check_place(self, draw: Draw, form: CallNoticeForm) -> None:
        """Checks the place by the kind of draw. On site, it is one of the pool's venues, found by name by staff,
        check-in and messages. Off site, the contact is the owner's supervisor, never the person who draws.

        Raises InvalidInput, RuleViolation.
        """
        book = self.deps.book(draw.pool)
        if draw.on_site:
            check_venue(form.venue, book)
        elif book.draw.notice.contact_apart:
            await self._check_contact(draw, form.contact, form.contact_phone)

    async def _check_contact(self, draw: Draw, contact: str, phone: str) -> None:
        """Neither name nor phone may be that of the operator or of the agent who set the draw up. Raises
        RuleViolation."""
        agent, keys = await Account.get(id=draw.agent_id), self.deps.keys
        names = {name_key(name) for name in (draw.operator_name, agent.real_name)}
        phones = {
            digits_of(keys.read(draw.operator_phone_sealed, PHONE)),
            digits_of(keys.read(agent.mobile_sealed, "mobile")),
        }
        mobiles = {number for number in phones if is_mobile(number)}  # a switchboard may serve both
        faults = Faults()
        for is_same, field, word in (
            (name_key(contact) in names, "contact", "联系人"),
            (any(mobile in digits_of(phone) for mobile in mobiles), "contact_phone", "联系方式"),
        ):
            if is_same:
                message = f"非进场项目的{word}请填写项目业主监督人的，不能填经办人本人的。"
                faults.add(violation(self.deps.book(draw.pool), "draw.notice.contact_apart", message, field=field))
        faults.raise_any()

    async def _note_first_gathering(self, draw: Draw) -> None:
        times = [n.gathering_at for n in await CallNotice.filter(draw_id=draw.id)]
        draw.gathering_first = min(times, default=None)
        await draw.save(update_fields=["gathering_first"])

    # ---- conditions

    async def add_condition(self, actor: Actor, draw_id: UUID, form: ConditionForm, *, key: str | None = None) -> UUID:
        """Repeated with one ``key``, it is created once."""

        async def run() -> UUID:
            locked = await lock_editable(actor, draw_id)
            book = self.deps.book(actor.pool)
            check_conditions_changeable(locked.draw)
            await self._check_condition(locked, form, self._remaining_places(locked))
            if len(locked.conditions) >= book.draw.conditions_max:
                raise violation(book, "draw.conditions_max", f"抽取条件最多{book.draw.conditions_max}个。")
            call_notice = await get_call_notice(draw_id, form.notice_id)
            position = max((c.position for c in locked.conditions), default=0) + 1
            condition = Condition(draw_id=draw_id, position=position)
            fill_condition(condition, form, call_notice)
            await condition.save()
            return condition.id

        owner = f"condition.add:{actor.account_id}"
        return await once(owner=owner, key=key, deps=self.deps, answer=UUID, run=run, request=f"{draw_id} {form!r}")

    async def edit_condition(
        self,
        actor: Actor,
        draw_id: UUID,
        condition_id: UUID,
        form: ConditionForm,
        *,
        version: str = "",
        key: str | None = None,
    ) -> None:
        """``version``: the version that the form was filled from. Raises Conflict, InvalidInput, RuleViolation."""

        async def run() -> UUID:
            locked = await lock_editable(actor, draw_id)
            check_conditions_changeable(locked.draw)
            condition = locked.get_condition(condition_id)
            check_version(version, part_version(condition))
            await self._check_condition(locked, form, self._remaining_places(locked) + condition.planned)
            fill_condition(condition, form, await get_call_notice(draw_id, form.notice_id))
            await condition.save()
            return condition.id

        owner, request = f"condition.edit:{actor.account_id}", f"{condition_id} {form!r}"
        await once(owner=owner, key=key, deps=self.deps, answer=UUID, run=run, request=request)

    async def _check_condition(self, locked: Locked, form: ConditionForm, remaining: int) -> None:
        """Raises InvalidInput, RuleViolation."""
        pool, faults = locked.draw.pool, Faults()
        book = self.deps.book(pool)
        faults.check(check_condition_form, form, book, remaining)
        faults.check(check_emergency, form.emergency, locked.draw.starts_at, self.deps.now(), book)
        with faults.part():
            await check_codes(pool, form, local(self.deps.now()).date())
        faults.raise_any()

    async def remove_condition(self, actor: Actor, draw_id: UUID, condition_id: UUID) -> None:
        async with transaction():
            locked = await lock_editable(actor, draw_id)
            check_conditions_changeable(locked.draw)
            await locked.get_condition(condition_id).delete()
            await _renumber([c for c in locked.conditions if c.id != condition_id])

    def _remaining_places(self, locked: Locked) -> int:
        return locked.draw.needed - sum(c.planned for c in locked.conditions)


async def check_codes(pool: str, form: ConditionForm, on: date) -> None:
    """Raises InvalidInput for a field with a code that no catalogue offers on this day."""
    wanted, faults = _codes_of(form), Faults()
    levels = CatalogueEntry.filter(pool__in=["", pool], kind="title_level", code=form.title_level)
    if form.title_level and await levels.exclude(parent="").exists():
        faults.add(InvalidInput("请选择职称等级（如正高级），不能选具体职称。", field="title_level"))
    for field, (kind, codes) in wanted.items():
        known = await CatalogueEntry.filter(pool__in=["", pool], kind=kind, code__in=list(codes)).values_list(
            "code", flat=True
        )
        if unknown := sorted(set(codes) - set(known)):
            faults.add(InvalidInput(f"目录中没有“{unknown[0]}”，请重新选择。", field=field))
    for field, entry in await _entries_out_of_force(pool, form, on):
        message = f"“{entry.name}”（{entry.code}）现在不能用于抽取，请从列表中重新选择。"
        faults.add(InvalidInput(message, code="code_ended", field=field))
    faults.raise_any()


async def check_in_force(pool: str, conditions: Iterable[Condition], on: date) -> None:
    """Raises InvalidInput for a condition with a code that has been ended since the condition was set."""
    for condition in conditions:
        for _, entry in await _entries_out_of_force(pool, condition, on):
            message = f"条件{condition.position}的“{entry.name}”（{entry.code}）现在不能用于抽取，请修改这个条件。"
            raise InvalidInput(message, code="code_ended", field="conditions")


def _codes_of(form: ConditionForm | Condition) -> dict[str, tuple[str, tuple[str, ...]]]:
    """Kind and codes by field."""
    kinds = {"alternative": "specialty"}
    wanted: dict[str, tuple[str, tuple[str, ...]]] = {"regions": ("region", tuple(form.regions))}
    for name in ("specialty", "alternative", "title_level", "qualification", "department"):
        code: str = getattr(form, name)
        wanted[name] = kinds.get(name, name), (code,) if code else ()
    return wanted


async def _entries_out_of_force(
    pool: str, form: ConditionForm | Condition, on: date
) -> list[tuple[str, CatalogueEntry]]:
    """Entries that the catalogue does not offer on this day, with the field that names them."""
    wanted = _codes_of(form)
    named = sorted({code for _, codes in wanted.values() for code in codes})
    dated = CatalogueEntry.filter(Q(ends_on__lte=on) | Q(starts_on__gt=on), pool__in=["", pool], code__in=named)
    entries = {(entry.kind, entry.code): entry for entry in await dated}
    places = ((field, kind, code) for field, (kind, codes) in wanted.items() for code in codes)
    return [(field, entries[kind, code]) for field, kind, code in places if (kind, code) in entries]


async def _renumber(parts: Iterable[CallNotice | Condition]) -> None:
    """Renumber without gaps, in the same order; only before a record contains the numbers."""
    for position, part in enumerate(parts, start=1):
        part.position = position
        await part.save(update_fields=["position"])


def digits_of(phone: str) -> str:
    """For comparing numbers in different spellings; without the country code."""
    digits = "".join(character for character in half_width(phone) if character.isdecimal())
    return digits.removeprefix("86") if len(digits) > 11 else digits


async def get_call_notice(draw_id: UUID, notice_id: UUID | None) -> CallNotice:
    call_notice = await CallNotice.get_or_none(id=notice_id, draw_id=draw_id)
    if call_notice is None:
        raise NotFound("找不到这条语音通知，请刷新后重试。")
    return call_notice


def _fill_call_notice(call_notice: CallNotice, form: CallNoticeForm, at: datetime, deps: Deps) -> None:
    call_notice.venue, call_notice.address, call_notice.room = (
        form.venue.strip(),
        form.address.strip(),
        form.room.strip(),
    )
    call_notice.gathering_at, call_notice.remark = at, form.remark.strip()
    call_notice.contact = form.contact.strip()
    call_notice.contact_phone_sealed = deps.keys.seal(form.contact_phone.strip(), PHONE)


def fill_condition(condition: Condition, form: ConditionForm, call_notice: CallNotice) -> None:
    condition.notice_id, condition.region_mode = call_notice.id, form.region_mode
    condition.regions = list(form.regions)
    condition.specialty, condition.alternative = form.specialty, form.alternative
    condition.title_level, condition.qualification = form.title_level, form.qualification
    condition.department, condition.emergency = form.department, form.emergency
    condition.planned = condition.needed = form.planned
