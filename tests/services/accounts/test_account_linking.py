"""One person's mini-program and official account, linked by a code: once, for ten minutes, and hard to guess."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, InvalidInput, TooMany, Unauthenticated
from domain.ids import new_id
from models.accounts import Account, VerificationCode, WechatIdentity
from services.accounts.account_linking import AccountLinking, LinkCode
from services.accounts.wechat_binding import WechatBinding
from services.core.base import Actor, Deps
from tests.factories.assembly import composed
from tests.factories.offices import SceneMaker
from tests.factories.people import make_account, make_identity
from tests.factories.sources import PHONE
from tests.services.conftest import NoticeBook

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def scenes() -> SceneMaker:
    return SceneMaker()


@pytest.fixture
def linking(deps: Deps, book: NoticeBook, scenes: SceneMaker) -> AccountLinking:
    return AccountLinking(deps, composed(WechatBinding, deps, notices=book), scenes)


@pytest.fixture
async def account(deps: Deps) -> Account:
    return await make_account(deps)


def acting(account: Account) -> Actor:
    return Actor("demo", "applicant", account.id)


async def offered(linking: AccountLinking, account: Account) -> LinkCode:
    return await linking.issue_code(acting(account))


async def test_a_code_links_the_chat_to_the_person(linking: AccountLinking, account: Account) -> None:
    chat = await make_identity()
    shown = await offered(linking, account)
    assert (len(shown.code), shown.scan) == (8, f"http://weixin.qq.com/q/link:{shown.code}")
    assert not await linking.is_bound_to_chat(account.id)
    bound = await linking.link(chat.id, "demo", shown.code)
    assert bound.account_id == account.id
    assert await linking.is_bound_to_chat(account.id)
    stored_code = await VerificationCode.get()
    assert shown.code not in (stored_code.code_hash, stored_code.mobile_hash)


async def test_it_serves_once_and_only_the_newest_one(linking: AccountLinking, account: Account) -> None:
    old, new = await offered(linking, account), await offered(linking, account)
    first, second = await make_identity(), await make_identity()
    with pytest.raises(InvalidInput, match="最新的8位绑定码"):
        await linking.link(first.id, "demo", old.code)
    await linking.link(first.id, "demo", new.code)
    with pytest.raises(InvalidInput):
        await linking.link(second.id, "demo", new.code)
    assert (await WechatIdentity.get(id=second.id)).account_id is None


async def test_it_ends_after_ten_minutes(linking: AccountLinking, account: Account, clock: FixedClock) -> None:
    shown, chat = await offered(linking, account), await make_identity()
    assert shown.valid_until == clock.now() + timedelta(minutes=10)
    clock.move(timedelta(minutes=10))
    with pytest.raises(InvalidInput):
        await linking.link(chat.id, "demo", shown.code)


async def test_another_pools_code_is_no_code_here(linking: AccountLinking, deps: Deps, account: Account) -> None:
    shown, chat = await offered(linking, account), await make_identity(pool="guangdong")
    with pytest.raises(InvalidInput):
        await linking.link(chat.id, "guangdong", shown.code)


async def test_who_guesses_must_wait_and_even_the_right_code_waits_then(
    linking: AccountLinking, account: Account, clock: FixedClock
) -> None:
    shown, chat = await offered(linking, account), await make_identity()
    wrong = "00000000" if shown.code != "00000000" else "11111111"
    for _ in range(5):
        with pytest.raises(InvalidInput):
            await linking.link(chat.id, "demo", wrong)
    with pytest.raises(TooMany, match="一小时后"):
        await linking.link(chat.id, "demo", shown.code)
    other = await make_identity()
    assert (await linking.link(other.id, "demo", shown.code)).account_id == account.id, "only the guesser waits"
    clock.move(timedelta(hours=1, seconds=1))
    with pytest.raises(InvalidInput):
        await linking.link(chat.id, "demo", wrong)


async def test_a_repeated_message_gets_the_same_answer_and_costs_no_second_try(
    linking: AccountLinking, account: Account
) -> None:
    shown, chat = await offered(linking, account), await make_identity()
    once = await linking.link(chat.id, "demo", shown.code, key="message-1")
    assert await linking.link(chat.id, "demo", shown.code, key="message-1") == once


async def test_a_code_links_no_wechat_of_another_account(linking: AccountLinking, deps: Deps, account: Account) -> None:
    chat = await make_identity(await make_account(deps))
    shown = await offered(linking, account)
    with pytest.raises(Conflict, match="请先解绑"):
        await linking.link(chat.id, "demo", shown.code)
    assert (await VerificationCode.get()).used_at is None, "the code may still be sent from the right WeChat"


async def test_who_is_in_the_chat_needs_no_code(linking: AccountLinking, account: Account) -> None:
    chat = await make_identity(account)
    with pytest.raises(Conflict, match="已经绑定"):
        await offered(linking, account)
    await WechatIdentity.filter(id=chat.id).update(following=False)
    assert await offered(linking, account), "who has left may come back"


async def test_the_mini_programs_own_identity_is_not_the_chat(linking: AccountLinking, account: Account) -> None:
    await make_identity(account, app="mini")
    assert not await linking.is_bound_to_chat(account.id)


async def test_without_consent_to_the_present_text_there_is_no_code(linking: AccountLinking, deps: Deps) -> None:
    with pytest.raises(Conflict, match="隐私说明已更新"):
        await offered(linking, await make_account(deps, privacy_version="old"))
    with pytest.raises(Unauthenticated):
        await linking.issue_code(Actor("demo", "guest", session_id=new_id()))


async def test_while_wechat_makes_no_scenes_the_digits_do(
    linking: AccountLinking, account: Account, scenes: SceneMaker
) -> None:
    scenes.away = True
    shown = await offered(linking, account)
    assert (len(shown.code), shown.scan) == (8, "")


async def test_shown_codes_do_not_use_up_the_messages_of_a_mobile(
    linking: AccountLinking, deps: Deps, book: NoticeBook, account: Account
) -> None:
    for _ in range(12):
        await offered(linking, account)
    mobile = deps.keys.open_text(account.mobile_sealed, "mobile")
    assert (await composed(WechatBinding, deps, notices=book).send_code("demo", mobile, source=PHONE)).again_after == 60
