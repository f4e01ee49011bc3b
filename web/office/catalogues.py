"""Catalogues (目录): entries by level with their days of effect, and the successors of an ended code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date
from typing import Annotated

from domain.clock import local
from services.office import KIND_NAMES
from web.core.pages import Redirect, Visit, page
from web.core.typed_forms import Codes, Day
from web.office.base import OfficePart

_NAMES: Mapping[str, str] = {str(kind): name for kind, name in KIND_NAMES.items()}
STATES = {"coming": "未生效", "in_force": "", "ended": "已停用"}


@dataclass(frozen=True)
class _Entry:
    code: str
    name: str
    starts_on: Annotated[date | None, Day("生效日期")]
    reason: str


@dataclass(frozen=True)
class _End:
    ends_on: Annotated[date | None, Day("停用日期")]
    reason: str


@dataclass(frozen=True)
class _Reason:
    reason: str


@dataclass(frozen=True)
class _Mapping:
    successors: Annotated[tuple[str, ...], Codes()]
    reason: str
    previewed: str


class OfficeCataloguePages(OfficePart):
    code = "catalogues"
    action = "catalogue.manage"

    @page("/office/catalogues", "office/catalogue_kinds.html")
    async def kinds(self, visit: Visit) -> Mapping[str, object]:
        return {"kinds": KIND_NAMES}

    @page("/office/catalogues/{kind}", "office/catalogue.html", keep=("parent", "q"))
    async def level(self, visit: Visit) -> Mapping[str, object]:
        """One level, below ``parent``, or what the word ``q`` finds."""
        kind, parent, word = visit.request.match_info["kind"], visit.query("parent", 32), visit.query("q", 50)
        upkeep = self.services.office.catalogue_upkeep
        return {
            "kind": kind,
            "entries": await upkeep.level(visit.actor, kind, parent, word),
            "kind_name": _NAMES.get(kind, ""),
            "above": await upkeep.get(visit.actor, kind, parent) if parent else None,
            "word": word,
            "states": STATES,
        }

    @level.command(_Entry, "add", note="已添加，到生效日期自动可以选择。")
    async def add(self, visit: Visit, form: _Entry) -> Redirect:
        """The level opens on which the new entry stands."""
        kind = visit.request.match_info["kind"]
        entry = await self.services.office.catalogue_upkeep.add(
            visit.actor, kind, form.code, form.name, form.starts_on, reason=form.reason
        )
        return Redirect(f"/office/catalogues/{kind}?parent={entry.parent}")

    # ---- one entry

    @page("/office/catalogues/{kind}/{code}", "office/catalogue_entry.html")
    async def entry(self, visit: Visit) -> Mapping[str, object]:
        kind, code = self._place(visit)
        return {
            "kind": kind,
            "kind_name": _NAMES.get(kind, ""),
            "page": await self.services.office.catalogue_upkeep.get(visit.actor, kind, code),
            "path": f"/office/catalogues/{kind}/{code}",
            "states": STATES,
            "preview": None,
        }

    @entry.command(_End, "end", note="已保存停用日期。")
    async def end(self, visit: Visit, form: _End) -> None:
        kind, code = self._place(visit)
        ends_on = form.ends_on or local(self.services.deps.now()).date()
        await self.services.office.catalogue_upkeep.end(visit.actor, kind, code, ends_on, reason=form.reason)

    @entry.command(_Reason, "keep", note="已取消停用。")
    async def keep(self, visit: Visit, form: _Reason) -> None:
        kind, code = self._place(visit)
        await self.services.office.catalogue_upkeep.end(visit.actor, kind, code, None, reason=form.reason)

    @entry.command(_Mapping, "preview")
    async def preview(self, visit: Visit, form: _Mapping) -> Mapping[str, object]:
        return {"preview": await self._preview(visit, form)}

    @entry.command(_Mapping, "map", note="已开始对应，完成后这里显示更新了多少份档案。")
    async def map(self, visit: Visit, form: _Mapping) -> Redirect | Mapping[str, object]:
        """Only what the preview showed is carried out."""
        kind, code = self._place(visit)
        if form.previewed != ",".join(form.successors):
            return {"preview": await self._preview(visit, form)}
        await self.services.office.catalogue_upkeep.map(
            visit.actor, kind, code, form.successors, reason=form.reason, key=visit.key
        )
        return Redirect()

    async def _preview(self, visit: Visit, form: _Mapping) -> object:
        kind, code = self._place(visit)
        return await self.services.office.catalogue_upkeep.preview_mapping(visit.actor, kind, code, form.successors)

    def _place(self, visit: Visit) -> tuple[str, str]:
        return visit.request.match_info["kind"], visit.request.match_info["code"]
