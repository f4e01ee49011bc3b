"""``pbt catalogue import`` and ``pbt import-experts``, as an operator runs them."""

from __future__ import annotations

from pathlib import Path

import psycopg
import pytest

from app import cli

BAD = "专家编号,姓名,身份证号,手机号,常驻地,评标专业,工作单位\nZJ1,张三,123,13800000001,440106,A0401,无\n"


@pytest.fixture(autouse=True)
def _settings(database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(tmp_path)
    monkeypatch.setenv("PBT_DATABASE_URL", database)
    monkeypatch.setenv("PBT_REDIS_URL", "redis://127.0.0.1:1/0")
    monkeypatch.setenv("PBT_POOLS", "demo")


def _count(database: str, table: str) -> int:
    with psycopg.connect(database) as connection:
        row = connection.execute(f"SELECT count(*) FROM {table}").fetchone()
    assert row is not None
    return int(row[0])


@pytest.mark.parametrize("name", ["名单.csv", "名单.xlsx"])
def test_from_an_empty_database_to_experts(database: str, name: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(["import-experts", name, "--template"]) == 0
    assert cli.main(["import-experts", name]) == 1
    assert "pbt catalogue import" in capsys.readouterr().err
    assert cli.main(["catalogue", "import"]) == 0
    assert "demo 评标专业：" in capsys.readouterr().out
    assert cli.main(["import-experts", name, "--dry-run"]) == 0
    assert _count(database, "expert") == 0
    assert cli.main(["import-experts", name]) == 0
    assert "新增 1 人，更新 0 人" in capsys.readouterr().out
    assert _count(database, "expert") == 1


def test_errors_are_listed_and_nothing_is_written(
    database: str, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    cli.main(["catalogue", "import", "--pool", "demo"])
    (tmp_path / "bad.csv").write_text(BAD, encoding="utf-8")
    assert cli.main(["import-experts", "bad.csv", "--pool", "demo"]) == 1
    told = capsys.readouterr()
    assert "第2行 身份证号" in told.out
    assert "没有写入任何数据" in told.err
    assert _count(database, "expert") == 0


@pytest.mark.parametrize(
    ("words", "advice"),
    [
        (["import-experts", "missing.csv"], "无法读写"),
        (["catalogue", "import", "--pool", "nowhere"], "demo"),
        (["catalogue", "import", "--folder", "nowhere"], "目录文件有误"),
    ],
)
def test_what_can_t_be_done_says_what_to_do(words: list[str], advice: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert cli.main(words) == 1
    assert advice in capsys.readouterr().err


def test_an_old_workbook_is_told_by_its_content(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "old.xlsx").write_bytes(b"\xd0\xcf\x11\xe0" + b"\0" * 600)
    assert cli.main(["import-experts", "old.xlsx"]) == 1
    assert "另存为" in capsys.readouterr().err


def test_of_several_pools_one_must_be_named(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PBT_POOLS", "demo,hunan")
    (tmp_path / "a.csv").write_text(BAD, encoding="utf-8")
    assert cli.main(["import-experts", "a.csv"]) == 1
    assert "--pool" in capsys.readouterr().err


def test_a_template_never_overwrites_a_file(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "mine.csv").write_text("precious", encoding="utf-8")
    assert cli.main(["import-experts", "mine.csv", "--template"]) == 1
    assert (tmp_path / "mine.csv").read_text(encoding="utf-8") == "precious"


def test_an_import_into_an_old_schema_asks_for_pbt_migrate(
    empty_database: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    monkeypatch.setenv("PBT_DATABASE_URL", empty_database)
    (tmp_path / "a.csv").write_text(BAD, encoding="utf-8")
    assert cli.main(["import-experts", "a.csv"]) == 1
    assert "pbt migrate" in capsys.readouterr().err
