"""An application for a reviewer: by section, codes as text, sensitive values masked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, cast
from uuid import UUID

from pydantic import Field

from domain.errors import NotFound
from domain.forms.checking import account_values, filled_values
from domain.forms.display import columns_of, show_masked, show_rows, show_value
from domain.forms.values import fields_of
from domain.rulebook.form import EntryType, FormField
from models.accounts import Account
from models.applications import Application, Attachment
from services.applications import facts_of, read_values, today
from services.catalogue_codes import CatalogueCodes, load_codes
from services.core.base import Deps


@dataclass(frozen=True)
class FileShown:
    """An attachment; its image and the file itself are under `/attachments`.

    `covered`: sensitive, to be loaded only on request, since every opening is logged.
    """

    id: UUID
    field: str
    row: int
    filename: str
    media_type: str
    size: int
    picture: bool
    taken_over: Annotated[bool, Field(description="From an earlier application of the same person")] = False
    covered: bool = False


@dataclass(frozen=True)
class FieldShown:
    """A field as text. `hidden`: the text is masked, see `revelations`; `columns` and `rows` are for records."""

    code: str
    label: str
    kind: str
    text: str
    hidden: bool = False
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    files: tuple[FileShown, ...] = ()


@dataclass(frozen=True)
class SectionShown:
    code: str
    title: str
    fields: tuple[FieldShown, ...]


@dataclass(frozen=True)
class SubmittedForm:
    """The whole form, in order."""

    sections: tuple[SectionShown, ...]


@dataclass(frozen=True)
class _Facts:
    values: Mapping[str, Any]
    account: Mapping[str, str]
    codes: CatalogueCodes
    files: Mapping[str, tuple[FileShown, ...]]


async def read_form(deps: Deps, application: Application, account: Account) -> SubmittedForm:
    """The form with its values and files."""
    return _build_form(deps, application, await _read_facts(deps, application, account))


def form_of(
    deps: Deps,
    application: Application,
    account: Account,
    values: Mapping[str, Any],
    codes: CatalogueCodes,
    files: Sequence[Attachment],
) -> SubmittedForm:
    """The same from loaded data: all ``values`` with their defaults, their ``codes``, ready files in the order of rows
    and arrival."""
    book, kind = deps.book(application.pool), _entry_type(application)
    registered = account_values(book.form, facts_of(deps, account), today(deps), kind)
    return _build_form(deps, application, _Facts(values, registered, codes, _files_by_field(files)))


def _build_form(deps: Deps, application: Application, facts: _Facts) -> SubmittedForm:
    form = deps.book(application.pool).form.of(_entry_type(application))
    fields = fields_of(form, _entry_type(application))
    return SubmittedForm(
        tuple(
            SectionShown(
                code,
                section.title,
                tuple(_show_field(field, fields[field], facts) for field in section.fields if field in fields),
            )
            for code, section in form.sections.items()
        )
    )


async def find_secret(deps: Deps, application: Application, account: Account, field: str) -> str:
    """One sensitive value in clear. Raises NotFound for a field that isn't masked."""
    form = deps.book(application.pool).form
    rule = fields_of(form, _entry_type(application)).get(field)
    if rule is None or not rule.sensitive or rule.kind == "file":
        raise NotFound("这一项没有隐藏内容，请刷新页面。", code="nothing_hidden")
    return _field_text(field, rule, await _read_facts(deps, application, account))


async def _read_facts(deps: Deps, application: Application, account: Account) -> _Facts:
    book, kind = deps.book(application.pool), _entry_type(application)
    values = filled_values(book.form, await read_values(deps, application.id), kind)
    return _Facts(
        values,
        account_values(book.form, facts_of(deps, account), today(deps), kind),
        await load_codes(book, values, retired=[str(values.get("employer", ""))]),
        await read_files(application.id),
    )


async def read_files(application_id: UUID) -> dict[str, tuple[FileShown, ...]]:
    """Attachments by field, ``records.part`` for those of records; in the order of rows and arrival."""
    attachments = Attachment.filter(application_id=application_id, state="ready")
    return _files_by_field(await attachments.order_by("row", "created_at"))


def _files_by_field(attachments: Sequence[Attachment]) -> dict[str, tuple[FileShown, ...]]:
    files_by_field: dict[str, tuple[FileShown, ...]] = {}
    for attachment in attachments:
        file = FileShown(
            attachment.id,
            attachment.field,
            attachment.row,
            attachment.filename,
            attachment.media_type,
            attachment.size,
            attachment.media_type.startswith("image/"),
            taken_over=attachment.taken_from is not None,
        )
        files_by_field[attachment.field] = (*files_by_field.get(attachment.field, ()), file)
    return files_by_field


def _show_field(code: str, field: FormField, facts: _Facts) -> FieldShown:
    text = _field_text(code, field, facts)
    hidden = field.sensitive and bool(text)
    rows = show_rows(field, facts.values.get(code), facts.codes)
    return FieldShown(
        code,
        field.label,
        field.kind,
        show_masked(field, text) if hidden else text,
        hidden=hidden,
        columns=tuple(column.label for column in columns_of(field).values()) if rows else (),
        rows=tuple(tuple(row) for row in rows) if not hidden else (),
        files=tuple(_field_files(code, field, facts)),
    )


def _field_text(code: str, field: FormField, facts: _Facts) -> str:
    if field.account:
        return facts.account.get(code, "")
    if field.kind == "file":
        return ""
    return show_value(field, facts.values.get(code), facts.codes, choices=True)


def _field_files(code: str, field: FormField, facts: _Facts) -> Iterator[FileShown]:
    yield from (replace(file, covered=field.sensitive) for file in facts.files.get(code, ()))
    for part, column in field.parts.items():
        for file in facts.files.get(f"{code}.{part}", ()) if column.kind == "file" else ():
            yield replace(file, covered=field.sensitive or column.sensitive)


def _entry_type(application: Application) -> EntryType:
    return cast(EntryType, application.entry_type)
