"""The candidate lists of a round: who may be drawn, frozen under salted leaves and a blinded root."""

from __future__ import annotations

import asyncio
import os
from collections.abc import Mapping, Sequence
from typing import Any
from uuid import UUID

from domain.draws import random_draw, record
from models.draws import CallNotice, CandidateList, Condition, Draw, Round
from services.core.base import Deps
from services.core.crypto import Keyring
from services.draws.call_order.eligibility import find_eligible, recusals
from services.draws.call_order.snapshots import seal_list, snapshot_setting, store_list

TIERS = ("main", "alternative")


async def freeze_lists(
    deps: Deps, draw: Draw, round_row: Round, conditions: Sequence[Condition]
) -> tuple[record.ListFacts, ...]:
    """Store who may be drawn now, a list for each condition and tier. In the caller's transaction."""
    book, now = deps.book(draw.pool), deps.now()
    sources = await recusals(draw, book.draw.employment_recusal_years)
    notices = {n.id: n for n in await CallNotice.filter(draw_id=draw.id)}
    frozen: list[record.ListFacts] = []
    for condition in conditions:
        taken: set[UUID] = set()
        for tier, specialty in zip(TIERS, (condition.specialty, condition.alternative), strict=True):
            if not specialty:
                continue
            call_notice = notices[condition.notice_id]
            eligible = await find_eligible(draw, condition, call_notice, specialty, sources, book, now)
            fresh = {expert: facts for expert, facts in eligible.items() if expert not in taken}
            setting = snapshot_setting(draw, call_notice, sources, book, now)
            listed, snapshot = await _freeze_list(deps.keys, round_row, condition, tier, fresh, setting)
            taken.update(eligible)
            root = bytes.fromhex(listed.root)
            frozen.append(record.ListFacts(condition.position, tier, root, snapshot))
    return tuple(frozen)


async def _freeze_list(
    keys: Keyring,
    round_row: Round,
    condition: Condition,
    tier: str,
    experts: Mapping[UUID, str],
    setting: Mapping[str, str],
) -> tuple[CandidateList, bytes]:
    """Salt, hash and sort the candidates; the expert behind a leaf, and the facts, are stored encrypted."""
    # 20,000 candidates take a third of a second, in which other requests must be served
    columns, digest, sealed = await asyncio.to_thread(
        _seal_candidates, keys, condition.position, tier, experts, setting
    )
    listed = await CandidateList.create(
        round_id=round_row.id,
        draw_id=round_row.draw_id,
        condition_position=condition.position,
        tier=tier,
        count=len(experts),
        **columns,
    )
    await store_list(listed, sealed)
    return listed, digest


def _seal_candidates(
    keys: Keyring, position: int, tier: str, experts: Mapping[UUID, str], setting: Mapping[str, str]
) -> tuple[dict[str, Any], bytes, bytes]:
    """Columns of the list: digest and ciphertext of the facts."""
    noise = os.urandom(random_draw.SALT_BYTES * len(experts))
    salts = [noise[i : i + random_draw.SALT_BYTES] for i in range(0, len(noise), random_draw.SALT_BYTES)]
    candidates = sorted(
        (random_draw.leaf(salt, expert), salt, expert) for salt, expert in zip(salts, experts, strict=True)
    )
    leaves = [leaf for leaf, _, _ in candidates]
    blind = os.urandom(random_draw.BLIND_BYTES)
    digest, sealed = seal_list(keys, [experts[expert] for _, _, expert in candidates], setting)
    columns: dict[str, Any] = {
        "root": random_draw.list_root(position, tier, blind, leaves).hex(),
        "blind": blind.hex(),
        "leaves": b"".join(leaves),
        "experts_sealed": keys.seal(b"".join(expert.bytes for _, _, expert in candidates), "experts"),
        "salts_sealed": keys.seal(b"".join(salt for _, salt, _ in candidates), "salts"),
    }
    return columns, digest, sealed
