"""The draw (抽取) as arithmetic: commitments, leaves, list roots, the seed, the order.

No input is a person's free choice: bytes go in, digests of 32 bytes come out. Every digest but the leaf is

    SHA-256( field(TAG) ‖ field(sub-tag) ‖ field(input 1) ‖ field(input 2) ‖ … )

where ``field(x)`` is the length of ``x`` as 8 bytes big-endian, then ``x`` itself. Text is UTF-8, numbers are their
decimal digits as text. So no two different inputs are ever hashed as the same bytes, and a phone can do the same with
WebCrypto. ``docs/algorithms/draw.md`` explains the protocol; ``verify_draw`` is a second, independent implementation.
"""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Literal
from uuid import UUID

from domain.errors import InvalidInput

TAG = b"pbt-draw-v1"

Role = Literal["agency", "supervisor"]
Tier = Literal["main", "alternative"]
ROLES: tuple[Role, ...] = ("agency", "supervisor")
TIERS: tuple[Tier, ...] = ("main", "alternative")
"""In the order in which they are called: the alternative specialty only after the main one is exhausted."""

SECRET_BYTES = 32
VALUE_BYTES = 16
SALT_BYTES = 32
BLIND_BYTES = 32
DIGEST_BYTES = 32
_BLOCK = 64
"""Block size of SHA-256 in bytes; HMAC (RFC 2104) pads its key to it."""


def system_commitment(secret: bytes, draw_number: str, round_number: int) -> bytes:
    """The commitment that the service publishes before the list is frozen: ``secret`` (32 bytes) can't be changed
    afterwards."""
    _check_size("secret", secret, SECRET_BYTES)
    return digest("system", _text(draw_number), _number(round_number), secret)


def participant_commitment(role: str, value: bytes, draw_number: str, round_number: int) -> bytes:
    """What a participant's device sends before it shows ``value``, 16 random bytes that it made itself.

    Layout: the five fields after TAG are ``participant``, draw number, round number, role, value. The role is part of
    it, so that one participant can't copy the other's commitment.
    """
    _check_role(role)
    _check_size("value", value, VALUE_BYTES)
    return digest("participant", _text(draw_number), _number(round_number), _text(role), value)


def check_reveal(role: str, value: bytes, commitment: bytes, draw_number: str, round_number: int) -> None:
    """Raises InvalidInput unless ``value`` is what ``role`` committed to in this round of this draw."""
    if len(value) == VALUE_BYTES:
        expected = participant_commitment(role, value, draw_number, round_number)
        if hmac.compare_digest(expected, commitment):
            return
    raise InvalidInput(
        "公开的随机数与先前提交的不一致，请在当时提交随机数的手机上打开本页再试。", code="reveal_mismatch"
    )


def leaf(salt: bytes, expert_id: UUID) -> bytes:
    """A candidate without a name: SHA-256(salt ‖ id), 32 and 16 bytes, so no length is needed.

    ``salt`` is 32 fresh random bytes for each candidate in each list, never published; without it ids can't be tested
    against a leaf, and an expert's leaves in two lists can't be linked.
    """
    _check_size("salt", salt, SALT_BYTES)
    return hashlib.sha256(salt + expert_id.bytes).digest()


def list_root(condition: int, tier: str, blind: bytes, leaves: Iterable[bytes]) -> bytes:
    """Digest of one frozen candidate list; ``leaves`` may come in any order. Raises ValueError if two are the same.

    ``blind`` is 32 random bytes, published with the list after the end: without it a root reveals nothing, not even
    whether the list is empty.
    """
    _check_size("blind", blind, BLIND_BYTES)
    ordered = sorted(leaves)
    if any(earlier == following for earlier, following in pairwise(ordered)):
        raise ValueError("a candidate list holds the same leaf twice")
    for candidate_leaf in ordered:
        _check_size("leaf", candidate_leaf, DIGEST_BYTES)
    _tier_rank(tier)
    return digest("list", _number(condition), _text(tier), blind, b"".join(ordered))


def sealed_digest(kind: str, salt: bytes, content: bytes) -> bytes:
    """Published digest of facts that stay secret; without the 32-byte ``salt`` guesses can't be tested."""
    _check_size("salt", salt, SALT_BYTES)
    return digest(kind, salt, content)


def recusals_root(items: Iterable[bytes]) -> bytes:
    """Root over the ``sealed_digest`` of each recusal, in any order; defined for no recusals as well."""
    return digest("recusals", b"".join(sorted(items)))


def seed(
    draw_number: str,
    round_number: int,
    secret: bytes,
    roots: Sequence[tuple[int, str, bytes]],
    values: Mapping[str, bytes],
) -> bytes:
    """The seed of a round, from inputs that were all fixed before anyone could know the seed.

    ``roots`` are (condition, tier, root) in any order, hashed by condition and tier (main first); ``values`` are the
    revealed 16 bytes by role, hashed by role. Their numbers are hashed too. Raises ValueError for a repeated list or no
    value.
    """
    _check_size("secret", secret, SECRET_BYTES)
    if len({(condition, tier) for condition, tier, _ in roots}) != len(roots):
        raise ValueError("one condition and tier has two lists in a round")
    if not roots or not values:
        raise ValueError("a seed needs at least one list and one participant's value")
    inputs = [_text(draw_number), _number(round_number), secret, _number(len(roots))]
    for condition, tier, root in sorted(roots, key=lambda item: (item[0], _tier_rank(item[1]))):
        _check_size("root", root, DIGEST_BYTES)
        inputs += [_number(condition), _text(tier), root]
    inputs.append(_number(len(values)))
    for role in sorted(values):
        _check_role(role)
        _check_size("value", values[role], VALUE_BYTES)
        inputs += [_text(role), values[role]]
    return digest("seed", *inputs)


def order_indices(seed: bytes, condition: int, tier: str, leaves: Sequence[bytes]) -> list[int]:
    """The order in which they are to be called, as positions in ``leaves``, however these are arranged.

    Sorted by HMAC-SHA-256(key: seed, message: the fields TAG, ``order``, condition, tier, leaf). HMAC's two pads and
    the fields before the leaf are hashed only once per list, so a million leaves take about two seconds.
    """
    _check_size("seed", seed, DIGEST_BYTES)
    _tier_rank(tier)
    key = seed.ljust(_BLOCK, b"\0")
    prefix = _fields((TAG, b"order", _number(condition), _text(tier))) + DIGEST_BYTES.to_bytes(8, "big")
    inner = hashlib.sha256(bytes(byte ^ 0x36 for byte in key) + prefix)
    outer = hashlib.sha256(bytes(byte ^ 0x5C for byte in key))
    keys = [_order_key(inner, outer, candidate_leaf) for candidate_leaf in leaves]
    return sorted(range(len(leaves)), key=keys.__getitem__)


def digest(sub_tag: str, *inputs: bytes) -> bytes:
    """The hash described above; ``sub_tag`` keeps hashes of different meaning apart."""
    return hashlib.sha256(_fields((TAG, _text(sub_tag), *inputs))).digest()


def _order_key(inner: hashlib._Hash, outer: hashlib._Hash, candidate_leaf: bytes) -> bytes:
    if len(candidate_leaf) != DIGEST_BYTES:
        raise ValueError(f"leaf must be {DIGEST_BYTES} bytes, has {len(candidate_leaf)}")
    first = inner.copy()
    first.update(candidate_leaf)
    second = outer.copy()
    second.update(first.digest())
    return second.digest()


def _fields(inputs: Iterable[bytes]) -> bytes:
    return b"".join(len(part).to_bytes(8, "big") + part for part in inputs)


def _text(value: str) -> bytes:
    return value.encode()


def _number(value: int) -> bytes:
    return str(value).encode()


def _check_size(name: str, value: bytes, size: int) -> None:
    if len(value) != size:
        raise ValueError(f"{name} must be {size} bytes, has {len(value)}")


def _check_role(role: str) -> None:
    if role not in ROLES:
        raise ValueError(f"unknown role {role!r}")


def _tier_rank(tier: str) -> int:
    """The tier's index in the order of calling."""
    for rank, known in enumerate(TIERS):
        if tier == known:
            return rank
    raise ValueError(f"unknown tier {tier!r}")
