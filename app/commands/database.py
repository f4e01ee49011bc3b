"""The database of commands: brought to the current schema, or used without the rest of the service."""

from __future__ import annotations

from collections.abc import AsyncIterator
from contextlib import asynccontextmanager

from tortoise import Tortoise

from app.command_error import CommandError
from app.container import make_deps
from app.rulebook_files import load_rulebooks
from config.settings import Settings
from domain.clock import SystemClock
from models.database_connection import tortoise_config
from models.migrate import migrate, pending_migrations
from services.core.base import Deps
from services.entry import BegunFiles, begin_files
from services.office_texts import OfficeTexts


async def bring_up_to_date(settings: Settings) -> tuple[list[str], BegunFiles]:
    """Apply missing migrations, and begin the files of experts who have none; the names of the applied, and what was
    begun."""
    names = await migrate(settings.database_url)
    async with deps_for(settings) as deps:
        return names, await begin_files(deps)


@asynccontextmanager
async def deps_for(settings: Settings) -> AsyncIterator[Deps]:
    """The services' dependencies. CommandError when the database schema is not the current one."""
    if await pending_migrations(settings.database_url):
        raise CommandError("数据库还不是当前版本，请先运行 pbt migrate。")
    await Tortoise.init(config=tortoise_config(settings.database_url), _enable_global_fallback=True)
    try:
        deps = make_deps(settings, load_rulebooks(settings.rulebooks, settings.pools), SystemClock())
        await OfficeTexts(deps).refresh()
        yield deps
    finally:
        await Tortoise.close_connections()
