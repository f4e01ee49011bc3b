"""Decrypts stored data with the keys of the settings, since a well-formed key may still be the wrong one."""

from __future__ import annotations

from collections.abc import Sequence

import asyncpg

from app.container import make_keyring
from app.doctor.findings import CheckFinding, ok, problem, skipped
from config.connection_limits import TOOL
from config.settings import Settings
from models.database_connection import connect
from services.core.crypto import Keyring, SealBroken

KEYS = "密钥"

_SAMPLES = """
SELECT DISTINCT ON (split_part({sealed}, ':', 2)) split_part({sealed}, ':', 2) AS key_id,
       {sealed} AS sealed, {hashed} AS hashed FROM {table} WHERE {sealed} <> ''
"""
_COLUMNS = (
    ("account", "mobile_sealed", "mobile_hash", "mobile"),
    ("account", "id_number_sealed", "id_number_hash", "id_number"),
    ("expert", "mobile_sealed", "mobile_hash", "mobile"),
    ("expert", "id_number_sealed", "id_number_hash", "id_number"),
)
"""Table, encrypted column, its look-up hash, and the purpose of its encryption."""


async def check_keys(settings: Settings) -> list[CheckFinding]:
    """Check one row for each data key ever used, of each column with personal data."""
    keys = make_keyring(settings.keys)
    connection = await connect(settings.database_url, TOOL)
    try:
        samples = [
            (row, purpose)
            for table, sealed, hashed, purpose in _COLUMNS
            for row in await connection.fetch(_SAMPLES.format(table=table, sealed=sealed, hashed=hashed))
        ]
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
        return [skipped(KEYS, "数据库还没有升级，请先运行 pbt migrate。")]
    finally:
        await connection.close(timeout=2)
    return _judge_samples(keys, samples)


def _judge_samples(keys: Keyring, samples: Sequence[tuple[asyncpg.Record, str]]) -> list[CheckFinding]:
    unopened: set[str] = set()
    lookup_fits = True
    for row, purpose in samples:
        try:
            plain = keys.open_text(row["sealed"], purpose)
        except SealBroken:
            unopened.add(row["key_id"])
            continue
        lookup_fits = lookup_fits and row["hashed"] in (None, keys.lookup_hash(purpose, plain))
    findings = [
        problem(KEYS, f"PBT_KEYS__DATA 中的 {key_id} 打不开已存的数据（缺少或不是原来那把），请从密钥备份中恢复。")
        for key_id in sorted(unopened)
    ]
    if not lookup_fits:
        findings.append(
            problem(KEYS, "PBT_KEYS__LOOKUP 与已存的数据不符，按手机号和身份证号都将查不到人，请恢复原来的密钥。")
        )
    return findings or [ok(KEYS, "能打开已存的数据。" if samples else "还没有数据，启用后请勿更换。")]
