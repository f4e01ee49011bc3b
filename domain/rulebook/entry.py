"""Sections of a rulebook on the way from approval into the pool (入库): public notice, stages, numbers, terms."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from domain.rulebook.form import EntryType
from domain.rulebook.types import Duration, Items, Section, Text

Stage = Literal["notice", "fee", "exam"]


class PublicNotice(Section):
    """Public notice before entry (公示)."""

    lasts: Duration
    objections_per_day: Annotated[int, Field(ge=1, le=1000)]
    """Objections of one person per day, over all applications."""
    objection_min: Annotated[int, Field(ge=1, le=100)]
    """Characters of an objection: it must name facts."""
    text: Text
    """How to object, shown with the public notice."""


class StageNames(Section):
    """Names of the stages of an application in its progress; review steps have their own names."""

    form: Text
    notice: Text
    fee: Text
    exam: Text
    entered: Text
    enrolled: Text
    """Replaces ``entered`` where an expert enrols for continuing education."""
    changed: Text
    """Replaces ``entered`` where an expert changes the record."""

    def last_of(self, entry_type: EntryType) -> str:
        return {"education": self.enrolled, "change": self.changed}.get(entry_type, self.entered)


class EntryRules(Section):
    """From the last approval into the pool (入库)."""

    stages: Items[Stage]
    """Stages between approval and entry, in this order."""
    education_stages: Items[Stage] = ()
    """The same for continuing education of an expert in the pool; the course itself is separate."""
    names: StageNames
    number_prefix: Annotated[str, StringConstraints(pattern=r"^[A-Z]{1,6}$")]
    """Prefix of expert numbers, before the serial."""
    number_digits: Annotated[int, Field(ge=4, le=12)]
    term: Duration | None = None
    """How long an expert stays in the pool before renewal; None: no end is shown."""
    renewal_before: Duration | None = None
    """How long before its end renewal is offered; None: whenever a campaign accepts renewals."""
    age_max: Annotated[int, Field(ge=18, le=120)] | None = None
    """Highest age in completed years at which an expert is drawn (在库年龄), on the panel's first day; None: no
    limit."""
    ending_notice: Duration
    """How long before the end of the term, or before the age limit, the expert is notified and the office sees it."""
    renewal_rest: Duration
    """How long after entry renewal is left out of an expert's to-do list, unless the term ends within the same time."""

    @model_validator(mode="after")
    def _stages_once(self) -> EntryRules:
        order = ["notice", "fee", "exam"]
        for stages in (self.stages, self.education_stages):
            if [stage for stage in order if stage in stages] != list(stages):
                raise ValueError("stages must be some of notice, fee, exam, in this order")
        return self

    def stages_of(self, entry_type: EntryType) -> Items[Stage]:
        if entry_type == "change":
            return ()
        return self.education_stages if entry_type == "education" else self.stages
