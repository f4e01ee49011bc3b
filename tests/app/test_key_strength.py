"""Production refuses keys that a person could guess, and one key for two purposes."""

from __future__ import annotations

import base64
import os

import pytest
from pydantic import SecretStr

from app.boot import load_settings
from app.command_error import CommandError
from app.key_strength import check_own_keys, find_weakness
from app.sandbox_setup import check_production
from config.settings import Keys
from tests.factories.settings import production_settings

MARK = b"sandbox"


def keys(data: bytes, lookup: bytes, signing: bytes) -> Keys:
    data_key, lookup_key, signing_key = (SecretStr(base64.b64encode(raw).decode()) for raw in (data, lookup, signing))
    return Keys(data={"k1": data_key}, lookup=lookup_key, signing=signing_key)


def test_random_keys_are_taken() -> None:
    for _ in range(200):
        assert check_own_keys(keys(os.urandom(32), os.urandom(32), os.urandom(32)), MARK) == []


@pytest.mark.parametrize(
    "key",
    [
        bytes(32),
        b"k" * 32,
        b"\x00\xff" * 16,
        bytes(range(32)),
        bytes(range(0, 224, 7)),
        b"Pingbiaotong-2026-Hunan-data-key",
    ],
)
def test_keys_that_are_typed_repeated_or_counted_are_refused(key: bytes) -> None:
    assert find_weakness(key)


def test_one_key_for_two_purposes_is_refused_by_their_names() -> None:
    same = os.urandom(32)
    [problem] = check_own_keys(keys(same, os.urandom(32), same), MARK)
    assert "PBT_KEYS__DATA 中的 k1 与 PBT_KEYS__SIGNING 相同" in problem


def test_production_does_not_start_with_them(monkeypatch: pytest.MonkeyPatch) -> None:
    settings = production_settings()
    weak = settings.model_copy(update={"keys": keys(bytes(range(32)), os.urandom(32), os.urandom(32))})
    assert check_production(settings) == []
    monkeypatch.setattr("app.boot.read_settings", lambda: weak)
    with pytest.raises(CommandError, match="PBT_KEYS__DATA 中的 k1 不是随机生成的密钥"):
        load_settings()
