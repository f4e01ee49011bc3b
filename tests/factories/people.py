"""Persons, their WeChat identities, experts and organisations."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

from domain.experts.file import FileChange, FileSource
from domain.identity import birth_of
from models.accounts import Account, RoleGrant, WechatIdentity
from models.experts import Expert
from models.organisations import AgentLink, Organisation
from models.sanctions import Sanction
from services.core.base import Deps
from services.expert_files import append_change, change_file, record_values
from tests.factories.numbers import Numbers

_numbers = Numbers()
BEGINNING = datetime(2026, 1, 1, tzinfo=UTC)
CREDIT_CODE = "91110000600037341L"
BANK_ACCOUNT = "6222021234567890128"
OTHER_CREDIT_CODE = "91350211M000100Y46"


def mobile_number() -> str:
    """A mobile number that no other call returns."""
    return f"138{next(_numbers):08}"


async def make_account(deps: Deps, mobile: str | None = None, *, pool: str = "demo", **columns: Any) -> Account:
    number = mobile or mobile_number()
    values = {
        "mobile_sealed": deps.keys.seal(number, "mobile"),
        "mobile_hash": deps.keys.lookup_hash("mobile", number),
        "real_name": "王小明",
        "privacy_version": deps.book(pool).pool.privacy_version,
        "privacy_accepted_at": BEGINNING,
        "created_at": BEGINNING,
    }
    return await Account.create(pool=pool, **values | columns)


async def make_identity(
    account: Account | None = None, *, pool: str = "demo", app: str = "oa", **columns: Any
) -> WechatIdentity:
    values = {"appid": f"wx-{app}-{pool}", "openid": f"o-{next(_numbers)}", "created_at": BEGINNING}
    return await WechatIdentity.create(
        pool=pool, app=app, account_id=account.id if account else None, **values | columns
    )


async def make_expert(
    deps: Deps, mobile: str | None = None, *, pool: str = "demo", account: Account | None = None, **columns: Any
) -> Expert:
    number, serial = mobile or mobile_number(), next(_numbers)
    id_number = columns.pop("id_number", f"11010519751231{serial:04}")
    if account is not None and account.id_number_hash and columns.get("id_number_hash") == account.id_number_hash:
        id_number = deps.keys.open_text(account.id_number_sealed, "id_number")
    values = {
        "number": f"ZJ{serial:07}",
        "name": "欧阳锋",
        "id_number_sealed": deps.keys.seal(id_number, "id_number"),
        "id_number_hash": deps.keys.lookup_hash("id_number", id_number),
        "born_on": birth_of(id_number),
        "mobile_sealed": deps.keys.seal(number, "mobile"),
        "mobile_hash": deps.keys.lookup_hash("mobile", number),
        "permanent_region": "440106",
        "region_path": ["440106", "440100", "440000"],
        "specialties": ["A0401"],
        "specialty_path": ["A", "A04", "A0401"],
        "created_at": BEGINNING,
        "account_id": account.id if account else None,
    }
    expert = await Expert.create(pool=pool, **values | columns)
    begun = FileChange(expert.created_at, FileSource.SYSTEM, record_values(deps, expert, []))
    await append_change(deps.keys, expert.id, begun)
    return expert


async def make_sanction(expert: Expert, kind: str = "suspension", **columns: Any) -> Sanction:
    """In force since long ago and until it is lifted."""
    values = {
        "state": "imposed",
        "reason": "未按规定参加评标",
        "starts_at": BEGINNING,
        "proposed_at": BEGINNING,
        "decided_at": BEGINNING,
    }
    return await Sanction.create(pool=expert.pool, expert_id=expert.id, kind=kind, **values | columns)


async def file_more(deps: Deps, expert: Expert, at: datetime = BEGINNING, **values: object) -> None:
    """Set fields of an expert's file, as an import does; columns and employments follow."""
    await change_file(deps, expert, FileChange(at, FileSource.IMPORT, values))


async def make_organisation(*, pool: str = "demo", **columns: Any) -> Organisation:
    values = {
        "name": "广州示范招标代理有限公司",
        "credit_code": CREDIT_CODE,
        "assurance_level": 4,
        "created_at": BEGINNING,
    }
    return await Organisation.create(pool=pool, **values | columns)


async def make_agent_link(organisation: Organisation, account: Account, **columns: Any) -> AgentLink:
    values = {
        "valid_from": BEGINNING,
        "valid_until": BEGINNING + timedelta(days=700),
        "accepted_at": BEGINNING,
        "created_at": BEGINNING,
    }
    return await AgentLink.create(organisation_id=organisation.id, account_id=account.id, **values | columns)


async def make_grant(account: Account, role: str, scope: str = "", **columns: Any) -> RoleGrant:
    return await RoleGrant.create(account_id=account.id, role=role, scope=scope, granted_at=BEGINNING, **columns)
