"""The sections of a rulebook: every value that a province sets, typed and bounded.

Durations are ``timedelta``; "before X" counts back from X. Counts are plain integers.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from domain.clock import local
from domain.positions import Position
from domain.rulebook.notice_texts import Channel
from domain.rulebook.types import DayHours, Days, Duration, Items, RegionCode, Section, Text

Count = Annotated[int, Field(ge=1, le=100_000)]
Role = Literal["agency", "supervisor"]
RegionMode = Literal["permanent", "willing"]
AbsenceCause = Literal["leave", "absence", "recusal"]
ProjectField = Literal[
    "name",
    "number",
    "category",
    "region",
    "funding_source",
    "approval_number",
    "tender_method",
    "organisation_form",
    "tenderee_category",
    "investment",
    "investment_code",
    "tenderee_name",
    "tenderee_code",
    "agency_name",
    "agency_code",
    "contact",
    "contact_phone",
]
DrawField = Literal[
    "name",
    "medium",
    "opening_at",
    "opening_place",
    "needed",
    "starts_at",
    "ends_at",
    "on_site",
    "operator_name",
    "operator_phone",
    "operator_id_number",
    "supervisors",
    "remark",
]
NoticeField = Literal["venue", "address", "room", "gathering_at", "contact", "contact_phone", "remark"]


class GroupNoticeRules(Section):
    """Notices of the office to many (群发通知)."""

    per_minute: Annotated[int, Field(ge=6, le=6_000)]
    """Persons to whom one notice is written in a minute."""


class StatisticsRules(Section):
    """Statistics (统计) of the office."""

    thin_below: Count
    """A specialty with fewer experts in a region is marked as thin there (专家偏少)."""


class Pool(Section):
    """The pool as people see it."""

    code: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]{1,31}$")]
    name: Text
    account_name: Annotated[str, StringConstraints(min_length=1, max_length=20)]
    """Display name of the official account and of the sender of messages."""
    region: RegionCode
    """Code of the province; the root of the pool's regions."""
    hotline: Text
    catalogue: Annotated[str, StringConstraints(pattern=r"^[a-z][a-z0-9_]*$")] | None = None
    """Folder below ``config/catalogues`` whose files replace those of ``common``."""
    privacy_version: Text
    """Changes whenever the text changes: consent is asked again."""
    privacy_text: Text
    welcome: Text
    """The first message to a new follower."""
    help: Text


class Login(Section):
    """Codes by SMS, sessions, links between people and organisations."""

    code_length: Annotated[int, Field(ge=4, le=8)]
    code_valid: Duration
    code_tries: Annotated[int, Field(ge=1, le=20)]
    """Wrong entries per code."""
    code_gap: Duration
    """Minimum time between two codes to one mobile."""
    codes_per_hour: Count
    codes_per_day: Count
    codes_kept_for_owner: Annotated[int, Field(ge=0, le=20)]
    """Part of a mobile's codes per hour and day that only its owner's own WeChat account or browser can request."""
    codes_per_network_day: Count
    """Codes per day that one address (an IPv6 /64) may request, for any mobiles."""
    codes_per_wechat_day: Count
    """The same for one WeChat account, or for one logged-in person."""
    codes_per_pool_hour: Count
    """Budget. The last fifth is reserved for known persons; the office gets a notice when it begins and ends."""
    failures_before_lock: Count
    """Consecutive wrong codes for one mobile from one network, WeChat account or known browser, over several codes."""
    lock_for: Duration
    stranger_pause: Duration
    """Pause between two tries at one person's code or password, once strangers together have reached that many wrong
    tries."""
    access_valid: Duration
    refresh_valid: Duration
    link_valid: Duration
    """Signed links that open a page without log-in (invitation, check-in); never beyond the end of their purpose."""
    agent_link_default: Duration
    agent_link_max: Duration
    """The longest time for which an organisation may appoint an agent (经办人)."""
    agent_asks_per_day: Count
    """Persons whom an organisation may ask per day to become its agents; each person is asked at most once a day."""
    assurance_level_minimum: Annotated[int, Field(ge=1, le=4)]
    """Assurance level of the identity platform that an organisation needs."""
    natural_person_may_draw: bool


class ProjectRules(Section):
    onsite_number_length: Count | None = None
    """Characters of an on-site project's number; None: any length."""
    required: Items[ProjectField]
    lots_max: Count
    categories: Items[str]
    """Class and sub-class in one text, with a slash between. Pages offer these five lists to choose from."""
    funding_sources: Items[str]
    tender_methods: Items[str]
    organisation_forms: Items[str]
    tenderee_categories: Items[str]


class Commitments(Section):
    """Roles whose devices add randomness to the seed, and their time limits."""

    roles: Annotated[Items[Role], Field(min_length=1)]
    commit_timeout: Duration
    reveal_timeout: Duration
    reminders: Items[Duration]
    """Before either deadline; who has not committed, or not revealed, is reminded. One longer than the time is left
    out."""
    reveal_notice_after: Duration
    """Time after the last commitment after which who has not revealed is asked to open the page."""
    aborts_max: Count
    """Rounds of a draw that may be given up before the first reveal; each lets a party choose the moment of
    freezing."""
    lot_orders_max: Count
    """Orders of a lot within 24 hours, each by another activity; above it no activity may fix a further one."""
    start_within: Duration
    """Time after the seed after which the system starts calling by itself."""


class CallingRules(Section):
    hours: DayHours
    """No new call begins outside these hours; a running draw waits for the next opening."""
    answer_timeout: Duration
    """From the first step of an invitation's ladder to its end as silent."""
    stop_before_gathering: Duration
    """No new call begins later than this before the gathering time."""
    open_calls_max: Count
    """Simultaneously open calls of one condition; in any case at most its missing places."""
    next_after: Duration
    """Pause between a place becoming vacant and the next call."""


@dataclass(frozen=True)
class CountBand:
    """How many experts can be drawn, roughly: from ``least`` to fewer than ``below``; None: any number more."""

    least: int
    below: int | None

    def __str__(self) -> str:
        if self.below is None:
            return f"{self.least}人以上"
        return f"{self.least}-{self.below - 1}人" if self.least else f"不足{self.below}人"


class PreviewRules(Section):
    """How much an agency may learn about the pool before the draw."""

    small_cell: Count
    """Counts below this are shown as “fewer than N” (不足N人)."""
    bands: Items[Count]
    """Lower ends of the bands above ``small_cell``, rising."""
    per_draw: Count
    per_project_day: Count
    """Previews per project and day, over all drafts, including deleted ones."""
    per_organisation_day: Count

    @model_validator(mode="after")
    def _bands_rise(self) -> PreviewRules:
        if list(self.bands) != sorted(set(self.bands)) or (self.bands and self.bands[0] < self.small_cell):
            raise ValueError("bands must rise and begin at small_cell or above")
        return self

    def band(self, count: int) -> CountBand:
        """What is shown instead of ``count``."""
        starts = [0, self.small_cell, *(start for start in self.bands if start > self.small_cell)]
        index = max(i for i, start in enumerate(starts) if start <= count)
        return CountBand(starts[index], starts[index + 1] if index + 1 < len(starts) else None)


class DraftRules(Section):
    """Draws that may be begun per day, including deleted ones, since each allows previews of its own."""

    per_project_day: Count
    per_organisation_day: Count


class Leave(Section):
    allowed_until: Duration
    """Time before gathering until which leave is timely; later the expert may still say that he can't come."""
    consequence: Text
    """Shown to the expert and read back before the confirmation."""
    late_consequence: Text
    """The same of a leave that is no longer timely."""
    confirm_within: Duration
    """A leave registered for the expert lapses if the expert doesn't confirm it within this time."""
    requests_max: Count
    """How often others may register leave for the same expert in a draw."""


class Release(Section):
    causes: Annotated[Items[Text], Field(min_length=1)]
    """Causes of releasing a panel (退选原因); an application names one."""
    before_start: Annotated[Duration, Field(le=timedelta(days=7))]
    """How long before the expected start a release must be approved and begun."""
    remind_before: Annotated[Duration, Field(le=timedelta(days=1))]
    """How long before that moment the agency is reminded of an approved release that it has not begun."""


class Recall(Section):
    """How the experts of the original panel are notified, and asked to call the agency's contact back."""

    answer_within: Annotated[Duration, Field(ge=timedelta(minutes=10), le=timedelta(days=7))]
    """Time for an expert's own answer; at most until ``draw.agreement_lead`` before the gathering."""
    contradict_within: Annotated[Duration, Field(ge=timedelta(minutes=5), le=timedelta(days=1))]
    """A refusal that the agency reports after an answered call counts when the expert, who is notified of it at once,
    hasn't answered otherwise within this time; outside ``calling.hours`` it begins with them."""
    statements_max: Count
    """How often the agency may note what an expert is said to have answered: each is a message to that expert."""
    asks_max: Count
    """Number of such messages per expert."""
    asked_again_after: Duration
    resends_max: Count
    """How often the message with time, place and code is resent to an expert whom it did not reach."""


class Supplement(Section):
    region_change: bool
    widenings_max: Count
    """Further orders of a draw, each for wider regions after the earlier orders are exhausted."""
    causes: Items[AbsenceCause]
    mark: Annotated[str, StringConstraints(min_length=1, max_length=2)]
    """Prefix of the code of an expert from a supplementary draw."""
    lookups_per_hour: Count
    """Registrations by code or mobile per person and hour, including failed ones."""
    postpone_max: Duration
    """How much the expected start may be postponed at once to fill places that became vacant at check-in; always on the
    same day. 0: not at all. New calls still end ``calling.stop_before_gathering`` before gathering."""


class EmergencyRules(Section):
    """When emergency experts (应急专家) are drawn apart from the others; among the others they always are."""

    conditions: bool
    """Whether a condition may ask for emergency experts alone."""
    within: Annotated[Duration, Field(ge=timedelta(hours=1))]
    """The longest time from saving such a condition, or submitting it, to the expected start."""

    @property
    def span(self) -> str:
        """``24小时``."""
        return f"{self.within / timedelta(hours=1):g}小时"


class ExitRules(Section):
    """How a draw that no person ends is ended by time."""

    on_site_after: Duration
    """Time after the expected end at which an on-site draw is ended; others are ended at their expected end."""
    after_forced_end: Literal["stay", "release"]
    """Effect on experts who had accepted when a draw was ended by force with places missing."""


class CallNoticeRules(Section):
    """The notice that experts of a condition are called with (语音通知)."""

    required: Items[NoticeField]
    remarks_max: Count
    quick_remarks: Items[Annotated[str, StringConstraints(min_length=1, max_length=50)]]
    address_parts: Items[Items[Text]]
    """The address must name a place of each group, such as 市, then one of 区, 县, followed by more text."""
    address_forbidden_words: Items[Text]
    """Words of organisations' names, which an address must not contain; 中心路 is a street."""
    per_draw_max: Count
    contact_apart: bool
    """For off-site (非进场) draws, the contact named to experts must not be the person who draws."""

    @model_validator(mode="after")
    def _phrases_fit(self) -> CallNoticeRules:
        if long := [phrase for phrase in self.quick_remarks if len(phrase) > self.remarks_max]:
            raise ValueError(f"quick_remarks has a phrase longer than remarks_max: {long[0]!r}")
        return self


class Numbers(Section):
    """Prefixes of draw numbers; yyyymmdd and a serial of ``serial_digits`` follow."""

    normal: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,6}$")]
    redraw: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,6}$")]
    recall: Annotated[str, StringConstraints(pattern=r"^[A-Z]{2,6}$")]
    serial_digits: Annotated[int, Field(ge=3, le=8)]

    @model_validator(mode="after")
    def _prefixes_differ(self) -> Numbers:
        if len({self.normal, self.redraw, self.recall}) < 3:
            raise ValueError("normal, redraw and recall must have different prefixes")
        return self


class DrawRules(Section):
    numbers: Numbers
    required: Items[DrawField]
    terminals: Annotated[Items[Text], Field(min_length=1)]
    """Places where an application is verified (抽取终端)."""
    times_in_order: bool
    """Whether opening, expected start and expected end must be in this order."""
    panel_max: Annotated[Duration, Field(ge=timedelta(days=1))]
    """Longest time from expected start to expected end, in which its experts are called to no other panel."""
    experts_max: Count
    conditions_max: Count
    region_modes: Annotated[Items[RegionMode], Field(min_length=1)]
    several_regions: bool
    alternative_specialty: bool
    recusal_units_max: Count
    recusal_persons_max: Count
    recusal_reasons: Annotated[Items[Text], Field(min_length=1)]
    recusal_evidence: Annotated[Items[Text], Field(min_length=1)]
    """Classes of evidence (回避依据); each recusal names one."""
    employment_recusal_years: Annotated[int, Field(ge=0, le=20)]
    earliest_before_evaluation: Duration | None = None
    """How early calling may begin; none: no limit."""
    earliest_working_days: Annotated[int, Field(ge=1, le=30)] | None = None
    """The same in working days, see ``Rulebook.earliest_draw``."""
    result_visible_before: Duration
    """How long before the expected start codes are replaced by names."""
    code_length: Annotated[int, Field(ge=4, le=6)]
    """Digits of an expert's code (验证码)."""
    agreement_lead: Annotated[Duration, Field(le=timedelta(hours=12))]
    """Minimum time between an expert's agreement and an absence: an agreement binds only from then on."""
    progress_every: Duration
    """Minimum time between two progress notices to the agency during a draw."""
    commitments: Commitments
    emergency: EmergencyRules
    exits: ExitRules
    calling: CallingRules
    preview: PreviewRules
    drafts: DraftRules
    leave: Leave
    release: Release
    recall: Recall
    supplement: Supplement
    notice: CallNoticeRules

    @property
    def by_willing_region(self) -> bool:
        """Whether experts are drawn by the regions where they are willing to evaluate (意愿评标地), too."""
        return "willing" in self.region_modes


class Calendar(Section):
    """Days that differ from Monday-to-Friday, as the State Council announces them each year."""

    holidays: Items[date] = ()
    workdays: Items[date] = ()
    named: Mapping[str, Days] = Field(default_factory=dict)
    """Holidays by year and name, such as ``2026-spring``, see ``domain.experts.holidays``; those without a source are
    expected only."""

    def is_workday(self, day: date) -> bool:
        return day in self.workdays or (day.weekday() < 5 and day not in self.holidays)

    def working_days_after(self, at: datetime, working_days: int) -> datetime:
        """Midnight (Asia/Shanghai) that ends the n-th working day after the day of ``at``."""
        day = local(at).replace(hour=0, minute=0, second=0, microsecond=0)
        while working_days:
            day += timedelta(days=1)
            working_days -= self.is_workday(day.date())
        return (day + timedelta(days=1)).astimezone(at.tzinfo)

    def working_days_before(self, at: datetime, working_days: int) -> datetime:
        """Midnight (Asia/Shanghai) that begins the n-th working day before the day of ``at``."""
        day = local(at).replace(hour=0, minute=0, second=0, microsecond=0)
        while working_days:
            day -= timedelta(days=1)
            working_days -= self.is_workday(day.date())
        return day.astimezone(at.tzinfo)


class LadderStep(Section):
    """One step of a ladder.

    It begins ``after`` the ladder began, or at once when every earlier step has failed; steps with the same ``after``
    begin together. ``wait`` is how long an attempt's outcome is awaited before the vendor is queried for it.
    """

    channel: Channel
    after: Duration = timedelta()
    wait: Duration = timedelta(minutes=1)
    attempts: Annotated[int, Field(ge=1, le=5)] = 1
    retry_gap: Duration = timedelta(minutes=2)
    """Between the beginnings of two attempts."""

    @model_validator(mode="after")
    def _retry_after_outcome(self) -> LadderStep:
        if self.attempts > 1 and self.retry_gap < self.wait:
            raise ValueError(
                "retry_gap must not be shorter than wait: nobody is dialled again while a call may be open"
            )
        if self.channel == "voice" and self.attempts > 1 and self.retry_gap <= timedelta(seconds=60):
            raise ValueError("retry_gap of voice must exceed 60s: vendors allow one call a minute to a number")
        return self

    @property
    def longest(self) -> timedelta:
        """Time from the ladder's beginning to the end of this step."""
        return self.after + (self.attempts - 1) * self.retry_gap + self.wait


class Ladder(Section):
    """The attempts by which one kind of notice reaches a person."""

    steps: Annotated[Items[LadderStep], Field(min_length=1)]
    until: Literal["answered", "opened", "delivered", "all"]
    """What ends it: a valid answer on any channel; that the person opens its page or picks up its call; the first
    delivery; or nothing, so that every step is used."""
    day_max: Annotated[int, Field(ge=1, le=20)] | None = None
    """With ``until = "opened"``: short messages and calls that follow a delivered message in a day (Beijing), over all
    notices of this kind about one invitation; the first message of a notice doesn't count."""
    hours: Mapping[Channel, DayHours] = {}
    """Hours in which a channel may be used; a step outside them waits for the next opening. Missing: always."""
    urgent_before: Duration | None = None
    """A notice whose occasion begins less than this after the next opening doesn't wait for it. None: every notice
    waits."""

    @model_validator(mode="after")
    def _steps_in_order(self) -> Ladder:
        starts = [step.after for step in self.steps]
        if starts != sorted(starts):
            raise ValueError("steps must be written in the order in which they begin")
        if len({step.channel for step in self.steps}) < len(self.steps):
            raise ValueError("steps must not name a channel twice; use attempts and retry_gap")
        if self.until == "opened" and self.day_max is None:
            raise ValueError('until = "opened" needs day_max, or a person could be called without end')
        return self

    @property
    def longest(self) -> timedelta:
        return max(step.longest for step in self.steps)


class VoiceRules(Section):
    """Keys to press during a call."""

    attend: Annotated[str, StringConstraints(pattern=r"^[0-9]$")]
    decline: Annotated[str, StringConstraints(pattern=r"^[0-9]$")]
    repeat: Annotated[str, StringConstraints(pattern=r"^[0-9]$")]
    confirm_twice: bool
    """A key counts only when the report contains it twice."""
    key_wait: Duration
    play_times: Annotated[int, Field(ge=1, le=3)]

    @model_validator(mode="after")
    def _keys_differ(self) -> VoiceRules:
        if len({self.attend, self.decline, self.repeat}) < 3:
            raise ValueError("attend, decline and repeat must be different keys")
        return self


class LateArrivalRules(Section):
    """What an expert who comes late may say himself (晚到)."""

    opens: Duration
    """Time before gathering from which it can be said."""
    shortest: Annotated[Duration, Field(ge=timedelta(minutes=1))]
    longest: Annotated[Duration, Field(le=timedelta(hours=12))]
    """Who comes later still has to ask for leave."""
    consequence: Text
    """What it means for the evaluation and for the expert; shown to him before he confirms."""

    @model_validator(mode="after")
    def _some_minutes_are_left(self) -> LateArrivalRules:
        if self.shortest >= self.longest:
            raise ValueError("shortest must be shorter than longest")
        return self


class AttendanceRules(Section):
    reminders: Items[Duration]
    """Times before gathering."""
    move_reminders: Items[Duration]
    """Times before the first of the agreed and the moved times; who has not answered the move (改期) is reminded. One
    that reaches back to the question is left out."""
    qr_valid: Annotated[Duration, Field(ge=timedelta(seconds=10), le=timedelta(seconds=20))]
    """Validity of the code on the venue's screen; the screen changes it sooner."""
    check_in_opens: Duration
    """Time before gathering."""
    location_required: bool
    """A scanned code counts only together with a position, at a venue whose coordinates are known."""
    radius_m: Annotated[int, Field(ge=50, le=50_000)]
    entry_and_exit: bool
    """The venue's staff register exits too."""
    late_after: Duration
    """Time after gathering."""
    urging_window: Duration
    """Time from gathering on."""
    urging_pause: Annotated[Duration, Field(ge=timedelta(minutes=1))]
    """Between two urgings of an expert, by whatever call."""
    urging_voice_max: Annotated[int, Field(ge=0, le=10)]
    urging_virtual_max: Annotated[int, Field(ge=0, le=100)] | None = None
    """Number of calls in which the expert's phone rang. None: no limit."""
    late_arrival: LateArrivalRules

    @model_validator(mode="after")
    def _late_can_be_urged(self) -> AttendanceRules:
        if self.late_after > self.urging_window:
            raise ValueError("late_after must not be later than the end of urging_window")
        return self


class Venue(Section):
    """A place where experts gather (评标场所). Coordinates are WGS-84; those of Chinese maps have to be converted."""

    code: Annotated[str, StringConstraints(pattern=r"^[a-z0-9_-]{1,32}$")]
    name: Text
    address: Text
    latitude: Annotated[float, Field(ge=3, le=54)] | None = None
    longitude: Annotated[float, Field(ge=73, le=136)] | None = None
    offered: bool = True
    """False: no new notice names it; draws that gather there go on."""
    former_names: Items[Text] = ()
    """What notices of running draws may still call it."""

    @property
    def names(self) -> tuple[str, ...]:
        """Every name under which it is known, the present one first."""
        return self.name, *self.former_names

    @property
    def position(self) -> Position | None:
        if self.latitude is None or self.longitude is None:
            return None
        return Position(self.latitude, self.longitude)
