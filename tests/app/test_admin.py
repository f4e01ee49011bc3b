"""A pool's first administrator comes from the command line; the doctor says who and what is still missing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable

import asyncpg
import pytest

from app.cli import main
from app.commands import admin
from app.doctor.pools import check_pools
from config.settings import Settings
from tests.factories.settings import make_settings

Run = Callable[..., int]


@pytest.fixture
def settings(database: str, redis: str) -> Settings:
    return make_settings(database_url=database, redis_url=redis, pools=["hunan"])


@pytest.fixture
def pbt(settings: Settings, monkeypatch: pytest.MonkeyPatch) -> Run:
    monkeypatch.setattr(admin, "load_settings", lambda: settings)
    monkeypatch.setattr(admin, "configure_logging", lambda **_: None)
    return lambda *words: main(["admin", *words])


def _grant(pbt: Run, mobile: str, name: str) -> int:
    return pbt("grant", "--pool", "hunan", "--mobile", mobile, "--name", name)


def test_the_first_administrator_is_granted_listed_and_can_not_be_the_last_to_go(
    pbt: Run, capsys: pytest.CaptureFixture[str]
) -> None:
    assert pbt("list", "--pool", "hunan") == 0
    assert "pbt admin grant" in capsys.readouterr().out
    assert _grant(pbt, "13800000001", "张管理") == 0
    assert "张管理　138****0001" in capsys.readouterr().out
    assert pbt("revoke", "--pool", "hunan", "--mobile", "13800000001") == 1
    assert "最后一位管理员" in capsys.readouterr().err
    assert _grant(pbt, "13800000002", "李管理") == 0
    assert pbt("revoke", "--pool", "hunan", "--mobile", "13800000001") == 0
    assert "张管理" not in capsys.readouterr().out.splitlines()[-2]


@pytest.mark.parametrize(
    ("words", "sentence"),
    [
        (("list", "--pool", "hubei"), "没有专家库 hubei"),
        (("grant", "--pool", "hunan", "--mobile", "12345", "--name", "张"), "手机号"),
        (("revoke", "--pool", "hunan", "--mobile", "13800000009"), "没有手机号为"),
    ],
)
def test_a_wrong_call_is_one_sentence(
    pbt: Run, capsys: pytest.CaptureFixture[str], words: tuple[str, ...], sentence: str
) -> None:
    assert pbt(*words) == 1
    assert sentence in capsys.readouterr().err


def test_every_subcommand_explains_itself(pbt: Run, capsys: pytest.CaptureFixture[str]) -> None:
    assert pbt("--help") == 0
    printed = capsys.readouterr().out
    assert all(word in printed for word in ("任命管理员", "取消管理员", "列出管理员"))


def test_the_doctor_names_what_a_pool_lacks_until_it_has_it(pbt: Run, settings: Settings) -> None:
    [before] = asyncio.run(check_pools(settings))
    for word in ("catalogue import", "pbt admin grant", "核验人员", "监督人名册", "import-experts"):
        assert word in before.text
    _grant(pbt, "13800000001", "张管理")
    [after] = asyncio.run(check_pools(settings))
    assert "pbt admin grant" not in after.text
    assert "核验人员" in after.text


def test_an_administrator_who_was_revoked_or_locked_counts_no_more(pbt: Run, settings: Settings) -> None:
    _grant(pbt, "13800000001", "张管理")

    async def lock() -> None:
        connection = await asyncpg.connect(settings.database_url)
        try:
            await connection.execute("UPDATE account SET disabled_at = now()")
        finally:
            await connection.close()

    asyncio.run(lock())
    [finding] = asyncio.run(check_pools(settings))
    assert "pbt admin grant" in finding.text
