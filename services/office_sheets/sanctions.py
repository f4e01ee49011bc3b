"""Acts against many experts by a sheet (批量处理): suspension, its end, warning, removal."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, ClassVar
from uuid import UUID

from domain.errors import Conflict, InvalidInput
from domain.experts.lifecycles import SanctionKind, SanctionState
from domain.experts.sanctions import period_words
from domain.faults import Faults
from models.sanctions import Sanction
from services.core.base import Actor, Deps
from services.core.sql_values import SqlValues
from services.office_sheets.acts import ConfirmedSheet, Kind, Refusal, SheetAct, SheetTerms, Target
from services.sanctions import SanctionForm, Sanctions, Terms, check_reason, read_terms

ACTS: Mapping[str, str] = {"suspension": "暂停抽取", "lift": "恢复抽取", "warning": "警告", "removal": "退库"}
_TIMED = (SanctionKind.SUSPENSION, SanctionKind.WARNING)
_FACTS = """
  EXISTS (SELECT FROM sanction s WHERE s.expert_id = e.id AND s.kind = {act} AND s.state = 'proposed') AS proposed,
  EXISTS (SELECT FROM sanction s WHERE s.expert_id = e.id AND s.kind = 'suspension' AND s.state = 'imposed'
    AND (s.ends_at IS NULL OR s.ends_at > {begin}) AND ({end}::timestamptz IS NULL OR s.starts_at < {end})) AS suspended
"""


@dataclass(frozen=True)
class SanctionDetails:
    period: str
    """When it holds, in Chinese; empty for what takes no time."""


@dataclass(frozen=True)
class SanctionAct(SheetAct[SanctionForm, SanctionDetails]):
    """``kind`` of the form, stored as ``act``: a key of ``ACTS``."""

    deps: Deps
    imposing: Sanctions

    kind: ClassVar[Kind] = "sanctions"
    sheet_title = "名单"
    own_refusal = "不能办理对自己的处理"

    def read_form(self, form: SanctionForm, now: datetime) -> SheetTerms:
        if form.kind in _TIMED:
            return _to_stored(form.kind, read_terms(form, now))
        faults = Faults()
        if form.kind not in ACTS:
            faults.add(InvalidInput("请选择要办理的处理。", code="no_choice", field="kind"))
        elif form.starts_on or form.ends_on:
            faults.add(InvalidInput("恢复抽取和退库立即生效，请不要填写日期。", code="no_days", field="starts_on"))
        reason = faults.check(check_reason, form.reason)
        faults.raise_any()
        withdraws_calls = form.kind == SanctionKind.REMOVAL
        return _to_stored(form.kind, Terms(_kind_of(form.kind), str(reason), withdraws_calls=withdraws_calls))

    def name_of(self, terms: SheetTerms) -> str:
        return ACTS[terms["act"]]

    def needs_second_person(self, pool: str, terms: SheetTerms) -> bool:
        return terms["act"] in self.deps.book(pool).sanctions.second_person

    def write_facts(self, terms: SheetTerms, now: datetime, values: SqlValues) -> str:
        """Suspended: in the time of the act."""
        given = _from_stored(terms)
        begin = max(given.starts_at or now, now)
        return _FACTS.format(act=values.add(terms["act"]), begin=values.add(begin), end=values.add(given.ends_at))

    def refuse(self, terms: SheetTerms, value: str, expert: Mapping[str, Any], now: datetime) -> Refusal | None:
        if expert["proposed"]:
            return Refusal("已有一项同样的处理待确认")
        if terms["act"] == SanctionKind.SUSPENSION and expert["suspended"]:
            return Refusal("该专家在这段时间已暂停抽取")
        if terms["act"] == "lift" and not expert["suspended"]:
            return Refusal("该专家没有被管理机构暂停抽取")
        return None

    async def carry_out(self, sheet: ConfirmedSheet, target: Target, now: datetime) -> None:
        if sheet.terms["act"] == "lift":
            await self._lift(sheet.confirmer, target.expert_id, sheet.terms["reason"], now)
        else:
            terms = _from_stored(sheet.terms)
            await self.imposing.impose_confirmed(sheet.proposer, sheet.confirmer, target.expert_id, terms)

    async def _lift(self, actor: Actor, expert_id: UUID, reason: str, now: datetime) -> None:
        """The suspension in force, or else the next one."""
        kind = SanctionKind.SUSPENSION
        imposed = Sanction.filter(expert_id=expert_id, kind=kind, state=SanctionState.IMPOSED).order_by("starts_at")
        for sanction in await imposed:
            if sanction.ends_at is None or sanction.ends_at > now:
                await self.imposing.lift(actor, sanction.id, reason)
                return
        raise Conflict("该专家没有被管理机构暂停抽取。", code="not_suspended")

    async def describe(self, terms: SheetTerms, targets: Sequence[Target]) -> SanctionDetails:
        given = _from_stored(terms)
        return SanctionDetails(period_words(given.starts_at, given.ends_at) if terms["act"] in _TIMED else "")


def _kind_of(act: str) -> SanctionKind:
    """The kind that an act imposes, or ends."""
    return SanctionKind.SUSPENSION if act == "lift" else SanctionKind(act)


def _to_stored(act: str, terms: Terms) -> SheetTerms:
    return {
        "act": act,
        "reason": terms.reason,
        "starts_at": terms.starts_at.isoformat() if terms.starts_at else None,
        "ends_at": terms.ends_at.isoformat() if terms.ends_at else None,
        "withdraws_calls": terms.withdraws_calls,
    }


def _from_stored(terms: SheetTerms) -> Terms:
    begin, end = (datetime.fromisoformat(terms[name]) if terms[name] else None for name in ("starts_at", "ends_at"))
    return Terms(_kind_of(terms["act"]), terms["reason"], begin, end, terms["withdraws_calls"])
