"""``pbt`` says what it can do, and what it can't in one sentence."""

from __future__ import annotations

import importlib
import json
from pathlib import Path

import pytest

from app import cli
from tests.factories.settings import production_settings


@pytest.fixture(autouse=True)
def _in_an_empty_folder(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)


@pytest.mark.parametrize("words", [[], ["--help"]])
def test_the_overview_names_every_command(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(words) == 0
    printed = capsys.readouterr().out
    assert all(name in printed for name in cli.COMMANDS)


def test_an_unknown_command_is_refused_with_advice(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["dance"]) == 2
    assert "没有这个命令：dance。" in capsys.readouterr().err
    assert cli.main(["menu", "dance"]) == 2
    assert "没有这个命令：menu dance。" in capsys.readouterr().err


@pytest.mark.parametrize(
    "words", [["run", "--speed"], ["run", "--web", "many"], ["scene", "hunan"], ["admin"], ["menu"]]
)
def test_wrong_usage_is_refused(words: list[str], capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(words) == 2
    assert capsys.readouterr().err


def test_an_interrupted_command_ends_with_130(monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt() -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(importlib.import_module("app.commands.doctor"), "read_settings", interrupt)
    assert cli.main(["doctor"]) == 130


@pytest.mark.parametrize("name", sorted(set(cli.COMMANDS) - {"serve", "worker"}))
def test_every_command_explains_itself(name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main([*name.split(), "--help"]) == 0
    assert cli.COMMANDS[name][1] in capsys.readouterr().out.replace("\n", "")


def test_every_command_has_its_module() -> None:
    for module, _text in cli.COMMANDS.values():
        assert importlib.util.find_spec(f"app.commands.{module}") is not None


def test_rulebooks_of_the_project_are_valid(capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["rulebook", "check"]) == 0
    assert "demo.toml" in capsys.readouterr().out


def test_a_bad_rulebook_is_named(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "hunan.toml").write_text("nonsense = 1\n")
    assert cli.main(["rulebook", "check", str(tmp_path)]) == 1
    assert "hunan.toml" in capsys.readouterr().err
    empty = tmp_path / "empty"
    empty.mkdir()
    assert cli.main(["rulebook", "check", str(empty)]) == 1


def test_a_wrong_setting_is_named_without_its_value(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PBT_KEYS__SIGNING", "not-a-key-but-a-secret")
    assert cli.main(["doctor"]) == 1
    printed = capsys.readouterr().err
    assert "PBT_KEYS__SIGNING" in printed
    assert "not-a-key-but-a-secret" not in printed


def test_production_does_not_start_on_demo_secrets(
    monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PBT_ENV", "production")
    for words in (["run"], ["migrate"], ["sandbox"]):
        assert cli.main(words) == 1
        assert "PBT_KEYS__LOOKUP 还是演示用的密钥" in capsys.readouterr().err


def test_production_has_no_sandbox(monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]) -> None:
    sandbox = importlib.import_module("app.commands.sandbox")
    monkeypatch.setattr(sandbox, "load_settings", production_settings)
    assert cli.main(["sandbox"]) == 1
    assert "不启动" in capsys.readouterr().err


def test_migrating_twice_changes_nothing(
    empty_database: str, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PBT_DATABASE_URL", empty_database)
    monkeypatch.setenv("PBT_REDIS_URL", "redis://127.0.0.1:1/0")
    assert cli.main(["migrate"]) == 0
    assert "0001_baseline" in capsys.readouterr().out
    assert cli.main(["migrate"]) == 0
    assert "本次升级 0 步" in capsys.readouterr().out


def test_a_record_that_is_none_is_refused(tmp_path: Path) -> None:
    record = tmp_path / "record.json"
    record.write_text(json.dumps({"format": "something else"}))
    assert cli.main(["verify-draw", str(record)]) != 0
    assert cli.main(["verify-draw", str(tmp_path / "nowhere.json")]) == 2
    assert cli.main(["verify-receipt", str(record), "--key", "A"]) != 0
    assert cli.main(["verify-receipt", str(tmp_path / "nowhere.json")]) == 2
