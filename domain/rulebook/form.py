"""Sections of a rulebook on the application form: its sections, fields, limits, attachments and documents.

A field is defined once (``form.fields.<code>``, the usual ones in ``_form.toml``) and stands in one section.
``domain.forms.checking`` checks the values.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Annotated, Literal, get_args

from pydantic import Field, model_validator

from domain.file_types import FileType
from domain.rulebook.types import Duration, Items, Section, Text

EntryType = Literal["first", "renewal", "education", "change"]
"""New entry; renewal (续聘); for an expert in the pool: continuing education (继续教育), change of the record
(异动)."""
STAYS_IN_POOL: tuple[EntryType, ...] = ("education", "change")
"""Types for experts in the pool, which leave membership, term and a suspension as they are."""
FieldKind = Literal[
    "text",
    "textarea",
    "integer",
    "choice",
    "yes_no",
    "date",
    "month",
    "email",
    "mobile",
    "phone",
    "credit_code",
    "bank_account",
    "catalogue",
    "region",
    "employer",
    "specialties",
    "records",
    "units",
    "file",
]
"""``employer``: one of the pool's list of employers, ``units``: own recusal units, ``records``: rows of ``parts``."""
FromAccount = Literal["name", "sex", "birth", "age", "id_number", "mobile"]
AT_ONCE_KINDS: tuple[FieldKind, ...] = ("text", "phone", "mobile", "email", "bank_account", "units")
"""Kinds that an expert in the pool can change by himself, on a page of their own."""
CatalogueKind = Literal["title_level", "qualification", "specialty", "department"]
Code = Annotated[str, Field(pattern=r"^[a-z][a-z0-9_]{0,39}$")]


class FileRule(Section):
    """Limits of attachments to one field."""

    types: Annotated[Items[FileType], Field(min_length=1)]
    size_max: Annotated[int, Field(ge=10_000, le=50_000_000)]
    """Bytes of one file."""
    count_max: Annotated[int, Field(ge=1, le=20)] = 1


class FormField(Section):
    """One field. A missing limit means none beyond the kind's own (text 200 characters, textarea 2,000)."""

    label: Text
    kind: FieldKind
    required: bool = False
    required_for: Items[EntryType] = ()
    """Required in these types of application only."""
    hint: str = ""
    length_max: Annotated[int, Field(ge=1, le=5000)] | None = None
    value_min: int | None = None
    value_max: int | None = None
    count_min: Annotated[int, Field(ge=0, le=50)] | None = None
    count_max: Annotated[int, Field(ge=1, le=50)] | None = None
    """Rows of records and units."""
    options: Items[Text] = ()
    """Options of a choice, as displayed and stored."""
    catalogue: CatalogueKind | None = None
    below: str = ""
    """Only codes below this catalogue code."""
    leaf: bool = False
    """Only codes without children."""
    code_length: Annotated[int, Field(ge=1, le=12)] | None = None
    """Only codes of this many characters: a second level of specialties (A0201) has 5."""
    parts: Mapping[Code, FormField] = {}
    """Columns of records."""
    file: FileRule | None = None
    account: FromAccount | None = None
    """Filled from the account and not editable."""
    default: str = ""
    """Value while nothing is typed: 无, 否."""
    only_for: Items[EntryType] = ()
    """Types of application that have it; empty: all."""
    kept_at_renewal: bool = False
    """In an application of an expert in the pool (renewal, continuing education) it stays as in the record."""
    at_once: bool = False
    """An expert in the pool changes it by himself, without review; of units he only adds some, since to remove one is
    reviewed. False: by an application only."""
    sensitive: bool = False
    """Masked for everyone but the applicant."""
    of_application: bool = False
    """Says something of the application, not of the expert (变更原因): it is not filed."""
    instead_of: str = ""
    """Code of a field that this one satisfies: a practising qualification where there is no title."""
    single_use: bool = False
    """For a file: signed for one application, so the next one needs a new one; other files can be reused."""
    city_only: bool = False
    """For a region: one directly below the province (市州), not a county."""
    districts: bool = True
    """For a region: whether a city's districts (市辖区) can be chosen; otherwise the city itself is chosen (市本级)."""
    not_before: str = ""
    """For a month or date in records: the column that it must not precede."""
    not_future: bool = False
    """For a month or date: not later than the day of submission."""
    source: str = ""
    """Source (manual and line) of the field as a whole."""
    note: str = ""
    """Our decision on the field as a whole."""

    @property
    def outlasts_application(self) -> bool:
        """Whether it says something of the expert, not of the application alone."""
        return not (self.of_application or self.single_use)

    @property
    def is_filed(self) -> bool:
        """Whether its typed value is one of the expert's file."""
        return not (self.account or self.of_application or self.kind == "file")

    @model_validator(mode="after")
    def _kind_fits(self) -> FormField:
        values_by_kind = {"choice": self.options, "catalogue": self.catalogue, "records": self.parts, "file": self.file}
        for kind, value in values_by_kind.items():
            if (self.kind == kind) != bool(value):
                name = {"choice": "options", "records": "parts"}.get(kind, kind)
                raise ValueError(f"{name} belongs to kind {kind} and only there")
        if self.default and self.kind not in ("text", "textarea", "yes_no", "choice"):
            raise ValueError("default belongs to kinds text, textarea, yes_no and choice and only there")
        if self.single_use and self.kind != "file":
            raise ValueError("single_use belongs to kind file and only there")
        if self.at_once and self.kind not in AT_ONCE_KINDS:
            raise ValueError(f"at_once belongs to kinds {', '.join(AT_ONCE_KINDS)} and only there")
        if self.city_only and self.kind != "region":
            raise ValueError("city_only belongs to kind region and only there")
        if not self.districts and self.kind != "region":
            raise ValueError("districts belongs to kind region and only there")
        if (self.not_before or self.not_future) and self.kind not in ("date", "month"):
            raise ValueError("not_before and not_future belong to kinds date and month and only there")
        return self

    @model_validator(mode="after")
    def _parts_fit(self) -> FormField:
        for code, part in self.parts.items():
            if part.kind in ("records", "units", "specialties") or part.account or part.instead_of:
                raise ValueError(f"{code} can't be a column of records")
            if part.not_before and getattr(self.parts.get(part.not_before), "kind", "") != part.kind:
                raise ValueError(f"{code} can't be compared with {part.not_before}: no such column of the same kind")
        return self


class FormSection(Section):
    """One step or tab of the form (资料填写的一个部分)."""

    title: Text
    fields: Annotated[Items[Code], Field(min_length=1)]
    note: str = ""
    open_after_print: bool = False
    """Stays editable when printing has locked the form: the place for attachments."""
    only_for: Items[EntryType] = ()
    """Types of application that have it; empty: all. A field may stand in several sections, as long as each application
    has only one of them."""


class Specialties(Section):
    """The shape of the choice of specialties (评标专业).

    Levels: class A (0), A01 (1), A0101 (2), A010101 (3). Only leaves can be chosen: a third level, or a second level
    without children. None: no limit.
    """

    count_min: Annotated[int, Field(ge=1, le=20)] = 1
    count_max: Annotated[int, Field(ge=1, le=50)]
    classes: Items[Text] = ()
    """Selectable classes; empty: all, but only one per application if ``one_class``."""
    one_class: bool = False
    level_1_max: Annotated[int, Field(ge=1, le=20)] | None = None
    level_2_max: Annotated[int, Field(ge=1, le=20)] | None = None
    third_level_only: bool = False
    """A second level without children can't be chosen either."""
    preferred: bool = False
    """Choices are either 首选 (at least one) or 备选."""
    fixed_once_submitted: bool = False
    """Unchangeable during the campaign, except specialties that a reviewer sent back."""


class Declarations(Section):
    """Recusal units that experts declare by themselves (申报回避)."""

    units_max: Annotated[int, Field(ge=1, le=50)]
    """Units of one expert within ``units_within``; further ones are reviewed."""
    units_within: Duration
    relations: Annotated[Items[Text], Field(min_length=1)]
    """Near relatives (近亲属) whose employers recuse."""


class PrintedDocuments(Section):
    """The printed form, the effect of printing, and the letters that are signed."""

    form_title: Text
    education_title: str = ""
    """Title for continuing education; empty: the usual one."""
    change_title: Text
    """Title for a change of the record (异动)."""
    print_locks: bool
    """After printing the data can't be edited any more."""
    print_before_submit: bool
    """The form must be printed in its current version before it is submitted."""
    commitment_title: Text
    commitment: Text
    """Text of the honesty commitment (诚信承诺书), one paragraph per line."""

    def demands_print(self, entry_type: EntryType) -> bool:
        """A change of the file is handed in without paper."""
        return self.print_before_submit and entry_type != "change"

    def title_of(self, entry_type: EntryType) -> str:
        own = {"education": self.education_title, "change": self.change_title}
        return own.get(entry_type) or self.form_title


class ApplicationForm(Section):
    """The application form of a pool."""

    sections: Annotated[Mapping[Code, FormSection], Field(min_length=1)]
    """In the order in which they are filled in."""
    fields: Mapping[Code, FormField]
    age_max: Annotated[int, Field(ge=30, le=120)] | None = None
    """Completed years on the day of the first submission; None: no limit."""
    employer_from_list: bool
    """The employer is chosen from the pool's list; a missing one is requested from the office."""
    own_employer_recused: bool
    """The own employer is a recusal unit without being named."""
    specialties: Specialties
    declarations: Declarations
    papers: PrintedDocuments

    @model_validator(mode="after")
    def _every_field_stands_once(self) -> ApplicationForm:
        for entry_type in get_args(EntryType):
            self._check_placed([code for section in self._sections_of(entry_type).values() for code in section.fields])
        return self

    def _check_placed(self, placed: list[str]) -> None:
        if twice := sorted({code for code in placed if placed.count(code) > 1}):
            raise ValueError(f"the field {twice[0]} stands in two sections")
        if unknown := [code for code in placed if code not in self.fields]:
            raise ValueError(f"the field {unknown[0]} stands in a section but is not defined in form.fields")
        for code in placed:
            target = self.fields[code].instead_of
            if target and target not in placed:
                raise ValueError(f"the field {code} is instead of {target}, which stands in no section")

    def _sections_of(self, entry_type: EntryType) -> Mapping[str, FormSection]:
        return {
            code: section
            for code, section in self.sections.items()
            if not section.only_for or entry_type in section.only_for
        }

    def of(self, entry_type: EntryType) -> ApplicationForm:
        """The form for one type of application: its sections, and what it requires. A change of the file has no
        defaults: what is not typed stays as filed."""
        own = {
            code: field.model_copy(update={"required": True})
            for code, field in self.fields.items()
            if entry_type in field.required_for
        }
        if entry_type == "change":
            own = {
                code: own.get(code, field).model_copy(update={"default": ""})
                for code, field in self.fields.items()
                if code in own or field.default
            }
        sections = self._sections_of(entry_type)
        return self.model_copy(update={"sections": sections, "fields": {**self.fields, **own}})

    def of_file(self) -> ApplicationForm:
        """The form as the paper of an expert's file: every field that is filed, once, whichever application asks for
        it."""
        placed, sections = set[str](), dict[str, FormSection]()
        for code, section in self.sections.items():
            here = [name for name in section.fields if name not in placed and self.fields[name].outlasts_application]
            placed.update(here)
            if here:
                sections[code] = section.model_copy(update={"fields": tuple(here), "only_for": ()})
        fields = {code: field.model_copy(update={"only_for": ()}) for code, field in self.fields.items()}
        return self.model_copy(update={"sections": sections, "fields": fields})

    def at_once(self) -> Mapping[str, FormField]:
        """The fields of the file that an expert changes by himself, in the form's order."""
        return {code: field for code, field in self.of_file().used().items() if field.is_filed and field.at_once}

    def without_requiring(self, codes: Collection[str]) -> ApplicationForm:
        """The form where these fields may stay empty."""
        if not codes:
            return self
        optional = {code: self.fields[code].model_copy(update={"required": False, "count_min": None}) for code in codes}
        return self.model_copy(update={"fields": {**self.fields, **optional}})

    def used(self) -> Mapping[str, FormField]:
        """The fields that stand in a section, in the form's order."""
        return {code: self.fields[code] for section in self.sections.values() for code in section.fields}

    def section_of(self, field: str) -> str:
        """Raises KeyError for a field that is in no section."""
        for code, section in self.sections.items():
            if field in section.fields:
                return code
        raise KeyError(field)
