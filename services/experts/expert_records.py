"""An expert's record as it is written: by an import of thousands, or one by one when an applicant enters the pool."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from domain.identity import birth_of
from models.experts import Employment, Expert
from services.core.crypto import Keyring
from services.experts.import_rows import ExpertRow


def columns_of(keys: Keyring, row: ExpertRow) -> dict[str, Any]:
    """The columns of ``expert`` from a row; personal numbers encrypted, with their look-up hashes."""
    return {
        "number": row.number,
        "name": row.name,
        "name_sort": row.name_sort,
        "id_number_sealed": keys.seal(row.id_number, "id_number"),
        "id_number_hash": keys.lookup_hash("id_number", row.id_number),
        "born_on": birth_of(row.id_number),
        "mobile_sealed": keys.seal(row.mobile, "mobile"),
        "mobile_hash": keys.lookup_hash("mobile", row.mobile),
        "membership_status": row.membership_status,
        "active": row.active,
        "permanent_region": row.permanent_region,
        "willing_regions": row.willing_regions,
        "region_path": row.region_path,
        "specialties": row.specialties,
        "specialty_path": row.specialty_path,
        "title_level": row.title_level,
        "qualifications": row.qualifications,
        "department": row.department,
        "recusal_keys": row.recusal_keys,
    }


async def save_expert(
    keys: Keyring, pool: str, row: ExpertRow, now: datetime, *, expert_id: UUID | None = None, **more: object
) -> Expert:
    """Make one person's record, or renew that of ``expert_id``; inside the caller's transaction.

    ``more`` are further columns.
    """
    values: dict[str, Any] = {**columns_of(keys, row), **more}
    if expert_id is None:
        expert = await Expert.create(pool=pool, created_at=now, **values)
    else:
        expert = await Expert.select_for_update().get(id=expert_id, pool=pool)
        expert.update_from_dict({**values, "left_at": None, "left_reason": "", "term_notified_at": None})
        await expert.save()
    await _put_employments(expert.id, row, now)
    return expert


async def remove_expert(expert: Expert, reason: str, now: datetime) -> None:
    """The person has left the pool (退库): the record is only kept. Its row is locked by the caller."""
    expert.active, expert.left_at, expert.left_reason = False, now, reason
    await expert.save(update_fields=["active", "left_at", "left_reason"])


async def _put_employments(expert_id: UUID, row: ExpertRow, now: datetime) -> None:
    """New values replace the old ones; a unit not named any more becomes a former one, since recusal considers former
    employment.
    """
    units = row.units
    for known in await Employment.filter(expert_id=expert_id).order_by("id").select_for_update():
        if any(set(known.unit_keys) <= set(unit_keys) for unit_keys in units):
            await known.delete()
        elif known.until is None or known.until > now:
            known.until = now
            await known.save(update_fields=["until"])
    for unit_keys, unit in units.items():
        await Employment.create(
            expert_id=expert_id,
            unit_name=unit.name,
            credit_code=unit.code,
            since=unit.since,
            until=unit.until,
            unit_keys=list(unit_keys),
        )
