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
    """How long an expert stays in the pool before renewal (聘期); None: a term ends only where an import names its
    end."""
    renewal_before: Duration | None = None
    """How long before its end renewal is offered; None: whenever a campaign accepts renewals."""
    age_max: Annotated[int, Field(ge=18, le=120)] | None = None
    """Highest age in completed years at which an expert is drawn (在库年龄), on the panel's first day; None: no
    limit."""
    ending_notice: Duration
    """How long before the end of the term, or before the age limit, the office sees it."""
    ending_reminders: Items[Duration]
    """How long before the end of the term the expert is reminded, longest first."""
    renewal_shown_before: Duration
    """How long before the end of the term a campaign that takes renewals is in the expert's to-do list."""
    renewal_rest: Duration
    """The same for an expert without a term: how long after entry it is left out."""

    @model_validator(mode="after")
    def _stages_once(self) -> EntryRules:
        order = ["notice", "fee", "exam"]
        for stages in (self.stages, self.education_stages):
            if [stage for stage in order if stage in stages] != list(stages):
                raise ValueError("stages must be some of notice, fee, exam, in this order")
        if list(self.ending_reminders) != sorted(set(self.ending_reminders), reverse=True):
            raise ValueError("ending_reminders must differ and stand longest first")
        return self

    def stages_of(self, entry_type: EntryType) -> Items[Stage]:
        if entry_type == "change":
            return ()
        return self.education_stages if entry_type == "education" else self.stages
