"""The pool's experts: expiring terms and ages, and removal from the pool."""

from __future__ import annotations

from collections.abc import Mapping
from typing import cast

from services.office import REASON_MAX, Only
from web.core.pages import Choice, Listed, Visit, Wanted, Word, list_page
from web.core.typed_forms import ReasonForm
from web.office.base import OfficePart

ONLY: Mapping[str, str] = {"in_pool": "在库", "ending": "即将到期", "over": "已到期", "left": "已退库"}


class ExpertPages(OfficePart):
    code = "experts"
    action = "expert.read"

    @list_page("/office/experts", "office/experts.html", keep=("q",), only=Choice(ONLY, "in_pool"), q=Word(50))
    async def experts(self, visit: Visit, wanted: Wanted) -> Listed:
        """``q``: a number or the beginning of a name."""
        experts, only, search = self.services.office.experts, cast(Only, wanted["only"]), wanted["q"]
        listed = await experts.page(visit.actor, only, search, page=wanted.page, size=wanted.size)
        entry = self.book(visit.actor).entry
        rules = {"age_max": entry.age_max, "days": entry.ending_notice.days, "longest": REASON_MAX}
        return Listed(listed, {"options": ONLY, "search": search, **rules})

    @experts.command(ReasonForm, note="已办理退库，并通知了本人。")
    async def remove_from_pool(self, visit: Visit, form: ReasonForm) -> None:
        await self.services.office.experts.remove_from_pool(
            visit.actor, visit.row_id("这位专家"), form.reason, key=visit.key
        )
