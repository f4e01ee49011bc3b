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
from domain.experts.facts import facts_of
from domain.experts.file import FileChange, FileSource
from domain.forms.values import is_empty
from domain.identity import IdentityVerificationResult
from domain.ids import new_id
from models.accounts import Account, WechatIdentity
from models.experts import Employment, Expert, ExpertFileChange, Unavailability
from models.sanctions import Sanction
from sandbox.phones import openid_of
from services.expert_files import expert_columns, seal_values

FIRST_EXPERT, FIRST_APPLICANT = 13_800_000_000, 15_900_000_000
"""Mobiles: the others follow."""
_AT_ONCE = 10_000
"""Persons whose rows are built at a time."""
_PERIODS_ONE_IN = 20
_SUSPENDED_ONE_IN = 50
_FROM_APPLICANTS = 1_000_000
"""Numbers of applicants begin here, so that none shares an ID number with an expert."""


@dataclass
class _Rows:
    accounts: list[dict[str, Any]]
    identities: list[dict[str, Any]]
    experts: list[dict[str, Any]]
    changes: list[dict[str, Any]]
    employments: list[dict[str, Any]]
    unavailable: list[dict[str, Any]]
    sanctions: list[dict[str, Any]]


async def load_people(world: World, loader: Loader, applicants: int) -> None:
    """All experts, and ``applicants`` other persons who are no experts yet."""
    for numbers in _batches(0, world.sizes.experts):
        rows = _Rows([], [], [], [], [], [], [])
        world.experts += [_expert(world, rows, number) for number in numbers]
        await _write(loader, rows)
    for numbers in _batches(_FROM_APPLICANTS, applicants):
        rows = _Rows([], [], [], [], [], [], [])
        world.applicants += [_applicant(world, rows, number) for number in numbers]
        await _write(loader, rows)


def _batches(first: int, count: int) -> Iterator[range]:
    for start in range(first, first + count, _AT_ONCE):
        yield range(start, min(start + _AT_ONCE, first + count))


async def _write(loader: Loader, rows: _Rows) -> None:
    await loader.load(Account, rows.accounts)
    await loader.load(WechatIdentity, rows.identities)
    await loader.load(Expert, rows.experts)
    await loader.load(ExpertFileChange, rows.changes)
    await loader.load(Employment, rows.employments)
    await loader.load(Unavailability, rows.unavailable)
    await loader.load(Sanction, rows.sanctions)


def _expert(world: World, rows: _Rows, index: int) -> Person:
    values = _file(world, index)
    change = FileChange(world.now - timedelta(days=30), FileSource.IMPORT, values)
    facts = facts_of([change], world.book, world, {})
    columns = expert_columns(world.deps.keys, facts)
    openid = _person(world, rows, facts.mobile, facts.name, columns)
    expert_id, account_id = new_id(), rows.accounts[-1]["id"]
    created = rows.accounts[-1]["created_at"]
    rows.experts.append({**columns, "id": expert_id, "pool": POOL, "account_id": account_id, "created_at": created})
    rows.changes.append(
        {
            "expert_id": expert_id,
            "at": change.at,
            "source": change.source.value,
            "values_sealed": seal_values(world.deps.keys, values),
        }
    )
    rows.employments += [
        {
            "expert_id": expert_id,
            "unit_name": unit.name,
            "credit_code": unit.code,
            "since": unit.since,
            "until": unit.until,
            "unit_keys": list(unit.keys),
        }
        for unit in facts.employments
    ]
    if index % _PERIODS_ONE_IN == 0:
        rows.unavailable.append(_away(world, expert_id))
    if index % _SUSPENDED_ONE_IN == 0:
        rows.sanctions.append(_suspension(world, expert_id))
    sealed = columns["mobile_sealed"]
    specialties = tuple(facts.specialties)
    return Person(account_id, facts.name, sealed, facts.permanent_region, openid, expert_id, facts.number, specialties)


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


def _file(world: World, index: int) -> dict[str, object]:
    rng = world.rng
    region = rng.choice(world.districts)
    region_path = world.path("region", region)
    qualification = rng.choice(list(world.parents["qualification"])) if rng.random() < 0.6 else ""
    name, _ = rng.choice(world.names)
    term = world.now + timedelta(days=200 + rng.randrange(800))
    values: dict[str, object] = {
        "number": f"S{index:08}",
        "name": name,
        "id_number": invent_id_number(index, region),
        "mobile": str(FIRST_EXPERT + index),
        "membership": "temporary" if rng.random() < 0.03 else "formal",
        "region": region,
        "willing_regions": [region_path[-1]] if rng.random() < 0.3 else [region_path[min(1, len(region_path) - 1)]],
        "specialties": [{"code": code, "choice": "preferred"} for code in world.some_specialties()],
        "title_level": rng.choice(("10", "20")),
        "qualifications": [{"code": qualification}] if qualification else [],
        "department": rng.choice(list(world.parents["department"])),
        "recusal_units": [_unit(rng.choice(world.units))] if rng.random() < 0.1 else [],
        "term_until": term.isoformat(),
        **_employers(world),
    }
    return {code: value for code, value in values.items() if not is_empty(value)}


def _employers(world: World) -> dict[str, object]:
    rng = world.rng
    since = (world.now - timedelta(days=400 + rng.randrange(6000))).astimezone(SHANGHAI).date()
    (name, code), former = rng.choice(world.units), rng.choice(world.units)
    values: dict[str, object] = {"employer": name, "employer_code": code, "employed_since": since.isoformat()}
    if rng.random() < 0.2 and former[0] != name:
        times = {"since": (since - timedelta(days=1500)).isoformat(), "until": since.isoformat()}
        values["former_units"] = [_unit(former) | times]
    return values


def _unit(unit: tuple[str, str]) -> dict[str, str]:
    return dict(zip(("name", "code"), unit, strict=True))


def _suspension(world: World, expert_id: UUID) -> dict[str, Any]:
    at = world.now - timedelta(days=10)
    return {
        "pool": POOL,
        "expert_id": expert_id,
        "kind": "suspension",
        "state": "imposed",
        "reason": "未按规定参加评标",
        "starts_at": at,
        "proposed_at": at,
        "decided_at": at,
    }


def _away(world: World, expert_id: UUID) -> dict[str, Any]:
    starts_at = world.now + timedelta(days=70 + world.rng.randrange(60))
    return {
        "expert_id": expert_id,
        "starts_at": starts_at,
        "ends_at": starts_at + timedelta(days=7),
        "reason": "休假",
        "created_at": world.now - timedelta(days=1),
    }
