"""A province's rules of examinations (考试)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from domain.rulebook.types import Duration, Items, Section, Text

PartialCredit = Literal["none", "per_option", "half"]
"""Marks for choosing only right options, but not all: none, a share of the item's marks for each, or half of them."""
FaceCheck = Literal["none", "wechat"]


class ExamRules(Section):
    """Rules of every examination of the pool; a published one keeps its own copy, so that later edits don't reach its
    candidates."""

    booking: bool
    """Candidates book one of several sittings; otherwise there is one window for all."""
    booking_until: Duration
    """How long before a sitting it can be booked, changed or cancelled."""
    length: Duration
    """Length of a paper from its start; the time never stops (断线也继续计时)."""
    pass_percent: Annotated[int, Field(ge=1, le=100)]
    tries: Annotated[int, Field(ge=1, le=10)]
    """Papers that a person may begin; the best counts."""
    rest: Duration
    """Between two tries."""
    grace: Duration
    """How long after the end answers already sent are accepted, flagged as late."""
    evidence_within: Duration
    """How long after the end an answer file can be handed in for a decision."""
    appeal_within: Duration
    """How long after the result a candidate may ask for a second look (成绩复核)."""
    lobby: Duration
    """How long before the start the page admits candidates, shows the notice and checks the phone."""
    result: Literal["at_once", "released"]
    """``at_once``: shown as soon as the paper is marked; ``released``: when the office releases the results."""
    result_within: Duration
    """The time shown to candidates by which papers are usually marked."""
    failed: Literal["refused", "waits"]
    """After the last try: the application is refused, or waits for the next examination."""
    partial_credit: PartialCredit
    partial_share: Annotated[int, Field(ge=1, le=50)]
    """With ``per_option``: percent of the item's marks for each right option; all together at most its marks."""
    review_after: bool
    """Candidates see their paper with the keys once the window is over and results are out."""
    mock: bool
    """A mock examination is offered before the start."""
    face_check: FaceCheck
    face_other_way: Text
    """How a person who can't or won't do the face check is identified (人脸识别技术应用安全管理办法 Art. 10)."""
    devices_max: Annotated[int, Field(ge=2, le=30)]
    """Devices on which a paper may be continued one after another; the office can permit more to a candidate."""
    leave_warn: Annotated[int, Field(ge=1, le=100)]
    """Number of times leaving the page from which the candidate is warned."""
    leave_flag: Annotated[int, Field(ge=1, le=100)]
    """Number of times leaving the page from which the attempt is flagged for an official; only a person voids it."""
    reminders: Items[Duration]
    """How long before the start candidates are reminded, longest first."""
    notice: Text
    """Rules that must be read before the start (考试须知)."""
    own_risk: Text
    """The candidate's acceptance of the risk of device and network failures."""
    bring: Text
    """What candidates should bring."""

    @property
    def marking_text(self) -> str:
        """How multiple choice is marked, as candidates and the office read it."""
        incomplete = {
            "none": "少选也不得分",
            "half": "少选得该题一半的分",
            "per_option": f"少选的，每选对一项得该题分值的{self.partial_share}%",
        }
        return f"多选题选错不得分，{incomplete[self.partial_credit]}"

    @model_validator(mode="after")
    def _fits(self) -> ExamRules:
        if not timedelta(minutes=1) <= self.length <= timedelta(hours=6):
            raise ValueError("length must be between 1m and 6h")
        if not timedelta(seconds=30) <= self.grace <= timedelta(minutes=10):
            raise ValueError("grace must be between 30s and 10m: it is time won for whoever cheats")
        if self.leave_warn > self.leave_flag:
            raise ValueError("leave_warn must not be more than leave_flag")
        if list(self.reminders) != sorted(set(self.reminders), reverse=True):
            raise ValueError("reminders must differ and stand longest first")
        return self


def load_rules(stored: Mapping[str, Any]) -> ExamRules:
    """The rules of a published examination, from their stored copy."""
    return ExamRules.model_validate(dict(stored))
