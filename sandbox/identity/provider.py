"""The provider's endpoints: discovery, authorize with a picker of persons, token with PKCE, keys, user info."""

from __future__ import annotations

import asyncio
import base64
import binascii
import hmac
import html
import secrets
from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from urllib.parse import quote, unquote, urlencode, urlsplit

from aiohttp import web

from sandbox import jsons
from sandbox.identity.tokens import TokenSigner, access_token_hash, person_claims, pkce_challenge
from sandbox.jsons import Json
from sandbox.phones import Phone
from sandbox.world import World

CODE_TTL = 300.0
TOKEN_TTL = 3600.0
SHOWN = 200
"""Persons on the picker."""
ROLES = {
    "expert": "专家",
    "agency": "代理机构",
    "verifier": "核验人员",
    "supervisor": "监督人",
    "venue": "场地",
    "applicant": "申请人",
}


@dataclass(frozen=True, slots=True)
class Grant:
    phone: Phone
    redirect_uri: str
    challenge: str
    nonce: str
    expires: float


class OidcError(Exception):
    """An error of the token endpoint."""

    def __init__(self, code: str, description: str, status: int = 400) -> None:
        self.code = code
        self.status = status
        super().__init__(description)


Handler = Callable[[web.Request], Awaitable[web.StreamResponse]]


class Provider:
    def __init__(self, world: World) -> None:
        self._world = world
        self._config = world.config.identity
        self._signer = TokenSigner()
        self._codes: dict[str, Grant] = {}
        self._access: dict[str, tuple[Phone, float]] = {}
        self.issuer = f"{world.config.public_url}/identity"

    def add_routes(self, app: web.Application) -> None:
        app.router.add_get("/identity/.well-known/openid-configuration", self._guard(self.discovery))
        app.router.add_get("/identity/jwks", self._guard(self.jwks))
        app.router.add_get("/identity/authorize", self._guard(self.authorize))
        app.router.add_post("/identity/authorize", self._guard(self.agree))
        app.router.add_post("/identity/token", self._guard(self.token))
        app.router.add_get("/identity/userinfo", self._guard(self.userinfo))

    def _guard(self, handler: Handler) -> Handler:
        """Faults and ledger around an endpoint."""

        async def guarded(request: web.Request) -> web.StreamResponse:
            faults = self._world.faults
            if slow := faults.strikes("identity", "slow"):
                await asyncio.sleep(slow.seconds)
            if faults.strikes("identity", "fail_500"):
                return web.Response(status=500, text="Internal Server Error")
            response = await handler(request)
            logged = {"scope": request.query.get("scope", "")} if request.query else None
            self._world.ledger.add("identity", "in", request.path, logged, f"HTTP {response.status}")
            if drop := faults.strikes("identity", "drop_answer"):
                await asyncio.sleep(drop.seconds)
                if request.transport is not None:
                    request.transport.abort()
            return response

        return guarded

    async def discovery(self, _request: web.Request) -> web.Response:
        return _json(
            {
                "issuer": self.issuer,
                "authorization_endpoint": f"{self.issuer}/authorize",
                "token_endpoint": f"{self.issuer}/token",
                "userinfo_endpoint": f"{self.issuer}/userinfo",
                "jwks_uri": f"{self.issuer}/jwks",
                "response_types_supported": ["code"],
                "subject_types_supported": ["public"],
                "id_token_signing_alg_values_supported": ["RS256"],
                "code_challenge_methods_supported": ["S256"],
                "token_endpoint_auth_methods_supported": ["client_secret_post", "client_secret_basic"],
                "scopes_supported": ["openid"],
            }
        )

    async def jwks(self, _request: web.Request) -> web.Response:
        return _json({"keys": [await asyncio.to_thread(self._signer.jwk)]})

    # -- the person's part ----------------------------------------------------------------------------------------

    async def authorize(self, request: web.Request) -> web.Response:
        """The picker. A phone's browser, which adds ``phone``, sees its owner only."""
        problem = self._problem(request.query)
        if problem:
            return web.Response(status=400, text=problem)
        owner = self._world.find_phone(request.query.get("phone", ""))
        search = request.query.get("q", "")
        people = [owner] if owner else [p for p in self._world.phones.values() if search in p.name + p.organisation]
        return _page(request.query, people[:SHOWN], searchable=owner is None)

    def _problem(self, query: Mapping[str, str]) -> str:
        """Why the request is refused; empty when it is not."""
        if query.get("client_id") != self._config.client_id:
            return "client_id 不存在"
        if not self._may_redirect(query.get("redirect_uri", "")):
            return "redirect_uri 未登记"
        if query.get("response_type") != "code" or "openid" not in query.get("scope", "").split():
            return "response_type 或 scope 不正确"
        if query.get("code_challenge_method") != "S256" or not query.get("code_challenge"):
            return "需要 PKCE（S256）"
        return ""

    def _may_redirect(self, url: str) -> bool:
        config = self._world.config
        usual = tuple(f"{base}/" for base in (config.service_url, config.service_public_url) if base)
        return url.startswith(self._config.redirect_prefixes or usual)

    async def agree(self, request: web.Request) -> web.Response:
        form = {key: str(value) for key, value in (await request.post()).items()}
        phone = self._world.find_phone(form.get("person", ""))
        problem = self._problem(form) or ("" if phone else "请选择一个人")
        if problem or phone is None:
            return web.Response(status=400, text=problem)
        code = secrets.token_urlsafe(32)
        expires = self._world.clock.now() + CODE_TTL
        challenge, nonce = form["code_challenge"], form.get("nonce", "")
        self._codes[code] = Grant(phone, form["redirect_uri"], challenge, nonce, expires)
        target = form["redirect_uri"]
        code_and_state = urlencode({"code": code, "state": form.get("state", "")})
        url = target + ("&" if urlsplit(target).query else "?") + code_and_state
        return web.Response(status=302, headers={"Location": self._browser_url(form.get("phone", ""), url)})

    def _browser_url(self, phone_id: str, url: str) -> str:
        config = self._world.config
        for base in (config.service_url, config.service_public_url):
            if phone_id and base and url.startswith(f"{base}/"):
                return f"/phone/{quote(phone_id)}/service/{url.removeprefix(f'{base}/')}"
        return url

    # -- the client's part ----------------------------------------------------------------------------------------

    async def token(self, request: web.Request) -> web.Response:
        form = {key: str(value) for key, value in (await request.post()).items()}
        if refused := self._world.faults.strikes("identity", "refuse_us"):
            return _json({"error": refused.code, "error_description": "refused by a fault switch"}, 400)
        try:
            answer = await asyncio.to_thread(self._redeem, form, request.headers.get("Authorization", ""))
        except OidcError as error:
            return _json({"error": error.code, "error_description": str(error)}, error.status)
        return _json(answer)

    def _redeem(self, form: Mapping[str, str], authorization: str) -> Json:
        self._check_client(form, authorization)
        if form.get("grant_type") != "authorization_code":
            raise OidcError("unsupported_grant_type", "only authorization_code")
        grant, now = self._codes.pop(form.get("code", ""), None), self._world.clock.now()
        if grant is None or grant.expires <= now or form.get("redirect_uri") != grant.redirect_uri:
            raise OidcError("invalid_grant", "the code is unknown, used, expired or for another redirect_uri")
        if not hmac.compare_digest(pkce_challenge(form.get("code_verifier", "")), grant.challenge):
            raise OidcError("invalid_grant", "the code_verifier does not fit")
        access = secrets.token_urlsafe(32)
        self._access[access] = (grant.phone, now + TOKEN_TTL)
        client = self._config.client_id
        claims: Json = {"iss": self.issuer, "aud": client, "azp": client, "iat": int(now), "exp": int(now + 300)}
        claims["at_hash"] = access_token_hash(access)
        if grant.nonce:
            claims["nonce"] = grant.nonce
        forged = self._world.faults.strikes("identity", "wrong_signature") is not None
        id_token = self._signer.sign({**claims, **person_claims(grant.phone)}, forged=forged)
        return {"access_token": access, "token_type": "Bearer", "expires_in": int(TOKEN_TTL), "id_token": id_token}

    def _check_client(self, form: Mapping[str, str], authorization: str) -> None:
        client, secret = form.get("client_id", ""), form.get("client_secret", "")
        if authorization.startswith("Basic "):
            try:
                client, _, secret = base64.b64decode(authorization[6:], validate=True).decode().partition(":")
            except (binascii.Error, UnicodeDecodeError) as error:
                raise OidcError("invalid_client", "malformed Authorization header", 401) from error
            client, secret = unquote(client), unquote(secret)
        secret_fits = hmac.compare_digest(secret.encode(), self._config.client_secret.encode())
        if client != self._config.client_id or not secret_fits:
            raise OidcError("invalid_client", "wrong client_id or client_secret", 401)

    async def userinfo(self, request: web.Request) -> web.Response:
        token = request.headers.get("Authorization", "").removeprefix("Bearer ")
        grant = self._access.get(token)
        if grant is None or grant[1] <= self._world.clock.now():
            return _json({"error": "invalid_token"}, 401)
        return _json(person_claims(grant[0]))


def _json(data: Json, status: int = 200) -> web.Response:
    headers = {"Cache-Control": "no-store"}
    return web.Response(
        text=jsons.dumps(data), status=status, content_type="application/json", charset="utf-8", headers=headers
    )


_PASSED = (
    "client_id",
    "redirect_uri",
    "response_type",
    "scope",
    "state",
    "nonce",
    "code_challenge",
    "code_challenge_method",
    "phone",
)


def _page(query: Mapping[str, str], people: list[Phone], *, searchable: bool) -> web.Response:
    hidden = "".join(
        f'<input type="hidden" name="{name}" value="{html.escape(query.get(name, ""))}">' for name in _PASSED
    )
    items = "".join(_person_button(phone) for phone in people)
    search = (
        f'<form method="get" class="search">{hidden}<input name="q" value="{html.escape(query.get("q", ""))}"'
        ' placeholder="搜索姓名或单位" aria-label="搜索姓名或单位"><button>搜索</button></form>'
        if searchable
        else ""
    )
    text = (
        '<!doctype html><html lang="zh-CN"><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width,initial-scale=1"><title>统一身份认证</title>'
        '<link rel="stylesheet" href="/_/identity.css">'
        "<main><h1>统一身份认证</h1><p>请选择以谁的身份登录，并同意提供姓名、手机号和证件号。</p>"
        f'{search}<form method="post" action="/identity/authorize">{hidden}'
        f"{items or '<p>没有找到这个人。</p>'}</form></main></html>"
    )
    policy = "default-src 'none'; style-src 'self'; base-uri 'none'; frame-ancestors 'self'"
    return web.Response(text=text, content_type="text/html", headers={"Content-Security-Policy": policy})


def _person_button(phone: Phone) -> str:
    subtitle = phone.organisation or ROLES.get(phone.role, phone.role)
    return (
        f'<button name="person" value="{html.escape(phone.id)}"><b>{html.escape(phone.name)}</b>'
        f"<span>{html.escape(subtitle)}</span></button>"
    )
