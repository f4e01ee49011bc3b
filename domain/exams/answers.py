"""Merges the answer events that devices send. Documented in ``docs/algorithms/exam.md``.

A device numbers its events from 1 without a gap; the service numbers the devices of an attempt, a later one being
higher. An event is therefore identified and ordered by (device, seq), however it arrives and however often.
"""

from __future__ import annotations

import hashlib
import json
from collections.abc import Iterable, Mapping
from dataclasses import dataclass

TEXT_MAX = 4000


@dataclass(frozen=True)
class ExamAnswer:
    """The answer in a slot: ``mask`` of the options as displayed, ``text`` of a short answer."""

    mask: int = 0
    text: str = ""

    @property
    def given(self) -> bool:
        return bool(self.mask or self.text.strip())


@dataclass(frozen=True)
class AnswerEvent:
    """One change of one slot on one device."""

    device: int
    seq: int
    slot: int
    answer: ExamAnswer


def merge(events: Iterable[AnswerEvent]) -> dict[int, ExamAnswer]:
    """The answer of each slot: that of the greatest (device, seq), regardless of order and repetition.

    A slot whose answer was cleared is left out.
    """
    newest: dict[int, AnswerEvent] = {}
    for event in events:
        latest = newest.get(event.slot)
        if latest is None or (event.device, event.seq) > (latest.device, latest.seq):
            newest[event.slot] = event
    return {slot: event.answer for slot, event in sorted(newest.items()) if event.answer.given}


def digest(answers: Mapping[int, ExamAnswer]) -> str:
    """SHA-256, in hex, of ``[[slot, mask, text], …]`` as JSON without blanks, by slot; empty slots left out.

    The candidate's browser computes the same from what it shows (``web/static/exams/exam_answers.js``).
    """
    rows = [[slot, answer.mask, answer.text] for slot, answer in sorted(answers.items()) if answer.given]
    return hashlib.sha256(json.dumps(rows, ensure_ascii=False, separators=(",", ":")).encode()).hexdigest()
