"""The register is asked whether name and ID number belong together: when, how often, and with which effects."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, InvalidInput, OutcomeUnknown, Rejected, TooMany, Transient
from domain.identity import IdentityVerificationResult
from models.accounts import Account, IdentityVerificationRequest
from models.audit import AuditEntry
from services.accounts import PersonRegistered, RegistrationForm
from services.accounts import identity_verification as module
from services.accounts.credentials import Credentials
from services.accounts.expert_matching import link_expert
from services.accounts.identity_verification import DUE
from services.accounts.registration import Registration
from services.core.base import Actor, Deps, rows, transaction
from services.operations.privacy import Privacy
from tests.factories.assembly import composed
from tests.factories.identity import FakeIdentityVerifier, id_number
from tests.factories.people import make_account, make_expert, mobile_number
from tests.factories.sources import PHONE
from tests.services.conftest import NoticeBook

pytestmark = pytest.mark.usefixtures("db")
NUMBER = "11010519491231002X"
VISITOR = Actor("demo", "guest")
HOUR = timedelta(hours=1)


class SignUp:
    """A registration that asks the register, and phones for it."""

    def __init__(self, deps: Deps, book: NoticeBook) -> None:
        self.deps, self.book, self.verifier = deps, book, FakeIdentityVerifier()
        self.registration = composed(Registration, deps, notices=book, identity_verifier=self.verifier)
        self.accounts, self.checks = self.registration.accounts, self.registration.verification

    async def form(self, name: str = "王小明", number: str = NUMBER, mobile: str = "") -> RegistrationForm:
        """A form with a new code for the mobile."""
        mobile = mobile or mobile_number()
        await self.accounts.send_code("demo", mobile, "register", source=PHONE)
        version = self.deps.book("demo").pool.privacy_version
        return RegistrationForm(name, number, version, True, mobile, self.book.last_code(mobile))

    async def enter(self, name: str = "王小明", number: str = NUMBER, mobile: str = "") -> PersonRegistered:
        return await self.registration.register(VISITOR, await self.form(name, number, mobile))


@pytest.fixture
def sign_up(deps: Deps, book: NoticeBook) -> SignUp:
    return SignUp(deps, book)


async def is_due(sign_up: SignUp) -> bool:
    return bool((await rows(f"SELECT ({DUE}) AS due", sign_up.deps.now()))[0]["due"])


async def test_a_name_that_is_the_owners_is_marked_so(sign_up: SignUp, clock: FixedClock) -> None:
    done = await sign_up.enter()
    account = await Account.get(id=done.account_id)
    assert done.identity_verification == IdentityVerificationResult.MATCHED
    assert (account.identity_verification, account.identity_verified_at, account.identity_verification_due_at) == (
        "matched",
        clock.now(),
        None,
    )
    assert sign_up.verifier.compared == [("王小明", NUMBER)]


async def test_a_name_that_is_not_the_owners_is_refused_and_costs_the_code(sign_up: SignUp) -> None:
    sign_up.verifier.answers["王小明"] = "differs"
    form = await sign_up.form()
    with pytest.raises(Conflict) as refused:
        await sign_up.registration.register(VISITOR, form)
    assert (refused.value.code, NUMBER in refused.value.message) == ("person_differs", False)
    with pytest.raises(InvalidInput, match="已失效"):
        await sign_up.registration.register(VISITOR, replace(form, name="王大明"))
    assert not await Account.exists()
    assert len(sign_up.verifier.compared) == 1


async def test_a_number_that_the_register_does_not_know_is_left_to_reviewers(sign_up: SignUp) -> None:
    sign_up.verifier.answers["王小明"] = "no_record"
    done = await sign_up.enter()
    assert done.identity_verification == IdentityVerificationResult.NO_RECORD
    assert not await is_due(sign_up)


async def test_a_pool_without_identity_verification_sends_no_query(sign_up: SignUp) -> None:
    checks = replace(sign_up.checks, pools=frozenset({"hunan"}))
    sign_up.registration = replace(sign_up.registration, verification=checks)
    assert (await sign_up.enter()).identity_verification == IdentityVerificationResult.NONE
    assert sign_up.verifier.compared == []


@pytest.mark.parametrize("trouble", [Transient("away"), OutcomeUnknown("cut"), Rejected("412", "not paid")])
async def test_while_the_register_is_away_people_register_and_are_asked_about_later(
    sign_up: SignUp, clock: FixedClock, trouble: Exception
) -> None:
    sign_up.verifier.fail = [trouble]
    done = await sign_up.enter()
    assert (done.identity_verification, await is_due(sign_up)) == (IdentityVerificationResult.WAITING, False)
    clock.move(HOUR)
    assert await is_due(sign_up)
    await sign_up.checks.check_due()
    account = await Account.get(id=done.account_id)
    assert (account.identity_verification, await is_due(sign_up)) == ("matched", False)
    assert "person_differs" not in sign_up.book.kinds()
    assert await AuditEntry.exists(action="account.person_check", subject_id=account.id)


async def test_a_person_found_later_to_differ_from_the_owner_is_notified_once(
    sign_up: SignUp, clock: FixedClock
) -> None:
    sign_up.verifier.fail = [Transient("away")]
    done = await sign_up.enter()
    sign_up.verifier.answers["王小明"] = "differs"
    clock.move(HOUR)
    await sign_up.checks.check_due()
    await sign_up.checks.check_due()
    assert (await Account.get(id=done.account_id)).identity_verification == "differs"
    assert sign_up.book.kinds().count("person_differs") == 1


async def test_a_register_that_stays_away_is_left_alone_for_an_hour(sign_up: SignUp, clock: FixedClock) -> None:
    sign_up.verifier.fail = [Transient("away")] * 100
    for _ in range(5):
        await sign_up.enter(number=id_number())
    clock.move(HOUR)
    sign_up.verifier.compared.clear()
    await sign_up.checks.check_due()
    assert (len(sign_up.verifier.compared), await is_due(sign_up)) == (3, False)
    sign_up.verifier.fail = []
    clock.move(HOUR)
    await sign_up.checks.check_due()
    assert await Account.filter(identity_verification="matched").count() == 5


async def test_one_unanswered_verification_does_not_delay_the_others(sign_up: SignUp, clock: FixedClock) -> None:
    sign_up.verifier.fail = [Transient("away")] * 2
    first = await sign_up.enter(number=id_number())
    await sign_up.enter(number=id_number())
    clock.move(HOUR)
    sign_up.verifier.fail = [Transient("only this one")]
    await sign_up.checks.check_due()
    assert (await Account.get(id=first.account_id)).identity_verification == "waiting"
    assert await Account.filter(identity_verification="matched").count() == 1


async def test_an_account_that_is_deleted_meanwhile_is_asked_about_no_more(
    sign_up: SignUp, clock: FixedClock, deps: Deps, book: NoticeBook
) -> None:
    sign_up.verifier.fail = [Transient("away")]
    done = await sign_up.enter(mobile="13800001234")
    clock.move(HOUR)
    await sign_up.accounts.send_code("demo", "13800001234", "privacy", source=PHONE)
    await composed(Privacy, deps, notices=book).delete(
        Actor("demo", "applicant", done.account_id), book.last_code("13800001234")
    )
    assert not await is_due(sign_up)
    assert (await Account.get(id=done.account_id)).identity_verification == ""


async def test_experts_of_the_pools_own_file_are_not_verified(sign_up: SignUp, deps: Deps) -> None:
    mobile = mobile_number()
    await make_expert(deps, mobile, name="王小明", id_number=NUMBER)
    done = await sign_up.enter(mobile=mobile)
    assert (done.identity_verification, sign_up.verifier.compared) == (IdentityVerificationResult.ON_FILE, [])


async def test_an_expert_who_binds_is_known_by_his_file(sign_up: SignUp, deps: Deps) -> None:
    mobile = mobile_number()
    await make_expert(deps, mobile, name="王小明", id_number=NUMBER)
    account = await make_account(deps, mobile)
    async with transaction():
        await link_expert(deps, account, deps.now())
    profile = await composed(Credentials, deps, notices=sign_up.book).profile(Actor("demo", "expert", account.id))
    assert profile.identity_verification == IdentityVerificationResult.ON_FILE


# ---- guessing


async def test_a_wrong_code_sends_no_identity_query(sign_up: SignUp) -> None:
    form = await sign_up.form()
    with pytest.raises(InvalidInput):
        await sign_up.registration.register(VISITOR, replace(form, code="00000x"))
    assert sign_up.verifier.compared == []


async def test_a_taken_id_number_sends_no_identity_query(sign_up: SignUp) -> None:
    await sign_up.enter()
    with pytest.raises(Conflict) as refused:
        await sign_up.enter(name="别人")
    assert (refused.value.code, len(sign_up.verifier.compared)) == ("id_number_taken", 1)


async def test_many_tries_at_once_with_one_code_are_one_guess(sign_up: SignUp) -> None:
    """The first uses the code up; the register's answers to the others are not shown."""
    form = await sign_up.form()
    names = [f"王{name}" for name in "甲乙丙丁戊己庚辛"]
    sign_up.verifier.answers = dict.fromkeys(names, "differs")
    outcomes = await asyncio.gather(
        *(sign_up.registration.register(VISITOR, replace(form, name=name)) for name in names), return_exceptions=True
    )
    codes = [outcome.code for outcome in outcomes if isinstance(outcome, Conflict | InvalidInput | TooMany)]
    assert codes.count("person_differs") == 1
    assert len(sign_up.verifier.compared) <= module.PER_MOBILE


async def test_a_number_is_guessed_at_five_times_a_day_whatever_mobiles_are_used(
    sign_up: SignUp, clock: FixedClock
) -> None:
    names = [f"王{name}" for name in "甲乙丙丁戊己"]
    sign_up.verifier.answers = dict.fromkeys(names, "differs")
    for name in names[:5]:
        with pytest.raises(Conflict):
            await sign_up.enter(name)
    with pytest.raises(TooMany, match="小时后再试"):
        await sign_up.enter(names[5])
    clock.move(timedelta(days=1))
    with pytest.raises(Conflict):
        await sign_up.enter(names[5])


async def test_a_mobile_guesses_five_times_a_day(sign_up: SignUp, clock: FixedClock) -> None:
    mobile = mobile_number()
    sign_up.verifier.answers = {"王小明": "differs"}
    for _ in range(5):
        with pytest.raises(Conflict):
            await sign_up.enter(number=id_number(), mobile=mobile)
        clock.move(timedelta(minutes=20))
    with pytest.raises(TooMany):
        await sign_up.enter(number=id_number(), mobile=mobile)


async def test_the_same_question_within_a_day_is_answered_without_asking(sign_up: SignUp) -> None:
    sign_up.verifier.answers = {"王小明": "differs"}
    for _ in range(7):
        with pytest.raises(Conflict):
            await sign_up.enter()
    assert len(sign_up.verifier.compared) == 1


async def test_a_repeated_request_gets_the_same_answer_and_sends_no_second_query(sign_up: SignUp) -> None:
    form = await sign_up.form()
    first = await sign_up.registration.register(VISITOR, form, key="k")
    assert await sign_up.registration.register(VISITOR, form, key="k") == first
    assert len(sign_up.verifier.compared) == 1


async def test_nothing_that_is_kept_tells_whom_it_was_about(sign_up: SignUp) -> None:
    await sign_up.enter()
    request = (await rows("SELECT * FROM identity_verification_request"))[0]
    assert not any("王小明" in str(value) or NUMBER in str(value) for value in request.values())
    assert await IdentityVerificationRequest.filter(answer="matched").count() == 1
