"""Which menu by role a follower has: set by a job after a change, once, and never for an account without such menus."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path

import pytest

from bot.menu import role_menu_files
from domain.errors import Rejected, Transient
from gateways.wechat.official_account import TAGS
from models.accounts import WechatIdentity
from services.accounts.role_menus import ROLE_GROUPS, RoleMenus, group_of
from services.accounts.wechat_binding import WechatBinding
from services.core.base import Deps, rows, transaction
from services.ports import RoleMenuPools
from tests.factories.assembly import composed
from tests.factories.people import make_account, make_expert, make_grant, make_identity
from tests.services.conftest import NoticeBook

pytestmark = pytest.mark.usefixtures("db")
MENUS = Path(__file__).parents[3] / "config" / "menus"


@dataclass
class Platform:
    """The groups of followers, by openid; ``fail`` is raised once instead."""

    groups: dict[str, str] = field(default_factory=dict)
    moves: list[tuple[str, str]] = field(default_factory=list)
    fail: list[Exception] = field(default_factory=list)

    async def move_follower(self, pool: str, openid: str, old: str, new: str) -> None:
        if self.fail:
            raise self.fail.pop()
        self.moves.append((old, new))
        self.groups[openid] = new


@pytest.fixture
def platform() -> Platform:
    return Platform()


@pytest.fixture
def menus(deps: Deps, platform: Platform) -> RoleMenus:
    return RoleMenus(deps, platform, RoleMenuPools(frozenset({"demo"})))


async def jobs() -> list[str]:
    """Whose menu is to be set."""
    sql = "SELECT args ->> 'identity_id' AS identity FROM procrastinate_jobs WHERE task_name = 'wechat.menu'"
    return [row["identity"] for row in await rows(sql)]


def test_every_group_has_a_menu_and_a_tag() -> None:
    assert set(role_menu_files(MENUS)) == set(TAGS) == set(ROLE_GROUPS)
    assert len(set(TAGS.values())) == len(TAGS)


@pytest.mark.parametrize(
    ("roles", "group"),
    [
        ((), ""),
        (("applicant",), ""),
        (("expert",), "expert"),
        (("expert", "agent"), "agency"),
        (("organisation", "verifier"), "agency"),
        (("applicant", "reviewer"), "staff"),
        (("expert", "supervisor"), "staff"),
    ],
)
def test_an_offices_work_stands_before_an_experts(roles: tuple[str, ...], group: str) -> None:
    assert group_of(roles) == group


async def test_the_menu_follows_the_roles_and_is_set_once(deps: Deps, menus: RoleMenus, platform: Platform) -> None:
    account = await make_account(deps)
    await make_expert(deps, account=account)
    identity = await make_identity(account)
    for _ in range(2):
        await menus.apply(identity.id)
    await make_grant(account, "verifier")
    await menus.apply(identity.id)
    await WechatIdentity.filter(id=identity.id).update(account_id=None)
    await menus.apply(identity.id)
    assert platform.moves == [("", "expert"), ("expert", "staff"), ("staff", "")]
    assert (await WechatIdentity.get(id=identity.id)).menu_group == ""


async def test_a_failure_leaves_the_menu_to_be_set_again(deps: Deps, menus: RoleMenus, platform: Platform) -> None:
    account = await make_account(deps)
    await make_expert(deps, account=account)
    identity = await make_identity(account)
    platform.fail = [Rejected("no_tag", "never pushed")]
    await menus.apply(identity.id)
    platform.fail = [Transient("away")]
    with pytest.raises(Transient):
        await menus.apply(identity.id)
    assert (await WechatIdentity.get(id=identity.id)).menu_group == ""
    await menus.apply(identity.id)
    assert platform.groups == {identity.openid: "expert"}


async def test_binding_and_unbinding_ask_for_the_menu(deps: Deps, book: NoticeBook) -> None:
    account = await make_account(deps)
    binding = composed(WechatBinding, deps, notices=book, role_menu_pools=RoleMenuPools(frozenset({"demo"})))
    identity = await make_identity(account)
    await binding.unbind(identity.id)
    assert await jobs() == [str(identity.id)]
    mini = await make_identity(account, app="mini")
    await binding.unbind(mini.id)
    assert len(await jobs()) == 1, "a mini-program has no menu"


async def test_only_another_menu_is_asked_for_and_only_where_there_are_any(deps: Deps, menus: RoleMenus) -> None:
    identity = await make_identity(await make_account(deps))
    await menus.request_if_other("demo", identity.id, ["applicant"])
    await menus.request_if_other("hunan", identity.id, ["expert"])
    async with transaction():
        await menus.request("hunan", identity.id)
    assert await jobs() == []
    await menus.request_if_other("demo", identity.id, ["expert"])
    assert await jobs() == [str(identity.id)]
