"""Writing items and versions, within the caller's transaction and under the lock of the pool's bank."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass, field
from datetime import datetime
from uuid import UUID

from domain.exams.items import ItemData, ItemKind, stem_hash
from domain.ids import new_id
from models.exams import ExamItem, ExamItemVersion
from services.core.base import Actor, rows
from services.core.limits import advisory_lock
from services.exams.bank.item_keys import ItemKey, read_keys, write_keys
from services.exams.bank.item_pictures import Picture

PREFIX = "T"
_CHUNK = 1000
"""Items per query: PostgreSQL accepts 32,767 values."""


@dataclass(frozen=True)
class NewItem:
    """An item to insert. Without a ``code`` it gets the next number; ``case_id`` is its case."""

    data: ItemData
    code: str = ""
    case_id: UUID | None = None
    case_stem: str = ""
    position: int = 0
    pictures: Sequence[Picture] = ()
    id: UUID = field(default_factory=new_id)


@dataclass(frozen=True)
class StoredItem:
    """An item: its row, its current version and their content with the key."""

    row: ExamItem
    version: ExamItemVersion
    data: ItemData


async def lock_bank(pool: str) -> None:
    """Serialises writers of a pool's bank: codes are numbered, and duplicates looked up before inserting."""
    await advisory_lock(f"exam_items:{pool}")


async def write_items(actor: Actor, items: Sequence[NewItem], now: datetime) -> None:
    number = await _last_number(actor.pool)
    item_rows = []
    for item in items:
        if not item.code:
            number += 1
        item_rows.append(_row(actor.pool, item, item.code or f"{PREFIX}{number:05}", now))
    await ExamItem.bulk_create(item_rows)
    await _write_versions(actor, [(item.id, 1, item.data, item.pictures) for item in items], now)


async def write_version(
    actor: Actor, row: ExamItem, data: ItemData, pictures: Sequence[Picture], now: datetime, case_stem: str = ""
) -> None:
    """Insert the next version of an item whose row is locked; existing papers keep theirs."""
    row.version += 1
    row.chapter, row.difficulty = data.chapter, data.difficulty
    row.stem_hash = stem_hash(data.stem, case_stem)
    await row.save(update_fields=["version", "chapter", "difficulty", "stem_hash"])
    await _write_versions(actor, [(row.id, row.version, data, pictures)], now)
    if data.kind is ItemKind.CASE:
        await _rehash_parts(row.id, data.stem)


async def read_items(items: Sequence[ExamItem]) -> list[StoredItem]:
    """Items with their keys, in the given order; for readers who may see keys."""
    stored_items: list[StoredItem] = []
    for at in range(0, len(items), _CHUNK):
        stored_items += await _read_chunk(items[at : at + _CHUNK])
    return stored_items


async def _read_chunk(items: Sequence[ExamItem]) -> list[StoredItem]:
    numbers = {item.id: item.version for item in items}
    versions = {
        version.item_id: version
        for version in await ExamItemVersion.filter(item_id__in=list(numbers))
        if version.number == numbers[version.item_id]
    }
    keys = await read_keys([version.id for version in versions.values()])
    return [
        StoredItem(
            item, versions[item.id], item_data(item, versions[item.id], keys.get(versions[item.id].id, ItemKey()))
        )
        for item in items
    ]


def item_data(row: ExamItem, version: ExamItemVersion, key: ItemKey) -> ItemData:
    return ItemData(
        kind=ItemKind(row.kind),
        stem=version.stem,
        options=tuple(version.options),
        key=key.mask,
        answer=key.answer,
        chapter=row.chapter,
        difficulty=row.difficulty,
        basis=version.basis,
        explanation=key.explanation,
        fixed_order=version.fixed_order,
    )


def pictures_of(version: ExamItemVersion) -> tuple[Picture, ...]:
    return tuple(Picture(**picture) for picture in version.pictures)


def _row(pool: str, item: NewItem, code: str, now: datetime) -> ExamItem:
    return ExamItem(
        id=item.id,
        pool=pool,
        code=code,
        kind=item.data.kind.value,
        chapter=item.data.chapter,
        difficulty=item.data.difficulty,
        group_id=item.case_id,
        position=item.position,
        stem_hash=stem_hash(item.data.stem, item.case_stem),
        created_at=now,
    )


async def _write_versions(
    actor: Actor, versions: Sequence[tuple[UUID, int, ItemData, Sequence[Picture]]], now: datetime
) -> None:
    version_rows = [
        ExamItemVersion(
            item_id=item_id,
            number=number,
            stem=data.stem,
            options=list(data.options),
            pictures=[asdict(picture) for picture in pictures],
            fixed_order=bool(data.fixed_order),
            basis=data.basis,
            created_at=now,
            created_by=actor.account_id,
        )
        for item_id, number, data, pictures in versions
    ]
    await ExamItemVersion.bulk_create(version_rows)
    keys: Mapping[UUID, ItemKey] = {
        row.id: ItemKey(data.key, data.answer, data.explanation)
        for row, (_, _, data, _) in zip(version_rows, versions, strict=True)
    }
    await write_keys(keys)


async def _last_number(pool: str) -> int:
    """Among codes of our own form only: a file may bring any text as a code."""
    (row,) = await rows(
        "SELECT coalesce(max(substring(code FROM 2)::int), 0) AS last FROM exam_item "
        "WHERE pool = $1 AND code ~ '^T[0-9]{5,8}$'",
        pool,
    )
    return int(row["last"])


async def _rehash_parts(case_id: UUID, case_stem: str) -> None:
    for part in await ExamItem.filter(group_id=case_id):
        version = await ExamItemVersion.get(item_id=part.id, number=part.version)
        part.stem_hash = stem_hash(version.stem, case_stem)
        await part.save(update_fields=["stem_hash"])
