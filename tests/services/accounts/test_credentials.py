"""Logging in by password, changing and forgetting it, and changing the mobile."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime, timedelta
from typing import Any

import pytest
from argon2 import PasswordHasher
from hypothesis import given
from hypothesis import strategies as st

from domain.clock import FixedClock
from domain.errors import AppError, Conflict, Forbidden, InvalidInput, NotFound, RuleViolation, TooMany
from domain.rulebook.people import Password
from models.accounts import Account, Session, WrongTry
from models.audit import AuditEntry
from models.experts import Expert
from services.accounts import Purpose, Source, WebSessions, wrong_tries
from services.accounts import passwords as module
from services.accounts.credentials import Credentials
from services.accounts.initial_passwords import InitialPasswords
from services.accounts.wrong_tries import WrongTries
from services.core.base import Actor, Deps
from tests.factories.assembly import composed
from tests.factories.people import make_account, make_expert, make_identity, mobile_number
from tests.factories.sources import HOME, PHONE
from tests.services.conftest import NOON, NoticeBook

NUMBER = "11010519491231002X"
OLD, NEW = "Abcd1234", "Wxyz6789"


@dataclass
class Person:
    """A registered person with a password and a mobile number."""

    account: Account
    mobile: str

    @property
    def actor(self) -> Actor:
        return Actor("demo", "applicant", self.account.id)


class AccountScene:
    def __init__(self, deps: Deps, book: NoticeBook, clock: FixedClock) -> None:
        self.deps, self.book, self.clock = deps, book, clock
        self.browsers = composed(WebSessions, deps, notices=book)
        self.sessions = self.browsers.sessions
        self.accounts = self.sessions.accounts
        self._use(deps)

    async def person(self, **columns: Any) -> Person:
        mobile = mobile_number()
        values = {
            "id_number_sealed": self.deps.keys.seal(NUMBER, "id_number"),
            "registered_at": NOON,
            "id_number_hash": self.deps.keys.lookup_hash("id_number", NUMBER),
            "password_hash": module.HASHER.hash(OLD),
        }
        return Person(await make_account(self.deps, mobile, **values | columns), mobile)

    async def log_in(self, name: str, password: str, source: Source = HOME) -> Actor:
        cookie = await self.credentials.log_in("demo", name, password, self.browsers.begin, source)
        return await self.browsers.resume(cookie)

    async def code(self, mobile: str, purpose: Purpose) -> str:
        self.clock.move(self.deps.book("demo").login.code_gap)
        await self.accounts.send_code("demo", mobile, purpose, source=PHONE)
        return self.book.last_code(mobile)

    def set_rules(self, **values: Any) -> None:
        book = self.deps.rulebooks["demo"]
        registration = book.registration.model_copy(update=values)
        changed = book.model_copy(update={"registration": registration})
        self._use(replace(self.deps, rulebooks={"demo": changed}))

    def _use(self, deps: Deps) -> None:
        self.credentials = composed(Credentials, deps, notices=self.book)
        self.initial = InitialPasswords(deps, self.credentials.passwords)


@pytest.fixture
def scene(db: str, deps: Deps, book: NoticeBook, clock: FixedClock) -> AccountScene:
    return AccountScene(deps, book, clock)


# ---- logging in


@pytest.mark.parametrize("by", ["mobile", "id_number", "small x"])
async def test_mobile_or_id_number_and_password_let_in(scene: AccountScene, by: str) -> None:
    person = await scene.person()
    name = {"mobile": person.mobile, "id_number": NUMBER, "small x": " 110105 19491231 002x "}[by]
    actor = await scene.log_in(name, OLD)
    assert (actor.account_id, actor.role) == (person.account.id, "applicant")


@pytest.mark.parametrize("known", [True, False])
async def test_an_unknown_login_name_is_refused_and_locked_like_a_wrong_password(
    scene: AccountScene, known: bool
) -> None:
    name = (await scene.person()).mobile if known else mobile_number()
    refusals = []
    for _ in range(6):
        with pytest.raises(AppError) as refused:
            await scene.log_in(name, "Wrong1234")
        refusals.append((refused.value.code, refused.value.message))
    assert [code for code, _ in refusals] == ["password_wrong"] * 4 + ["password_locked"] * 2
    assert [f"还可以再试{left}次" in message for left, (_, message) in zip((4, 3, 2, 1), refusals, strict=False)] == [
        True
    ] * 4
    assert "暂停到11月21日(周六) 12:30" in refusals[-1][1]


async def test_a_locked_account_refuses_the_right_password_until_the_time_is_over(scene: AccountScene) -> None:
    person = await scene.person()
    for _ in range(5):
        with pytest.raises(AppError):
            await scene.log_in(person.mobile, "Wrong1234")
    with pytest.raises(TooMany) as refused:
        await scene.log_in(NUMBER, OLD)
    assert refused.value.retry_after == 1800
    assert await AuditEntry.filter(action="password.locked", subject_id=person.account.id).count() == 1
    scene.clock.move(timedelta(minutes=30))
    with pytest.raises(InvalidInput, match="还可以再试4次"):
        await scene.log_in(person.mobile, "Wrong1234")
    await scene.log_in(person.mobile, OLD)
    assert not await WrongTry.exists()


async def test_many_tries_at_once_are_all_counted(scene: AccountScene) -> None:
    person = await scene.person()
    guesses = [scene.log_in(person.mobile, f"Wrong123{n}") for n in range(8)]
    outcomes = await asyncio.gather(*guesses, return_exceptions=True)
    assert sum(isinstance(outcome, InvalidInput) for outcome in outcomes) == 4
    assert sum(isinstance(outcome, TooMany) for outcome in outcomes) == 4


async def test_without_its_lock_tries_at_once_escape_the_count(
    scene: AccountScene, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control."""
    meet, add = asyncio.Barrier(4), WrongTries.add

    async def unlocked(_: str) -> None:
        return None

    async def together(tries: WrongTries, now: datetime) -> WrongTries:
        await meet.wait()
        return await add(tries, now)

    monkeypatch.setattr(wrong_tries, "advisory_lock", unlocked)
    monkeypatch.setattr(WrongTries, "add", together)
    name = mobile_number()
    outcomes = await asyncio.gather(*(scene.log_in(name, "Wrong1234") for _ in range(4)), return_exceptions=True)
    assert {outcome.params["left"] for outcome in outcomes if isinstance(outcome, InvalidInput)} == {4}, (
        "each thinks it is the first"
    )


async def test_a_pool_without_password_log_in_says_so(scene: AccountScene) -> None:
    scene.set_rules(login_ways=("code",))
    with pytest.raises(RuleViolation, match="验证码登录"):
        await scene.log_in((await scene.person()).mobile, OLD)


async def test_a_login_name_that_the_rulebook_does_not_allow_is_refused(scene: AccountScene) -> None:
    await scene.person()
    scene.set_rules(login_names=("mobile",))
    with pytest.raises(InvalidInput, match="不对"):
        await scene.log_in(NUMBER, OLD)


async def test_who_has_no_password_and_who_is_disabled_stay_out(scene: AccountScene) -> None:
    person = await scene.person(password_hash="")
    with pytest.raises(InvalidInput, match="不对"):
        await scene.log_in(person.mobile, "")
    await Account.filter(id=person.account.id).update(password_hash=module.HASHER.hash(OLD), disabled_at=NOON)
    with pytest.raises(Forbidden, match="停用"):
        await scene.log_in(person.mobile, OLD)


async def test_a_hash_of_older_parameters_is_renewed_at_log_in(scene: AccountScene) -> None:
    weak = PasswordHasher(time_cost=1, memory_cost=8, parallelism=1).hash(OLD)
    person = await scene.person(password_hash=weak)
    await scene.log_in(person.mobile, OLD)
    renewed = (await Account.get(id=person.account.id)).password_hash
    assert renewed != weak
    assert not module.HASHER.check_needs_rehash(renewed)
    await scene.log_in(person.mobile, OLD)


# ---- the password


async def test_a_changed_password_ends_all_other_log_ins_and_the_person_is_notified(scene: AccountScene) -> None:
    person = await scene.person()
    here, _ = await scene.log_in(person.mobile, OLD), await scene.log_in(person.mobile, OLD)
    assert (await scene.credentials.set_password(here, NEW, old=OLD)).ended == 1
    assert [log_in.current for log_in in await scene.sessions.list(here)] == [True]
    assert scene.book.kinds() == ["password_changed"]
    with pytest.raises(InvalidInput):
        await scene.log_in(person.mobile, OLD)
    await scene.log_in(person.mobile, NEW)


async def test_a_wrong_old_password_counts_like_one_at_the_log_in(scene: AccountScene) -> None:
    person = await scene.person()
    for _ in range(5):
        with pytest.raises(AppError):
            await scene.credentials.set_password(person.actor, NEW, old="Wrong1234")
    with pytest.raises(TooMany):
        await scene.credentials.set_password(person.actor, NEW, old=OLD)
    code = await scene.code(person.mobile, "password")
    await scene.credentials.set_password(person.actor, NEW, code=code)
    await scene.log_in(person.mobile, NEW)


async def test_without_proof_nothing_changes(scene: AccountScene) -> None:
    person = await scene.person()
    with pytest.raises(InvalidInput, match="原密码"):
        await scene.credentials.set_password(person.actor, NEW)
    other = await scene.code(person.mobile, "mobile")
    with pytest.raises(InvalidInput, match="验证码"):
        await scene.credentials.set_password(person.actor, NEW, code=other)


async def test_a_forgotten_password_takes_a_code_and_the_end_of_the_id_number(scene: AccountScene) -> None:
    person = await scene.person()
    actor = await scene.log_in(person.mobile, OLD)
    wrong = await scene.code(person.mobile, "password")
    with pytest.raises(InvalidInput, match="后4位不对"):
        await scene.credentials.reset_password("demo", person.mobile, wrong, "1234", NEW, HOME)
    with pytest.raises(InvalidInput, match="失效"):
        await scene.credentials.reset_password("demo", person.mobile, wrong, "002X", NEW, HOME)
    code = await scene.code(person.mobile, "password")
    await scene.credentials.reset_password("demo", person.mobile, code, "002x", NEW, HOME)
    assert await scene.sessions.list(actor) == ()
    await scene.log_in(person.mobile, NEW)


async def test_a_forgotten_password_does_not_reveal_whether_a_mobile_is_known(scene: AccountScene) -> None:
    person, stranger = await scene.person(), mobile_number()
    sent = [
        await scene.accounts.send_code("demo", mobile, "password", source=PHONE) for mobile in (person.mobile, stranger)
    ]
    assert sent[0].valid_until == sent[1].valid_until
    assert [told.mobile for told in scene.book.told] == [person.mobile]
    with pytest.raises(InvalidInput, match="还可以再试"):
        await scene.credentials.reset_password("demo", stranger, "000000", "002X", NEW, HOME)


@pytest.mark.parametrize("part", ["id_number", "mobile"])
async def test_a_password_is_no_part_of_ones_own_numbers(
    scene: AccountScene, part: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    person = await scene.person()
    monkeypatch.setattr(Password, "problem", lambda *_: "")
    with pytest.raises(InvalidInput, match="一部分"):
        await scene.credentials.set_password(
            person.actor, (NUMBER if part == "id_number" else person.mobile)[-8:], old=OLD
        )


@given(st.text(max_size=70))
def test_a_password_that_the_rule_takes_has_all_it_asks_for(text: str) -> None:
    rule = Password(
        length_min=8,
        upper=True,
        lower=True,
        digit=True,
        symbol=False,
        failures_before_lock=5,
        lock_for=timedelta(minutes=30),
    )
    good = (
        8 <= len(text) <= 64
        and text.isascii()
        and text.isprintable()
        and " " not in text
        and any(c.isupper() for c in text)
        and any(c.islower() for c in text)
        and any(c.isdigit() for c in text)
    )
    assert (rule.problem(text) == "") is good


# ---- initial passwords


async def test_an_initial_password_opens_nothing_but_its_own_change_by_a_code(scene: AccountScene) -> None:
    scene.set_rules(password=scene.deps.book("demo").registration.password.model_copy(update={"initial_from_id": 8}))
    mobile = mobile_number()
    expert = await make_expert(scene.deps, mobile, id_number=NUMBER)
    admin = Actor("demo", "pool_admin", (await make_account(scene.deps)).id)
    issued = await scene.initial.issue(admin, [expert.number, "ZJ9999999"], key="tap")
    assert {password.number: password.outcome for password in issued} == {
        expert.number: "issued",
        "ZJ9999999": "unknown",
    }
    with pytest.raises(Forbidden) as refused:
        await scene.log_in(NUMBER, NUMBER[-8:])
    assert refused.value.code == "password_must_change"
    account = await Account.get(mobile_hash=expert.mobile_hash)
    actor = Actor("demo", "guest", account.id)
    with pytest.raises(InvalidInput, match="短信验证码"):
        await scene.credentials.set_password(actor, NEW, old=NUMBER[-8:])
    await scene.credentials.set_password(actor, NEW, code=await scene.code(mobile, "password"))
    assert (await scene.log_in(NUMBER, NEW)).role == "expert"
    assert [password.outcome for password in await scene.initial.issue(admin, [expert.number])] == ["kept"]


async def test_what_wechat_vouches_for_goes_on_beside_an_initial_password(scene: AccountScene) -> None:
    person = await scene.person(password_initial=True)
    identity = await make_identity(person.account, app="mini")
    session = await Session.create(
        pool="demo",
        account_id=person.account.id,
        identity_id=identity.id,
        role="applicant",
        access_hash="a",
        refresh_hash="r",
        access_until=NOON + timedelta(hours=1),
        refresh_until=NOON + timedelta(hours=1),
        created_at=NOON,
    )
    actor = await scene.sessions.resume(session.id, person.account.id)
    assert actor.role == "applicant"


async def test_a_pool_without_initial_passwords_and_a_role_that_may_not_are_refused(scene: AccountScene) -> None:
    scene.set_rules(password=scene.deps.book("demo").registration.password.model_copy(update={"initial_from_id": None}))
    with pytest.raises(RuleViolation, match="不使用初始密码"):
        await scene.initial.issue(Actor("demo", "pool_admin", (await make_account(scene.deps)).id), ["ZJ1"])
    with pytest.raises(Forbidden):
        await scene.initial.issue(Actor("demo", "verifier", (await make_account(scene.deps)).id), ["ZJ1"])


# ---- the mobile


async def change_mobile(scene: AccountScene, person: Person, mobile: str, **proof: str) -> Any:
    code = await scene.code(mobile, "mobile")
    return await scene.credentials.change_mobile(person.actor, mobile, code, **proof or {"password": OLD})


async def test_a_new_mobile_updates_the_expert_record_and_both_numbers_are_notified(scene: AccountScene) -> None:
    person, mobile = await scene.person(), mobile_number()
    expert = await make_expert(scene.deps, person.mobile, account=person.account, id_number=NUMBER)
    done = await change_mobile(scene, person, mobile)
    assert done.masked_mobile == f"138****{mobile[-4:]}"
    changed = await Expert.get(id=expert.id)
    assert changed.mobile_hash == (await Account.get(id=person.account.id)).mobile_hash
    assert scene.deps.keys.open_text(changed.mobile_sealed, "mobile") == mobile
    told = [notice for notice in scene.book.told if notice.kind == "mobile_changed"]
    assert [(notice.account_id, notice.mobile) for notice in told] == [(person.account.id, None), (None, person.mobile)]
    await scene.log_in(mobile, OLD)


async def test_a_code_on_the_old_mobile_proves_the_owner_too(scene: AccountScene) -> None:
    person = await scene.person()
    await change_mobile(scene, person, mobile_number(), old_code=await scene.code(person.mobile, "mobile"))


async def test_the_next_change_waits_as_the_rulebook_says(scene: AccountScene) -> None:
    scene.set_rules(mobile_change_every=timedelta(days=365))
    person = await scene.person()
    await change_mobile(scene, person, mobile_number())
    with pytest.raises(RuleViolation, match="2027年11月21日起") as refused:
        await change_mobile(scene, person, mobile_number())
    assert refused.value.rule == "registration.mobile_change_every"
    assert (await scene.credentials.profile(person.actor)).mobile_free_at is not None
    scene.clock.move(timedelta(days=365))
    await change_mobile(scene, person, mobile_number())


async def test_a_mobile_of_another_account_and_the_present_one_are_refused(scene: AccountScene) -> None:
    person, other = await scene.person(), mobile_number()
    await make_expert(scene.deps, other)
    with pytest.raises(Conflict, match="另一个账号"):
        await change_mobile(scene, person, other)
    with pytest.raises(InvalidInput, match="无需更换"):
        await change_mobile(scene, person, person.mobile)


async def test_two_people_who_want_one_new_mobile_do_not_both_get_it(scene: AccountScene) -> None:
    first = await scene.person()
    second = await scene.person(id_number_sealed="", id_number_hash=None, registered_at=None)
    mobile = mobile_number()
    codes = [await scene.code(mobile, "mobile")]
    outcomes = await asyncio.gather(
        *(scene.credentials.change_mobile(owner.actor, mobile, codes[0], password=OLD) for owner in (first, second)),
        return_exceptions=True,
    )
    assert sum(not isinstance(outcome, BaseException) for outcome in outcomes) == 1


# ---- log-ins


async def test_one_log_in_is_ended_and_only_ones_own(scene: AccountScene) -> None:
    person, other = await scene.person(), await make_account(scene.deps)
    here, there = await scene.log_in(person.mobile, OLD), await scene.log_in(person.mobile, OLD)
    assert [session.device for session in await scene.sessions.list(here)] == ["浏览器"] * 2
    assert there.session_id is not None
    with pytest.raises(NotFound):
        await scene.sessions.end(Actor("demo", "guest", other.id), there.session_id)
    await scene.sessions.end(here, there.session_id)
    assert [log_in.id for log_in in await scene.sessions.list(here)] == [here.session_id]


async def test_a_browser_log_in_by_code_makes_an_imported_experts_account(scene: AccountScene) -> None:
    mobile = mobile_number()
    expert = await make_expert(scene.deps, mobile)
    await scene.browsers.send_code("demo", mobile, PHONE)
    cookie = await scene.browsers.log_in("demo", mobile, scene.book.last_code(mobile), HOME, device="电脑浏览器")
    actor = await scene.browsers.resume(cookie)
    assert (actor.role, actor.expert_id) == ("expert", expert.id)
    await scene.browsers.end_browser_session(cookie)
    with pytest.raises(AppError):
        await scene.browsers.resume(cookie)


async def test_an_applicant_who_enters_the_pool_goes_on_as_expert(scene: AccountScene) -> None:
    person = await scene.person()
    actor = await scene.log_in(person.mobile, OLD)
    await make_expert(scene.deps, person.mobile, account=person.account, id_number=NUMBER)
    assert actor.session_id is not None
    assert (await scene.sessions.resume(actor.session_id, person.account.id)).role == "expert"


def test_an_unknown_name_takes_as_long_as_a_known_one() -> None:
    assert not module.HASHER.check_needs_rehash(module._DUMMY_HASH), "make it anew with HASHER"
    assert len(module._DUMMY_HASH) == len(module.HASHER.hash(OLD))
