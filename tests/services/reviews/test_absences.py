"""From a day to a day a substitute decides in an absent reviewer's place; afterwards everything is back."""

from __future__ import annotations

import asyncio
from datetime import date, timedelta
from typing import Any
from uuid import UUID

import pytest

from domain.clock import FixedClock
from domain.errors import AppError, Conflict, Forbidden, InvalidInput, NotFound
from models.accounts import Account
from models.audit import AuditEntry
from models.notices import Notice
from models.reviews import ReviewAssignment, ReviewSubstitution, ReviewTask
from services.accounts.roles import roles_of
from services.core.base import Actor, Deps
from services.notifications import Notices
from services.reviews import AbsenceForm, OfficeAbsenceForm, ReviewQueue
from services.reviews.absences import Absences, ReviewerAbsence
from services.reviews.handing import Handing
from services.reviews.reminders import Reminders
from services.workflows import ReviewWorkflow
from tests.factories.people import make_account, make_grant
from tests.factories.reviews import (
    CITY,
    DISTRICT,
    OTHER_CITY,
    PROVINCE,
    begin,
    make_applicant,
    make_application,
    make_reviewer,
)
from tests.services.conftest import NoticeBook

pytestmark = pytest.mark.usefixtures("catalogues")
SATURDAY, MONDAY, TUESDAY = date(2026, 11, 21), date(2026, 11, 23), date(2026, 11, 24)
"""It is Saturday noon."""
MOBILE = "13912340009"


@pytest.fixture
def absences(deps: Deps, book: NoticeBook) -> Absences:
    return Absences(deps, book)


async def _task(deps: Deps, reviews: ReviewWorkflow, account: Account | None = None) -> ReviewTask:
    [task] = await begin(reviews, deps, await make_application(deps, account))
    return task


async def _ids(queue: ReviewQueue, actor: Actor) -> list[UUID]:
    return [card.id for card in (await queue.overview(actor)).cards.items]


async def _admin(deps: Deps) -> Actor:
    account = await make_account(deps)
    await make_grant(account, "pool_admin")
    return Actor("demo", "pool_admin", account.id)


async def _by_office(deps: Deps, absences: Absences, absent: Actor, **form: Any) -> tuple[ReviewerAbsence, Actor]:
    """The office lets a person who is no reviewer stand in, from Monday to Tuesday."""
    values: dict[str, Any] = {
        "account_id": absent.account_id,
        "substitute_mobile": MOBILE,
        "substitute_name": "周代办",
        "starts_on": MONDAY,
        "ends_on": TUESDAY,
    }
    absence = await absences.arrange_for(await _admin(deps), OfficeAbsenceForm(**values | form))
    return absence, Actor("demo", "reviewer", absence.substitute_id)


async def test_a_substitute_has_the_scope_for_the_days_and_not_an_hour_longer(
    deps: Deps, reviews: ReviewWorkflow, queue: ReviewQueue, absences: Absences, clock: FixedClock
) -> None:
    absent = await make_reviewer(deps, "industry", CITY, department="广州市住建局", real_name="王初审")
    absence, substitute = await _by_office(deps, absences, absent, reason="年休假")
    task = await _task(deps, reviews)
    other = await _task(deps, reviews)
    assert (absence.state, absence.first_day, absence.last_day) == ("coming", MONDAY, TUESDAY)
    assert await _ids(queue, substitute) == []
    assert substitute.account_id is not None
    assert [option.role for option in await roles_of(substitute.account_id, deps.now())] == ["reviewer"]
    clock.move(timedelta(hours=36))
    assert await _ids(queue, substitute) == [task.id, other.id]
    assert await _ids(queue, absent) == [task.id, other.id], "who works on holiday may"
    await reviews.decide(substitute, task.id, "approve")
    stored = await ReviewTask.get(id=task.id)
    assert (stored.decided_by, stored.decided_for) == (substitute.account_id, absent.account_id)
    assert (await queue.get(substitute, task.id)).log[0].who == "广州市住建局"
    [own] = await absences.list_own(absent)
    assert (own.state, own.decided, own.substitute_name) == ("present", 1, "周代办")
    clock.move(timedelta(hours=47, minutes=59))
    assert await _ids(queue, substitute) == [other.id]
    clock.move(timedelta(minutes=1))
    assert await _ids(queue, substitute) == []
    with pytest.raises(NotFound):
        await reviews.decide(substitute, other.id, "approve")
    assert await roles_of(substitute.account_id, deps.now()) == []
    await reviews.decide(absent, other.id, "approve")
    assert (await ReviewTask.get(id=other.id)).decided_for is None


async def test_a_reviewer_chooses_a_colleague_of_the_same_scope_or_a_wider_one(
    deps: Deps, absences: Absences, book: NoticeBook
) -> None:
    absent = await make_reviewer(deps, "industry", CITY, "A04", real_name="王初审")
    for name, step, region, branch in (
        ("同范围", "industry", CITY, "A04"),
        ("全省", "industry", PROVINCE, ""),
        ("区县", "industry", DISTRICT, ""),
        ("窄专业", "industry", CITY, "A0401"),
        ("外市", "industry", OTHER_CITY, ""),
        ("其他环节", "final", PROVINCE, ""),
    ):
        await make_reviewer(deps, step, region, branch, real_name=name)
    colleagues = {each.name: each.account_id for each in await absences.list_colleagues(absent)}
    assert sorted(colleagues) == ["全省", "同范围"]
    await ReviewAssignment.create(
        pool="demo", account_id=absent.account_id, step="final", region=PROVINCE, granted_at=deps.now()
    )
    assert await absences.list_colleagues(absent) == [], "nobody covers both"
    await ReviewAssignment.filter(account_id=absent.account_id, step="final").update(revoked_at=deps.now())
    absence = await absences.arrange(absent, AbsenceForm(colleagues["全省"], SATURDAY, MONDAY, "出差"))
    assert absence.state == "present"
    assert [(notice.kind, notice.account_id) for notice in book.told] == [("review_absence", colleagues["全省"])]
    assert book.told[-1].params == {"what": "您为王初审代办审核", "day": "11月21日至11月23日"}
    entry = await AuditEntry.get(action="review.absence")
    assert entry.details["substitute"] == str(colleagues["全省"])


async def test_all_that_is_wrong_is_said_at_once(deps: Deps, absences: Absences) -> None:
    absent = await make_reviewer(deps, "industry", CITY)
    with pytest.raises(AppError) as refused:
        await absences.arrange(absent, AbsenceForm(None, None, None, "字" * 101))
    assert {fault.field for fault in refused.value.faults} == {"substitute_id", "starts_on", "ends_on", "reason"}
    assert "请联系专家库管理机构" in str([fault.message for fault in refused.value.faults])
    colleague = await make_reviewer(deps, "industry", CITY)
    for starts_on, ends_on, field in (
        (SATURDAY - timedelta(days=1), MONDAY, "starts_on"),
        (SATURDAY + timedelta(days=400), SATURDAY + timedelta(days=401), "starts_on"),
        (MONDAY, SATURDAY, "ends_on"),
        (MONDAY, MONDAY + timedelta(days=93), "ends_on"),
    ):
        with pytest.raises(InvalidInput) as bad:
            await absences.arrange(absent, AbsenceForm(colleague.account_id, starts_on, ends_on))
        assert bad.value.field == field
    with pytest.raises(AppError) as office:
        await absences.arrange_for(await _admin(deps), OfficeAbsenceForm(None, "1", "", None, None))
    assert {fault.field for fault in office.value.faults} == {
        "account_id",
        "substitute_mobile",
        "substitute_name",
        "starts_on",
        "ends_on",
    }


async def test_there_is_no_chain_of_substitutes(deps: Deps, absences: Absences) -> None:
    first, second, third = [await make_reviewer(deps, "industry", CITY) for _ in range(3)]
    await absences.arrange(first, AbsenceForm(second.account_id, SATURDAY, MONDAY))
    for actor, substitute, words in (
        (first, third, "该时段已安排代办"),
        (second, third, "正为他人代办"),
        (third, first, "代办人在该时段也外出"),
    ):
        with pytest.raises(Conflict, match=words):
            await absences.arrange(actor, AbsenceForm(substitute.account_id, MONDAY, TUESDAY))
    await absences.arrange(second, AbsenceForm(third.account_id, TUESDAY, TUESDAY))


async def test_of_two_arrangements_at_once_the_second_is_refused(deps: Deps, absences: Absences) -> None:
    first, second, third = [await make_reviewer(deps, "industry", CITY) for _ in range(3)]
    for _ in range(5):
        answers = await asyncio.gather(
            absences.arrange(first, AbsenceForm(second.account_id, SATURDAY, MONDAY)),
            absences.arrange(second, AbsenceForm(third.account_id, SATURDAY, MONDAY)),
            return_exceptions=True,
        )
        assert [isinstance(answer, Conflict) for answer in answers].count(True) == 1, answers
        await ReviewSubstitution.all().update(ended_at=deps.now())


async def test_an_absence_ends_early_by_the_absent_person_or_the_office_alone(
    deps: Deps, reviews: ReviewWorkflow, queue: ReviewQueue, absences: Absences, book: NoticeBook
) -> None:
    absent, colleague = await make_reviewer(deps, "industry", CITY), await make_reviewer(deps, "industry", CITY)
    absence, substitute = await _by_office(deps, absences, absent, starts_on=SATURDAY)
    task = await _task(deps, reviews)
    assert await _ids(queue, substitute) == [task.id]
    with pytest.raises(NotFound):
        await absences.end(colleague, absence.id)
    with pytest.raises(Forbidden):
        await absences.end_for(absent, absence.id)
    assert (await absences.end(absent, absence.id)).state == "over"
    assert await _ids(queue, substitute) == []
    assert book.told[-1].account_id == substitute.account_id
    before = len(book.told)
    assert (await absences.end_for(await _admin(deps), absence.id)).state == "over"
    assert len(book.told) == before, "a repetition tells nobody"
    assert (await absences.page(await _admin(deps))).items == ()


async def test_a_substitute_decides_neither_his_own_application_nor_the_absent_persons(
    deps: Deps, reviews: ReviewWorkflow, queue: ReviewQueue, absences: Absences
) -> None:
    account = await make_applicant(deps, "王初审")
    absent = Actor("demo", "reviewer", account.id)
    await ReviewAssignment.create(
        pool="demo", account_id=account.id, step="industry", region=CITY, granted_at=deps.now()
    )
    applicant = await make_applicant(deps, "周代办", **_mobile(deps))
    _, substitute = await _by_office(deps, absences, absent, starts_on=SATURDAY)
    assert substitute.account_id == applicant.id
    of_absent, own, other = [await _task(deps, reviews, person) for person in (account, applicant, None)]
    assert await _ids(queue, substitute) == [other.id]
    for task in (of_absent, own):
        with pytest.raises((NotFound, Forbidden)):
            await reviews.decide(substitute, task.id, "approve")
    colleague = await make_reviewer(deps, "industry", CITY)
    await reviews.decide(colleague, of_absent.id, "approve")


def _mobile(deps: Deps) -> dict[str, str]:
    return {
        "mobile_sealed": deps.keys.seal(MOBILE, "mobile"),
        "mobile_hash": deps.keys.lookup_hash("mobile", MOBILE),
    }


async def test_a_task_handed_to_an_absent_colleague_is_the_substitutes(
    deps: Deps, reviews: ReviewWorkflow, queue: ReviewQueue, absences: Absences, book: NoticeBook
) -> None:
    giver, absent = await make_reviewer(deps, "industry", CITY), await make_reviewer(deps, "industry", CITY)
    _, substitute = await _by_office(deps, absences, absent, starts_on=SATURDAY)
    task = await _task(deps, reviews)
    await Handing(deps, book).hand(giver, task.id, absent.account_id)
    assert [await _ids(queue, actor) for actor in (giver, absent, substitute)] == [[], [task.id], [task.id]]


async def test_reminders_go_to_the_substitute_and_follow_a_handed_task(
    deps: Deps, reviews: ReviewWorkflow, absences: Absences, clock: FixedClock, book: NoticeBook
) -> None:
    absent, colleague = await make_reviewer(deps, "industry", CITY), await make_reviewer(deps, "industry", CITY)
    _, substitute = await _by_office(deps, absences, absent)
    task, _ = await _task(deps, reviews), await _task(deps, reviews)
    await Handing(deps, book).hand(absent, task.id, colleague.account_id)
    clock.move(timedelta(days=1, hours=21))
    await Reminders(deps, Notices(deps)).send_reminders()
    told = {notice.account_id: notice.params["count"] for notice in await Notice.filter(kind="review_waiting")}
    assert told == {colleague.account_id: "2", substitute.account_id: "1"}


async def test_a_substitute_declines_and_the_absent_person_is_told(
    deps: Deps, absences: Absences, book: NoticeBook
) -> None:
    absent = await make_reviewer(deps, "industry", CITY)
    absence, substitute = await _by_office(deps, absences, absent)
    assert (await absences.end(substitute, absence.id)).state == "over"
    assert (book.told[-1].account_id, book.told[-1].params["what"]) == (absent.account_id, "周代办的代办已取消")
