"""SMS pumping and lock-out: limits per mobile, browser and network, and who can still log in."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from uuid import UUID

import pytest

from app.players.puzzles import solve
from domain.clock import FixedClock
from domain.errors import AppError, InvalidInput, TooMany
from domain.ids import new_id
from domain.rulebook.sections import Login
from models.accounts import Account, KnownBrowser, SpentToken, VerificationCode
from services.accounts import Source, WebSessions
from services.accounts.credentials import Credentials
from services.accounts.passwords import HASHER
from services.accounts.puzzles import Puzzles
from services.accounts.wechat_binding import WechatBinding
from services.core.base import Deps
from tests.factories.assembly import composed
from tests.factories.people import make_account, make_grant, make_identity, mobile_number
from tests.factories.sources import CAFE, HOME, PHONE
from tests.services.conftest import NoticeBook

pytestmark = pytest.mark.usefixtures("db")
PASSWORD = "Abcd1234"


class Door:
    """Ways to log in, with a record of sent messages."""

    def __init__(self, deps: Deps, book: NoticeBook, clock: FixedClock) -> None:
        self.deps, self.book, self.clock = deps, book, clock
        self.puzzles = composed(Puzzles, deps)
        self.credentials = composed(Credentials, deps, notices=book)
        self.browsers = composed(WebSessions, deps, notices=book)
        self.accounts = self.browsers.sessions.accounts

    async def ask(self, mobile: str, source: Source, purpose: str = "register", pool: str = "demo") -> None:
        proof = "" if source.is_identified else solve(self.puzzles.issue(source.address))
        await self.accounts.send_code(pool, mobile, purpose, source=source, proof=proof)  # type: ignore[arg-type]

    async def log_in(self, mobile: str, code: str, source: Source) -> str:
        return await self.browsers.log_in("demo", mobile, code, source)

    async def guess(self, mobile: str, source: Source) -> AppError:
        """Try a wrong code."""
        wrong = "000000" if self.book.last_code(mobile) != "000000" else "111111"
        with pytest.raises(AppError) as refused:
            await self.log_in(mobile, wrong, source)
        return refused.value

    def rules(self, **changed: object) -> None:
        book = self.deps.book("demo")
        login: Login = book.login.model_copy(update=changed)
        self.deps.rulebooks["demo"] = book.model_copy(update={"login": login})  # type: ignore[index]  # a dict here


@pytest.fixture
def door(deps: Deps, book: NoticeBook, clock: FixedClock) -> Door:
    return Door(replace(deps, puzzle_bits=4, rulebooks=dict(deps.rulebooks)), book, clock)


async def known_person(door: Door) -> tuple[Account, str, Source]:
    """A person who has logged in before, and the browser."""
    mobile = mobile_number()
    account = await make_account(door.deps, mobile, password_hash=HASHER.hash(PASSWORD))
    browser_id = door.browsers.known_browser(await door.browsers.remember_browser("", account.id))
    assert browser_id is not None
    return account, mobile, Source(HOME.address, browser_id)


# ---- pumping


async def test_an_unknown_browser_calculates_before_each_sms(door: Door) -> None:
    async def send(proof: str, source: Source = HOME) -> None:
        await door.accounts.send_code("demo", mobile_number(), "register", source=source, proof=proof)

    proof = solve(door.puzzles.issue(HOME.address))
    token, numbers = proof.split(".")
    for bad in ("", "-", token, f"{token}.{'-'.join(['1'] * 7)}", f"{token}.{'9' * 400}", f"x{proof}", numbers):
        with pytest.raises(InvalidInput, match="安全检查"):
            await send(bad)
    hard = replace(door.deps, puzzle_bits=24)
    with pytest.raises(InvalidInput, match="安全检查"):
        await composed(WechatBinding, hard, notices=door.book).send_code(
            "demo", mobile_number(), "register", source=HOME, proof=proof
        )
    with pytest.raises(InvalidInput, match="安全检查"):
        await send(proof, CAFE)  # solved for another network
    await send(proof)
    with pytest.raises(InvalidInput, match="安全检查"):
        await send(proof)
    late = solve(door.puzzles.issue(HOME.address))
    door.clock.move(timedelta(minutes=31))
    with pytest.raises(InvalidInput, match="安全检查"):
        await send(late)
    assert len(door.book.told) == 1


async def test_one_solution_sent_many_times_at_once_brings_one_sms(door: Door) -> None:
    proof = solve(door.puzzles.issue(HOME.address))
    sending = (door.accounts.send_code("demo", mobile_number(), "register", source=HOME, proof=proof) for _ in range(6))
    outcomes = await asyncio.gather(*sending, return_exceptions=True)
    assert sum(not isinstance(outcome, BaseException) for outcome in outcomes) == 1
    assert await SpentToken.all().count() == 1


async def test_a_refusal_costs_no_solution(door: Door) -> None:
    mobile = mobile_number()
    await door.ask(mobile, HOME)
    proof = solve(door.puzzles.issue(HOME.address))
    with pytest.raises(TooMany):
        await door.accounts.send_code("demo", mobile, "register", source=HOME, proof=proof)
    await door.accounts.send_code("demo", mobile_number(), "register", source=HOME, proof=proof)


@pytest.mark.parametrize("addresses", [["203.0.113.9"], [f"2001:db8:7:7::{n:x}" for n in range(6)]])
async def test_one_network_has_its_number_of_codes_a_day(door: Door, addresses: list[str]) -> None:
    door.rules(codes_per_network_day=4)
    for n in range(4):
        await door.ask(mobile_number(), Source(addresses[n % len(addresses)]))
    with pytest.raises(TooMany, match="您所在的网络") as refused:
        await door.ask(mobile_number(), Source(addresses[-1]))
    assert "公众号" in refused.value.message, "a way out"
    await door.ask(mobile_number(), HOME)
    door.clock.move(timedelta(days=1))
    await door.ask(mobile_number(), Source(addresses[-1]))


async def test_a_network_has_its_number_once_for_all_pools(door: Door) -> None:
    """Not once for each pool."""
    door.rules(codes_per_network_day=4)
    door.deps.rulebooks["other"] = door.deps.book("demo")  # type: ignore[index]  # a dict here
    for _ in range(4):
        await door.ask(mobile_number(), CAFE, pool="other")
    with pytest.raises(TooMany, match="您所在的网络"):
        await door.ask(mobile_number(), CAFE)
    await door.ask(mobile_number(), HOME)


async def test_one_wechat_has_its_number_of_codes_a_day(door: Door) -> None:
    door.rules(codes_per_wechat_day=3)
    for _ in range(3):
        await door.ask(mobile_number(), PHONE)
    with pytest.raises(TooMany, match="您今天"):
        await door.ask(mobile_number(), PHONE)
    await door.ask(mobile_number(), Source(identity_id=new_id()))


async def test_a_flood_from_everywhere_stops_at_the_budget_and_the_office_hears_of_it_once(door: Door) -> None:
    door.rules(codes_per_pool_hour=10)
    admin = await make_account(door.deps)
    await make_grant(admin, "pool_admin")
    account, mobile, own = await known_person(door)
    for n in range(8):
        await door.ask(mobile_number(), Source(f"203.0.113.{n}"))
    for n in range(8, 12):  # the last fifth is reserved
        with pytest.raises(TooMany, match="后再试") as refused:
            await door.ask(mobile_number(), Source(f"203.0.113.{n}"))
        assert refused.value.code == "code_budget"
    [warned] = [told for told in door.book.told if told.kind == "code_budget"]
    assert (warned.account_id, warned.params) == (admin.id, {"at": "2026年11月21日 12:00", "count": "8", "most": "10"})
    for _ in range(2):
        await door.ask(mobile, own, "login")
        door.clock.move(timedelta(seconds=61))
    assert [told.params["count"] for told in door.book.told if told.kind == "code_budget"][-1] == "10"
    with pytest.raises(TooMany):
        await door.ask(mobile, own, "login")
    door.clock.move(timedelta(hours=1))
    await door.ask(mobile_number(), Source("203.0.113.99"))
    assert account.id != admin.id


async def test_codes_that_are_not_sent_cost_no_budget(door: Door) -> None:
    """Asking for forgotten passwords of made-up mobiles must not use up what real people need."""
    door.rules(codes_per_pool_hour=2)
    for n in range(5):
        await door.ask(mobile_number(), Source(f"203.0.113.{n}"), "password")
    assert not await VerificationCode.exists(sent=True)
    await door.ask(mobile_number(), HOME)


async def test_a_stranger_cannot_use_up_anothers_codes(door: Door) -> None:
    _, mobile, own = await known_person(door)
    got = 0
    for n in range(8):
        door.clock.move(timedelta(seconds=61))
        try:
            await door.ask(mobile, Source(f"203.0.113.{n}"), "login")
            got += 1
        except TooMany:
            continue
    assert got == 3
    await door.ask(mobile, own, "login")


# ---- lock-out


async def test_a_strangers_wrong_codes_lock_the_stranger_and_not_the_person(door: Door) -> None:
    account, mobile, own = await known_person(door)
    await make_grant(account, "venue")
    await door.ask(mobile, own, "login")
    code = door.book.last_code(mobile)
    refusals = [(await door.guess(mobile, CAFE)).code for _ in range(5)]
    assert refusals == ["code_wrong"] * 4 + ["code_worn"]
    assert await door.log_in(mobile, code, own), "the code in the person's hand still holds"
    door.clock.move(timedelta(seconds=61))
    await door.ask(mobile, own, "login")
    assert [(await door.guess(mobile, CAFE)).code for _ in range(6)][-1] == "mobile_locked"
    locked = await door.guess(mobile, CAFE)
    assert "公众号" in locked.message
    assert await door.log_in(mobile, door.book.last_code(mobile), own)


async def test_the_persons_wechat_is_not_locked_by_strangers(door: Door) -> None:
    account, mobile, _ = await known_person(door)
    identity = await make_identity(account)
    await door.ask(mobile, Source(identity_id=identity.id), "bind")
    for n in range(4):
        for _ in range(5):
            with pytest.raises(AppError):
                await door.browsers.log_in("demo", mobile, "no", Source(f"203.0.113.{n}"))
    version = door.deps.book("demo").pool.privacy_version
    bound = await door.accounts.bind(identity.id, "demo", mobile, door.book.last_code(mobile), version)
    assert bound.account_id == account.id


async def test_a_thousand_networks_guess_no_faster_than_one_a_minute(door: Door) -> None:
    _, mobile, own = await known_person(door)
    await door.ask(mobile, own, "login")
    codes = [(await door.guess(mobile, Source(f"198.18.{n}.1"))).code for n in range(60)]
    assert codes.count("code_wrong") == 10
    assert codes[10:] == ["strangers_slowed"] * 50
    door.clock.move(timedelta(seconds=61))
    assert (await door.guess(mobile, Source("198.18.99.1"))).code == "code_wrong", "slowed down, not locked"
    assert (await door.guess(mobile, Source("198.18.98.1"))).code == "strangers_slowed"


async def test_a_strangers_wrong_passwords_do_not_keep_the_person_out(door: Door) -> None:
    account, mobile, own = await known_person(door)

    async def enter(password: str, source: Source) -> UUID:
        async def begin(owner: Account) -> UUID:
            return owner.id

        return await door.credentials.log_in("demo", mobile, password, begin, source)

    for n in range(30):
        with pytest.raises(AppError):
            await enter("Wrong1234", Source(f"203.0.113.{n % 3}"))
    with pytest.raises(TooMany) as refused:
        await enter(PASSWORD, Source("203.0.113.1"))
    assert refused.value.code == "strangers_slowed"
    assert await enter(PASSWORD, own) == account.id


async def test_an_attackers_own_cookie_does_not_make_him_known_to_other_accounts(door: Door) -> None:
    """An attacker logs in as himself, as often as he likes; he stays unknown to the victim's account."""
    attacker, _, his = await known_person(door)
    _, mobile, _ = await known_person(door)
    for _ in range(12):
        await door.browsers.remember_browser("", attacker.id)
    assert await KnownBrowser.filter(account_id=attacker.id).count() == 10
    await door.ask(mobile, PHONE, "login")
    for n in range(10):
        await door.guess(mobile, Source(f"198.18.{n}.1", his.browser_id))
    assert (await door.guess(mobile, his)).code == "strangers_slowed"
