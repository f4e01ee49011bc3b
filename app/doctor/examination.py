"""``pbt doctor``: what is missing for production, in plain words. Changes nothing."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Iterable, Mapping, Sequence
from datetime import UTC, datetime

import aiohttp
import asyncpg
from pydantic import SecretStr
from redis.exceptions import RedisError

from app.doctor.backups import BACKUPS, check_backup_tools
from app.doctor.files import DOCUMENTS, FILES, SEALS, SEARCH, check_files, check_fonts, check_seals, check_search
from app.doctor.findings import Check, CheckFinding, ok, problem
from app.doctor.identity_verification import IDENTITY_VERIFICATION, check_identity_verification
from app.doctor.keys import KEYS, check_keys
from app.doctor.money import MAIL, PAY, check_mail, check_pay
from app.doctor.phones import check_phones
from app.doctor.pools import POOLS, check_pools
from app.doctor.understanding import UNDERSTANDING, check_understanding
from app.file_limit import LIMITS, check_limits
from app.health import NotReady, check_sessions
from app.redis_connection import make_redis
from app.rulebook_files import check_rulebooks, load_rulebooks
from app.sandbox_setup import check_production
from config.connection_limits import TOOL
from config.settings import Settings, Wechat
from domain.errors import Conflict, RulebookError
from domain.rulebook.book import Rulebook
from models.database_connection import connect
from models.migrate import OLDEST_POSTGRES, pending_migrations
from models.schema_check import find_schema_faults
from services.core.audit_chain import find_break

TIMEOUT = 10.0
"""Seconds for one check that calls another system."""
SKEW_LIMIT = 1.0
"""Seconds by which our clock may differ from the database's."""
OLDEST_REDIS = (7, 0)


async def examine(settings: Settings) -> list[CheckFinding]:
    """All checks, concurrently, each with its own time limit. ``settings`` with both server URLs."""
    return [
        finding
        for findings in await asyncio.gather(*(_run_check(*item, settings) for item in CHECKS.items()))
        for finding in findings
    ]


async def _run_check(name: str, check: Check, settings: Settings) -> list[CheckFinding]:
    try:
        async with asyncio.timeout(TIMEOUT):
            return await check(settings)
    except TimeoutError:
        return [problem(name, f"{TIMEOUT:.0f} 秒内没有完成，请检查网络和服务器负载后重试。")]
    except asyncpg.InsufficientPrivilegeError:
        return [problem(name, "数据库账号没有足够的权限，请把库中的表授权给它。")]
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError):
        return [CheckFinding(name, "skipped", "数据库连不上，这一项没有检查。")]


async def check_settings(settings: Settings) -> list[CheckFinding]:
    if settings.env == "sandbox":
        findings = [
            problem("设置", "现在是演示环境（PBT_ENV=sandbox）。上线时请设 PBT_ENV=production，并按下列各条修改。")
        ]
    else:
        findings = []
    live = settings.model_copy(update={"env": "production"})
    findings += [problem("设置", text) for text in check_production(live)]
    return findings or [ok("设置", "没有演示用的密钥和地址。")]


async def check_books(settings: Settings) -> list[CheckFinding]:
    findings = [problem("规则", text) for text in check_rulebooks(settings.rulebooks)]
    for pool in settings.pools:
        if not (settings.rulebooks / f"{pool}.toml").exists():
            findings.append(problem("规则", f"PBT_POOLS 中的 {pool} 没有规则文件 {settings.rulebooks / pool}.toml。"))
    return findings or [ok("规则", f"{len(settings.pools)} 个专家库的规则文件有效。")]


async def check_templates(settings: Settings) -> list[CheckFinding]:
    """Every kind of notice needs an approved template of WeChat, of SMS and of voice, configured by the vendor's
    code."""
    try:
        books = load_rulebooks(settings.rulebooks, settings.pools)
    except RulebookError:
        return [CheckFinding("模板", "skipped", "规则文件有误，请先修正，再检查模板。")]
    findings = [finding for pool, book in books.items() for finding in _pool_templates(settings, pool, book)]
    findings += check_phones(settings, books)
    return findings or [ok("模板", "微信、短信、语音的模板齐全。")]


def _pool_templates(settings: Settings, pool: str, book: Rulebook) -> list[CheckFinding]:
    account, program = settings.wechat.accounts.get(pool), settings.wechat.mini_programs.get(pool)
    if account is None:
        findings = [problem("模板", f"{book.pool.name}（{pool}）没有服务号，请填入 PBT_WECHAT__ACCOUNTS。")]
    else:
        known = {**account.templates, **account.subscriptions}
        sent = [kind for kind, text in book.texts.items() if text.wechat]
        cards = _missing_kinds(sent, known)
        where = f"PBT_WECHAT__ACCOUNTS 中 {pool} 的 templates"
        findings = [problem("模板", f"{pool} 的服务号缺少模板 ID：{cards}。请填入 {where}。")] if cards else []
        if unknown := _missing_kinds(account.subscriptions, dict.fromkeys(sent, "")):
            findings.append(problem("模板", f"{pool} 的 subscriptions 里有不经公众号发送的通知：{unknown}。请删去。"))
    if program is None:
        findings.append(problem("模板", f"{book.pool.name}（{pool}）没有小程序，请填入 PBT_WECHAT__MINI_PROGRAMS。"))
    return findings + [problem("模板", text) for text in unknown_long_term(settings.wechat, pool)]


def unknown_long_term(wechat: Wechat, pool: str) -> list[str]:
    """Long-term ids that no kind uses: a mistyped one would be counted as one-time, and fall silent after a message."""
    account, program = wechat.accounts.get(pool), wechat.mini_programs.get(pool)
    places = [
        ("PBT_WECHAT__ACCOUNTS", "subscriptions", account.subscriptions, account.long_term) if account else None,
        ("PBT_WECHAT__MINI_PROGRAMS", "templates", program.templates, program.long_term) if program else None,
    ]
    return [
        f"{setting} 中 {pool} 的 long_term 有 {known} 里没有的模板 ID：{'、'.join(unknown)}。请核对。"
        for setting, known, templates, long_term in filter(None, places)
        if (unknown := sorted(set(long_term) - set(templates.values())))
    ]


def _missing_kinds(kinds: Iterable[str], known: Mapping[str, str]) -> str:
    return "、".join(sorted(set(kinds) - known.keys()))


async def check_database(settings: Settings) -> list[CheckFinding]:
    try:
        connection = await connect(settings.database_url, TOOL)
    except (OSError, asyncpg.PostgresError, asyncpg.InterfaceError) as error:
        return [
            problem("数据库", f"连不上（{type(error).__name__}），请检查 PBT_DATABASE_URL、防火墙和数据库是否在运行。")
        ]
    try:
        findings = await _check_server(connection)
    finally:
        await connection.close(timeout=2)
    return findings + await _check_sessions(settings.database_url)


async def _check_sessions(database_url: str) -> list[CheckFinding]:
    try:
        await check_sessions(database_url)
    except NotReady:
        return [problem("数据库", "中间的连接池按事务分配连接，请改为按会话分配（PgBouncer：pool_mode = session）。")]
    return []


async def _check_server(connection: asyncpg.Connection[asyncpg.Record]) -> list[CheckFinding]:
    findings = []
    version = connection.get_server_version().major
    if version < OLDEST_POSTGRES:
        findings.append(problem("数据库", f"PostgreSQL 版本过低（{version}），需要 {OLDEST_POSTGRES} 或更新。"))
    if (encoding := await connection.fetchval("SHOW server_encoding")) != "UTF8":
        findings.append(problem("数据库", f"编码是 {encoding}，请新建 UTF8 编码的数据库。"))
    extensions = {row[0] for row in await connection.fetch("SELECT extname FROM pg_extension")}
    for name in sorted({"pg_trgm", "btree_gist"} - extensions):
        findings.append(problem("数据库", f"缺少扩展 {name}，请用管理员账号执行 CREATE EXTENSION {name};"))
    if "pg_trgm" in extensions and await connection.fetchval("SELECT similarity('评标专家', '评标专家')") != 1:
        findings.append(
            problem("数据库", "字符分类（LC_CTYPE）不认识中文，检索会失灵。请用 C.UTF-8 或 zh_CN.UTF-8 重建数据库。")
        )
    if await connection.fetchval("SHOW fsync") != "on":
        findings.append(problem("数据库", "fsync 已关闭，断电会损坏数据，请打开。"))
    return findings or [ok("数据库", f"PostgreSQL {version}，扩展齐全。")]


async def check_schema(settings: Settings) -> list[CheckFinding]:
    try:
        missing = await pending_migrations(settings.database_url, TOOL)
    except Conflict as error:
        return [problem("表结构", error.message)]
    if missing:
        return [problem("表结构", f"还差 {len(missing)} 步升级，请运行 pbt migrate。")]
    connection = await connect(settings.database_url, TOOL)
    try:
        faults = await find_schema_faults(connection)
    finally:
        await connection.close(timeout=2)
    if faults:
        shown = "；".join(faults[:10])
        return [problem("表结构", f"升级记录齐全，但表与程序不符（{shown}）。请从备份恢复，或联系开发人员修复。")]
    return [ok("表结构", "是最新版本，与程序相符。")]


async def check_cache(settings: Settings) -> list[CheckFinding]:
    try:
        async with make_redis(settings.redis_url, TOOL) as client:
            facts = await client.info("server")
            policy = (await client.config_get("maxmemory-policy")).get("maxmemory-policy", "noeviction")
    except (RedisError, OSError) as error:
        return [problem("缓存", f"连不上（{type(error).__name__}），请检查 PBT_REDIS_URL、密码和 Redis 是否在运行。")]
    version = str(facts.get("redis_version", "0"))
    if tuple(int(part) for part in version.split(".")[:2]) < OLDEST_REDIS:
        return [problem("缓存", f"Redis 版本过低（{version}），需要 7 或更新。")]
    if policy != "noeviction":
        return [problem("缓存", f"内存策略是 {policy}，会丢失进行中的对话，请设 maxmemory-policy noeviction。")]
    return [ok("缓存", "可用。")]


async def check_clock(settings: Settings) -> list[CheckFinding]:
    connection = await connect(settings.database_url, TOOL)
    try:
        before = datetime.now(UTC)
        theirs: datetime = await connection.fetchval("SELECT clock_timestamp()")
        after = datetime.now(UTC)
    finally:
        await connection.close(timeout=2)
    skew = max((before - theirs).total_seconds(), (theirs - after).total_seconds(), 0.0)
    if skew > SKEW_LIMIT:
        return [problem("时钟", f"本机与数据库相差 {skew:.1f} 秒，抽取的时限会出错，请在两边都启用网络对时（NTP）。")]
    return [ok("时钟", "与数据库一致。")]


async def check_white_list(settings: Settings) -> list[CheckFinding]:
    """Request a token of each account from WeChat; the plain token call never invalidates one in use."""
    apps = [(f"{pool} 的服务号", app.appid, app.secret) for pool, app in settings.wechat.accounts.items()]
    apps += [(f"{pool} 的小程序", app.appid, app.secret) for pool, app in settings.wechat.mini_programs.items()]
    if not apps:
        return [CheckFinding("微信", "skipped", "还没有填写服务号和小程序。")]
    timeout = aiohttp.ClientTimeout(total=5)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        url = f"{settings.wechat.api_url}/cgi-bin/stable_token"
        return list(await asyncio.gather(*(_probe(session, url, *app) for app in apps)))


async def _probe(session: aiohttp.ClientSession, url: str, who: str, appid: str, secret: SecretStr) -> CheckFinding:
    body = {"grant_type": "client_credential", "appid": appid, "secret": secret.get_secret_value()}
    try:
        async with session.post(url, json=body) as response:
            data = await response.json(content_type=None)
    except (aiohttp.ClientError, OSError, TimeoutError, ValueError) as error:
        return problem(
            "微信", f"{who}：接口没有正常回应（{type(error).__name__}），请检查 PBT_WECHAT__API_URL 和出网。"
        )
    return _interpret(who, data if isinstance(data, dict) else {})


def _interpret(who: str, data: Mapping[str, object]) -> CheckFinding:
    if data.get("access_token"):
        return ok("微信", f"{who}：可以取得凭证，本机地址在白名单中。")
    code, message = data.get("errcode"), str(data.get("errmsg", ""))
    if code == 40164:
        address = re.search(r"\d{1,3}(?:\.\d{1,3}){3}", message)
        shown = f" {address[0]} " if address else ""
        return problem("微信", f"{who}：本机的出口地址{shown}不在白名单，请在公众平台“IP 白名单”中加入。")
    reasons = {
        40013: "AppID 不正确，请核对。",
        40125: "AppSecret 不正确，请在公众平台核对或重置。",
        40001: "AppSecret 不正确，请在公众平台核对或重置。",
        40243: "AppSecret 已被冻结，请在公众平台解冻。",
        45009: "今天的取凭证次数已用完，请明天再试。",
    }
    return problem(
        "微信", f"{who}：{reasons.get(code, '')}" if code in reasons else f"{who}：微信回复 {code} {message[:80]}。"
    )


async def check_chain(settings: Settings) -> list[CheckFinding]:
    """Re-compute the audit log's hash chain of each pool."""
    connection = await connect(settings.database_url, TOOL)
    try:
        pools = [row[0] for row in await connection.fetch("SELECT DISTINCT pool FROM audit_entry ORDER BY pool")]
        broken = [(pool, number) for pool in pools if (number := await find_break(pool, connection.fetch)) is not None]
    except asyncpg.UndefinedTableError:
        return [CheckFinding("审计", "skipped", "数据库还没有升级，请先运行 pbt migrate。")]
    finally:
        await connection.close(timeout=2)
    if broken:
        return [
            problem("审计", f"{pool} 的审计链在第 {number} 条断开，记录可能被改动。请保留现场，用备份对比。")
            for pool, number in broken
        ]
    return [ok("审计", "审计链完整。")]


CHECKS: Mapping[str, Check] = {
    "设置": check_settings,
    "规则": check_books,
    "模板": check_templates,
    "数据库": check_database,
    "表结构": check_schema,
    KEYS: check_keys,
    POOLS: check_pools,
    LIMITS: check_limits,
    "缓存": check_cache,
    "时钟": check_clock,
    "微信": check_white_list,
    IDENTITY_VERIFICATION: check_identity_verification,
    PAY: check_pay,
    MAIL: check_mail,
    FILES: check_files,
    SEARCH: check_search,
    DOCUMENTS: check_fonts,
    SEALS: check_seals,
    BACKUPS: check_backup_tools,
    "审计": check_chain,
    UNDERSTANDING: check_understanding,
}


def render(findings: Sequence[CheckFinding]) -> str:
    """The report as text."""
    marks = {"ok": "✓", "problem": "✗", "skipped": "–"}
    lines = [f"{marks[finding.state]} {finding.check}：{finding.text}" for finding in findings]
    count = sum(finding.state == "problem" for finding in findings)
    lines.append("")
    lines.append(f"还有 {count} 处需要处理。" if count else "没有发现问题，可以上线。")
    return "\n".join(lines)
