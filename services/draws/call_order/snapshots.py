"""The facts by which candidates were judged, encrypted, with a digest in the record, so that an audit can judge
again."""

from __future__ import annotations

import json
import os
import zlib
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from domain.draws import random_draw
from domain.rulebook.book import Rulebook
from models.draws import CallNotice, CandidateList, Draw, ListSnapshot, SkipFact
from services.core.crypto import Keyring
from services.draws.call_order.eligibility import Hindrance, RecusalSources, occupied_span

_QUICK = 1
"""zlib's level: facts of many experts shrink to a tenth at any level."""


@dataclass(frozen=True)
class OpenedFacts:
    """Decrypted facts. ``digest`` must equal the record's."""

    digest: bytes
    content: bytes

    @property
    def facts(self) -> Any:
        return json.loads(self.content)


def snapshot_setting(
    draw: Draw, call_notice: CallNotice, sources: RecusalSources, book: Rulebook, now: datetime
) -> dict[str, str]:
    """Times and the age limit that the rule compares with, as of ``now``."""
    starts_at, ends_at = occupied_span(draw, call_notice)
    return {
        "starts_at": starts_at.isoformat(),
        "ends_at": ends_at.isoformat(),
        "judged_at": now.isoformat(),
        "employed_after": sources.employed_after.isoformat(),
        "age_max": "" if book.entry.age_max is None else str(book.entry.age_max),
    }


def seal_list(keys: Keyring, facts: Sequence[str], setting: Mapping[str, str]) -> tuple[bytes, bytes]:
    """Digest and ciphertext of a frozen list. ``facts`` are JSON in the order of the leaves.

    ``setting``: the values that the rule compares with.
    """
    head = json.dumps(setting, sort_keys=True, separators=(",", ":"))
    content = f'{{"setting":{head},"candidates":[{",".join(facts)}]}}'.encode()
    salt = os.urandom(random_draw.SALT_BYTES)
    return random_draw.sealed_digest("snapshot", salt, content), keys.seal_file(
        salt + zlib.compress(content, _QUICK), "facts"
    )


async def store_list(listed: CandidateList, sealed: bytes) -> None:
    await ListSnapshot.create(list_id=listed.id, sealed=sealed)


async def open_list(keys: Keyring, listed: CandidateList) -> OpenedFacts | None:
    """None when the encrypted facts no longer exist."""
    snapshot = await ListSnapshot.get_or_none(list_id=listed.id)
    if snapshot is None:
        return None
    raw = keys.open_file(snapshot.sealed, "facts")
    salt, content = raw[: random_draw.SALT_BYTES], zlib.decompress(raw[random_draw.SALT_BYTES :])
    return OpenedFacts(random_draw.sealed_digest("snapshot", salt, content), content)


async def store_skip(
    keys: Keyring, draw_id: UUID, leaf: bytes, hindrance: Hindrance, setting: Mapping[str, str]
) -> bytes:
    """Encrypt the facts of a skip and return the digest for the record."""
    head = json.dumps(setting, sort_keys=True, separators=(",", ":"))
    content = f'{{"setting":{head},"facts":{hindrance.facts}}}'.encode()
    salt = os.urandom(random_draw.SALT_BYTES)
    await SkipFact.create(
        draw_id=draw_id, leaf=leaf.hex(), sealed=keys.seal(salt + zlib.compress(content, _QUICK), "facts")
    )
    return random_draw.sealed_digest("fact", salt, content)


async def open_skips(keys: Keyring, draw_id: UUID) -> dict[str, OpenedFacts]:
    """Decrypted facts of skips, by leaf."""
    opened = {}
    for skip in await SkipFact.filter(draw_id=draw_id):
        raw = keys.open(skip.sealed, "facts")
        salt, content = raw[: random_draw.SALT_BYTES], zlib.decompress(raw[random_draw.SALT_BYTES :])
        opened[skip.leaf] = OpenedFacts(random_draw.sealed_digest("fact", salt, content), content)
    return opened
