"""Reads settings from the environment and checks that a process can start with them."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from pydantic import ValidationError
from pydantic_settings import SettingsError

from app.command_error import CommandError
from app.embedded import Servers, embedded, find_instance
from app.sandbox_setup import check_production, with_demo_accounts
from config.settings import Settings


def load_settings() -> Settings:
    """Settings from the environment; in the sandbox with its accounts filled in.

    CommandError when a value is invalid, or when production would use a publicly known secret.
    """
    settings = read_settings()
    if settings.env == "sandbox":
        return with_demo_accounts(settings)
    problems = check_production(settings)
    if problems:
        raise CommandError("正式环境不能启动：\n" + "\n".join(f"  · {problem}" for problem in problems))
    return settings


def read_settings() -> Settings:
    """Settings exactly as given, fit for production or not; CommandError when a value is invalid."""
    try:
        return Settings()
    except (ValidationError, SettingsError) as error:
        raise CommandError(_explain(error)) from error


def _explain(error: ValidationError | SettingsError) -> str:
    """Names of settings and reasons; never the values, which may be secrets."""
    lines = []
    if isinstance(error, SettingsError):
        return f"设置有误，请对照 .env.example 修改：\n  · {error}"
    for item in error.errors(include_input=False, include_url=False):
        name = "__".join(str(part).upper() for part in item["loc"])
        prefix = "" if name.startswith("PBT_") else "PBT_"  # an unknown key of .env is named with its prefix
        lines.append(f"  · {prefix}{name}：{item['msg']}")
    return "设置有误，请对照 .env.example 修改：\n" + "\n".join(lines)


def resolve_servers(settings: Settings) -> Settings:
    """Settings with both server URLs: the given ones, else those of the instance that runs on the data folder."""
    if settings.database_url and settings.redis_url:
        return settings
    instance = find_instance(settings.data_dir)
    if instance is None:
        raise CommandError(
            f"没有数据库可用：目录 {settings.data_dir} 上没有正在运行的评标通。"
            "请先运行 make run（或 pbt run），或设置 PBT_DATABASE_URL 与 PBT_REDIS_URL。"
        )
    return _with_urls(settings, instance.database_url, instance.redis_url)


@asynccontextmanager
async def borrowed_servers(settings: Settings) -> AsyncIterator[Settings]:
    """Like ``resolve_servers``, but starts the embedded servers for the length of the block when none run."""
    if (settings.database_url and settings.redis_url) or find_instance(settings.data_dir):
        yield resolve_servers(settings)
        return
    async with own_servers(settings) as (resolved_settings, _servers):
        yield resolved_settings


@asynccontextmanager
async def own_servers(settings: Settings, *, durable: bool = True) -> AsyncIterator[tuple[Settings, Servers]]:
    """Lock the data folder and start the servers that no URL replaces. Not ``durable``: see ``embedded``."""
    async with embedded(
        settings.data_dir, durable=durable, database_url=settings.database_url, redis_url=settings.redis_url
    ) as servers:
        yield _with_urls(settings, servers.database_url, servers.redis_url), servers


def _with_urls(settings: Settings, database_url: str, redis_url: str) -> Settings:
    return settings.model_copy(
        update={
            "database_url": settings.database_url or database_url,
            "redis_url": settings.redis_url or redis_url,
        }
    )
