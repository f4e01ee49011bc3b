"""Files of a person's earlier application, reused in the new one, so that an identity card is uploaded once.

The file in the store is shared: it is deleted with the last application that refers to it.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from itertools import groupby
from typing import cast
from uuid import UUID

from domain.experts.employments import rows_of
from domain.experts.file import ExpertFile
from domain.forms.values import fields_of
from domain.rulebook.form import ApplicationForm, EntryType, FormField
from models.applications import Application, Attachment
from services.applications.repository import read_values
from services.core.base import Deps
from services.inspection.file_types import MEDIA_TYPES

Values = Mapping[str, object]


@dataclass(frozen=True)
class Earlier:
    """Values and files with which a new application begins."""

    values: Values
    files: Sequence[Attachment]


async def earlier_application(deps: Deps, application: Application) -> Earlier:
    """What an application that ended holds."""
    ready = Attachment.filter(application_id=application.id, state="ready").order_by("field", "row", "ready_at", "id")
    return Earlier(await read_values(deps, application.id), await ready.select_for_update())


async def earlier_file(account_id: UUID, file: ExpertFile) -> Earlier:
    """What the expert's file holds. Only files of this account, so that a later holder of its mobile sees no other
    person's."""
    ids = [row["file"] for value in file.values.values() for row in rows_of(value) if "file" in row]
    ready = Attachment.filter(id__in=ids, account_id=account_id, state="ready")
    return Earlier(file.values, await ready.order_by("field", "row", "ready_at", "id").select_for_update())


async def reuse_files(
    deps: Deps, application: Application, sources: Sequence[Earlier], typed: Values, now: datetime
) -> int:
    """Put files of ``sources`` (the best first) into a new application; inside the caller's transaction.

    A field gets the files of the first source with any that current rules accept; a row of records only if its values
    are unchanged. Files signed for one application are not reused. Returns the number of files.
    """
    book = deps.book(application.pool)
    fields = fields_of(book.form, cast(EntryType, application.entry_type))
    made: list[Attachment] = []
    for source in sources:
        for (field, row), group in groupby(source.files, lambda attachment: (attachment.field, attachment.row)):
            rule_of = _file_field(fields, field)
            if rule_of is None or (field, row) in {(copy.field, copy.row) for copy in made}:
                continue
            if "." not in field or _has_same_values(field.partition(".")[0], row, source.values, typed):
                made += [_copy(attachment, application, now) for attachment in _accepted_files(list(group), rule_of)]
    for copy in made:
        await copy.save()
    return len(made)


def ids_of_accepted(form: ApplicationForm, entry_type: EntryType, attachments: Iterable[Attachment]) -> frozenset[str]:
    """Those that this form takes over by its rules of today."""
    fields = fields_of(form, entry_type)
    return frozenset(
        str(attachment.id)
        for attachment in attachments
        if (rule := _file_field(fields, attachment.field)) and _is_accepted(attachment, rule)
    )


def _file_field(fields: Mapping[str, FormField], field: str) -> FormField | None:
    """The field or column of files, if the current form still has it and its files may be reused."""
    code, _, column = field.partition(".")
    form_field = fields.get(code)
    if form_field is not None and column:
        form_field = form_field.parts.get(column)
    return None if form_field is None or form_field.file is None or form_field.single_use else form_field


def _accepted_files(group: Sequence[Attachment], field: FormField) -> Iterator[Attachment]:
    """The newest files that the current rule accepts, up to its limit, oldest first."""
    assert field.file is not None  # noqa: S101  # _file_field looked
    yield from [attachment for attachment in group if _is_accepted(attachment, field)][-field.file.count_max :]


def _is_accepted(attachment: Attachment, field: FormField) -> bool:
    rule = field.file
    if rule is None or attachment.size > rule.size_max:
        return False
    return attachment.media_type in {MEDIA_TYPES[kind] for kind in rule.types}


def _has_same_values(code: str, row: int, there: Values, typed: Values) -> bool:
    """Whether a row of records has only values that it had in the earlier application."""
    before, now = there.get(code), typed.get(code)
    if not isinstance(before, list) or not isinstance(now, list) or not row < min(len(before), len(now)):
        return False
    return bool(now[row].items() <= before[row].items())


def _copy(attachment: Attachment, application: Application, now: datetime) -> Attachment:
    return Attachment(
        pool=application.pool,
        account_id=application.account_id,
        application_id=application.id,
        field=attachment.field,
        row=attachment.row,
        filename=attachment.filename,
        media_type=attachment.media_type,
        size=attachment.size,
        sha256=attachment.sha256,
        received=attachment.size,
        key=attachment.key,
        thumb_key=attachment.thumb_key,
        state="ready",
        taken_from=attachment.application_id,
        created_at=now,
        ready_at=now,
    )
