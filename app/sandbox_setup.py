"""The demonstration's own accounts: settings that fit the sandbox, and the sandbox's configuration that fits them.

All of it is derived from the pool's code, so that every process and both sides of a connection agree without a file
(except RSA keys, see ``sandbox_keys``). Every secret begins with ``sandbox`` (or, where a key must be bytes, its bytes
do); production refuses each of them.
"""

from __future__ import annotations

import base64
import binascii
import hashlib
import re
from collections.abc import Collection, Mapping, Sequence
from urllib.parse import urlsplit

from pydantic import SecretStr

from app.doctor.phones import missing_pools
from app.key_strength import check_own_keys
from app.players.people import DemoPerson
from app.sandbox_keys import CERTIFICATE, PLATFORM, demo_keys, public_pem
from app.sandbox_phones import lines, signs, sms_texts, voice_texts, with_demo_phones
from app.sandbox_platform import DEMO_PLATFORM
from config.settings import MailSettings, MiniProgramSettings, OfficialAccount, PayMerchant, Settings
from domain.rulebook.book import Rulebook
from domain.rulebook.notice_texts import TemplateText

MARK = "sandbox"
PUBLIC_KEY_ID = "PUB_KEY_ID_0100000000002026010100000001"
MERCHANTS = {"demo": True, "xinjiang": False}
"""Pools that take payments in the demonstration, and whether their merchant issues invoices. ``demo`` verifies by
WeChat's public key, ``xinjiang`` by platform certificates, so that both ways are exercised."""
_KINDS = 10
"""Minimum number of different characters in a random secret of 32."""
LOOPBACK = ("127.0.0.1", "localhost", "::1")
LOOPBACK_NETWORKS = ["127.0.0.0/8", "::1/128"]
"""Where the sandbox's platform receives events."""


def with_demo_accounts(settings: Settings) -> Settings:
    """Settings with an official account, a mini-program, SMS and voice for every pool that has none, with demo
    merchants, with the identity verification everywhere, and with events posted to this machine.

    Generates missing keys of the merchants in the data folder; CommandError when that can't be done.
    """
    wechat = settings.wechat
    accounts = {pool: wechat.accounts.get(pool) or demo_account(pool) for pool in settings.pools}
    programs = {pool: wechat.mini_programs.get(pool) or demo_mini_program(pool) for pool in settings.pools}
    update = {"accounts": wechat.accounts | accounts, "mini_programs": wechat.mini_programs | programs}
    merchants = demo_merchants(settings) | settings.pay.merchants
    checked = settings.person_check.pools or list(settings.pools)
    return with_demo_phones(settings).model_copy(
        update={
            "wechat": wechat.model_copy(update=update),
            "pay": settings.pay.model_copy(update={"merchants": merchants}),
            "webhooks": settings.webhooks.model_copy(
                update={"allowed_networks": settings.webhooks.allowed_networks or LOOPBACK_NETWORKS}
            ),
            "person_check": settings.person_check.model_copy(update={"pools": checked}),
        }
    )


def demo_account(pool: str) -> OfficialAccount:
    return OfficialAccount(
        appid=_appid(f"oa-{pool}"),
        secret=SecretStr(f"{MARK}-{pool}-oa-secret"),
        token=SecretStr(f"{MARK}{pool.replace('_', '')}"),  # WeChat allows letters and digits only
        aes_key=SecretStr(_aes_key(pool)),
        original_id=f"gh_{_digest(f'gh-{pool}')[:12]}",
        menus_by_role=True,
    )


def demo_mini_program(pool: str) -> MiniProgramSettings:
    return MiniProgramSettings(appid=_appid(f"mini-{pool}"), secret=SecretStr(f"{MARK}-{pool}-mini-secret"))


def demo_merchants(settings: Settings) -> dict[str, PayMerchant]:
    pools = tuple(pool for pool in MERCHANTS if pool in settings.pools and pool not in settings.pay.merchants)
    if not pools:
        return {}
    keys = demo_keys(settings.data_dir, tuple(MERCHANTS))
    by_public_key = {"public_key_id": PUBLIC_KEY_ID, "public_key": public_pem(keys[PLATFORM])}
    return {
        pool: PayMerchant(
            mchid=_mchid(pool),
            serial=_digest(f"serial-{pool}")[:40],
            private_key=SecretStr(keys[pool]),
            apiv3_key=SecretStr(f"{MARK}{_digest(f'apiv3-{pool}')}"[:32]),
            fapiao=MERCHANTS[pool],
            **(by_public_key if pool == "demo" else {}),
        )
        for pool in pools
    }


def _mchid(pool: str) -> str:
    return f"19{int(_digest(f'mchid-{pool}')[:6], 16):08d}"


def _appid(name: str) -> str:
    return f"wx{_digest(name)[:16]}"


def _digest(name: str) -> str:
    return hashlib.sha256(f"{MARK}-{name}".encode()).hexdigest()


def _aes_key(pool: str) -> str:
    """43 characters: base64 of 32 bytes without its padding, as WeChat's console shows an EncodingAESKey."""
    raw = f"{MARK}-aes-{pool}".encode().ljust(32, b"-")[:32]
    return base64.b64encode(raw).decode().rstrip("=")


def sandbox_config(
    settings: Settings, books: Mapping[str, Rulebook], people: Sequence[DemoPerson], *, public_url: str
) -> dict[str, object]:
    """The sandbox's configuration file. ``public_url`` is the sandbox's own address in a browser."""
    service = f"http://{settings.http.host}:{settings.http.port}"
    reports = f"{service}/receipts/{settings.delivery_reports.path_token.get_secret_value()}"
    return {
        "service_url": service,
        "service_public_url": settings.public_url,
        "public_url": public_url,
        "accounts": [_account(pool, settings, books, service) for pool in settings.pools],
        "mini_programs": [_mini_program(pool, settings, books) for pool in settings.pools],
        "sms": {
            "access_key_id": settings.sms.access_key_id,
            "access_key_secret": settings.sms.access_key_secret.get_secret_value(),
            "report_url": f"{reports}/sms",
            "templates": sms_texts(settings.sms, books),
            "signs": signs(settings.sms),
        },
        **({"platform": DEMO_PLATFORM.as_config()} if DEMO_PLATFORM.pool in settings.pools else {}),
        "voice": {
            "access_key_id": settings.voice.access_key_id,
            "access_key_secret": settings.voice.access_key_secret.get_secret_value(),
            "report_url": f"{reports}/voice",
            "templates": voice_texts(settings.voice, books),
            "lines": lines(settings.voice, settings.pools),
            "incoming_url": f"{reports}/call",
        },
        "persons": {
            "access_key_id": settings.person_check.access_key_id,
            "access_key_secret": settings.person_check.access_key_secret.get_secret_value(),
        },
        "identity": {
            "client_id": settings.identity.client_id,
            "client_secret": settings.identity.client_secret.get_secret_value(),
        },
        "pay": _pay(settings, books, service),
        **({"mail": _mail(settings.mail)} if serves_mail(settings) else {}),
        "people": [person.as_config() for person in people],
    }


def serves_mail(settings: Settings) -> bool:
    """Whether the sandbox is the mail server; not when mail goes to a server of the operator's."""
    return settings.mail.host in LOOPBACK


def _mail(mail: MailSettings) -> dict[str, object]:
    return {
        "host": mail.host,
        "smtp_port": mail.port,
        "username": mail.username,
        "password": mail.password.get_secret_value(),
    }


def _pay(settings: Settings, books: Mapping[str, Rulebook], service: str) -> dict[str, object]:
    merchants = {pool: merchant for pool, merchant in settings.pay.merchants.items() if pool in settings.pools}
    if not merchants:
        return {"merchants": []}
    keys = demo_keys(settings.data_dir, tuple(MERCHANTS))
    return {
        "public_key_id": PUBLIC_KEY_ID,
        "private_key": keys[PLATFORM],
        "certificate_key": keys[CERTIFICATE],
        "merchants": [
            {
                **_merchant(pool, merchant, settings),
                "name": books[pool].pool.name,
                "fapiao_url": f"{service}/callbacks/pay/{pool}",
            }
            for pool, merchant in merchants.items()
        ],
    }


def _merchant(pool: str, merchant: PayMerchant, settings: Settings) -> dict[str, object]:
    apps = (settings.wechat.accounts.get(pool), settings.wechat.mini_programs.get(pool))
    return {
        "mchid": merchant.mchid,
        "serial_no": merchant.serial,
        "public_key": public_pem(merchant.private_key.get_secret_value()),
        "apiv3_key": merchant.apiv3_key.get_secret_value(),
        "appids": [app.appid for app in apps if app is not None],
        "mode": "public_key" if merchant.public_key_id else "certificate",
        "fapiao": merchant.fapiao,
    }


def _account(pool: str, settings: Settings, books: Mapping[str, Rulebook], service: str) -> dict[str, object]:
    account = settings.wechat.accounts[pool]
    cards = {kind: texts.wechat for kind, texts in books[pool].texts.items()}
    return {
        "pool": pool,
        "name": books[pool].pool.account_name,
        "appid": account.appid,
        "secret": account.secret.get_secret_value(),
        "token": account.token.get_secret_value(),
        "aes_key": account.aes_key.get_secret_value(),
        "original_id": account.original_id,
        "mode": account.mode,
        "callback_url": f"{service}/wechat/{pool}",
        "templates": _cards(account.templates, cards)
        | _cards(account.subscriptions, {kind: cards[kind] for kind in account.subscriptions}, account.long_term),
    }


def _mini_program(pool: str, settings: Settings, books: Mapping[str, Rulebook]) -> dict[str, object]:
    program = settings.wechat.mini_programs[pool]
    cards = {kind: texts.subscribe for kind, texts in books[pool].texts.items()}
    return {
        "pool": pool,
        "name": books[pool].pool.account_name,
        "appid": program.appid,
        "secret": program.secret.get_secret_value(),
        "templates": _cards(program.templates, cards, program.long_term),
    }


def _cards(
    ids: Mapping[str, str], cards: Mapping[str, TemplateText | None], long_term: Collection[str] = ()
) -> dict[str, object]:
    """Message templates by id; a kind without an id uses its name."""
    return {
        ids.get(kind, kind): {
            "title": card.title,
            "fields": {name: field.label for name, field in card.fields.items()},
            "long_term": ids.get(kind, kind) in long_term,
        }
        for kind, card in cards.items()
        if card is not None
    }


def check_production(settings: Settings) -> list[str]:
    """Why these settings must not serve real people; empty if nothing is wrong."""
    if settings.env != "production":
        return []
    problems = [f"{name} 还是演示用的密钥，请换成您自己的。" for name, value in _secrets(settings) if _is_demo(value)]
    problems += check_own_keys(settings.keys, MARK.encode())
    for name, url in _urls(settings):
        if urlsplit(url).hostname in LOOPBACK:
            problems.append(f"{name} 还指向本机的沙箱（{url}），请改为平台的正式地址。")
    problems += [
        f"PBT_PAY__MERCHANTS 中 {pool} 还是沙箱的商户，请换成您自己的商户号。"
        for pool, merchant in settings.pay.merchants.items()
        if merchant.mchid in map(_mchid, MERCHANTS)
    ]
    problems += missing_pools(settings)
    if serves_mail(settings) and settings.mail.port == MailSettings().port:
        problems.append("PBT_MAIL__HOST 还指向本机的沙箱，请改为您的邮件服务器。")
    problems += [
        f"PBT_WECHAT__ACCOUNTS 中 {pool} 的 mode 是 plain，消息不加密；请在公众平台改为安全模式，并改为 safe。"
        for pool, account in settings.wechat.accounts.items()
        if account.mode == "plain"
    ]
    if not _is_demo(settings.delivery_reports.path_token) and not _is_long_secret(settings.delivery_reports.path_token):
        problems.append(
            "PBT_RECEIPTS__PATH_TOKEN 太短或太简单：它是短信和语音回执地址中的密码，须为 32 个以上的随机字母和数字。"
        )
    if not settings.http.public_url.startswith("https://"):
        problems.append("PBT_HTTP__PUBLIC_URL 必须是 https:// 开头的公网地址，微信和手机用它打开页面。")
    return problems


def _secrets(settings: Settings) -> list[tuple[str, SecretStr]]:
    """Secrets issued by others; for our own see ``check_own_keys``."""
    secrets: list[tuple[str, SecretStr]] = []
    for pool, account in settings.wechat.accounts.items():
        prefix = f"PBT_WECHAT__ACCOUNTS 中 {pool} 的 "
        secrets += [(prefix + "secret", account.secret), (prefix + "token", account.token)]
        secrets += [(prefix + "aes_key", account.aes_key)]
    for pool, program in settings.wechat.mini_programs.items():
        secrets.append((f"PBT_WECHAT__MINI_PROGRAMS 中 {pool} 的 secret", program.secret))
    secrets += [
        ("PBT_SMS__ACCESS_KEY_SECRET", settings.sms.access_key_secret),
        ("PBT_VOICE__ACCESS_KEY_SECRET", settings.voice.access_key_secret),
        ("PBT_RECEIPTS__PATH_TOKEN", settings.delivery_reports.path_token),
        ("PBT_IDENTITY__CLIENT_SECRET", settings.identity.client_secret),
        ("PBT_MAIL__PASSWORD", settings.mail.password),
        ("PBT_FILES__SECRET_ACCESS_KEY", settings.files.secret_access_key),
    ]
    if settings.person_check.pools:
        secrets.append(("PBT_PERSON_CHECK__ACCESS_KEY_SECRET", settings.person_check.access_key_secret))
    for pool, merchant in settings.pay.merchants.items():
        secrets.append((f"PBT_PAY__MERCHANTS 中 {pool} 的 apiv3_key", merchant.apiv3_key))
    return secrets


def _urls(settings: Settings) -> list[tuple[str, str]]:
    return [
        ("PBT_WECHAT__API_URL", settings.wechat.api_url),
        ("PBT_WECHAT__OPEN_URL", settings.wechat.open_url),
        ("PBT_WECHAT__SCRIPT_URL", settings.wechat.script_url),
        ("PBT_SMS__URL", settings.sms.url),
        ("PBT_VOICE__URL", settings.voice.url),
        ("PBT_IDENTITY__ISSUER", settings.identity.issuer),
        *([("PBT_PERSON_CHECK__URL", settings.person_check.url)] if settings.person_check.pools else []),
        *([("PBT_PAY__API_URL", settings.pay.api_url)] if settings.pay.merchants else []),
    ]


def _is_long_secret(secret: SecretStr) -> bool:
    """At least 32 characters that may stand in a path, at least ten of them different."""
    value = secret.get_secret_value()
    return bool(re.fullmatch(r"[A-Za-z0-9_-]{32,}", value)) and len(set(value)) >= _KINDS


def _is_demo(secret: SecretStr) -> bool:
    value = secret.get_secret_value()
    if value.startswith(MARK):
        return True
    try:
        return base64.b64decode(value + "=" * (-len(value) % 4), validate=True).startswith(MARK.encode())
    except (binascii.Error, ValueError):
        return False
