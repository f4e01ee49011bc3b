"""Texts that look like links or elements appear in the chat as plain text, in every conversation."""

from __future__ import annotations

from html.parser import HTMLParser

from handlers import commands
from models.accounts import Account
from models.experts import Expert
from services.core.base import Actor
from services.draws import DiscardForm
from services.notifications import OFFICES
from tests.factories.draw_states import make_every_state
from tests.factories.people import make_grant
from tests.factories.remuneration import part
from tests.handlers.conftest import Phone, World
from tests.web.hostile_scene import poison

_WORDS = (
    *(commands.TO_DO, commands.DRAWS, commands.PROJECTS, commands.SUPPLEMENT, commands.URGE, commands.VERIFY),
    *(commands.SUPERVISE, commands.TODAY, commands.WORK, commands.STATUS, commands.NOTICES, commands.INVITATIONS),
    *(commands.PANELS, commands.PAST_PANELS, commands.REMUNERATION, commands.LEAVE, commands.CHECK_IN),
    *(commands.AVAILABILITY, commands.MENU, commands.FEEDBACK),
)
_QUESTIONS = (
    *(
        "地址发一下",
        "几点评标",
        "评多久",
        "带什么",
        "停车",
        "联系谁",
        "远程评标",
        "评标取消了吗",
        "怎么签到",
        "签到失败",
        "会晚到",
        "我已经在路上了",
    ),
    *("走错地方了", "没接到电话", "撤销请假", "这场要回避", "我能不能改期", "复评强制吗", "评标费没到账"),
)
"""What an expert asks in his own words."""
_READ = '{{7*7}}#eval("1+1'


_VENUE_ON_MAP = "https://uri.amap.com/marker?position="
"""Followed by a venue's position alone."""


class Bubble(HTMLParser):
    """A bubble as WeChat renders it: only links are elements."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.wrong: list[str] = []
        self.feed(text)

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        target = dict(attrs).get("href") or ""
        ours = target.startswith(("http://127.0.0.1:8080/", "weixin://bizmsgmenu", _VENUE_ON_MAP))
        # without a detour (Entrances.path) WeChat's browser would ask the staff to log in by SMS
        ours = ours and not target.removeprefix("http://127.0.0.1:8080").startswith(OFFICES)
        if tag != "a" or not ours or [name for name, _ in attrs if name != "href"]:
            self.wrong.append(f"{tag} {attrs}")


async def ask_everything(phone: Phone, who: str, *questions: str) -> set[str]:
    """Send every word and question; returns those whose reply shows a hostile text in full."""
    shown = set()
    for word in (*_WORDS, *questions):
        answer = await phone.says(word)
        assert Bubble(answer).wrong == [], f"{who} {word}: {answer}"
        shown |= {word} if _READ in answer.replace("\u200b", "") else set()
        await phone.says("取消")
    return shown


async def make_remuneration(world: World, expert: Expert) -> None:
    """A panel of this expert, whose amount was disputed, kept with words, and disputed again."""
    invitation = await world.make_accepted_panel(expert)
    world.clock.set(invitation.gathering_at)
    await world.office.attendance.check_in_by_code(world.office.venue, invitation.draw_id, invitation.code)
    await part(world.office, world.clock, invitation.draw_id, [invitation], 3)
    proposals, answers = world.services.remuneration.proposals, world.services.remuneration.answers
    row = await proposals.propose(world.office.venue, invitation.draw_id, invitation.id, 60000, "担任组长")
    assert row.id
    me = Actor("demo", "expert", expert_id=expert.id)
    await answers.dispute(me, row.id, 1, "少算一小时", by="chat")
    await proposals.propose(world.office.venue, invitation.draw_id, invitation.id, 60000, "以登记为准")


async def test_no_text_becomes_a_link_or_an_element_of_a_bubble(world: World, phone: Phone, expert: Expert) -> None:
    office = world.office
    await make_remuneration(world, expert)
    panel = await world.call_again(expert)
    await office.invitations.answer(panel.id, expert.id, "accept", by="voice")
    await office.run.advance(panel.draw_id)
    form = DiscardForm(panel.code, "leave", "家里有急事")
    await office.discards.register(office.venue, panel.draw_id, form)
    phones = {}
    for role in ("agency", "verifier", "supervisor", "venue"):
        account = await Account.get(id=getattr(office, role).account_id)
        if role != "agency":
            await make_grant(account, role)
        phones[role] = await world.phone_with(account)
    await make_every_state(office)
    await poison(world.services.deps)
    shown = {role: await ask_everything(role_phone, role) for role, role_phone in phones.items()} | {
        "expert": await ask_everything(phone, "expert", *_QUESTIONS)
    }
    assert {commands.WORK, commands.PROJECTS, commands.STATUS} <= shown["agency"]
    assert commands.VERIFY in shown["verifier"]
    assert {commands.PANELS, commands.PAST_PANELS, commands.REMUNERATION, commands.STATUS} <= shown["expert"]
    assert {"地址发一下", "带什么", "停车", "联系谁", "走错地方了", "我已经在路上了", "评标费没到账"} <= shown["expert"]
