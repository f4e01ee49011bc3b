"""What the expert's file held before an application under review, to be shown beside what is asked for now."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.experts.employments import rows_of
from domain.experts.file import RETIRED, FileChange, fold, requested_fields
from domain.forms.checking import renewal_values
from domain.forms.values import chosen_by_id, fields_of, file_codes
from domain.identity import PersonFacts, person_facts
from domain.rulebook.book import Rulebook
from models.applications import Application, Attachment
from services.applications import ids_of_accepted, type_of
from services.core.base import Deps
from services.expert_files import changes_of


@dataclass(frozen=True)
class FormerFile:
    """``values``: the file when the application was handed in; ``begun_with``: when it was begun.

    ``attachments`` are those in either, by id; ``retired_on``: the day of retirement that the expert has filed by now.
    """

    values: Mapping[str, object]
    begun_with: Mapping[str, object]
    attachments: Mapping[UUID, Attachment]
    retired_on: object = None

    @property
    def person(self) -> PersonFacts:
        name, number, mobile = (str(self.values.get(code) or "") for code in ("name", "id_number", "mobile"))
        return person_facts(name, number, mobile)

    @property
    def files(self) -> list[Attachment]:
        """The attachments of ``values``, by field and row."""
        files = [self.attachments[at] for at in _file_ids(self.values) if at in self.attachments]
        return sorted(files, key=lambda file: (file.field, file.row, file.created_at))

    def find_requested(
        self, book: Rulebook, application: Application, values: Mapping[str, object], files: Sequence[Attachment]
    ) -> set[str]:
        """Codes of the fields, ``records.part`` for a column of files, that these values and files of the application
        would change."""
        entry_type = type_of(application)
        filed: dict[str, object] = {
            code: values.get(code) for code, field in fields_of(book.form, entry_type).items() if field.is_filed
        }
        for code in file_codes(book.form, entry_type):
            filed[code] = [{"row": file.row, "file": str(file.id)} for file in files if file.field == code]
        stored = {str(file.id): file.key for file in (*files, *self.attachments.values())}
        accepted = ids_of_accepted(book.form, entry_type, self.attachments.values())
        by_id, seen = chosen_by_id(book.form), [self.begun_with, self.values]
        return requested_fields(filed, seen, stored, by_id=by_id, accepted=accepted)


def correctable_fields(book: Rulebook, application: Application, former: FormerFile | None) -> frozenset[str]:
    """Fields of the form that the applicant can correct: not those of the account, nor what a renewal takes over."""
    entry_type = type_of(application)
    typed = {code for code, field in fields_of(book.form, entry_type).items() if not field.account}
    if former is None or entry_type == "change":
        return frozenset(typed)
    return frozenset(typed - renewal_values(book.form, former.values, entry_type).keys())


async def read_former_file(deps: Deps, application: Application) -> FormerFile | None:
    """None for a person who was not in the pool when the application was begun."""
    if application.expert_id is None or application.entry_type == "first":
        return None
    changes = (await changes_of(deps, [application.expert_id]))[application.expert_id]
    begun_with = _values_at(application, changes, handed_in=False)
    handed_in = _values_at(application, changes, handed_in=True)
    ids = {*_file_ids(begun_with), *_file_ids(handed_in)}
    attachments = await Attachment.filter(id__in=ids, state="ready") if ids else []
    retired_on = fold(changes).values.get(RETIRED)
    return FormerFile(handed_in, begun_with, {file.id: file for file in attachments}, retired_on)


def _values_at(application: Application, changes: Sequence[FileChange], *, handed_in: bool) -> Mapping[str, object]:
    at = application.created_at
    if handed_in and application.submitted_at is not None:
        at = application.submitted_at
    return fold(change for change in changes if change.at <= at).values


def _file_ids(values: Mapping[str, object]) -> Iterator[UUID]:
    return (UUID(str(row["file"])) for value in values.values() for row in rows_of(value) if "file" in row)
