"""Applications under review: a pool with cities and specialties, reviewers, and persons who submitted their form."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from domain.ids import new_id
from domain.rulebook.book import Rulebook
from domain.rulebook.reviews import Review
from models.accounts import Account
from models.applications import Application, ApplicationSection, ApplicationSpecialty
from models.campaigns import Employer
from models.experts import CatalogueEntry
from models.reviews import ReviewAssignment, ReviewTask
from services.applications.repository import next_number, seal_values
from services.core.base import Actor, Deps, transaction
from services.workflows import ReviewWorkflow
from tests.factories.numbers import Numbers
from tests.factories.people import BEGINNING, CREDIT_CODE, file_more, make_account, make_expert

_serials = Numbers()
PROVINCE, CITY, DISTRICT, OTHER_CITY, OTHER_DISTRICT = "440000", "440100", "440106", "440300", "440305"
SECTIONS = {
    "basic": ("region", "employer", "work_history", "email", "address", "political_status"),
    "profession": ("title_level", "qualifications", "education"),
    "evaluation": ("specialties", "remote_evaluation", "emergency", "recusal_units", "strengths"),
}


async def make_catalogues() -> None:
    entries = (
        ("region", PROVINCE, "广东省", ""),
        ("region", CITY, "广州市", PROVINCE),
        ("region", DISTRICT, "天河区", CITY),
        ("region", OTHER_CITY, "深圳市", PROVINCE),
        ("region", OTHER_DISTRICT, "南山区", OTHER_CITY),
        ("specialty", "A", "工程类", ""),
        ("specialty", "A04", "设计", "A"),
        ("specialty", "A0401", "建筑设计", "A04"),
        ("specialty", "A08", "施工", "A"),
        ("specialty", "A0801", "房屋建筑", "A08"),
        ("specialty", "B", "货物类", ""),
        ("title_level", "20", "副高级", ""),
        ("title_level", "2001", "高级工程师", "20"),
        ("qualification", "Q03", "注册结构工程师", ""),
        ("qualification", "Q0301", "一级注册结构工程师", "Q03"),
    )
    rows = [
        CatalogueEntry(pool="demo", kind=kind, code=code, name=name, parent=parent)
        for kind, code, name, parent in entries
    ]
    await CatalogueEntry.bulk_create(rows, on_conflict=("pool", "kind", "code"), update_fields=("name", "parent"))


async def make_applicant(deps: Deps, name: str = "苏航", **columns: Any) -> Account:
    """A person who has registered with name and ID number."""
    number = columns.pop("id_number", f"43010419750615{next(_serials):04}")
    values = {
        "id_number_sealed": deps.keys.seal(number, "id_number"),
        "id_number_hash": deps.keys.lookup_hash("id_number", number),
        "registered_at": BEGINNING,
    }
    return await make_account(deps, real_name=name, **values | columns)


def values_of(specialties: Sequence[str], employer: str, **more: object) -> dict[str, object]:
    return {
        "region": DISTRICT,
        "employer": employer,
        "email": "suhang@example.com",
        "address": "解放路1号",
        "political_status": "群众",
        "education": "硕士研究生",
        "work_history": [
            {"unit": "广州旧单位有限公司", "position": "工程师", "since": "2010-01", "until": "2019-12"},
            {"unit": "广州水务设计院", "position": "总工程师", "since": "2020-01"},
        ],
        "title_level": "2001",
        "qualifications": [{"code": "Q0301", "number": "S2009"}],
        "specialties": [{"code": code, "choice": "preferred"} for code in specialties],
        "remote_evaluation": False,
        "emergency": True,
        "strengths": "大跨结构。",
        "recusal_units": [{"name": "某某建设集团有限公司", "code": CREDIT_CODE, "note": "配偶任职"}],
    } | more


async def make_application(
    deps: Deps,
    account: Account | None = None,
    *,
    specialties: Sequence[str] = ("A0401",),
    region_path: Sequence[str] = (DISTRICT, CITY, PROVINCE),
    values: Mapping[str, object] | None = None,
    **columns: Any,
) -> Application:
    """Submitted, without review tasks."""
    person = account or await make_applicant(deps)
    employer, _ = await Employer.get_or_create(
        pool="demo", name="广州水务设计院", defaults={"credit_code": "91440101MA59ABCD0X", "created_at": BEGINNING}
    )
    now = deps.now()
    facts = {
        "pool": "demo",
        "number": await next_number(now),
        "account_id": person.id,
        "entry_type": "first",
        "state": "reviewing",
        "state_since": now,
        "name": person.real_name,
        "name_sort": person.real_name,
        "region": region_path[0],
        "region_path": list(region_path),
        "round": 1,
        "submitted_at": now,
        "created_at": now,
    }
    application = await Application.create(**facts | columns)
    whole = values_of(specialties, str(employer.id), region=region_path[0]) | dict(values or {})
    for code, fields in SECTIONS.items():
        sealed = seal_values(deps, {field: whole[field] for field in fields})
        await ApplicationSection.create(application_id=application.id, code=code, values_sealed=sealed, saved_at=now)
    for position, code in enumerate(specialties):
        await ApplicationSpecialty.create(application_id=application.id, code=code, position=position)
    return application


async def make_change(
    deps: Deps, name: str = "苏航", *, filed: Mapping[str, object] | None = None, **application: Any
) -> Application:
    """Submitted by an expert in the pool, whose file holds ``values_of``, with ``filed`` in place of single ones.

    ``application`` as for ``make_application``; by default the form repeats the file.
    """
    person = await make_applicant(deps, name)
    mobile = deps.keys.open_text(person.mobile_sealed, "mobile")
    expert = await make_expert(deps, mobile, account=person, name=name, id_number_hash=person.id_number_hash)
    columns = {"entry_type": "change", "expert_id": expert.id} | application
    change = await make_application(deps, person, **columns)
    employer = await Employer.get(name="广州水务设计院")
    await file_more(deps, expert, **values_of(("A0401",), str(employer.id)) | dict(filed or {}))
    return change


async def begin(reviews: ReviewWorkflow, deps: Deps, application: Application) -> list[ReviewTask]:
    """Open the review tasks of a round; returns them in the order of their specialties."""
    async with transaction():
        locked = await Application.select_for_update().get(id=application.id)
        await reviews.begin(locked, deps.now())
    return await tasks_of(application)


async def hand_in_again(
    reviews: ReviewWorkflow, deps: Deps, application: Application, specialties: Sequence[str]
) -> list[ReviewTask]:
    """Submit the application a second time, with these specialties."""
    async with transaction():
        row = await Application.select_for_update().get(id=application.id)
        row.state, row.round, row.sent_back_fields = "reviewing", row.round + 1, []
        await row.save()
        await ApplicationSpecialty.filter(application_id=row.id).exclude(code__in=list(specialties)).delete()
        for position, code in enumerate(specialties):
            if not await ApplicationSpecialty.exists(application_id=row.id, code=code):
                await ApplicationSpecialty.create(application_id=row.id, code=code, position=position)
        await reviews.begin(row, deps.now())
    return await tasks_of(application)


async def tasks_of(application: Application, state: str = "open") -> list[ReviewTask]:
    return await ReviewTask.filter(application_id=application.id, state=state).order_by("step", "specialty", "round")


async def make_reviewer(
    deps: Deps, step: str, region: str = PROVINCE, specialty: str = "", *, department: str = "", **columns: Any
) -> Actor:
    account = await make_account(deps, **columns)
    await ReviewAssignment.create(
        id=new_id(),
        pool="demo",
        account_id=account.id,
        step=step,
        region=region,
        specialty=specialty,
        department=department,
        granted_at=BEGINNING,
    )
    return Actor("demo", "reviewer", account.id)


def with_rules(deps: Deps, **sections: Mapping[str, object]) -> Deps:
    """Services with some of the demo pool's rules changed: ``review={"resume": "first"}``."""
    book: Rulebook = deps.book("demo")
    changed: dict[str, object] = {}
    for name, values in sections.items():
        section = getattr(book, name)
        kind = type(section)
        present = {field: getattr(section, field) for field in kind.model_fields}
        changed[name] = kind.model_validate({**present, **values})
    return replace(deps, rulebooks={**deps.rulebooks, "demo": book.model_copy(update=changed)})


def step(code: str, **values: object) -> dict[str, object]:
    """A step of a review; by default it covers the whole application in the province, with every decision."""
    return {
        "code": code,
        "name": f"{code}审核",
        "department": f"{code}部门",
        "acts_in": "province",
        "per_specialty": False,
        "send_back": ["whole"],
        "expected": "5d",
        "may_refuse": True,
    } | values


def review(*steps: dict[str, object], **values: object) -> Review:
    base = {
        "steps": list(steps),
        "withdraw_before_edit": False,
        "withdraw_undecided": True,
        "resume": "same",
        "alternatives": "chosen",
        "old_region": "none",
        "own_campaign_window": False,
        "reminders": "09:00-18:00",
    }
    return Review.model_validate(base | values)
