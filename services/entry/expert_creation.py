"""What an approved application changes in the expert's file."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import cast

from domain.experts.employments import rows_of
from domain.experts.file import FOLLOW, FileChange, FileSource, fold, requested_fields
from domain.experts.recusal_units import merge_units
from domain.forms.checking import filled_values
from domain.forms.values import chosen_by_id, fields_of, file_codes, without_dropped_columns
from domain.rulebook.book import Rulebook
from domain.rulebook.form import STAYS_IN_POOL, EntryType
from models.accounts import Account
from models.applications import Application, ApplicationSpecialty, Attachment
from models.experts import Expert
from services.applications import enters, ids_of_accepted, read_typing_times, read_values, type_of
from services.core.base import Deps
from services.expert_files import changes_of


async def read_change(
    deps: Deps, application: Application, account: Account, existing: Expert | None, now: datetime
) -> FileChange:
    """The change of the file with which the application takes effect.

    Every field that its form asks for is set or emptied; what the form doesn't ask for stays in the file, and so does
    what the applicant left as it was.
    """
    book, filed = deps.book(application.pool), await filed_by(deps, application)
    if existing is not None:
        filed = await _without_untouched(deps, application, existing, filed)
    return FileChange(
        at=now,
        source=FileSource.APPLICATION,
        source_id=application.id,
        by=account.id,
        values={
            **filed,
            **_identity(deps, application, account),
            **_membership(application, existing, book, now),
        },
    )


async def filed_by(deps: Deps, application: Application) -> dict[str, object]:
    """Field of the file → what the application's form says, None where it was left empty."""
    book = deps.book(application.pool)
    return {**await _asked_values(deps, application, book), **await _files(application, book)}


async def _without_untouched(
    deps: Deps, application: Application, existing: Expert, filed: Mapping[str, object]
) -> dict[str, object]:
    """Without values that the file held when the application was begun or handed in: what another change has set since
    stays, and so does what the expert himself has set at once after he typed the value. A field that follows a changed
    one is set with it; of a list of units only what the applicant added or removed is."""
    changes = (await changes_of(deps, [existing.id]))[existing.id]
    moments = [at for at in (application.created_at, application.submitted_at) if at is not None]
    book, present = deps.book(application.pool), fold(changes)
    then = [fold(change for change in changes if change.at <= at).values for at in moments]
    seen = [without_dropped_columns(book.form, values) for values in then]
    files = file_codes(book.form, cast(EntryType, application.entry_type))
    attachments = await _read_files([values.get(code) for values in (filed, *seen) for code in files])
    own = requested_fields(
        filed,
        seen,
        {str(attachment.id): attachment.key for attachment in attachments},
        by_id=chosen_by_id(book.form),
        accepted=ids_of_accepted(book.form, type_of(application), attachments),
    )
    units = {code for code in own if code in book.form.fields and book.form.fields[code].kind == "units"}
    typed_at = await read_typing_times(application, book)
    own = {
        code
        for code in own
        if code in units or not present.is_own_word_since(code, typed_at.get(code, application.created_at))
    }
    own |= {follower for code in own for follower in FOLLOW.get(code, ())}
    merged = {
        code: merge_units(*(rows_of(values.get(code)) for values in (seen[0], filed, present.values))) for code in units
    }
    return {code: value for code, value in {**filed, **merged}.items() if code in own}


async def _read_files(values: Sequence[object]) -> list[Attachment]:
    return await Attachment.filter(id__in=[row["file"] for value in values for row in rows_of(value)])


async def _asked_values(deps: Deps, application: Application, book: Rulebook) -> dict[str, object]:
    entry_type = cast(EntryType, application.entry_type)
    fields = fields_of(book.form, entry_type)
    typed = filled_values(book.form, await read_values(deps, application.id), entry_type)
    values = {code: typed.get(code) for code, field in fields.items() if field.is_filed}
    if "region" in values:
        values["region"] = application.region
    if "specialties" in values:
        chosen = ApplicationSpecialty.filter(application_id=application.id).order_by("position", "code")
        values["specialties"] = [
            {"code": specialty.code, "choice": specialty.choice}
            for specialty in await chosen
            if enters(specialty.choice, specialty.admitted, book)
        ]
    return values


async def _files(application: Application, book: Rulebook) -> dict[str, object]:
    """Code of a field for files → rows and ids of its attachments; without those signed for one application."""
    attached = await Attachment.filter(application_id=application.id, state="ready").order_by("row", "id")
    return {
        code: [{"row": file.row, "file": str(file.id)} for file in attached if file.field == code]
        for code in file_codes(book.form, cast(EntryType, application.entry_type))
    }


def _identity(deps: Deps, application: Application, account: Account) -> dict[str, object]:
    keys = deps.keys
    return {
        "number": application.expert_number,
        "name": account.real_name,
        "id_number": keys.open_text(account.id_number_sealed, "id_number"),
        "mobile": keys.open_text(account.mobile_sealed, "mobile"),
    }


def _membership(application: Application, existing: Expert | None, book: Rulebook, now: datetime) -> dict[str, object]:
    """Entry and renewal begin a term; continuing education and changes of the file don't. None of them ends a
    suspension.

    An early renewal keeps the rest of the current term.
    """
    if application.entry_type in STAYS_IN_POOL and existing is not None:
        return {}
    values: dict[str, object] = {"membership": "formal", "left_reason": None, "term_until": None}
    if book.entry.term is not None:
        running = existing.term_until if existing and existing.left_at is None else None
        values["term_until"] = (max(now, running or now) + book.entry.term).isoformat()
    return values
