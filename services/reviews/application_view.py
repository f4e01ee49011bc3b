"""An application for a reviewer: by section, codes as text, sensitive values masked."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from domain.errors import NotFound
from domain.experts.file import OWN_FIELDS, RETIRED
from domain.forms.checking import account_values, filled_values
from domain.forms.display import columns_of, show_masked, show_rows, show_value
from domain.forms.values import fields_of, is_empty
from domain.rulebook.book import Rulebook
from domain.rulebook.form import FormField
from models.accounts import Account
from models.applications import Application, Attachment
from services.applications import facts_of, read_values, today, type_of
from services.catalogue_codes import CatalogueCodes, load_codes
from services.core.base import Deps
from services.expert_files import file_of
from services.reviews.former_file import FormerFile, correctable_fields, read_former_file

Change = Literal["", "filled", "changed", "emptied"]
"""What an application would do to a field of the expert's file."""


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
    """A field as text. `hidden`: the text is masked, see `revelations`; `columns` and `rows` are for records.

    `former`: what the expert's file held, where the application would change it. `stated`: beside such fields, what
    says something of the application alone. `correctable`: the applicant can change it.
    """

    code: str
    label: str
    kind: str
    text: str
    hidden: bool = False
    columns: tuple[str, ...] = ()
    rows: tuple[tuple[str, ...], ...] = ()
    files: tuple[FileShown, ...] = ()
    former: FieldShown | None = None
    stated: bool = False
    correctable: bool = False

    @property
    def is_empty(self) -> bool:
        return not (self.text or self.files)

    @property
    def change(self) -> Change:
        if self.former is None:
            return ""
        if self.former.is_empty:
            return "filled"
        return "emptied" if self.is_empty else "changed"


@dataclass(frozen=True)
class SectionShown:
    code: str
    title: str
    fields: tuple[FieldShown, ...]


@dataclass(frozen=True)
class SubmittedForm:
    """The whole form, in order. ``compared``: with the file of an expert in the pool."""

    sections: tuple[SectionShown, ...]
    compared: bool = False

    @property
    def changed(self) -> tuple[FieldShown, ...]:
        """The fields that the application would change."""
        return tuple(field for section in self.sections for field in section.fields if field.change)

    @property
    def stated(self) -> tuple[FieldShown, ...]:
        """What was stated beside: the reason of a change."""
        return tuple(field for section in self.sections for field in section.fields if field.stated)


@dataclass(frozen=True)
class Revealed:
    """A sensitive value in clear, and the file's former one where the application would change it."""

    value: str
    former: str


@dataclass(frozen=True)
class FormData:
    """What a form is shown from: all ``values`` with their defaults, their ``codes``, ready ``files`` in the order of
    rows and arrival, and the expert's ``former`` file."""

    values: Mapping[str, Any]
    codes: CatalogueCodes
    files: Sequence[Attachment]
    former: FormerFile | None


async def read_form(deps: Deps, application: Application, account: Account, *, in_clear: bool = False) -> SubmittedForm:
    """The form with its values and files; beside it what an expert's file held, and what he has filed by himself.

    ``in_clear``: nothing masked, for the applicant himself.
    """
    former = await read_former_file(deps, application)
    form = form_of(deps, application, account, await _load(deps, application, former=former), in_clear=in_clear)
    if former is not None or application.expert_id is None:
        return form
    retired_on = (await file_of(deps, application.expert_id)).values.get(RETIRED)
    return replace(form, sections=(*form.sections, *_own_word(retired_on)))


def _own_word(retired_on: object) -> tuple[SectionShown, ...]:
    """What an expert of the pool has filed by himself, and no form asks for: his retirement."""
    if not retired_on:
        return ()
    return (SectionShown("own_word", "本人登记", (FieldShown(RETIRED, OWN_FIELDS[RETIRED], "date", str(retired_on)),)),)


def form_of(
    deps: Deps, application: Application, account: Account, data: FormData, *, in_clear: bool = False
) -> SubmittedForm:
    """The same from loaded data."""
    form = deps.book(application.pool).form.of(type_of(application))
    comparison = _Comparison(deps, application, account, data, in_clear=in_clear)
    shown = {code: comparison.show(code) for code in comparison.fields}
    sections = tuple(
        SectionShown(code, section.title, tuple(shown[field] for field in section.fields if field in shown))
        for code, section in form.sections.items()
    )
    own_word = _own_word(data.former.retired_on) if data.former else ()
    return SubmittedForm((*sections, *own_word), compared=data.former is not None)


async def find_secret(deps: Deps, application: Application, account: Account, field: str) -> Revealed:
    """One sensitive value in clear. Raises NotFound for a field that isn't masked."""
    rule = fields_of(deps.book(application.pool).form, type_of(application)).get(field)
    if rule is None or not rule.sensitive or rule.kind == "file":
        raise NotFound("这一项没有隐藏内容，请刷新页面。", code="nothing_hidden")
    data = await _load(deps, application, former=await read_former_file(deps, application))
    return _Comparison(deps, application, account, data).reveal(field)


async def _load(deps: Deps, application: Application, *, former: FormerFile | None) -> FormData:
    book = deps.book(application.pool)
    values = filled_values(book.form, await read_values(deps, application.id), type_of(application))
    attachments = Attachment.filter(application_id=application.id, state="ready")
    files = await attachments.order_by("row", "created_at")
    return FormData(values, await load_form_codes(book, values, former), files, former)


async def load_form_codes(
    book: Rulebook, values: Mapping[str, Any], former: FormerFile | None, *others: object
) -> CatalogueCodes:
    """The codes of a form, of the file beside it and of ``others``; employers of a form stay, though retired."""
    filed = former.values if former else {}
    retired = [str(each.get("employer", "")) for each in (values, filed)]
    return await load_codes(book, values, filed, *others, retired=retired)


@dataclass(frozen=True)
class _Facts:
    """Values of a form, or of a file shown as one."""

    values: Mapping[str, Any]
    account: Mapping[str, str]
    codes: CatalogueCodes
    files: Mapping[str, tuple[FileShown, ...]]
    in_clear: bool = False

    def show(self, code: str, field: FormField) -> FieldShown:
        text = self.text(code, field)
        hidden = field.sensitive and bool(text) and not self.in_clear
        columns = tuple(column.label for column in columns_of(field).values())
        rows = show_rows(field, self.values.get(code), self.codes) if columns else []
        return FieldShown(
            code,
            field.label,
            field.kind,
            show_masked(field, text) if hidden else text,
            hidden=hidden,
            columns=columns if rows else (),
            rows=tuple(tuple(row) for row in rows) if not hidden else (),
            files=tuple(self._files(code, field)),
        )

    def text(self, code: str, field: FormField) -> str:
        if field.account:
            return self.account.get(code, "")
        if field.kind == "file":
            return ""
        return show_value(field, self.values.get(code), self.codes, choices=True)

    def _files(self, code: str, field: FormField) -> Iterator[FileShown]:
        yield from (replace(file, covered=field.sensitive) for file in self.files.get(code, ()))
        for part, column in field.parts.items():
            for file in self.files.get(f"{code}.{part}", ()) if column.kind == "file" else ():
                yield replace(file, covered=field.sensitive or column.sensitive)


class _Comparison:
    """A form, and the expert's file where there is one."""

    def __init__(
        self, deps: Deps, application: Application, account: Account, data: FormData, *, in_clear: bool = False
    ) -> None:
        book, entry_type, day = deps.book(application.pool), type_of(application), today(deps)
        self.fields = fields_of(book.form, entry_type)
        own = account_values(book.form, facts_of(deps, account), day, entry_type)
        self._new = _Facts(data.values, own, data.codes, _files_by_field(data.files), in_clear)
        self._defaults = filled_values(book.form, {}, entry_type)
        self._correctable = correctable_fields(book, application, data.former)
        self._old: _Facts | None = None
        self._requested: Collection[str] = ()
        if data.former is not None:
            filed = account_values(book.form, data.former.person, day, entry_type)
            files = _files_by_field(data.former.files, filed=True)
            self._old = _Facts(data.former.values, filed, data.codes, files, in_clear)
            self._requested = data.former.find_requested(book, application, data.values, data.files)

    def show(self, code: str) -> FieldShown:
        new, old = self._new.show(code, self.fields[code]), self._changed_from(code)
        return replace(
            new,
            former=old.show(code, self.fields[code]) if old else None,
            stated=self._old is not None and not self.fields[code].outlasts_application,
            correctable=code in self._correctable,
        )

    def reveal(self, code: str) -> Revealed:
        old = self._changed_from(code)
        return Revealed(self._new.text(code, self.fields[code]), old.text(code, self.fields[code]) if old else "")

    def _changed_from(self, code: str) -> _Facts | None:
        """The file, where the application would change this field of it, so that one sees it."""
        field, old = self.fields[code], self._old
        if old is None or not field.outlasts_application:
            return None
        if field.account:
            changed = field.account in OWN_FIELDS and old.text(code, field) != self._new.text(code, field)
        elif any(place in self._requested for place in _file_places(code, field)):
            changed = True
        else:
            changed = code in self._requested and not self._looks_the_same(code, old)
        return old if changed else None

    def _looks_the_same(self, code: str, old: _Facts) -> bool:
        """A default is not news where the file holds nothing; an employer is the same by name and in the list."""
        if is_empty(old.values.get(code)) and self._new.values.get(code) == self._defaults.get(code):
            return True
        return old.text(code, self.fields[code]) == self._new.text(code, self.fields[code])


def _file_places(code: str, field: FormField) -> list[str]:
    """A field of files, or the columns of files of records."""
    if field.kind == "file":
        return [code]
    return [f"{code}.{part}" for part, column in field.parts.items() if column.kind == "file"]


def _files_by_field(attachments: Sequence[Attachment], *, filed: bool = False) -> dict[str, tuple[FileShown, ...]]:
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
            taken_over=attachment.taken_from is not None and not filed,
        )
        files_by_field[attachment.field] = (*files_by_field.get(attachment.field, ()), file)
    return files_by_field
