"""A marked paper question by question: what was answered, what is right, and the marks, as its candidate saw it."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from domain.exams.items import letters_of
from domain.exams.marking import RulingKind, print_marks
from domain.exams.papers import permutation, to_display
from models.exams import ExamAttempt
from services.core.base import Actor, Deps, rows
from services.exams.attempts.paper_view import ShownPicture
from services.exams.bank.item_keys import ItemKey, read_keys
from services.exams.bank.item_pictures import ItemPictures

_PAPER = """
SELECT a.slot, a.version_id, a.mask, coalesce(a.text, '') AS text, a.marks, v.stem, v.options, v.pictures, v.basis,
       i.kind, g.stem AS case_text, r.kind AS ruling, coalesce(r.mask, 0) AS also
  FROM exam_answer a JOIN exam_item_version v ON v.id = a.version_id JOIN exam_item i ON i.id = v.item_id
  LEFT JOIN LATERAL (SELECT stem FROM exam_item_version
                      WHERE item_id = i.group_id AND created_at <= $2 ORDER BY number DESC LIMIT 1) g ON TRUE
  LEFT JOIN exam_ruling r ON r.version_id = a.version_id AND r.exam_id = $3
 WHERE a.attempt_id = $1 ORDER BY a.slot
"""
PICTURE_TTL = timedelta(hours=2)


@dataclass(frozen=True)
class ReviewedQuestion:
    """Options, chosen and correct ones, all as displayed on this paper."""

    number: int
    kind: str
    stem: str
    case: str
    options: tuple[str, ...]
    pictures: tuple[ShownPicture, ...]
    chosen: Annotated[str, Field(description="Letters, or the text of a short answer; empty: none")]
    right: Annotated[str, Field(description="Letters, or what a short answer should say")]
    marks: str
    mark: Annotated[str, Field(description="What could be had")]
    full: bool
    explanation: str
    basis: str
    ruling: Annotated[str, Field(description="What was decided of an item found wrong; or empty")]


@dataclass(frozen=True)
class MarkedPapers:
    deps: Deps
    pictures: ItemPictures

    async def questions(self, actor: Actor, attempt: ExamAttempt) -> tuple[ReviewedQuestion, ...]:
        """In the paper's order. ``actor`` is who sees the pictures; the caller has checked that he may see the keys."""
        paper_rows = await rows(_PAPER, attempt.id, attempt.made_at, attempt.exam_id)
        keys = await read_keys(row["version_id"] for row in paper_rows)
        return tuple(self._question(attempt, row, keys.get(row["version_id"], ItemKey()), actor) for row in paper_rows)

    def _question(self, attempt: ExamAttempt, row: Mapping[str, Any], key: ItemKey, actor: Actor) -> ReviewedQuestion:
        slot, size = row["slot"], len(row["options"])
        order, mark = attempt.orders[slot], attempt.marks[slot]

        def letters(mask: int) -> str:
            return letters_of(to_display(mask, order, size)) if size else ""

        return ReviewedQuestion(
            number=slot + 1,
            kind=row["kind"],
            stem=row["stem"],
            case=row["case_text"] or "",
            options=tuple(row["options"][at] for at in permutation(order, size)),
            pictures=self._shown_pictures(row, actor),
            chosen=letters(row["mask"]) or row["text"],
            right=_right_answer(letters(key.mask), letters(row["also"]), key.answer),
            marks=print_marks(row["marks"] or 0),
            mark=print_marks(mark),
            full=row["marks"] == mark,
            explanation=key.explanation,
            basis=row["basis"],
            ruling=RulingKind(row["ruling"]).label if row["ruling"] else "",
        )

    def _shown_pictures(self, row: Mapping[str, Any], actor: Actor) -> tuple[ShownPicture, ...]:
        stored_pictures = json.loads(row["pictures"]) if isinstance(row["pictures"], str) else row["pictures"] or []
        until = self.deps.now() + PICTURE_TTL
        person = actor.account_id or UUID(int=0)
        addresses = self.pictures.addresses(row["version_id"], len(stored_pictures), person, until)
        return tuple(ShownPicture(at, picture["alt"]) for at, picture in zip(addresses, stored_pictures, strict=True))


def _right_answer(key: str, also: str, answer: str) -> str:
    return f"{key}或{also}" if key and also else key or answer
