"""Material for download (资料下载): files that the office offers to all visitors, or to logged-in users only."""

from __future__ import annotations

import asyncio
import hashlib
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.errors import Conflict, InvalidInput, NotFound
from domain.faults import Faults
from domain.file_types import MaterialType
from models.materials import Material
from services.core.base import Actor, Deps, record, transaction
from services.core.idempotency import once
from services.core.permissions import check
from services.core.short_texts import check_text
from services.files.garbage_collection import schedule_removal
from services.files.material_queries import MATERIAL_KINDS, Audience, MaterialQueries, MaterialView
from services.files.names import clean_name
from services.files.sealed_files import SealedFiles, new_key
from services.inspection.checker import FileChecker
from services.inspection.file_types import OFFICE_TYPES

MATERIALS_MAX = 200
"""Number per pool; our own limit."""
POSITION_MAX = 9999


@dataclass(frozen=True)
class MaterialData:
    """Description of a file. ``position`` orders the files of a category. A missing ``shown_from`` means now, a missing
    end no end."""

    title: str
    category: str
    note: str = ""
    audience: Audience = "everybody"
    position: int = 0
    shown_from: datetime | None = None
    shown_until: datetime | None = None


@dataclass(frozen=True)
class Materials:
    deps: Deps
    store: SealedFiles
    checker: FileChecker
    queries: MaterialQueries

    async def add(self, actor: Actor, data: MaterialData, content: bytes, *, key: str | None = None) -> MaterialView:
        """Offer a file. A repetition with the same ``key`` returns the same material. Raises InvalidInput, Conflict."""
        check(actor, "material.manage")
        now, faults = self.deps.now(), Faults()
        description = self._check_data(actor.pool, data, now, faults)
        file = await self._store_file(actor.pool, content, now, faults)

        async def run() -> MaterialView:
            if await Material.filter(pool=actor.pool).count() >= MATERIALS_MAX:
                raise Conflict(f"最多{MATERIALS_MAX}份资料，请先删除不再需要的。", code="materials_full")
            material = Material(pool=actor.pool, created_at=now)
            await self._save_material(material, {**description, **file}, now)
            await record(actor, now, "material.add", "material", material.id, title=material.title)
            return self.queries.view_of(material)

        return await once(
            owner=f"material.add:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=MaterialView,
            run=run,
            request=f"{data!r} {file['sha256']}",
        )

    async def change(
        self, actor: Actor, material_id: UUID, data: MaterialData | None = None, content: bytes = b""
    ) -> MaterialView:
        """Change a file's description, replace the file, or both; its address stays.

        Raises InvalidInput, and then nothing is changed.
        """
        check(actor, "material.manage")
        now, faults = self.deps.now(), Faults()
        # read twice: the file is checked and stored outside a transaction, and the row locked only afterwards
        unlocked_material = await _get_material(actor, material_id)
        description = self._check_data(actor.pool, data, unlocked_material.shown_from, faults) if data else {}
        is_replaced = bool(content) or data is None
        file = await self._store_file(actor.pool, content, now, faults) if is_replaced else {}
        faults.raise_any()
        async with transaction():
            material = await _get_material(actor, material_id, lock=True)
            if file:
                await schedule_removal(material.key, now)
            await self._save_material(material, {**description, **file}, now)
            await record(actor, now, "material.change", "material", material.id, title=material.title, file=bool(file))
            return self.queries.view_of(material)

    async def remove(self, actor: Actor, material_id: UUID) -> None:
        """Offer it no longer, and delete the file. A repetition is harmless."""
        check(actor, "material.manage")
        now = self.deps.now()
        async with transaction():
            material = await Material.select_for_update().get_or_none(id=material_id, pool=actor.pool)
            if material is not None:
                await schedule_removal(material.key, now)
                await material.delete()
                await record(actor, now, "material.remove", "material", material.id, title=material.title)

    # ---- helpers

    def _check_data(self, pool: str, data: MaterialData, shown_from: datetime, faults: Faults) -> dict[str, object]:
        rules = self.deps.book(pool).help.materials
        title = faults.check(check_text, data.title, "title", "标题", 100, required=True)
        if data.category not in rules.categories:
            faults.add(InvalidInput("请选择资料类别。", field="category"))
        note = faults.check(check_text, data.note, "note", "说明", 200)
        if not 0 <= data.position <= POSITION_MAX:
            faults.add(InvalidInput(f"排序号应为0至{POSITION_MAX}。", field="position"))
        begins = data.shown_from or shown_from
        if data.shown_until is not None and data.shown_until <= begins:
            faults.add(InvalidInput("结束时间应晚于开始时间。", field="shown_until"))
        return {
            "title": title,
            "category": data.category,
            "note": note,
            "audience": data.audience,
            "position": data.position,
            "shown_from": begins,
            "shown_until": data.shown_until,
        }

    async def _store_file(self, pool: str, content: bytes, now: datetime, faults: Faults) -> dict[str, object]:
        """Check a file and store it; returns the columns for its row. Raises InvalidInput with the file's and earlier
        ``faults``, Unavailable."""
        with faults.part():
            kind = await self._check_file(pool, content)
        faults.raise_any()
        key, digest = new_key(pool, now), await asyncio.to_thread(lambda: hashlib.sha256(content).hexdigest())
        await self.store.put(key, content)
        return {"media_type": OFFICE_TYPES[kind], "size": len(content), "sha256": digest, "key": key}

    async def _check_file(self, pool: str, content: bytes) -> MaterialType:
        rules = self.deps.book(pool).help.materials
        if not content:
            raise InvalidInput("请选择文件。", code="file_empty", field="file")
        if len(content) > rules.size_max:
            raise InvalidInput(
                f"文件最大{rules.size_max // 1_000_000}MB，请压缩后再上传。", code="file_too_large", field="file"
            )
        try:
            return await self.checker.check_material(pool, content, rules.types)
        except InvalidInput as refusal:
            raise InvalidInput(refusal.message, code=refusal.code, field="file") from refusal

    async def _save_material(self, material: Material, values: dict[str, object], now: datetime) -> None:
        """The download is named by the title, whatever the file was called at the office."""
        material.update_from_dict({**values, "changed_at": now})
        material.filename = clean_name(material.title, MATERIAL_KINDS[material.media_type])
        await material.save()


async def _get_material(actor: Actor, material_id: UUID, *, lock: bool = False) -> Material:
    query = Material.select_for_update() if lock else Material.all()
    material = await query.get_or_none(id=material_id, pool=actor.pool)
    if material is None:
        raise NotFound("找不到这份资料，请刷新列表后重试。", code="material_unknown")
    return material
