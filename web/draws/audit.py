"""``/draws/{draw_id}/audit``: the reasons of a draw judged again (稽核), and the expert behind a leaf of its record."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import dataclass

from domain.errors import InvalidInput
from services.core.permissions import check, may
from web.core.pages import Visit, page
from web.core.site import ON_PAGE
from web.draws.base import DrawPages

_LEAF = re.compile(r"[0-9a-f]{64}")
VERDICTS = {"holds": ("good", "属实"), "wrong": ("bad", "不符"), "unknown": ("warn", "无法复核")}


@dataclass(frozen=True)
class _Leaf:
    leaf: str

    @property
    def clean(self) -> str:
        return self.leaf.strip().lower()[:64]


class AuditPages(DrawPages):
    form_name = "audit"
    on_page = ON_PAGE | {404}

    @page("/draws/{draw_id}/audit", "draws/audit.html")
    async def audit(self, visit: Visit) -> Mapping[str, object]:
        draw = await self.draw(visit)
        check(visit.actor, "draw.audit")
        return {
            "width": "middle",
            "draw": draw,
            "report": None,
            "verdicts": VERDICTS,
            "opened": None,
            "leaf": _Leaf(visit.form.value("leaf")).clean,
            "may_open": may(visit.actor, "draw.open_leaf"),
        }

    @audit.command(name="audit")
    async def judge_again(self, visit: Visit) -> Mapping[str, object]:
        """Judge all reasons again, which is logged."""
        draw = await self.draw(visit)
        check(visit.actor, "draw.audit")
        return {"report": await self.services.draws.audits.run(visit.actor, draw.id)}

    @audit.command(_Leaf, "open")
    async def open_leaf(self, visit: Visit, form: _Leaf) -> Mapping[str, object]:
        """Show the expert of a leaf, which is logged."""
        draw = await self.draw(visit)
        check(visit.actor, "draw.audit")
        if not _LEAF.fullmatch(form.clean):
            raise InvalidInput("请输入抽取记录中的64位编号。", code="bad_leaf", field="leaf")
        return {"opened": await self.services.draws.public_records.open_leaf(visit.actor, draw.id, form.clean)}
