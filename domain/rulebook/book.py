"""A province's rulebook: every value it sets, with where each comes from.

``book.draw.result_visible_before`` is the value, ``book.source("draw.result_visible_before")`` the manual line or legal
article, ``book.provenance(…).note`` our decision where manuals are silent or contradict themselves. A pool's file lies
over ``_defaults.toml`` (decisions shared by all), ``_entry_defaults.toml`` (the same for entry into the pool) and
``_notice_texts.toml`` (default texts), so a new province is one new file.
"""

from __future__ import annotations

import difflib
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import datetime

from pydantic import PrivateAttr, ValidationError

from domain.errors import RulebookError
from domain.rulebook.campaigns import CampaignRules
from domain.rulebook.certificates import CertificateRules
from domain.rulebook.courses import CourseRules
from domain.rulebook.entry import EntryRules, PublicNotice
from domain.rulebook.exams import ExamRules
from domain.rulebook.fees import FeeRules
from domain.rulebook.form import ApplicationForm
from domain.rulebook.layers import Layer, Provenance, merge_layers
from domain.rulebook.notice_texts import KINDS, OPENABLE, KindTexts, check_channel, check_kind
from domain.rulebook.people import AvailabilityRules, Help, MembershipWords, RegistrationRules
from domain.rulebook.remuneration import RemunerationRules
from domain.rulebook.reports import ReportRules
from domain.rulebook.reviews import Review
from domain.rulebook.sanctions import SanctionRules
from domain.rulebook.sections import (
    AttendanceRules,
    Calendar,
    DrawRules,
    GroupNoticeRules,
    Ladder,
    Login,
    Pool,
    ProjectRules,
    StatisticsRules,
    Venue,
    VoiceRules,
)
from domain.rulebook.types import Items, Section

FORM_CODES: Mapping[str, tuple[str, ...]] = {
    "region": ("region",),
    "specialties": ("specialties",),
    "title_level": ("catalogue",),
    "qualifications": ("records",),
    "employer": ("employer", "text"),
    "employer_code": ("credit_code",),
    "recusal_units": ("units",),
    "remote_evaluation": ("yes_no",),
    "emergency": ("yes_no",),
    "email": ("email",),
    "backup_mobile": ("mobile",),
    "bank_name": ("text",),
    "bank_account": ("bank_account",),
    "signed_form": ("file",),
    "commitment_letter": ("file",),
}
"""Codes of form fields that services refer to, and the kinds that they may have."""

_PLAIN_WORDS = {
    "missing": "is missing",
    "tuple_type": "must be an array in [ ]",
    "dict_type": "must be a table",
    "model_type": "must be a table",
}

__all__ = [
    "Parsed",
    "Provenance",
    "Rulebook",
    "RulebookError",
    "build_rulebook",
]


class Rulebook(Section):
    pool: Pool
    login: Login
    registration: RegistrationRules
    membership: MembershipWords
    availability: AvailabilityRules
    campaigns: CampaignRules
    form: ApplicationForm
    review: Review
    notice: PublicNotice | None = None
    """Set where ``entry.stages`` has this stage."""
    fee: FeeRules | None = None
    """Set where ``entry.stages`` has this stage."""
    entry: EntryRules
    exam: ExamRules
    course: CourseRules
    certificate: CertificateRules
    help: Help
    projects: ProjectRules
    draw: DrawRules
    ladder: Mapping[str, Ladder]
    """By kind of notice, see ``domain.rulebook.notice_texts.KINDS``."""
    voice: VoiceRules
    attendance: AttendanceRules
    remuneration: RemunerationRules
    group_notices: GroupNoticeRules
    statistics: StatisticsRules
    sanctions: SanctionRules
    reports: ReportRules
    venues: Items[Venue] = ()
    """Known places; ``offered_venues`` are offered when a notice is written, others are typed."""
    calendar: Calendar = Calendar()
    texts: Mapping[str, KindTexts]
    """By kind of notice."""
    _provenance: Mapping[str, Provenance] = PrivateAttr(default_factory=dict)

    def provenance(self, key: str) -> Provenance:
        """Provenance of a dotted key (``draw.result_visible_before``). Raises KeyError for a key that no file sets."""
        return self._provenance[key]

    def source(self, key: str) -> str | None:
        """Manual and line or legal article; None where the value is our own decision."""
        return self._provenance[key].source

    def written_keys(self) -> list[str]:
        """Every dotted key that a file sets."""
        return list(self._provenance)

    @property
    def offered_venues(self) -> tuple[Venue, ...]:
        return tuple(venue for venue in self.venues if venue.offered)

    def find_venue(self, name: str) -> Venue | None:
        """The venue of this present or former name; None for a place that was typed."""
        return next((venue for venue in self.venues if name in venue.names), None)

    def earliest_draw(self, evaluation: datetime) -> datetime | None:
        """The earliest moment for calling experts for an evaluation that begins at ``evaluation``; None: no limit."""
        limits = []
        if self.draw.earliest_before_evaluation is not None:
            limits.append(evaluation - self.draw.earliest_before_evaluation)
        if self.draw.earliest_working_days is not None:
            limits.append(self.calendar.working_days_before(evaluation, self.draw.earliest_working_days))
        return max(limits, default=None)


@dataclass(frozen=True)
class Parsed:
    """A rulebook, or the problems of its files."""

    book: Rulebook | None
    problems: list[str]


def build_rulebook(layers: list[Layer], name: str) -> Parsed:
    """The files' ``layers``, lowest first, laid over each other; ``name`` is the pool's own file."""
    merged = merge_layers(layers)
    try:
        book = Rulebook.model_validate(merged.tree)
    except ValidationError as error:
        return Parsed(None, [_sentence(name, merged, *_explain(fault, merged)) for fault in error.errors()])
    problems = [_sentence(name, merged, key, reason) for key, reason in _check(book)]
    if problems:
        return Parsed(None, problems)
    book._provenance = dict(merged.provenance)
    return Parsed(book, [])


def _sentence(name: str, merged: Layer, key: str, reason: str) -> str:
    """The named file is the one that set the key; a missing key is attributed to the pool's own file."""
    parts = key.split(".")
    for length in range(len(parts), 0, -1):
        if origin := merged.provenance.get(".".join(parts[:length])):
            return f"{origin.file}: {key}: {reason}"
    return f"{name}: {key}: {reason}"


def _explain(error: Mapping[str, object], merged: Layer) -> tuple[str, str]:
    loc = error["loc"]
    parts = [str(part) for part in loc if part != "[key]"] if isinstance(loc, tuple) else []
    key = ".".join(parts)
    if error["type"] == "extra_forbidden":
        return key, f"is not a key of a rulebook{_guess(parts)}"
    if error["type"] in _PLAIN_WORDS:
        return key, _PLAIN_WORDS[str(error["type"])]
    return key or "rulebook", str(error["msg"]).removeprefix("Value error, ")


def _guess(parts: list[str]) -> str:
    model: type[Section] | None = Rulebook
    for part in parts[:-1]:
        annotation = model.model_fields[part].annotation if model and part in model.model_fields else None
        model = annotation if isinstance(annotation, type) and issubclass(annotation, Section) else None
    near = difflib.get_close_matches(parts[-1], model.model_fields if model else [], n=1)
    return f"; did you mean {near[0]}?" if near else ""


def _check(book: Rulebook) -> Iterator[tuple[str, str]]:
    """Checks across sections."""
    for table, name in ((book.ladder, "ladder"), (book.texts, "texts")):
        for kind in sorted(table.keys() - KINDS.keys()):
            yield f"{name}.{kind}", f"is no kind of notice; kinds are {', '.join(KINDS)}"
        for kind in sorted(KINDS.keys() - table.keys()):
            yield f"{name}.{kind}", "is missing"
    for kind in sorted(kind for kind, ladder in book.ladder.items() if ladder.until == "opened"):
        if kind not in OPENABLE:
            yield (
                f"ladder.{kind}.until",
                f"can't be opened: its page tells nothing; those are {', '.join(sorted(OPENABLE))}",
            )
    for kind in (kind for kind in KINDS if kind in book.texts):
        for key, reason in check_kind(kind, book.texts[kind]):
            yield f"texts.{kind}.{key}", reason
        for step in book.ladder[kind].steps if kind in book.ladder else ():
            for key, reason in check_channel(kind, book.texts[kind], step.channel):
                yield f"texts.{kind}.{key}", reason
    yield from _check_entry(book)
    if "draw_call" in book.ladder:
        yield from _check_calling(book)


def _check_stages(book: Rulebook) -> Iterator[tuple[str, str]]:
    for stage, section in (("notice", book.notice), ("fee", book.fee)):
        if (stage in book.entry.stages) != (section is not None):
            yield stage, "must be there exactly when entry.stages has it"
        if stage in book.entry.education_stages and section is None:
            yield "entry.education_stages", f"has {stage}, but there are no rules for it"


def _check_entry(book: Rulebook) -> Iterator[tuple[str, str]]:
    yield from _check_stages(book)
    used = book.form.used()
    for code, kind in FORM_CODES.items():
        if code in used and used[code].kind not in kind:
            yield f"form.fields.{code}.kind", f"must be {' or '.join(kind)}: the expert's file is made from this field"
    if sum(field.kind == "specialties" for field in used.values()) > 1:
        yield "form.sections", "must hold one field of kind specialties only"
    for code in ("region", "specialties"):
        if code not in used:
            yield "form.sections", f"must hold the field {code}: without it nobody can be reviewed or drawn"
        elif not used[code].required:
            yield f"form.fields.{code}.required", "must be true: without it nobody can be reviewed or drawn"
    if book.form.employer_from_list != any(field.kind == "employer" for field in used.values()):
        yield "form.employer_from_list", "must be true exactly when a field of kind employer stands in the form"
    for code in book.review.correction_fields:
        if code not in used:
            yield "review.correction_fields", f"names {code}, which stands in no section of the form"


def _check_calling(book: Rulebook) -> Iterator[tuple[str, str]]:
    ladder, calling = book.ladder["draw_call"], book.draw.calling
    if ladder.until != "answered":
        yield "ladder.draw_call.until", 'must be "answered": only an answer ends an invitation'
    if ladder.longest > calling.answer_timeout:
        yield "draw.calling.answer_timeout", "is shorter than the ladder of draw_call: its last call would be cut off"
    if book.ladder["recall_call"].longest > book.draw.recall.answer_within:
        yield "draw.recall.answer_within", "is shorter than the ladder of recall_call: its last call would be cut off"
    for step in ladder.steps:
        if (hours := ladder.hours.get(step.channel)) and not hours.cover(calling.hours, step.longest):
            yield "draw.calling.hours", f"let a ladder run out of the hours of {step.channel} ({hours})"
    if calling.answer_timeout > calling.stop_before_gathering:
        yield (
            "draw.calling.stop_before_gathering",
            "is shorter than answer_timeout: a call could end after the gathering",
        )
    if not book.pool.region.endswith("0000"):
        yield "pool.region", "must be a province, a code that ends in 0000"
