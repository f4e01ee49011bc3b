"""Log-in at the identity platform against providers that are wrong in one point each."""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from joserfc import jwt
from joserfc.jwk import OctKey, RSAKey
from pydantic import SecretStr

from config.settings import IdentitySettings
from domain.clock import FixedClock
from domain.errors import NeedsOperator, Rejected, Transient
from gateways.identity import OPERATOR, OidcIdentity, access_token_hash, challenge
from services.ports import IdentityClaims, LoginStart
from tests.gateways.support import Tools

NOW = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
SECRET = "client-secret-of-at-least-thirty-two-bytes"
BACK = "https://x/identity/back"
OLD_KEY, NEW_KEY = (RSAKey.generate_key(2048, {"kid": kid, "use": "sig"}) for kid in ("old", "new"))
PERSON = {
    "name": "李四",
    "mobile": "13800001234",
    "id_number": "411303199001016933",
    "level": 3,
    "user_type": "agent",
    "organisation": {"name": "某招标代理有限公司", "credit_code": "91440101MA5XXXXX0X"},
}


NULL = object()
"""A claim that is written as null; None leaves it out."""


class Provider:
    """A correct provider; a test changes one point."""

    def __init__(self) -> None:
        self.issuer = ""
        self.key, self.published = OLD_KEY, [OLD_KEY]
        self.algorithm = "RS256"
        self.claims: dict[str, object] = {}
        self.userinfo: dict[str, object] = {}
        self.discovery: dict[str, object] = {}
        self.nonce = ""
        self.forms: list[dict[str, str]] = []
        self.key_requests = 0
        self.refusal: tuple[int, str] | None = None

    async def configuration(self, _: web.Request) -> web.Response:
        ends = {
            "authorization_endpoint": "/authorize",
            "token_endpoint": "/token",
            "jwks_uri": "/jwks",
            "userinfo_endpoint": "/userinfo",
        }
        return web.json_response(
            {"issuer": self.issuer, **{name: self.issuer + path for name, path in ends.items()}, **self.discovery}
        )

    async def jwks(self, _: web.Request) -> web.Response:
        self.key_requests += 1
        return web.json_response({"keys": [key.as_dict(private=False) for key in self.published]})

    async def token(self, request: web.Request) -> web.Response:
        self.forms.append({name: str(value) for name, value in (await request.post()).items()})
        if self.refusal:
            return web.json_response({"error": self.refusal[1]}, status=self.refusal[0])
        moment = int(NOW.timestamp())
        claims = {
            "iss": self.issuer,
            "sub": "s1",
            "aud": "pingbiaotong",
            "iat": moment,
            "exp": moment + 300,
            "nonce": self.nonce,
            **PERSON,
            **self.claims,
        }
        claims = {name: None if value is NULL else value for name, value in claims.items() if value is not None}
        key = OctKey.import_key(SECRET) if self.algorithm == "HS256" else self.key
        header = {"alg": self.algorithm, "kid": self.key.kid}
        signed = jwt.encode(header, claims, key, [self.algorithm])
        return web.json_response({"access_token": "A", "token_type": "Bearer", "id_token": signed})

    async def person(self, request: web.Request) -> web.Response:
        assert request.headers["Authorization"] == "Bearer A"
        return web.json_response(self.userinfo)


@pytest.fixture
async def provider() -> AsyncIterator[Provider]:
    provider, app = Provider(), web.Application()
    app.router.add_get("/.well-known/openid-configuration", provider.configuration)
    app.router.add_get("/jwks", provider.jwks)
    app.router.add_post("/token", provider.token)
    app.router.add_get("/userinfo", provider.person)
    async with TestServer(app) as server:
        provider.issuer = str(server.make_url("")).rstrip("/")
        yield provider


class Seconds:
    def __init__(self) -> None:
        self.now = 0.0

    def __call__(self) -> float:
        return self.now


def platform(tools: Tools, provider: Provider, monotonic: Seconds | None = None) -> OidcIdentity:
    settings = IdentitySettings(issuer=provider.issuer, client_id="pingbiaotong", client_secret=SecretStr(SECRET))
    return OidcIdentity(settings, tools.vendor("identity"), FixedClock(NOW), monotonic=monotonic or Seconds())


async def log_in(tools: Tools, provider: Provider, client: OidcIdentity | None = None) -> IdentityClaims:
    client = client or platform(tools, provider)
    started = await client.start(BACK)
    provider.nonce = provider.nonce or started.nonce
    claims = await client.finish("C1", BACK, started)
    provider.nonce = ""
    return claims


def test_pkce_is_that_of_rfc_7636() -> None:
    """Appendix B of the RFC."""
    assert challenge("dBjftJeZ4CVP-mB92K27uhbUJU1p1r_wW1gFWFOEjXk") == "E9Melhoa2OwvFrEMTJguCHaoeK1t8URWbuGJSstw-cM"


def test_the_hash_of_an_access_token_is_that_of_openid_connect() -> None:
    """The example of OpenID Connect Core 1.0, appendix A.3."""
    assert access_token_hash("jHkWEdUXMU1BwAsC4vtUsZwnNvTIxEl0z9K3vx5KF0Y") == "77QmUPtjPfzWtF2AnpK9RQ"


async def test_a_visitor_is_sent_with_fresh_secrets_each_time(tools: Tools, provider: Provider) -> None:
    client = platform(tools, provider)
    first, second = await client.start(BACK), await client.start(BACK)
    query = {name: value[0] for name, value in parse_qs(urlsplit(first.url).query).items()}
    assert query["redirect_uri"] == BACK
    assert query["state"] == first.state
    assert query["nonce"] == first.nonce
    assert query["code_challenge"] == challenge(first.verifier)
    assert query["code_challenge_method"] == "S256"
    assert first.verifier not in first.url
    assert len({first.state, first.nonce, first.verifier, second.state, second.nonce, second.verifier}) == 6


async def test_the_claims_of_a_good_token_are_returned(tools: Tools, provider: Provider) -> None:
    assert await log_in(tools, provider) == IdentityClaims(
        "s1", "李四", "13800001234", "411303199001016933", 3, "agent", "某招标代理有限公司", "91440101MA5XXXXX0X"
    )
    assert provider.forms[0]["code"] == "C1"
    assert len(provider.forms[0]["code_verifier"]) >= 43


async def test_a_natural_person_has_no_organisation(tools: Tools, provider: Provider) -> None:
    provider.claims = {"organisation": None, "user_type": "person", "level": "4"}
    claims = await log_in(tools, provider)
    assert (claims.organisation_name, claims.credit_code, claims.level) == ("", "", 4)


MOMENT = int(NOW.timestamp())


@pytest.mark.parametrize(
    "wrong",
    [
        {"iss": "https://another"},
        {"aud": "another-client"},
        {"aud": ["pingbiaotong", "other"], "azp": "other"},
        {"aud": ["pingbiaotong", "other"]},
        {"azp": "other"},
        {"azp": ["pingbiaotong"]},
        {"at_hash": access_token_hash("of another log-in")},
        {"at_hash": [access_token_hash("A")]},
        {"at_hash": ""},
        {"aud": None},
        {"exp": MOMENT - 200},
        {"exp": None},
        {"iat": MOMENT + 1000},
        {"nbf": MOMENT + 1000},
        {"nonce": "of another log-in"},
        {"nonce": None},
        {"sub": None},
        {"level": 9},
        {"level": None},
        {"user_type": "robot"},
    ],
    ids=str,
)
async def test_a_token_with_one_wrong_claim_is_refused(
    tools: Tools, provider: Provider, wrong: dict[str, object]
) -> None:
    provider.claims = wrong
    of_another_time = set(wrong) & {"exp", "iat", "nbf"} and None not in wrong.values()
    with pytest.raises(NeedsOperator if of_another_time else Rejected):
        await log_in(tools, provider)


async def test_a_nonce_among_others_is_refused(tools: Tools, provider: Provider) -> None:
    """A token with nonces of many log-ins would pass in each of them."""
    client = platform(tools, provider)
    started = await client.start(BACK)
    provider.claims = {"nonce": ["of another log-in", started.nonce]}
    with pytest.raises(Rejected):
        await client.finish("C1", BACK, started)


@pytest.mark.parametrize(
    "more", [{"azp": "pingbiaotong", "at_hash": access_token_hash("A")}, {"azp": NULL, "at_hash": NULL}], ids=str
)
async def test_a_token_that_names_us_and_its_access_token_is_taken(
    tools: Tools, provider: Provider, more: dict[str, object]
) -> None:
    provider.claims = more
    assert (await log_in(tools, provider)).subject == "s1"


async def test_a_token_for_several_clients_made_for_us_is_taken(tools: Tools, provider: Provider) -> None:
    provider.claims = {"aud": ["pingbiaotong", "other"], "azp": "pingbiaotong"}
    assert (await log_in(tools, provider)).subject == "s1"


@pytest.mark.parametrize("algorithm", ["HS256", "RS512"])
async def test_only_the_listed_ways_of_signing_count(tools: Tools, provider: Provider, algorithm: str) -> None:
    """HS256: with our own secret. RS512: with the right key, but not agreed on."""
    provider.algorithm = algorithm
    with pytest.raises(Rejected):
        await log_in(tools, provider)


async def test_a_token_signed_by_a_stranger_under_a_known_key_id_is_refused(tools: Tools, provider: Provider) -> None:
    provider.key = RSAKey.generate_key(2048, {"kid": "old"})
    with pytest.raises(Rejected):
        await log_in(tools, provider)


async def test_a_new_key_is_looked_for_once(tools: Tools, provider: Provider) -> None:
    seconds = Seconds()
    client = platform(tools, provider, seconds)
    await log_in(tools, provider, client)
    provider.key, provider.published = NEW_KEY, [OLD_KEY, NEW_KEY]
    seconds.now = 11
    assert (await log_in(tools, provider, client)).subject == "s1"
    assert provider.key_requests == 2


async def test_a_new_key_under_the_old_ones_id_is_looked_for_too(tools: Tools, provider: Provider) -> None:
    seconds = Seconds()
    client = platform(tools, provider, seconds)
    await log_in(tools, provider, client)
    provider.key = RSAKey.generate_key(2048, {"kid": "old", "use": "sig"})
    provider.published = [provider.key]
    seconds.now = 11
    assert (await log_in(tools, provider, client)).subject == "s1"
    assert provider.key_requests == 2


async def test_unknown_keys_cannot_make_us_ask_all_the_time(tools: Tools, provider: Provider) -> None:
    client = platform(tools, provider)
    provider.key = NEW_KEY
    for _ in range(3):
        with pytest.raises(Rejected):
            await log_in(tools, provider, client)
    assert provider.key_requests == 1


async def test_what_the_token_leaves_out_is_asked_for(tools: Tools, provider: Provider) -> None:
    provider.claims = dict.fromkeys(PERSON)
    provider.userinfo = {"sub": "s1", **PERSON}
    assert (await log_in(tools, provider)).name == "李四"


async def test_userinfo_of_another_person_is_refused(tools: Tools, provider: Provider) -> None:
    provider.claims = dict.fromkeys(PERSON)
    provider.userinfo = {"sub": "s2", **PERSON}
    with pytest.raises(Rejected):
        await log_in(tools, provider)


@pytest.mark.parametrize("refusal", [(400, "invalid_grant"), (401, "invalid_client")])
async def test_a_refused_code_raises_the_providers_reason(
    tools: Tools, provider: Provider, refusal: tuple[int, str]
) -> None:
    provider.refusal = refusal
    with pytest.raises((Rejected, NeedsOperator)) as caught:
        await log_in(tools, provider)
    assert isinstance(caught.value, NeedsOperator if refusal[1] in OPERATOR else Rejected)
    assert caught.value.vendor_code == refusal[1]


async def test_a_platform_that_is_down_may_be_asked_again(tools: Tools, provider: Provider) -> None:
    provider.refusal = (503, "")
    with pytest.raises(Transient):
        await log_in(tools, provider)


@pytest.mark.parametrize(
    "wrong", [{"issuer": "https://another"}, {"token_endpoint": "file:///etc"}, {"jwks_uri": None}], ids=str
)
async def test_a_discovery_that_misleads_is_not_followed(
    tools: Tools, provider: Provider, wrong: dict[str, object]
) -> None:
    provider.discovery = wrong
    with pytest.raises(Transient):
        await platform(tools, provider).start(BACK)


@pytest.mark.parametrize("keys", [{}, {"keys": []}, {"keys": "x"}, {"keys": [1]}, {"keys": [{"kty": "RSA"}]}], ids=str)
async def test_a_log_in_with_unreadable_keys_fails(tools: Tools, provider: Provider, keys: dict[str, object]) -> None:
    async def broken(_: web.Request) -> web.Response:
        return web.json_response(keys)

    app = web.Application()
    app.router.add_get("/jwks", broken)
    async with TestServer(app) as server:
        provider.discovery = {"jwks_uri": str(server.make_url("/jwks"))}
        with pytest.raises(Transient):
            await log_in(tools, provider)


@pytest.mark.parametrize("token", ["", "x", "a.b.c", "eyJhbGciOiJub25lIn0.e30."])
async def test_what_is_no_signed_token_is_refused(
    tools: Tools, provider: Provider, token: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(jwt, "encode", lambda *_: token)
    with pytest.raises(Rejected):
        await log_in(tools, provider)


async def test_the_token_is_not_in_the_error(tools: Tools, provider: Provider) -> None:
    provider.claims = {"nonce": "N" * 40}
    client = platform(tools, provider)
    with pytest.raises(Rejected) as caught:
        await client.finish("C1", BACK, LoginStart("", "s", "n", "v" * 43))
    assert "NNNN" not in str(caught.value)
    assert caught.value.__suppress_context__
