"""A province's rules of continuing education (继续教育)."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import timedelta
from typing import Annotated, Any, Literal

from pydantic import Field, model_validator

from domain.rulebook.types import Duration, Items, Section

HOUR = 100
"""Class hours (学时) are integer hundredths."""


class CourseRules(Section):
    """Rules of every course of the pool; a published course keeps its own copy."""

    offered: bool
    """Whether the pool offers courses."""
    access_after: Duration
    """Time from payment until access."""
    window: Literal["shared", "personal"]
    """``shared``: all study until the course ends; ``personal``: each participant has the course's length from his own
    start."""
    useful_time: Duration
    """With a shared window: the study time that must be left for a payment to be accepted."""
    make_ups: Annotated[int, Field(ge=0, le=5)]
    """Make-up periods (补学) after an unfinished course or a failed examination; the office may give more."""
    make_up_on_request: bool = True
    """A participant whose time is over may begin a further period himself; without it only the office gives one."""
    make_up_for: Duration
    """Length of a make-up period."""
    make_up_paid: bool
    """A make-up period is paid for like the course."""
    undrawn: bool
    """An expert who has not finished a required course by his end is not drawn until he has."""
    reminders: Items[Duration]
    """How long before the end participants are reminded, longest first."""
    hour_minutes: Annotated[int, Field(ge=10, le=120)]
    """Minutes of content that make a class hour."""
    hour_step: Annotated[int, Field(ge=1, le=100)]
    """Hundredths to which class hours are rounded down."""
    rates: Items[Annotated[float, Field(ge=0.5, le=3)]]
    """Speeds at which a video may be played."""
    seek_ahead: Duration
    """How far beyond the watched part the player may jump; inside it seeking is free."""
    presence_every: Duration
    """Content between presence checks; ``0s``: none."""
    presence_answer: Duration
    """Time to answer a presence check, during which the video is paused."""
    lecture_code_valid: Annotated[Duration, Field(ge=timedelta(seconds=30), le=timedelta(minutes=5))]
    """How long a sign-in code of a lecture is accepted; the screen changes it three times as often."""
    page_seconds: Annotated[int, Field(ge=1, le=600)]
    """How long a page must be in view to count."""

    @model_validator(mode="after")
    def _fits(self) -> CourseRules:
        if not self.rates or 1.0 not in self.rates:
            raise ValueError("rates must hold 1.0")
        if list(self.reminders) != sorted(set(self.reminders), reverse=True):
            raise ValueError("reminders must differ and stand longest first")
        if (self.make_ups or self.make_up_on_request) and self.make_up_for < timedelta(hours=1):
            raise ValueError("make_up_for must be at least 1h")
        if self.presence_every and self.presence_every < timedelta(minutes=1):
            raise ValueError("presence_every must be 0s or at least 1m")
        return self

    def hours(self, seconds: int) -> int:
        """Class hours for ``seconds`` of content, in hundredths, rounded down to ``hour_step``."""
        exact = seconds * HOUR // (self.hour_minutes * 60)
        return exact - exact % self.hour_step


def load_rules(stored: Mapping[str, Any]) -> CourseRules:
    """The rules of a published course, from their stored copy."""
    return CourseRules.model_validate(dict(stored))
