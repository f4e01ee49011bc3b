"""Nobody is stuck: from each state of membership, suspension, change, renewal, course and pause that acts lead to, what
the product tells the person leads out again, and page, chat, mini-program, badge and draws say the same.

The acts are random, and the same in each run.
"""

from __future__ import annotations

import random
import re
from collections.abc import AsyncIterator
from contextlib import suppress
from dataclasses import dataclass, field
from datetime import timedelta
from typing import get_args

import pytest

from domain.errors import AppError, Forbidden, NotFound
from domain.experts.drawability import Reason
from domain.rulebook.form import EntryType
from models.accounts import Account
from models.applications import Application, ApplicationAct
from models.draws import CallNotice, Draw
from models.experts import Expert
from models.reviews import ReviewEntry
from services.core.base import Actor, transaction
from services.draws.call_order.eligibility import find_hindrances, no_recusals
from services.experts import Suspension
from tests.bot.stage import raised_limits, redis_client
from tests.factories.exams import work
from tests.factories.expert_lives import ExpertLife, Idle, begin_life
from tests.factories.offices import make_draw
from tests.factories.people import make_account, make_grant
from tests.factories.reviews import with_rules
from tests.handlers.conftest import Phone
from tests.handlers.conftest import World as ChatWorld
from tests.invariants import check_invariants
from tests.services.exams.exam_scene import make_exam_scene
from tests.services.exams.results import KEY, make_room
from tests.web.conftest import World

ACTS = 16
STEPS_MAX = 60
"""Steps within which a person who does what he is told is drawn again."""
HOTLINE, DATE = "400-000-0000", re.compile(r"\d+月\d+日")
_BEGIN = "我已知晓，开始填写"


@pytest.fixture
async def chat(world: World, database: str, redis: str) -> AsyncIterator[ChatWorld]:
    """The official account of the same service."""
    client = redis_client(redis)
    made = ChatWorld(world.clock, world.office, world.services, client, database)
    made.start_process()
    with raised_limits():
        yield made
    await made.close()
    await client.aclose()


@dataclass
class Channels:
    """What each channel says of the person now."""

    world: World
    phone: Phone
    life: ExpertLife
    draw: Draw
    notice: CallNotice
    seen: set[str] = field(default_factory=set)
    """States that were read on pages and in the chat already."""

    @property
    def told(self) -> str:
        return " → ".join(self.life.told)

    async def check(self) -> None:
        services, life = self.world.services, self.life
        home = await services.applications.to_dos.home("demo", life.account.id)
        status = home.membership_status
        expert = await Expert.get(id=life.expert_id)
        if expert.left_at is not None:
            assert status.kind in ("left", "applying"), self.told
            assert status.suspensions == (), self.told
            with pytest.raises(NotFound):
                await services.expert_file_views.own_files.read(life.person)
            with pytest.raises(Forbidden):
                await services.experts.profiles.profile(life.person)
        else:
            assert status.kind == ("suspended" if status.suspensions else expert.membership_status), self.told
            profile = await services.experts.profiles.profile(life.person)
            assert profile.membership_status == status, self.told
            file = await services.expert_file_views.own_files.read(life.person)
            chances = await services.expert_file_views.own_chances.read(life.person)
            assert file.reasons == chances.reasons
            temporary = [bar for bar in chances.bars if bar.code == "temporary"]
            assert bool(temporary) == (expert.membership_status == "temporary"), self.told
            bars = [_words(bar) for bar in chances.bars if bar not in temporary]
            assert [_bar(why) for why in status.suspensions] == bars, self.told
            await self._check_draws(barred=bool(chances.bars))
        items = [(item.title, item.detail, item.action) for item in home.to_do]
        for why in status.suspensions:
            assert (why.title, why.detail, why.action) in items, self.told
            assert why.route or HOTLINE in why.detail or DATE.search(why.detail), f"{why}: {self.told}"
        await self._check_applications()
        key = repr((status.kind, status.suspensions, [(each.entry_type, each.state) for each in home.progress]))
        if key not in self.seen:
            self.seen.add(key)
            await self._read(status.kind, status.suspensions)

    async def _check_draws(self, *, barred: bool) -> None:
        """A draw of this moment calls the person just where nothing bars him."""
        now = self.world.clock.now()
        self.draw.starts_at, self.draw.ends_at = now + timedelta(minutes=1), now + timedelta(minutes=2)
        self.notice.gathering_at = now + timedelta(minutes=1)
        book = self.world.services.deps.book("demo")
        async with transaction():
            hindrances = await find_hindrances(
                [self.life.expert_id], self.draw, self.notice, no_recusals(self.draw), book, now
            )
        hindrance = hindrances[self.life.expert_id]
        reason = hindrance.reason if hindrance else None
        assert (reason is not None) == barred or reason == "leave", f"{reason}: {self.told}"

    async def _check_applications(self) -> None:
        """Each live one waits for somebody who is named, and the person may always give it up."""
        for live in await Application.filter(account_id=self.life.account.id, ended_at=None):
            progress = await self.world.services.applications.queries.own_progress(self.life.applicant, live.number)
            assert progress.who, self.told
            assert progress.advice, self.told
            assert progress.step or progress.who != "本人" or progress.give_up, f"{progress}: {self.told}"
            assert progress.give_up, self.told

    # ---- what a person reads

    async def _read(self, kind: str, suspensions: tuple[Suspension, ...]) -> None:
        first = await self._page("/h5/demo/apply")
        status, apply = await self._chat("我的状态"), await self._chat("申报")
        texts = [first, apply] if kind in ("left", "applying") else [first, status, apply]
        for why in suspensions:
            for text in texts:
                assert _tight(why.title) in text, f"{why.title}: {text}: {self.told}"
                assert _tight(why.detail) in text, f"{why.detail}: {text}: {self.told}"
        await self._check_change_page()
        if kind in ("left", "applying"):
            return
        for text in (
            await self._page("/h5/demo/file"),
            await self._page("/h5/demo/chances"),
            await self._chat("为什么没抽到我"),
        ):
            for why in suspensions:
                assert _tight(f"{why.title}。{why.detail}") in text, f"{why.detail}: {text}: {self.told}"

    async def _check_change_page(self) -> None:
        """The page before a change has its button just where the button works."""
        visitor = await self.world.enter(await Account.get(id=self.life.account.id))
        await visitor.get("/h5/demo/apply?entry_type=change")
        drafts = self.world.services.applications.drafts
        refusal = await drafts.find_refusal(self.life.applicant, "change")
        assert (_BEGIN in visitor.page.buttons) is not bool(refusal), self.told
        assert _tight(refusal) in _tight(visitor.text), self.told

    async def _page(self, path: str) -> str:
        visitor = await self.world.enter(await Account.get(id=self.life.account.id))
        await visitor.get(path)
        assert visitor.status == 200, f"{path}: {visitor.text}: {self.told}"
        return _tight(visitor.text)

    async def _chat(self, words: str) -> str:
        return _tight(re.sub(r"<[^>]*>", "", await self.phone.says(words)))


def _bar(why: Suspension) -> tuple[str, str, str, str]:
    return why.cause, f"{why.title}。{why.detail}", why.action, why.route.removeprefix("/h5/demo/")


def _words(bar: Reason) -> tuple[str, str, str, str]:
    return bar.code, bar.text, bar.way, bar.page


def _tight(text: str) -> str:
    return "".join(text.split())


async def open_channels(world: World, chat: ChatWorld, life: ExpertLife) -> Channels:
    draw = await Draw.get(id=await make_draw(world.office))
    notice = await CallNotice.get(draw_id=draw.id)
    return Channels(world, await chat.phone_with(life.account), life, draw, notice)


async def lead_out(life: ExpertLife, channels: Channels) -> None:
    """Do what the product tells, until nothing keeps the person from being drawn and nothing is under way."""
    for _ in range(STEPS_MAX):
        await life.work()
        await channels.check()
        status = (await life.services.applications.to_dos.home("demo", life.account.id)).membership_status
        expert = await Expert.get(id=life.expert_id)
        if expert.left_at is not None:
            await _come_back(life)
        elif status.suspensions:
            life.told.append(f"【{status.suspensions[0].action or status.suspensions[0].detail}】")
            await life.follow(status.suspensions[0])
        elif await Application.exists(account_id=life.account.id, ended_at=None):
            life.told.append("【办理】")
            await _go_on(life)
        elif expert.membership_status == "temporary":
            life.told.append("【申请入库】")
            with suppress(Idle):
                await life.open_campaign()
            await life.begin_entry()
        else:
            return
    raise AssertionError(f"still stuck: {channels.told}")


async def _come_back(life: ExpertLife) -> None:
    """By the office; while a renewal is under way, by its end."""
    try:
        await life.restore()
    except AppError:
        life.told.append("【办结后入库】")
        await _go_on(life)


async def _go_on(life: ExpertLife) -> None:
    for entry_type in get_args(EntryType):
        await life.go_on(entry_type)


@pytest.mark.parametrize("seed", range(6))
async def test_whose_application_is_taken_up_again_gets_through_the_examination(world: World, seed: int) -> None:
    """After any end by an own examination, or by giving up before or after a paper, the next step is the person's."""
    deps, clock, dice = world.services.deps, world.clock, random.Random(f"exam {seed}")
    rules = with_rules(deps, entry={"stages": ["exam"]})
    scene = await make_exam_scene(rules, mock=False, result="at_once", tries=dice.randint(1, 2), failed="refused")
    room = await make_room(scene, clock)
    await ReviewEntry.create(application_id=room.application.id, at=deps.now(), event="call", who="某机构")
    administrators = [Actor("demo", "pool_admin", (await make_account(deps)).id) for _ in range(2)]
    for administrator in administrators:
        await make_grant(await Account.get(id=administrator.account_id), "pool_admin")
    applicant = Actor("demo", "applicant", room.application.account_id)
    good, bad = (KEY, KEY, 1), (KEY, 0, 0)
    told = []
    for _ in range(4):
        clock.move(timedelta(minutes=1))
        way = dice.choice(("fails", "is failed", "gives up", "gives up with a paper in marking"))
        told.append(way)
        if way == "fails":
            while (await room.load_application()).state == "exam":
                await room.hand_in(*bad)
                await room.work()
        elif way == "is failed":
            await scene.services.exams.decisions.record_result(scene.office, room.candidate.id, "failed", "替考")
        else:
            if "paper" in way:
                await room.hand_in(*bad)
            await scene.services.workflows.applications.cancel(applicant, room.application.id)
        await work(scene.services, "exam_mark", "exam_result", "exam_leave")
        clock.move(timedelta(minutes=1))
        reinstatements = scene.services.workflows.reinstatements
        if await reinstatements.begin(administrators[0], room.application.id, None, "情况已核实"):
            act = await ApplicationAct.get(state="waiting")
            await reinstatements.confirm(administrators[1], act.id)
        await work(scene.services, "exam_mark", "exam_result", "exam_leave", "exam_call")
        progress = await scene.services.applications.queries.own_progress(applicant)
        assert progress.step is not None, " → ".join(told)
        assert progress.step.code == "exam", " → ".join(told)
    await room.hand_in(*good)
    await room.work()
    assert (await room.load_application()).state == "entered", " → ".join(told)


@pytest.mark.parametrize("seed", range(8))
async def test_who_does_what_he_is_told_gets_out_of_every_state(world: World, chat: ChatWorld, seed: int) -> None:
    membership = "temporary" if seed % 4 == 3 else "formal"
    life = await begin_life(world.services, world.clock, random.Random(f"life {seed}"), membership)
    channels = await open_channels(world, chat, life)
    for _ in range(ACTS):
        await life.act()
        await life.work()
        await channels.check()
    await lead_out(life, channels)
    await check_invariants()
