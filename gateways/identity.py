"""Log-in at the organisations' identity platform (统一身份认证) by OpenID Connect: code flow with PKCE (S256).

Tokens are checked: signature by the platform's published keys, issuer, audience, authorised party, times, nonce, hash
of the access token. Sources: OpenID Connect Core 1.0 (3.1.3.7, 3.1.3.8), Discovery 1.0, RFC 7636.
"""

from __future__ import annotations

import base64
import hashlib
import secrets
import time
from collections.abc import Callable
from dataclasses import dataclass
from typing import Annotated, Literal, cast
from urllib.parse import urlencode

import structlog
from joserfc import jwt
from joserfc.errors import BadSignatureError, ExpiredTokenError, InvalidClaimError, InvalidKeyIdError, JoseError
from joserfc.jwk import KeySet, KeySetSerialization
from pydantic import Field, ValidationError
from yarl import URL

from config.settings import IdentitySettings
from domain.clock import Clock
from domain.errors import Rejected
from gateways import jsons
from gateways.http import Effect, HttpAnswer, Vendor
from gateways.jsons import Json
from gateways.operator_faults import OperatorCode, OperatorCodes
from gateways.shapes import NULL_AS_EMPTY, OR_EMPTY, Shape, Text, Whole, first_field
from services.ports import IdentityClaims, LoginStart

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

ALGORITHMS = ["RS256", "PS256", "ES256"]
"""Never ``none``, never HS256: the client's secret must not be able to sign.

All hash with SHA-256, which ``at_hash`` therefore does, too.
"""
LEEWAY = 120
"""Seconds by which the clocks may differ."""
KEYS_TTL = 3600.0
"""Seconds that discovery and keys are cached."""
KEYS_RETRY_AFTER = 10.0
"""Seconds between two fetches because of an unknown key, so that invalid tokens can't cause constant requests."""
OPERATOR: OperatorCodes = {
    "invalid_client": OperatorCode("client id or secret"),
    "invalid_request": OperatorCode("the platform wants other parameters"),
    "invalid_scope": OperatorCode("a scope is not granted"),
    "unauthorized_client": OperatorCode("the client has no right to this flow"),
    "unsupported_grant_type": OperatorCode("the platform doesn't offer this flow"),
}
"""Error codes of the token endpoint (RFC 6749, 5.2), without ``invalid_grant``, which concerns the visitor's code."""
CLOCK = OperatorCode("a token issued just now is not valid now: our clock or the platform's is wrong")
SCOPE = "openid profile phone"
_FORM = {"Content-Type": "application/x-www-form-urlencoded", "Accept": "application/json"}


class _Tokens(Shape):
    id_token: Text = ""
    access_token: Text = ""


class _Refusal(Shape):
    error: Annotated[Text, OR_EMPTY] = ""


class _Discovery(Shape):
    issuer: Text = ""
    authorization_endpoint: Text = ""
    token_endpoint: Text = ""
    jwks_uri: Text = ""
    userinfo_endpoint: Text = ""


class _Organisation(Shape):
    name: Text = ""
    credit_code: Text = ""


class _Claims(Shape):
    sub: Text
    name: Text = ""
    mobile: Text = ""
    id_number: Text = ""
    level: Annotated[Whole, Field(ge=1, le=4)]
    user_type: Literal["person", "legal", "agent"]
    organisation: Annotated[_Organisation, NULL_AS_EMPTY] = _Organisation()


@dataclass(frozen=True)
class _Provider:
    authorize: str
    token: URL
    keys: URL
    userinfo: URL | None
    until: float


@dataclass(frozen=True)
class _Keys:
    keys: KeySet
    fetched: float


class _IdTokenRegistry(jwt.JWTClaimsRegistry):
    """Compares each claim with its single expected value; only ``aud`` may list several (joserfc takes a list that
    holds the value for any claim)."""

    def check_value(self, claim_name: str, value: object) -> None:
        if isinstance(value, list) and claim_name != "aud":
            raise InvalidClaimError(claim_name)
        super().check_value(claim_name, value)


class OidcIdentity:
    """Implements the port IdentityPlatform."""

    def __init__(
        self,
        settings: IdentitySettings,
        vendor: Vendor,
        clock: Clock,
        *,
        monotonic: Callable[[], float] = time.monotonic,
    ) -> None:
        self._settings = settings
        self._vendor = vendor
        self._clock = clock
        self._monotonic = monotonic
        self._provider: _Provider | None = None
        self._keys: _Keys | None = None

    async def start(self, redirect_uri: str) -> LoginStart:
        """The address to redirect the visitor to, with fresh ``state``, ``nonce`` and verifier."""
        async with self._vendor.count_call("start"):
            provider = await self._discover()
        state, nonce, verifier = (secrets.token_urlsafe(32) for _ in range(3))
        query = {
            "response_type": "code",
            "client_id": self._settings.client_id,
            "redirect_uri": redirect_uri,
            "scope": SCOPE,
            "state": state,
            "nonce": nonce,
            "code_challenge": challenge(verifier),
            "code_challenge_method": "S256",
        }
        mark = "&" if "?" in provider.authorize else "?"
        return LoginStart(f"{provider.authorize}{mark}{urlencode(query)}", state, nonce, verifier)

    async def finish(self, code: str, redirect_uri: str, started: LoginStart) -> IdentityClaims:
        """Rejected when the platform refuses the code or its token is invalid; then the visitor logs in again.

        NeedsOperator when it refuses us.
        """
        async with self._vendor.count_call("finish"):
            provider = await self._discover()
            tokens = await self._exchange_code(provider, code, redirect_uri, started.verifier)
            claims = await self._verify_token(provider, tokens, started.nonce)
            return _claims(await self._add_userinfo(provider, claims, tokens.access_token))

    async def _exchange_code(self, provider: _Provider, code: str, redirect_uri: str, verifier: str) -> _Tokens:
        form = {
            "grant_type": "authorization_code",
            "code": code,
            "redirect_uri": redirect_uri,
            "client_id": self._settings.client_id,
            "client_secret": self._settings.client_secret.get_secret_value(),
            "code_verifier": verifier,
        }
        body = urlencode(form).encode()
        answer = await self._vendor.exchange("POST", provider.token, Effect.READ, headers=_FORM, body=body)
        if 400 <= answer.status < 500 and (error := _read_refusal(answer)):
            if error in OPERATOR:
                raise OPERATOR[error].error(error)
            raise Rejected(error, "the identity platform refused the code")
        return self._vendor.read_shape(_Tokens, self._vendor.read_object(answer, Effect.READ), Effect.READ, "token")

    async def _verify_token(self, provider: _Provider, tokens: _Tokens, nonce: str) -> Json:
        try:
            decoded = await self._decode(provider, tokens.id_token)
            # A platform that writes null for a claim it doesn't make means none (5.3.2).
            claims: Json = {name: value for name, value in decoded.claims.items() if value is not None}
            self._expected_claims(claims, tokens, nonce).validate(claims)
        except (JoseError, ValueError) as error:
            # The text of these errors may quote the token, so only their type is used.
            log.warning("identity_bad_token", reason=type(error).__name__)
            if _is_of_another_time(error):
                raise CLOCK.error("clock") from None
            raise Rejected("bad_token", type(error).__name__) from None
        return claims

    def _expected_claims(self, claims: Json, tokens: _Tokens, nonce: str) -> _IdTokenRegistry:
        audience = claims.get("aud")
        return _IdTokenRegistry(
            now=int(self._clock.now().timestamp()),
            leeway=LEEWAY,
            iss={"essential": True, "value": self._settings.issuer},
            sub={"essential": True},
            aud={"essential": True, "value": self._settings.client_id},
            azp={"essential": isinstance(audience, list) and len(audience) > 1, "value": self._settings.client_id},
            exp={"essential": True},
            iat={"essential": True},
            nonce={"essential": True, "value": nonce},
            at_hash={"value": access_token_hash(tokens.access_token)},
        )

    async def _decode(self, provider: _Provider, token: str) -> jwt.Token:
        """Fetches the keys once more for an unknown key: platforms change their keys without notice, even under the id
        of the old one."""
        try:
            return jwt.decode(token, (await self._key_set(provider, KEYS_TTL)).keys, ALGORITHMS)
        except (InvalidKeyIdError, BadSignatureError):
            return jwt.decode(token, (await self._key_set(provider, KEYS_RETRY_AFTER)).keys, ALGORITHMS)

    async def _key_set(self, provider: _Provider, oldest: float) -> _Keys:
        if self._keys is None or self._monotonic() - self._keys.fetched >= oldest:
            data = self._vendor.read_object(await self._fetch(provider.keys), Effect.READ)
            try:
                # joserfc checks each key itself; the cast only names the expected type.
                key_set = KeySet.import_key_set(cast("KeySetSerialization", data))
            except (JoseError, ValueError, KeyError, TypeError, AttributeError) as error:
                raise self._vendor.untrusted_answer(Effect.READ, "keys that can't be read") from error
            self._keys = _Keys(key_set, self._monotonic())
        return self._keys

    async def _add_userinfo(self, provider: _Provider, claims: Json, access_token: str) -> Json:
        """Claims that the token lacks are fetched from userinfo, whose subject must be the token's."""
        if claims.get("name") or provider.userinfo is None or not access_token.isascii() or not access_token:
            return claims
        answer = await self._fetch(provider.userinfo, {"Authorization": f"Bearer {access_token}"})
        userinfo = self._vendor.read_object(answer, Effect.READ)
        if userinfo.get("sub") != claims.get("sub"):
            raise Rejected("bad_userinfo", "userinfo speaks of another person")
        return {**userinfo, **claims}

    async def _discover(self) -> _Provider:
        provider = self._provider
        if provider is None or provider.until <= self._monotonic():
            url = URL(f"{self._settings.issuer.rstrip('/')}/.well-known/openid-configuration")
            data = self._vendor.read_object(await self._fetch(url), Effect.READ)
            provider = self._provider = self._read_provider(data)
        return provider

    def _read_provider(self, data: Json) -> _Provider:
        """The issuer must be the configured one, and all addresses must be HTTPS unless the issuer's isn't."""
        issuer = self._settings.issuer
        discovery = self._vendor.read_shape(_Discovery, data, Effect.READ, "discovery")
        if discovery.issuer != issuer:
            raise self._vendor.untrusted_answer(Effect.READ, "discovery of another issuer")
        scheme = "https://" if issuer.startswith("https://") else ("https://", "http://")
        for name, value in discovery.model_dump(exclude={"issuer"}).items():
            if not value.startswith(scheme) and (value or name != "userinfo_endpoint"):
                raise self._vendor.untrusted_answer(Effect.READ, f"discovery without a usable {name}")
        return _Provider(
            discovery.authorization_endpoint,
            URL(discovery.token_endpoint),
            URL(discovery.jwks_uri),
            URL(discovery.userinfo_endpoint) if discovery.userinfo_endpoint else None,
            self._monotonic() + KEYS_TTL,
        )

    async def _fetch(self, url: URL, headers: dict[str, str] | None = None) -> HttpAnswer:
        return await self._vendor.exchange("GET", url, Effect.READ, headers=headers)


def _is_of_another_time(error: Exception) -> bool:
    """Whether the token, which the platform has issued for this very request, is expired or not valid yet."""
    if isinstance(error, InvalidClaimError):
        return error.claim in ("iat", "nbf")
    return isinstance(error, ExpiredTokenError)


def challenge(verifier: str) -> str:
    """PKCE's S256: base64url of SHA-256 without padding."""
    return _base64url(hashlib.sha256(verifier.encode()).digest())


def access_token_hash(access_token: str) -> str:
    """``at_hash``: base64url of the left half of the access token's SHA-256."""
    return _base64url(hashlib.sha256(access_token.encode()).digest()[:16])


def _base64url(octets: bytes) -> str:
    return base64.urlsafe_b64encode(octets).rstrip(b"=").decode()


def _claims(data: Json) -> IdentityClaims:
    try:
        claims = _Claims.model_validate(data)
    except ValidationError as error:
        raise Rejected("bad_claims", f"no usable {first_field(error)}") from error
    return IdentityClaims(
        subject=claims.sub,
        name=claims.name,
        mobile=claims.mobile,
        id_number=claims.id_number,
        level=claims.level,
        user_type=claims.user_type,
        organisation_name=claims.organisation.name,
        credit_code=claims.organisation.credit_code,
    )


def _read_refusal(answer: HttpAnswer) -> str:
    """OAuth's error code; empty when there is none."""
    return _Refusal.model_validate(jsons.object_or_empty(answer.body)).error
