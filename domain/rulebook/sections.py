"""The sections of a rulebook: every value that a province sets, typed and bounded.

Durations are ``timedelta``; "before X" counts back from X. Counts are plain integers.
"""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date, datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field, StringConstraints, model_validator

from domain.clock import local
from domain.rulebook.notice_texts import Channel
from domain.rulebook.types import DayHours, Duration, Items, Section, Text

Count = Annotated[int, Field(ge=1, le=100_000)]
RegionCode = Annotated[str, StringConstraints(pattern=r"^\d{6}$")]
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


class Pool(Section):
    """Who the pool is, as people see it."""

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
    """The first thing a new follower reads."""
    help: Text


class Login(Section):
    """Codes by SMS, sessions, links between people and organisations."""

    code_length: Annotated[int, Field(ge=4, le=8)]
    code_valid: Duration
    code_tries: Annotated[int, Field(ge=1, le=20)]
    """Wrong entries that one code bears."""
    code_gap: Duration
    """Between two codes to one mobile."""
    codes_per_hour: Count
    codes_per_day: Count
    codes_kept_for_owner: Annotated[int, Field(ge=0, le=20)]
    """Of an hour's and a day's codes of one mobile, those that only its owner's own WeChat or browser can ask for."""
    codes_per_network_day: Count
    """Codes that one address (an IPv6 /64) may ask for in a day, to whatever mobiles."""
    codes_per_wechat_day: Count
    """The same of one WeChat, or of one person who is logged in."""
    codes_per_pool_hour: Count
    """Budget. The last fifth is for those whom the pool knows; the office gets a notice when it begins and ends."""
    failures_before_lock: Count
    """Wrong codes in a row for one mobile from one network, WeChat or known browser, over several codes."""
    lock_for: Duration
    stranger_pause: Duration
    """Between two tries at one person's code or password, once strangers together had that many wrong."""
    access_valid: Duration
    refresh_valid: Duration
    link_valid: Duration
    """Signed links that open a page without log-in (invitation, check-in); never beyond the action they are for."""
    agent_link_default: Duration
    agent_link_max: Duration
    """How long an organisation may let a person act for it (经办人)."""
    agent_asks_per_day: Count
    """Persons whom an organisation may ask to act for it in a day; each person is asked once a day at most."""
    assurance_level_minimum: Annotated[int, Field(ge=1, le=4)]
    """Real-name level of the identity platform that an organisation needs."""
    natural_person_may_draw: bool


class Projects(Section):
    onsite_number_length: Count | None = None
    """Characters of an on-site project's number; none: only that it is there."""
    required: Items[ProjectField]
    lots_max: Count
    categories: Items[str]
    """Class and sub-class in one text, with a slash between. Pages offer these five lists to choose from."""
    funding_sources: Items[str]
    tender_methods: Items[str]
    organisation_forms: Items[str]
    tenderee_categories: Items[str]


class Commitments(Section):
    """Whose devices add randomness to the seed, and how long they may take."""

    roles: Annotated[Items[Role], Field(min_length=1)]
    commit_timeout: Duration
    reveal_timeout: Duration
    aborts_max: Count
    """Rounds of a draw that may be given up before anybody reveals; each lets a party choose the freeze's moment."""
    start_within: Duration
    """After the seed; then the system starts calling by itself."""


class Calling(Section):
    hours: DayHours
    """No new call is begun outside; a draw under way waits for the next opening."""
    answer_timeout: Duration
    """From the first step of an invitation's ladder to its end as silent."""
    stop_before_gathering: Duration
    """No new call is begun later than this before the gathering time."""
    open_calls_max: Count
    """Calls of one condition that stand open at once; never more than its missing places, whatever this says."""
    next_after: Duration
    """Pause between a place becoming free and the next call."""


class Preview(Section):
    """How much an agency may learn about the pool before the draw."""

    small_cell: Count
    """Counts below this are shown as "< N"."""
    bands: Items[Count]
    """Lower ends of the bands above ``small_cell``, rising."""
    per_draw: Count
    per_project_day: Count
    """Over all drafts of a project, deleted ones too."""
    per_organisation_day: Count

    @model_validator(mode="after")
    def _bands_rise(self) -> Preview:
        if list(self.bands) != sorted(set(self.bands)) or (self.bands and self.bands[0] < self.small_cell):
            raise ValueError("bands must rise and begin at small_cell or above")
        return self

    def band(self, count: int) -> str:
        """What is shown instead of ``count``: ``<5``, ``5-19``, ``≥100``."""
        if count < self.small_cell:
            return f"<{self.small_cell}"
        starts = [self.small_cell, *(b for b in self.bands if b > self.small_cell)]
        index = max(i for i, start in enumerate(starts) if start <= count)
        return f"≥{starts[index]}" if index + 1 == len(starts) else f"{starts[index]}-{starts[index + 1] - 1}"


class Drafts(Section):
    """How many activities may be begun on a day, deleted ones too: each brings previews of its own."""

    per_project_day: Count
    per_organisation_day: Count


class Leave(Section):
    allowed_until: Duration
    """Before the gathering time."""
    consequence: Text
    """Shown and read back before the expert confirms."""
    confirm_within: Duration
    """A leave that was registered for the expert lapses when the expert doesn't confirm it within this time."""
    requests_max: Count
    """How often others may register a leave for one expert of one draw."""


class Release(Section):
    causes: Annotated[Items[Text], Field(min_length=1)]
    """What a panel may be released for (退选原因); an application names one."""
    before_start: Annotated[Duration, Field(le=timedelta(days=7))]
    """How long before the expected start a release must be approved and begun at the latest."""
    remind_before: Annotated[Duration, Field(le=timedelta(days=1))]
    """How long before that moment the agency is reminded of a release that it has not begun."""


class Recall(Section):
    """An expert of the original panel is asked by a message to call the agency's person back."""

    asks_max: Count
    """How often one expert is asked."""
    asked_again_after: Duration
    resends_max: Count
    """How often the message with time, place and code is sent again to one expert whom it did not reach."""


class Supplement(Section):
    region_change: bool
    widenings_max: Count
    """Further orders of a draw, each for wider regions once the orders before are at their end."""
    causes: Items[AbsenceCause]
    mark: Annotated[str, StringConstraints(min_length=1, max_length=2)]
    """Stands before the code of an expert who came by supplementary draw."""
    lookups_per_hour: Count
    """Registrations by code or mobile, also failed ones, per person who registers."""
    postpone_max: Duration
    """How much later the expected start may be moved at once so that places that became free at the door are filled;
    always on the same day. 0: not at all. New calls still end ``calling.stop_before_gathering`` before gathering."""


class Exits(Section):
    """How an activity that no person ends is ended by time."""

    on_site_after: Duration
    """After the expected end; an on-site activity is ended by time so late, others at their expected end."""
    after_forced_end: Literal["stay", "release"]
    """What holds for experts who had agreed when a draw was forced to end with places missing."""


class CallNotice(Section):
    """The notice that experts of a condition are called with (语音通知)."""

    required: Items[NoticeField]
    remarks_max: Count
    quick_remarks: Items[Annotated[str, StringConstraints(min_length=1, max_length=50)]]
    address_parts: Items[Items[Text]]
    """The address names a place of each group, such as 市, then one of 区, 县, and something after them."""
    address_forbidden_words: Items[Text]
    """Words of organisations' names, which an address must not tell; 中心路 is a street."""
    per_draw_max: Count
    contact_apart: bool
    """Off site (非进场), whom experts call is not the one who draws."""

    @model_validator(mode="after")
    def _phrases_fit(self) -> CallNotice:
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


class Draw(Section):
    numbers: Numbers
    required: Items[DrawField]
    terminals: Annotated[Items[Text], Field(min_length=1)]
    """Where an application is verified (抽取终端)."""
    times_in_order: bool
    """Opening before expected start before expected end."""
    experts_max: Count
    conditions_max: Count
    region_modes: Annotated[Items[RegionMode], Field(min_length=1)]
    several_regions: bool
    alternative_specialty: bool
    recusal_units_max: Count
    recusal_persons_max: Count
    recusal_reasons: Annotated[Items[Text], Field(min_length=1)]
    recusal_evidence: Annotated[Items[Text], Field(min_length=1)]
    """Classes of evidence (回避依据) of which each recusal names one."""
    employment_recusal_years: Annotated[int, Field(ge=0, le=20)]
    earliest_before_evaluation: Duration | None = None
    """How early calling may begin; none: no limit."""
    earliest_working_days: Annotated[int, Field(ge=1, le=30)] | None = None
    """The same in working days, see ``Rulebook.earliest_draw``."""
    result_visible_before: Duration
    """Codes turn into names this long before the expected start."""
    code_length: Annotated[int, Field(ge=4, le=6)]
    """Digits of an expert's code (验证码)."""
    progress_every: Duration
    """The agency gets a running draw's progress no more often than this."""
    commitments: Commitments
    exits: Exits
    calling: Calling
    preview: Preview
    drafts: Drafts
    leave: Leave
    release: Release
    recall: Recall
    supplement: Supplement
    notice: CallNotice


class Calendar(Section):
    """Days that differ from Monday-to-Friday, as the State Council announces them each year."""

    holidays: Items[date] = ()
    workdays: Items[date] = ()

    def is_workday(self, day: date) -> bool:
        return day in self.workdays or (day.weekday() < 5 and day not in self.holidays)

    def before(self, at: datetime, working_days: int) -> datetime:
        """Midnight (Asia/Shanghai) that begins the n-th working day before the day of ``at``."""
        day = local(at).replace(hour=0, minute=0, second=0, microsecond=0)
        while working_days:
            day -= timedelta(days=1)
            working_days -= self.is_workday(day.date())
        return day.astimezone(at.tzinfo)


class Step(Section):
    """One rung of a ladder.

    It begins ``after`` the ladder began, or at once when every earlier rung has failed; rungs with the same ``after``
    begin together. ``wait`` is how long the outcome of an attempt is awaited before the vendor is asked for it.
    """

    channel: Channel
    after: Duration = timedelta()
    wait: Duration = timedelta(minutes=1)
    attempts: Annotated[int, Field(ge=1, le=5)] = 1
    retry_gap: Duration = timedelta(minutes=2)
    """Between the beginnings of two attempts."""

    @model_validator(mode="after")
    def _retry_after_outcome(self) -> Step:
        if self.attempts > 1 and self.retry_gap < self.wait:
            raise ValueError(
                "retry_gap must not be shorter than wait: nobody is dialled again while a call may be open"
            )
        if self.channel == "voice" and self.attempts > 1 and self.retry_gap <= timedelta(seconds=60):
            raise ValueError("retry_gap of voice must exceed 60s: vendors allow one call a minute to a number")
        return self

    @property
    def longest(self) -> timedelta:
        """From the ladder's beginning to the end of this rung."""
        return self.after + (self.attempts - 1) * self.retry_gap + self.wait


class Ladder(Section):
    """How one kind of notice reaches a person."""

    steps: Annotated[Items[Step], Field(min_length=1)]
    until: Literal["answered", "delivered", "all"]
    """What ends it: a valid answer on any channel; the first channel that delivers; or nothing, every rung is used."""
    hours: Mapping[Channel, DayHours] = {}
    """Hours in which a channel may be used; a rung outside them waits for the next opening. Missing: always."""
    urgent_before: Duration | None = None
    """What begins less than this after the next opening can't wait for it. None: everything can."""

    @model_validator(mode="after")
    def _steps_in_order(self) -> Ladder:
        starts = [step.after for step in self.steps]
        if starts != sorted(starts):
            raise ValueError("steps must be written in the order in which they begin")
        if len({step.channel for step in self.steps}) < len(self.steps):
            raise ValueError("steps must not name a channel twice; use attempts and retry_gap")
        return self

    @property
    def longest(self) -> timedelta:
        return max(step.longest for step in self.steps)


class Voice(Section):
    """Keys of a call."""

    attend: Annotated[str, StringConstraints(pattern=r"^[0-9]$")]
    decline: Annotated[str, StringConstraints(pattern=r"^[0-9]$")]
    repeat: Annotated[str, StringConstraints(pattern=r"^[0-9]$")]
    confirm_twice: bool
    """A key counts only when the report shows it twice."""
    key_wait: Duration
    play_times: Annotated[int, Field(ge=1, le=3)]

    @model_validator(mode="after")
    def _keys_differ(self) -> Voice:
        if len({self.attend, self.decline, self.repeat}) < 3:
            raise ValueError("attend, decline and repeat must be different keys")
        return self


class Attendance(Section):
    reminders: Items[Duration]
    """Before the gathering time."""
    qr_valid: Annotated[Duration, Field(ge=timedelta(seconds=10), le=timedelta(seconds=20))]
    """How long the code on the venue's screen opens a check-in; the screen changes it sooner."""
    check_in_opens: Duration
    """Before the gathering time."""
    location_required: bool
    """A scanned code counts only together with a position, at a venue whose coordinates are known."""
    radius_m: Annotated[int, Field(ge=50, le=50_000)]
    entry_and_exit: bool
    """The desk registers exit too."""
    late_after: Duration
    """After the gathering time."""
    urging_window: Duration
    """From the gathering time on."""
    urging_voice_max: Annotated[int, Field(ge=0, le=10)]
    urging_virtual_max: Annotated[int, Field(ge=0, le=100)] | None = None
    """Calls in which the phone of the expert rang. None: no limit."""

    @model_validator(mode="after")
    def _late_can_be_urged(self) -> Attendance:
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
