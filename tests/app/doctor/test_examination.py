"""The doctor names what is missing, and nothing that is well."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import asyncpg
import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from pydantic import SecretStr

from app.doctor import examination as doctor
from app.doctor.examination import examine, render
from app.doctor.findings import CheckFinding, ok, problem
from app.sandbox_setup import demo_account, demo_mini_program
from config.settings import PaySettings, Settings, SmsPool, SmsSettings, VoicePool, VoiceSettings, Wechat
from domain.ids import new_id
from domain.rulebook.notice_texts import sms_templates, voice_templates
from services.core.audit_chain import chain
from tests.factories.rulebooks import load_rulebook
from tests.factories.settings import make_settings, production_settings
from tests.gateways.mail_server import Server, serve_mail
from tests.gateways.pay_platform import UnknownOrders, merchant, serve_platform

Serve = Callable[[Any], Awaitable[TestServer]]


def _problems(findings: list[CheckFinding]) -> dict[str, str]:
    problems: dict[str, str] = {}
    for finding in findings:
        if finding.state == "problem":
            problems[finding.check] = problems.get(finding.check, "") + finding.text
    return problems


def _finding_of(check: str, findings: list[CheckFinding]) -> CheckFinding:
    (finding,) = [finding for finding in findings if finding.check == check]
    return finding


def sms_of(pools: dict[str, SmsPool]) -> SmsSettings:
    return production_settings().sms.model_copy(update={"pools": pools})


def voice_of(pools: dict[str, VoicePool]) -> VoiceSettings:
    return production_settings().voice.model_copy(update={"pools": pools})


def complete_settings(database_url: str, redis_url: str, api_url: str) -> Settings:
    """One pool with everything that production asks for."""
    settings = production_settings()
    texts = load_rulebook(settings.rulebooks / "hunan.toml").texts
    cards = {kind: f"T_{kind}" for kind in texts}
    own = {"appid": "wx1111111111111111", "secret": SecretStr("own"), "templates": cards}
    account = demo_account("hunan").model_copy(
        update=own | {"token": SecretStr("own"), "aes_key": SecretStr("k" * 43)},
    )
    program = demo_mini_program("hunan").model_copy(update=own)
    wechat = Wechat(
        api_url=api_url,
        open_url="https://open.example",
        script_url="https://script.example/sdk.js",
        accounts={"hunan": account},
        mini_programs={"hunan": program},
    )
    sms = sms_of(
        {"hunan": SmsPool(sign_name="湖南评标", templates={kind: f"SMS_{kind}" for kind in sms_templates(texts)})}
    )
    voice = voice_of({"hunan": VoicePool(templates={kind: f"TTS_{kind}" for kind in voice_templates(texts)})})
    return settings.model_copy(
        update={
            "database_url": database_url,
            "redis_url": redis_url,
            "pools": ["hunan"],
            "wechat": wechat,
            "sms": sms,
            "voice": voice,
        }
    )


@pytest.fixture(autouse=True)
def _busy_machine(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(doctor, "TIMEOUT", 90.0)


@pytest.fixture
async def wechat(aiohttp_server: Serve) -> tuple[str, dict[str, Any]]:
    """A WeChat whose answers the test puts into the dictionary."""
    answer: dict[str, Any] = {"access_token": "token", "expires_in": 7200}

    async def stable_token(request: web.Request) -> web.Response:
        body = await request.json()
        assert body["grant_type"] == "client_credential"
        assert "force_refresh" not in body
        return web.json_response(answer)

    app = web.Application()
    app.router.add_post("/cgi-bin/stable_token", stable_token)
    server = await aiohttp_server(app)
    return f"http://127.0.0.1:{server.port}", answer


async def test_a_complete_installation_has_only_its_test_servers_faults(
    database: str, redis: str, wechat: tuple[str, dict[str, Any]], tmp_path: Path
) -> None:
    settings = complete_settings(database, redis, wechat[0])
    async with serve_platform() as pay, serve_mail(post := Server()):
        pay.now = datetime.now(UTC)
        pay.answers = UnknownOrders()
        mail = settings.mail.model_copy(update={"host": "127.0.0.1", "port": post.port, "tls": "none", "username": ""})
        money = PaySettings(api_url=f"{pay.url}/pay", merchants={"hunan": merchant()})
        update = {"data_dir": tmp_path, "mail": mail, "pay": money}
        problems = _problems(await examine(settings.model_copy(update=update)))
    assert problems.pop("专家库").startswith("hunan：没有地区目录")  # and it is empty
    assert problems.pop("数据库") == "fsync 已关闭，断电会损坏数据，请打开。"  # as are the servers of tests
    assert "PBT_WECHAT__API_URL 还指向本机" in problems["设置"]
    assert "PBT_PAY__API_URL 还指向本机" in problems.pop("设置")
    assert problems == {}


async def test_the_doctor_lists_the_settings_and_templates_that_a_demonstration_lacks(
    database: str, redis: str
) -> None:
    settings = make_settings(database_url=database, redis_url=redis)
    problems = _problems(await examine(settings))
    assert "PBT_ENV=production" in problems["设置"]
    assert "PBT_KEYS__DATA" in problems["设置"]
    assert "hunan）没有服务号" in problems["模板"]
    assert "verification_code" in problems["模板"]
    assert not {"表结构", "缓存", "时钟", "审计", "规则"} & problems.keys()


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        ({"errcode": 40164, "errmsg": "invalid ip 203.0.113.7 ipv6 ::ffff, not in whitelist"}, "203.0.113.7 不在"),
        ({"errcode": 40164, "errmsg": "not in whitelist"}, "不在白名单"),
        ({"errcode": 40125, "errmsg": "invalid appsecret"}, "AppSecret 不正确"),
        ({"errcode": 40013, "errmsg": "invalid appid"}, "AppID 不正确"),
        ({"errcode": 61024, "errmsg": "hint"}, "微信回复 61024"),
        ({"access_token": ""}, "微信回复 None"),
    ],
)
async def test_wechats_answer_is_put_into_words(
    wechat: tuple[str, dict[str, Any]], answer: dict[str, Any], words: str
) -> None:
    wechat[1].clear()
    wechat[1].update(answer)
    findings = await doctor.check_white_list(complete_settings("", "", wechat[0]))
    assert [finding.state for finding in findings] == ["problem", "problem"]
    assert all(words in finding.text for finding in findings)


async def test_dead_servers_are_named_and_the_rest_is_still_looked_at() -> None:
    settings = complete_settings(
        "postgres://me:hush@127.0.0.1:1/db", "redis://:hush@127.0.0.1:1/0", "http://127.0.0.1:1"
    )
    findings = await examine(settings)
    problems = _problems(findings)
    assert {"数据库", "缓存", "微信"} <= problems.keys()
    assert "PBT_DATABASE_URL" in problems["数据库"]
    assert _finding_of("表结构", findings).state == "skipped"
    assert _finding_of("规则", findings).state == "ok"
    assert "hush" not in render(findings)


async def test_an_old_schema_asks_for_migration(empty_database: str, redis: str) -> None:
    settings = complete_settings(empty_database, redis, "http://127.0.0.1:1")
    findings = await examine(settings)
    assert "pbt migrate" in _problems(findings)["表结构"]
    assert _finding_of("审计", findings).state == "skipped"


async def test_a_wrong_clock_is_measured(database: str, redis: str, monkeypatch: pytest.MonkeyPatch) -> None:
    class Early(datetime):
        @classmethod
        def now(cls, tz: Any = None) -> datetime:
            return datetime.fromtimestamp(datetime.now(UTC).timestamp() - 90, UTC)

    settings = complete_settings(database, redis, "")
    assert (await doctor.check_clock(settings))[0].state == "ok"
    monkeypatch.setattr(doctor, "datetime", Early)
    (finding,) = await doctor.check_clock(settings)
    assert finding.state == "problem"
    assert "相差 90" in finding.text or "相差 89" in finding.text


async def test_a_changed_audit_entry_breaks_the_chain(database: str, redis: str) -> None:
    settings = complete_settings(database, redis, "")
    connection = await asyncpg.connect(database)
    try:
        head = "0" * 64
        for number in range(1, 4):
            row = {
                "id": new_id(),
                "pool": "hunan",
                "at": datetime.now(UTC),
                "actor_id": None,
                "actor_role": "system",
                "action": f"act-{number}",
                "subject": "draw",
                "subject_id": None,
                "details": "{}",
            }
            head = chain(head, number, row)
            await connection.execute(
                "INSERT INTO audit_entry (id, pool, at, actor_id, actor_role, action, subject, subject_id, details, "
                "number, hash) VALUES ($1, $2, $3, $4, $5, $6, $7, $8, $9, $10, $11)",
                *row.values(),
                number,
                head,
            )
        assert (await doctor.check_chain(settings))[0].state == "ok"
        await connection.execute("ALTER TABLE audit_entry DISABLE TRIGGER USER")
        await connection.execute("UPDATE audit_entry SET action = 'other' WHERE number = 2")
    finally:
        await connection.close()
    (finding,) = await doctor.check_chain(settings)
    assert finding.state == "problem"
    assert "hunan 的审计链在第 2 条断开" in finding.text


async def test_a_bad_rulebook_is_a_problem_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "hunan.toml").write_text("nonsense = 1\n")
    settings = complete_settings("", "", "").model_copy(update={"rulebooks": tmp_path, "pools": ["hunan", "jilin"]})
    text = _problems(await doctor.check_books(settings))["规则"]
    assert "hunan.toml" in text
    assert "jilin 没有规则文件" in text
    assert (await doctor.check_templates(settings))[0].state == "skipped"


async def test_a_check_that_hangs_is_given_up(monkeypatch: pytest.MonkeyPatch) -> None:
    async def hang(_settings: Settings) -> list[CheckFinding]:
        await asyncio.Event().wait()
        return []

    monkeypatch.setattr(doctor, "TIMEOUT", 0.05)
    monkeypatch.setattr(doctor, "CHECKS", {"慢": hang})
    (finding,) = await examine(complete_settings("", "", ""))
    assert (finding.check, finding.state) == ("慢", "problem")


def test_the_report_counts_what_is_to_do() -> None:
    report = render([ok("设置", "好。"), problem("缓存", "连不上。")])
    assert "✓ 设置：好。" in report
    assert "还有 1 处需要处理。" in report
    assert "可以上线" in render([ok("设置", "好。")])


async def test_missing_sms_templates_of_a_pool_are_listed(tmp_path: Path) -> None:
    settings = complete_settings("", "", "").model_copy(update={"pools": ["hunan", "jilin"]})
    wanted = sms_templates(load_rulebook(settings.rulebooks / "jilin.toml").texts)
    own = SmsPool(sign_name="吉林评标", templates={kind: f"S_{kind}" for kind in wanted if kind != "draw_call"})
    told = await _template_findings(settings, sms=sms_of({**settings.sms.pools, "jilin": own}))
    assert "jilin 的短信缺少模板编号：draw_call。请在阿里云申请后填入 PBT_SMS__POOLS 中 jilin 的 templates" in told


async def test_pools_that_share_must_say_the_same(tmp_path: Path) -> None:
    """Otherwise another pool's texts go out under this pool's signature."""
    settings = complete_settings("", "", "").model_copy(update={"pools": ["hunan", "jilin"]})
    shared = sms_of({**settings.sms.pools, "jilin": SmsPool(share="hunan")})
    texts = [sms_templates(load_rulebook(settings.rulebooks / f"{pool}.toml").texts) for pool in settings.pools]
    different = sorted(kind for kind in texts[1] if texts[0].get(kind, texts[1][kind]) != texts[1][kind])
    told = await _template_findings(settings, sms=shared)
    assert bool(different) == ("jilin 与 hunan 共用短信模板，但文字不同" in told)
    assert all(kind in told for kind in different)


async def test_an_sms_template_code_used_for_two_texts_is_reported(tmp_path: Path) -> None:
    settings = complete_settings("", "", "")
    pool = settings.sms.pools["hunan"]
    same_code = dict.fromkeys(pool.templates, "SMS_1")
    told = await _template_findings(settings, sms=sms_of({"hunan": pool.model_copy(update={"templates": same_code})}))
    assert "短信模板 SMS_1 同时用于 hunan 的" in told


async def _template_findings(settings: Settings, **update: object) -> str:
    return "".join(finding.text for finding in await doctor.check_templates(settings.model_copy(update=update)))


@pytest.mark.parametrize(("long_term", "named"), [({"T_fee_open"}, []), ({"T_fee_open", "T_typo"}, ["T_typo"])])
def test_a_long_term_id_that_no_kind_uses_is_named(long_term: set[str], named: list[str]) -> None:
    """It would count as one-time, and its kind would fall silent after one message."""
    program = demo_mini_program("hunan").model_copy(
        update={"templates": {"fee_open": "T_fee_open"}, "long_term": tuple(long_term)}
    )
    account = demo_account("hunan").model_copy(
        update={"subscriptions": {"draw_call": "T_fee_open"}, "long_term": tuple(long_term)}
    )
    wechat = Wechat(accounts={"hunan": account}, mini_programs={"hunan": program})
    texts = doctor.unknown_long_term(wechat, "hunan")
    assert [text for text in texts if "T_typo" in text] == texts
    assert len(texts) == 2 * len(named)


def test_a_kind_sent_as_a_subscription_notice_needs_no_template_and_an_unsent_one_is_named() -> None:
    settings = production_settings()
    book = load_rulebook(settings.rulebooks / "hunan.toml")
    kinds = [kind for kind, text in book.texts.items() if text.wechat]
    account = demo_account("hunan").model_copy(
        update={
            "templates": {kind: "T" for kind in kinds if kind != "draw_call"},
            "subscriptions": {"draw_call": "S", "verification_code": "S"},
        }
    )
    wechat = Wechat(accounts={"hunan": account}, mini_programs={"hunan": demo_mini_program("hunan")})
    findings = doctor._pool_templates(settings.model_copy(update={"wechat": wechat}), "hunan", book)
    [text] = [finding.text for finding in findings]
    assert "不经公众号发送的通知：verification_code" in text
