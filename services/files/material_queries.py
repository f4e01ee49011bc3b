"""Queries of material to download (资料下载): offered files, one file, and the office's list."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import structlog

from domain.errors import NotFound, Unauthenticated, Unavailable
from domain.file_types import MaterialType
from models.materials import Material
from services.core.base import Actor, Deps
from services.core.permissions import check, may
from services.files.sealed_files import FileLost, SealedFiles
from services.inspection.file_types import OFFICE_TYPES

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)
Audience = Literal["everybody", "applicants"]
MATERIAL_KINDS = {media_type: kind for kind, media_type in OFFICE_TYPES.items()}


@dataclass(frozen=True)
class MaterialView:
    """``kind`` is the file's type, by content; ``size`` in bytes; ``etag`` changes with the file. ``state``: shown,
    coming or over."""

    id: UUID
    title: str
    category: str
    note: str
    audience: Audience
    position: int
    shown_from: datetime
    shown_until: datetime | None
    filename: str
    kind: MaterialType
    media_type: str
    size: int
    etag: str
    changed_at: datetime
    state: Literal["shown", "coming", "over"]


@dataclass(frozen=True)
class MaterialQueries:
    deps: Deps
    store: SealedFiles

    async def list_shown(self, pool: str) -> tuple[MaterialView, ...]:
        """Material offered now, by category, position and title; public, since titles are no secret."""
        return tuple(view for view in await self._list_views(pool) if view.state == "shown")

    async def get(self, pool: str, material_id: UUID, actor: Actor | None) -> MaterialView:
        """Material that ``actor`` (None: visitor) may download now; for the office also hidden material.

        Raises NotFound; for material for applicants only, Unauthenticated for visitors and Forbidden for others.
        """
        member = actor if actor is not None and actor.pool == pool and actor.account_id is not None else None
        material = await Material.get_or_none(id=material_id, pool=pool)
        view = self.view_of(material) if material else None
        if view is None or (view.state != "shown" and not (member and may(member, "material.manage"))):
            raise _withdrawn_error()
        if view.audience == "applicants":
            if member is None:
                raise Unauthenticated("这份资料登录后才能下载，请先登录。", code="login_needed")
            check(member, "material.restricted")
        return view

    async def get_linked(self, material_id: UUID) -> MaterialView:
        """The material of a signed link, whose holder was authorised before. Raises NotFound once it is removed."""
        material = await Material.get_or_none(id=material_id)
        if material is None:
            raise _withdrawn_error()
        return self.view_of(material)

    async def content(self, view: MaterialView) -> bytes:
        """The content of a view from here. Raises NotFound when it was replaced or removed meanwhile."""
        material = await Material.get_or_none(id=view.id)
        if material is None or material.sha256 != view.etag:
            raise NotFound("这份资料刚刚更新，请返回资料下载页重新下载。", code="material_unknown")
        try:
            return await self.store.get(material.key)
        except FileLost as error:
            log.error("material_lost", material=str(view.id))
            raise Unavailable("文件暂时无法读取，我们已记录，请稍后重试。", code="file_lost") from error

    async def list_all(self, actor: Actor) -> tuple[MaterialView, ...]:
        """All material, including that not shown yet or any more."""
        check(actor, "material.manage")
        return await self._list_views(actor.pool)

    async def _list_views(self, pool: str) -> tuple[MaterialView, ...]:
        order = {name: at for at, name in enumerate(self.deps.book(pool).help.materials.categories)}
        views = [self.view_of(material) for material in await Material.filter(pool=pool)]
        return tuple(sorted(views, key=lambda view: (order.get(view.category, len(order)), view.position, view.title)))

    def view_of(self, material: Material) -> MaterialView:
        now = self.deps.now()
        state: Literal["shown", "coming", "over"] = "shown"
        if material.shown_from > now:
            state = "coming"
        elif material.shown_until is not None and material.shown_until <= now:
            state = "over"
        return MaterialView(
            id=material.id,
            title=material.title,
            category=material.category,
            note=material.note,
            audience="applicants" if material.audience == "applicants" else "everybody",
            position=material.position,
            shown_from=material.shown_from,
            shown_until=material.shown_until,
            filename=material.filename,
            kind=MATERIAL_KINDS[material.media_type],
            media_type=material.media_type,
            size=material.size,
            etag=material.sha256,
            changed_at=material.changed_at,
            state=state,
        )


def _withdrawn_error() -> NotFound:
    return NotFound("这份资料已下架，请返回资料下载页查看最新资料。", code="material_unknown")
