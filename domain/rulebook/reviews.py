"""Sections of a rulebook on the course of an application: campaigns, review, public notice, fee, entry."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from domain.rulebook.form import EntryType
from domain.rulebook.types import DayHours, Duration, Items, Section, Text

Stage = Literal["notice", "fee", "exam"]
OPINION_MAX = 500
"""Characters of a reviewer's opinion."""
StepCode = Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{0,19}$")]


class CampaignRules(Section):
    """When people may apply (征集)."""

    required: bool
    """False: applications are accepted all year, without a campaign."""
    entry_types: Annotated[Items[EntryType], Field(min_length=1)]
    first_title: Text
    """The to-do item of a new applicant: 专家常态征集."""
    renewal_title: Text
    first_name: Text
    """The name of a new applicant's application (新增), before the word 申请."""
    renewal_name: Text
    education_title: Text
    """The to-do item of an expert who enrols for continuing education (继续教育)."""
    education_name: Text
    change_title: Text
    """The to-do item for changing one's record (异动申请), at any time."""
    change_name: Text
    change_after_course: bool
    """Only the holder of a valid certificate of continuing education may apply for a change."""
    once: bool
    """An applicant who was refused may not apply again in the same campaign."""
    correct_until: Literal["enrol", "review"]
    """Until when a corrected application may be resubmitted: the end of applying, or as long as decisions are made."""

    def name_of(self, entry_type: EntryType) -> str:
        return str(getattr(self, f"{entry_type}_name"))

    def title_of(self, entry_type: EntryType) -> str:
        return str(getattr(self, f"{entry_type}_title"))

    def window_for(self, entry_type: EntryType) -> bool:
        """Whether such applications are accepted in campaigns only."""
        return self.required and entry_type != "change"

    @property
    def of_campaigns(self) -> tuple[EntryType, ...]:
        """Types that a campaign may accept."""
        return tuple(one for one in self.entry_types if one != "change")


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
    send_back: Annotated[Items[Literal["whole", "specialty"]], Field(min_length=1)]
    expected: Duration
    """Usual duration; shown to the applicant, and the queue marks older tasks."""
    may_refuse: bool
    """Whether this step may end the application for good."""


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
    own_campaign_window: bool
    """Decisions are made within the campaign's review window only."""
    phrases: Items[Annotated[str, StringConstraints(min_length=1, max_length=OPINION_MAX)]] = ()
    """Ready-made opinions for reviewers."""
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


class PublicNotice(Section):
    """Public notice before entry (公示)."""

    lasts: Duration
    objections_per_day: Annotated[int, Field(ge=1, le=1000)]
    """Objections of one person per day, over all applications."""
    objection_min: Annotated[int, Field(ge=1, le=100)]
    """Characters of an objection: it must name facts."""
    text: Text
    """How to object, shown with the public notice."""


@dataclass(frozen=True)
class PayWindow:
    """Half-open; ``closes`` None: no end."""

    opens: datetime
    closes: datetime | None


class InvoiceRules(Section):
    """How an electronic invoice is issued."""

    issued_by: Literal["wechat", "office"]
    """``wechat``: by WeChat Pay where the merchant has it, else as ``office``: staff upload the tax platform's file."""
    goods_name: Text
    tax_code: Text
    tax_rate: Annotated[int, Field(ge=0, le=10_000)]
    """Hundredths of a percent."""
    receipt_title: Text
    """Title of the payment receipt (缴费凭证) that is mailed at once."""


class FeeRules(Section):
    """What an applicant pays (培训费), in fen."""

    amount: Annotated[int, Field(ge=1, le=100_000_000)]
    title: Text
    description: Annotated[str, StringConstraints(min_length=1, max_length=40)]
    """Shown on the payer's bill."""
    legal_basis: Text
    opens_after: Duration
    """Calendar time from approval to payment."""
    at_least: Duration
    """Minimum time to pay: an applicant approved so late that ``opens_after`` does not fit before the window's end may
    pay at once, and, if necessary, after that end."""
    order_valid: Duration
    """An order that is not paid within this time is closed; a new one can be created."""
    pay_for_others: bool
    """Anyone who knows the expert number may pay; the name is shown masked."""
    lookups_per_hour: Annotated[int, Field(ge=1, le=1000)]
    """Numbers that one person may look up, since each shows a masked name."""
    refund_text: Text
    """When fees are refunded; shown before payment."""
    hotline: Text
    invoice: InvoiceRules

    @model_validator(mode="after")
    def _order_fits(self) -> FeeRules:
        if not timedelta(minutes=5) <= self.order_valid <= timedelta(hours=2):
            raise ValueError("order_valid must be between 5m and 2h: a code of the platform lives two hours")
        return self

    def window(self, approved: datetime, opens: datetime | None, closes: datetime | None) -> PayWindow:
        """When an applicant approved at ``approved`` may pay; the campaign takes payment from ``opens`` to ``closes``.

        The usual opening is ``opens_after`` the approval, not before ``opens``. Where that leaves less than
        ``at_least`` before ``closes``, it opens at once (still not before ``opens``), and ends ``at_least`` later if
        that is after ``closes``.
        """
        usual = max(approved + self.opens_after, opens or approved)
        if closes is None or usual + self.at_least <= closes:
            return PayWindow(usual, closes)
        at_once = max(approved, opens or approved)
        return PayWindow(at_once, max(closes, at_once + self.at_least))

    def window_again(self, now: datetime, opens: datetime | None, closes: datetime | None) -> PayWindow:
        """The window for paying again after a refund: at once, for at least ``at_least``."""
        at_once = max(now, opens or now)
        return PayWindow(at_once, max(closes, at_once + self.at_least) if closes else None)


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
