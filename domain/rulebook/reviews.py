"""Section of a rulebook on the review of applications."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from domain.rulebook.types import DayHours, Duration, Items, Section, Text

OPINION_MAX = 500
"""Characters of a reviewer's opinion."""
RETURN_WORDS_MAX = 100
"""Characters of a reviewer's words for one place that he sends back."""
StepCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,19}$")]


class ReviewStep(Section):
    """One step of the review.

    ``acts_in`` decides which region's reviewers get it: that of the applicant's choice, its city, or the province.
    """

    code: StepCode
    name: Text
    department: Text
    """The acting department, as the applicant reads it: 市州行业主管部门."""
    acts_in: Literal["chosen", "city", "province"]
    per_specialty: bool = False
    """One task for each specialty; each is decided separately."""
    send_back: Annotated[Items[Literal["whole", "specialty", "fields"]], Field(min_length=1)]
    """``fields``: the places that the reviewer marks are open for correction, and nothing else."""
    expected: Duration
    """Usual duration; shown to the applicant, and the queue marks older tasks."""
    may_refuse: bool
    """Whether this step may end the application for good."""

    @model_validator(mode="after")
    def _fields_of_the_whole(self) -> ReviewStep:
        if self.per_specialty and "fields" in self.send_back:
            raise ValueError("a step per specialty sends back the specialty, with what is marked")
        return self


class Review(Section):
    steps: Annotated[Items[ReviewStep], Field(min_length=1, max_length=6)]
    withdraw_before_edit: bool
    """A sent-back application must be withdrawn (撤回) before it can be changed."""
    withdraw_undecided: bool
    """The applicant may withdraw an application while no step of this round is decided."""
    resume: Literal["first", "same"]
    """A corrected application resumes at the first step, or at the step that sent it back."""
    correction_fields: Items[Text] = ()
    """Fields that open in addition to ``specialties`` when a single specialty is sent back."""
    alternatives: Literal["chosen", "all"]
    """Which alternative specialties (备选) enter the pool: those that the reviewer of the last step chooses, or all."""
    old_region: Literal["ask", "tell", "none"]
    """What the region hears that an expert applies to leave: its reviewers of the first step have to approve, too; they
    are told; or nothing."""
    own_campaign_window: bool
    """Decisions are made within the campaign's review window only."""
    phrases: Items[Annotated[str, StringConstraints(min_length=1, max_length=OPINION_MAX)]] = ()
    """Ready-made opinions for reviewers."""
    file_phrases: Items[Annotated[str, StringConstraints(min_length=1, max_length=RETURN_WORDS_MAX)]] = ()
    """Ready-made words for a file that is sent back."""
    reminders: DayHours
    """Reviewers and administrators get one notice per working day, within these hours, about waiting tasks."""

    def place_of(self, code: str) -> int | None:
        """Index of the step; None for a code that the rulebook no longer has."""
        return next((place for place, step in enumerate(self.steps) if step.code == code), None)

    def step_at(self, place: int) -> ReviewStep | None:
        """None outside review, and beyond the last step if the rulebook was shortened."""
        return self.steps[place] if 0 <= place < len(self.steps) else None

    @model_validator(mode="after")
    def _codes_differ(self) -> Review:
        codes = [step.code for step in self.steps]
        if len(set(codes)) < len(codes):
            raise ValueError("steps must have different codes")
        return self
