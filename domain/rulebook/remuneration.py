"""Remuneration of experts (专家酬劳): the fee table, and how remuneration is settled. Money in fen."""

from __future__ import annotations

from datetime import timedelta
from typing import Annotated

from pydantic import Field, StringConstraints, model_validator

from domain.rulebook.types import Duration, Items, Section, Text

Fen = Annotated[int, Field(ge=0, le=10_000_000)]
Hours = Annotated[int, Field(ge=1, le=24)]
_HOUR = timedelta(hours=1)


class FurtherDays(Section):
    """Payment for each calendar day after the first: by the hour, or by the half day."""

    hour: Fen | None = None
    """Per hour; beyond ``long_after`` hours of that day, ``long_hour`` of the table."""
    half_day: Fen | None = None
    """Per started half day of ``half_day_hours`` counted hours."""
    half_day_hours: Hours = 4

    @model_validator(mode="after")
    def _one_way(self) -> FurtherDays:
        if (self.hour is None) == (self.half_day is None):
            raise ValueError("needs either hour or half_day")
        return self


class FeeTable(Section):
    """The province's fee standard (酬劳标准)."""

    standard: Text
    """Its name, as shown on pages and on the payment sheet."""
    unit: Duration
    """Steps in which time is counted."""
    forgiven: Duration
    """A remainder up to this is not counted; a longer one counts as a whole step."""
    first_hours: Hours
    first: Fen
    """For any attendance, up to ``first_hours``."""
    hour: Fen
    """Per further hour."""
    long_after: Hours | None = None
    long_hour: Fen | None = None
    """Per hour of a day beyond ``long_after``."""
    further_days: FurtherDays | None = None
    """None: hours continue to count after midnight."""
    night: Fen = 0
    """Once, when the evaluation goes past midnight (隔夜评标)."""
    wasted: Fen
    """For an expert who came without taking part: recused at the venue, cancelled, postponed (误工补助)."""
    transport: Fen = 0
    """For an expert from another city (交通补助)."""
    difference: Fen = 0
    """For an expert from another city (压差补助)."""

    @model_validator(mode="after")
    def _fits(self) -> FeeTable:
        if self.unit <= timedelta() or _HOUR % self.unit or not timedelta() <= self.forgiven < self.unit:
            raise ValueError("unit must divide an hour, and forgiven must be shorter than unit")
        steps = _HOUR // self.unit
        further = self.further_days.hour if self.further_days else None
        if any(price % steps for price in (self.hour, self.long_hour or 0, further or 0)):
            raise ValueError("prices of an hour must be divisible by the steps of an hour: fen are never cut")
        if (self.long_after is None) != (self.long_hour is None):
            raise ValueError("long_after and long_hour belong together")
        if self.long_after is not None and self.long_after < self.first_hours:
            raise ValueError("long_after must not be less than first_hours")
        if self.wasted > self.first:
            raise ValueError("wasted must not be more than first: who sat gets no less than who did not")
        return self


class RemunerationRules(Section):
    """How remuneration is proposed, confirmed and settled."""

    answer_within: Duration
    """Time for an expert to confirm or object; then the amount counts as confirmed, and he may object until it is paid.
    A venue that leaves an objection unanswered for this time is reminded, and the office sees it."""
    disputes_max: Annotated[int, Field(ge=1, le=10)]
    """How often an expert may object to one remuneration; after that he calls the venue."""
    amount_max: Fen
    """The largest amount accepted, against typing errors."""
    pay_ways: Annotated[Items[Annotated[str, StringConstraints(min_length=1, max_length=20)]], Field(min_length=1)]
    """Ways in which the agency pays, outside this system."""
    pay_within_days: Annotated[int, Field(ge=1, le=90)] | None = None
    """Working days from the end of the activity in which the agency has to pay; None: nothing is prescribed."""
    remind_every: Annotated[Duration, Field(ge=timedelta(days=1))]
    """Least time between two reminders to the agency that an expert sends about one remuneration."""
    payer_note: Text
    """Shown where an agency chooses the region mode: who pays the extra cost of experts from other cities."""
    table: FeeTable | None = None
    """None: the pool has set no standard; the venue enters amounts by hand, each with a reason."""
