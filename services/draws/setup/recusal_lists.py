"""Recusal units and persons (回避单位、回避人员) of a draw being set up, with reason and evidence."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from domain.draws.recusal_keys import normalise_credit_code, normalise_unit_name, unit_keys
from domain.errors import Conflict, InvalidInput, NotFound
from domain.faults import Faults
from domain.parsing import credit_code, id_number
from domain.person_names import is_same_name, person_name
from domain.rulebook.sections import DrawRules
from models.draws import Draw, RecusalPerson, RecusalUnit
from models.projects import Project
from services.core.base import Actor, Deps, transaction, violation
from services.draws.locks import lock_editable
from services.draws.recall_rules import check_recusals_changeable


@dataclass(frozen=True)
class RecusalLists:
    deps: Deps

    async def check_editable(self, actor: Actor, draw_id: UUID) -> None:
        """Raises NotFound for another agency's draw, Conflict for one whose lists can't be changed."""
        async with transaction():
            await _lock_lists(actor, draw_id)

    async def add_unit(self, actor: Actor, draw_id: UUID, name: str, code: str, reason: str, evidence: str) -> UUID:
        """Raises InvalidInput, also for a unit already in the list; RuleViolation when there are too many."""
        async with transaction():
            await _lock_lists(actor, draw_id)
            rules, faults, checked = self.deps.book(actor.pool).draw, Faults(), ""
            if not name.strip():
                faults.add(InvalidInput("请填写单位名称。", field="name"))
            with faults.part("credit_code"):
                checked = credit_code(code) if code.strip() else ""
            _check_choices(reason, evidence, rules, faults)
            faults.raise_any()
            listed = await RecusalUnit.filter(draw_id=draw_id)
            if len(listed) >= rules.recusal_units_max:
                raise violation(
                    self.deps.book(actor.pool), "draw.recusal_units_max", f"回避单位最多{rules.recusal_units_max}家。"
                )
            if any(_same_unit(name, checked, other) for other in listed):
                raise InvalidInput(f"回避单位“{name.strip()}”已在名单中，不用重复添加。", code="repeated", field="name")
            unit = await RecusalUnit.create(
                draw_id=draw_id,
                name=name.strip(),
                credit_code=checked,
                reason=reason,
                evidence=evidence,
            )
            return unit.id

    async def remove_unit(self, actor: Actor, draw_id: UUID, unit_id: UUID) -> None:
        async with transaction():
            await _lock_lists(actor, draw_id)
            unit = await RecusalUnit.get_or_none(id=unit_id, draw_id=draw_id)
            if unit is None:
                raise NotFound("找不到这个回避单位，请刷新后重试。")
            if unit.fixed:
                raise Conflict("招标人和代理机构默认回避，不能删除。", code="fixed_recusal")
            await unit.delete()

    async def add_person(
        self, actor: Actor, draw_id: UUID, name: str, number: str, unit_name: str, reason: str, evidence: str
    ) -> UUID:
        """By ID number, else by name and unit. Raises InvalidInput for a bare name or a repetition, RuleViolation."""
        async with transaction():
            await _lock_lists(actor, draw_id)
            rules, faults, hashed = self.deps.book(actor.pool).draw, Faults(), ""
            if not name.strip():
                faults.add(InvalidInput("请填写回避人员姓名。", field="name"))
            else:
                name = faults.check(person_name, name, field="name") or name
            if not number.strip() and not unit_keys(unit_name):
                message = "请填写身份证号；不清楚时请填写其工作单位，只有姓名不能回避。"
                faults.add(InvalidInput(message, field="id_number"))
            with faults.part("id_number"):
                hashed = self.deps.keys.lookup_hash("id_number", id_number(number)) if number.strip() else ""
            _check_choices(reason, evidence, rules, faults)
            faults.raise_any()
            listed = await RecusalPerson.filter(draw_id=draw_id)
            if len(listed) >= rules.recusal_persons_max:
                raise violation(
                    self.deps.book(actor.pool),
                    "draw.recusal_persons_max",
                    f"回避人员最多{rules.recusal_persons_max}人；同一单位的人员请改为添加回避单位。",
                )
            person = RecusalPerson(
                draw_id=draw_id,
                name=name,
                id_number_hash=hashed,
                unit_name=unit_name.strip(),
                reason=reason,
                evidence=evidence,
            )
            if any(_same_person(person, other) for other in listed):
                raise InvalidInput(f"回避人员“{name}”已在名单中，不用重复添加。", code="repeated", field="name")
            await person.save()
            return person.id

    async def remove_person(self, actor: Actor, draw_id: UUID, person_id: UUID) -> None:
        async with transaction():
            await _lock_lists(actor, draw_id)
            if not await RecusalPerson.filter(id=person_id, draw_id=draw_id).delete():
                raise NotFound("找不到这个回避人员，请刷新后重试。")


async def _lock_lists(actor: Actor, draw_id: UUID) -> None:
    check_recusals_changeable((await lock_editable(actor, draw_id)).draw)


async def recuse_parties(draw: Draw, project: Project) -> None:
    """Recuse tenderee and agency automatically."""
    parties = [(project.tenderee_name, project.tenderee_code, "项目业主")]
    if project.agency_name:
        parties.append((project.agency_name, project.agency_code, "代理机构"))
    for name, code, reason in parties:
        await RecusalUnit.create(draw_id=draw.id, name=name, credit_code=code, reason=reason, fixed=True)


def _same_unit(name: str, code: str, other: RecusalUnit) -> bool:
    same_code = bool(code) and normalise_credit_code(code) == normalise_credit_code(other.credit_code)
    return same_code or normalise_unit_name(name) == normalise_unit_name(other.name)


def _same_person(person: RecusalPerson, other: RecusalPerson) -> bool:
    if person.id_number_hash and other.id_number_hash:
        return person.id_number_hash == other.id_number_hash
    same_name = is_same_name(person.name, other.name)
    return same_name and set(unit_keys(person.unit_name)) == set(unit_keys(other.unit_name))


def _check_choices(reason: str, evidence: str, rules: DrawRules, faults: Faults) -> None:
    for field, label, given, offered in (
        ("reason", "回避原因", reason, rules.recusal_reasons),
        ("evidence", "回避依据", evidence, rules.recusal_evidence),
    ):
        if given not in offered:
            faults.add(InvalidInput(f"{label}请从列表中选择：{'、'.join(offered)}。", field=field))
