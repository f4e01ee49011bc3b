"""Section of a rulebook on campaigns (征集): when people may apply, and what applications are called."""

from __future__ import annotations

from typing import Annotated, Literal

from pydantic import Field

from domain.rulebook.form import EntryType
from domain.rulebook.types import Duration, Items, Section, Text

EndedState = Literal["refused", "cancelled", "terminated"]


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
    """Only the holder of a valid certificate of continuing education who passed its examination, or one that the office
    held afterwards, may apply for a change."""
    once: bool
    """An applicant who was refused may not apply again in the same campaign."""
    correct_until: Literal["enrol", "review"]
    """Until when a corrected application may be resubmitted: the end of applying, or as long as decisions are made."""
    own_correction: Duration
    """At least how long an applicant with a deadline of his own may correct what is sent back to him."""
    reinstatement_second_person: Items[EndedState]
    """How an application had ended whose reinstatement (重新受理) another member of the office has to confirm."""

    def name_of(self, entry_type: EntryType) -> str:
        return str(getattr(self, f"{entry_type}_name"))

    def title_of(self, entry_type: EntryType) -> str:
        return str(getattr(self, f"{entry_type}_title"))

    def window_for(self, entry_type: EntryType) -> bool:
        """Whether such applications are accepted in campaigns only."""
        return self.required and entry_type != "change"

    @property
    def campaign_types(self) -> tuple[EntryType, ...]:
        """Types that a campaign may accept."""
        return tuple(entry_type for entry_type in self.entry_types if entry_type != "change")
