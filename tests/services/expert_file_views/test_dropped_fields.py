"""A rulebook drops fields that files hold: nothing of them is lost, nothing fails, and the office can still read them.

Every field and column that a pool's rulebook can do without is dropped, in both ways: out of the form's sections, or
with its definition.
"""

from __future__ import annotations

import csv
import io
import random
from collections.abc import Collection, Iterator, Mapping
from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.rulebook_files import load_rulebooks
from domain.clock import FixedClock
from domain.experts.file import FOLLOW, FileChange, FileSource
from domain.forms.values import fields_of
from domain.ids import new_id
from domain.rulebook.book import Rulebook, _check_entry
from domain.rulebook.form import ApplicationForm
from models.accounts import Account
from models.applications import Application
from models.experts import Expert
from services.core.base import Actor, Deps, transaction
from services.expert_file_views.drawing_chances import OwnChances
from services.expert_file_views.office_file import OfficeFileLine, OfficeFiles
from services.expert_file_views.own_file import OwnFiles
from services.expert_files import change_file, file_of
from services.experts import COLUMNS as SHEET
from services.experts.expert_import import ExpertImport
from services.experts.profile import ExpertProfiles
from services.office.expert_list import COLUMNS, ExpertFilter
from services.office.exports import ExportRequest, Exports
from tests.factories.applicants import make_application
from tests.factories.applications import EMPLOYER, SPECIALTY, attach, id_number, make_codes, make_employer, values_of
from tests.factories.assembly import composed, make_services
from tests.factories.certificates import make_trained
from tests.factories.entry import EntryProcess
from tests.factories.files import QuickChecker
from tests.factories.people import make_account, make_expert

pytestmark = pytest.mark.usefixtures("db")
POOLS = ("hunan", "xinjiang", "jilin", "guangdong", "demo")
RULEBOOKS = Path(__file__).parents[3] / "config" / "rulebooks"
NEW: Mapping[str, str] = {
    "email": "new@example.com",
    "phone": "020-87654321",
    "mobile": "13912345600",
    "text": "另一个",
    "textarea": "另一段文字。",
}
"""By kind of field, a value that no file holds yet."""
ENTRY_TYPES: tuple[Any, ...] = ("first", "renewal", "education", "change")


@pytest.fixture
def deps(deps: Deps) -> Deps:
    return replace(deps, rulebooks=load_rulebooks(RULEBOOKS, list(POOLS)))


# ---- dropping


def without(book: Rulebook, codes: Collection[str], *, defined: bool = True) -> Rulebook:
    """The rulebook without these fields and columns (``records.column``); ``defined``: fields are still defined."""
    fields = {}
    for code, field in book.form.fields.items():
        parts = {name: part for name, part in field.parts.items() if f"{code}.{name}" not in codes}
        if defined or code not in codes:
            fields[code] = field.model_copy(update={"parts": parts})
    sections = {}
    for code, section in book.form.sections.items():
        if here := tuple(name for name in section.fields if name not in codes):
            sections[code] = section.model_copy(update={"fields": here})
    form = book.form.model_copy(update={"fields": fields, "sections": sections})
    other = book.model_copy(update={"form": form})
    other._provenance = book._provenance
    return other


def is_valid(book: Rulebook) -> bool:
    try:
        ApplicationForm.model_validate(book.form.model_dump())
    except ValueError:
        return False
    return not list(_check_entry(book))


def droppable(book: Rulebook) -> list[str]:
    """Fields that are filed, and columns of records, without which the rulebook is still one."""
    fields = {code: field for code, field in book.form.of_file().used().items() if not field.account}
    columns = [f"{code}.{name}" for code, field in fields.items() for name in field.parts if len(field.parts) > 1]
    return [code for code in (*fields, *columns) if is_valid(without(book, [code]))]


def with_book(deps: Deps, book: Rulebook) -> Deps:
    return replace(deps, rulebooks={**deps.rulebooks, book.pool.code: book})


# ---- an expert whose file holds everything


async def file_everything(deps: Deps, pool: str) -> Expert:
    book = deps.book(pool)
    await make_codes(book)
    account, number = await make_account(deps, pool=pool), id_number()
    columns = {"id_number_hash": deps.keys.lookup_hash("id_number", number)}
    expert = await make_expert(deps, pool=pool, account=account, name="阿依努尔", id_number=number, **columns)
    await Account.filter(id=account.id).update(
        registered_at=deps.now(),
        real_name="阿依努尔",
        id_number_sealed=deps.keys.seal(number, "id_number"),
        id_number_hash=columns["id_number_hash"],
        mobile_sealed=expert.mobile_sealed,
        mobile_hash=expert.mobile_hash,
    )
    employer = await make_employer(deps, pool=pool)
    application = await make_application(deps, account, state="entered", expert_id=expert.id, ended_at=deps.now())
    values: dict[str, object] = {}
    for entry_type in ENTRY_TYPES:
        for typed in values_of(book, employer.id, entry_type=entry_type).values():
            values |= {code: value for code, value in typed.items() if book.form.fields[code].is_filed}
        for code, field in fields_of(book.form, entry_type).items():
            files = [code] if field.kind == "file" and field.outlasts_application else []
            files += [f"{code}.{name}" for name, part in field.parts.items() if part.kind == "file"]
            for name in files:
                attached = await attach(deps, application.id, name)
                values[name] = [{"row": 0, "file": str(attached.id)}]
    change = FileChange(deps.now(), FileSource.APPLICATION, values, application.id)
    async with transaction():
        await change_file(deps, await Expert.select_for_update().get(id=expert.id), change)
    return await Expert.get(id=expert.id)


def texts_in(value: object) -> Iterator[str]:
    """What a reader must find of a stored value, however it is laid out."""
    if isinstance(value, Mapping):
        for cell in value.values():
            yield from texts_in(cell)
    elif isinstance(value, list):
        for row in value:
            yield from texts_in(row)
    elif value not in (None, ""):
        yield {True: "是", False: "否"}.get(value, str(value)) if isinstance(value, bool) else str(value)


async def read_lines(deps: Deps, expert: Expert) -> dict[str, OfficeFileLine]:
    admin = Actor(expert.pool, "pool_admin", new_id())
    file = await OfficeFiles(deps).read(admin, expert.id)
    return {line.code: line for part in file.parts for line in part.lines}


async def read_text(deps: Deps, expert: Expert, line: OfficeFileLine) -> str:
    """A field as the office reads it, opened where it is masked."""
    if not line.hidden:
        return line.value
    admin = Actor(expert.pool, "pool_admin", new_id())
    return (await OfficeFiles(deps).reveal(admin, expert.id, line.code, "核对")).value


# ---- reading


@pytest.mark.parametrize("defined", [True, False])
@pytest.mark.parametrize("pool", POOLS)
async def test_each_dropped_field_is_still_read_by_the_office_and_seen_by_the_expert(
    deps: Deps, pool: str, *, defined: bool
) -> None:
    expert, book = await file_everything(deps, pool), deps.book(pool)
    owner = Actor(pool, "expert", expert.account_id, expert.id)
    filed, before = (await file_of(deps, expert.id)).values, await read_lines(deps, expert)
    dropped = droppable(book)
    assert len(dropped) > 8, dropped
    for code in dropped:
        later, (field, _, column) = with_book(deps, without(book, [code], defined=defined)), code.partition(".")
        lines = await read_lines(later, expert)
        line, text = lines[field], await read_text(later, expert, lines[field])
        assert len(line.files) == len(before[field].files), code
        if column:
            cells = [row[column] for row in filed[field] if column in row]  # type: ignore[attr-defined]
            assert all(word in text for word in texts_in(cells)), (code, text)
        elif defined:
            assert text == await read_text(deps, expert, before[field]), code
        elif not line.files:
            assert all(word in text for word in texts_in(filed[field])), (code, text)
        own = {line.code: line for part in (await OwnFiles(later).read(owner)).parts for line in part.lines}
        assert own.keys() == lines.keys()
        assert bool(own[field].value) == bool(line.value), code


async def test_a_value_that_was_emptied_before_its_field_was_dropped_is_read_as_a_former_one(deps: Deps) -> None:
    expert = await file_everything(deps, "demo")
    change = FileChange(deps.now() + timedelta(days=1), FileSource.OFFICE, {"address": None})
    async with transaction():
        await change_file(deps, await Expert.select_for_update().get(id=expert.id), change)
    later = with_book(deps, without(deps.book("demo"), ["address"], defined=False))
    line = (await read_lines(later, expert))["address"]
    assert (line.value, line.hidden, len(line.former)) == ("", True, 1)
    opened = await OfficeFiles(later).reveal(Actor("demo", "pool_admin", new_id()), expert.id, "address", "核对")
    assert (opened.value, opened.former) == ("", ("示范",))


# ---- everything else


def some_dropped(deps: Deps, pool: str, seed: int) -> tuple[list[str], Deps]:
    """A valid rulebook without about half of what can be dropped, in one of both ways."""
    chosen, book = random.Random(f"{pool} {seed}"), deps.book(pool)
    dropped: list[str] = []
    for code in chosen.sample(candidates := droppable(book), len(candidates) // 2):
        if is_valid(without(book, [*dropped, code], defined=bool(seed % 2))):
            dropped.append(code)
    return dropped, with_book(deps, without(book, dropped, defined=bool(seed % 2)))


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("pool", POOLS)
async def test_paper_pages_lists_and_exports_do_without_the_dropped_fields(deps: Deps, pool: str, seed: int) -> None:
    expert = await file_everything(deps, pool)
    dropped, later = some_dropped(deps, pool, seed)
    services, owner = make_services(later), Actor(pool, "expert", expert.account_id, expert.id)
    admin = Actor(pool, "pool_admin", new_id())
    await services.applications.documents.information_form(owner)
    renderer: Any = services.applications.documents.renderer
    content = renderer.made[-1][1]
    printed = {row["label"] for section in content["sections"] for row in (*section["rows"], *section["lists"])}
    form = deps.book(pool).form
    labels = {field.label for field in later.book(pool).form.used().values()}
    gone = {form.fields[code].label for code in dropped if "." not in code} - labels
    assert printed.isdisjoint(gone)
    assert (await ExpertProfiles(later).profile(owner)).number == expert.number
    assert (await OwnChances(later).read(owner)).reasons is not None
    [line] = (await services.office.expert_list.page(admin, ExpertFilter(), columns=list(COLUMNS))).items
    assert line.name == expert.name
    export = await composed(Exports, later).make_file(admin, ExportRequest("experts", columns=tuple(COLUMNS)))
    assert export.count == 1
    assert dropped


async def change_by_application(process: EntryProcess, expert: Expert) -> str:
    """The expert changes a field of his file, by the whole road; returns which."""
    deps, applications = process.services.deps, process.services.applications
    account = await Account.get(id=expert.account_id)
    await make_trained(deps, account, expert)
    person = Actor(expert.pool, "applicant", account.id)
    begun = await applications.drafts.start(person, "change")
    form = deps.book(expert.pool).form
    fields = fields_of(form, "change")
    new = {**NEW, "region": f"{deps.book(expert.pool).pool.region[:2]}0300"}
    possible = [code for code, field in fields.items() if field.is_filed and field.kind in new]
    changed = min(possible, key=lambda code: code in ("employer", "region"))
    typed = values_of(deps.book(expert.pool), entry_type="change")
    for section in (await applications.queries.get(person, begun.id)).sections:
        own = {code: value for code, value in typed[section.code].items() if fields[code].of_application}
        if changed in form.of("change").sections[section.code].fields:
            own[changed] = new[fields[changed].kind][: fields[changed].length_max]
        if own:
            await applications.drafts.save_section(
                person, begun.id, section.code, section.values | own, section.version
            )
    version = (await Application.get(id=begun.id)).version
    await process.services.workflows.applications.submit(person, begun.id, version)
    application = await Application.get(id=begun.id)
    while application.state != "entered":
        application = await process.go_on(application)
    return changed


async def import_again(deps: Deps, expert: Expert) -> None:
    """The expert's line of a sheet as the office may send it any time."""
    cells = {
        "number": expert.number,
        "name": expert.name,
        "id_number": deps.keys.open_text(expert.id_number_sealed, "id_number"),
        "mobile": deps.keys.open_text(expert.mobile_sealed, "mobile"),
        "permanent_region": expert.permanent_region,
        "specialties": SPECIALTY,
        "employer": EMPLOYER,
    }
    text = io.StringIO()
    csv.writer(text).writerows([[column.title for column in SHEET], [cells.get(column.name, "") for column in SHEET]])
    report = await ExpertImport(deps, QuickChecker()).run(
        Actor(expert.pool, "pool_admin"), text.getvalue().encode("utf-8-sig"), "csv"
    )
    assert (report.errors, report.updated) == ((), 1)


@pytest.mark.parametrize("seed", range(2))
@pytest.mark.parametrize("pool", POOLS)
async def test_a_change_and_an_import_leave_the_dropped_fields_as_they_are(
    deps: Deps, clock: FixedClock, pool: str, seed: int
) -> None:
    expert = await file_everything(deps, pool)
    dropped, later = some_dropped(deps, pool, seed)
    before = (await file_of(deps, expert.id)).values
    fields = {code for code in dropped if "." not in code}
    process = EntryProcess(make_services(later), clock)
    clock.move(timedelta(days=1))
    changed = await change_by_application(process, expert)
    fields -= set(FOLLOW.get(changed, ()))  # of the former employer
    after = (await file_of(deps, expert.id)).values
    assert {code: after.get(code) for code in fields} == {code: before.get(code) for code in fields}
    assert after["remote_evaluation" if "remote_evaluation" in after else "region"] is not None
    await import_again(later, expert)
    imported = (await file_of(deps, expert.id)).values
    fields -= set(FOLLOW["employer"])
    in_sheet = {
        "specialties",
        "title_level",
        "qualifications",
        "employer",
        "employer_code",
        "recusal_units",
        "emergency",
    }
    assert {code: imported.get(code) for code in fields - in_sheet} == {
        code: before.get(code) for code in fields - in_sheet
    }
