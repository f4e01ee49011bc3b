"""Commits to a draw's recusals before its lists are frozen: salted hashes in the record, the entries encrypted here."""

from __future__ import annotations

import json
import os
from collections.abc import Mapping
from dataclasses import dataclass

from domain.draws import random_draw
from models.draws import AvoidedDraw, Draw, RecusalCommitment, RecusalPerson, RecusalUnit
from services.core.crypto import Keyring


@dataclass(frozen=True)
class SealedRecusal:
    """One entry as committed; ``content`` is canonical JSON: its kind (unit, person or draw), reason, evidence."""

    salt: bytes
    content: bytes

    @property
    def digest(self) -> bytes:
        return random_draw.sealed_digest("recusal", self.salt, self.content)

    @property
    def facts(self) -> dict[str, str]:
        return {str(key): str(value) for key, value in json.loads(self.content).items()}


async def commit_recusals(keys: Keyring, draw: Draw, round_number: int) -> bytes:
    """Encrypt the draw's present recusals and return their root. Entries of an earlier round keep their salt."""
    before = await RecusalCommitment.filter(draw_id=draw.id).order_by("-round_number").first()
    salts = {recusal.content: recusal.salt for recusal in open_commitment(keys, before)} if before else {}
    items = [
        SealedRecusal(salts.get(content) or os.urandom(random_draw.SALT_BYTES), content)
        for content in await current_recusals(draw)
    ]
    root = random_draw.recusals_root(item.digest for item in items)
    opening = json.dumps([[item.salt.hex(), item.content.decode()] for item in items], ensure_ascii=False)
    await RecusalCommitment.create(
        draw_id=draw.id, round_number=round_number, root=root.hex(), opening_sealed=keys.seal(opening, "recusals")
    )
    return root


def open_commitment(keys: Keyring, commitment: RecusalCommitment) -> list[SealedRecusal]:
    opening = json.loads(keys.open(commitment.opening_sealed, "recusals"))
    return [SealedRecusal(bytes.fromhex(salt), content.encode()) for salt, content in opening]


async def current_recusals(draw: Draw) -> list[bytes]:
    """The present entries, each once, as canonical JSON."""
    entries: list[Mapping[str, str]] = [
        {"kind": "unit", "name": u.name, "code": u.credit_code, "reason": u.reason, "evidence": u.evidence}
        for u in await RecusalUnit.filter(draw_id=draw.id)
    ]
    entries += [
        {
            "kind": "person",
            "name": p.name,
            "id_number_hash": p.id_number_hash,
            "unit": p.unit_name,
            "reason": p.reason,
            "evidence": p.evidence,
        }
        for p in await RecusalPerson.filter(draw_id=draw.id)
    ]
    entries += [
        {"kind": "draw", "number": avoided.earlier.number}
        for avoided in await AvoidedDraw.filter(draw_id=draw.id).prefetch_related("earlier")
    ]
    texts = {json.dumps(entry, sort_keys=True, separators=(",", ":"), ensure_ascii=False) for entry in entries}
    return sorted(text.encode() for text in texts)
