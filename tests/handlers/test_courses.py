"""培训: one bubble with one's own courses, and the next step of each."""

from __future__ import annotations

from models.accounts import Account
from tests.factories.courses import DAY, School, own
from tests.factories.exams import make_office, work
from tests.handlers.conftest import World


async def test_a_course_that_is_over_leads_to_a_further_period(world: World) -> None:
    school = School(world.services, await make_office(world.office.deps), world.clock)
    expert = await school.expert()
    await school.published(amount=12_000, required=True)
    phone = await world.phone_with(await Account.get(id=expert.account_id))
    assert "待缴费" in await phone.says("培训")
    world.clock.move(40 * DAY)
    await work(world.services, "course_end", "course_close")
    answer = await phone.says("培训")
    assert "未按时完成，暂停抽取" in answer
    assert "缴费补学</a>" in answer
    enrolment = await school.enrolment(expert)
    await school.services.courses.study_periods.begin_make_up(own(enrolment), enrolment.id)
    assert "待缴费" in await phone.says("补学")
