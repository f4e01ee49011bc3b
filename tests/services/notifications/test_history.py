"""消息: a person reads again what was sent, as the channel that reached them showed it, and nothing else."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.clock import FixedClock, name_near_days
from domain.errors import Unauthenticated
from domain.rulebook.notice_texts import KINDS
from models.accounts import Account
from models.experts import Expert
from models.notices import Attempt
from services.core.base import Actor, Deps, transaction
from services.notifications import Delivery
from services.notifications.history import NoticeHistory
from tests.drivers.statements import count_statements
from tests.factories.assembly import composed
from tests.factories.offices import Office, add_experts, make_office, open_invitations, start_draw
from tests.factories.people import make_account, make_identity
from tests.factories.vendors import Vendors, make_delivery


@pytest.fixture
def vendors() -> Vendors:
    return Vendors()


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    return await make_office(deps)


@pytest.fixture
def delivery(deps: Deps, vendors: Vendors, office: Office) -> Delivery:
    return make_delivery(deps, office, vendors)


@pytest.fixture
async def account(office: Office) -> Account:
    account = await make_account(office.deps)
    await make_identity(account)
    return account


async def notify_account(office: Office, account: Account, kind: str, number: int = 0) -> None:
    async with transaction():
        await office.notices.notify(
            pool=account.pool,
            kind=kind,
            dedupe_key=f"{kind}:{account.id}:{number}",
            params={name: value for name, value in KINDS[kind].items() if name not in ("link", "hotline")},
            account_id=account.id,
            secret="135790" if kind == "verification_code" else None,
        )


def guest_of(account: Account) -> Actor:
    return Actor(account.pool, "guest", account.id)


async def test_a_notice_reads_as_its_channel_showed_it(
    office: Office, delivery: Delivery, vendors: Vendors, account: Account, clock: FixedClock
) -> None:
    history = composed(NoticeHistory, office.deps)
    vendors.window = 1
    await notify_account(office, account, "agency_news")
    await delivery.deliver_due()
    clock.move(timedelta(minutes=1))
    await notify_account(office, account, "remuneration_proposed")
    await delivery.deliver_due()
    with count_statements() as sent:
        page = await history.notices_of(guest_of(account))
    assert (len(sent), page.total) == (1, 2)
    card, chat = page.items
    assert name_near_days(chat.text, office.deps.now()) in vendors.sent[0][1], "it said 今天; the list is read later"
    assert "集合改到11月21日09:30" in chat.text
    assert (chat.channel_label, chat.state, chat.action) == ("微信", "delivered", "查看这次抽取")
    assert vendors.sent[1] == ("template", "remuneration_proposed")
    title = office.deps.book("demo").texts["remuneration_proposed"].wechat
    assert title is not None
    assert (card.title, card.state_label, card.path) == (title.title, "已发送", "/h5/demo/remuneration")
    assert "20000.00" in card.text
    assert "{" not in card.text

    later = await history.notices_of(guest_of(account), offset=1, limit=1)
    assert ([notice.id for notice in later.items], later.total) == ([chat.id], 2)


async def test_who_was_only_called_reads_what_the_call_said(office: Office, account: Account) -> None:
    await notify_account(office, account, "draw_call")
    await Attempt.all().update(channel="voice", state="answered")
    [notice] = (await composed(NoticeHistory, office.deps).notices_of(guest_of(account))).items
    assert "集合时间：11月21日星期六上午9点30分" in notice.text
    assert "请在" not in notice.text
    assert (notice.channel_label, notice.state_label, notice.path) == ("电话", "已答复", ""), (
        "no page without its invitation"
    )


async def test_a_short_message_points_below_instead_of_to_an_address(office: Office, account: Account) -> None:
    await notify_account(office, account, "fee_open")
    await Attempt.all().update(channel="sms", state="failed", vendor_code="isv.X")
    [notice] = (await composed(NoticeHistory, office.deps).notices_of(guest_of(account))).items
    assert "http" not in notice.text
    assert (notice.state_label, notice.action, notice.path) == ("未送达", "去缴费", "/h5/demo/pay")


async def test_codes_unsent_ones_and_those_of_others_are_not_listed(
    office: Office, delivery: Delivery, account: Account
) -> None:
    history = composed(NoticeHistory, office.deps)
    await notify_account(office, account, "verification_code")
    await notify_account(office, await make_account(office.deps), "account_bound")
    await delivery.deliver_due()
    await notify_account(office, account, "account_bound")
    assert (await history.notices_of(guest_of(account))).total == 0, "the last one waits to be sent"
    await delivery.deliver_due()
    assert (await history.notices_of(guest_of(account))).total == 1
    assert (await history.notices_of(Actor("guangdong", "guest", account.id))).total == 0
    with pytest.raises(Unauthenticated):
        await history.notices_of(Actor("demo", "guest"))


async def test_an_expert_reads_what_came_before_the_account(office: Office, account: Account) -> None:
    await add_experts(office, 2)
    draw_id = await start_draw(office, needed=1)
    [invitation] = await open_invitations(draw_id)
    await Attempt.all().update(state="delivered")
    history = composed(NoticeHistory, office.deps)
    assert (await history.notices_of(guest_of(account))).total == 0
    await Expert.filter(id=invitation.expert_id).update(account_id=account.id)
    [call] = (await history.notices_of(guest_of(account))).items
    assert (call.path, call.invitation_id) == (f"/i/{invitation.link}", invitation.id)


async def test_every_kind_of_every_pool_can_be_read_again(office: Office, account: Account) -> None:
    """Also by facts of another time, which may lack what today's text asks for."""
    kinds = [kind for kind in KINDS if kind != "verification_code"]
    for kind in kinds:
        async with transaction():
            await office.notices.notify(pool="demo", kind=kind, dedupe_key=kind, params={}, account_id=account.id)
    await Attempt.all().update(state="sent")
    page = await composed(NoticeHistory, office.deps).notices_of(guest_of(account), limit=len(kinds))
    assert page.total == len(kinds)
    assert [notice.title for notice in page.items if not notice.title or not notice.text] == []
