"""Material to download (资料下载): files that the office offers to all visitors, or to logged-in users only."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

import structlog

from domain.errors import Conflict, InvalidInput, NotFound, Unauthenticated, Unavailable
from domain.file_types import MaterialType
from models.materials import Material
from services.core.base import Actor, Deps, record, transaction
from services.core.idempotency import once
from services.core.permissions import check, may
from services.core.short_texts import check_text
from services.files.garbage_collection import give_up
from services.files.names import clean_name
from services.files.sealed_files import FileLost, SealedFiles, new_key
from services.inspection.checker import FileChecker
from services.inspection.file_types import OFFICE_TYPES

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Audience = Literal["everybody", "applicants"]
MATERIALS_MAX = 200
"""Of one pool; a bound of our own."""
POSITION_MAX = 9999
_KINDS = {media_type: kind for kind, media_type in OFFICE_TYPES.items()}


@dataclass(frozen=True)
class MaterialData:
    """What the office says of a file. ``position`` orders the files of a category. A missing ``shown_from`` is now, a
    missing end none."""

    title: str
    category: str
    note: str = ""
    audience: Audience = "everybody"
    position: int = 0
    shown_from: datetime | None = None
    shown_until: datetime | None = None


@dataclass(frozen=True)
class MaterialView:
    """``kind`` is what the file is, by content; ``size`` in bytes; ``etag`` changes with the file. ``state``: shown,
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


class Materials:
    def __init__(self, deps: Deps, store: SealedFiles, checker: FileChecker) -> None:
        self._deps = deps
        self._store = store
        self._checker = checker

    # ---- download

    async def shown(self, pool: str) -> tuple[MaterialView, ...]:
        """What is offered now, by category, position and title; to anybody, for titles are no secret."""
        return tuple(one for one in await self._all(pool) if one.state == "shown")

    async def find(self, pool: str, material_id: UUID, actor: Actor | None) -> MaterialView:
        """What ``actor`` (None: unknown) may download now; the office also what is not shown.

        Raises NotFound; for what is for applicants only, Unauthenticated for visitors and Forbidden for others.
        """
        known = actor if actor is not None and actor.pool == pool and actor.account_id is not None else None
        found = await Material.get_or_none(id=material_id, pool=pool)
        view = self._view(found) if found else None
        if view is None or (view.state != "shown" and not (known and may(known, "material.manage"))):
            raise _withdrawn()
        if view.audience == "applicants":
            if known is None:
                raise Unauthenticated("这份资料登录后才能下载，请先登录。", code="login_needed")
            check(known, "material.restricted")
        return view

    async def linked(self, material_id: UUID) -> MaterialView:
        """What a signed link names, whose owner was let in. Raises NotFound once it is removed."""
        found = await Material.get_or_none(id=material_id)
        if found is None:
            raise _withdrawn()
        return self._view(found)

    async def content(self, view: MaterialView) -> bytes:
        """Of what ``find`` or ``all`` returned. Raises NotFound when it was replaced or removed meanwhile."""
        found = await Material.get_or_none(id=view.id)
        if found is None or found.sha256 != view.etag:
            raise NotFound("这份资料刚刚更新，请返回资料下载页重新下载。", code="material_unknown")
        try:
            return await self._store.get(found.key)
        except FileLost as error:
            log.error("material_lost", material=str(view.id))
            raise Unavailable("文件暂时无法读取，我们已记录，请稍后重试。", code="file_lost") from error

    # ---- for the office

    async def all(self, actor: Actor) -> tuple[MaterialView, ...]:
        """Everything, also what is not shown yet or any more."""
        check(actor, "material.manage")
        return await self._all(actor.pool)

    async def add(self, actor: Actor, data: MaterialData, content: bytes, *, key: str | None = None) -> MaterialView:
        """Offer a file. The same ``key`` again is the same material. Raises InvalidInput, Conflict."""
        check(actor, "material.manage")
        now = self._deps.now()
        said = self._check(actor.pool, data, now)
        file = await self._take_in(actor.pool, content, now)

        async def run() -> MaterialView:
            if await Material.filter(pool=actor.pool).count() >= MATERIALS_MAX:
                raise Conflict(f"最多{MATERIALS_MAX}份资料，请先删除不再需要的。", code="materials_full")
            made = Material(pool=actor.pool, created_at=now)
            await self._write(made, {**said, **file}, now)
            await record(actor, now, "material.add", "material", made.id, title=made.title)
            return self._view(made)

        return await once(
            owner=f"material.add:{actor.account_id}",
            key=key,
            deps=self._deps,
            answer=MaterialView,
            run=run,
            request=f"{data!r} {file['sha256']}",
        )

    async def check_exists(self, actor: Actor, material_id: UUID) -> None:
        """Raises NotFound."""
        check(actor, "material.manage")
        await _get(actor, material_id)

    async def change(
        self, actor: Actor, material_id: UUID, data: MaterialData | None = None, content: bytes = b""
    ) -> MaterialView:
        """Say something else of a file, put another one in its place, or both; its address stays.

        Raises InvalidInput, and then nothing is changed.
        """
        check(actor, "material.manage")
        now = self._deps.now()
        before = await _get(actor, material_id)
        said = self._check(actor.pool, data, before.shown_from) if data else {}
        file = await self._take_in(actor.pool, content, now) if content or data is None else {}
        async with transaction():
            found = await _get(actor, material_id, lock=True)
            if file:
                await give_up(found.key, now)
            await self._write(found, {**said, **file}, now)
            await record(actor, now, "material.change", "material", found.id, title=found.title, file=bool(file))
            return self._view(found)

    async def remove(self, actor: Actor, material_id: UUID) -> None:
        """Offer it no longer, and delete the file. Twice is harmless."""
        check(actor, "material.manage")
        now = self._deps.now()
        async with transaction():
            found = await Material.select_for_update().get_or_none(id=material_id, pool=actor.pool)
            if found is not None:
                await give_up(found.key, now)
                await found.delete()
                await record(actor, now, "material.remove", "material", found.id, title=found.title)

    # ---- parts of the above

    async def _all(self, pool: str) -> tuple[MaterialView, ...]:
        order = {name: at for at, name in enumerate(self._deps.book(pool).help.materials.categories)}
        found = [self._view(one) for one in await Material.filter(pool=pool)]
        return tuple(sorted(found, key=lambda one: (order.get(one.category, len(order)), one.position, one.title)))

    def _check(self, pool: str, data: MaterialData, shown_from: datetime) -> dict[str, object]:
        rules = self._deps.book(pool).help.materials
        if data.category not in rules.categories:
            raise InvalidInput("请选择资料类别。", field="category")
        if not 0 <= data.position <= POSITION_MAX:
            raise InvalidInput(f"排序号应为0至{POSITION_MAX}。", field="position")
        begins = data.shown_from or shown_from
        if data.shown_until is not None and data.shown_until <= begins:
            raise InvalidInput("结束时间应晚于开始时间。", field="shown_until")
        return {
            "title": check_text(data.title, "title", "标题", 100, required=True),
            "category": data.category,
            "note": check_text(data.note, "note", "说明", 200),
            "audience": data.audience,
            "position": data.position,
            "shown_from": begins,
            "shown_until": data.shown_until,
        }

    async def _take_in(self, pool: str, content: bytes, now: datetime) -> dict[str, object]:
        """Look into a file and keep it; what its row says of it. Raises InvalidInput, Unavailable."""
        rules = self._deps.book(pool).help.materials
        if not content:
            raise InvalidInput("请选择文件。", code="file_empty", field="file")
        if len(content) > rules.size_max:
            raise InvalidInput(
                f"文件最大{rules.size_max // 1_000_000}MB，请压缩后再上传。", code="file_too_large", field="file"
            )
        try:
            kind = await self._checker.check_material(content, rules.types)
        except InvalidInput as refusal:
            raise InvalidInput(refusal.message, code=refusal.code, field="file") from refusal
        key, digest = new_key(pool, now), await asyncio.to_thread(lambda: hashlib.sha256(content).hexdigest())
        await self._store.put(key, content)
        return {"media_type": OFFICE_TYPES[kind], "size": len(content), "sha256": digest, "key": key}

    async def _write(self, row: Material, values: dict[str, object], now: datetime) -> None:
        """The file is called as its title says, whatever it was called at the office."""
        row.update_from_dict({**values, "changed_at": now})
        row.filename = clean_name(row.title, _KINDS[row.media_type])
        await row.save()

    def _view(self, found: Material) -> MaterialView:
        now = self._deps.now()
        state: Literal["shown", "coming", "over"] = "shown"
        if found.shown_from > now:
            state = "coming"
        elif found.shown_until is not None and found.shown_until <= now:
            state = "over"
        return MaterialView(
            id=found.id,
            title=found.title,
            category=found.category,
            note=found.note,
            audience="applicants" if found.audience == "applicants" else "everybody",
            position=found.position,
            shown_from=found.shown_from,
            shown_until=found.shown_until,
            filename=found.filename,
            kind=_KINDS[found.media_type],
            media_type=found.media_type,
            size=found.size,
            etag=found.sha256,
            changed_at=found.changed_at,
            state=state,
        )


def _withdrawn() -> NotFound:
    return NotFound("这份资料已下架，请返回资料下载页查看最新资料。", code="material_unknown")


async def _get(actor: Actor, material_id: UUID, *, lock: bool = False) -> Material:
    query = Material.select_for_update() if lock else Material.all()
    found = await query.get_or_none(id=material_id, pool=actor.pool)
    if found is None:
        raise NotFound("找不到这份资料，请刷新列表后重试。", code="material_unknown")
    return found
