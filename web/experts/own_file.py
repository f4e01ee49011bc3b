"""``/h5/{pool}/file``: all that the pool holds of the expert, since when, and how it is changed (我的档案)."""

from __future__ import annotations

from collections.abc import Mapping

from web.accounts.person_pages import PersonPages
from web.core.pages import Visit, page
from web.core.site import ON_PAGE


class OwnFilePages(PersonPages):
    form_name = "file"
    on_page = ON_PAGE | {403, 404}

    @page("/h5/{pool}/file", "experts/file.html")
    async def own_file(self, visit: Visit) -> Mapping[str, object]:
        return {"file": await self.services.applications.own_files.read(visit.actor)}
