"""Builds the service once: connections, gateways, services. Everything is closed in the opposite order."""

from __future__ import annotations

import base64
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from dataclasses import dataclass
from pathlib import Path

import aiohttp
from prometheus_client import REGISTRY, CollectorRegistry
from redis.asyncio import Redis
from redis.asyncio.retry import Retry
from redis.backoff import NoBackoff
from tortoise import Tortoise

from app.clock import make_clock
from bot.windows import Windows
from config.settings import FileStore, Keys, Settings
from domain.clock import Clock
from domain.rulebook import Rulebook, load_rulebooks
from gateways.files import StoredFiles, open_bucket, open_folder
from gateways.http import Metrics, Vendor
from gateways.identity import OidcIdentity
from gateways.mail import SmtpMailer
from gateways.mini_program import MiniPrograms
from gateways.printer import TypstPrinter
from gateways.shared import SharedValues
from gateways.sms import AlibabaSms
from gateways.voice import AlibabaVoice
from gateways.wechat import OfficialAccounts
from gateways.wechat_api import WechatApi
from gateways.wechat_pay import WechatPay
from gateways.wechat_quota import DailyQuotas
from gateways.wechat_token import AccessTokens
from models.setup import tortoise_config
from services.accounts import Accounts
from services.applications.drafts import Drafts
from services.applications.listing import ApplicationListing
from services.applications.reading import ApplicationReading
from services.applications.submission import Submission
from services.applications.to_do import ToDos
from services.assignments import Assignments
from services.attachment_reading import AttachmentReading
from services.attachments import SWEEP_DUE, Attachments
from services.attendance import AttendanceDesk
from services.audit import Audit
from services.base import Deps, Jobs
from services.browsers import BrowserLogins
from services.campaigns import Campaigns
from services.catalogues import Catalogues
from services.credentials import Credentials
from services.crypto import Keyring
from services.deadlines import Deadlines, Duty
from services.draws.absences import Absences
from services.draws.attachments import DrawAttachments
from services.draws.papers import DrawPapers
from services.draws.reading import Reading
from services.draws.rounds import Rounds
from services.draws.run import Run
from services.draws.screens import Screens
from services.draws.setup import DrawSetup
from services.draws.verification import Verification
from services.employers import Employers
from services.entry import NOTICE_OVER, Entry
from services.experts import Experts
from services.exports import Exports
from services.helpdesk import HelpDesk
from services.initial_passwords import InitialPasswords
from services.invitations import Invitations
from services.links import Links
from services.notices import Delivery, Notices
from services.objections import Objections
from services.office import OfficeReading
from services.organisations import Organisations
from services.papers import Papers
from services.passwords import Passwords
from services.payments.desk import Outside, make_desk
from services.payments.fees import Fees
from services.privacy import Privacy
from services.projects import Projects
from services.public_notices import PublicNotices
from services.receipts import Receipts
from services.registration import Registration
from services.registry import Services
from services.reviews import Reminders, ReviewQueue, Reviews
from services.sealed_files import SealedFiles
from services.sessions import Sessions
from services.staff import Staff


@dataclass(frozen=True)
class Gateways:
    official: OfficialAccounts
    mini: MiniPrograms
    sms: AlibabaSms
    voice: AlibabaVoice
    identity: OidcIdentity
    pay: WechatPay
    mail: SmtpMailer
    files: StoredFiles
    printer: TypstPrinter


@dataclass(frozen=True)
class Container:
    """What a process is made of."""

    settings: Settings
    clock: Clock
    redis: Redis
    windows: Windows
    gateways: Gateways
    services: Services


@asynccontextmanager
async def build(settings: Settings, *, registry: CollectorRegistry = REGISTRY) -> AsyncIterator[Container]:
    """``settings`` with both server URLs filled in. The database must be migrated."""
    redis = Redis.from_url(settings.redis_url, socket_timeout=2, socket_connect_timeout=2, retry=Retry(NoBackoff(), 0))
    await Tortoise.init(
        config=tortoise_config(settings.database_url, pool_size=settings.db_pool_size), _enable_global_fallback=True
    )
    connector = aiohttp.TCPConnector(limit=200, limit_per_host=100)
    session = aiohttp.ClientSession(connector=connector)
    try:
        clock = await make_clock(redis, movable=settings.env == "sandbox")
        rulebooks = load_rulebooks(settings.rulebooks, settings.pools)
        gateways = make_gateways(settings, rulebooks, session, redis, clock, registry)
        windows = Windows(redis, clock)
        services = make_services(settings, rulebooks, clock, gateways, windows)
        yield Container(settings, clock, redis, windows, gateways, services)
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
    wechat = Vendor("wechat", session, metrics)
    tokens = AccessTokens(wechat, shared, settings.wechat.api_url)
    api = WechatApi(wechat, tokens, DailyQuotas(redis, clock), settings.wechat.api_url, clock)
    return Gateways(
        OfficialAccounts(settings.wechat, api, shared, clock),
        MiniPrograms(settings.wechat, api, clock),
        AlibabaSms(settings.sms, Vendor("sms", session, metrics), clock),
        AlibabaVoice(settings.voice, Vendor("voice", session, metrics), clock),
        OidcIdentity(settings.identity, Vendor("identity", session, metrics), clock),
        WechatPay(
            settings.pay, settings.wechat, Vendor("pay", session, metrics), clock, public_url=settings.public_url
        ),
        SmtpMailer(
            settings.mail,
            {pool: book.pool.name for pool, book in rulebooks.items()},
            Vendor("mail", session, metrics),
            clock,
        ),
        open_files(settings.files, settings.data_dir / "files"),
        TypstPrinter(settings.fonts),
    )


def open_files(store: FileStore, folder: Path) -> StoredFiles:
    """The bucket that settings name, else ``folder``."""
    if not store.url:
        return open_folder(folder)
    bucket, _, prefix = store.url.removeprefix("s3://").partition("/")
    return open_bucket(
        bucket,
        region=store.region,
        access_key_id=store.access_key_id,
        secret_access_key=store.secret_access_key.get_secret_value(),
        endpoint=store.endpoint,
        prefix=prefix,
    )


def make_services(
    settings: Settings, rulebooks: Mapping[str, Rulebook], clock: Clock, gateways: Gateways, windows: Windows
) -> Services:
    keys = make_keyring(settings.keys)
    deps = Deps(clock, keys, rulebooks, Jobs(), settings.public_url)
    links = Links(keys, clock)
    notices = Notices(deps)
    programs = settings.wechat.mini_programs

    def subscribe_template(pool: str, kind: str) -> str:
        return programs[pool].templates.get(kind, kind) if pool in programs else kind

    prices = {"sms": settings.sms.price, "voice": settings.voice.price}
    delivery = Delivery(
        deps, notices, gateways.official, windows, gateways.mini, gateways.sms, gateways.voice, prices,
        subscribe_template,
    )  # fmt: skip
    accounts, passwords = Accounts(deps, notices), Passwords(deps)
    appids = {pool: program.appid for pool, program in settings.wechat.mini_programs.items()}
    sessions = Sessions(deps, accounts, gateways.mini, appids)
    rounds, run, reading = Rounds(deps, notices), Run(deps, notices), Reading(deps)
    invitations = Invitations(deps, notices, run)
    attendance = AttendanceDesk(deps, notices, links, reading, gateways.official)
    receipts = Receipts(deps, notices, invitations, gateways.sms, gateways.voice)
    campaigns, fees = Campaigns(deps), Fees(deps, notices)
    entry = Entry(deps, notices, fees)
    reviews = Reviews(deps, notices, entry)
    store = SealedFiles(gateways.files, keys)
    attachments = Attachments(deps, store)
    outside = Outside(gateways.pay, store, gateways.printer, gateways.mail, gateways.official, windows)
    pay = make_desk(deps, notices, fees, entry, outside)
    duties = [
        Duty("uploads", SWEEP_DUE, attachments.sweep),
        Duty("notice_end", NOTICE_OVER, entry.end_notices),
        Duty("review_waiting", "", Reminders(deps, notices).remind),
        *pay.duties,
    ]
    return Services(
        deps=deps,
        accounts=accounts,
        sessions=sessions,
        browsers=BrowserLogins(deps, notices, links, sessions),
        registration=Registration(deps, notices, accounts, passwords),
        credentials=Credentials(deps, notices, passwords),
        initial_passwords=InitialPasswords(deps, passwords),
        organisations=Organisations(deps),
        experts=Experts(deps),
        projects=Projects(deps),
        catalogues=Catalogues(deps),
        privacy=Privacy(deps, notices),
        helpdesk=HelpDesk(deps, notices),
        campaigns=campaigns,
        employers=Employers(deps, notices),
        drafts=Drafts(deps, campaigns),
        submission=Submission(deps, notices, campaigns, reviews),
        applications=ApplicationReading(deps),
        application_list=ApplicationListing(deps),
        to_dos=ToDos(deps, campaigns),
        attachments=attachments,
        attachment_files=AttachmentReading(deps, store),
        draw_attachments=DrawAttachments(deps, store, reading),
        draw_papers=DrawPapers(deps, gateways.printer, reading),
        papers=Papers(deps, store, gateways.printer),
        exports=Exports(deps),
        pay=pay,
        office=OfficeReading(deps),
        entry=entry,
        reviews=reviews,
        review_queue=ReviewQueue(deps),
        assignments=Assignments(deps),
        staff=Staff(deps),
        public_notices=PublicNotices(deps),
        objections=Objections(deps, notices),
        links=links,
        setup=DrawSetup(deps, notices),
        verification=Verification(deps, notices),
        rounds=rounds,
        run=run,
        absences=Absences(deps, notices, invitations, run, rounds),
        reading=reading,
        screens=Screens(deps, reading, links),
        invitations=invitations,
        attendance=attendance,
        notices=notices,
        delivery=delivery,
        receipts=receipts,
        deadlines=Deadlines(
            deps, notices, delivery, receipts, invitations, attendance, run, reading, Audit(deps), further=duties
        ),
        official=gateways.official,
        web=gateways.official,
        identity=gateways.identity,
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
