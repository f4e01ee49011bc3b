"""Starts everything in a folder and on ports of its own, for the demonstration and for journey tests."""

from __future__ import annotations

import asyncio
from collections.abc import AsyncIterator, Awaitable, Callable, Mapping, Sequence
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeVar

import aiohttp

from app.all_in_one import Prepare, StartPlan, parts, sandbox_urls
from app.boot import own_servers
from app.command_error import CommandError
from app.commands.database import deps_for
from app.embedded import Servers
from app.free_port import free_port
from app.players.http_client import HttpClient
from app.players.phones import Phone
from app.process_supervisor import ProcessSupervisor
from app.sandbox_setup import with_demo_accounts
from config.settings import Settings
from models.migrate import migrate
from services.core.base import Deps, rows

T = TypeVar("T")


@dataclass(frozen=True)
class DemoStage:
    """The running programs. ``http_client`` is the people's access; ``deps`` gives access to the database for checks
    afterwards.

    ``environment`` is passed to further programs that belong to it.
    """

    settings: Settings
    http_client: HttpClient
    supervisor: ProcessSupervisor
    servers: Servers
    deps: Deps
    log: Path
    environment: Mapping[str, str]

    def phone(self, mobile: str, pool: str) -> Phone:
        return Phone(self.http_client, mobile, pool)

    async def now(self) -> datetime:
        """The time of the moved clock."""
        return datetime.fromtimestamp((await self.http_client.control("/clock"))["now"], UTC)

    async def advance(self, seconds: float) -> None:
        """Move the shared clock forward; returns when every process has followed."""
        moved = await self.http_client.control("/clock", {"advance_seconds": max(seconds, 0)})
        if not moved["forwarded"]:
            raise RuntimeError("the service did not hear that the clock was moved")
        await asyncio.sleep(0.3)

    async def advance_to(self, at: datetime) -> None:
        await self.advance((at - await self.now()).total_seconds())

    async def wait_until(self, look: Callable[[], Awaitable[T | None]], what: str, timeout: float = 20.0) -> T:
        """The first result of ``look`` that is not empty. TimeoutError with ``what`` where it stays empty."""
        loop = asyncio.get_running_loop()
        give_up = loop.time() + timeout
        while not (value := await look()):
            if loop.time() > give_up:
                raise TimeoutError(what)
            await asyncio.sleep(0.2)
        return value

    async def codes(self) -> dict[str, str]:
        """Six-digit code by mobile of every called expert, newest call last."""
        invitations = await rows(
            "SELECT e.mobile_sealed, i.code FROM invitation i JOIN expert e ON e.id = i.expert_id ORDER BY i.created_at"
        )
        return {self.deps.keys.open_text(row["mobile_sealed"], "mobile"): row["code"] for row in invitations}


@asynccontextmanager
async def stage(
    folder: Path, *, pools: Sequence[str] = ("demo",), prepare: Sequence[Prepare] = (), durable: bool = True
) -> AsyncIterator[DemoStage]:
    """Start servers, migrations, ``prepare``, sandbox, web and worker; all end with the block.

    ``durable`` false: faster, but a power cut may damage the data; for tests. Programs' output goes to ``output.log``
    in the folder.
    """
    sandbox_port = free_port()
    urls = sandbox_urls(sandbox_port, free_port())
    settings = stage_settings(folder, pools, free_port(), urls)
    log = folder / "output.log"
    environment = _environment(settings, urls)
    plan = StartPlan(sandbox_port=sandbox_port, settings_env=tuple(environment.items()))
    async with own_servers(settings, durable=durable) as (resolved_settings, servers):
        await migrate(resolved_settings.database_url)
        for step in prepare:
            await step(resolved_settings)
        with log.open("ab") as output:
            async with (
                ProcessSupervisor(parts(resolved_settings, plan), output=output) as supervisor,
                aiohttp.ClientSession() as http,
                deps_for(resolved_settings) as deps,
            ):
                await _wait_until_ready(supervisor, log)
                http_client = HttpClient(
                    http, f"http://127.0.0.1:{resolved_settings.http.port}", f"http://127.0.0.1:{sandbox_port}"
                )
                yield DemoStage(resolved_settings, http_client, supervisor, servers, deps, log, environment)


async def _wait_until_ready(supervisor: ProcessSupervisor, log: Path) -> None:
    """Raises CommandError with the last output of the programs."""
    try:
        await supervisor.wait_until_ready()
    except CommandError as error:
        last_lines = log.read_text(errors="replace").splitlines()[-20:]
        raise CommandError("\n".join([str(error), *last_lines])) from error


def stage_settings(folder: Path, pools: Sequence[str], port: int, urls: Mapping[str, str]) -> Settings:
    """The settings that the parts will read from ``_environment``; given values override the operator's."""
    settings = Settings(
        env="sandbox",
        data_dir=folder,
        database_url="",
        redis_url="",
        pools=list(pools),
    )
    http = settings.http.model_copy(update={"host": "127.0.0.1", "port": port, "public_url": "", "trusted_proxies": 0})
    wechat = {"api_url": urls["PBT_WECHAT__API_URL"], "open_url": urls["PBT_WECHAT__OPEN_URL"]}
    wechat["script_url"] = urls["PBT_WECHAT__SCRIPT_URL"]
    update = {
        "http": http,
        "wechat": settings.wechat.model_copy(update=wechat),
        "sms": settings.sms.model_copy(update={"url": urls["PBT_SMS__URL"]}),
        "voice": settings.voice.model_copy(update={"url": urls["PBT_VOICE__URL"]}),
        "person_check": settings.person_check.model_copy(update={"url": urls["PBT_PERSON_CHECK__URL"]}),
        "identity": settings.identity.model_copy(update={"issuer": urls["PBT_IDENTITY__ISSUER"]}),
        "pay": settings.pay.model_copy(update={"api_url": urls["PBT_PAY__API_URL"]}),
        "mail": settings.mail.model_copy(
            update={"host": urls["PBT_MAIL__HOST"], "port": int(urls["PBT_MAIL__PORT"]), "tls": "none"}
        ),
    }
    return with_demo_accounts(settings.model_copy(update=update))


def _environment(settings: Settings, urls: Mapping[str, str]) -> dict[str, str]:
    return dict(urls) | {
        "PBT_ENV": "sandbox",
        "PBT_DATA_DIR": str(settings.data_dir),
        "PBT_DATABASE_URL": "",
        "PBT_REDIS_URL": "",
        "PBT_POOLS": ",".join(settings.pools),
        "PBT_HTTP__HOST": settings.http.host,
        "PBT_HTTP__PORT": str(settings.http.port),
        "PBT_HTTP__PUBLIC_URL": "",
        "PBT_HTTP__TRUSTED_PROXIES": "0",
    }
