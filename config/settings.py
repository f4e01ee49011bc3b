"""One typed settings object, built at boot from ``PBT_…`` variables (nested by ``__``); no other module reads them."""

from __future__ import annotations

import base64
import re
from collections.abc import Mapping
from ipaddress import ip_network
from pathlib import Path
from typing import Annotated, Literal, TypeVar

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric.rsa import RSAPrivateKey, RSAPublicKey
from pydantic import BaseModel, Field, SecretStr, field_validator, model_validator
from pydantic_settings import BaseSettings, NoDecode, SettingsConfigDict

_DEMO_KEY = base64.b64encode(b"sandbox-key-sandbox-key-sandbox!").decode()


class Http(BaseModel):
    host: str = "127.0.0.1"
    port: int = 8080
    public_url: str = ""
    """Base URL by which phones reach the service, without trailing slash; empty: http://host:port."""
    backlog: int = Field(default=2048, ge=1, le=65535)
    """Connections that may wait to be accepted; the kernel's ``net.core.somaxconn`` limits them, too."""
    trusted_proxies: int = 0
    """Number of our own proxies in front; decides which X-Forwarded-For entry is trusted."""


class Keys(BaseModel):
    """Secrets of our own; each base64 of 32 bytes."""

    data: dict[str, SecretStr] = {"k1": SecretStr(_DEMO_KEY)}
    """AES-256-GCM keys by key id; old ones stay so that old rows can be read."""
    active: str = "k1"
    lookup: SecretStr = SecretStr(_DEMO_KEY)
    """HMAC key of look-up hashes; can't be rotated without rehashing."""
    signing: SecretStr = SecretStr(_DEMO_KEY)
    """HMAC key of links and QR codes."""

    @field_validator("data", mode="after")
    @classmethod
    def _check_data_keys(cls, value: dict[str, SecretStr]) -> dict[str, SecretStr]:
        for key in value.values():
            _check_key(key)
        return value

    @field_validator("lookup", "signing", mode="after")
    @classmethod
    def _check_single_key(cls, value: SecretStr) -> SecretStr:
        return _check_key(value)

    @model_validator(mode="after")
    def _active_exists(self) -> Keys:
        if self.active not in self.data:
            raise ValueError(f"keys.active names {self.active!r}, which is not among keys.data")
        return self


def _check_key(value: SecretStr) -> SecretStr:
    try:
        raw = base64.b64decode(value.get_secret_value(), validate=True)
    except ValueError as error:
        raise ValueError("must be base64") from error
    if len(raw) != 32:
        raise ValueError(f"must be base64 of 32 bytes, has {len(raw)}")
    return value


class OfficialAccount(BaseModel):
    """A 服务号. ``mode`` is the encryption mode set in the WeChat console, never guessed from a request."""

    appid: str
    secret: SecretStr
    token: SecretStr
    aes_key: SecretStr
    original_id: str
    """The account's gh_… id: ToUserName of incoming messages."""
    mode: Literal["plain", "compatible", "safe"] = "safe"
    templates: dict[str, str] = {}
    """Template id by kind of notice."""
    subscriptions: dict[str, str] = {}
    """Template id of a 订阅通知 by kind of notice: such a kind is sent as 订阅通知, with the person's consent, not as a
    template message."""
    long_term: tuple[str, ...] = ()
    """Ids among ``subscriptions`` of the long-term kind (长期订阅); a consent to any other permits one message."""
    menus_by_role: bool = False
    """Whether WeChat permits the account personalised menus (个性化菜单) and tags of followers (标签)."""


class MiniProgramSettings(BaseModel):
    appid: str
    secret: SecretStr
    templates: dict[str, str] = {}
    """Subscribe-message template id by kind of notice."""
    long_term: tuple[str, ...] = ()
    """Ids among ``templates`` of the long-term kind (长期订阅); a consent to any other permits one message."""


class Wechat(BaseModel):
    api_url: str = "http://127.0.0.1:8090/wechat"
    """Production: the server API's host; the sandbox stands in by default."""
    open_url: str = "http://127.0.0.1:8090/wechat"
    """Production: https://open.weixin.qq.com, where browsers are sent to log in."""
    script_url: str = "http://127.0.0.1:8090/_/jweixin.js"
    """Production: https://res.wx.qq.com/open/js/jweixin-1.6.0.js, which pages load that use WeChat's tags."""
    accounts: dict[str, OfficialAccount] = {}
    """By pool."""
    mini_programs: dict[str, MiniProgramSettings] = {}
    """By pool."""
    max_age: int = Field(default=600, ge=60, le=3600)
    """Seconds by which WeChat's signed time may differ from ours; older requests are refused as replays."""


class SmsPool(BaseModel):
    """A pool's signature and templates; or ``share``, the pool whose account it uses because all texts are the same."""

    sign_name: str = ""
    templates: dict[str, str] = {}
    """Vendor's template code by kind of notice."""
    share: str = ""

    @model_validator(mode="after")
    def _one_of_both(self) -> SmsPool:
        if bool(self.share) == bool(self.sign_name):
            raise ValueError("give either sign_name and templates, or share")
        return self


class VoicePool(BaseModel):
    """A pool's caller number and templates; or ``share``, the pool whose account it uses because all texts are the
    same.

    ``virtual_number`` is what both sides of a virtual call (虚拟号) see; empty: the pool offers none. ``takes_calls``:
    the vendor passes calls to ``show_number`` on to us.
    """

    show_number: str = ""
    takes_calls: bool = False
    virtual_number: str = ""
    templates: dict[str, str] = {}
    """Vendor's template code by kind of notice; texts spoken after a key press: ``kind.attend``, ``kind.decline``."""
    share: str = ""

    @model_validator(mode="after")
    def _one_of_both(self) -> VoicePool:
        if self.share and (self.show_number or self.takes_calls or self.virtual_number or self.templates):
            raise ValueError("give either numbers and templates, or share")
        if self.takes_calls and not self.show_number:
            raise ValueError("takes_calls needs show_number, which people call back")
        return self


P = TypeVar("P", SmsPool, VoicePool)


def _find_shared(pools: Mapping[str, P], pool: str) -> P | None:
    settings = pools.get(pool)
    return pools.get(settings.share) if settings is not None and settings.share else settings


def _check_shares(pools: dict[str, P]) -> dict[str, P]:
    for pool, settings in pools.items():
        if settings.share and (settings.share not in pools or pools[settings.share].share):
            raise ValueError(f"{pool} shares with {settings.share!r}, which has nothing of its own")
    return pools


class SmsSettings(BaseModel):
    """Alibaba Cloud SMS. A pool that ``pools`` doesn't name sends none: it never borrows another pool's text or
    signature."""

    url: str = "http://127.0.0.1:8090/sms/"
    access_key_id: str = "sandbox-ak"
    access_key_secret: SecretStr = SecretStr("sandbox-sms-secret")
    pools: dict[str, SmsPool] = {}
    price: int = 5
    """Fen per message, for the delivery statistics."""

    @field_validator("pools", mode="after")
    @classmethod
    def _check_pools(cls, value: dict[str, SmsPool]) -> dict[str, SmsPool]:
        return _check_shares(value)

    def of(self, pool: str) -> SmsPool | None:
        """The pool's own or shared account; None: the pool has none."""
        return _find_shared(self.pools, pool)


class VoiceSettings(BaseModel):
    """Alibaba Cloud voice (IVR). A pool that ``pools`` doesn't name makes no calls."""

    url: str = "http://127.0.0.1:8090/voice/"
    access_key_id: str = "sandbox-ak"
    access_key_secret: SecretStr = SecretStr("sandbox-voice-secret")
    pools: dict[str, VoicePool] = {}
    price: int = 12
    """Fen per call, for the delivery statistics."""

    @field_validator("pools", mode="after")
    @classmethod
    def _check_pools(cls, value: dict[str, VoicePool]) -> dict[str, VoicePool]:
        return _check_shares(value)

    def of(self, pool: str) -> VoicePool | None:
        """The pool's own or shared account; None: the pool has none."""
        return _find_shared(self.pools, pool)


class DeliveryReportSettings(BaseModel):
    """Where vendors push delivery reports. They carry no signature, so the path is a secret."""

    path_token: SecretStr = SecretStr("sandbox-receipts")
    """In production at least 32 letters and digits."""
    allowed_networks: list[str] = []
    """CIDR list of real client addresses (see ``http.trusted_proxies``); empty: any."""

    @field_validator("allowed_networks", mode="after")
    @classmethod
    def _check_networks(cls, value: list[str]) -> list[str]:
        for network in value:
            ip_network(network)
        return value


class WebhookSettings(BaseModel):
    """Where events of the integrators' API may be posted, beside the public Internet."""

    allowed_networks: list[str] = []
    """CIDR list of other networks, such as that of a government's intranet; plain HTTP is permitted there."""

    @field_validator("allowed_networks", mode="after")
    @classmethod
    def _check_networks(cls, value: list[str]) -> list[str]:
        for network in value:
            ip_network(network)
        return value


class IdentitySettings(BaseModel):
    """OIDC identity platform for organisations (统一身份认证)."""

    issuer: str = "http://127.0.0.1:8090/identity"
    client_id: str = "pingbiaotong"
    client_secret: SecretStr = SecretStr("sandbox-identity-secret")


class IdentityVerificationSettings(BaseModel):
    """Alibaba Cloud's check that a name and an ID number belong together (身份二要素核验)."""

    url: str = "http://127.0.0.1:8090/persons/"
    access_key_id: str = "sandbox-ak"
    access_key_secret: SecretStr = SecretStr("sandbox-persons-secret")
    pools: list[str] = []
    """Pools that verify applicants at registration; each query costs money. In the demonstration empty means all
    pools."""


class PayMerchant(BaseModel):
    """A merchant 商户号 of WeChat Pay. Without ``public_key_id`` its answers are verified by platform certificates."""

    mchid: str
    serial: str
    """Serial of the merchant's API certificate, hexadecimal."""
    private_key: SecretStr
    """PEM of the API certificate's key (apiclient_key.pem), not encrypted."""
    apiv3_key: SecretStr
    """32 letters and digits, as set at the merchant platform."""
    public_key_id: str = ""
    """PUB_KEY_ID_…, of WeChat's public key; empty: platform certificates, which are downloaded."""
    public_key: str = ""
    """PEM of WeChat's public key."""
    fapiao: bool = False
    """Invoices may be issued through WeChat Pay (needs its permission)."""

    @field_validator("mchid", mode="after")
    @classmethod
    def _check_mchid(cls, value: str) -> str:
        if not re.fullmatch(r"[0-9]{8,10}", value):
            raise ValueError("must be 8 to 10 digits")
        return value

    @field_validator("serial", mode="after")
    @classmethod
    def _check_serial(cls, value: str) -> str:
        if not re.fullmatch(r"[0-9A-Fa-f]{8,64}", value):
            raise ValueError("must be hexadecimal, as the merchant platform shows it")
        return value.upper()

    @field_validator("private_key", mode="after")
    @classmethod
    def _check_private_key(cls, value: SecretStr) -> SecretStr:
        load_private_key(value.get_secret_value())
        return value

    @field_validator("apiv3_key", mode="after")
    @classmethod
    def _check_apiv3_key(cls, value: SecretStr) -> SecretStr:
        if len(value.get_secret_value().encode()) != 32:
            raise ValueError("must have 32 characters")
        return value

    @model_validator(mode="after")
    def _check_mode(self) -> PayMerchant:
        if bool(self.public_key_id) != bool(self.public_key):
            raise ValueError("public_key_id and public_key belong together: give both, or neither for certificates")
        if self.public_key:
            if not self.public_key_id.startswith("PUB_KEY_ID_"):
                raise ValueError("public_key_id must begin with PUB_KEY_ID_")
            load_public_key(self.public_key)
        return self


def load_private_key(pem: str) -> RSAPrivateKey:
    """ValueError when it is not an unencrypted RSA key in PEM; its text never quotes the key.

    Skips OpenSSL's consistency check of 80 ms at every start: the key is our own.
    """
    try:
        key = serialization.load_pem_private_key(pem.encode(), None, unsafe_skip_rsa_key_validation=True)
    except (ValueError, TypeError, UnsupportedAlgorithm):
        raise ValueError("must be an unencrypted private key in PEM") from None
    if not isinstance(key, RSAPrivateKey):
        raise ValueError("must be an RSA key")
    return key


def load_public_key(pem: str) -> RSAPublicKey:
    """ValueError when it is not an RSA key in PEM."""
    try:
        key = serialization.load_pem_public_key(pem.encode())
    except (ValueError, UnsupportedAlgorithm):
        raise ValueError("public_key must be a public key in PEM") from None
    if not isinstance(key, RSAPublicKey):
        raise ValueError("public_key must be an RSA key")
    return key


class PaySettings(BaseModel):
    """WeChat Pay."""

    api_url: str = "http://127.0.0.1:8090/pay"
    merchants: dict[str, PayMerchant] = {}
    """By pool; a pool without one takes no online payments."""


class MailSettings(BaseModel):
    """The SMTP server that takes our mail."""

    host: str = "127.0.0.1"
    port: int = Field(default=8091, ge=1, le=65535)
    tls: Literal["none", "starttls", "tls"] = "none"
    username: str = "sandbox"
    """Empty: without log-in."""
    password: SecretStr = SecretStr("sandbox-mail-password")
    sender: str = "noreply@pingbiaotong.example"
    """Address that the mail comes from; the name shown is the pool's."""

    @field_validator("sender", mode="after")
    @classmethod
    def _check_sender(cls, value: str) -> str:
        if not re.fullmatch(r"[A-Za-z0-9._+-]+@[A-Za-z0-9-]+(\.[A-Za-z0-9-]+)+", value):
            raise ValueError("must be a plain address such as noreply@example.gov.cn")
        return value


class FileStore(BaseModel):
    """Where attachments and documents are kept."""

    url: str = ""
    """s3://bucket or s3://bucket/prefix; empty: the folder ``files`` in the data folder."""
    endpoint: str = ""
    """Endpoint of an S3-compatible service; empty: Amazon's own for the region."""
    region: str = ""
    access_key_id: str = ""
    secret_access_key: SecretStr = SecretStr("")

    @field_validator("url", mode="after")
    @classmethod
    def _check_url(cls, value: str) -> str:
        if value and not re.fullmatch(r"s3://[a-z0-9][a-z0-9.-]{1,61}[a-z0-9](/[^?#]*)?", value):
            raise ValueError("must be empty or s3://bucket, optionally with a prefix")
        return value


class PdfSeal(BaseModel):
    """What a pool signs certificate PDFs with: a PKCS#12 file (.p12, .pfx) with key and certificates."""

    file: Path
    password: SecretStr = SecretStr("")


class Settings(BaseSettings):
    """All settings of the service. ``.env.example`` explains each key."""

    model_config = SettingsConfigDict(
        env_prefix="PBT_", env_nested_delimiter="__", env_file=".env", extra="forbid", frozen=True
    )

    env: Literal["sandbox", "production"] = "sandbox"
    data_dir: Path = Path("var")
    database_url: str = ""
    """postgres://user:pass@host:port/name; empty: the embedded server."""
    redis_url: str = ""
    """redis://:pass@host:port/0; empty: the embedded Valkey."""
    pools: Annotated[list[str], NoDecode] = ["demo", "hunan", "xinjiang", "jilin", "guangdong"]
    rulebooks: Path = Path(__file__).parent / "rulebooks"
    db_pool_size: int = Field(default=10, ge=1, le=200)
    """Connections that a process shares among pages, API and jobs."""
    chat_pool_size: int = Field(default=6, ge=1, le=200)
    """Connections reserved for the chat in each process."""
    log_json: bool = False
    log_level: Literal["debug", "info", "warning", "error"] = "info"
    worker_concurrency: int = Field(default=10, ge=1, le=200)
    worker_port: int = Field(default=0, ge=0, le=65535)
    """Port on which a worker answers /healthz, /readyz and /metrics, on loopback; 0: none (under pbt run a free
    port)."""
    answers_kept_hours: int = Field(default=24, ge=1, le=168)
    """Hours for which the response to a request with an ``Idempotency-Key`` is kept, encrypted."""
    puzzle_bits: int = Field(default=14, ge=1, le=20)
    """Difficulty of the proof of work before an unknown browser gets an SMS code; each bit doubles it."""
    http: Http = Http()
    keys: Keys = Keys()
    wechat: Wechat = Wechat()
    sms: SmsSettings = SmsSettings()
    voice: VoiceSettings = VoiceSettings()
    delivery_reports: DeliveryReportSettings = Field(default=DeliveryReportSettings(), validation_alias="PBT_RECEIPTS")
    webhooks: WebhookSettings = WebhookSettings()
    identity: IdentitySettings = IdentitySettings()
    person_check: IdentityVerificationSettings = IdentityVerificationSettings()
    pay: PaySettings = PaySettings()
    mail: MailSettings = MailSettings()
    files: FileStore = FileStore()
    seals: dict[str, PdfSeal] = {}
    """By pool; certificates of other pools are not signed. Needs the extra ``seal``."""
    fonts: Path | None = None
    """Folder with a CJK font for documents and pictures; None: the font of the wheel ``mplfonts``."""

    @field_validator("pools", mode="before")
    @classmethod
    def _split_pools(cls, value: object) -> object:
        return [item.strip() for item in value.split(",") if item.strip()] if isinstance(value, str) else value

    @field_validator("fonts", mode="before")
    @classmethod
    def _no_fonts(cls, value: object) -> object:
        return None if value == "" else value

    @property
    def public_url(self) -> str:
        return self.http.public_url or f"http://{self.http.host}:{self.http.port}"


def variable_of(name: str) -> str:
    """The environment variable of a setting; of a nested one, the prefix of its variables."""
    alias = Settings.model_fields[name].validation_alias
    return alias if isinstance(alias, str) else f"PBT_{name.upper()}"
