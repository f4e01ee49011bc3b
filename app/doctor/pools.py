"""Checks of what a pool needs before it can work: catalogues, administrators, staff, experts."""

from __future__ import annotations

import asyncpg

from app.doctor.findings import CheckFinding, ok, problem
from config.connection_limits import TOOL
from config.settings import Settings
from models.database_connection import connect
from services.reports import POOLS_WITH_READERS

POOLS = "专家库"

_COUNTS = f"""
SELECT
  (SELECT count(*) FROM catalogue_entry WHERE pool IN ('', $1) AND kind = 'region') AS regions,
  (SELECT count(*) FROM catalogue_entry WHERE pool IN ('', $1) AND kind = 'specialty') AS specialties,
  (SELECT count(*) FROM role_grant g JOIN account a ON a.id = g.account_id WHERE a.pool = $1
     AND a.disabled_at IS NULL AND g.revoked_at IS NULL AND g.role = 'pool_admin') AS admins,
  (SELECT count(*) FROM role_grant g JOIN account a ON a.id = g.account_id WHERE a.pool = $1
     AND a.disabled_at IS NULL AND g.revoked_at IS NULL AND g.role = 'verifier') AS verifiers,
  (SELECT count(*) FROM supervisor_entry WHERE pool = $1 AND active_until IS NULL) AS supervisors,
  (SELECT count(*) FROM ({POOLS_WITH_READERS}) r WHERE r.pool = $1) AS report_readers,
  (SELECT count(*) FROM expert WHERE pool = $1 AND left_at IS NULL) AS experts
"""
_REMEDIES = {
    "regions": "没有地区目录，请运行 pbt catalogue import --pool {pool}",
    "specialties": "没有评标专业目录，请运行 pbt catalogue import --pool {pool}",
    "admins": "没有管理员，请运行 pbt admin grant --pool {pool} --mobile 手机号 --name 姓名",
    "verifiers": "没有核验人员，请由管理员在管理后台“工作人员”中添加",
    "supervisors": "监督人名册是空的，请由管理员在管理后台“监督人名册”中添加",
    "report_readers": "没有人受理举报，请由管理员在“工作人员”中添加监督人（不能同时有其他身份）",
    "experts": "没有可抽取的专家，请用 pbt import-experts --pool {pool} 导入名单",
}


async def check_pools(settings: Settings) -> list[CheckFinding]:
    connection = await connect(settings.database_url, TOOL)
    try:
        findings = [finding for pool in settings.pools for finding in await _check_pool(connection, pool)]
    except (asyncpg.UndefinedTableError, asyncpg.UndefinedColumnError):
        return [CheckFinding(POOLS, "skipped", "数据库还没有升级，请先运行 pbt migrate。")]
    finally:
        await connection.close(timeout=2)
    complete = "目录、管理员、核验人员、监督人、举报受理人和专家"
    return findings or [ok(POOLS, f"{len(settings.pools)} 个专家库都有{complete}。")]


async def _check_pool(connection: asyncpg.Connection[asyncpg.Record], pool: str) -> list[CheckFinding]:
    counts = await connection.fetchrow(_COUNTS, pool)
    lacks = [remedy.format(pool=pool) for name, remedy in _REMEDIES.items() if counts is None or not counts[name]]
    return [problem(POOLS, f"{pool}：{'；'.join(lacks)}。")] if lacks else []
