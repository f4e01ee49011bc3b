"""The applicant of an application: form values from the account, and the expert's record at renewal."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import date
from uuid import UUID

from tortoise.expressions import Q

from domain.clock import local
from domain.errors import Forbidden
from domain.forms.checking import PersonFacts, person_facts
from domain.rulebook.book import Rulebook
from models.accounts import Account
from models.applications import Application
from models.campaigns import Employer
from models.experts import Employment, Expert
from services.applications.repository import read_values
from services.core.base import Actor, Deps

_CHOICE = "preferred"


async def get_registered_account(actor: Actor) -> Account:
    """The actor's account. Raises Forbidden for a person not registered with name and ID number."""
    account = await Account.get_or_none(id=actor.account_id) if actor.account_id else None
    if account is None or account.registered_at is None:
        raise Forbidden("请先完成实名注册，再申请成为专家。", code="not_registered")
    return account


def facts_of(deps: Deps, account: Account) -> PersonFacts:
    """Name, ID number, mobile and derived facts; in clear, for the person and for checks only."""
    number = deps.keys.read(account.id_number_sealed, "id_number")
    mobile = deps.keys.read(account.mobile_sealed, "mobile")
    return person_facts(account.real_name, number, mobile)


def today(deps: Deps) -> date:
    """The day in Asia/Shanghai."""
    return local(deps.now()).date()


async def find_expert(account: Account) -> Expert | None:
    """The person's expert record in the pool: linked to the account, or with the same ID number; see
    ``is_own_file``."""
    same = Q(account_id=account.id) | Q(id_number_hash=account.id_number_hash)
    return await Expert.filter(same, pool=account.pool, left_at=None).order_by("created_at").first()


def is_own_file(account: Account, expert: Expert) -> bool:
    """Whether an expert's record may be shown to this person. An ID number is only typed; the mobile is verified."""
    if expert.account_id is None:
        return expert.mobile_hash == account.mobile_hash
    return expert.account_id == account.id


async def file_values(deps: Deps, book: Rulebook, expert: Expert) -> dict[str, object]:
    """The expert's record as values of the form; earlier applications complete it, later ones first."""
    values: dict[str, object] = {}
    for entered in await Application.filter(expert_id=expert.id, state="entered").order_by("ended_at"):
        values |= await read_values(deps, entered.id)
    from_file: dict[str, object] = {
        "region": expert.permanent_region,
        "specialties": _with_choice(expert, values.get("specialties")),
        "title_level": expert.title_level,
        "remote_evaluation": expert.remote_evaluation,
        "emergency": expert.emergency,
        **await _employer(book, expert),
    }
    if "qualifications" not in values:
        from_file["qualifications"] = [{"code": code} for code in expert.qualifications]
    return values | {code: value for code, value in from_file.items() if value not in ("", None, [])}


async def last_values(deps: Deps, account_id: UUID) -> dict[str, object]:
    """The values of the person's last application that ended, with any outcome; empty without one."""
    last = await Application.filter(account_id=account_id, ended_at__not_isnull=True).order_by("-ended_at").first()
    return await read_values(deps, last.id) if last else {}


def _with_choice(expert: Expert, before: object) -> list[dict[str, str]]:
    """Adds first and second choices of specialties, which the record lacks, from the form that led to it."""
    rows = before if isinstance(before, list) else []
    choices = {row["code"]: row.get("choice", _CHOICE) for row in rows if isinstance(row, Mapping) and "code" in row}
    return [{"code": code, "choice": choices.get(code, _CHOICE)} for code in expert.specialties]


async def _employer(book: Rulebook, expert: Expert) -> dict[str, object]:
    current = await Employment.filter(expert_id=expert.id, until=None).order_by("-since").first()
    if current is None:
        return {}
    field = book.form.fields.get("employer")
    if field is None or field.kind != "employer":
        return {"employer": current.unit_name, "employer_code": current.credit_code}
    listed = await Employer.get_or_none(pool=expert.pool, name=current.unit_name)
    return {"employer": str(listed.id)} if listed else {}
