"""A paper for the candidate (答题页): questions, answers so far, remaining time. No query reads a key."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from domain.exams.papers import permutation
from models.accounts import Account
from models.exams import ExamAttempt, ExamCandidate
from services.core.base import Deps, rows
from services.exams.attempts.sealed_answers import read_given_answers
from services.exams.attempts.tickets import KnownDevice, Tickets
from services.exams.bank.item_pictures import ItemPictures
from services.exams.repository import rules_of

_QUESTIONS = """
SELECT v.id, v.stem, v.options, v.pictures, i.kind, g.stem AS case_text, g.id AS case_id, g.pictures AS case_pictures
  FROM exam_item_version v JOIN exam_item i ON i.id = v.item_id
  LEFT JOIN exam_item gi ON gi.id = i.group_id
  LEFT JOIN LATERAL (SELECT id, stem, pictures FROM exam_item_version
                      WHERE item_id = gi.id AND created_at <= $2 ORDER BY number DESC LIMIT 1) g ON TRUE
 WHERE v.id = ANY($1::uuid[])
"""
_NO_PICTURES = (None, "[]")
"""The database's value for most items, which have none."""
_ACK = "SELECT coalesce(max(seq), 0) AS ack FROM exam_answer_event WHERE attempt_id = $1 AND device = $2"


@dataclass(frozen=True)
class ShownPicture:
    address: str
    alt: str


@dataclass(frozen=True)
class ExamQuestion:
    """One slot of a paper as displayed: never a key, an explanation or its legal article."""

    slot: int
    kind: Annotated[str, Field(examples=["multiple"])]
    mark: Annotated[int, Field(description="Tenths of a mark")]
    stem: str
    options: Annotated[tuple[str, ...], Field(description="In the order of this paper: bit n of a mask is option n")]
    case: Annotated[str, Field(description="The text that this question and its neighbours ask about; or empty")]
    pictures: Annotated[tuple[ShownPicture, ...], Field(description="Addresses that last as long as the attempt")]


@dataclass(frozen=True)
class GivenAnswer:
    slot: int
    mask: int
    text: str


@dataclass(frozen=True)
class ExamPaper:
    """A paper with the answers so far. ``device`` numbers this device; ``ack`` its last stored event."""

    attempt_id: UUID
    ticket: Annotated[
        str, Field(description="Goes with every save and with the submission, and proves the device's number")
    ]
    number: Annotated[int, Field(description="Which try it is")]
    device: int
    ack: int
    now: datetime
    started_at: datetime
    deadline: datetime
    grace_until: datetime
    questions: tuple[ExamQuestion, ...]
    answers: tuple[GivenAnswer, ...]
    holder: Annotated[str, Field(description="Name and last four digits of the ID number: a watermark")]
    leave_warn: int
    leaves: int
    seal_to: Annotated[str, Field(description="P-256 point in base64url that an answer file is sealed to")]


async def show_paper(
    deps: Deps,
    pictures: ItemPictures,
    candidate: ExamCandidate,
    attempt: ExamAttempt,
    tickets: Tickets,
    now: datetime,
    seal_to: str,
    *,
    resumed: bool,
) -> ExamPaper:
    """The paper of an attempt under way; ``candidate`` with its examination and account. Unless ``resumed`` there are
    no answers.

    Raises LookupError for an attempt that was not begun.
    """
    answers = (await read_given_answers([attempt.id]))[attempt.id].answers if resumed else {}
    ack = (await rows(_ACK, attempt.id, attempt.device))[0]["ack"] if resumed else 0
    if attempt.started_at is None or attempt.deadline is None or attempt.grace_until is None:
        raise LookupError(f"attempt {attempt.id} runs without times")
    return ExamPaper(
        attempt.id,
        tickets.issue(
            candidate.exam.pool,
            KnownDevice(attempt.id, attempt.device),
            candidate.account_id,
            attempt.grace_until,
        ),
        attempt.number,
        attempt.device,
        ack,
        now,
        attempt.started_at,
        attempt.deadline,
        attempt.grace_until,
        await _questions(pictures, attempt, candidate.account_id),
        tuple(GivenAnswer(slot, answer.mask, answer.text) for slot, answer in answers.items()),
        _holder(deps, candidate.account),
        rules_of(candidate.exam).leave_warn,
        attempt.leaves,
        seal_to,
    )


async def _questions(pictures: ItemPictures, attempt: ExamAttempt, person: UUID) -> tuple[ExamQuestion, ...]:
    rows_by_version = {row["id"]: row for row in await rows(_QUESTIONS, attempt.versions, attempt.made_at)}

    def shown_pictures(version: UUID, column: str, row: Mapping[str, Any]) -> Sequence[ShownPicture]:
        if row[column] in _NO_PICTURES:
            return ()
        stored_pictures = json.loads(row[column])
        addresses = pictures.addresses(version, len(stored_pictures), person, attempt.grace_until)
        return tuple(ShownPicture(at, picture["alt"]) for at, picture in zip(addresses, stored_pictures, strict=True))

    def pictures_of(version: UUID) -> tuple[ShownPicture, ...]:
        """Pictures of the case come before the question's own."""
        row = rows_by_version[version]
        return (*shown_pictures(row["case_id"], "case_pictures", row), *shown_pictures(version, "pictures", row))

    paper = zip(attempt.versions, attempt.orders, attempt.marks, strict=True)
    return tuple(
        _question(slot, rows_by_version[version], order, mark, pictures_of(version))
        for slot, (version, order, mark) in enumerate(paper)
    )


def _question(
    slot: int, row: Mapping[str, Any], order: int, mark: int, pictures: tuple[ShownPicture, ...]
) -> ExamQuestion:
    options = row["options"]
    shown_options = tuple(options[at] for at in permutation(order, len(options)))
    return ExamQuestion(slot, row["kind"], mark, row["stem"], shown_options, row["case_text"] or "", pictures)


def _holder(deps: Deps, account: Account) -> str:
    number = deps.keys.open_text(account.id_number_sealed, "id_number") if account.id_number_sealed else ""
    return f"{account.real_name} {number[-4:]}".strip()
