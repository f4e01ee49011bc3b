"""``pbt doctor`` decrypts stored data: a missing data key or look-up key is reported before the service goes live."""

from __future__ import annotations

import base64
import os
from datetime import UTC, datetime

import asyncpg
import pytest
from pydantic import SecretStr

from app.container import make_keyring
from app.doctor.findings import CheckFinding
from app.doctor.keys import check_keys
from config.settings import Keys, Settings
from domain.ids import new_id
from tests.factories.settings import production_settings


def _key() -> SecretStr:
    return SecretStr(base64.b64encode(os.urandom(32)).decode())


def _settings(database: str, keys: Keys) -> Settings:
    return production_settings().model_copy(update={"database_url": database, "keys": keys})


@pytest.fixture
async def keys(database: str) -> Keys:
    """The keys under which one person was stored; k1 is an older one."""
    used = Keys(data={"k1": _key(), "k2": _key()}, active="k1", lookup=_key(), signing=_key())
    connection = await asyncpg.connect(database)
    try:
        for mobile, active in (("13800000001", "k1"), ("13800000002", "k2")):
            ring = make_keyring(used.model_copy(update={"active": active}))
            await connection.execute(
                "INSERT INTO account (id, pool, mobile_sealed, mobile_hash, real_name, privacy_version, created_at) "
                "VALUES ($1, 'hunan', $2, $3, '', '', $4)",
                new_id(),
                ring.seal(mobile, "mobile"),
                ring.lookup_hash("mobile", mobile),
                datetime.now(UTC),
            )
    finally:
        await connection.close()
    return used


async def _check(database: str, keys: Keys) -> list[CheckFinding]:
    return await check_keys(_settings(database, keys))


async def test_the_keys_that_were_used_are_well(database: str, keys: Keys) -> None:
    assert [finding.state for finding in await _check(database, keys)] == ["ok"]


@pytest.mark.parametrize("lost", ["k1", "k2"])
async def test_a_data_key_that_is_another_one_now_is_named(database: str, keys: Keys, lost: str) -> None:
    [finding] = await _check(database, keys.model_copy(update={"data": keys.data | {lost: _key()}}))
    assert (finding.state, f"PBT_KEYS__DATA 中的 {lost} 打不开" in finding.text) == ("problem", True)


async def test_an_old_data_key_that_was_dropped_is_named(database: str, keys: Keys) -> None:
    [finding] = await _check(database, keys.model_copy(update={"data": {"k1": keys.data["k1"]}}))
    assert "PBT_KEYS__DATA 中的 k2 打不开" in finding.text


async def test_another_lookup_key_is_named(database: str, keys: Keys) -> None:
    [finding] = await _check(database, keys.model_copy(update={"lookup": _key()}))
    assert "PBT_KEYS__LOOKUP" in finding.text


async def test_an_empty_database_has_nothing_to_open(database: str) -> None:
    [finding] = await check_keys(production_settings().model_copy(update={"database_url": database}))
    assert finding.state == "ok"


async def test_an_unmigrated_database_is_left_to_the_check_of_the_schema(empty_database: str) -> None:
    [finding] = await check_keys(production_settings().model_copy(update={"database_url": empty_database}))
    assert finding.state == "skipped"
