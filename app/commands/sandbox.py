"""``pbt sandbox``: writes the sandbox's configuration, then executes the sandbox, a separate program, in its place."""

from __future__ import annotations

import importlib.util
import json
import os
import sys
from pathlib import Path

import click

from app.boot import load_settings
from app.command_error import CommandError
from app.embedded.owner import write_private
from app.players.people import CAST
from app.rulebook_files import load_rulebooks
from app.sandbox_setup import sandbox_config
from config.settings import Settings

DEFAULT_PORT = 8090
PACKAGES = ("aiosmtpd", "zxingcpp")
"""Modules of the extra ``sandbox``, which a production installation leaves out."""


@click.command()
@click.option("--host", default="127.0.0.1", help="监听地址，默认 127.0.0.1")
@click.option("--port", type=int, default=DEFAULT_PORT, help=f"端口，默认 {DEFAULT_PORT}")
def command(host: str, port: int) -> int:
    settings = load_settings()
    if settings.env == "production":
        raise CommandError("沙箱只用于演示和测试；PBT_ENV=production 时不启动。")
    check_packages()
    path = write_config(settings, f"http://{host}:{port}")
    program = [sys.executable, "-m", "sandbox", "--config", str(path), "--host", host]
    os.execv(sys.executable, [*program, "--port", str(port)])  # noqa: S606 (no shell is the point)


def check_packages() -> None:
    """CommandError when this installation has no sandbox."""
    if any(importlib.util.find_spec(name) is None for name in PACKAGES):
        raise CommandError(
            "这个安装不含演示用的沙箱：请安装 requirements-local.txt（make run 会安装它）；"
            "正式环境请设 PBT_ENV=production，用 pbt serve 与 pbt worker 启动。"
        )


def write_config(settings: Settings, public_url: str) -> Path:
    """Write the file into the data folder, readable by our user only; returns its path."""
    settings.data_dir.mkdir(parents=True, exist_ok=True)
    books = load_rulebooks(settings.rulebooks, settings.pools)
    path = settings.data_dir / "sandbox.json"
    write_private(path, json.dumps(sandbox_config(settings, books, CAST, public_url=public_url), ensure_ascii=False))
    return path
