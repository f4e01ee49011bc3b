"""``pbt admin grant``, ``revoke``, ``list``: a pool's administrators, also while a pool has none."""

from __future__ import annotations

import argparse
import asyncio

from app.boot import borrowed_servers, load_settings
from app.command_error import CommandError
from app.commands.database import deps_for
from config.logging import configure_logging
from config.settings import Settings
from services.accounts import Office, Staff, StaffMember
from services.core.base import system

ADMIN: Office = "pool_admin"


def configure(parser: argparse.ArgumentParser) -> None:
    commands = parser.add_subparsers(dest="command", required=True, metavar="grant|revoke|list")
    grant = commands.add_parser("grant", help="任命管理员")
    grant.add_argument("--name", required=True, help="姓名")
    revoke = commands.add_parser("revoke", help="取消管理员")
    for command in (grant, revoke):
        command.add_argument("--mobile", required=True, help="手机号")
    for command in (grant, revoke, commands.add_parser("list", help="列出管理员")):
        command.add_argument("--pool", required=True, help="专家库代码，如 hunan")


def run(options: argparse.Namespace) -> int:
    settings = load_settings()
    configure_logging(json=settings.log_json, level="warning")
    if options.pool not in settings.pools:
        raise CommandError(f"没有专家库 {options.pool}，可用的有：{'、'.join(settings.pools)}。")
    admins = asyncio.run(_carry_out(settings, options))
    for admin in admins:
        print(f"{admin.name}　{admin.masked_mobile}")
    print(f"{options.pool} 现有 {len(admins)} 位管理员。" + ("" if admins else "请用 pbt admin grant 任命一位。"))
    return 0


async def _carry_out(settings: Settings, options: argparse.Namespace) -> list[StaffMember]:
    """Does what was asked and returns the administrators that the pool has afterwards."""
    actor = system(options.pool)
    async with borrowed_servers(settings) as found, deps_for(found) as deps:
        staff = Staff(deps)
        if options.command == "grant":
            await staff.grant(actor, mobile=options.mobile.strip(), name=options.name, role=ADMIN)
        elif options.command == "revoke":
            grants = await staff.grants_of(actor, options.mobile.strip(), ADMIN)
            if not grants:
                raise CommandError(f"{options.pool} 没有手机号为 {options.mobile} 的管理员。")
            for grant in grants:
                await staff.revoke(actor, grant.grant_id)
        return list((await staff.page(actor, role=ADMIN, limit=100)).items)
