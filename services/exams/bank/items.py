"""Editing the item bank by hand: new items, new versions, pictures, and retiring items.

Nothing is ever overwritten or deleted: papers, answers and rulings refer to versions.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace
from uuid import UUID

from domain.errors import Conflict, InvalidInput
from domain.exams.items import ItemData, ItemKind, ItemProblem, find_problems, question_key, stem_hash, tidy_item
from domain.faults import Faults
from models.exams import ExamItem
from services.core.base import Actor, Deps, record, transaction
from services.core.idempotency import once
from services.core.permissions import check
from services.exams.bank.bank_queries import unknown_item
from services.exams.bank.item_keys import check_may_see
from services.exams.bank.item_pictures import PICTURES_MAX, ItemPictures, Picture
from services.exams.bank.item_rows import (
    NewItem,
    StoredItem,
    lock_bank,
    pictures_of,
    read_items,
    write_items,
    write_version,
)

_LABELS = {
    "stem": "题干",
    "options": "选项",
    "key": "正确答案",
    "answer": "参考答案",
    "chapter": "章节",
    "difficulty": "难度",
    "basis": "依据",
    "explanation": "解析",
}


@dataclass(frozen=True)
class ItemBank:
    deps: Deps
    pictures: ItemPictures

    async def add(
        self, actor: Actor, data: ItemData, *, case_id: UUID | None = None, again: bool = False, key: str | None = None
    ) -> UUID:
        """A new item, in a case if one is given; a repetition with the same ``key`` returns the same item.

        Raises InvalidInput that names the field, and Conflict for a duplicate, unless ``again``.
        """
        await check_may_see(actor)
        clean_data = _check_item(data)

        async def run() -> UUID:
            await lock_bank(actor.pool)
            case = await self._find_case(actor, clean_data, case_id)
            stem = case.data.stem if case else ""
            await self._check_duplicate(actor, clean_data, stem, again=again)
            item = NewItem(clean_data, "", case_id, stem, await _next_position(case_id))
            now = self.deps.now()
            await write_items(actor, [item], now)
            await record(actor, now, "exam.item.add", "exam_item", item.id, kind=clean_data.kind.value)
            return item.id

        owner = f"exam.item.add:{actor.account_id}"
        return await once(
            owner=owner, key=key, deps=self.deps, answer=UUID, run=run, request=f"{clean_data!r} {case_id}"
        )

    async def revise(self, actor: Actor, item_id: UUID, data: ItemData, *, seen: int | None = None) -> bool:
        """Change an item: a new version, used by papers made from now on. False: nothing is different.

        ``seen`` is the number of the version that was edited. Raises Conflict where another person was faster,
        InvalidInput, NotFound.
        """
        await check_may_see(actor)
        async with transaction():
            item = await self._lock_item(actor, item_id)
            clean_data = _check_item(replace(data, kind=item.data.kind))
            if clean_data == item.data:
                return False
            if seen is not None and seen != item.row.version:
                raise Conflict(
                    f"这道题刚刚被修改为第{item.row.version}版，请打开题目核对后再修改。", code="item_changed"
                )
            await self._write_revision(actor, item, clean_data, pictures_of(item.version))
            return True

    async def add_picture(self, actor: Actor, item_id: UUID, content: bytes, alt: str) -> None:
        """A new version with a further picture. Raises InvalidInput, NotFound, Unavailable."""
        await check_may_see(actor)
        if not await ExamItem.exists(id=item_id, pool=actor.pool):
            raise unknown_item()
        picture = await self.pictures.store_picture(actor.pool, content, alt)
        async with transaction():
            item = await self._lock_item(actor, item_id)
            pictures = pictures_of(item.version)
            if len(pictures) >= PICTURES_MAX:
                raise Conflict(f"一道题最多{PICTURES_MAX}张图片，请先删除一张。", code="pictures_full")
            await self._write_revision(actor, item, item.data, [*pictures, picture])

    async def remove_picture(self, actor: Actor, item_id: UUID, number: int) -> None:
        """A new version without picture ``number``, from 1; earlier versions keep it. Raises NotFound, Conflict."""
        await check_may_see(actor)
        async with transaction():
            item = await self._lock_item(actor, item_id)
            pictures = list(pictures_of(item.version))
            if not 1 <= number <= len(pictures):
                raise Conflict("这张图片已经删除，请刷新页面。", code="picture_unknown")
            del pictures[number - 1]
            await self._write_revision(actor, item, item.data, pictures)

    async def retire(self, actor: Actor, item_id: UUID) -> None:
        """No new paper uses it, nor the parts of a case; existing papers keep it. A repetition is harmless."""
        await self._set_retired(actor, item_id, retired=True)

    async def restore(self, actor: Actor, item_id: UUID) -> None:
        """New papers use it again, and the parts of a case. Raises Conflict for a part of a retired case."""
        await self._set_retired(actor, item_id, retired=False)

    # ---- helpers

    async def _set_retired(self, actor: Actor, item_id: UUID, *, retired: bool) -> None:
        check(actor, "exam.manage")
        now = self.deps.now()
        async with transaction():
            item = await self._lock_item(actor, item_id)
            case_id = item.row.group_id
            if not retired and case_id and await ExamItem.exists(id=case_id, retired_at__isnull=False):
                raise Conflict("所属的案例题已停用，请先恢复案例题。", code="case_retired")
            parts = ExamItem.filter(group_id=item_id, retired_at__isnull=retired)
            await parts.update(retired_at=now if retired else None)
            if (item.row.retired_at is not None) != retired:
                item.row.retired_at = now if retired else None
                await item.row.save(update_fields=["retired_at"])
                action = "exam.item.retire" if retired else "exam.item.restore"
                await record(actor, now, action, "exam_item", item_id, code=item.row.code)

    async def _lock_item(self, actor: Actor, item_id: UUID) -> StoredItem:
        await lock_bank(actor.pool)
        row = await ExamItem.select_for_update().get_or_none(id=item_id, pool=actor.pool)
        if row is None:
            raise unknown_item()
        (item,) = await read_items([row])
        return item

    async def _write_revision(
        self, actor: Actor, item: StoredItem, data: ItemData, pictures: Sequence[Picture]
    ) -> None:
        stem = ""
        if item.row.group_id:
            (case,) = await read_items([await ExamItem.get(id=item.row.group_id)])
            stem = case.data.stem
        now = self.deps.now()
        await write_version(actor, item.row, data, pictures, now, stem)
        await record(
            actor, now, "exam.item.revise", "exam_item", item.row.id, code=item.row.code, version=item.row.version
        )

    async def _find_case(self, actor: Actor, data: ItemData, case_id: UUID | None) -> StoredItem | None:
        if case_id is None:
            return None
        row = await ExamItem.get_or_none(id=case_id, pool=actor.pool, kind=ItemKind.CASE.value)
        if row is None or data.kind is ItemKind.CASE:
            raise InvalidInput("案例题中只能添加单选、多选、判断和简答题。", code="no_case")
        (case,) = await read_items([row])
        return case

    async def _check_duplicate(self, actor: Actor, data: ItemData, case_stem: str, *, again: bool) -> None:
        """Raises Conflict for a duplicate."""
        same_stem = await ExamItem.filter(pool=actor.pool, stem_hash=stem_hash(data.stem, case_stem)).order_by("code")
        twins = [item for item in await read_items(same_stem) if item.data.kind is data.kind]
        question = question_key(data)
        twin = next((item for item in twins if question_key(item.data) == question), None)
        if twin is not None:
            state = "（已停用，可恢复使用）" if twin.row.retired_at else ""
            raise Conflict(
                f"题库中已有相同的题目{twin.row.code}{state}，请直接修改那道题。",
                code="item_known",
                params={"item": str(twin.row.id), "field": "stem"},
            )
        if twins and not again:
            raise Conflict(
                f"题库中{twins[0].row.code}的题干相同、选项不同。确认是另一道题的，请再次提交。",
                code="stem_known",
                params={"item": str(twins[0].row.id), "field": "stem"},
            )


async def _next_position(case_id: UUID | None) -> int:
    if case_id is None:
        return 0
    last = await ExamItem.filter(group_id=case_id).order_by("-position").first()
    return last.position + 1 if last else 1


def _check_item(data: ItemData) -> ItemData:
    """The tidy item. Raises InvalidInput with all problems."""
    item = tidy_item(data)
    faults = Faults()
    for problem in find_problems(item):
        with faults.part():
            raise InvalidInput(_sentence(problem), code="item_wrong", field=problem.field)
    faults.raise_any()
    return item


def _sentence(problem: ItemProblem) -> str:
    label = _LABELS.get(problem.field, "")
    if problem.field.startswith("option_"):
        label = f"选项{chr(ord('A') + int(problem.field[-1]))}"
    reason = problem.reason.removeprefix(label)
    return f"{label}{reason}。" if problem.reason[0] in "不最含与要" else f"{problem.reason}。"
