"""The files of an expert's file beside those of a change of it, which begins with copies of them."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass

from domain.experts.employments import rows_of
from domain.experts.file import requested_fields
from domain.forms.values import file_codes
from domain.rulebook.book import Rulebook
from models.applications import Application, Attachment
from services.applications.attachment_reuse import ids_of_accepted
from services.core.base import Deps
from services.expert_files import file_of


@dataclass(frozen=True)
class HeldFiles:
    """``codes``: fields of which the expert's file holds files that the form takes over; ``are_changed``: the change
    asks for others in one of them."""

    codes: frozenset[str] = frozenset()
    are_changed: bool = False


async def find_held_files(
    deps: Deps, book: Rulebook, application: Application, attachments: Sequence[Attachment]
) -> HeldFiles:
    """Empty for an application that is no change. ``attachments``: the application's."""
    if application.entry_type != "change" or application.expert_id is None:
        return HeldFiles()
    held = (await file_of(deps, application.expert_id)).values
    codes = file_codes(book.form, "change")
    ready = [attachment for attachment in attachments if attachment.state == "ready"]
    asked_for: dict[str, object] = {
        code: [{"row": each.row, "file": str(each.id)} for each in ready if each.field == code] for code in codes
    }
    ids = [row["file"] for code in codes for row in rows_of(held.get(code))]
    filed = await Attachment.filter(id__in=ids)
    accepted = ids_of_accepted(book.form, "change", filed)
    stored = {str(each.id): each.key for each in (*ready, *filed)}
    return HeldFiles(
        frozenset(code for code in codes if any(row["file"] in accepted for row in rows_of(held.get(code)))),
        bool(requested_fields(asked_for, [held], stored, by_id=(), accepted=accepted)),
    )
