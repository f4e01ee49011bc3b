"""``/h5/{pool}/materials``: the office's material for download (资料下载), public except for some files."""

from __future__ import annotations

from collections.abc import Mapping
from itertools import groupby
from urllib.parse import urlencode
from uuid import UUID

import aiohttp.web as http

from domain.errors import NotFound, Unauthenticated
from domain.file_types import MaterialType
from services.core.base import Actor
from services.core.permissions import may
from services.files import MaterialView
from services.ports import MailAttachment
from services.registry import Services
from web.accounts.login import AuthPages
from web.accounts.person_pages import PersonPages
from web.accounts.user_agent import is_wechat
from web.core.pages import Visit, page, resource
from web.core.site import Site
from web.files.file_links import FileMail, file_headers, go_to_file, material_file

KINDS: dict[MaterialType, str] = {
    "pdf": "PDF",
    "docx": "Word",
    "xlsx": "Excel",
    "jpg": "图片",
    "png": "图片",
    "zip": "压缩包",
}
_DOWNLOADS = (60, 60)
"""Files per address and minute."""


class MaterialPages(PersonPages):
    form_name = "mail"

    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        super().__init__(site, services, auth)
        self._mail = FileMail(site, services, auth)

    def add_routes(self) -> None:
        super().add_routes()
        self.site.get("/h5/{pool}/materials/{material_id}/mail", self.mail_form)
        self.site.post("/h5/{pool}/materials/{material_id}/mail", self.mail)

    async def actor(self, request: http.Request) -> Actor:
        """Applicant or expert of the pool, else the person in the chosen staff role, perhaps of another pool; else a
        guest."""
        pool = self.auth.check_pool(request.match_info["pool"])
        return await self.auth.find_person(request) or await self.auth.find_visitor(request) or Actor(pool, "guest")

    @page("/h5/{pool}/materials", "files/materials.html")
    async def materials(self, visit: Visit) -> Mapping[str, object]:
        actor, pool = visit.actor, visit.request.match_info["pool"]
        shown = await self.services.files.material_queries.list_shown(pool)
        return {
            "pool": pool,
            "name": self.services.deps.book(pool).pool.name,
            "kinds": KINDS,
            "total": len(shown),
            "groups": [
                (category, list(group)) for category, group in groupby(shown, lambda material: material.category)
            ],
            "known": actor.account_id is not None and actor.pool == pool,
            "admitted": may(actor, "material.restricted"),
            "wechat": is_wechat(visit.request),
        }

    @resource("/h5/{pool}/materials/{material_id}")
    async def file(self, visit: Visit) -> http.Response:
        """The file; one for applicants has an address of its own, which other apps can open too."""
        material = await self._find_material(visit.request, visit.actor)
        if material.audience == "applicants":
            raise go_to_file(self.services, visit.actor, "material", material.id, material.filename)
        return await send(visit.request, self.services, material)

    async def mail_form(self, request: http.Request) -> http.Response:
        material, actor = await self._find_for_mail(request)
        return self._mail.form(request, actor, material.filename, _link_back(request))

    async def mail(self, request: http.Request) -> http.Response:
        material, actor = await self._find_for_mail(request)

        async def read() -> MailAttachment:
            return material_file(material, await self.services.files.material_queries.content(material))

        return await self._mail.send(request, actor, material.filename, _link_back(request), read)

    async def _find_material(self, request: http.Request, actor: Actor) -> MaterialView:
        """A visitor who must log in first is redirected there and returns to the list."""
        pool = request.match_info["pool"]
        await self.site.check_rate(request, "materials", *_DOWNLOADS)
        try:
            return await self.services.files.material_queries.get(pool, _id_of(request), actor)
        except Unauthenticated as error:
            raise _log_in_first(pool) from error

    async def _find_for_mail(self, request: http.Request) -> tuple[MaterialView, Actor]:
        """Only logged-in people of the pool can have files mailed."""
        actor = await self.actor(request)
        material = await self._find_material(request, actor)
        if actor.account_id is None or actor.pool != request.match_info["pool"]:
            raise _log_in_first(request.match_info["pool"])
        return material, actor


def _link_back(request: http.Request) -> tuple[str, str]:
    return "资料下载", f"/h5/{request.match_info['pool']}/materials"


def _log_in_first(pool: str) -> http.HTTPSeeOther:
    query = urlencode({"pool": pool, "next": f"/h5/{pool}/materials"})
    return http.HTTPSeeOther(f"/h5/login?{query}")


async def send(request: http.Request, services: Services, material: MaterialView) -> http.Response:
    """The file of a material; 304 for a client that has it already."""
    headers = {
        "ETag": f'"{material.etag}"',
        "Cache-Control": "public, max-age=300" if material.audience == "everybody" else "private, no-cache",
        **file_headers(material.media_type, material.filename),
    }
    if any(known.value in (material.etag, "*") for known in request.if_none_match or ()):
        return http.Response(status=304, headers=headers)
    return http.Response(body=await services.files.material_queries.content(material), headers=headers)


def _id_of(request: http.Request) -> UUID:
    try:
        return UUID(request.match_info["material_id"])
    except ValueError as error:
        raise NotFound("没有这份资料，请返回资料下载页查看。", code="material_unknown") from error
