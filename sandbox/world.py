"""The whole state of the sandbox, in memory: clock, phones, accounts, faults, ledger."""

from __future__ import annotations

import asyncio
import itertools
import logging
import secrets
import time
from collections import deque
from collections.abc import Callable, Coroutine

import aiohttp
from aiohttp import web

from sandbox.clock import SandboxClock, Timeline
from sandbox.config import MAIL_DOMAIN, AccountConfig, Config, MiniProgramConfig, PersonConfig
from sandbox.faults import Faults
from sandbox.jsons import BadControlRequest, Json
from sandbox.ledger import Hub, Ledger
from sandbox.phones import Bubble, Chat, Phone, PhoneCall, Segment, Sms, openid_of

log = logging.getLogger("sandbox")


class World:
    """Built once by the server; every part of the sandbox gets it."""

    def __init__(self, config: Config) -> None:
        self.config = config
        self.clock = SandboxClock()
        self.timeline = Timeline(self.clock)
        self.hub = Hub()
        self.ledger = Ledger(self.clock, self.hub, config.wire.ledger)
        self.faults = Faults()
        self.phones: dict[str, Phone] = {}
        self.by_mobile: dict[str, Phone] = {}
        self.by_openid: dict[str, Phone] = {}
        self.accounts: dict[str, AccountConfig] = {account.pool: account for account in config.accounts}
        self.minis: dict[str, MiniProgramConfig] = {mini.pool: mini for mini in config.mini_programs}
        self.apps: dict[str, AccountConfig | MiniProgramConfig] = {
            account.appid: account for account in config.accounts
        }
        self.apps.update({mini.appid: mini for mini in config.mini_programs})
        self.keep_bubbles = config.wire.bubbles
        self.on_bubble: list[Callable[[Phone, str, Bubble], None]] = []
        """Called with each new bubble; the autopilots listen here."""
        self._numbers = itertools.count(int(time.time() * 1000) * 1000)
        self._phone_numbers = itertools.count(1)
        self._tasks: set[asyncio.Task[None]] = set()
        self._timeline_task: asyncio.Task[None] | None = None
        self._http: aiohttp.ClientSession | None = None
        for person in config.people:
            self.add_phone(person)

    # -- tasks --------------------------------------------------------------------------------------------------

    async def start(self) -> None:
        connector = aiohttp.TCPConnector(limit=256, limit_per_host=256)
        # No shared jar: the proxy keeps each phone's cookies with the phone.
        self._http = aiohttp.ClientSession(connector=connector, cookie_jar=aiohttp.DummyCookieJar())
        self._timeline_task = asyncio.create_task(self.timeline.run())

    async def stop(self) -> None:
        tasks = [*self._tasks, *([self._timeline_task] if self._timeline_task else [])]
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        if self._http is not None:
            await self._http.close()

    @property
    def http(self) -> aiohttp.ClientSession:
        if self._http is None:
            raise RuntimeError("the sandbox is not running")
        return self._http

    @property
    def under_way(self) -> frozenset[asyncio.Task[None]]:
        """Work in the background that has not ended: messages, callbacks and reports on their way."""
        return frozenset(self._tasks)

    def spawn(self, work: Coroutine[object, object, None]) -> None:
        """Runs in the background until done or until the sandbox stops; a failure is logged."""
        task = asyncio.get_running_loop().create_task(work)
        self._tasks.add(task)
        task.add_done_callback(self._end_task)

    def _end_task(self, task: asyncio.Task[None]) -> None:
        self._tasks.discard(task)
        if not task.cancelled() and (error := task.exception()) is not None:
            log.error("background work failed", exc_info=error)

    def new_number(self) -> int:
        """A 64-bit id that is not used again, also not after a restart."""
        return next(self._numbers)

    def new_rid(self) -> str:
        return "-".join(secrets.token_hex(4) for _ in range(3))

    # -- people -------------------------------------------------------------------------------------------------

    def add_phone(self, person: PersonConfig) -> Phone:
        """BadRequest when the number is already taken."""
        if person.mobile in self.by_mobile:
            raise BadControlRequest(f"a phone with number {person.mobile} exists already")
        pool = person.pool or next(iter(self.accounts), "")
        phone = Phone(
            id=f"p{next(self._phone_numbers)}",
            name=person.name,
            mobile=person.mobile,
            pool=pool,
            role=person.role,
            id_number=person.id_number,
            level=person.level,
            user_type=person.user_type,
            organisation=person.organisation,
            credit_code=person.credit_code,
            email=person.email or f"{person.mobile}@{MAIL_DOMAIN}",
        )
        self.phones[phone.id] = phone
        self.by_mobile[phone.mobile] = phone
        for app in (self.accounts.get(pool), self.minis.get(pool)):
            if app is not None:
                self.by_openid[openid_of(app.appid, phone.mobile)] = phone
        if person.follows and pool in self.accounts:
            chat = self.chat(phone, pool)
            chat.following, chat.followed_at = True, int(self.clock.now())
        return phone

    def find_phone(self, key: str) -> Phone | None:
        """By id or by mobile number."""
        return self.phones.get(key) or self.by_mobile.get(key)

    def chat(self, phone: Phone, pool: str) -> Chat:
        """The phone's chat with the pool's account; it appears when first asked for."""
        chat = phone.chats.get(pool)
        if chat is None:
            account = self.accounts.get(pool)
            if account is None:
                raise BadControlRequest(f"no official account for pool {pool!r}")
            openid = openid_of(account.appid, phone.mobile)
            chat = Chat(pool, openid, deque(maxlen=self.keep_bubbles))
            phone.chats[pool] = chat
            self.by_openid[openid] = phone
        return chat

    def mini_openid(self, phone: Phone, mini: MiniProgramConfig) -> str:
        openid = openid_of(mini.appid, phone.mobile)
        self.by_openid[openid] = phone
        return openid

    def chat_by_openid(self, account: AccountConfig, openid: str) -> tuple[Phone, Chat] | None:
        """None when the openid is unknown or belongs to another account."""
        phone = self.by_openid.get(openid)
        if phone is None or openid_of(account.appid, phone.mobile) != openid:
            return None
        return phone, self.chat(phone, account.pool)

    # -- what appears on a phone --------------------------------------------------------------------------------

    def show(
        self,
        phone: Phone,
        chat: Chat,
        side: str,
        kind: str,
        segments: list[Segment] | str,
        *,
        title: str = "",
        image: str = "",
        source: str = "",
    ) -> Bubble:
        parts = (Segment(segments),) if isinstance(segments, str) else tuple(segments)
        bubble = Bubble(self.new_number(), self.clock.now(), side, kind, parts, title, image, source)
        chat.bubbles.append(bubble)
        if side == "account":
            chat.typing_until = 0.0
        phone.touch()
        for listener in self.on_bubble:
            listener(phone, chat.pool, bubble)
        if self.hub.watched:
            self.hub.publish("bubble", {"phone": phone.id, "pool": chat.pool, "bubble": bubble.as_json()})
        return bubble

    def show_sms(self, phone: Phone, sms: Sms) -> None:
        phone.sms.append(sms)
        phone.touch()
        if self.hub.watched:
            self.hub.publish("sms", {"phone": phone.id, "sms": sms.as_json()})

    def show_call(self, phone: Phone, call: PhoneCall) -> None:
        phone.touch()
        if self.hub.watched:
            self.hub.publish("call", {"phone": phone.id, "call": call.as_json()})

    def show_phone(self, phone: Phone) -> None:
        """Publish a change of the phone's line, following or autopilot; lists are not included."""
        phone.touch()
        if self.hub.watched:
            following: Json = {pool: chat.following for pool, chat in phone.chats.items()}
            self.hub.publish("phone", {"phone": phone.id, "summary": phone.summary(), "following": following})


WORLD = web.AppKey("world", World)
