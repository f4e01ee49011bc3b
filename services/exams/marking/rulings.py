"""Rulings (改判) on items found faulty after use; the papers concerned are marked again.

A preview shows whose verdict changes, by applying the ruling and rolling back. A candidate who passed is never failed.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.errors import Conflict, InvalidInput, NotFound
from domain.exams.items import LETTERS, ItemKind, letters_of, mask_of
from domain.exams.marking import RulingKind
from domain.faults import Faults
from domain.masking import mask_name
from domain.typed_text import half_width
from models.exams import Exam, ExamItemVersion, ExamRuling
from services.core.base import Actor, Deps, record, rows, transaction
from services.core.limits import advisory_lock
from services.core.permissions import check
from services.core.short_texts import check_text
from services.exams.bank.item_keys import check_may_see, read_keys
from services.exams.marking.marking import mark_lock, regrade
from services.exams.repository import get_exam

REASON_MAX = 300
SHOWN = 50
"""Number of names in a preview."""
_CONCERNED = """
SELECT t.id, t.score, t.total, t.passed, k.real_name FROM exam_attempt t
  JOIN exam_candidate c ON c.id = t.candidate_id JOIN account k ON k.id = c.account_id
 WHERE t.exam_id = $1 AND t.state IN ('graded', 'released')
   AND t.id IN (SELECT attempt_id FROM exam_answer WHERE version_id = $2) ORDER BY t.id
"""


@dataclass(frozen=True)
class RuledItem:
    """An item of an examination with its key, and its present ruling, if any."""

    version_id: UUID
    kind: ItemKind
    stem: str
    options: tuple[str, ...]
    key: str
    ruling: RulingKind | None
    reason: str


@dataclass(frozen=True)
class RulingPreview:
    """The effect of a ruling: papers concerned, changed scores, candidates who pass by it (some names, masked)."""

    papers: int
    changed: int
    passing: int
    names: tuple[str, ...]


class _Rollback(Exception):
    """Raised to roll the preview's transaction back."""


@dataclass(frozen=True)
class Rulings:
    deps: Deps

    async def item(self, actor: Actor, exam_id: UUID, version_id: UUID) -> RuledItem:
        """Raises NotFound, Forbidden for a person who sits an examination."""
        check(actor, "exam.mark")
        await check_may_see(actor)
        _, version = await _get_version(actor, exam_id, version_id)
        key = (await read_keys([version_id])).get(version_id)
        ruling = await ExamRuling.get_or_none(exam_id=exam_id, version_id=version_id)
        return RuledItem(
            version_id,
            ItemKind(version.item.kind),
            version.stem,
            tuple(version.options),
            letters_of(key.mask) if key else "",
            RulingKind(ruling.kind) if ruling else None,
            ruling.reason if ruling else "",
        )

    async def preview(
        self, actor: Actor, exam_id: UUID, version_id: UUID, kind: RulingKind, letters: str = ""
    ) -> RulingPreview:
        """The effect; nothing changes. Raises InvalidInput, NotFound."""
        previews: list[RulingPreview] = []
        try:
            async with transaction():
                previews.append(await self._apply_ruling(actor, exam_id, version_id, kind, letters, "预览"))
                raise _Rollback
        except _Rollback:
            return previews[0]

    async def decide(
        self, actor: Actor, exam_id: UUID, version_id: UUID, kind: RulingKind, letters: str, reason: str
    ) -> RulingPreview:
        """Apply the ruling; it replaces an earlier one on the same item. Raises InvalidInput, NotFound."""
        check(actor, "exam.mark")
        await check_may_see(actor)
        now = self.deps.now()
        async with transaction():
            _, version = await _get_version(actor, exam_id, version_id)
            words = _check_decision(version, kind, letters, reason)
            preview = await self._apply_ruling(actor, exam_id, version_id, kind, letters, words)
            await record(
                actor,
                now,
                "exam.ruling",
                "exam",
                exam_id,
                version=str(version_id),
                kind=kind.value,
                reason=words,
                papers=preview.papers,
                passing=preview.passing,
            )
        return preview

    async def _apply_ruling(
        self, actor: Actor, exam_id: UUID, version_id: UUID, kind: RulingKind, letters: str, reason: str
    ) -> RulingPreview:
        check(actor, "exam.mark")
        await check_may_see(actor)
        await advisory_lock(mark_lock(exam_id))
        exam, version = await _get_version(actor, exam_id, version_id)
        mask = _mask(version, kind, letters)
        decided = {"mask": mask, "reason": reason, "decided_by": actor.account_id, "decided_at": self.deps.now()}
        await ExamRuling.update_or_create({"kind": kind.value, **decided}, exam_id=exam.id, version_id=version_id)
        before = await rows(_CONCERNED, exam.id, version_id)
        await regrade(exam, [row["id"] for row in before])
        return _compare(before, await rows(_CONCERNED, exam.id, version_id))


def _compare(before: Sequence[dict[str, object]], after: Sequence[dict[str, object]]) -> RulingPreview:
    was = {row["id"]: row for row in before}
    passing = [row for row in after if row["passed"] and not was[row["id"]]["passed"]]
    changed = [
        row for row in after if (row["score"], row["total"]) != (was[row["id"]]["score"], was[row["id"]]["total"])
    ]
    names = tuple(mask_name(str(row["real_name"])) for row in passing[:SHOWN])
    return RulingPreview(len(after), len(changed), len(passing), names)


async def _get_version(actor: Actor, exam_id: UUID, version_id: UUID) -> tuple[Exam, ExamItemVersion]:
    exam = await get_exam(actor, exam_id)
    if exam.state not in ("published", "closed"):
        raise Conflict("这场考试没有举行，不用改判。", code="not_held")
    version = await ExamItemVersion.get_or_none(id=version_id, item__pool=actor.pool).select_related("item")
    if version is None:
        raise NotFound("找不到这道题，请返回列表后刷新。", code="item_unknown")
    return exam, version


def _check_decision(version: ExamItemVersion, kind: RulingKind, letters: str, reason: str) -> str:
    """The reason on one line. Raises InvalidInput."""
    faults = Faults()
    faults.check(_mask, version, kind, letters)
    words = faults.check(check_text, " ".join(reason.split()), "reason", "改判理由", REASON_MAX, required=True)
    faults.raise_any()
    return words


def _mask(version: ExamItemVersion, kind: RulingKind, letters: str) -> int:
    """Raises InvalidInput for letters that the item has no options for."""
    if kind != RulingKind.ALSO_ACCEPT:
        return 0
    typed = "".join(half_width(letters).upper().split())
    option_letters = LETTERS[: len(version.options)]
    single = version.item.kind != ItemKind.MULTIPLE
    if not typed or any(letter not in option_letters for letter in typed) or (single and len(set(typed)) > 1):
        wanted_letters = "一个选项" if single else "选项，如AC"
        raise InvalidInput(
            f"请填写{wanted_letters}（{option_letters[:1]}到{option_letters[-1:]}）。",
            code="bad_letters",
            field="letters",
        )
    return mask_of(typed)
