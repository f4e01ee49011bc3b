"""Longer terms (聘期) of many experts by a sheet."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Any, ClassVar

from domain.clock import print_date
from domain.errors import Conflict
from domain.experts.correctable import TERM, end_of_day
from domain.experts.file import FileChange, FileSource
from models.experts import Expert
from services.core.base import Deps, record
from services.core.sql_values import SqlValues
from services.expert_files import change_file, lock_file
from services.notifications import Notices
from services.office_sheets.acts import ConfirmedSheet, Kind, Refusal, SheetAct, SheetTerms, Target
from services.sanctions import check_reason
from services.spreadsheets.cells import BadCell, Cells
from services.spreadsheets.formats import Column

LONGEST = timedelta(days=3660)
"""Terms are of a few years: what ends later was typed wrong."""
_DAY = re.compile(r"(\d{4})[-/.年](\d{1,2})[-/.月](\d{1,2})日?", re.ASCII)


@dataclass(frozen=True)
class TermForm:
    reason: str


@dataclass(frozen=True)
class TermLine:
    """A person of a sheet: the last day of the longer term, and of the present one, None for none by now."""

    number: str
    name: str
    until: datetime
    former: datetime | None


@dataclass(frozen=True)
class TermDetails:
    lines: tuple[TermLine, ...]
    """The first persons."""


@dataclass(frozen=True)
class TermAct(SheetAct[TermForm, TermDetails]):
    """``Target.value`` is the last second of the term."""

    deps: Deps
    notices: Notices

    kind: ClassVar[Kind] = "terms"
    sheet_title = "聘期"
    own_columns = (Column("until", "聘期至", True, "延长后聘期的最后一天，如 2029-03-01", "2029-03-01"),)
    own_refusal = "不能延长自己的聘期，请由其他管理员办理"

    def read_form(self, form: TermForm, now: datetime) -> SheetTerms:
        return {"reason": check_reason(form.reason)}

    def name_of(self, terms: SheetTerms) -> str:
        return "延长聘期"

    def read_value(self, cells: Cells) -> str:
        return cells.get("until", _last_moment, "")

    def write_facts(self, terms: SheetTerms, now: datetime, values: SqlValues) -> str:
        return "e.term_until, e.membership_status"

    def refuse(self, terms: SheetTerms, value: str, expert: Mapping[str, Any], now: datetime) -> Refusal | None:
        if expert["membership_status"] != "formal":
            return Refusal("临时专家没有聘期")
        refusal = check_term(datetime.fromisoformat(value), expert["term_until"], now)
        return Refusal(refusal, "until") if refusal else None

    async def carry_out(self, sheet: ConfirmedSheet, target: Target, now: datetime) -> None:
        until = datetime.fromisoformat(target.value)
        expert = await lock_file(target.expert_id)
        if expert is None or expert.left_at is not None:
            raise Conflict("该专家已退库。", code="already_left")
        if refusal := check_term(until, expert.term_until, now):
            raise Conflict(f"{refusal}。", code="term_moved")
        office, reason = sheet.confirmer, sheet.terms["reason"]
        change = FileChange(now, FileSource.OFFICE, {TERM: target.value}, sheet.id, office.account_id)
        await change_file(self.deps, expert, change)
        facts = {"sheet": str(sheet.id), "until": target.value, "reason": reason}
        await record(office, now, "expert.term", "expert", expert.id, **facts)
        await self.notices.notify(
            pool=sheet.pool,
            kind="term_extended",
            expert_id=expert.id,
            dedupe_key=f"term_extended:{sheet.id}:{expert.id}",
            params={"until": print_date(until), "reason": reason},
        )

    async def describe(self, terms: SheetTerms, targets: Sequence[Target]) -> TermDetails:
        ids = [target.expert_id for target in targets]
        experts = {expert.id: expert for expert in await Expert.filter(id__in=ids)}
        known = ((experts[target.expert_id], target) for target in targets if target.expert_id in experts)
        return TermDetails(
            tuple(
                TermLine(expert.number, expert.name, datetime.fromisoformat(target.value), expert.term_until)
                for expert, target in known
            )
        )


def check_term(until: datetime, present: datetime | None, now: datetime) -> str:
    """Why a term can't last until then; empty: it can."""
    if until <= now:
        return "聘期的最后一天应晚于今天"
    if until > now + LONGEST:
        return "聘期超过10年，请核对年份"
    if present is None:
        return "现在的聘期没有截止日期，不用延长；要登记截止日期的，请在“更正”中办理"
    if until <= present:
        return f"现在的聘期至{print_date(present)}，延长后应晚于它"
    return ""


def _last_moment(text: str) -> str:
    """Of the day, as stored."""
    match = _DAY.fullmatch(text.partition(" ")[0])
    if match is None:
        raise BadCell("不是有效的日期，请填写如2029-03-01")
    try:
        day = date(int(match[1]), int(match[2]), int(match[3]))
    except ValueError as error:
        raise BadCell("不是有效的日期，请填写如2029-03-01") from error
    return end_of_day(day.isoformat())
