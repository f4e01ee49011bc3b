"""The applicant of an application: form values from the account, and the expert's record at renewal."""

from __future__ import annotations

from datetime import date
from uuid import UUID

from tortoise.expressions import Q

from domain.clock import local
from domain.errors import Forbidden
from domain.forms.checking import PersonFacts, person_facts
from domain.forms.values import without_dropped_columns
from domain.rulebook.book import Rulebook
from domain.rulebook.form import STAYS_IN_POOL
from models.accounts import Account
from models.applications import Application
from models.campaigns import Employer
from models.experts import Expert
from services.core.base import Actor, Deps
from services.expert_files import file_of, read_listed_employers


async def get_registered_account(actor: Actor) -> Account:
    """The actor's account. Raises Forbidden for a person not registered with name and ID number."""
    account = await Account.get_or_none(id=actor.account_id) if actor.account_id else None
    if account is None or account.registered_at is None:
        raise Forbidden("请先完成实名注册，再办理申请。", code="not_registered")
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


async def has_left(application: Application) -> bool:
    """Whether the expert for whom this education or change was begun has left the pool since."""
    if application.entry_type not in STAYS_IN_POOL or application.expert_id is None:
        return False
    return await Expert.exists(id=application.expert_id, left_at__not_isnull=True)


async def file_values(deps: Deps, book: Rulebook, expert: Expert) -> dict[str, object]:
    """The expert's file as values of the form, without files and what the account holds.

    An employer that was imported by its name is one of the pool's list where the form chooses from it.
    """
    filed = (await file_of(deps, expert.id)).values
    used = {code: field for code, field in book.form.used().items() if field.is_filed}
    values = without_dropped_columns(book.form, {code: filed[code] for code in used if code in filed})
    if "employer" in values and used["employer"].kind == "employer":
        values |= await _listed_employer(expert.pool, str(values.pop("employer")))
    return values


async def last_ended(account_id: UUID) -> Application | None:
    """The person's last application that ended, with any outcome."""
    return await Application.filter(account_id=account_id, ended_at__not_isnull=True).order_by("-ended_at").first()


async def _listed_employer(pool: str, filed: str) -> dict[str, object]:
    """Empty where the pool's list lacks it: then it has to be chosen."""
    if await read_listed_employers(pool, [filed]):
        return {"employer": filed}
    named = await Employer.get_or_none(pool=pool, name=filed)
    return {"employer": str(named.id)} if named else {}
