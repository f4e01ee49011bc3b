"""Correcting a field of an expert's file on evidence, by the rules of the pool's own form."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from domain.catalogues import full_name
from domain.clock import local
from domain.errors import Conflict, InvalidInput, NotFound
from domain.experts.correctable import (
    BLANK_ROWS,
    TERM,
    WILLING,
    correctable_fields,
    corrected_together,
    correction_form,
    end_of_day,
    moved_files,
    typed_values,
    value_of,
)
from domain.experts.corrections import CorrectionKind
from domain.experts.employments import TOLD_BY, rows_of
from domain.experts.file import ExpertFile, FileChange, FileSource
from domain.faults import Faults
from domain.forms.checking import FieldProblem, check_complete, person_facts
from domain.forms.display import columns_of, show_masked, show_value
from domain.forms.values import ROWS_MAX, clean_value, is_empty
from domain.rulebook.book import Rulebook
from domain.rulebook.form import FormField
from models.experts import Expert
from services.catalogue_codes import CatalogueCodes, load_codes
from services.core.base import Actor, Deps, rows
from services.core.idempotency import once
from services.core.permissions import check
from services.corrections.ledger import Upload, check_reason, check_upload, write
from services.corrections.persons import Person, check_not_own, find_person, lock_person, tell
from services.expert_files import change_file, file_of
from services.files import EvidenceFiles, StoredEvidence

SECOND_PHONE = "backup_mobile"
_WHAT_MAX = 20
_CATALOGUE = """
SELECT DISTINCT ON (kind, position, code) kind, code FROM catalogue_entry
 WHERE pool IN ('', $1) AND kind = ANY($2::text[]) ORDER BY kind, position, code
"""
_EMPLOYER = """
SELECT id::text FROM employer WHERE pool = $1 AND retired_at IS NULL AND (name = $2 OR credit_code = $2) LIMIT 2
"""


@dataclass(frozen=True)
class CorrectableLine:
    """A field in the list; ``value`` masked, empty where nothing is filed."""

    code: str
    label: str
    value: str


@dataclass(frozen=True)
class TypedInput:
    """An input of the form. ``kind``: line, date, month, area or choice; ``options``: pairs of value and name.

    ``value``: what the file holds, empty where it is masked; ``filed``: the same, masked.
    """

    name: str
    label: str
    kind: str
    options: tuple[tuple[str, str], ...]
    value: str
    hint: str


@dataclass(frozen=True)
class TypedField:
    """A field with its inputs, by rows: a list has several, any other one. ``filed``: its masked value, where it isn't
    shown. ``removable``: it may be left empty."""

    code: str
    label: str
    hint: str
    filed: str
    listed: bool
    removable: bool
    rows: tuple[tuple[TypedInput, ...], ...]


@dataclass(frozen=True)
class CorrectionForm:
    """``seen``: the state of the file that the form shows, to be sent with it. ``recuses``: for how many years an
    employer that is corrected recuses on, as a former one; 0 for other fields."""

    person_id: UUID
    name: str
    number: str
    label: str
    seen: str
    recuses: int
    fields: tuple[TypedField, ...]


@dataclass(frozen=True)
class Corrected:
    """``labels``: what was changed."""

    labels: tuple[str, ...]


@dataclass(frozen=True)
class FieldCorrections:
    deps: Deps
    files: EvidenceFiles

    async def lines(self, actor: Actor, person_id: UUID) -> tuple[CorrectableLine, ...]:
        """The fields that may be corrected. Raises NotFound; Conflict for who is not in the pool."""
        check(actor, "expert.manage")
        expert = (await find_person(actor.pool, person_id)).filed_expert
        file, fields = await file_of(self.deps, expert.id), correctable_fields(self.deps.book(actor.pool))
        codes = await load_codes(self.deps.book(actor.pool), file.values, retired=_employers(file))
        return tuple(
            CorrectableLine(code, field.label, _shown(field, code, file, codes)) for code, field in fields.items()
        )

    async def form(self, actor: Actor, person_id: UUID, code: str) -> CorrectionForm:
        """The form for a field and those that follow it. Raises NotFound, Conflict; Forbidden for the own file."""
        check(actor, "expert.manage")
        person = await find_person(actor.pool, person_id)
        check_not_own(actor, person)
        expert = person.filed_expert
        fields, file = self._fields(actor.pool, code), await file_of(self.deps, expert.id)
        book = self.deps.book(actor.pool)
        options = await self._options(book, fields)
        codes = await load_codes(book, file.values, retired=_employers(file))
        return CorrectionForm(
            expert.id,
            expert.name,
            expert.number,
            fields[code].label,
            _state(file, fields),
            book.draw.employment_recusal_years if not set(fields).isdisjoint(TOLD_BY) else 0,
            tuple(_typed_field(name, field, file, codes, options) for name, field in fields.items()),
        )

    async def correct(
        self,
        actor: Actor,
        person_id: UUID,
        code: str,
        typed: Mapping[str, str],
        reason: str,
        upload: Upload,
        *,
        key: str | None = None,
    ) -> Corrected:
        """Set what was typed; ``typed`` holds the form's inputs, ``seen``, and ``empty-`` with the code of a field that
        is to be emptied. A masked field that stays empty is left as it is.

        Raises NotFound, InvalidInput with all faults, Conflict where nothing differs, or the file has just changed;
        Forbidden for the own file.
        """
        check(actor, "expert.manage")
        fields = self._fields(actor.pool, code)
        expert = (await find_person(actor.pool, person_id)).filed_expert
        file, faults = await file_of(self.deps, expert.id), Faults()
        values = await self._read(actor.pool, expert, file, fields, typed, faults)
        words = faults.check(check_reason, reason)
        faults.check(check_upload, upload)
        faults.raise_any()
        evidence = await self.files.keep(actor.pool, upload.content, upload.filename)

        async def run() -> Corrected:
            person = await lock_person(actor.pool, person_id)
            check_not_own(actor, person)
            if _state(await file_of(self.deps, expert.id), fields) != typed.get("seen", ""):
                raise Conflict("这一项刚刚有变动，请核对现在的内容后重新填写。", code="file_changed")
            return await self._correct(actor, person, fields, values, words, evidence)

        return await once(
            owner=f"correct.field:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=Corrected,
            run=run,
            request=f"{person_id} {sorted(values.items())!r} {words}",
        )

    def _fields(self, pool: str, code: str) -> dict[str, FormField]:
        fields = correctable_fields(self.deps.book(pool))
        if code not in fields:
            raise NotFound("没有这一项，请返回后重新选择。", code="no_field")
        return {name: fields[name] for name in corrected_together(code, fields)}

    async def _read(
        self,
        pool: str,
        expert: Expert,
        file: ExpertFile,
        fields: Mapping[str, FormField],
        typed: Mapping[str, str],
        faults: Faults,
    ) -> dict[str, object]:
        """The values to file; their problems are added to ``faults``."""
        book, values, raw = self.deps.book(pool), dict[str, object](), dict[str, object]()
        places, listed = dict[str, list[int]](), await load_codes(book, file.values, retired=_employers(file))
        for code, field in fields.items():
            raw[code], places[code] = value_of(code, field, typed, _row_count(field, file.values.get(code)))
            if field.kind == "employer" and raw[code] != _employer_text(file, listed):
                raw[code] = await self._listed_employer(pool, code, str(raw[code]), faults)
        codes = await load_codes(book, raw, file.values, retired=_employers(file))
        for code, field in fields.items():
            if typed.get(f"empty-{code}"):
                values[code] = None
            elif (field.sensitive and is_empty(raw[code])) or _is_same_employer(field, raw[code], file, listed):
                continue
            elif code == WILLING:
                values[code] = await self._willing_regions(book, str(raw[code]), faults)
            else:
                value, problems = clean_value(code, field, raw[code], codes)
                _add(faults, problems)
                values[code] = value
                if columns_of(field):
                    values |= moved_files(code, file.values, places[code])
        ruled = {code: value for code, value in values.items() if code != WILLING}  # a list that no form has
        _add(faults, self._rule_problems(book, expert, {**file.values, **values}, ruled, codes))
        if values.get(TERM):
            values[TERM] = end_of_day(str(values[TERM]))
        return values

    def _rule_problems(
        self,
        book: Rulebook,
        expert: Expert,
        whole: Mapping[str, object],
        changed: Mapping[str, object],
        codes: CatalogueCodes,
    ) -> list[FieldProblem]:
        """What the form says of the changed fields; files of rows are attachments, which stay as they are."""
        keys, paper = self.deps.keys, correction_form(book)
        person = person_facts(
            expert.name,
            keys.open_text(expert.id_number_sealed, "id_number"),
            keys.open_text(expert.mobile_sealed, "mobile"),
        )
        problems = check_complete(
            paper,
            whole,
            {},
            entry_type="first",
            person=person,
            catalogue=codes,
            today=local(self.deps.now()).date(),
            unchanged=[code for code in paper.fields if code not in changed],
        )
        return [problem for problem in problems if _concerns(problem, changed, paper.fields)]

    async def _willing_regions(self, book: Rulebook, text: str, faults: Faults) -> list[str] | None:
        """The codes of the regions that were typed by name or code, a line each."""
        known = await self._region_names(book)
        typed = list(dict.fromkeys(line.strip() for line in text.splitlines() if line.strip()))
        if unknown := [line for line in typed if line not in known]:
            message = f"本省没有“{unknown[0][:20]}”这个地区，请填写地区目录中的名称或代码，每行一个。"
            faults.add(InvalidInput(message, code="no_region", field=WILLING))
        return list(dict.fromkeys(known[line] for line in typed if line in known)) or None

    async def _region_names(self, book: Rulebook) -> dict[str, str]:
        """Code of each region of the province, itself too, by its code and names."""
        entries = await rows(_CATALOGUE, book.pool.code, ["region"])
        codes = await load_codes(book, [entry["code"] for entry in entries])
        names: dict[str, str] = {}
        for code in (entry["code"] for entry in entries):
            if book.pool.region in codes.path("region", code):
                names |= {code: code, full_name("region", code, codes): code}
                names.setdefault(codes.name("region", code), code)
        return names

    async def _listed_employer(self, pool: str, code: str, text: str, faults: Faults) -> str:
        """The id of the employer in the pool's list that was typed by its full name or credit code."""
        if not text:
            return ""
        employers = await rows(_EMPLOYER, pool, text)
        if len(employers) != 1:
            message = "单位列表中没有这个单位，请填写全称或信用代码；没有的先在“单位”中添加。"
            faults.add(InvalidInput(message, code="no_employer", field=code))
            return ""
        return str(employers[0]["id"])

    async def _options(
        self, book: Rulebook, fields: Mapping[str, FormField]
    ) -> Mapping[str, tuple[tuple[str, str], ...]]:
        """Codes and names of the catalogues that these fields choose from, by kind."""
        inputs = [part for field in fields.values() for part in (field, *columns_of(field).values())]
        kinds = {part.catalogue or part.kind for part in inputs if part.kind in ("catalogue", "region")}
        if not kinds:
            return {}
        entries = await rows(_CATALOGUE, book.pool.code, sorted(kinds))
        codes = await load_codes(book, [entry["code"] for entry in entries])
        options: dict[str, list[tuple[str, str]]] = {kind: [] for kind in kinds}
        for entry in entries:
            kind, code = entry["kind"], entry["code"]
            if kind != "region" or book.pool.region in codes.path("region", code)[1:]:
                options[kind].append((code, full_name(kind, code, codes)))
        return {kind: tuple(pairs) for kind, pairs in options.items()}

    async def _correct(
        self,
        actor: Actor,
        person: Person,
        fields: Mapping[str, FormField],
        values: Mapping[str, object],
        reason: str,
        evidence: StoredEvidence,
    ) -> Corrected:
        expert, now = person.filed_expert, self.deps.now()
        before = await file_of(self.deps, expert.id)
        labels = [field.label for code, field in fields.items() if code in before.difference(values)]
        correction = await write(
            self.deps,
            actor,
            person,
            CorrectionKind.FIELD,
            reason,
            values={"label": "、".join(labels), "fields": sorted(values)},
            evidence=evidence,
        )
        change = FileChange(now, FileSource.OFFICE, values, correction.id, actor.account_id)
        if not await change_file(self.deps, expert, change):
            raise Conflict("与登记的内容相同，没有需要更正的。", code="no_change")
        phones = {str(phone) for phone in (before.values.get(SECOND_PHONE), values.get(SECOND_PHONE)) if phone}
        what = "更正您的" + "、".join(labels)
        if len(what) > _WHAT_MAX:
            what = f"更正您的{labels[0]}等{len(labels)}项" if len(labels) > 1 else "更正您的档案"
        await tell(self.deps, person, what[:_WHAT_MAX], now, phones=tuple(sorted(phones)))
        return Corrected(tuple(labels))


def _add(faults: Faults, problems: list[FieldProblem]) -> None:
    """Problems of cells stand beside their input: ``work_history[0].unit`` is ``work_history-0-unit``."""
    for problem in problems:
        place = problem.field.replace("[", "-").replace("].", "-").rstrip("]")
        faults.add(InvalidInput(problem.message, field=place))


def _concerns(problem: FieldProblem, changed: Mapping[str, object], fields: Mapping[str, FormField]) -> bool:
    code, _, cell = problem.field.partition("[")
    part = cell.partition("].")[2]
    if code not in changed:
        return False
    return not (part and code in fields and part in fields[code].parts and fields[code].parts[part].kind == "file")


def _row_count(field: FormField, value: object) -> int:
    return min(len(rows_of(value)) + BLANK_ROWS, field.count_max or ROWS_MAX) if columns_of(field) else 0


def _state(file: ExpertFile, fields: Mapping[str, FormField]) -> str:
    """From when the fields have their values."""
    return " ".join(file.since[code].at.isoformat() if code in file.since else "-" for code in fields)


def _employers(file: ExpertFile) -> list[str]:
    """An employer of the list that it no longer offers stays."""
    return [str(file.values["employer"])] if "employer" in file.values else []


def _employer_text(file: ExpertFile, codes: CatalogueCodes) -> str:
    """The name of the filed employer, which an import may hold as a mere name."""
    value = str(file.values.get("employer") or "")
    return codes.name("employer", value) or value


def _is_same_employer(field: FormField, raw: object, file: ExpertFile, codes: CatalogueCodes) -> bool:
    """Whether the form still shows the filed employer, which may be in no list."""
    return field.kind == "employer" and bool(raw) and raw == _employer_text(file, codes)


def _shown(field: FormField, code: str, file: ExpertFile, codes: CatalogueCodes) -> str:
    value = file.values.get(code)
    if code == WILLING:
        return "、".join(_region_texts(value, codes))
    if code == TERM:
        return typed_values(code, field, value)[code]
    text = show_value(field, value, codes)
    return show_masked(field, text) if field.sensitive and text else text


def _region_texts(value: object, codes: CatalogueCodes) -> list[str]:
    """Names of the regions where an expert is willing to evaluate."""
    return [full_name("region", str(code), codes) for code in value] if isinstance(value, list) else []


def _typed_field(
    code: str, field: FormField, file: ExpertFile, codes: CatalogueCodes, options: Mapping[str, Any]
) -> TypedField:
    value = file.values.get(code)
    masked = field.sensitive and not is_empty(value)
    texts = {} if masked else typed_values(code, field, value)
    if field.kind == "employer" and not masked:
        texts = {code: _employer_text(file, codes)}
    if code == WILLING:
        texts = {code: "\n".join(_region_texts(value, codes))}
    columns = columns_of(field)
    if columns:
        inputs = tuple(
            tuple(_input(f"{code}-{place}-{name}", part, texts, options) for name, part in columns.items())
            for place in range(_row_count(field, value))
        )
    else:
        inputs = ((_input(code, field, texts, options),),)
    return TypedField(
        code=code,
        label=field.label,
        hint="清空一行的各项即删除这一行。" if columns else _hint(code, field),
        filed=_shown(field, code, file, codes) if masked else "",
        listed=bool(columns),
        removable=not is_empty(value) and not field.required and not field.required_for,
        rows=inputs,
    )


def _input(name: str, field: FormField, texts: Mapping[str, str], options: Mapping[str, Any]) -> TypedInput:
    chosen: tuple[tuple[str, str], ...] = ()
    kind = {"textarea": "area", "specialties": "area", "date": "date", "month": "month"}.get(field.kind, "line")
    if field.kind == "choice":
        kind, chosen = "choice", tuple((option, option) for option in field.options)
    elif field.kind == "yes_no":
        kind, chosen = "choice", (("是", "是"), ("否", "否"))
    elif field.kind in ("catalogue", "region"):
        kind, chosen = "choice", options[field.catalogue or field.kind]
    return TypedInput(name, field.label, kind, chosen, texts.get(name, ""), _hint(name, field))


def _hint(name: str, field: FormField) -> str:
    if name == WILLING:
        return "每行一个地区的名称或代码，如“广州市”；全省都愿意的只填省名。清空后按是否接受异地评标确定。"
    if field.kind == "specialties":
        return "每行一个专业代码；备选的在代码后加空格和“备选”。"
    if field.kind == "employer":
        return "单位列表中的全称或统一社会信用代码。"
    return field.hint
