"""The database that benchmarks run on: nothing in it breaks a rule, and the people in it are answered."""

from __future__ import annotations

from pathlib import Path

import pytest

from benchmarks.folder import empty
from benchmarks.seed import Sizes
from benchmarks.seed.draws import SHARES as DRAW_SHARES
from benchmarks.seed.entry import SHARES
from services.core.base import rows
from tests.handlers.conftest import NOON, Phone, World
from tests.invariants import check_invariants

_OPENID = "SELECT w.openid FROM wechat_identity w JOIN account a ON a.id = w.account_id "


async def _phone(world: World, more: str) -> Phone:
    return Phone(world, (await rows(_OPENID + more))[0]["openid"])


async def test_a_seed_has_what_was_asked_for_keeps_every_rule_and_answers_its_people(seeded: World) -> None:
    for table, wanted in {"application": 100, "invitation": 1000, "draw": 100, "pay_order": 70, "notice": 400}.items():
        assert (await rows(f"SELECT count(*) AS n FROM {table}"))[0]["n"] == wanted, table
    assert {row["state"] for row in await rows("SELECT DISTINCT state FROM application")} == SHARES.keys()
    assert {row["state"] for row in await rows("SELECT DISTINCT state FROM draw")} == DRAW_SHARES.keys()
    await check_invariants()
    await _check_expert(seeded)
    await _check_applicants(seeded)


async def _check_expert(world: World) -> None:
    """An expert who accepted sees the own file and the next panel."""
    ahead = "JOIN expert e ON e.account_id = a.id JOIN invitation i ON i.expert_id = e.id AND i.state = 'accepted' "
    phone = await _phone(
        world, f"{ahead} WHERE i.starts_at > timestamptz '{NOON}' AND e.membership_status = 'formal' LIMIT 1"
    )
    shown = await phone.says("我的状态")
    assert "评标专家" in shown
    assert "正式专家" in shown
    assert "下一场评标" in shown
    assert "号评标室" in await phone.says("我的活动")


async def _check_applicants(world: World) -> None:
    """The progress page answers for an application in every state."""
    told = set()
    for state in SHARES:
        phone = await _phone(world, f"JOIN application p ON p.account_id = a.id WHERE p.state = '{state}' LIMIT 1")
        shown = await phone.says("进度")
        assert "申请编号：SQ" in shown, state
        told.add(shown.partition("\n")[0])
    assert len(told) == len(SHARES)


def test_more_calls_than_experts_are_refused() -> None:
    with pytest.raises(ValueError, match="more experts"):
        Sizes(experts=10, applications=100)


def test_a_folder_with_another_database_is_not_emptied(tmp_path: Path) -> None:
    (tmp_path / "servers").mkdir()
    with pytest.raises(SystemExit, match="another database"):
        empty(tmp_path)
    assert (tmp_path / "servers").exists()
