"""Registering: real name and ID number once only, a proven mobile, and the own file only."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping
from dataclasses import replace
from typing import Any, cast

import pytest
from tortoise.exceptions import IntegrityError

from domain.clock import FixedClock
from domain.errors import AppError, Conflict, InvalidForm, InvalidInput, RuleViolation, TooMany
from domain.rulebook.book import Rulebook
from models.accounts import Account, IdempotencyKey, Session, VerificationCode, WechatIdentity
from models.audit import AuditEntry
from models.experts import Expert
from services.accounts import PersonRegistered, Purpose, RegistrationForm
from services.accounts import registration as module
from services.accounts.registration import Registration
from services.core.base import Actor, Deps
from services.core.limits import advisory_lock
from services.experts import membership_status_of
from tests.factories.assembly import composed
from tests.factories.people import make_account, make_expert, make_identity, make_sanction, mobile_number
from tests.factories.sources import PHONE
from tests.services.conftest import NoticeBook

pytestmark = pytest.mark.usefixtures("db")
NUMBER, OTHER_NUMBER = "11010519491231002X", "411303199001016930"
PASSWORD = "Abcd1234"
VISITOR = Actor("demo", "guest")


def make_registration(deps: Deps, book: NoticeBook) -> Registration:
    """No pool asks the register of persons."""
    return composed(Registration, deps, notices=book, identity_verification_pools=frozenset())


class SignUp:
    """A registration with a phone at hand."""

    def __init__(self, deps: Deps, book: NoticeBook) -> None:
        self.deps, self.book = deps, book
        self.registration = make_registration(deps, book)
        self.accounts = self.registration.accounts

    async def code(self, mobile: str, purpose: Purpose = "register") -> str:
        await self.accounts.send_code("demo", mobile, purpose, source=PHONE)
        return self.book.last_code(mobile)

    def form(self, **values: Any) -> RegistrationForm:
        version = self.deps.book("demo").pool.privacy_version
        return replace(RegistrationForm("王小明", NUMBER, version, agreed=True), **values)

    async def register(self, mobile: str, **values: Any) -> PersonRegistered:
        form = self.form(mobile=mobile, code=await self.code(mobile), **values)
        return await self.registration.register(VISITOR, form)


@pytest.fixture
def sign_up(deps: Deps, book: NoticeBook) -> SignUp:
    return SignUp(deps, book)


async def test_a_person_registers_and_is_an_applicant_outside_the_pool(sign_up: SignUp, clock: FixedClock) -> None:
    mobile = mobile_number()
    done = await sign_up.register(mobile, name=" 王小明 ", password=PASSWORD)
    assert (done.masked_name, done.masked_id_number, done.roles) == ("王**", "1101***002X", ("applicant",))
    account = await Account.get(id=done.account_id)
    assert (account.real_name, account.registered_at) == ("王小明", clock.now())
    assert sign_up.deps.keys.open_text(account.id_number_sealed, "id_number") == NUMBER
    assert account.password_hash.startswith("$argon2id$")
    assert (await membership_status_of(sign_up.deps, account.id)).kind == "outside"


@pytest.mark.parametrize(
    ("values", "field"),
    [
        ({"name": "王"}, "name"),
        ({"name": "王5"}, "name"),
        ({"id_number": "110105194912310021"}, "id_number"),
        ({"id_number": "11010519491331002X"}, "id_number"),
        ({"mobile": "12345678901"}, "mobile"),
        ({"password": "abcdefgh1"}, "password"),
        ({"password": "Ab1"}, "password"),
        ({"agreed": False}, "agreed"),
        ({"code": "000000x"}, "code"),
    ],
)
async def test_a_bad_value_is_named_and_nothing_is_kept(sign_up: SignUp, values: dict[str, Any], field: str) -> None:
    mobile = mobile_number()
    form = sign_up.form(**{"mobile": mobile, "code": await sign_up.code(mobile), **values})
    with pytest.raises(InvalidInput) as refused:
        await sign_up.registration.register(VISITOR, form)
    assert refused.value.field == field
    assert not await Account.exists()


async def test_all_bad_values_are_named_at_once_and_no_code_is_used_up(sign_up: SignUp) -> None:
    mobile = mobile_number()
    code = await sign_up.code(mobile)
    wrong = {"name": "王", "id_number": "11010519491331002X", "password": mobile, "agreed": False}
    with pytest.raises(InvalidForm) as refused:
        await sign_up.registration.register(VISITOR, sign_up.form(mobile=mobile, code=code, **wrong))
    assert [fault.field for fault in refused.value.faults] == ["name", "id_number", "agreed", "password"]
    await sign_up.registration.register(VISITOR, sign_up.form(mobile=mobile, code=code))


async def test_consent_is_to_todays_privacy_text(sign_up: SignUp) -> None:
    with pytest.raises(Conflict, match="隐私说明已更新"):
        await sign_up.register(mobile_number(), privacy_version="2001")


async def test_a_pool_closed_to_registration_says_where_to_turn(sign_up: SignUp) -> None:
    rulebook = sign_up.deps.rulebooks["demo"]
    closed = rulebook.registration.model_copy(update={"open": False, "closed": "请向所在市州主管部门咨询。"})
    books: Mapping[str, Rulebook] = {"demo": rulebook.model_copy(update={"registration": closed})}
    registration = make_registration(replace(sign_up.deps, rulebooks=books), sign_up.book)
    with pytest.raises(RuleViolation, match="市州主管部门"):
        await registration.register(VISITOR, sign_up.form(mobile=mobile_number(), code="000000"))


async def test_an_id_number_is_registered_once_and_its_owner_is_not_revealed(sign_up: SignUp) -> None:
    first, second = mobile_number(), mobile_number()
    await sign_up.register(first)
    with pytest.raises(Conflict) as refused:
        await sign_up.register(second, name="别人")
    assert refused.value.code == "id_number_taken"
    assert first not in refused.value.message
    assert not await Account.exists(real_name="别人")


async def test_each_guess_at_an_id_number_costs_a_code(sign_up: SignUp) -> None:
    await sign_up.register(mobile_number())
    mobile = mobile_number()
    form = sign_up.form(mobile=mobile, code=await sign_up.code(mobile))
    codes = []
    for number in (NUMBER, OTHER_NUMBER):
        with pytest.raises(AppError) as refused:
            await sign_up.registration.register(VISITOR, replace(form, id_number=number))
        codes.append(refused.value.code)
    assert codes == ["id_number_taken", "code_expired"]


async def test_a_mobile_registers_once(sign_up: SignUp, clock: FixedClock) -> None:
    mobile = mobile_number()
    await sign_up.register(mobile)
    clock.move(sign_up.deps.book("demo").login.code_gap)
    with pytest.raises(Conflict, match="请直接登录"):
        await sign_up.register(mobile, id_number=OTHER_NUMBER)


async def test_two_who_register_the_same_id_number_at_once(sign_up: SignUp) -> None:
    forms = [
        sign_up.form(mobile=mobile, code=await sign_up.code(mobile)) for mobile in (mobile_number(), mobile_number())
    ]
    outcomes = await asyncio.gather(
        *(sign_up.registration.register(VISITOR, form) for form in forms), return_exceptions=True
    )
    assert sum(isinstance(outcome, PersonRegistered) for outcome in outcomes) == 1
    assert [outcome.code for outcome in outcomes if isinstance(outcome, AppError)] == ["id_number_taken"]


async def test_without_its_lock_the_race_above_is_lost_to_the_database(
    sign_up: SignUp, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control: both check before either has written."""
    serialise, refusal = advisory_lock, Registration._refusal
    both = asyncio.Barrier(2)

    async def unlocked(name: str) -> None:
        if not name.startswith("person:"):
            await serialise(name)

    async def together(self: Registration, pool: str, checked: Any) -> AppError | None:
        refused = await refusal(self, pool, checked)
        await both.wait()
        return refused

    monkeypatch.setattr(module, "advisory_lock", unlocked)
    monkeypatch.setattr(Registration, "_refusal", together)
    forms = [
        sign_up.form(mobile=mobile, code=await sign_up.code(mobile)) for mobile in (mobile_number(), mobile_number())
    ]
    outcomes = await asyncio.gather(
        *(sign_up.registration.register(VISITOR, form) for form in forms), return_exceptions=True
    )
    assert sum(isinstance(outcome, IntegrityError) for outcome in outcomes) == 1


async def test_a_double_submit_is_one_registration_with_one_answer(sign_up: SignUp) -> None:
    mobile = mobile_number()
    form = sign_up.form(mobile=mobile, code=await sign_up.code(mobile), password=PASSWORD)
    answers = await asyncio.gather(*(sign_up.registration.register(VISITOR, form, key="tap") for _ in range(3)))
    assert len(set(answers)) == 1
    assert await Account.all().count() == 1


async def test_who_is_bound_in_chat_registers_onto_that_account_without_a_code(sign_up: SignUp) -> None:
    account = await make_account(sign_up.deps, real_name="")
    identity = await make_identity(account)
    actor = Actor("demo", "guest", account.id)
    done = await sign_up.registration.register(actor, sign_up.form(), identity_id=identity.id)
    assert done.account_id == account.id
    assert not await VerificationCode.exists()


async def test_who_is_bound_cannot_try_other_peoples_numbers_for_long(sign_up: SignUp) -> None:
    await sign_up.register(mobile_number())
    actor = Actor("demo", "guest", (await make_account(sign_up.deps)).id)
    for _ in range(5):
        with pytest.raises(Conflict):
            await sign_up.registration.register(actor, sign_up.form())
    with pytest.raises(TooMany, match="今天"):
        await sign_up.registration.register(actor, sign_up.form(id_number=OTHER_NUMBER))


async def test_a_person_bound_to_another_mobile_is_refused(sign_up: SignUp) -> None:
    actor, mobile = Actor("demo", "guest", (await make_account(sign_up.deps)).id), mobile_number()
    with pytest.raises(Conflict, match="您已绑定手机号"):
        await sign_up.registration.register(actor, sign_up.form(mobile=mobile, code="000000"))


async def test_a_chat_is_bound_along_with_registering(sign_up: SignUp) -> None:
    identity, mobile = await make_identity(), mobile_number()
    form = sign_up.form(mobile=mobile, code=await sign_up.code(mobile))
    done = await sign_up.registration.register(VISITOR, form, identity_id=identity.id)
    assert (await WechatIdentity.get(id=identity.id)).account_id == done.account_id


async def test_an_imported_expert_gets_his_file(sign_up: SignUp) -> None:
    mobile = mobile_number()
    expert = await make_expert(sign_up.deps, mobile, name="王小明", id_number=OTHER_NUMBER, emergency=True)
    done = await sign_up.register(mobile, id_number=OTHER_NUMBER)
    assert (done.expert_number, done.roles) == (expert.number, ("expert",))
    assert (await Expert.get(id=expert.id)).account_id == done.account_id
    membership_status = await membership_status_of(sign_up.deps, done.account_id)
    assert (membership_status.kind, membership_status.expert_number, membership_status.emergency) == (
        "formal",
        expert.number,
        "应急专家",
    )


@pytest.mark.parametrize("dot", ["•", "．", " ", ""])
async def test_an_expert_gets_his_file_however_the_dot_of_his_name_is_typed(sign_up: SignUp, dot: str) -> None:
    mobile = mobile_number()
    expert = await make_expert(sign_up.deps, mobile, name="阿卜杜热合曼·买买提艾力", id_number=OTHER_NUMBER)
    done = await sign_up.register(mobile, id_number=OTHER_NUMBER, name=f"阿卜杜热合曼{dot}买买提艾力")
    assert done.expert_number == expert.number
    assert (await Account.get(id=done.account_id)).real_name == expert.name


@pytest.mark.parametrize("differs", ["name", "mobile", "account"])
async def test_knowing_a_name_and_id_number_does_not_open_an_experts_file(sign_up: SignUp, differs: str) -> None:
    mobile = mobile_number()
    expert = await make_expert(
        sign_up.deps,
        mobile_number() if differs == "mobile" else mobile,
        id_number=NUMBER,
        name="欧阳锋" if differs == "name" else "王小明",
        account=await make_account(sign_up.deps) if differs == "account" else None,
    )
    with pytest.raises(Conflict, match=sign_up.deps.book("demo").pool.hotline) as refused:
        await sign_up.register(mobile)
    assert refused.value.code == "expert_differs"
    assert (await Expert.get(id=expert.id)).account_id == expert.account_id


async def test_a_mobile_that_is_another_experts_is_refused(sign_up: SignUp) -> None:
    mobile = mobile_number()
    await make_expert(sign_up.deps, mobile)
    with pytest.raises(Conflict, match="另一位专家"):
        await sign_up.register(mobile)


async def test_an_expert_who_binds_needs_not_register(sign_up: SignUp) -> None:
    mobile = mobile_number()
    expert, identity = await make_expert(sign_up.deps, mobile, name="王小明", id_number=NUMBER), await make_identity()
    version = sign_up.deps.book("demo").pool.privacy_version
    bound = await sign_up.accounts.bind(identity.id, "demo", mobile, await sign_up.code(mobile, "bind"), version)
    account = await Account.get(id=bound.account_id)
    assert (account.real_name, account.id_number_hash) == ("王小明", expert.id_number_hash)
    assert bound.roles == ("expert",)


async def test_a_visitors_session_becomes_the_persons(sign_up: SignUp) -> None:
    identity, mobile, now = await make_identity(app="mini"), mobile_number(), sign_up.deps.now()
    session = await Session.create(
        pool="demo",
        identity_id=identity.id,
        access_hash="a",
        refresh_hash="r",
        access_until=now,
        refresh_until=now,
        created_at=now,
    )
    form = sign_up.form(mobile=mobile, code=await sign_up.code(mobile))
    done = await sign_up.registration.register(replace(VISITOR, session_id=session.id), form)
    await session.refresh_from_db()
    assert (session.account_id, session.role) == (done.account_id, "applicant")
    assert (await WechatIdentity.get(id=identity.id)).account_id == done.account_id


async def test_nothing_personal_stands_in_the_trail_or_the_stored_answers(sign_up: SignUp) -> None:
    mobile = mobile_number()
    form = sign_up.form(mobile=mobile, code=await sign_up.code(mobile), password=PASSWORD)
    await sign_up.registration.register(VISITOR, form, key="tap")
    stored = [str(dict(row)) for row in await AuditEntry.all()] + [str(dict(row)) for row in await IdempotencyKey.all()]
    assert len(stored) > 1
    assert not [row for row in stored for secret in (mobile, NUMBER, "王小明", PASSWORD) if secret in row]


async def test_the_membership_status_follows_the_file(sign_up: SignUp) -> None:
    account = await make_account(sign_up.deps)
    expert = await make_expert(sign_up.deps, account=account, membership_status="temporary")
    kinds = []
    for change in (
        {},
        {"membership_status": "formal"},
        "suspended",
        {"left_at": sign_up.deps.now()},
    ):
        if change == "suspended":
            await make_sanction(expert)
        elif change:
            await Expert.filter(id=expert.id).update(**cast("dict[str, Any]", change))
        kinds.append((await membership_status_of(sign_up.deps, account.id)).kind)
    assert kinds == ["temporary", "formal", "suspended", "left"]
