"""One command starts everything, says where it is, and leaves nothing behind."""

from __future__ import annotations

import shutil
import socket
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest

from app.all_in_one import StartPlan, addresses, check_ports, parts, sandbox_urls
from app.command_error import CommandError
from app.free_port import free_port
from config.settings import Settings
from tests.factories.settings import make_settings


@pytest.fixture
def folder() -> Iterator[Path]:
    path = Path(tempfile.mkdtemp(prefix="pbt-run-"))
    path.chmod(0o755)
    yield path
    shutil.rmtree(path, ignore_errors=True)


@pytest.fixture
def port() -> int:
    return free_port()


@pytest.fixture
def settings(folder: Path, port: int) -> Settings:
    return make_settings(data_dir=folder / "var", http={"port": port})


def test_a_taken_port_is_said_in_one_sentence(settings: Settings) -> None:
    with socket.socket() as taken:
        taken.bind(("127.0.0.1", settings.http.port))
        taken.listen()
        with pytest.raises(CommandError, match=f"端口 {settings.http.port} 已被其他程序占用.*PBT_HTTP__PORT"):
            check_ports(settings, StartPlan())
        with pytest.raises(CommandError, match="--sandbox-port"):
            check_ports(make_settings(http={"port": free_port()}), StartPlan(sandbox_port=settings.http.port))
        mine = make_settings(http={"port": free_port()}, mail={"port": settings.http.port})
        with pytest.raises(CommandError, match="PBT_MAIL__PORT"):
            check_ports(mine, StartPlan(sandbox_port=free_port()))
    check_ports(settings, StartPlan())


def test_two_parts_on_one_port_are_said_in_one_sentence(settings: Settings) -> None:
    with pytest.raises(CommandError, match=f"端口 {settings.http.port} 同时用于两个部分.*PBT_HTTP__PORT 或 --sandbox"):
        check_ports(settings, StartPlan(sandbox_port=settings.http.port))


def test_an_address_that_is_not_ours_is_said_in_one_sentence() -> None:
    with pytest.raises(CommandError, match="PBT_HTTP__HOST"):
        check_ports(make_settings(http={"host": "192.0.2.1"}), StartPlan())


def test_the_demonstration_has_a_sandbox_and_production_none(settings: Settings) -> None:
    env = tuple(sandbox_urls(18090, 18091).items())
    demo = parts(settings, StartPlan(sandbox_port=18090, settings_env=env))
    assert [part.name for part in demo] == ["sandbox", "web-1", "worker"]
    assert all(part.set_env["PBT_SMS__URL"] == "http://127.0.0.1:18090/sms/" for part in demo)
    production = parts(settings, StartPlan(web_processes=2))
    assert [part.name for part in production] == ["web-1", "web-2", "worker"]
    assert all("--reuse-port" in part.command for part in production[:2])
    assert "手机页面" in addresses(settings, StartPlan(sandbox_port=18090))
    assert "手机页面" not in addresses(settings, StartPlan())
    assert "/office" in addresses(settings, StartPlan())


def test_every_setting_for_another_sandbox_port_exists(monkeypatch: pytest.MonkeyPatch) -> None:
    for name, value in sandbox_urls(18090, 18091).items():
        monkeypatch.setenv(name, value)
    read = make_settings()
    urls = [read.wechat.api_url, read.wechat.open_url, read.sms.url, read.voice.url, read.identity.issuer]
    urls += [read.person_check.url, read.pay.api_url]
    assert all(":18090/" in url for url in urls)
    assert [url.replace("18090", "8090") for url in urls] == [
        Settings.model_fields["wechat"].default.api_url,
        Settings.model_fields["wechat"].default.open_url,
        Settings.model_fields["sms"].default.url,
        Settings.model_fields["voice"].default.url,
        Settings.model_fields["identity"].default.issuer,
        Settings.model_fields["person_check"].default.url,
        Settings.model_fields["pay"].default.api_url,
    ]
