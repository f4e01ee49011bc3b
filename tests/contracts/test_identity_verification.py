"""What the sandbox and our client agree on about names and ID numbers."""

from __future__ import annotations

import pytest

from domain.errors import Transient
from tests.contracts.conftest import World

OWNER, NUMBER = "李四", "411303199001016933"


async def test_a_name_is_compared_with_that_of_the_owner(world: World) -> None:
    assert await world.identity_verification.compare(OWNER, NUMBER) == "match"
    assert await world.identity_verification.compare("张三", NUMBER) == "differs"
    assert await world.identity_verification.compare("张三", "110105198001010003") == "no_record"


async def test_a_number_that_is_none_has_no_record(world: World) -> None:
    assert await world.identity_verification.compare(OWNER, "12345") == "no_record"


@pytest.mark.parametrize(
    "fault",
    [
        {"kind": "register_away"},
        {"kind": "quota_used_up"},
        {"kind": "fail_500"},
        {"kind": "drop_answer", "seconds": 0},
        {"kind": "slow", "seconds": 3},
    ],
)
async def test_while_it_is_away_the_answer_may_be_asked_for_later(world: World, fault: dict[str, object]) -> None:
    await world.control("faults", {"vendor": "persons", "count": 1, **fault})
    with pytest.raises(Transient):
        await world.identity_verification.compare(OWNER, NUMBER)
    assert await world.identity_verification.compare(OWNER, NUMBER) == "match"


async def test_a_probe_finds_the_door_open(world: World) -> None:
    await world.identity_verification.probe()
