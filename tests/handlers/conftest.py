"""Phones that chat with the whole official account: engine, journal in Redis, services on PostgreSQL, a fake clock."""

from __future__ import annotations

import re
import time
from collections.abc import AsyncIterator
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime, timedelta
from functools import lru_cache
from pathlib import Path
from typing import Any, cast
from urllib.parse import unquote
from uuid import UUID

import pytest
from redis.asyncio import Redis
from tortoise import Tortoise

from app.rulebook_files import load_rulebooks
from bot.dialogue import Dialogue
from bot.engine import Engine, EngineParts
from bot.inbox import Inbox
from bot.messages import Message, parse_xml
from bot.router import Router
from bot.users import Users
from bot.windows import Windows
from domain.clock import FixedClock
from domain.rulebook.book import Rulebook
from handlers import register_all
from models.accounts import Account, WechatIdentity
from models.database_connection import tortoise_config
from models.experts import Expert
from models.invitations import Invitation
from models.notices import Notice
from services.core.base import Deps, Jobs
from services.core.crypto import Keyring
from services.payments import Fees
from services.registry import Services
from tests.bot.conftest import KEYS, message
from tests.bot.stage import CODEC, LONG, Sender, raised_limits, redis_client
from tests.factories import offices
from tests.factories.assembly import make_services
from tests.factories.draws import make_project
from tests.factories.offices import Office, add_experts, make_office
from tests.factories.payments import Passed, make_fake_payments
from tests.factories.people import make_account
from tests.invariants import check_invariants

NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
RULEBOOKS = Path(__file__).parents[2] / "config" / "rulebooks"
_CHOICE = re.compile(r'<a href="weixin://bizmsgmenu\?msgmenucontent=([^&"]*)&msgmenuid=(\d+)">([^<]*)</a>')


@lru_cache
def _rulebooks() -> dict[str, Rulebook]:
    return load_rulebooks(RULEBOOKS, ["demo"])


@dataclass
class World:
    """One official account of the demo pool, and everything behind it. ``services.deps`` may be replaced."""

    clock: FixedClock
    office: Office
    services: Services
    redis: Redis
    database_url: str
    engine: Engine = field(init=False)
    _opened: list[tuple[Engine, Users]] = field(default_factory=list)

    def start_process(self) -> None:
        """Start a new process, which has only the data of PostgreSQL and Redis."""
        router = Router()
        register_all(router)
        users = Users(self.database_url, timeout=LONG)
        self.engine = Engine(
            EngineParts(
                codecs={"demo": CODEC},
                dialogue=Dialogue(router),
                services=self.services,
                users=users,
                inbox=Inbox(self.redis),
                windows=Windows(self.redis, self.clock),
                keys=KEYS,
                sender=cast(Any, Sender()),
                commit_late=self._refuse_late_reply,
                notify_elsewhere=self.services.notifications.pending_replies.notify_waiting,
            ),
            timeout=LONG,
        )
        self._opened.append((self.engine, users))

    async def _refuse_late_reply(self, pool: str, sealed: str) -> None:
        raise AssertionError(f"a message of {pool} took too long")

    async def close(self) -> None:
        for engine, users in self._opened:
            await engine.close()
            await users.close()

    def set_rules(self, **sections: Any) -> None:
        """Change the demo pool's rulebook: ``set_rules(attendance={"location_required": True})``."""
        book = self.services.deps.rulebooks["demo"]
        changed = {name: getattr(book, name).model_copy(update=values) for name, values in sections.items()}
        cast("dict[str, Rulebook]", self.services.deps.rulebooks)["demo"] = book.model_copy(update=changed)

    async def sms_code(self) -> str:
        """The code in the newest SMS."""
        notice = await Notice.filter(kind="verification_code").order_by("-created_at", "-id").first()
        assert notice is not None
        return self.services.deps.keys.open_text(notice.secret_sealed, "notice")

    def mobile_of(self, expert: Expert) -> str:
        return self.services.deps.keys.open_text(expert.mobile_sealed, "mobile")

    async def add_expert(self) -> Expert:
        return (await add_experts(self.office, 1))[0]

    async def phone_of(self, expert: Expert) -> Phone:
        """The expert's phone, bound."""
        account = await make_account(self.services.deps, self.mobile_of(expert), real_name=expert.name)
        await Expert.filter(id=expert.id).update(account_id=account.id)
        return await self.phone_with(account)

    async def phone_with(self, account: Account) -> Phone:
        phone = Phone(self, f"o{account.id.hex[-12:]}")
        await WechatIdentity.create(
            pool="demo", app="oa", appid="wx1", openid=phone.openid, account_id=account.id, created_at=NOON
        )
        return phone

    async def call(self, expert: Expert, *, needed: int = 1, **options: Any) -> Invitation:
        """Draw until this expert is invited; with ``needed`` places there must be as many in the pool."""
        draw_id = await offices.start_draw(self.office, needed=needed, **options)
        return await Invitation.get(draw_id=draw_id, expert_id=expert.id)

    async def call_again(self, expert: Expert, *, later: timedelta = timedelta(days=2)) -> Invitation:
        """Another draw of another project, at another time."""
        office = self.office
        project = await make_project(office.agency.organisation_id, office.agency.account_id)
        form = replace(offices.draw_form(office, needed=1), project_id=project.id)
        form = replace(form, starts_at=form.starts_at + later, ends_at=form.ends_at + later)
        draw_id = await office.setup.create(office.agency, form)
        notice = offices.notice_form(office)
        notice_id = await office.setup.add_call_notice(
            office.agency, draw_id, replace(notice, gathering_at=notice.gathering_at + later)
        )
        condition = offices.ConditionForm(notice_id, "permanent", ("440100",), "A08", 1)
        await office.setup.add_condition(office.agency, draw_id, condition)
        await offices.verify(office, draw_id)
        await office.rounds.open(office.agency, draw_id)
        await offices.fix_seed(office, draw_id)
        await office.run.start(office.agency, draw_id)
        await office.run.advance(draw_id)
        return await Invitation.get(draw_id=draw_id, expert_id=expert.id)

    async def make_accepted_panel(self, expert: Expert) -> Invitation:
        """An invitation that this expert has accepted; the draw is complete."""
        invitation = await self.call(expert)
        await self.services.draws.invitations.answer(invitation.id, expert.id, "accept", by="voice")
        await self.office.run.advance(invitation.draw_id)
        return await Invitation.get(id=invitation.id)

    async def check(self) -> None:
        """Check the invariants of the database, with the records of draws."""
        await check_invariants()

    async def state_of(self, invitation_id: UUID) -> str:
        return (await Invitation.get(id=invitation_id)).state


@dataclass
class Phone:
    """A person's acts and the screen: ``says`` and the like return the newest bubble."""

    world: World
    openid: str
    screen: str = ""

    async def says(self, text: str, **fields: str | int) -> str:
        return await self._send(message(text, self.openid, at=self.world.clock.now(), **fields))

    async def taps(self, label: str) -> str:
        """Tap a choice in the newest bubble."""
        for content, tap, shown in _CHOICE.findall(self.screen):
            if shown == label:
                return await self.says(unquote(content), bizmsgmenuid=tap)
        raise AssertionError(f"no {label} to tap in: {self.screen}")

    async def taps_answer(self, invitation: Invitation, label: str) -> str:
        """Tap 参加 or 不参加 in the msgmenu that announced the invitation."""
        return await self.says(label, bizmsgmenuid=invitation.menu_id + (label == "不参加"))

    async def clicks(self, key: str) -> str:
        return await self.event("CLICK", EventKey=key)

    async def follows(self, scene: str = "") -> str:
        return await self.event("subscribe", EventKey=f"qrscene_{scene}" if scene else "")

    async def scans(self, scene: str) -> str:
        return await self.event("SCAN", EventKey=scene, Ticket="t")

    async def sends_position(self, latitude: float, longitude: float) -> str:
        fields = {"Location_X": str(latitude), "Location_Y": str(longitude), "Scale": "20", "Label": "某处"}
        return await self._send(message(None, self.openid, at=self.world.clock.now(), MsgType="location", **fields))

    async def event(self, name: str, **fields: str | int) -> str:
        return await self._send(
            message(None, self.openid, at=self._move_by_a_second(), MsgType="event", Event=name, **fields)
        )

    async def sends_xml(self, inner: str, event: str) -> str:
        """An event with nested elements."""
        return await self._send(nested_event(inner, event, self.openid, self._move_by_a_second()))

    def _move_by_a_second(self) -> datetime:
        """Move the clock by a second: equal events of one second count as WeChat's retries."""
        self.world.clock.move(timedelta(seconds=1))
        return self.world.clock.now()

    async def identity(self) -> WechatIdentity:
        return await WechatIdentity.get(appid="wx1", openid=self.openid)

    async def sends(self, sent: Message) -> str:
        """Send a message unchanged; the same one again is a copy."""
        return await self._send(sent)

    async def _send(self, sent: Message) -> str:
        reply = await self.world.engine.receive(sent, time.monotonic())
        self.screen = str(parse_xml(CODEC.decrypt(reply)).get("Content", "")) if reply else ""
        assert len(self.screen.encode()) < 2000, "too long for a bubble"
        return self.screen


def nested_event(inner: str, event: str, openid: str, at: datetime) -> Message:
    plain = message(None, openid, at=at, MsgType="event", Event=event)
    return replace(plain, fields={**plain.fields, **parse_xml(f"<xml>{inner}</xml>".encode())})


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock(NOON)


@pytest.fixture
async def world(database: str, redis: str, clock: FixedClock) -> AsyncIterator[World]:
    await Tortoise.init(config=tortoise_config(database), _enable_global_fallback=True)
    keys = Keyring({"k1": b"d" * 32}, "k1", b"l" * 32, b"s" * 32)
    deps = Deps(clock=clock, keys=keys, rulebooks=dict(_rulebooks()), jobs=Jobs(), public_url="http://127.0.0.1:8080")
    office = await make_office(deps)
    client = redis_client(redis)
    payments = make_fake_payments(deps, office.notices, Fees(deps, office.notices), Passed())
    made = World(clock, office, replace(make_services(deps), payments=payments), client, database)
    made.start_process()
    try:
        with raised_limits():
            yield made
    finally:
        await made.close()
        await client.aclose()
        await Tortoise.close_connections()


@pytest.fixture
def stranger(world: World) -> Phone:
    """A phone without any message so far."""
    return Phone(world, "oStranger")


@pytest.fixture
async def expert(world: World) -> Expert:
    return await world.add_expert()


@pytest.fixture
async def phone(world: World, expert: Expert) -> Phone:
    """The phone of ``expert``, bound."""
    return await world.phone_of(expert)
