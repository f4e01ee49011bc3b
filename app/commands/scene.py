"""``pbt scene``: a QR code that opens the official account at a certain function, such as binding an identity."""

from __future__ import annotations

import asyncio
from pathlib import Path

import click
import qrcode
import qrcode.image.svg
from prometheus_client import CollectorRegistry

from app.boot import load_settings, resolve_servers
from app.command_error import CommandError
from app.container import build
from config.logging import configure_logging
from config.settings import Settings
from domain.errors import GatewayError

LONGEST_DAYS = 30
"""WeChat's limit for a temporary scene code."""


@click.command()
@click.argument("pool", help="专家库代码，例如 guangdong")
@click.argument("file", type=click.Path(path_type=Path), help="二维码图片存为此 .svg 文件")
@click.option("--scene", default="bind:", help="扫码后做什么，默认 bind:（绑定身份）")
@click.option("--days", type=int, default=LONGEST_DAYS, help=f"有效天数，1 到 {LONGEST_DAYS}")
def command(pool: str, file: Path, scene: str, days: int) -> int:
    settings = load_settings()
    configure_logging(json=settings.log_json, level="warning")
    if pool not in settings.wechat.accounts:
        raise CommandError(f"专家库 {pool} 没有配置公众号，请检查 PBT_WECHAT__ACCOUNTS。")
    if not 1 <= days <= LONGEST_DAYS:
        raise CommandError(f"有效天数请填 1 到 {LONGEST_DAYS}。")
    try:
        text = asyncio.run(_create(resolve_servers(settings), pool, scene, days * 86400))
    except GatewayError as error:
        raise CommandError(f"微信没有生成二维码：{error}。请检查网络、IP 白名单和公众号密钥后重试。") from error
    qrcode.make(text, image_factory=qrcode.image.svg.SvgPathImage, border=2).save(file)
    print(f"二维码已存入 {file}，{days} 天内有效。")
    return 0


async def _create(settings: Settings, pool: str, scene: str, lifetime: int) -> str:
    async with build(settings, registry=CollectorRegistry()) as container:
        return await container.gateways.official.create_scene(pool, scene, lifetime)
