"""The mini-program of one person, as a client of the public API."""

from __future__ import annotations

from dataclasses import dataclass, field
from urllib.parse import quote, urlsplit

from app.players.browser import WebBrowser
from app.players.http_client import HttpClient, Json, Refused
from app.players.phones import Phone

_CONFIRM = "确认登录"


@dataclass
class MiniProgram:
    """One person's log-in, acting as ``role``; renewed automatically when it expires."""

    http_client: HttpClient
    phone: Phone
    role: str
    web_view: WebBrowser = field(init=False)
    _access: str = ""
    _refresh: str = ""
    _link: str = ""

    def __post_init__(self) -> None:
        self.web_view = WebBrowser(self.http_client, self.http_client.service_url)

    @property
    def pool(self) -> str:
        return self.phone.pool

    async def open(self) -> None:
        """Log in by WeChat, give the phone number if it is not bound yet, choose the role."""
        code = (await self.phone.http_client.control(f"/phones/{self.phone.mobile}/login_code", {}))["code"]
        session = await self.http_client.api("POST", f"{self.pool}/sessions", {"code": code})
        self._keep_tokens(session["tokens"])
        if not session["bound"]:
            await self._bind_phone_number()
        if self.role:
            await self._choose_role()

    def _keep_tokens(self, tokens: Json) -> None:
        self._access, self._refresh = tokens["access"], tokens["refresh"]

    async def _bind_phone_number(self) -> None:
        code = (await self.phone.http_client.control(f"/phones/{self.phone.mobile}/phone_code", {}))["code"]
        version = (await self.http_client.api("GET", f"{self.pool}/pool"))["privacy_version"]
        body = {"privacy_version": version, "phone_code": code}
        await self.http_client.api("POST", f"{self.pool}/sessions/current/phone", body, token=self._access)

    async def _choose_role(self) -> None:
        roles = (await self._send("GET", "/sessions/current", None))["roles"]
        option = next((option for option in roles if option["role"] == self.role), None)
        if option is None:
            raise Refused(403, {"code": "role_not_held", "roles": roles}, f"choose {self.role}")
        chosen = {name: option[name] for name in ("role", "scope", "organisation_id")}
        await self._send("PUT", "/sessions/current/role", chosen)

    async def open_page(self, path: str) -> WebBrowser:
        """Open a page of the web site inside the mini-program, for the same person in the same role."""
        link = urlsplit((await self.post("/sessions/current/browser"))["url"]).path
        used, self._link = link == self._link, link  # links of one second are the same, and each is valid once
        page = await self.web_view.open(path if used else f"{link}?to={quote(path, safe='')}")
        if _CONFIRM in page.buttons:
            await self.web_view.press(_CONFIRM)
        return self.web_view

    # ---- requests

    async def _send(self, method: str, path: str, body: object) -> Json:
        return await self.http_client.api(method, self.pool + path, body, token=self._access)

    async def _ask(self, method: str, path: str, body: object = None) -> Json:
        try:
            return await self._send(method, path, body)
        except Refused as refusal:
            if refusal.status != 401:
                raise
        await self._renew()
        return await self._send(method, path, body)

    async def _renew(self) -> None:
        try:
            self._keep_tokens(
                await self.http_client.api("POST", f"{self.pool}/sessions/refresh", {"refresh": self._refresh})
            )
        except Refused:
            await self.open()

    async def get(self, path: str) -> Json:
        return await self._ask("GET", path)

    async def post(self, path: str, body: object = None) -> Json:
        return await self._ask("POST", path, body)

    async def put(self, path: str, body: object) -> Json:
        return await self._ask("PUT", path, body)

    async def delete(self, path: str) -> Json:
        return await self._ask("DELETE", path)

    async def send(self, path: str, content: bytes) -> Json:
        return await self.http_client.send(self.pool + path, content, token=self._access)
