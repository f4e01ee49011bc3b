"""Builds the service once: connections, gateways, services. Everything is closed in the opposite order."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from datetime import timedelta
from pathlib import Path

import aiohttp
from prometheus_client import REGISTRY, CollectorRegistry
from redis.asyncio import Redis
from tortoise import Tortoise

from app.assembly import Ports, make_services
from app.clock import make_clock
from app.command_error import CommandError
from app.follow_texts import begin_with_texts
from app.redis_connection import make_redis
from app.rulebook_files import load_rulebooks
from bot.windows import Windows
from config.settings import FileStore, Keys, PdfSeal, Settings
from domain.clock import Clock
from domain.rulebook.book import Rulebook
from gateways.alibaba.click_to_dial import AlibabaCallBridge
from gateways.alibaba.identity_verification import TIMEOUT as IDENTITY_VERIFICATION_TIMEOUT
from gateways.alibaba.identity_verification import AlibabaIdentityVerification
from gateways.alibaba.incoming_calls import AlibabaNumbers
from gateways.alibaba.sms import AlibabaSms
from gateways.alibaba.voice import AlibabaVoice
from gateways.document_renderer import TypstRenderer
from gateways.draw_relay import RedisDrawRelay
from gateways.files import StoredFiles, open_bucket, open_folder
from gateways.fonts import FontsMissing
from gateways.http import Metrics, Vendor
from gateways.identity import OidcIdentity
from gateways.mail import SmtpMailer
from gateways.operator_faults import OperatorFaults
from gateways.pdf_seal import PadesSealer, SealUnusable
from gateways.webhooks import Webhooks
from gateways.wechat.access_token import AccessTokens
from gateways.wechat.api import WechatApi
from gateways.wechat.face_check import WechatFaces
from gateways.wechat.mini_program import MiniPrograms
from gateways.wechat.official_account import OfficialAccounts
from gateways.wechat.page_tickets import PageTickets
from gateways.wechat.quota import DailyQuotas
from gateways.wechat.token_cache import SharedValues
from gateways.wechat_pay.platform import WechatPay
from models.database_connection import tortoise_config
from services.core.base import Deps, Jobs
from services.core.crypto import Keyring
from services.inspection.checker import FileChecker
from services.ports import MiniProgramAppids, Prices, RoleMenuPools, SubscribeTemplate, VerifiedPools
from services.registry import Services


@dataclass(frozen=True)
class Gateways:
    official: OfficialAccounts
    mini: MiniPrograms
    sms: AlibabaSms
    voice: AlibabaVoice
    bridge: AlibabaCallBridge
    identity: OidcIdentity
    identity_verification: AlibabaIdentityVerification
    faces: WechatFaces
    pages: PageTickets
    pay: WechatPay
    mail: SmtpMailer
    files: StoredFiles
    renderer: TypstRenderer
    sealer: PadesSealer
    relay: RedisDrawRelay
    webhooks: Webhooks


@dataclass(frozen=True)
class Container:
    """The parts of a process."""

    settings: Settings
    clock: Clock
    redis: Redis
    windows: Windows
    gateways: Gateways
    services: Services


@asynccontextmanager
async def build(settings: Settings, *, registry: CollectorRegistry = REGISTRY) -> AsyncIterator[Container]:
    """``settings`` with both server URLs filled in. The database must be migrated."""
    redis = make_redis(settings.redis_url)
    await Tortoise.init(
        config=tortoise_config(settings.database_url, pool_size=settings.db_pool_size), _enable_global_fallback=True
    )
    connector = aiohttp.TCPConnector(limit=200, limit_per_host=100)
    session = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
    try:
        clock = await make_clock(redis, movable=settings.env == "sandbox")
        rulebooks = load_rulebooks(settings.rulebooks, settings.pools)
        gateways = make_gateways(settings, rulebooks, session, redis, clock, registry)
        windows = Windows(redis, clock)
        services = make_services(make_deps(settings, rulebooks, clock), make_ports(settings, gateways, windows))
        await begin_with_texts(services.office_texts.texts)
        try:
            yield Container(settings, clock, redis, windows, gateways, services)
        finally:
            gateways.renderer.close()
            await gateways.webhooks.close()
    finally:
        await session.close()
        await Tortoise.close_connections()
        await redis.aclose()


def make_gateways(
    settings: Settings,
    rulebooks: Mapping[str, Rulebook],
    session: aiohttp.ClientSession,
    redis: Redis,
    clock: Clock,
    registry: CollectorRegistry,
) -> Gateways:
    metrics = Metrics(registry)
    shared = SharedValues(redis)
    wechat, voice = Vendor("wechat", session, metrics), Vendor("voice", session, metrics)
    tokens = AccessTokens(wechat, shared, settings.wechat.api_url)
    api = WechatApi(wechat, tokens, DailyQuotas(redis, clock), settings.wechat.api_url, clock)
    return Gateways(
        OfficialAccounts(settings.wechat, api),
        MiniPrograms(settings.wechat, api, clock),
        AlibabaSms(settings.sms, Vendor("sms", session, metrics), clock),
        AlibabaVoice(settings.voice, voice, clock),
        AlibabaCallBridge(settings.voice, voice, clock),
        OidcIdentity(settings.identity, Vendor("identity", session, metrics), clock),
        AlibabaIdentityVerification(
            settings.person_check, Vendor("persons", session, metrics, timeout=IDENTITY_VERIFICATION_TIMEOUT), clock
        ),
        WechatFaces(settings.wechat, api),
        PageTickets(settings.wechat, api, shared, clock),
        WechatPay(
            settings.pay, settings.wechat, Vendor("pay", session, metrics), clock, public_url=settings.public_url
        ),
        SmtpMailer(
            settings.mail,
            {pool: book.pool.name for pool, book in rulebooks.items()},
            Vendor("mail", session, metrics),
            clock,
        ),
        open_files(settings.files, settings.data_dir / "files", metrics.operator_faults),
        open_renderer(settings.fonts),
        open_seals(settings.seals),
        RedisDrawRelay(redis),
        Webhooks(settings.webhooks),
    )


NO_FONTS = "没有找到中文字体，请安装 requirements-fonts.txt（make run 会安装它），或用 PBT_FONTS 指定字体目录。"


def open_renderer(fonts: Path | None) -> TypstRenderer:
    """Raises CommandError without a font for documents."""
    try:
        return TypstRenderer(fonts)
    except FontsMissing as error:
        raise CommandError(NO_FONTS) from error


def open_seals(seals: Mapping[str, PdfSeal]) -> PadesSealer:
    """Raises CommandError for an unusable signing key: no start is better than unsigned certificates."""
    try:
        return PadesSealer(seals)
    except SealUnusable as error:
        raise CommandError(str(error)) from error


def open_files(store: FileStore, folder: Path, operator_faults: OperatorFaults | None = None) -> StoredFiles:
    """The bucket in the settings, else ``folder``."""
    if not store.url:
        return open_folder(folder, operator_faults)
    bucket, _, prefix = store.url.removeprefix("s3://").partition("/")
    return open_bucket(
        bucket,
        region=store.region,
        access_key_id=store.access_key_id,
        secret_access_key=store.secret_access_key.get_secret_value(),
        endpoint=store.endpoint,
        prefix=prefix,
        operator_faults=operator_faults,
    )


def make_deps(settings: Settings, rulebooks: Mapping[str, Rulebook], clock: Clock) -> Deps:
    answers_kept_for = timedelta(hours=settings.answers_kept_hours)
    return Deps(
        clock,
        make_keyring(settings.keys),
        rulebooks,
        Jobs(),
        settings.public_url,
        answers_kept_for,
        settings.puzzle_bits,
    )


def make_ports(settings: Settings, gateways: Gateways, windows: Windows) -> Ports:
    programs, accounts = settings.wechat.mini_programs, settings.wechat.accounts

    def subscribe_template(pool: str, kind: str) -> SubscribeTemplate:
        template = programs[pool].templates.get(kind, kind) if pool in programs else kind
        return SubscribeTemplate(template, pool in programs and template in programs[pool].long_term)

    def account_subscription(pool: str, kind: str) -> SubscribeTemplate | None:
        template = accounts[pool].subscriptions.get(kind) if pool in accounts else None
        return SubscribeTemplate(template, template in accounts[pool].long_term) if template else None

    return Ports(
        official=gateways.official,
        web=gateways.official,
        page_signer=gateways.pages,
        mini=gateways.mini,
        windows=windows,
        sms=gateways.sms,
        voice=gateways.voice,
        bridge=gateways.bridge,
        numbers=AlibabaNumbers(settings.voice, settings.pools),
        identity=gateways.identity,
        identity_verifier=gateways.identity_verification,
        faces=gateways.faces,
        pay=gateways.pay,
        mail=gateways.mail,
        files=gateways.files,
        renderer=gateways.renderer,
        sealer=gateways.sealer,
        checker=FileChecker(),
        relay=gateways.relay,
        appids=MiniProgramAppids({pool: program.appid for pool, program in programs.items()}),
        role_menus=gateways.official,
        role_menu_pools=RoleMenuPools(frozenset(pool for pool, account in accounts.items() if account.menus_by_role)),
        identity_verification_pools=VerifiedPools(frozenset(settings.person_check.pools)),
        subscribe_template=subscribe_template,
        account_subscription=account_subscription,
        webhooks=gateways.webhooks,
        prices=Prices({"sms": settings.sms.price, "voice": settings.voice.price}),
    )


def make_keyring(keys: Keys) -> Keyring:
    def raw(value: str) -> bytes:
        return base64.b64decode(value)

    return Keyring(
        data={name: raw(value.get_secret_value()) for name, value in keys.data.items()},
        active=keys.active,
        lookup=raw(keys.lookup.get_secret_value()),
        signing=raw(keys.signing.get_secret_value()),
    )
