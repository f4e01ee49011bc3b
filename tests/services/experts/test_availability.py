"""The times in which an expert is not to be drawn."""

from __future__ import annotations

from datetime import date, datetime, timedelta

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from domain.experts.times_off import TimesOff
from domain.ids import new_id
from domain.rulebook.types import DaySpan
from models.audit import AuditEntry
from models.experts import Expert, Unavailability
from services.core.base import Actor, Deps
from services.experts import TimesOffForm
from services.experts.availability import Availability
from tests.factories.applications import with_rules
from tests.factories.people import BEGINNING, make_account, make_expert
from tests.services.conftest import NoticeBook

pytestmark = pytest.mark.usefixtures("db")
DAY = timedelta(days=1)


@pytest.fixture
def availability(deps: Deps, book: NoticeBook) -> Availability:
    return Availability(deps, book)


@pytest.fixture
async def actor(db: str, deps: Deps) -> Actor:
    account = await make_account(deps)
    expert = await make_expert(deps, account=account)
    return Actor("demo", "expert", account.id, expert.id)


@pytest.fixture
def soon(clock: FixedClock) -> datetime:
    return clock.now() + DAY


async def test_a_time_is_added_listed_and_cancelled(availability: Availability, actor: Actor, soon: datetime) -> None:
    period = await availability.add(actor, TimesOff(soon, soon + 3 * DAY, " 出差 "))
    assert (period.reason, period.panels) == ("出差", ())
    assert await availability.list_unavailability(actor) == [period]
    await availability.cancel_unavailability(actor, period.id)
    await availability.cancel_unavailability(actor, period.id)
    assert await availability.list_unavailability(actor) == []
    assert await AuditEntry.filter(action="expert.available").count() == 1


async def test_a_repeat_adds_once(availability: Availability, actor: Actor, soon: datetime) -> None:
    first = await availability.add(actor, TimesOff(soon, soon + DAY), key="talk:4")
    assert await availability.add(actor, TimesOff(soon, soon + DAY), key="talk:4") == first
    assert await Unavailability.all().count() == 1


async def test_a_time_that_is_covered_already_is_refused_and_an_overlap_is_accepted(
    availability: Availability, actor: Actor, soon: datetime
) -> None:
    await availability.add(actor, TimesOff(soon, soon + 3 * DAY))
    with pytest.raises(Conflict, match="已设置过"):
        await availability.add(actor, TimesOff(soon + DAY, soon + 2 * DAY))
    await availability.add(actor, TimesOff(soon + 2 * DAY, soon + 5 * DAY))
    assert len(await availability.list_unavailability(actor)) == 2


async def test_times_that_can_t_be_are_refused(availability: Availability, actor: Actor, clock: FixedClock) -> None:
    now = clock.now()
    for starts_at, ends_at, reason in (
        (now + DAY, now + DAY, "晚于开始"),
        (now - 2 * DAY, now - DAY, "已经过去"),
        (now, now + 400 * DAY, "最多设置一年"),
        (now + 800 * DAY, now + 801 * DAY, "两年以内"),
    ):
        with pytest.raises(InvalidInput, match=reason):
            await availability.add(actor, TimesOff(starts_at, ends_at))
    with pytest.raises(InvalidInput, match="最多100个字"):
        await availability.add(actor, TimesOff(now, now + DAY, "长" * 101))
    with pytest.raises(InvalidInput, match="无法识别"):
        await availability.add(actor, TimesOff(now, now + DAY, "a\x00b"))


async def test_a_time_that_is_over_is_not_listed(
    availability: Availability, actor: Actor, soon: datetime, clock: FixedClock
) -> None:
    await availability.add(actor, TimesOff(soon, soon + DAY))
    clock.move(2 * DAY)
    assert await availability.list_unavailability(actor) == []


async def test_only_formal_experts_of_the_pool_keep_a_schedule(
    availability: Availability, deps: Deps, soon: datetime
) -> None:
    temporary = await make_expert(deps, membership_status="temporary")
    with pytest.raises(Forbidden, match="正式专家"):
        await availability.add(Actor("demo", "expert", None, temporary.id), TimesOff(soon, soon + DAY))
    gone = await make_expert(deps, left_at=BEGINNING)
    for actor in (Actor("demo", "expert", None, gone.id), Actor("guangdong", "expert", None, temporary.id)):
        with pytest.raises(Forbidden, match="只对在库专家开放"):
            await availability.list_unavailability(actor)
    with pytest.raises(Forbidden, match="评标专家"):
        await availability.list_unavailability(Actor("demo", "agent", new_id()))


async def test_only_the_owner_withdraws_a_time(
    availability: Availability, actor: Actor, deps: Deps, soon: datetime
) -> None:
    period = await availability.add(actor, TimesOff(soon, soon + DAY))
    other = await make_expert(deps)
    with pytest.raises(NotFound):
        await availability.cancel_unavailability(Actor("demo", "expert", None, other.id), period.id)


# ---- a pause, weekly hours, holidays


async def test_a_pause_lasts_until_it_is_ended_and_asks_whether_to_go_on(
    availability: Availability, actor: Actor, book: NoticeBook, clock: FixedClock
) -> None:
    now = clock.now()
    pause = await availability.add(actor, TimesOff(now, None, "生病"))
    assert pause.is_pause
    with pytest.raises(Conflict, match="已暂停接受抽取"):
        await availability.add(actor, TimesOff(now, None))
    with pytest.raises(Conflict, match="已设置过"):
        await availability.add(actor, TimesOff(now + DAY, now + 2 * DAY))
    clock.move(30 * DAY - timedelta(seconds=1))
    assert await availability.ask_due() == 0
    clock.move(timedelta(seconds=1))
    assert [await availability.ask_due(), await availability.ask_due()] == [1, 0]
    [told] = book.told
    assert (told.kind, told.params["reason"], told.params["again"]) == ("pause_reminder", "生病", "2027年1月20日")
    clock.move(10 * DAY)
    assert await availability.go_on(actor, pause.id) == clock.now() + 30 * DAY
    clock.move(20 * DAY)
    assert await availability.ask_due() == 0, "he has just said that it goes on"
    clock.move(10 * DAY)
    assert await availability.ask_due() == 1, "without an answer it goes on, and he is asked again"
    await availability.cancel_unavailability(actor, pause.id)
    clock.move(90 * DAY)
    assert await availability.ask_due() == 0
    with pytest.raises(Conflict, match="已经结束"):
        await availability.go_on(actor, pause.id)


async def test_nobody_is_asked_after_leaving_the_pool(
    availability: Availability, actor: Actor, clock: FixedClock
) -> None:
    await availability.add(actor, TimesOff(clock.now(), None))
    await Expert.filter(id=actor.expert_id).update(left_at=clock.now())
    clock.move(31 * DAY)
    assert await availability.ask_due() == 0


async def test_weekly_hours_without_an_end_are_asked_about_less_often(
    availability: Availability, actor: Actor, book: NoticeBook, clock: FixedClock
) -> None:
    form = TimesOffForm("weekly", weekdays=(3, 1), hours="afternoon")
    weekly = await availability.add_form(actor, form)
    assert (weekly.text, weekly.is_pause) == ("每周一、三下午（12:00至24:00）", False)
    with pytest.raises(Conflict, match="已设置过"):
        await availability.add_form(actor, TimesOffForm("weekly", weekdays=(3,), hours="evening"))
    clock.move(179 * DAY)
    assert await availability.ask_due() == 0
    clock.move(DAY)
    assert await availability.ask_due() == 1
    assert book.told[0].params["what"] == "每周一、三下午（12:00至24:00）"


async def test_the_form_names_each_field_that_is_wrong(availability: Availability, actor: Actor) -> None:
    for form, field in (
        (TimesOffForm("span"), "starts_at"),
        (TimesOffForm("weekly"), "weekdays"),
        (TimesOffForm("weekly", weekdays=(9,)), "weekdays"),
        (TimesOffForm("weekly", weekdays=(1,), hours="own", from_time="x", to_time="24:00"), "from_time"),
        (TimesOffForm("weekly", weekdays=(1,), hours="own", from_time="09:00", to_time="08:00"), "to_time"),
        (TimesOffForm("holiday", holiday="2020-spring"), "holiday"),
        (TimesOffForm("month", month="2027-13"), "month"),
        (TimesOffForm("month", month="9999-12"), "month"),
        (TimesOffForm("month", month="0001-01"), "month"),
        (TimesOffForm("weekly", weekdays=(1,), until=date.max), "until"),
        (TimesOffForm("month", month="2020-01"), "ends_at"),
    ):
        with pytest.raises(InvalidInput) as refused:
            await availability.add_form(actor, form)
        assert refused.value.faults[0].field == field, form


async def test_a_holiday_follows_the_notice_that_fixes_its_days(
    availability: Availability, actor: Actor, deps: Deps, book: NoticeBook
) -> None:
    await availability.add_form(actor, TimesOffForm("holiday", holiday="2027-spring"))
    [period] = await availability.list_unavailability(actor)
    assert (period.text, period.reason) == ("2027年2月5日(周五)至2月12日(周五)", "2027年春节")
    days = dict(deps.book("demo").calendar.named) | {"2027-spring": DaySpan(date(2027, 2, 4), date(2027, 2, 13))}
    fixed = Availability(with_rules(deps, calendar={"named": days}), book)
    assert await fixed.follow_holidays() == 1
    [period] = await fixed.list_unavailability(actor)
    assert period.text == "2027年2月4日(周四)至2月13日(周六)"
    assert await AuditEntry.filter(action="expert.holiday_moved").count() == 1
    await fixed.follow_holidays()
    assert await AuditEntry.filter(action="expert.holiday_moved").count() == 1
