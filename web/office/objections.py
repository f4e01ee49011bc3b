"""Objections against public notices (异议), and persons on public notice now."""

from __future__ import annotations

from dataclasses import dataclass
from typing import cast

from services.entry import ANSWER_MAX, Outcome
from web.core.pages import Choice, Listed, Visit, Wanted, Word, list_page
from web.office.base import OfficePart

STATES = {"open": "待处理", "dismissed": "不成立", "upheld": "成立", "lapsed": "申请已放弃"}
OUTCOMES = {"dismiss": "异议不成立", "send_back": "成立，退回修改", "refuse": "成立，不予入库"}


@dataclass(frozen=True)
class _Decision:
    outcome: str
    answer: str


class ObjectionPages(OfficePart):
    code = "objections"
    action = "objection.decide"

    @list_page("/office/objections", "office/objections.html", state=Choice(STATES, "open"))
    async def objections(self, visit: Visit, wanted: Wanted) -> Listed:
        queries = self.services.entry.objection_queries
        listed = await queries.page(visit.actor, state=wanted["state"], **wanted.window)
        return Listed(listed, {"states": STATES, "outcomes": OUTCOMES, "longest": ANSWER_MAX})

    @objections.command(_Decision, note="已处理，并通知了异议人。")
    async def decide(self, visit: Visit, form: _Decision) -> None:
        outcome = cast(Outcome, form.outcome)
        await self.services.entry.objections.decide(
            visit.actor, visit.row_id("这条异议"), outcome, form.answer, key=visit.key
        )

    @list_page("/office/notices", "office/notices.html", q=Word(50))
    async def notices(self, visit: Visit, wanted: Wanted) -> Listed:
        """Persons on public notice; ``q`` is part of a name."""
        listed = await self.services.entry.public_notices.page(visit.actor.pool, wanted["q"], **wanted.window)
        return Listed(listed, {"search": wanted["q"]})
