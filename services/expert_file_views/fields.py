"""Fields of an expert's file in words: labels, values, since when, from what."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from domain.catalogues import full_name
from domain.clock import print_date
from domain.experts.employments import rows_of
from domain.experts.file import OWN_FIELDS, RETIRED, SUSPENDED_BEFORE, FileChange, FileSource
from domain.forms.checking import PersonFacts, account_values, person_facts
from domain.forms.display import show_as_stored, show_masked, show_value
from domain.masking import mask_id_number, mask_mobile
from domain.rulebook.book import Rulebook
from domain.rulebook.form import ApplicationForm, EntryType, FormField
from services.applications import today
from services.catalogue_codes import CatalogueCodes, load_codes
from services.core.base import Deps
from services.expert_file_views.reading import FileRecord

_IN_HEAD = ("number", "name", "id_number", "mobile", "left_reason", SUSPENDED_BEFORE)
"""Own fields that are shown otherwise: at the head of each page, as the account's, or in the time line alone."""


@dataclass(frozen=True)
class FilePartFields:
    """A section of the paper: codes of its fields."""

    title: str
    codes: tuple[str, ...]


@dataclass(frozen=True)
class FileWords:
    """The file of one expert, with what is needed to put it into words."""

    book: Rulebook
    record: FileRecord
    paper: ApplicationForm
    codes: CatalogueCodes
    of_account: Mapping[str, str]

    @classmethod
    async def of(cls, deps: Deps, record: FileRecord, *, further: Iterable[object] = ()) -> FileWords:
        """``further``: values beside the present ones that will be shown. One statement."""
        book, values = deps.book(record.expert.pool), [record.file.values, *further]
        codes = (await load_codes(book, *values, retired=list(_employers(values)))).with_ended_marked(today(deps))
        paper = book.form.of_file()
        return cls(book, record, paper, codes, account_values(paper, _person(deps, record), today(deps), "first"))

    @property
    def parts(self) -> list[FilePartFields]:
        """The sections of the pool's form, what experts register by themselves, and what else the file holds or held,
        such as fields that the rulebook has dropped."""
        parts = [FilePartFields(section.title, tuple(section.fields)) for section in self.paper.sections.values()]
        parts.append(FilePartFields("本人登记", (RETIRED,)))
        placed = {*_IN_HEAD, *(code for part in parts for code in part.codes)}
        rest = {code.partition(".")[0] for code in self.record.file.since} - placed
        order = {code: place for place, code in enumerate(OWN_FIELDS)}
        others = sorted(rest, key=lambda code: (order.get(code, 99), code))
        return [*parts, FilePartFields("库内登记", tuple(others))] if others else parts

    def field(self, code: str) -> FormField | None:
        """None for a field that no form asks for."""
        return self.paper.fields.get(code)

    def label(self, code: str) -> str:
        field = self.field(code)
        if field is not None:
            return field.label
        if code in OWN_FIELDS:
            return OWN_FIELDS[code]
        head, _, part = code.partition(".")
        parent = self.field(head)
        if parent is not None and part in parent.parts:
            return f"{parent.label}的{parent.parts[part].label}"
        return f"已停用的栏目（{code}）"

    def is_sensitive(self, code: str) -> bool:
        """Whether a value is masked. One of a field that the rulebook no longer has is."""
        field = self.field(code)
        if field is not None:
            return field.sensitive
        return code in ("id_number", "mobile") or code not in OWN_FIELDS

    def present(self, code: str, *, masked: bool) -> str:
        """The present value as text; empty where nothing is filed."""
        field = self.field(code)
        if field is not None and field.account:
            text = self.of_account.get(code, "")
            return show_masked(field, text) if masked and field.sensitive and text else text
        return self.show(code, self.record.file.values.get(code), masked=masked)

    def show(self, code: str, value: object, *, masked: bool) -> str:
        """Any value of a field as text."""
        field = self.field(code)
        if field is None or code in OWN_FIELDS:
            return self._show_own(code, value, masked=masked)
        if field.kind == "file":
            return f"{len(rows_of(value))}个文件" if rows_of(value) else ""
        text = show_value(field, value, self.codes, dropped=True)
        return show_masked(field, text) if masked and field.sensitive and text else text

    def changed_at(self, code: str) -> FileChange | None:
        """The change from which the field has its present value."""
        return self.record.file.since.get(self.filed_as(code))

    def filed_as(self, code: str) -> str:
        """The field of the file that tells a field of the form: sex and birth follow from the ID number."""
        field = self.field(code)
        if field is None or not field.account:
            return code
        return field.account if field.account in ("name", "mobile") else "id_number"

    def source(self, change: FileChange) -> str:
        """变更申请SQ…, 批量导入, 管理机构更正 …"""
        for application in self.record.applications:
            if application.id == change.source_id:
                name = self.book.campaigns.name_of(cast(EntryType, application.entry_type))
                return f"{name}申请{application.number}"
        return change.source.label

    def author(self, change: FileChange) -> str:
        """The name of the member of the office who made it; empty for any other source."""
        if change.source not in (FileSource.OFFICE, FileSource.IMPORT) or change.by is None:
            return ""
        return self.record.authors.get(change.by, "")

    def files(self, code: str) -> list[UUID]:
        """Attachments of a field for files, or of such columns of records."""
        filed = self.record.file.values
        here = [filed[name] for name in filed if name == code or name.startswith(f"{code}.")]
        return [UUID(str(row["file"])) for value in here for row in rows_of(value) if "file" in row]

    def _show_own(self, code: str, value: object, *, masked: bool) -> str:
        """A field that no form asks for; of one that the rulebook has dropped a mask only says that it is there."""
        if value is None:
            return ""
        if code not in OWN_FIELDS:
            return "已登记" if masked else show_as_stored(value)
        if isinstance(value, str):
            return self._show_own_text(code, value, masked=masked)
        if code == "willing_regions" and isinstance(value, list):
            return "、".join(full_name("region", str(region), self.codes) for region in value)
        if code == "former_units":
            return "\n".join(_former(row) for row in rows_of(value))
        return "已登记"

    def _show_own_text(self, code: str, text: str, *, masked: bool) -> str:
        words = self.book.membership
        match code:
            case "membership":
                return words.temporary if text == "temporary" else words.formal
            case "term_until":
                return f"至{print_date(datetime.fromisoformat(text))}"
            case "department":
                return self.codes.name("department", text) or text
            case "id_number":
                return mask_id_number(text) if masked else text
            case "mobile":
                return mask_mobile(text) if masked else text
        return text


def change_values(changes: Sequence[FileChange]) -> list[Mapping[str, object]]:
    """The values that were ever filed, to look their codes up."""
    return [change.values for change in changes]


def _former(row: Mapping[str, object]) -> str:
    span = "至".join(str(row[end]) for end in ("since", "until") if row.get(end))
    return "，".join(part for part in (str(row.get("name") or row.get("code") or ""), span) if part)


def _employers(values: Iterable[object]) -> Iterable[str]:
    """Employers that were chosen from the pool's list, retired ones too."""
    chosen = (filed.get("employer") for filed in values if isinstance(filed, Mapping))
    return (employer for employer in chosen if isinstance(employer, str))


def _person(deps: Deps, record: FileRecord) -> PersonFacts:
    keys, expert = deps.keys, record.expert
    number = keys.open_text(expert.id_number_sealed, "id_number")
    return person_facts(expert.name, number, keys.open_text(expert.mobile_sealed, "mobile"))
