"""Locks, state changes, log and values of an application, for all its use cases.

All functions that write run inside the caller's transaction.
"""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal, cast
from urllib.parse import urlencode
from uuid import UUID

from domain.applications.lifecycles import APPLICATION, ApplicationEvent, ApplicationState
from domain.clock import local
from domain.errors import NotFound
from domain.forms.values import fields_of
from domain.rulebook.book import Rulebook
from domain.rulebook.form import ApplicationForm, EntryType
from models.applications import Application, ApplicationSection, ApplicationSpecialty
from models.reviews import ReviewEntry
from services.core.base import Actor, Deps, rows

EVERYTHING = "*"
"""Alone in ``sent_back_fields``: the whole form is open for correction."""
SPECIALTIES = "specialties"
"""Code of the field that holds the choice of specialties, in every pool's form."""

_PURPOSE = "application"
_S = ApplicationState


async def lock(application_id: UUID) -> Application:
    """The application with its row locked. Raises NotFound."""
    application = await Application.select_for_update().get_or_none(id=application_id)
    if application is None:
        raise unknown_application()
    return application


async def lock_own(actor: Actor, application_id: UUID) -> Application:
    """The same for the applicant. Raises NotFound for anyone else."""
    application = await lock(application_id)
    check_own(actor, application)
    return application


async def get_own(actor: Actor, application_id: UUID) -> Application:
    """The actor's own application, not locked. Raises NotFound."""
    application = await Application.get_or_none(id=application_id)
    if application is None:
        raise unknown_application()
    check_own(actor, application)
    return application


def check_own(actor: Actor, application: Application) -> None:
    """Raises NotFound for another person's application, as if it did not exist."""
    if actor.account_id is None or (application.pool, application.account_id) != (actor.pool, actor.account_id):
        raise unknown_application()


def unknown_application() -> NotFound:
    return NotFound("找不到这份申请，请刷新后重试。", code="application_unknown")


async def find_live(account_id: UUID, *, change: bool) -> Application | None:
    """The person's live change of the file, or other live application; there is at most one of each."""
    live = Application.filter(account_id=account_id, ended_at=None)
    return await (live.filter(entry_type="change") if change else live.exclude(entry_type="change")).first()


def page_of(application: Application, name: Literal["form", "status"], *, at: str = "") -> str:
    """The page of this application below ``/h5/{pool}/``; ``at`` is the field that the form opens.

    The page without a number is that of the person's present application. A change of the file may be under way beside
    it, so its page names it.
    """
    wanted = {"number": application.number if application.entry_type == "change" else "", "at": at}
    query = urlencode({name: value for name, value in wanted.items() if value})
    return f"apply/{name}{'?' if query else ''}{query}"


def type_of(application: Application) -> EntryType:
    return cast(EntryType, application.entry_type)


async def has_enrolled(account_id: UUID, campaign_id: UUID) -> bool:
    """Whether the person's application for continuing education in this campaign was approved."""
    passed = Application.filter(account_id=account_id, campaign_id=campaign_id, state=_S.ENTERED)
    return await passed.filter(entry_type="education").exists()


async def move(application: Application, event: ApplicationEvent, now: datetime) -> None:
    """Apply an event to a locked row and save. Raises Conflict when the state doesn't allow it."""
    application.state = APPLICATION.next(_S(application.state), event)
    application.state_since = now
    application.ended_at = now if APPLICATION.is_final(_S(application.state)) else None
    await application.save(update_fields=["state", "state_since", "ended_at"])


async def give_time_to_correct(application: Application, book: Rulebook, now: datetime) -> None:
    """It was sent back: who has a deadline of his own, whose campaign may be over, gets time for it."""
    if application.own_until is not None:
        application.own_until = max(application.own_until, now + book.campaigns.own_correction)
        await application.save(update_fields=["own_until"])


async def log(
    application: Application,
    now: datetime,
    event: str,
    who: str,
    *,
    step_name: str = "",
    specialty: str = "",
    opinion: str = "",
) -> None:
    """Add a line to the log that the applicant reads. ``event`` is a code, ``who`` a department, never a name."""
    await ReviewEntry.create(
        application_id=application.id,
        at=now,
        event=event,
        who=who,
        step_name=step_name,
        specialty=specialty,
        opinion=opinion,
    )


async def next_number(now: datetime) -> str:
    """``SQ``, the day in Shanghai and seven digits: SQ202611210000001."""
    serial = (await rows("SELECT nextval('application_number') AS n"))[0]["n"]
    return f"SQ{local(now):%Y%m%d}{serial:07d}"


def seal_values(deps: Deps, values: Mapping[str, object]) -> str:
    return deps.keys.seal(json.dumps(values, ensure_ascii=False, sort_keys=True), _PURPOSE)


def open_values(deps: Deps, section: ApplicationSection) -> dict[str, Any]:
    """A section's values by field: text, number, boolean, or lists of objects (records, units, specialties)."""
    return open_sealed(deps, section.values_sealed)


def open_sealed(deps: Deps, values_sealed: str) -> dict[str, Any]:
    """The same of the column alone."""
    opened: dict[str, Any] = json.loads(deps.keys.open_text(values_sealed, _PURPOSE))
    return opened


async def read_values(deps: Deps, application_id: UUID) -> dict[str, Any]:
    """All typed values, field → value; without those from the account and files."""
    return values_of(deps, await ApplicationSection.filter(application_id=application_id))


def values_of(deps: Deps, sections: Sequence[ApplicationSection]) -> dict[str, Any]:
    """The same from loaded sections."""
    return {field: value for section in sections for field, value in open_values(deps, section).items()}


async def read_typing_times(application: Application, book: Rulebook) -> dict[str, datetime]:
    """Field → when its section was last saved."""
    sections = book.form.of(type_of(application)).sections
    saved = await ApplicationSection.filter(application_id=application.id, code__in=list(sections))
    return {field: row.saved_at for row in saved for field in sections[row.code].fields}


async def write_section(
    deps: Deps,
    application: Application,
    row: ApplicationSection | None,
    section: str,
    values: Mapping[str, object],
    now: datetime,
) -> None:
    """``row`` is the section as it stands, with the application's row locked."""
    sealed = seal_values(deps, values)
    if row is None:
        await ApplicationSection.create(application_id=application.id, code=section, values_sealed=sealed, saved_at=now)
    else:
        await ApplicationSection.filter(id=row.id).update(values_sealed=sealed, version=row.version + 1, saved_at=now)
    application.version += 1
    await application.save(update_fields=["version"])


def editable_fields(application: Application, book: Rulebook) -> frozenset[str]:
    """Fields of the form that the person may change in the present state.

    Fields from the account never are; specialties may be fixed in addition, see ``fixed_choice``.
    """
    used = {code for code, field in fields_of(book.form, type_of(application)).items() if not field.account}
    match _S(application.state):
        case _S.DRAFT:
            return frozenset(used)
        case _S.LOCKED:
            return frozenset(used & open_after_print(book, type_of(application)))
        case _S.SENT_BACK if book.review.withdraw_before_edit:
            return frozenset()
        case _S.SENT_BACK | _S.CORRECTING:
            open_fields = set(application.sent_back_fields)
            return frozenset(used if EVERYTHING in open_fields else used & open_fields)
        case _:
            return frozenset()


def enters(choice: str, admitted: bool | None, book: Rulebook) -> bool:
    """Whether an approved specialty enters the pool: an alternative one only if a reviewer admitted it."""
    return choice != "alternative" or book.review.alternatives == "all" or admitted is True


def open_after_print(book: Rulebook, entry_type: EntryType) -> set[str]:
    """Fields of sections that stay editable when printing has locked the form."""
    sections = book.form.of(entry_type).sections.values()
    return {field for section in sections if section.open_after_print for field in section.fields}


@dataclass(frozen=True)
class FixedChoice:
    """The fixed part of the choice of specialties: ``codes`` (code → choice) must stay, ``open`` others may be added;
    None: as many as the form accepts."""

    codes: Mapping[str, str]
    open: int | None

    def form(self, book: Rulebook) -> ApplicationForm:
        """The pool's form, whose maximum is raised for a person who must keep more specialties than the rulebook now
        permits."""
        rule, most = book.form.specialties, len(self.codes) + (self.open or 0)
        if most <= rule.count_max:
            return book.form
        return book.form.model_copy(update={"specialties": rule.model_copy(update={"count_max": most})})


FREE = FixedChoice({}, None)


async def fixed_choice(application: Application, book: Rulebook) -> FixedChoice:
    """Where a single specialty was sent back, all others are fixed.

    Where the pool fixes the choice at submission, only specialties that were sent back may be changed, or, if the whole
    application was sent back, those not approved yet; a new application in the same campaign after cancelling is bound
    to the choice submitted before.
    """
    fixes, source = book.form.specialties.fixed_once_submitted, application
    if application.round == 0:
        earlier = await _earlier(application) if fixes else None
        if earlier is None:
            return FREE
        source = earlier
    whole = EVERYTHING in source.sent_back_fields
    if whole and not fixes:
        return FREE
    rows = await ApplicationSpecialty.filter(application_id=source.id).order_by("position", "code")
    codes = {s.code: s.choice for s in rows if s.state == "approved" or (s.state != "sent_back" and not whole)}
    return FixedChoice(codes, len(rows) - len(codes))


async def _earlier(application: Application) -> Application | None:
    """The person's last submitted application in the same campaign."""
    if application.campaign_id is None:
        return None
    same = Application.filter(account_id=application.account_id, campaign_id=application.campaign_id, round__gt=0)
    return await same.exclude(id=application.id).order_by("-submitted_at").first()
