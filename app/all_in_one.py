"""The all-in-one start behind ``make run``: servers, migrations, web, worker and, for the demonstration, the
sandbox."""

from __future__ import annotations

import asyncio
import errno
import shutil
import signal
import socket
from collections.abc import Awaitable, Callable, Coroutine, Sequence
from dataclasses import dataclass
from pathlib import Path

import structlog

from app.boot import own_servers
from app.command_error import CommandError
from app.commands.database import bring_up_to_date
from app.commands.menu_push import push
from app.free_port import free_port
from app.introductions import introduce
from app.preparations import bring_demo, call_demo_expert
from app.process_supervisor import Part, ProcessSupervisor, python_part
from app.sandbox_setup import serves_mail
from bot.menu import MenuError
from config.settings import Settings
from domain.errors import GatewayError

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Prepare = Callable[[Settings], Awaitable[None]]
"""A step that prepares the database before the parts start; gets settings with both server URLs."""

PREPARATIONS: list[Prepare] = [bring_demo]
"""Steps after the migrations, in order."""


@dataclass(frozen=True)
class StartPlan:
    """What to start. ``sandbox_port`` None: no sandbox."""

    web_processes: int = 1
    sandbox_port: int | None = None
    settings_env: tuple[tuple[str, str], ...] = ()
    """Settings of the parts in addition to those of our own environment."""


def sandbox_urls(port: int, mail_port: int) -> dict[str, str]:
    """Settings that make the sandbox on ``port`` stand in for every platform; its mail server has a port of its own."""
    base = f"http://127.0.0.1:{port}"
    return {
        "PBT_WECHAT__API_URL": f"{base}/wechat",
        "PBT_WECHAT__OPEN_URL": f"{base}/wechat",
        "PBT_WECHAT__SCRIPT_URL": f"{base}/_/jweixin.js",
        "PBT_SMS__URL": f"{base}/sms/",
        "PBT_VOICE__URL": f"{base}/voice/",
        "PBT_PERSON_CHECK__URL": f"{base}/persons/",
        "PBT_IDENTITY__ISSUER": f"{base}/identity",
        "PBT_PAY__API_URL": f"{base}/pay",
        "PBT_MAIL__HOST": "127.0.0.1",
        "PBT_MAIL__PORT": str(mail_port),
        "PBT_MAIL__TLS": "none",
    }


async def run(settings: Settings, plan: StartPlan, *, report: Callable[[str], None] = print) -> None:
    """Serve until SIGINT, SIGTERM or SIGHUP; CommandError or EmbeddedError when it can't start."""
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, over.set)
    try:
        await _until(over, _serve(settings, plan, report))
    finally:
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            loop.remove_signal_handler(number)


async def _until(over: asyncio.Event, work: Coroutine[None, None, None]) -> None:
    """Await ``work`` and cancel it when ``over`` is set; returns only when it has ended."""
    task = asyncio.create_task(work)
    bell = asyncio.create_task(over.wait())
    try:
        await asyncio.wait({task, bell}, return_when=asyncio.FIRST_COMPLETED)
    finally:
        bell.cancel()
        if not task.done():
            task.cancel()
        await asyncio.wait({task})
    if not task.cancelled():
        task.result()


async def _serve(settings: Settings, plan: StartPlan, report: Callable[[str], None]) -> None:
    """Serve until cancelled. Only cancelling ends it, once, so that the shutdown itself runs undisturbed."""
    async with own_servers(settings) as (resolved_settings, _servers):
        check_ports(resolved_settings, plan)
        names, begun = await bring_up_to_date(resolved_settings)
        for name in names:
            log.info("migrated", name=name)
        for number, doubts in begun.doubts.items():
            log.warning("expert_file_doubtful", number=number, doubts=doubts)
        for prepare in PREPARATIONS:
            await prepare(resolved_settings)
        async with ProcessSupervisor(parts(resolved_settings, plan)) as supervisor:
            await supervisor.wait_until_ready()
            if plan.sandbox_port is not None:
                await push_menus(resolved_settings, plan)
                await introduce(resolved_settings, f"http://127.0.0.1:{plan.sandbox_port}")
                await call_demo_expert(resolved_settings)
            report(addresses(resolved_settings, plan))
            await asyncio.get_running_loop().create_future()


async def push_menus(settings: Settings, plan: StartPlan) -> None:
    """Install the accounts' menus in the sandbox, which keeps them in memory only. A failure is only logged."""
    api_url = dict(plan.settings_env).get("PBT_WECHAT__API_URL", settings.wechat.api_url)
    wechat = settings.wechat.model_copy(update={"api_url": api_url})
    pools = [pool for pool in settings.pools if pool in wechat.accounts]
    try:
        await push(settings.model_copy(update={"wechat": wechat}), pools, settings.rulebooks.parent / "menus")
    except (MenuError, GatewayError) as error:
        log.error("menus_not_pushed", reason=str(error))


def parts(settings: Settings, plan: StartPlan) -> Sequence[Part]:
    """The programs to start. They find the servers through the note in the data folder, so no URL is passed."""
    env = dict(plan.settings_env)
    counted = env | {"PROMETHEUS_MULTIPROC_DIR": str(_metrics_folder(settings.data_dir))}
    ready_url = f"{_local_url(settings)}/readyz"
    shared = ["--reuse-port"] if plan.web_processes > 1 else []
    webs = [
        python_part(f"web-{number}", "app.cli", "serve", *shared, set_env=counted, ready_url=ready_url)
        for number in range(1, plan.web_processes + 1)
    ]
    worker = str(settings.worker_port or free_port())
    watched = counted | {"PBT_WORKER_PORT": worker}
    webs.append(
        python_part("worker", "app.cli", "worker", set_env=watched, ready_url=f"http://127.0.0.1:{worker}/readyz")
    )
    if plan.sandbox_port is not None:
        port = str(plan.sandbox_port)
        url = f"http://127.0.0.1:{port}/"
        webs.insert(0, python_part("sandbox", "app.cli", "sandbox", "--port", port, set_env=env, ready_url=url))
    return webs


def addresses(settings: Settings, plan: StartPlan) -> str:
    """Addresses to open in a browser."""
    base = _local_url(settings)
    lines = ["", "评标通已启动：", ""]
    if plan.sandbox_port is not None:
        lines += [
            f"  手机页面   http://127.0.0.1:{plan.sandbox_port}/",
            f"  对接平台   http://127.0.0.1:{plan.sandbox_port}/platform",
        ]
    lines += [
        f"  管理后台   {base}/office",
        f"  现场工作台 {base}/draws",
        f"  接口文档   {base}/api/docs",
        f"  对接接口   {base}/integration",
        f"  健康状态   {base}/readyz",
        "",
        "按 Ctrl-C 停止。",
        "",
    ]
    return "\n".join(lines)


def check_ports(settings: Settings, plan: StartPlan) -> None:
    """CommandError when a port that we need is taken or forbidden to us."""
    wanted = [(settings.http.host, settings.http.port, "PBT_HTTP__PORT")]
    if plan.sandbox_port is not None:
        wanted.append(("127.0.0.1", plan.sandbox_port, "--sandbox-port"))
        mail_port = dict(plan.settings_env).get("PBT_MAIL__PORT")
        if mail_port is not None:
            wanted.append(("127.0.0.1", int(mail_port), "--sandbox-port"))
        elif serves_mail(settings):
            wanted.append(("127.0.0.1", settings.mail.port, "PBT_MAIL__PORT"))
    _check_differ([(port, name) for _, port, name in wanted])
    for host, port, name in wanted:
        family = socket.AF_INET6 if ":" in host else socket.AF_INET
        with socket.socket(family) as probe:
            probe.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            try:
                probe.bind((host, port))
            except OSError as error:
                raise CommandError(_port_sentence(error, host, port, name)) from error


def _check_differ(wanted: Sequence[tuple[int, str]]) -> None:
    """Refuse the same port for two of our parts, whose start would fail later with another message."""
    known: dict[int, str] = {}
    for port, name in wanted:
        if port in known and port:
            names = known[port] if known[port] == name else f"{known[port]} 或 {name}"
            raise CommandError(f"端口 {port} 同时用于两个部分（沙箱还占用它的下一个端口），请用 {names} 换一个端口。")
        known[port] = name


def _port_sentence(error: OSError, host: str, port: int, name: str) -> str:
    if error.errno == errno.EADDRINUSE:
        return f"端口 {port} 已被其他程序占用，请停止那个程序，或用 {name} 换一个端口。"
    if error.errno == errno.EACCES:
        return f"没有权限使用端口 {port}，请用 {name} 换一个 1024 以上的端口。"
    return f"不能在 {host}:{port} 上监听（{error.strerror}），请检查 PBT_HTTP__HOST 和 {name}。"


def _local_url(settings: Settings) -> str:
    host = {"0.0.0.0": "127.0.0.1", "::": "[::1]"}.get(settings.http.host, settings.http.host)  # noqa: S104 (compared)
    return f"http://{host}:{settings.http.port}"


def _metrics_folder(data_dir: Path) -> Path:
    """An empty folder where web processes and worker store their metrics, which any /metrics then reports together."""
    folder = data_dir.resolve() / "metrics"
    shutil.rmtree(folder, ignore_errors=True)
    folder.mkdir(parents=True)
    return folder
