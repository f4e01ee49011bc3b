"""An application for a reviewer: by section, codes as text, sensitive values masked."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, cast
from uuid import UUID

from pydantic import Field

from domain.errors import NotFound
from domain.forms.checking import account_values, filled_values
from domain.forms.display import columns_of, show_rows, show_value
from domain.forms.values import fields_of
from domain.masking import mask_bank_account, mask_id_number, mask_mobile
from domain.rulebook.form import EntryType, FormField
from models.accounts import Account
from models.applications import Application, Attachment
from services.applications import CatalogueCodes, facts_of, load_codes, read_values, today
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
    return _form(deps, application, await _read(deps, application, account))


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
    return _form(deps, application, _Facts(values, registered, codes, _by_field(files)))


def _form(deps: Deps, application: Application, facts: _Facts) -> SubmittedForm:
    form = deps.book(application.pool).form.of(_entry_type(application))
    fields = fields_of(form, _entry_type(application))
    return SubmittedForm(
        tuple(
            SectionShown(code, section.title, tuple(_show(c, fields[c], facts) for c in section.fields if c in fields))
            for code, section in form.sections.items()
        )
    )


async def find_secret(deps: Deps, application: Application, account: Account, field: str) -> str:
    """One sensitive value in clear. Raises NotFound for a field that isn't masked."""
    form = deps.book(application.pool).form
    known = fields_of(form, _entry_type(application)).get(field)
    if known is None or not known.sensitive or known.kind == "file":
        raise NotFound("这一项没有隐藏内容，请刷新页面。", code="nothing_hidden")
    return _text(field, known, await _read(deps, application, account))


async def _read(deps: Deps, application: Application, account: Account) -> _Facts:
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
    ready = Attachment.filter(application_id=application_id, state="ready")
    return _by_field(await ready.order_by("row", "created_at"))


def _by_field(files: Sequence[Attachment]) -> dict[str, tuple[FileShown, ...]]:
    found: dict[str, tuple[FileShown, ...]] = {}
    for one in files:
        shown = FileShown(
            one.id,
            one.field,
            one.row,
            one.filename,
            one.media_type,
            one.size,
            one.media_type.startswith("image/"),
            taken_over=one.taken_from is not None,
        )
        found[one.field] = (*found.get(one.field, ()), shown)
    return found


def _show(code: str, field: FormField, facts: _Facts) -> FieldShown:
    text = _text(code, field, facts)
    hidden = field.sensitive and bool(text)
    rows = show_rows(field, facts.values.get(code), facts.codes)
    return FieldShown(
        code,
        field.label,
        field.kind,
        _mask(field, text) if hidden else text,
        hidden=hidden,
        columns=tuple(column.label for column in columns_of(field).values()) if rows else (),
        rows=tuple(tuple(row) for row in rows) if not hidden else (),
        files=tuple(_files(code, field, facts)),
    )


def _text(code: str, field: FormField, facts: _Facts) -> str:
    if field.account:
        return facts.account.get(code, "")
    if field.kind == "file":
        return ""
    return show_value(field, facts.values.get(code), facts.codes, choices=True)


def _files(code: str, field: FormField, facts: _Facts) -> Iterator[FileShown]:
    yield from (replace(one, covered=field.sensitive) for one in facts.files.get(code, ()))
    for part, column in field.parts.items():
        for one in facts.files.get(f"{code}.{part}", ()) if column.kind == "file" else ():
            yield replace(one, covered=field.sensitive or column.sensitive)


def _mask(field: FormField, text: str) -> str:
    """Enough to distinguish two values. Numbers are masked as everywhere; of other texts the first character is
    shown."""
    if field.account == "id_number":
        return mask_id_number(text)
    if field.account == "mobile" or field.kind == "mobile":
        return mask_mobile(text)
    if field.kind == "bank_account":
        return mask_bank_account(text)
    if field.kind == "email":
        name, _, host = text.partition("@")
        return f"{name[:1]}***@{host}"
    return f"{text[:1]}{'*' * min(len(text) - 1, 6)}"


def _entry_type(application: Application) -> EntryType:
    return cast(EntryType, application.entry_type)
