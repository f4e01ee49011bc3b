"""``pbt menu push``: installs the official accounts' menus, after checking that every button has a handler."""

from __future__ import annotations

import asyncio
from collections.abc import Sequence
from pathlib import Path

import aiohttp
import click
from prometheus_client import CollectorRegistry

from app.boot import load_settings, resolve_servers
from app.command_error import CommandError
from app.container import make_gateways
from app.redis_connection import make_redis
from bot.menu import Json, Menu, MenuError, load_menu, menu_file, render_menu, role_menu_files
from bot.router import Router
from config.logging import configure_logging
from config.settings import Settings
from domain.clock import SystemClock
from domain.errors import GatewayError
from handlers import register_all


@click.command()
@click.option("--pool", help="只更新一个专家库的公众号；不填则更新全部")
@click.option("--folder", type=click.Path(path_type=Path), help="菜单文件夹，默认为随程序附带的 config/menus")
@click.option("--quiet", is_flag=True, help="成功时不输出")
def command(pool: str | None, folder: Path | None, quiet: bool) -> int:
    settings = load_settings()
    configure_logging(json=settings.log_json, level="warning")
    pools = [pool] if pool else [name for name in settings.pools if name in settings.wechat.accounts]
    unknown = [name for name in pools if name not in settings.wechat.accounts]
    if unknown:
        raise CommandError(f"专家库 {unknown[0]} 没有配置公众号，请检查 PBT_WECHAT__ACCOUNTS。")
    source = folder or settings.rulebooks.parent / "menus"
    try:
        asyncio.run(push(resolve_servers(settings), pools, source))
    except MenuError as error:
        raise CommandError(f"菜单文件有误，没有更新：{error}") from error
    except GatewayError as error:
        raise CommandError(f"微信没有接受菜单：{error}。请检查网络、IP 白名单和公众号密钥后重试。") from error
    if not quiet:
        print(f"公众号菜单已更新，手机上五分钟内显示：{'、'.join(pools)}。")
    return 0


async def push(settings: Settings, pools: Sequence[str], folder: Path) -> None:
    """Install the menus of ``pools``; all are checked before any is sent.

    ``settings`` with Redis' URL. Raises MenuError and GatewayError.
    """
    router = Router()
    register_all(router)
    menus = {pool: load_menu(menu_file(folder, pool), router.menus) for pool in pools}
    by_role = {group: load_menu(path, router.menus) for group, path in role_menu_files(folder).items()}
    async with aiohttp.ClientSession() as session, make_redis(settings.redis_url) as redis:
        gateways = make_gateways(settings, {}, session, redis, SystemClock(), CollectorRegistry())
        for pool, menu in menus.items():
            await gateways.official.create_menu(pool, _render(settings, pool, menu))
            if settings.wechat.accounts[pool].menus_by_role:
                rendered = {group: _render(settings, pool, role_menu) for group, role_menu in by_role.items()}
                await gateways.official.create_menus_by_role(pool, rendered)


def _render(settings: Settings, pool: str, menu: Menu) -> list[dict[str, Json]]:
    program = settings.wechat.mini_programs.get(pool)
    return render_menu(menu, pool=pool, public_url=settings.public_url, mini_appid=program.appid if program else None)
