"""Every kind of notice can be acted on at once and says what it is about, on every channel of every pool."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from functools import lru_cache
from html import unescape
from pathlib import Path

import pytest

from app.rulebook_files import load_rulebooks
from domain.errors import NotFound
from domain.rulebook.book import Rulebook
from domain.rulebook.notice_texts import CALLS, KINDS, OPENABLE, placeholders
from handlers.commands import TAPS
from models.invitations import Invitation
from models.notices import Attempt, Notice
from services.core.base import Deps, rows
from services.notifications import Delivery
from services.notifications.actions import ACTIONS, INVITATION, QUESTIONS, WITHOUT
from services.notifications.entrances import Entrances
from services.notifications.notices import new_out_id
from services.notifications.short_links import ShortLinks, path_of
from services.ports import TemplateMessage
from tests.factories.offices import Office, add_experts, make_office, open_invitations, start_draw
from tests.factories.people import make_account, make_identity
from tests.factories.vendors import make_delivery

NO_LINK_IN_SMS = {
    "check_in_reminder": "Time, place and code fill the message, and all three are needed at the door.",
    "verification_code": WITHOUT["verification_code"],
}
"""Short messages without a link or a telephone number, each with the reason."""

BESIDE_THE_PAGE = {
    "请假": "A leave is no look at the panel.",
    "同意改期": "An answer by one tap; the page asks for it with its consequence.",
    "不能改期": "As above.",
    "确认请假": "As above.",
    "按时到场": "As above.",
    "晚到": "Corrects what somebody else said on the telephone.",
    "不晚到了": "As above.",
    "没有人联系我": "As above.",
    "有人联系过我": "As above.",
    "恢复接受抽取": "As above; the page changes the times.",
    "继续暂停": "As above.",
    "解绑": "For who did not bind it himself.",
    "不是我本人": "As above.",
    "资料下载": "Materials for the examination, not the application.",
    "缴费": "The money that comes back, not the course.",
    "证书": "What a finished course is for.",
    "菜单": "All that can be done in the chat.",
}
"""Words that a notice offers beside its page, each with what it does that the page does not."""

RULEBOOKS = Path(__file__).parents[3] / "config" / "rulebooks"
NAMES = ("demo", "hunan", "xinjiang", "jilin", "guangdong")
PRICES = {"sms": 5}
ABOUT = frozenset(
    (
        "gathering",
        "gathering_full",
        "gathering_short",
        "when",
        "day",
        "title",
        "number",
        "campaign",
        "course",
        "exam",
        "unit",
        "step",
        "at",
        "until",
    )
)
"""Parameters that identify the subject: panel, draw, fee, application, employer, day."""
ABOUT_THE_PERSON = {
    "expert_left": "Somebody is in the pool once.",
    "pause_reminder": "It names the time that was set, and its reason.",
    "person_differs": "Somebody has one name and one ID number.",
    "person_corrected": "It names what was done.",
    "verification_code": "It is typed where it was asked for a moment ago.",
    "application_sent_back": "Nobody has two applications under way; chat and card name what was sent back.",
    "application_refused": "As above.",
    "application_exam": "As above.",
    "application_ended": "As above.",
    "application_reinstated": "As above.",
    "application_message": "Chat and card name the application; the short message has no room.",
    "account_bound": "A person has one WeChat in the pool's chat, which reads it.",
    "employer_answered": "The short message has no room for the name of the employer; chat and card have.",
    "objection_answered": "As above.",
    "role_changed": "It names the role.",
    "platform_asked": "Chat and card name the platform; the short message has no room.",
    "review_handed": "The short message names who handed it on, and the applicant; chat and card have the number.",
    "review_moved": "As above; the short message has no room.",
    "review_stuck": "Chat and card name the step; the short message has no room.",
    "report_readers": "It names what was done.",
    "sanction_imposed": "Chat names time and reason; the short message has no room.",
    "sanction_ended": "As above.",
    "sanction_answered": "As above.",
    "expert_restored": "Somebody is in the pool once.",
    "course_cancelled": "The short message has no room for the name of the course; chat and card have.",
    "course_changed": "As above.",
    "course_finished": "As above.",
    "course_make_up": "As above.",
    "course_opened": "As above.",
    "course_unfinished": "As above.",
}
"""Kinds that have a message without a subject, each with the reason."""


@lru_cache
def rulebooks() -> Mapping[str, Rulebook]:
    return load_rulebooks(RULEBOOKS, list(NAMES))


def texts_of(kind: str) -> Iterator[tuple[str, str]]:
    """Every channel's text of a kind in every pool, where its ladder uses the channel."""
    for book in rulebooks().values():
        text, channels = book.texts[kind], {step.channel for step in book.ladder[kind].steps}
        if "wechat" in channels and text.chat and text.wechat:
            yield "chat", text.chat
            yield "card", " ".join(field.text for field in text.wechat.fields.values())
        if "sms" in channels and text.sms:
            yield "sms", text.sms


@pytest.mark.parametrize("kind", ["draw_news", "draw_ended", "draw_terminated"])
def test_news_of_a_draw_lead_its_agency_to_its_own_page_and_other_roles_to_theirs(kind: str) -> None:
    assert ACTIONS[kind].path({"draw": "1", "side": "agency"}) == "/agency/draws/1"
    assert ACTIONS[kind].path({"draw": "1"}) == "/draws/1"


def test_every_kind_has_an_action_or_a_reason_for_none() -> None:
    assert set(ACTIONS) | set(WITHOUT) == set(KINDS)
    assert not set(ACTIONS) & set(WITHOUT)
    assert all(WITHOUT.values())
    assert all(NO_LINK_IN_SMS.values())


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_notice_names_its_subject(kind: str) -> None:
    for channel, text in texts_of(kind):
        assert placeholders(text) & ABOUT or kind in ABOUT_THE_PERSON, (channel, text)


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_a_short_message_has_a_link_or_a_number_to_call(kind: str) -> None:
    for channel, text in texts_of(kind):
        if channel != "sms" or kind in NO_LINK_IN_SMS:
            continue
        assert placeholders(text) & {"link", "hotline", "contact_phone"}, text


@pytest.mark.parametrize("kind", sorted(ACTIONS))
def test_its_button_is_named_and_its_words_are_commands_of_the_chat(kind: str) -> None:
    action = ACTIONS[kind]
    assert 2 <= len(action.label) <= 8
    assert set(action.words) <= set(TAPS) & set(BESIDE_THE_PAGE), "its page shows the same: one tap for a thing"
    assert not [word for word in action.words if word in action.label]
    assert action.route.startswith(
        (
            "/h5/{pool}",
            "/draws/{draw}",
            "/agency/draws/{draw}",
            "/agency/integrations",
            "/review",
            "/office",
            "/reports",
            INVITATION,
        )
    )


def test_no_word_beside_the_page_is_forgotten() -> None:
    assert {word for action in ACTIONS.values() for word in action.words} == set(BESIDE_THE_PAGE)


@dataclass
class Post:
    """Sent messages, as a phone gets them."""

    windows: int = 0
    texts: list[str] = field(default_factory=list)
    cards: dict[str, tuple[str, str]] = field(default_factory=dict)
    """Address and page of the mini-program, by kind."""
    sms: dict[str, str] = field(default_factory=dict)
    """The link, by kind; empty: none."""

    async def spend(self, pool: str, openid: str) -> bool:
        self.windows -= 1
        return self.windows >= 0

    async def send_text(self, pool: str, openid: str, text: str) -> None:
        self.texts.append(text)

    async def send_template(self, pool: str, message: TemplateMessage) -> str:
        self.cards[message.kind] = (message.url, message.mini_page)
        return "1"

    async def send(self, pool: str, mobile: str, template: str, params: Mapping[str, str], *, out_id: str) -> str:
        self.sms[template] = params.get("link", "")
        return "1"


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


@pytest.fixture
def post(db: str) -> Post:
    return Post()


@pytest.fixture
def delivery(deps: Deps, office: Office, post: Post) -> Delivery:
    return make_delivery(deps, office, post, PRICES, taps=TAPS, appids={"demo": "wx-mini"})


async def write(office: Office, kind: str, channel: str, invitation: Invitation, *, mini: bool = True) -> None:
    """A notice of this kind whose one attempt is due on this channel; ``mini``: its person is known there."""
    deps, account = office.deps, await make_account(office.deps)
    await make_identity(account)
    if mini:
        await make_identity(account, app="mini")
    own = {"draw": "d1", "application": "a1", "page": "apply/form?at=specialties"}
    notice = await Notice.create(
        pool="demo",
        kind=kind,
        account_id=account.id,
        mobile_sealed=account.mobile_sealed,
        params={name: value for name, value in {**KINDS[kind], **own}.items() if name not in ("link", "hotline")},
        invitation_id=invitation.id if ACTIONS[kind].route == INVITATION else None,
        dedupe_key=f"{kind}:{channel}",
        created_at=deps.now(),
    )
    number = (await rows("SELECT nextval('attempt_number') AS n"))[0]["n"]
    await Attempt.create(
        notice_id=notice.id,
        channel=channel,
        step=0,
        number=number,
        out_id=new_out_id(),
        created_at=deps.now(),
        due_at=deps.now(),
        wait=60,
    )


async def cost_of(kind: str) -> int:
    return (await Attempt.get(notice__kind=kind, channel="sms")).cost


@pytest.fixture
async def invitation(office: Office) -> Invitation:
    await add_experts(office, 2)
    draw_id = await start_draw(office, needed=1)
    [opened] = await open_invitations(draw_id)
    await Attempt.all().delete()
    await Notice.all().delete()
    return opened


def with_text(deps: Deps, channel: str) -> list[str]:
    texts = deps.book("demo").texts
    return sorted(kind for kind in ACTIONS if getattr(texts[kind], channel) is not None)


async def test_every_chat_message_ends_with_something_to_tap(
    deps: Deps, office: Office, delivery: Delivery, post: Post, invitation: Invitation
) -> None:
    for kind in with_text(deps, "chat"):
        if kind in CALLS:
            continue  # their two answers are the buttons, see test_delivery
        post.windows, post.texts = 1, []
        await write(office, kind, "wechat", invitation)
        await delivery.deliver_due()
        [text] = post.texts
        action = ACTIONS[kind]
        assert f">{action.label}</a>" in text, kind
        assert all(f"msgmenuid={TAPS[word]}" in text for word in action.words), kind
        assert text.rstrip().endswith("</a>")


async def test_every_card_and_short_message_opens_its_page(
    deps: Deps, office: Office, delivery: Delivery, post: Post, invitation: Invitation
) -> None:
    entrances = Entrances(deps, {})
    for kind in with_text(deps, "wechat"):
        await write(office, kind, "wechat", invitation)
    for kind in with_text(deps, "sms"):
        await write(office, kind, "sms", invitation)
    await delivery.deliver_due()
    assert sorted(post.cards) == with_text(deps, "wechat")
    assert all(url.startswith("http://127.0.0.1:8080/") for url, _ in post.cards.values())
    assert post.cards["commitment_wanted"][1] == "pages/supervised?id=d1"
    assert post.cards["review_waiting"][0].endswith("/h5/wechat?pool=demo&next=%2Freview")
    short = ShortLinks(deps, entrances)
    for kind, link in post.sms.items():
        if link and f"/i/{invitation.link}" not in link:
            path = await short.find(link.rpartition("/n/")[2])
            assert entrances.page("demo", "") + path == post.cards[kind][0]
        if "/i/" in link:
            real, sample = link.rpartition("/i/")[2], KINDS[kind]["link"].rpartition("/i/")[2]
            assert len(sample) == len(real), f"the text of {kind} is measured with a link of another length"
    assert sum("/i/" in link for link in post.sms.values()) == 9
    assert (await cost_of("draw_call"), await cost_of("fee_open")) == (10, 5), "two parts cost twice as much"


async def test_who_never_was_in_the_mini_program_is_led_there_by_a_page_that_lets_him_in(
    office: Office, delivery: Delivery, post: Post, invitation: Invitation
) -> None:
    await write(office, "commitment_wanted", "wechat", invitation, mini=False)
    await delivery.deliver_due()
    post.windows = 1
    await write(office, "agency_verified", "wechat", invitation, mini=False)
    await delivery.deliver_due()
    [(url, mini)], [text] = post.cards.values(), post.texts
    assert mini == ""
    assert "data-miniprogram" not in text
    for address in (url, unescape(text)):
        assert "/h5/wechat?pool=demo&next=%2Fh5%2Fmini%3Fpage%3Dpages%252F" in address
        assert "%26or%3D%252Fdraws%252Fd1" in address or "%26or%3D%252Fagency%252Fdraws%252Fd1" in address


async def test_a_short_address_that_was_not_sent_leads_nowhere(deps: Deps, office: Office) -> None:
    short = ShortLinks(deps, Entrances(deps, {}))
    for code in ("", "1", "1aaaa", "zzzz", "1" * 40, "-1abcd", path_of(deps.keys, 999_999).rpartition("/")[2]):
        with pytest.raises(NotFound):
            await short.find(code)


def test_it_is_known_of_the_pages_of_invitations_that_they_were_opened() -> None:
    assert {kind for kind, action in ACTIONS.items() if action.route == INVITATION} == OPENABLE


ASKING = ("？", "请答复", "请您答复", "请您本人答复", "请回复")
NO_QUESTION = {
    "account_bound": "It asks for nothing; the word is for whom it reaches by mistake.",
    "account_joined": "As above.",
    "mini_program_bound": "As above.",
}
"""Kinds whose text looks like a question to be answered in the chat, each with the reason why it is none."""


def test_what_asks_something_in_the_chat_is_known_to_ask() -> None:
    """An answer typed below it must not be taken for an older question."""
    asking = {
        kind
        for book in load_rulebooks(RULEBOOKS, list(NAMES)).values()
        for kind, kind_texts in book.texts.items()
        if any(word in (kind_texts.chat or "") for word in ASKING)
    }
    assert {*asking, *CALLS} - NO_QUESTION.keys() - QUESTIONS.keys() == set()
    assert [word for words in QUESTIONS.values() for word in words if word not in TAPS] == []
