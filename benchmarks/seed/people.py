"""Experts and applicants: accounts, bound WeChats, files, employments."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from datetime import timedelta
from typing import Any
from uuid import UUID

from app.demo.data import POOL, invent_id_number
from benchmarks.seed.rows import Loader
from benchmarks.seed.world import Person, World
from domain.clock import SHANGHAI
from domain.draws.recusal_keys import unit_keys
from domain.identity import IdentityVerificationResult
from domain.ids import new_id
from models.accounts import Account, WechatIdentity
from models.experts import Employment, Expert, Unavailability
from sandbox.phones import openid_of
from services.experts import ExpertRow, Unit
from services.experts.expert_records import columns_of

FIRST_EXPERT, FIRST_APPLICANT = 13_800_000_000, 15_900_000_000
"""Mobiles: the others follow."""
_AT_ONCE = 10_000
"""Persons whose rows are built at a time."""
_PERIODS_ONE_IN = 20
_FROM_APPLICANTS = 1_000_000
"""Numbers of applicants begin here, so that none shares an ID number with an expert."""


@dataclass
class _Rows:
    accounts: list[dict[str, Any]]
    identities: list[dict[str, Any]]
    experts: list[dict[str, Any]]
    employments: list[dict[str, Any]]
    unavailable: list[dict[str, Any]]


async def load_people(world: World, loader: Loader, applicants: int) -> None:
    """All experts, and ``applicants`` other persons who are no experts yet."""
    for numbers in _batches(0, world.sizes.experts):
        rows = _Rows([], [], [], [], [])
        world.experts += [_expert(world, rows, number) for number in numbers]
        await _write(loader, rows)
    for numbers in _batches(_FROM_APPLICANTS, applicants):
        rows = _Rows([], [], [], [], [])
        world.applicants += [_applicant(world, rows, number) for number in numbers]
        await _write(loader, rows)


def _batches(first: int, count: int) -> Iterator[range]:
    for start in range(first, first + count, _AT_ONCE):
        yield range(start, min(start + _AT_ONCE, first + count))


async def _write(loader: Loader, rows: _Rows) -> None:
    await loader.load(Account, rows.accounts)
    await loader.load(WechatIdentity, rows.identities)
    await loader.load(Expert, rows.experts)
    await loader.load(Employment, rows.employments)
    await loader.load(Unavailability, rows.unavailable)


def _expert(world: World, rows: _Rows, index: int) -> Person:
    row = _file(world, index)
    columns = columns_of(world.deps.keys, row)
    openid = _person(world, rows, row.mobile, row.name, columns)
    expert_id, account_id = new_id(), rows.accounts[-1]["id"]
    created = rows.accounts[-1]["created_at"]
    term = world.now + timedelta(days=200 + world.rng.randrange(800))
    rows.experts.append(
        {**columns, "id": expert_id, "pool": POOL, "account_id": account_id, "created_at": created, "term_until": term}
    )
    rows.employments += [
        {
            "expert_id": expert_id,
            "unit_name": unit.name,
            "credit_code": unit.code,
            "since": unit.since,
            "until": unit.until,
            "unit_keys": unit.keys,
        }
        for unit in row.employments
    ]
    if index % _PERIODS_ONE_IN == 0:
        rows.unavailable.append(_away(world, expert_id))
    specialties = tuple(row.specialties)
    sealed = columns["mobile_sealed"]
    return Person(account_id, row.name, sealed, row.permanent_region, openid, expert_id, row.number, specialties)


def _applicant(world: World, rows: _Rows, index: int) -> Person:
    keys, (name, _) = world.deps.keys, world.rng.choice(world.names)
    region = world.rng.choice(world.districts)
    mobile, id_number = str(FIRST_APPLICANT + index - _FROM_APPLICANTS), invent_id_number(index, region)
    columns = {
        "mobile_sealed": keys.seal(mobile, "mobile"),
        "mobile_hash": keys.lookup_hash("mobile", mobile),
        "id_number_sealed": keys.seal(id_number, "id_number"),
        "id_number_hash": keys.lookup_hash("id_number", id_number),
    }
    openid = _person(world, rows, mobile, name, columns)
    return Person(rows.accounts[-1]["id"], name, columns["mobile_sealed"], region, openid)


def _person(world: World, rows: _Rows, mobile: str, name: str, columns: dict[str, Any]) -> str:
    """Account and WeChat of a person who has registered; returns the openid, which the sandbox gives to that mobile."""
    created = world.now - timedelta(days=30 + world.rng.randrange(1000))
    account_id, openid = new_id(), openid_of(world.appid, mobile)
    sealed = ("mobile_sealed", "mobile_hash", "id_number_sealed", "id_number_hash")
    rows.accounts.append(
        {key: columns[key] for key in sealed}
        | {
            "id": account_id,
            "pool": POOL,
            "real_name": name,
            "registered_at": created,
            "identity_verification": (
                IdentityVerificationResult.ON_FILE if "number" in columns else IdentityVerificationResult.MATCHED
            ).value,
            "identity_verified_at": created,
            "privacy_version": world.book.pool.privacy_version,
            "privacy_accepted_at": created,
            "created_at": created,
        }
    )
    rows.identities.append(
        {
            "pool": POOL,
            "app": "oa",
            "appid": world.appid,
            "openid": openid,
            "account_id": account_id,
            "created_at": created,
            "bound_at": created,
        }
    )
    return openid


def _file(world: World, index: int) -> ExpertRow:
    rng = world.rng
    region = rng.choice(world.districts)
    region_path = world.path("region", region)
    specialties = world.some_specialties()
    qualification = rng.choice(list(world.parents["qualification"])) if rng.random() < 0.6 else ""
    name, name_sort = rng.choice(world.names)
    return ExpertRow(
        line=0,
        number=f"S{index:08}",
        name=name,
        name_sort=name_sort,
        id_number=invent_id_number(index, region),
        mobile=str(FIRST_EXPERT + index),
        membership_status="temporary" if rng.random() < 0.03 else "formal",
        active=rng.random() >= 0.02,
        permanent_region=region,
        region_path=region_path,
        willing_regions=[region_path[-1]] if rng.random() < 0.3 else [region_path[min(1, len(region_path) - 1)]],
        specialties=specialties,
        specialty_path=sorted({above for code in specialties for above in world.path("specialty", code)}),
        title_level=rng.choice(("10", "20")),
        qualifications=world.path("qualification", qualification) if qualification else [],
        department=rng.choice(list(world.parents["department"])),
        recusal_keys=list(unit_keys(*rng.choice(world.units))) if rng.random() < 0.1 else [],
        employments=_employments(world),
    )


def _employments(world: World) -> list[Unit]:
    rng = world.rng
    began = (world.now - timedelta(days=400 + rng.randrange(6000))).astimezone(SHANGHAI)
    since = began.replace(hour=0, minute=0, second=0, microsecond=0)
    present = Unit(*rng.choice(world.units), since=since)
    former = Unit(*rng.choice(world.units), since=since - timedelta(days=1500), until=since)
    return [former, present] if rng.random() < 0.2 and former.name != present.name else [present]


def _away(world: World, expert_id: UUID) -> dict[str, Any]:
    starts_at = world.now + timedelta(days=70 + world.rng.randrange(60))
    return {
        "expert_id": expert_id,
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(days=7),
        "reason": "休假",
        "created_at": world.now - timedelta(days=1),
    }
