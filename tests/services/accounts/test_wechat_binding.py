"""Binding a WeChat identity to a person by SMS code: consent, limits, several openids, unbinding, unfollowing."""

from __future__ import annotations

import asyncio
from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound, TooMany
from domain.ids import new_id
from models.accounts import Account, IdempotencyKey, Session, VerificationCode, WechatIdentity, WrongTry
from models.audit import AuditEntry
from models.experts import Expert
from services.accounts import Bound, Source
from services.accounts.wechat_binding import WechatBinding
from services.core.base import Deps
from tests.factories.assembly import composed
from tests.factories.people import make_account, make_expert, make_identity, mobile_number
from tests.factories.sources import PHONE
from tests.services.conftest import NoticeBook

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def accounts(deps: Deps, book: NoticeBook) -> WechatBinding:
    return composed(WechatBinding, deps, notices=book)


@pytest.fixture
def version(deps: Deps) -> str:
    return deps.book("demo").pool.privacy_version


async def test_a_code_goes_out_sealed_and_only_its_hash_is_kept(accounts: WechatBinding, book: NoticeBook) -> None:
    sent = await accounts.send_code("demo", "13800001234", source=PHONE)
    code = book.last_code("13800001234")
    assert (len(code), sent.masked_mobile, sent.again_after) == (6, "138****1234", 60)
    assert book.told[0].params == {"minutes": "5"}
    row = await VerificationCode.get()
    assert code not in (row.code_hash, row.mobile_hash)


@pytest.mark.parametrize("mobile", ["１３８００００１２３４", "13800001234\n", "+86 138-0000-1234"])
async def test_a_mobile_gets_its_code_however_it_is_typed(deps: Deps, accounts: WechatBinding, mobile: str) -> None:
    await accounts.send_code("demo", mobile, source=PHONE)
    assert (await VerificationCode.get()).mobile_hash == deps.keys.lookup_hash("mobile", "13800001234")


@pytest.mark.parametrize("mobile", ["", "1380000123", "12800001234", "138000012345"])
async def test_what_is_no_mobile_gets_no_code(accounts: WechatBinding, mobile: str) -> None:
    with pytest.raises(InvalidInput, match="11位"):
        await accounts.send_code("demo", mobile, source=PHONE)


async def test_codes_are_limited_by_the_minute_the_hour_and_the_day(
    accounts: WechatBinding, deps: Deps, clock: FixedClock
) -> None:
    """For the owner's own WeChat; other WeChats get two codes less."""
    mobile = mobile_number()
    own = Source(identity_id=(await make_identity(await make_account(deps, mobile))).id)
    await accounts.send_code("demo", mobile, source=own)
    clock.move(timedelta(seconds=40))
    with pytest.raises(TooMany, match="20秒后") as refused:
        await accounts.send_code("demo", mobile, source=own)
    assert refused.value.retry_after == 20
    for _ in range(4):
        clock.move(timedelta(seconds=61))
        await accounts.send_code("demo", mobile, source=own)
    clock.move(timedelta(seconds=61))
    with pytest.raises(TooMany, match="一小时内"):
        await accounts.send_code("demo", mobile, source=own)
    for _ in range(5):
        clock.move(timedelta(hours=1))
        await accounts.send_code("demo", mobile, source=own)
    clock.move(timedelta(hours=1))
    with pytest.raises(TooMany, match="今天"):
        await accounts.send_code("demo", mobile, source=own)
    await accounts.send_code("demo", mobile_number(), source=PHONE)


async def test_two_requests_at_once_send_one_code(accounts: WechatBinding, book: NoticeBook) -> None:
    mobile = mobile_number()
    results = await asyncio.gather(
        *(accounts.send_code("demo", mobile, source=PHONE) for _ in range(4)), return_exceptions=True
    )
    assert sum(isinstance(result, TooMany) for result in results) == 3
    assert book.kinds() == ["verification_code"]


async def test_a_repeated_request_is_the_same_code(accounts: WechatBinding, book: NoticeBook) -> None:
    mobile = mobile_number()
    first = await accounts.send_code("demo", mobile, key="talk-1:2", source=PHONE)
    assert await accounts.send_code("demo", mobile, key="talk-1:2", source=PHONE) == first
    assert len(book.told) == 1


async def test_an_expert_binds_and_is_recognised(
    accounts: WechatBinding, book: NoticeBook, deps: Deps, version: str, clock: FixedClock
) -> None:
    mobile = mobile_number()
    expert, identity = await make_expert(deps, mobile), await make_identity()
    await accounts.send_code("demo", mobile, source=PHONE)
    bound = await accounts.bind(identity.id, "demo", mobile, book.last_code(mobile), version)
    assert (bound.masked_name, bound.roles) == ("欧**", ("expert",))
    account = await Account.get(id=bound.account_id)
    assert (account.privacy_version, account.privacy_accepted_at) == (version, clock.now())
    assert (await Expert.get(id=expert.id)).account_id == account.id
    who = await accounts.who(identity.id)
    assert (who.expert_id, who.masked_mobile) == (expert.id, f"138****{mobile[-4:]}")
    assert book.kinds()[-1] == "account_bound"
    assert await AuditEntry.exists(action="account.bind", subject_id=account.id)


async def test_nothing_personal_stands_in_the_trail_or_the_stored_answers(
    accounts: WechatBinding, book: NoticeBook, deps: Deps, version: str
) -> None:
    mobile = mobile_number()
    await make_expert(deps, mobile)
    identity = await make_identity()
    await accounts.send_code("demo", mobile, key="k1", source=PHONE)
    code = book.last_code(mobile)
    await accounts.bind(identity.id, "demo", mobile, code, version, key="k2")
    stored = [str(dict(row)) for row in await AuditEntry.all()] + [str(dict(row)) for row in await IdempotencyKey.all()]
    assert stored
    assert not [row for row in stored if mobile in row or code in row or "欧阳锋" in row]


async def test_consent_comes_first(accounts: WechatBinding, book: NoticeBook) -> None:
    mobile, identity = mobile_number(), await make_identity()
    await accounts.send_code("demo", mobile, source=PHONE)
    with pytest.raises(Conflict, match="隐私说明"):
        await accounts.bind(identity.id, "demo", mobile, book.last_code(mobile), "2020-01")
    assert not await Account.exists()


async def test_a_wrong_code_counts_and_the_code_wears_out(
    accounts: WechatBinding, book: NoticeBook, version: str
) -> None:
    mobile, identity = mobile_number(), await make_identity()
    await accounts.send_code("demo", mobile, source=PHONE)
    good = book.last_code(mobile)
    bad = "000000" if good != "000000" else "111111"
    for left in (4, 3, 2, 1):
        with pytest.raises(InvalidInput, match=f"{left}次"):
            await accounts.bind(identity.id, "demo", mobile, bad, version)
    with pytest.raises(InvalidInput, match="作废"):
        await accounts.bind(identity.id, "demo", mobile, bad, version)
    with pytest.raises(InvalidInput, match="重新获取"):
        await accounts.bind(identity.id, "demo", mobile, good, version)


async def test_a_repeated_wrong_entry_counts_once(accounts: WechatBinding, book: NoticeBook, version: str) -> None:
    mobile, identity = mobile_number(), await make_identity()
    await accounts.send_code("demo", mobile, source=PHONE)
    bad = "000000" if book.last_code(mobile) != "000000" else "111111"
    for _ in range(3):
        with pytest.raises(InvalidInput, match="4次") as refused:
            await accounts.bind(identity.id, "demo", mobile, bad, version, key="talk:3")
        assert (refused.value.code, refused.value.field, refused.value.params) == ("code_wrong", "code", {"left": 4})
    assert await WrongTry.all().count() == 1


async def test_too_many_wrong_codes_lock_who_typed_them_and_then_no_more(
    accounts: WechatBinding, book: NoticeBook, version: str, clock: FixedClock
) -> None:
    mobile, identity = mobile_number(), await make_identity()
    for _ in range(2):
        await accounts.send_code("demo", mobile, source=PHONE)
        bad = "000000" if book.last_code(mobile) != "000000" else "111111"
        for _ in range(5):
            with pytest.raises((InvalidInput, TooMany)):
                await accounts.bind(identity.id, "demo", mobile, bad, version)
        clock.move(timedelta(seconds=61))
    with pytest.raises(TooMany, match="分钟后") as refused:
        await accounts.send_code("demo", mobile, source=Source(identity_id=identity.id))
    assert 28 * 60 <= refused.value.retry_after <= 30 * 60
    with pytest.raises(TooMany):
        await accounts.bind(identity.id, "demo", mobile, bad, version)
    clock.move(timedelta(minutes=35))
    await accounts.send_code("demo", mobile, source=PHONE)
    assert (await accounts.bind(identity.id, "demo", mobile, book.last_code(mobile), version)).account_id


async def test_guesses_at_once_count_each(accounts: WechatBinding, book: NoticeBook, version: str) -> None:
    mobile, identity = mobile_number(), await make_identity()
    await accounts.send_code("demo", mobile, source=PHONE)
    good = book.last_code(mobile)
    bads = [f"{n:06}" for n in range(9) if f"{n:06}" != good][:8]
    guesses = (accounts.bind(identity.id, "demo", mobile, bad, version) for bad in bads)
    await asyncio.gather(*guesses, return_exceptions=True)
    assert await WrongTry.all().count() == 5


async def test_a_code_serves_once_and_not_for_long(
    accounts: WechatBinding, book: NoticeBook, version: str, clock: FixedClock
) -> None:
    mobile, first, second = mobile_number(), await make_identity(), await make_identity()
    await accounts.send_code("demo", mobile, source=PHONE)
    code = book.last_code(mobile)
    await accounts.bind(first.id, "demo", mobile, code, version)
    with pytest.raises(InvalidInput, match="失效"):
        await accounts.bind(second.id, "demo", mobile, code, version)
    clock.move(timedelta(seconds=61))
    await accounts.send_code("demo", mobile, source=PHONE)
    clock.move(timedelta(minutes=5))
    with pytest.raises(InvalidInput, match="失效"):
        await accounts.bind(second.id, "demo", mobile, book.last_code(mobile), version)


async def test_only_the_newest_code_counts(
    accounts: WechatBinding, book: NoticeBook, version: str, clock: FixedClock
) -> None:
    mobile, identity = mobile_number(), await make_identity()
    await accounts.send_code("demo", mobile, source=PHONE)
    old = book.last_code(mobile)
    clock.move(timedelta(seconds=61))
    await accounts.send_code("demo", mobile, source=PHONE)
    if old != book.last_code(mobile):
        with pytest.raises(InvalidInput, match="不对"):
            await accounts.bind(identity.id, "demo", mobile, old, version)


async def test_a_code_for_another_purpose_does_not_bind(
    accounts: WechatBinding, book: NoticeBook, version: str
) -> None:
    mobile, identity = mobile_number(), await make_identity()
    await accounts.send_code("demo", mobile, "privacy", source=PHONE)
    with pytest.raises(InvalidInput, match="失效"):
        await accounts.bind(identity.id, "demo", mobile, book.last_code(mobile), version)


async def _bind(
    accounts: WechatBinding, book: NoticeBook, clock: FixedClock, identity: WechatIdentity, mobile: str
) -> Bound:
    clock.move(timedelta(seconds=61))
    await accounts.send_code("demo", mobile, source=PHONE)
    return await accounts.bind(identity.id, "demo", mobile, book.last_code(mobile), "2026-11")


async def test_one_person_may_have_several_openids(
    accounts: WechatBinding, book: NoticeBook, clock: FixedClock
) -> None:
    mobile = mobile_number()
    first = await _bind(accounts, book, clock, await make_identity(), mobile)
    second = await _bind(accounts, book, clock, await make_identity(app="mini"), mobile)
    assert first.account_id == second.account_id
    assert await Account.all().count() == 1


async def test_a_bound_openid_is_refused_a_second_binding_and_keeps_its_code(
    accounts: WechatBinding, book: NoticeBook, clock: FixedClock
) -> None:
    mobile, other, identity = mobile_number(), mobile_number(), await make_identity()
    await _bind(accounts, book, clock, identity, mobile)
    with pytest.raises(Conflict, match=f"138\\*\\*\\*\\*{mobile[-4:]}.*解绑"):
        await _bind(accounts, book, clock, identity, other)
    await accounts.unbind(identity.id)
    bound = await accounts.bind(identity.id, "demo", other, book.last_code(other), "2026-11")
    assert bound.masked_mobile.endswith(other[-4:])


async def test_binding_twice_is_harmless(accounts: WechatBinding, book: NoticeBook, clock: FixedClock) -> None:
    mobile, identity = mobile_number(), await make_identity()
    first = await _bind(accounts, book, clock, identity, mobile)
    assert await _bind(accounts, book, clock, identity, mobile) == first
    assert book.kinds().count("account_bound") == 1


async def test_a_repeat_after_a_crash_gets_the_stored_answer(
    accounts: WechatBinding, book: NoticeBook, version: str
) -> None:
    mobile, identity = mobile_number(), await make_identity()
    await accounts.send_code("demo", mobile, source=PHONE)
    code = book.last_code(mobile)
    first = await accounts.bind(identity.id, "demo", mobile, code, version, key="talk:7")
    assert await accounts.bind(identity.id, "demo", mobile, code, version, key="talk:7") == first
    with pytest.raises(Conflict, match="另一项操作"):
        await accounts.bind(identity.id, "demo", mobile, "123", version, key="talk:7")


async def test_the_newest_proof_of_the_mobile_in_the_file_wins(
    accounts: WechatBinding, book: NoticeBook, clock: FixedClock, deps: Deps
) -> None:
    """The file named a stranger's number, he bound, the file was corrected: the expert's own binding cuts him off."""
    wrong, right = mobile_number(), mobile_number()
    expert = await make_expert(deps, wrong)
    stranger = await make_identity()
    await _bind(accounts, book, clock, stranger, wrong)
    await Expert.filter(id=expert.id).update(mobile_hash=deps.keys.lookup_hash("mobile", right))
    bound = await _bind(accounts, book, clock, await make_identity(), right)
    assert (await Expert.get(id=expert.id)).account_id == bound.account_id
    assert (await accounts.who(stranger.id)).roles == ()


async def test_a_mobile_that_two_experts_share_binds_neither(
    accounts: WechatBinding, book: NoticeBook, clock: FixedClock, deps: Deps
) -> None:
    mobile = mobile_number()
    await make_expert(deps, mobile)
    await make_expert(deps, mobile)
    with pytest.raises(Conflict, match="400-000-0000"):
        await _bind(accounts, book, clock, await make_identity(), mobile)


async def test_a_disabled_account_binds_nothing(
    accounts: WechatBinding, book: NoticeBook, clock: FixedClock, deps: Deps
) -> None:
    mobile = mobile_number()
    await make_account(deps, mobile, disabled_at=clock.now())
    with pytest.raises(Forbidden, match="停用"):
        await _bind(accounts, book, clock, await make_identity(), mobile)


async def test_an_identity_of_another_pool_is_not_found(
    accounts: WechatBinding, book: NoticeBook, clock: FixedClock
) -> None:
    with pytest.raises(NotFound):
        await _bind(accounts, book, clock, await make_identity(pool="guangdong"), mobile_number())
    with pytest.raises(NotFound):
        await accounts.who(new_id())


async def test_unbinding_ends_the_log_ins_and_leaves_the_file(
    accounts: WechatBinding, book: NoticeBook, clock: FixedClock, deps: Deps
) -> None:
    mobile = mobile_number()
    expert, identity = await make_expert(deps, mobile), await make_identity(app="mini")
    bound = await _bind(accounts, book, clock, identity, mobile)
    session = await Session.create(
        account_id=bound.account_id,
        pool="demo",
        identity_id=identity.id,
        access_hash="a",
        refresh_hash="r",
        access_until=clock.now(),
        refresh_until=clock.now(),
        created_at=clock.now(),
    )
    assert (await accounts.unbind(identity.id)).was_bound
    assert not (await accounts.unbind(identity.id)).was_bound
    assert (await Session.get(id=session.id)).revoked_at == clock.now()
    assert (await accounts.who(identity.id)).account_id is None
    assert (await Expert.get(id=expert.id)).account_id == bound.account_id


async def test_unfollowing_deletes_the_openid_but_never_the_file(
    accounts: WechatBinding, book: NoticeBook, clock: FixedClock, deps: Deps
) -> None:
    mobile = mobile_number()
    expert, identity = await make_expert(deps, mobile), await make_identity()
    bound = await _bind(accounts, book, clock, identity, mobile)
    assert await accounts.unfollow(identity.appid, identity.openid)
    assert not await accounts.unfollow(identity.appid, identity.openid)
    assert not await WechatIdentity.exists()
    assert (await Expert.get(id=expert.id)).account_id == bound.account_id
    again = await accounts.follow("demo", identity.appid, identity.openid)
    assert (await accounts.who(again)).account_id is None


async def test_first_contact_by_two_messages_at_once_makes_one_identity(accounts: WechatBinding) -> None:
    made = await asyncio.gather(*(accounts.ensure_identity("demo", "oa", "wx1", "o1") for _ in range(5)))
    assert len({identity.id for identity in made}) == 1
    later = await accounts.ensure_identity("demo", "oa", "wx1", "o1", unionid="u1")
    assert later.unionid == "u1"
