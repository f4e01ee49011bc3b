"""Applicants, campaigns, and forms filled in by a pool's own rulebook, so that tests don't depend on its fields."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.forms.checking import fields_of
from domain.forms.values import UNIT_PARTS
from domain.rulebook.book import Provenance, Rulebook
from domain.rulebook.form import EntryType, FormField
from models.accounts import Account
from models.applications import Application, Attachment
from models.campaigns import Campaign, Employer
from models.experts import CatalogueEntry
from services.applications.campaigns import Campaigns
from services.applications.drafts import Drafts
from services.core.base import Actor, Deps
from services.core.pinyin import sort_name
from tests.factories.numbers import Numbers
from tests.factories.people import BANK_ACCOUNT, CREDIT_CODE, make_account

_serials = Numbers()
_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
SPECIALTY, OTHER_SPECIALTY, THIRD_SPECIALTY = "A010101", "A010102", "A010201"
EMPLOYER = "示范规划设计院有限公司"


def id_number(birth: str = "19800101") -> str:
    """A valid ID number that no other call returns; ``birth`` is yyyymmdd."""
    body = f"440106{birth}{next(_serials) % 1000:03}"
    return body + "10X98765432"[sum(int(d) * w for d, w in zip(body, _WEIGHTS, strict=True)) % 11]


async def make_applicant(deps: Deps, *, pool: str = "demo", birth: str = "19800101", **columns: Any) -> Actor:
    """A person registered, acting as an applicant."""
    number = id_number(birth)
    values = {
        "real_name": "赵明远",
        "id_number_sealed": deps.keys.seal(number, "id_number"),
        "id_number_hash": deps.keys.lookup_hash("id_number", number),
        "registered_at": deps.now() - timedelta(days=30),
    }
    account = await make_account(deps, pool=pool, **values | columns)
    return Actor(pool, "applicant", account.id)


async def make_codes(book: Rulebook) -> None:
    """The catalogue entries that ``values_of`` chooses from; may be called twice."""
    province = book.pool.region
    city, county = f"{province[:2]}0100", f"{province[:2]}0106"
    entries = [
        ("region", province, "演示省", ""),
        ("region", city, "演示市", province),
        ("region", county, "演示区", city),
        ("region", f"{province[:2]}0300", "第二市", province),
        ("region", f"{province[:2]}0122", "演示县", city),
        ("specialty", "A", "工程类", ""),
        ("specialty", "A01", "规划", "A"),
        ("specialty", "A0101", "发展规划", "A01"),
        ("specialty", SPECIALTY, "总体规划", "A0101"),
        ("specialty", OTHER_SPECIALTY, "专项规划", "A0101"),
        ("specialty", "A0102", "城乡规划", "A01"),
        ("specialty", THIRD_SPECIALTY, "城市规划", "A0102"),
        ("title_level", "10", "正高级", ""),
        ("title_level", "1001", "正高级工程师", "10"),
        ("qualification", "Q02", "注册建筑师", ""),
        ("qualification", "Q0201", "一级注册建筑师", "Q02"),
        ("department", "D01", "发展改革主管部门", ""),
    ]
    rows = [
        CatalogueEntry(pool=book.pool.code, kind=kind, code=code, name=name, parent=parent)
        for kind, code, name, parent in entries
    ]
    await CatalogueEntry.bulk_create(rows, ignore_conflicts=True)


async def make_employer(deps: Deps, name: str = EMPLOYER, *, pool: str = "demo", **columns: Any) -> Employer:
    values = {"name_sort": sort_name(name), "created_at": deps.now()}
    return await Employer.create(pool=pool, name=name, **values | columns)


async def make_campaign(deps: Deps, *, pool: str = "demo", opens: datetime | None = None, **columns: Any) -> Campaign:
    """A published campaign that is open now, for 30 days, for both types of entry."""
    start = opens or deps.now() - timedelta(days=1)
    values = {
        "name": "2026年第二批评标专家征集",
        "entry_types": ["first", "renewal"],
        "enrol_from": start,
        "enrol_until": start + timedelta(days=30),
        "created_at": start - timedelta(days=3),
        "published_at": start - timedelta(days=2),
    }
    return await Campaign.create(pool=pool, **values | columns)


def values_of(
    book: Rulebook, employer_id: UUID | None = None, *, entry_type: EntryType = "first", **own: object
) -> dict[str, dict[str, object]]:
    """Section → values that the pool's form takes, every field filled in; ``own`` replaces single values."""
    fields = fields_of(book.form, entry_type)
    values: dict[str, dict[str, object]] = {}
    for code, section in book.form.of(entry_type).sections.items():
        typed = [name for name in section.fields if name in fields and fields[name].kind != "file"]
        typed = [name for name in typed if not fields[name].account]
        values[code] = {name: own.get(name, _value(book, fields[name], employer_id)) for name in typed}
    return values


def _value(book: Rulebook, field: FormField, employer_id: UUID | None) -> object:
    if field.kind == "records":
        parts = {code: part for code, part in field.parts.items() if part.kind != "file"}
        row = {code: _value(book, part, employer_id) for code, part in parts.items()}
        return [row] * (field.count_min or 1)
    if field.kind == "units":
        return [{"name": "某回避单位有限公司", "code": "", "note": ""}] if UNIT_PARTS else []
    if field.kind == "region":
        return book.pool.region[:2] + ("0100" if field.city_only else "0106" if field.districts else "0122")
    if field.kind == "catalogue":
        if field.catalogue == "specialty":
            return SPECIALTY[: field.code_length or len(SPECIALTY)]
        return {"title_level": "1001", "qualification": "Q0201", "department": "D01"}[field.catalogue or ""]
    simple: Mapping[str, object] = {
        "text": "示范"[: field.length_max or 2],
        "textarea": "长期从事规划设计。",
        "yes_no": True,
        "integer": field.value_min or 5,
        "date": "2020-09-01" if field.not_before else "2010-09-01",
        "month": "2020-09" if field.not_before else "2010-09",
        "email": "zhao@example.com",
        "mobile": "13912345678",
        "phone": "020-88881234",
        "credit_code": CREDIT_CODE,
        "bank_account": BANK_ACCOUNT,
        "choice": field.options[0] if field.options else "",
        "employer": str(employer_id),
        "specialties": [{"code": SPECIALTY, "choice": "preferred"}],
    }
    return simple[field.kind]


async def attach(deps: Deps, application_id: UUID, field: str, *, row: int = 0, **columns: Any) -> Attachment:
    """Attach a complete file."""
    application = await Application.get(id=application_id)
    now = deps.now()
    values = {
        "filename": f"{field}.pdf",
        "media_type": "application/pdf",
        "size": 1000,
        "received": 1000,
        "key": f"{application.pool}/2026/11/{next(_serials):032x}",
        "state": "ready",
        "created_at": now,
        "ready_at": now,
    }
    return await Attachment.create(
        pool=application.pool,
        account_id=application.account_id,
        application_id=application_id,
        field=field,
        row=row,
        **values | columns,
    )


async def attach_all(deps: Deps, application_id: UUID, *, entry_type: EntryType = "first") -> None:
    """Attach every file that the form demands."""
    application = await Application.get(id=application_id)
    for code, field in fields_of(deps.book(application.pool).form, entry_type).items():
        if field.kind == "file" and field.required:
            await attach(deps, application_id, code)
        for part, column in field.parts.items():
            if column.kind == "file" and column.required:
                await attach(deps, application_id, f"{code}.{part}")


def make_campaigns(deps: Deps) -> Campaigns:
    return Campaigns(deps)


async def fill_in(deps: Deps, actor: Actor, *, entry_type: EntryType = "first", **own: object) -> Application:
    """An application begun, filled in whole and with its files, not submitted. Needs an open campaign and codes."""
    book = deps.book(actor.pool)
    drafts = Drafts(deps, make_campaigns(deps))
    employer = await Employer.get_or_none(pool=actor.pool, name=EMPLOYER) or await make_employer(deps, pool=actor.pool)
    begun = await drafts.start(actor, entry_type)
    for section, values in values_of(book, employer.id, entry_type=entry_type, **own).items():
        if values:
            await drafts.save_section(actor, begun.id, section, values, 0)
    await attach_all(deps, begun.id, entry_type=entry_type)
    return await Application.get(id=begun.id)


async def account_of(actor: Actor) -> Account:
    return await Account.get(id=actor.account_id)


def with_rules(deps: Deps, **sections: Mapping[str, object]) -> Deps:
    """The demo pool with single rules changed: ``papers={"print_locks": True}``, ``review={…}``."""
    book = deps.book("demo")
    changed: dict[str, object] = {}
    for name, update in sections.items():
        if name == "papers":
            papers = book.form.papers.model_copy(update=update)
            changed["form"] = book.form.model_copy(update={"papers": papers})
        else:
            changed[name] = getattr(book, name).model_copy(update=update)
    new = book.model_copy(update=changed)
    keys = [
        f"{'form.papers' if name == 'papers' else name}.{key}" for name, update in sections.items() for key in update
    ]
    new._provenance = {key: Provenance("test.toml") for key in keys} | dict(book._provenance)
    return Deps(deps.clock, deps.keys, {**deps.rulebooks, "demo": new}, deps.jobs, deps.public_url)
