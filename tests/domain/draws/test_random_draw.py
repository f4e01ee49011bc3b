"""The arithmetic of the draw: the order depends on every input, and on nothing else."""

import hashlib
import hmac
import os
import uuid

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.draws import random_draw
from domain.errors import InvalidInput
from tests.factories.draw_records import called_order

SECRET, VALUE, SALT = bytes(range(32)), bytes(range(16)), bytes(range(32, 64))
LEAVES = [hashlib.sha256(bytes([n])).digest() for n in range(50)]
ROOTS = [(1, "main", LEAVES[0]), (1, "alternative", LEAVES[1]), (2, "main", LEAVES[2])]
VALUES = {"agency": VALUE, "supervisor": bytes(16)}


def fields(*parts: bytes) -> bytes:
    return b"".join(len(part).to_bytes(8, "big") + part for part in parts)


def test_the_bytes_of_a_participants_commitment_are_as_documented():
    message = fields(b"pbt-draw-v1", b"participant", b"CQ1", b"2", b"agency", VALUE)
    assert random_draw.participant_commitment("agency", VALUE, "CQ1", 2) == hashlib.sha256(message).digest()


def test_known_answers_of_the_format_stay_what_they_are():
    assert random_draw.system_commitment(SECRET, "CQ1", 1).hex().startswith("be4efe11b5bf33a2")
    assert random_draw.list_root(1, "main", SECRET, LEAVES).hex().startswith("a3fdb36dff20f718")
    seed = random_draw.seed("CQ1", 1, SECRET, ROOTS, VALUES)
    assert seed.hex().startswith("0a2f27ab5bd42ca5")
    assert [LEAVES.index(leaf) for leaf in called_order(seed, 1, "main", LEAVES)][:8] == [
        1,
        44,
        47,
        16,
        49,
        6,
        28,
        18,
    ]


def test_a_leaf_is_the_hash_of_salt_and_id():
    expert = uuid.UUID(int=7)
    assert random_draw.leaf(SALT, expert) == hashlib.sha256(SALT + expert.bytes).digest()


def test_the_order_is_that_of_hmac_under_the_seed():
    seed = os.urandom(32)

    def key(leaf: bytes) -> bytes:
        return hmac.digest(seed, fields(b"pbt-draw-v1", b"order", b"12", b"main", leaf), "sha256")

    assert called_order(seed, 12, "main", LEAVES) == sorted(LEAVES, key=key)


@given(st.permutations(LEAVES))
def test_how_the_list_is_arranged_changes_neither_its_root_nor_its_order(arranged):
    assert random_draw.list_root(1, "main", SECRET, arranged) == random_draw.list_root(1, "main", SECRET, LEAVES)
    assert called_order(SECRET, 1, "main", arranged) == called_order(SECRET, 1, "main", LEAVES)


def test_each_condition_and_tier_has_an_order_of_its_own():
    orders = {tuple(called_order(SECRET, no, tier, LEAVES)) for no in (1, 2, 12) for tier in random_draw.TIERS}
    assert len(orders) == 6


def test_a_participant_cannot_repeat_the_others_commitment():
    agency = random_draw.participant_commitment("agency", VALUE, "CQ1", 1)
    assert agency != random_draw.participant_commitment("supervisor", VALUE, "CQ1", 1)
    with pytest.raises(InvalidInput):
        random_draw.check_reveal("supervisor", VALUE, agency, "CQ1", 1)


def test_commitments_hold_for_one_draw_and_one_round():
    commitments = {random_draw.participant_commitment("agency", VALUE, n, r) for n in ("CQ1", "CQ11") for r in (1, 11)}
    commitments |= {random_draw.system_commitment(SECRET, n, r) for n in ("CQ1", "CQ11") for r in (1, 11)}
    assert len(commitments) == 8


def test_a_reveal_is_accepted_only_with_the_committed_value():
    commitment = random_draw.participant_commitment("agency", VALUE, "CQ1", 1)
    random_draw.check_reveal("agency", VALUE, commitment, "CQ1", 1)
    for wrong in (bytes(16), b"", VALUE + b"\0"):
        with pytest.raises(InvalidInput, match="先前提交的不一致"):
            random_draw.check_reveal("agency", wrong, commitment, "CQ1", 1)


def test_the_seed_depends_on_every_input_but_not_on_how_they_are_arranged():
    seed = random_draw.seed("CQ1", 1, SECRET, ROOTS, VALUES)
    assert seed == random_draw.seed("CQ1", 1, SECRET, ROOTS[::-1], dict(reversed(VALUES.items())))
    others = [
        random_draw.seed("CQ2", 1, SECRET, ROOTS, VALUES),
        random_draw.seed("CQ1", 2, SECRET, ROOTS, VALUES),
        random_draw.seed("CQ1", 1, SALT, ROOTS, VALUES),
        random_draw.seed("CQ1", 1, SECRET, ROOTS[:2], VALUES),
        random_draw.seed("CQ1", 1, SECRET, [(1, "main", LEAVES[3]), *ROOTS[1:]], VALUES),
        random_draw.seed("CQ1", 1, SECRET, [(3, "main", LEAVES[0]), *ROOTS[1:]], VALUES),
        random_draw.seed("CQ1", 1, SECRET, ROOTS, {**VALUES, "supervisor": VALUE}),
        random_draw.seed("CQ1", 1, SECRET, ROOTS, {"agency": VALUES["supervisor"], "supervisor": VALUES["agency"]}),
        random_draw.seed("CQ1", 1, SECRET, ROOTS, {"agency": VALUE}),
    ]
    assert len({seed, *others}) == 10


@pytest.mark.parametrize(
    "wrong",
    [
        lambda: random_draw.system_commitment(b"short", "CQ1", 1),
        lambda: random_draw.participant_commitment("expert", VALUE, "CQ1", 1),
        lambda: random_draw.leaf(b"", uuid.UUID(int=1)),
        lambda: random_draw.list_root(1, "main", SECRET, [LEAVES[0], LEAVES[0]]),
        lambda: random_draw.list_root(1, "third", SECRET, LEAVES),
        lambda: random_draw.list_root(1, "main", SECRET, [b"short"]),
        lambda: random_draw.list_root(1, "main", b"short", LEAVES),
        lambda: called_order(SECRET, 1, "main", [b"short"]),
        lambda: called_order(b"short", 1, "main", LEAVES),
        lambda: random_draw.seed("CQ1", 1, SECRET, [], VALUES),
        lambda: random_draw.seed("CQ1", 1, SECRET, ROOTS, {}),
        lambda: random_draw.seed("CQ1", 1, SECRET, [ROOTS[0], ROOTS[0]], VALUES),
    ],
)
def test_inputs_that_could_weaken_a_draw_are_refused(wrong):
    with pytest.raises(ValueError, match=r"must be|unknown|twice|two lists|at least one"):
        wrong()


def test_an_empty_list_has_a_root_and_an_empty_order():
    assert len(random_draw.list_root(1, "main", SECRET, [])) == 32
    assert called_order(SECRET, 1, "main", []) == []
