"""Number of statements for each word: it decides the speed of the chat and does not depend on the machine.

One of them is the look-up of the user, which concurrent messages share. A number may fall; it rises only with a reason.
"""

from __future__ import annotations

from datetime import timedelta

import pytest

from models.accounts import Account
from models.experts import Expert
from services.accounts import MAY_WORK
from services.core.base import rows
from tests.drivers.statements import count_statements
from tests.factories.payments import make_application, make_fee
from tests.factories.people import make_account
from tests.handlers.conftest import Phone, World


async def cost(phone: Phone, word: str) -> int:
    """Statements of a second message: those that a process runs once do not count."""
    await phone.says(word)
    await phone.says("取消")
    phone.world.clock.move(timedelta(seconds=1))
    with count_statements() as statements:
        await phone.says(word)
    await phone.says("取消")
    assert not statements.repeated(), f"{word}: {statements}"
    return len(statements)


@pytest.mark.parametrize(
    ("word", "most"),
    [
        ("帮助", 1),
        ("菜单", 1),
        ("今天天气怎么样", 2),  # what was not understood is kept for the office
        ("我的状态", 3),
        ("评标邀请", 1),
        ("我的活动", 1),
        ("签到", 1),
        ("请假", 1),
        ("日程", 3),
        ("为什么没抽到我", 3),
        ("进度", 2),
        ("缴费", 3),
        ("酬劳", 2),
    ],
)
async def test_an_expert_without_open_tasks(phone: Phone, word: str, most: int) -> None:
    assert await cost(phone, word) == most


@pytest.mark.parametrize(("word", "most"), [("我的状态", 4), ("评标邀请", 3), ("菜单", 1), ("我到底来不来", 3)])
async def test_an_expert_who_is_invited(world: World, phone: Phone, expert: Expert, word: str, most: int) -> None:
    await world.call(expert)
    assert await cost(phone, word) == most


# 我的活动 and 签到 look whether a notice about the panel is unopened
@pytest.mark.parametrize(("word", "most"), [("我的状态", 4), ("我的活动", 3), ("签到", 4), ("请假", 3)])
async def test_an_expert_who_has_agreed(world: World, phone: Phone, expert: Expert, word: str, most: int) -> None:
    await world.make_accepted_panel(expert)
    assert await cost(phone, word) == most


@pytest.mark.parametrize(("word", "most"), [("进度", 2), ("缴费", 3), ("我的状态", 3), ("菜单", 2)])
async def test_an_applicant_who_owes_a_fee(world: World, word: str, most: int) -> None:
    fee = await make_fee(world.services.deps, await make_application(world.services.deps))
    phone = await world.phone_with(await Account.get(id=fee.account_id))
    assert await cost(phone, word) == most


@pytest.mark.parametrize(("word", "most"), [("帮助", 1), ("菜单", 1), ("我的状态", 1), ("今天天气怎么样", 2)])
async def test_a_stranger(stranger: Phone, word: str, most: int) -> None:
    assert await cost(stranger, word) == most


async def test_who_may_work_is_found_with_the_user(world: World) -> None:
    """The short look-up and the whole list of roles agree on who has no office at all."""
    plain = await make_account(world.services.deps, "13900009991")
    works_by_id = {row["id"]: row["works"] for row in await rows(f"SELECT a.id, {MAY_WORK} AS works FROM account a")}
    assert (works_by_id[plain.id], works_by_id[world.office.agency.account_id]) == (False, True)
    for account_id, works in works_by_id.items():
        who = await world.services.accounts.bindings.get_person_of_account(account_id)
        assert works or all(role.role in ("expert", "applicant") for role in who.roles)
