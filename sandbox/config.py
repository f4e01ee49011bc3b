"""The sandbox's settings at its start: one JSON file. Its shape is described in sandbox/README.md."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from pathlib import Path

from sandbox import jsons
from sandbox.jsons import Json

MODES = ("plain", "compatible", "safe")
MAIL_DOMAIN = "mail.example"
PAY_MODES = ("public_key", "certificate")


class ConfigError(Exception):
    """The configuration can't be used; the message names the key."""


@dataclass(frozen=True, slots=True)
class Template:
    title: str
    fields: dict[str, str]
    """Parameter name such as ``time1`` to the label shown."""
    long_term: bool = False
    """Of a subscription: a consent isn't used up by a message (长期订阅)."""


@dataclass(frozen=True, slots=True)
class AccountConfig:
    """An official account 服务号 and where its callbacks go."""

    pool: str
    name: str
    appid: str
    secret: str
    token: str
    aes_key: str
    original_id: str
    mode: str
    callback_url: str
    templates: dict[str, Template] = field(default_factory=dict)
    """Empty: every template id is known."""


@dataclass(frozen=True, slots=True)
class MiniProgramConfig:
    pool: str
    appid: str
    secret: str
    name: str = ""
    templates: dict[str, Template] = field(default_factory=dict)


@dataclass(frozen=True, slots=True)
class VendorConfig:
    """Alibaba SMS, voice or identity verification: keys, where reports go, texts by template code with ``${var}``."""

    access_key_id: str = "sandbox-ak"
    access_key_secret: str = ""
    report_url: str = ""
    call_report_url: str = ""
    """Where reports during a voice call go; empty: not pushed."""
    detail_keys: bool = True
    """Whether a call's details hold the keys that were pressed; the vendor's page shows none."""
    templates: dict[str, str] = field(default_factory=dict)
    signs: tuple[str, ...] = ()
    """Known SMS signatures; empty: any."""
    lines: dict[str, str] = field(default_factory=dict)
    """Numbers that phones can call, by pool."""
    incoming_url: str = ""
    """Where events of calls to these numbers go."""


@dataclass(frozen=True, slots=True)
class IdentityConfig:
    client_id: str = "pingbiaotong"
    client_secret: str = ""
    redirect_prefixes: tuple[str, ...] = ()
    """Where codes may be sent; empty: to the service and its public address."""


@dataclass(frozen=True, slots=True)
class MerchantConfig:
    """A merchant 商户号 of WeChat Pay, as in its console."""

    mchid: str
    name: str
    serial_no: str
    """Serial number of the merchant's API certificate, in hexadecimal capitals."""
    public_key: str
    """PEM of the merchant's public key, or of its certificate."""
    apiv3_key: str
    appids: tuple[str, ...]
    mode: str = "public_key"
    """Which key of WeChat's signs when a request does not ask for one: public_key or certificate."""
    fapiao: bool = False
    fapiao_url: str = ""
    """Address of events of invoices until the merchant sets another through the API."""
    notify: bool = True
    """False: no notification is sent, as while the APIv3 key is not set."""


@dataclass(frozen=True, slots=True)
class PayConfig:
    """WeChat Pay: its own keys (PEM; made at the start when empty) and its merchants."""

    public_key_id: str = "PUB_KEY_ID_0100000000002026010100000001"
    private_key: str = ""
    certificate_key: str = ""
    merchants: tuple[MerchantConfig, ...] = ()


@dataclass(frozen=True, slots=True)
class MailConfig:
    """The SMTP server. ``smtp_port`` 0: any free one, shown by the control API. With a user name, one must log in."""

    host: str = "127.0.0.1"
    smtp_port: int = 0
    username: str = ""
    password: str = ""


@dataclass(frozen=True, slots=True)
class PlatformConfig:
    """A trading platform's access to the integrators' API."""

    pool: str
    client_id: str
    secret: str
    signing_secret: str


@dataclass(frozen=True, slots=True)
class PersonConfig:
    name: str
    mobile: str
    id_number: str = ""
    role: str = "expert"
    pool: str = ""
    follows: bool = False
    level: int = 4
    """The identity platform's assurance level of the person, 1 to 4."""
    user_type: str = "person"
    organisation: str = ""
    credit_code: str = ""
    email: str = ""
    """Address whose e-mail the phone shows; empty: the mobile number at ``MAIL_DOMAIN``."""


@dataclass(frozen=True, slots=True)
class WireConfig:
    """Behaviour of the platforms that their documents leave open, and limits that tests shorten."""

    callback_timeout: float = 5.0
    """Seconds until a callback's connection is dropped; also the time between two deliveries."""
    callback_deliveries: int = 3
    passive_text_limit: int = 2048
    """Bytes of a text reply."""
    allowed_ips: tuple[str, ...] = ()
    """Callers' addresses that may use the WeChat API; empty: all."""
    ring_seconds: float = 45.0
    speech_rate: float = 5.0
    """Characters a second that the voice speaks."""
    key_wait: float = 5.0
    """Seconds a menu waits for a key when the caller doesn't say."""
    report_delay: float = 1.0
    """Seconds from delivery of an SMS to its delivery report."""
    report_retries: tuple[float, ...] = (60.0, 300.0, 600.0)
    report_timeout: float = 5.0
    unknown_numbers: str = "bad_number"
    """Line state that a call to a number without a phone finds."""
    notify_timeout: float = 5.0
    """Seconds until the connection of a payment's notification is dropped."""
    notify_gap: float = 1.0
    """Least seconds between two tries of one notification when the clock was moved over several."""
    refund_delay: float = 5.0
    fapiao_delay: float = 5.0
    """Seconds on the sandbox's clock until a refund arrives, and until an invoice is issued."""
    bubbles: int = 500
    """Bubbles kept per chat."""
    ledger: int = 5000


@dataclass(frozen=True, slots=True)
class Config:
    service_url: str = "http://127.0.0.1:8080"
    public_url: str = "http://127.0.0.1:8090"
    service_public_url: str = ""
    """How phones reach the service, when that differs from ``service_url``."""
    accounts: tuple[AccountConfig, ...] = ()
    mini_programs: tuple[MiniProgramConfig, ...] = ()
    sms: VendorConfig = VendorConfig()
    voice: VendorConfig = VendorConfig()
    persons: VendorConfig = VendorConfig()
    identity: IdentityConfig = IdentityConfig()
    pay: PayConfig = PayConfig()
    mail: MailConfig | None = None
    """None: no SMTP server."""
    platform: PlatformConfig | None = None
    """None: there is no platform."""
    people: tuple[PersonConfig, ...] = ()
    wire: WireConfig = WireConfig()


def load(path: Path) -> Config:
    try:
        return parse(jsons.loads(path.read_bytes()))
    except OSError as error:
        raise ConfigError(f"{path}: {error.strerror}") from error
    except ValueError as error:
        raise ConfigError(f"{path}: not a JSON object: {error}") from error


def parse(data: Mapping[str, object]) -> Config:
    """The typed configuration; ConfigError names a missing or wrong key."""
    usual = Config()
    return Config(
        service_url=jsons.text(data, "service_url", usual.service_url).rstrip("/"),
        public_url=jsons.text(data, "public_url", usual.public_url).rstrip("/"),
        service_public_url=jsons.text(data, "service_public_url").rstrip("/"),
        accounts=tuple(_account(item, index) for index, item in enumerate(jsons.objects(data, "accounts"))),
        mini_programs=tuple(
            MiniProgramConfig(
                pool=_required(item, "pool", f"mini_programs[{index}]"),
                appid=_required(item, "appid", f"mini_programs[{index}]"),
                secret=_required(item, "secret", f"mini_programs[{index}]"),
                name=jsons.text(item, "name", "评标通小程序"),
                templates=_templates(jsons.mapping(item, "templates")),
            )
            for index, item in enumerate(jsons.objects(data, "mini_programs"))
        ),
        sms=_vendor(jsons.mapping(data, "sms")),
        voice=_vendor(jsons.mapping(data, "voice")),
        persons=_vendor(jsons.mapping(data, "persons")),
        identity=_identity(jsons.mapping(data, "identity")),
        pay=_pay(jsons.mapping(data, "pay")),
        mail=_mail(jsons.mapping(data, "mail")) if "mail" in data else None,
        platform=_platform(jsons.mapping(data, "platform")) if "platform" in data else None,
        people=tuple(person(item, f"people[{index}]") for index, item in enumerate(jsons.objects(data, "people"))),
        wire=_wire(jsons.mapping(data, "wire")),
    )


def _platform(item: Json) -> PlatformConfig:
    return PlatformConfig(
        pool=_required(item, "pool", "platform"),
        client_id=_required(item, "client_id", "platform"),
        secret=_required(item, "secret", "platform"),
        signing_secret=_required(item, "signing_secret", "platform"),
    )


def person(item: Json, where: str) -> PersonConfig:
    organisation = jsons.mapping(item, "organisation")
    return PersonConfig(
        name=_required(item, "name", where),
        mobile=_required(item, "mobile", where),
        id_number=jsons.text(item, "id_number"),
        role=jsons.text(item, "role", "expert"),
        pool=jsons.text(item, "pool"),
        follows=item.get("follows") is True,
        level=int(jsons.text(item, "level", "4")),
        user_type=jsons.text(item, "user_type", "person"),
        organisation=jsons.text(organisation, "name"),
        credit_code=jsons.text(organisation, "credit_code"),
        email=jsons.text(item, "email"),
    )


def _required(item: Mapping[str, object], key: str, where: str) -> str:
    value = jsons.text(item, key)
    if not value:
        raise ConfigError(f"{where}.{key} is missing")
    return value


def _account(item: Json, index: int) -> AccountConfig:
    where = f"accounts[{index}]"
    mode = jsons.text(item, "mode", "safe")
    if mode not in MODES:
        raise ConfigError(f"{where}.mode must be one of {', '.join(MODES)}")
    aes_key = jsons.text(item, "aes_key")
    if mode != "plain" and len(aes_key) != 43:
        raise ConfigError(f"{where}.aes_key must have 43 characters")
    return AccountConfig(
        pool=_required(item, "pool", where),
        name=jsons.text(item, "name", "评标专家库"),
        appid=_required(item, "appid", where),
        secret=_required(item, "secret", where),
        token=_required(item, "token", where),
        aes_key=aes_key,
        original_id=_required(item, "original_id", where),
        mode=mode,
        callback_url=_required(item, "callback_url", where),
        templates=_templates(jsons.mapping(item, "templates")),
    )


def _templates(items: Json) -> dict[str, Template]:
    templates: dict[str, Template] = {}
    for key, value in items.items():
        item = value if isinstance(value, dict) else {}
        fields = {name: str(label) for name, label in jsons.mapping(item, "fields").items()}
        templates[key] = Template(jsons.text(item, "title", "通知"), fields, item.get("long_term") is True)
    return templates


def _vendor(item: Json) -> VendorConfig:
    report_url = jsons.text(item, "report_url")
    return VendorConfig(
        access_key_id=jsons.text(item, "access_key_id", VendorConfig().access_key_id),
        access_key_secret=jsons.text(item, "access_key_secret"),
        report_url=report_url,
        call_report_url=jsons.text(item, "call_report_url", report_url),
        detail_keys=item.get("detail_keys") is not False,
        templates={code: str(value) for code, value in jsons.mapping(item, "templates").items()},
        signs=tuple(jsons.strings(item, "signs")),
        lines={pool: str(number) for pool, number in jsons.mapping(item, "lines").items()},
        incoming_url=jsons.text(item, "incoming_url"),
    )


def _identity(item: Json) -> IdentityConfig:
    return IdentityConfig(
        client_id=jsons.text(item, "client_id", IdentityConfig().client_id),
        client_secret=jsons.text(item, "client_secret"),
        redirect_prefixes=tuple(jsons.strings(item, "redirect_prefixes")),
    )


def _pay(item: Json) -> PayConfig:
    return PayConfig(
        public_key_id=jsons.text(item, "public_key_id", PayConfig().public_key_id),
        private_key=jsons.text(item, "private_key"),
        certificate_key=jsons.text(item, "certificate_key"),
        merchants=tuple(_merchant(merchant, index) for index, merchant in enumerate(jsons.objects(item, "merchants"))),
    )


def _merchant(item: Json, index: int) -> MerchantConfig:
    where = f"pay.merchants[{index}]"
    mode = jsons.text(item, "mode", "public_key")
    if mode not in PAY_MODES:
        raise ConfigError(f"{where}.mode must be one of {', '.join(PAY_MODES)}")
    key = _required(item, "apiv3_key", where)
    if len(key.encode()) != 32:
        raise ConfigError(f"{where}.apiv3_key must have 32 characters")
    return MerchantConfig(
        mchid=_required(item, "mchid", where),
        name=jsons.text(item, "name", "评标专家库"),
        serial_no=_required(item, "serial_no", where),
        public_key=_required(item, "public_key", where),
        apiv3_key=key,
        appids=tuple(jsons.strings(item, "appids")),
        mode=mode,
        fapiao=item.get("fapiao") is True,
        fapiao_url=jsons.text(item, "fapiao_url"),
        notify=item.get("notify") is not False,
    )


def _mail(item: Json) -> MailConfig:
    usual = MailConfig()
    return MailConfig(
        host=jsons.text(item, "host", usual.host),
        smtp_port=jsons.integer(item, "smtp_port", usual.smtp_port),
        username=jsons.text(item, "username"),
        password=jsons.text(item, "password"),
    )


def _wire(item: Json) -> WireConfig:
    usual = WireConfig()
    retries = item.get("report_retries")
    return WireConfig(
        callback_timeout=jsons.number(item, "callback_timeout", usual.callback_timeout),
        callback_deliveries=jsons.integer(item, "callback_deliveries", usual.callback_deliveries),
        passive_text_limit=jsons.integer(item, "passive_text_limit", usual.passive_text_limit),
        allowed_ips=tuple(jsons.strings(item, "allowed_ips")),
        ring_seconds=jsons.number(item, "ring_seconds", usual.ring_seconds),
        speech_rate=jsons.number(item, "speech_rate", usual.speech_rate),
        key_wait=jsons.number(item, "key_wait", usual.key_wait),
        report_delay=jsons.number(item, "report_delay", usual.report_delay),
        report_retries=tuple(float(value) for value in retries) if isinstance(retries, list) else usual.report_retries,
        report_timeout=jsons.number(item, "report_timeout", usual.report_timeout),
        unknown_numbers=jsons.text(item, "unknown_numbers", usual.unknown_numbers),
        notify_timeout=jsons.number(item, "notify_timeout", usual.notify_timeout),
        notify_gap=jsons.number(item, "notify_gap", usual.notify_gap),
        refund_delay=jsons.number(item, "refund_delay", usual.refund_delay),
        fapiao_delay=jsons.number(item, "fapiao_delay", usual.fapiao_delay),
        bubbles=jsons.integer(item, "bubbles", usual.bubbles),
        ledger=jsons.integer(item, "ledger", usual.ledger),
    )
