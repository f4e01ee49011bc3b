"""``/h5/{pool}/file``: all that the pool holds of the expert, how it is changed, and what has happened (我的档案);
``/h5/{pool}/chances``: why no draw has called him (为什么没有抽到我)."""

from __future__ import annotations

from collections.abc import Mapping

from domain.experts.timeline import TimelineKind
from services.expert_file_views import PAGE_SIZE, check_choice
from web.accounts.person_pages import PersonPages
from web.core.pages import Choice, Listed, Visit, Wanted, list_page, page
from web.core.site import ON_PAGE

KINDS: Mapping[str, str] = {"": "全部", **{kind.value: kind.label for kind in TimelineKind}}


class OwnFilePages(PersonPages):
    form_name = "file"
    on_page = ON_PAGE | {403, 404}

    @list_page("/h5/{pool}/file", "experts/file.html", size=PAGE_SIZE, kind=Choice(KINDS))
    async def own_file(self, visit: Visit, wanted: Wanted) -> Listed:
        choice = check_choice(wanted["kind"], wanted.page)
        file = await self.services.expert_file_views.own_files.read(visit.actor, choice)
        return Listed(file.timeline, {"file": file, "kinds": KINDS})

    @page("/h5/{pool}/chances", "experts/chances.html")
    async def chances(self, visit: Visit) -> Mapping[str, object]:
        return {"chances": await self.services.expert_file_views.own_chances.read(visit.actor)}
