"""Both sides of the demonstration agree, and production takes none of it."""

from __future__ import annotations

import base64
import json
from pathlib import Path

import pytest
from pydantic import SecretStr
from stdnum.cn import ric

from app.players.people import CAST, EXPERTS, STAFF
from app.rulebook_files import load_rulebooks
from app.sandbox_keys import public_pem
from app.sandbox_setup import check_production, sandbox_config, with_demo_accounts
from config.settings import OfficialAccount, Settings
from domain.rulebook.notice_texts import sms_templates, voice_templates
from sandbox.config import parse
from tests.factories.settings import make_settings, production_settings


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A data folder, where the merchants' keys are kept."""
    return tmp_path_factory.mktemp("data")


@pytest.fixture(scope="module")
def demo(folder: Path) -> Settings:
    return with_demo_accounts(make_settings(data_dir=folder))


@pytest.fixture(scope="module")
def config(demo: Settings) -> dict[str, object]:
    books = load_rulebooks(demo.rulebooks, demo.pools)
    return sandbox_config(demo, books, CAST, public_url="http://127.0.0.1:8090")


def test_every_pool_has_accounts_of_the_right_shape(demo: Settings) -> None:
    assert set(demo.wechat.accounts) == set(demo.wechat.mini_programs) == set(demo.pools)
    for account in demo.wechat.accounts.values():
        assert len(account.appid) == 18
        assert account.token.get_secret_value().isalnum()
        assert len(base64.b64decode(account.aes_key.get_secret_value() + "=", validate=True)) == 32
        assert account.mode == "safe"
    ids = [
        *(item.appid for item in demo.wechat.accounts.values()),
        *(item.appid for item in demo.wechat.mini_programs.values()),
    ]
    assert len(set(ids)) == 2 * len(demo.pools)


def test_an_account_that_was_set_is_kept(demo: Settings, folder: Path) -> None:
    mine = demo.wechat.accounts["hunan"].model_copy(update={"appid": "wx0000000000000001"})
    settings = make_settings(data_dir=folder, wechat={"accounts": {"demo": mine.model_dump()}})
    assert with_demo_accounts(settings).wechat.accounts["demo"].appid == "wx0000000000000001"


def test_the_sandbox_understands_its_configuration(config: dict[str, object], demo: Settings) -> None:
    read = parse(json.loads(json.dumps(config)))
    assert [account.pool for account in read.accounts] == demo.pools
    assert read.accounts[0].callback_url == "http://127.0.0.1:8080/wechat/demo"
    assert read.sms.access_key_secret == demo.sms.access_key_secret.get_secret_value()
    assert read.sms.report_url == "http://127.0.0.1:8080/receipts/sandbox-receipts/sms"
    assert "${" in read.sms.templates["SMS_hunan.draw_call"]
    assert "TTS_hunan.draw_call.attend" in read.voice.templates
    assert read.accounts[0].templates["draw_call"].fields["time1"] == "集合时间"
    offices = {"agency", "verifier", "supervisor", "venue", "legal", "admin", "applicant", "reviewer"}
    assert {person.role for person in read.people} == {"expert", *offices}
    assert {p.role: p.user_type for p in read.people if p.credit_code} == {"agency": "agent", "legal": "legal"}


def test_the_vendor_knows_a_text_under_its_own_code(folder: Path) -> None:
    sms = {"pools": {"demo": {"sign_name": "评标通", "templates": {"draw_call": "SMS_1"}}}}
    settings = with_demo_accounts(make_settings(data_dir=folder, pools="demo", sms=sms))
    config = sandbox_config(settings, load_rulebooks(settings.rulebooks, ["demo"]), CAST, public_url="http://x")
    templates = parse(json.loads(json.dumps(config))).sms.templates
    assert "SMS_1" in templates
    assert "SMS_demo.draw_call" not in templates


def test_each_pool_s_code_stands_for_its_own_text(config: dict[str, object], demo: Settings) -> None:
    """With one code for all pools the first pool's text would go out for every pool."""
    read, books = parse(json.loads(json.dumps(config))), load_rulebooks(demo.rulebooks, demo.pools)
    for pool, book in books.items():
        sms, voice = demo.sms.of(pool), demo.voice.of(pool)
        assert sms is not None
        assert voice is not None
        for kind, text in sms_templates(book.texts).items():
            assert read.sms.templates[sms.templates[kind]] == text
        for kind, text in voice_templates(book.texts).items():
            assert read.voice.templates[voice.templates[kind]] == text
    assert len(read.sms.signs) == len(demo.pools)


def test_production_does_not_start_while_a_pool_could_send_nothing() -> None:
    settings = production_settings()
    sms = settings.sms.model_copy(update={"pools": {**settings.sms.pools}})
    del sms.pools["jilin"]
    problems = check_production(settings.model_copy(update={"sms": sms}))
    assert problems == ["PBT_SMS__POOLS 中没有 jilin：请填写它自己的短信签名和模板，或用 share 指明与哪个专家库共用。"]


def test_demo_people_are_well_formed_and_distinct() -> None:
    assert len({person.mobile for person in CAST}) == len({person.id_number for person in CAST}) == len(CAST)
    assert all(ric.is_valid(person.id_number) for person in CAST)
    assert {person.role for person in STAFF} == {"agency", "verifier", "supervisor", "venue"}
    assert len(EXPERTS) >= 12


def test_the_sandbox_may_run_on_demo_secrets(demo: Settings) -> None:
    assert check_production(demo) == []


def test_both_ways_of_verifying_are_lived_through(demo: Settings) -> None:
    """Both ways of invoicing, too: by the platform and by the office."""
    merchants = demo.pay.merchants
    assert set(merchants) == {"demo", "xinjiang"}
    assert (merchants["demo"].public_key_id[:11], merchants["demo"].fapiao) == ("PUB_KEY_ID_", True)
    assert (merchants["xinjiang"].public_key_id, merchants["xinjiang"].fapiao) == ("", False)


def test_the_sandbox_knows_the_merchants_by_their_public_keys(config: dict[str, object], demo: Settings) -> None:
    pay = parse(json.loads(json.dumps(config))).pay
    known = {merchant.mchid: merchant for merchant in pay.merchants}
    assert {name: known[mine.mchid].mode for name, mine in demo.pay.merchants.items()} == {
        "demo": "public_key",
        "xinjiang": "certificate",
    }
    mine = demo.pay.merchants["demo"]
    assert known[mine.mchid].public_key == public_pem(mine.private_key.get_secret_value())
    assert public_pem(pay.private_key) == mine.public_key
    assert pay.public_key_id == mine.public_key_id
    apps = {demo.wechat.accounts["demo"].appid, demo.wechat.mini_programs["demo"].appid}
    assert set(known[mine.mchid].appids) == apps
    assert known[mine.mchid].fapiao_url == "http://127.0.0.1:8080/callbacks/pay/demo"
    assert "PRIVATE" not in known[mine.mchid].public_key


def test_pools_without_payments_need_no_keys(tmp_path: Path) -> None:
    settings = with_demo_accounts(make_settings(data_dir=tmp_path / "data", pools="hunan"))
    assert settings.pay.merchants == {}
    books = load_rulebooks(settings.rulebooks, ["hunan"])
    assert parse(sandbox_config(settings, books, CAST, public_url="http://x")).pay.merchants == ()
    assert not (tmp_path / "data").exists()


def test_the_sandbox_takes_our_mail_unless_it_goes_elsewhere(config: dict[str, object], demo: Settings) -> None:
    mail = parse(json.loads(json.dumps(config))).mail
    assert mail is not None
    assert (mail.smtp_port, mail.username) == (demo.mail.port, demo.mail.username)
    elsewhere = demo.model_copy(update={"mail": demo.mail.model_copy(update={"host": "smtp.example"})})
    books = load_rulebooks(demo.rulebooks, demo.pools)
    assert parse(sandbox_config(elsewhere, books, CAST, public_url="http://x")).mail is None


def test_production_refuses_every_demo_secret_by_name(demo: Settings) -> None:
    problems = "\n".join(check_production(demo.model_copy(update={"env": "production"})))
    for name in (
        *("PBT_KEYS__DATA 中的 k1", "PBT_KEYS__LOOKUP", "PBT_KEYS__SIGNING", "hunan 的 secret", "hunan 的 token"),
        *("hunan 的 aes_key", "PBT_WECHAT__MINI_PROGRAMS 中 jilin", "PBT_SMS__ACCESS_KEY_SECRET"),
        *("PBT_VOICE__ACCESS_KEY_SECRET", "PBT_RECEIPTS__PATH_TOKEN", "PBT_IDENTITY__CLIENT_SECRET"),
        *("PBT_PAY__MERCHANTS 中 demo 的 apiv3_key", "PBT_PAY__MERCHANTS 中 xinjiang 还是沙箱的商户"),
        *("PBT_MAIL__PASSWORD", "PBT_MAIL__HOST", "PBT_PAY__API_URL"),
        *("PBT_WECHAT__API_URL", "PBT_SMS__URL", "PBT_VOICE__URL", "PBT_IDENTITY__ISSUER", "PBT_HTTP__PUBLIC_URL"),
    ):
        assert name in problems
    assert "sandbox-sms-secret" not in problems


def test_production_takes_settings_of_its_own() -> None:
    assert check_production(production_settings()) == []


def test_one_forgotten_secret_is_enough() -> None:
    settings = production_settings()
    reports = settings.delivery_reports.model_copy(update={"path_token": SecretStr("sandbox-receipts")})
    problems = check_production(settings.model_copy(update={"delivery_reports": reports}))
    assert len(problems) == 1
    assert "PBT_RECEIPTS__PATH_TOKEN" in problems[0]


@pytest.mark.parametrize("secret", ["", "1", "own-receipts", "a" * 40, "with/slash" * 4])
def test_production_refuses_a_report_address_that_can_be_guessed(secret: str) -> None:
    settings = production_settings()
    reports = settings.delivery_reports.model_copy(update={"path_token": SecretStr(secret)})
    [problem] = check_production(settings.model_copy(update={"delivery_reports": reports}))
    assert "PBT_RECEIPTS__PATH_TOKEN" in problem
    assert "32" in problem


def test_production_refuses_messages_without_encryption() -> None:
    settings = production_settings()
    account = OfficialAccount(
        appid="wx1",
        secret=SecretStr("own"),
        token=SecretStr("own"),
        aes_key=SecretStr("o" * 43),
        original_id="gh_1",
        mode="plain",
    )
    wechat = settings.wechat.model_copy(update={"accounts": {"hunan": account}})
    [problem] = check_production(settings.model_copy(update={"wechat": wechat}))
    assert "hunan 的 mode 是 plain" in problem
