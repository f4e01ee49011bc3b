"""Material for download (资料下载): files that the office offers, with category, order and time."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import aiohttp.web as http

from domain.faults import Faults
from services.core.base import Actor
from services.files import MaterialData, MaterialView
from web.core.form_values import moment, print_moment
from web.core.pages import Visit, page, resource
from web.core.typed_forms import Whole
from web.files.materials import KINDS, send
from web.office.base import OfficePart

AUDIENCES = (("everybody", "所有人"), ("applicants", "登录后的申请人和专家"))
STATES = {"shown": "", "coming": "未开始", "over": "已结束"}
_MATERIAL = "这份资料"


@dataclass(frozen=True)
class _Material:
    """Texts as typed; ``data`` keeps seconds of stored times that the inputs don't show."""

    title: str
    category: str
    note: str
    audience: str
    position: Annotated[int, Whole("排序号请填写数字，小的在前。", empty=0)]
    shown_from: str
    shown_until: str

    def data(self, stored: MaterialView | None = None) -> MaterialData:
        """Raises InvalidInput with the faults of both times."""
        faults, begin, end = Faults(), stored.shown_from if stored else None, stored.shown_until if stored else None
        shown_from = faults.check(moment, self.shown_from, "shown_from", "开始时间", begin)
        shown_until = faults.check(moment, self.shown_until, "shown_until", "结束时间", end)
        faults.raise_any()
        return MaterialData(
            title=self.title,
            category=self.category,
            note=self.note,
            audience="applicants" if self.audience == "applicants" else "everybody",
            position=self.position,
            shown_from=shown_from,
            shown_until=shown_until,
        )


class OfficeMaterialPages(OfficePart):
    code = "materials"
    action = "material.manage"

    @page("/office/materials", "office/materials.html")
    async def materials(self, visit: Visit) -> Mapping[str, object]:
        rules = self.book(visit.actor).help.materials
        materials = await self.services.files.material_queries.list_all(visit.actor)
        return {
            "materials": materials,
            "rules": rules,
            "kinds": KINDS,
            "categories": [(name, name) for name in rules.categories],
            "audiences": AUDIENCES,
            "states": STATES,
            "typed": {str(material.id): _stored_values(material) for material in materials},
            "public": f"/h5/{visit.actor.pool}/materials",
        }

    def _longest(self, actor: Actor) -> int:
        return self.book(actor).help.materials.size_max

    @materials.command(_Material, "add", upload=_longest, note="资料已添加。")
    async def add(self, visit: Visit, form: _Material) -> None:
        await self.services.files.materials.add(visit.actor, form.data(), visit.file, key=visit.key)

    @materials.command(_Material, "edit", upload=_longest, note="已保存。")
    async def edit(self, visit: Visit, form: _Material) -> None:
        """Without a file the present one stays."""
        material_id = visit.row_id(_MATERIAL)
        materials = await self.services.files.material_queries.list_all(visit.actor)
        stored = next((material for material in materials if material.id == material_id), None)
        await self.services.files.materials.change(visit.actor, material_id, form.data(stored), visit.file)

    @materials.command(name="remove", upload=_longest, note="资料已删除。")
    async def remove(self, visit: Visit) -> None:
        await self.services.files.materials.remove(visit.actor, visit.row_id(_MATERIAL))

    @resource("/office/materials/{id}")
    async def file(self, visit: Visit) -> http.Response:
        """The file as readers get it, shown now or not."""
        queries = self.services.files.material_queries
        material = await queries.get(visit.actor.pool, visit.id(_MATERIAL), visit.actor)
        return await send(visit.request, self.services, material)


def _stored_values(material: MaterialView) -> dict[str, str]:
    """Initial values of a material's form."""
    return {
        "title": material.title,
        "category": material.category,
        "note": material.note,
        "audience": material.audience,
        "position": str(material.position),
        "shown_from": print_moment(material.shown_from),
        "shown_until": print_moment(material.shown_until),
    }
