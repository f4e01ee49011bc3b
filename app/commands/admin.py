"""``pbt admin grant``, ``revoke``, ``list``: a pool's administrators, also while a pool has none."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable

import click

from app.boot import borrowed_servers, load_settings
from app.command_error import CommandError
from app.commands.database import deps_for
from config.logging import configure_logging
from config.settings import Settings
from services.accounts import Office, Staff, StaffMember
from services.core.base import Actor, system

ADMIN: Office = "pool_admin"

Change = Callable[[Staff, Actor], Awaitable[object]]

_pool = click.option("--pool", required=True, help="专家库代码，如 hunan")
_mobile = click.option("--mobile", required=True, help="手机号")


@click.group()
def command() -> None:
    """The three commands have the option pool in common and end with the list of administrators."""


@command.command(help="任命管理员")
@click.option("--name", required=True, help="姓名")
@_mobile
@_pool
def grant(name: str, mobile: str, pool: str) -> int:
    async def change(staff: Staff, actor: Actor) -> None:
        await staff.grant(actor, mobile=mobile.strip(), name=name, role=ADMIN)

    return _run(pool, change)


@command.command(help="取消管理员")
@_mobile
@_pool
def revoke(mobile: str, pool: str) -> int:
    async def change(staff: Staff, actor: Actor) -> None:
        grants = await staff.grants_of(actor, mobile.strip(), ADMIN)
        if not grants:
            raise CommandError(f"{pool} 没有手机号为 {mobile} 的管理员。")
        for grant in grants:
            await staff.revoke(actor, grant.grant_id)

    return _run(pool, change)


@command.command("list", help="列出管理员")
@_pool
def show(pool: str) -> int:
    return _run(pool)


def _run(pool: str, change: Change | None = None) -> int:
    settings = load_settings()
    configure_logging(json=settings.log_json, level="warning")
    if pool not in settings.pools:
        raise CommandError(f"没有专家库 {pool}，可用的有：{'、'.join(settings.pools)}。")
    admins = asyncio.run(_apply(settings, pool, change))
    for admin in admins:
        print(f"{admin.name}　{admin.masked_mobile}")
    print(f"{pool} 现有 {len(admins)} 位管理员。" + ("" if admins else "请用 pbt admin grant 任命一位。"))
    return 0


async def _apply(settings: Settings, pool: str, change: Change | None) -> list[StaffMember]:
    """Make the change, if any; returns the pool's administrators afterwards."""
    actor = system(pool)
    async with borrowed_servers(settings) as resolved_settings, deps_for(resolved_settings) as deps:
        staff = Staff(deps)
        if change is not None:
            await change(staff, actor)
        return list((await staff.page(actor, role=ADMIN, limit=100)).items)
