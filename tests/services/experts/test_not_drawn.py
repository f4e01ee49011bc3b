"""Who is not drawn: the office's list, the statistics, the expert's own page and the draws give one answer.

Each reason of ``domain.experts.drawability`` is made here; one that is new fails until it is.
"""

from __future__ import annotations

import random
from collections.abc import Awaitable, Callable, Mapping
from datetime import date, datetime, timedelta
from typing import get_args

import pytest

from domain.experts.drawability import BARS, Bar, Limit
from domain.rulebook.types import dump_rules
from models.courses import Course, CourseEnrolment
from models.draws import CallNotice, Condition, Draw
from models.experts import CatalogueEntry, Expert, Unavailability
from models.organisations import Organisation
from services.core.base import Actor, Deps
from services.draws.call_order.eligibility import find_eligible, no_recusals
from services.expert_file_views.drawing_chances import OwnChances
from services.expert_file_views.office_file import OfficeFiles
from services.experts import membership_status_of
from services.office.expert_list import STATES, ExpertFilter, ExpertList
from services.statistics import SpecialtyCoverage
from tests.factories import draws
from tests.factories.forms import book_of
from tests.factories.offices import Office, add_experts, make_draw, make_office
from tests.factories.people import make_account, make_sanction

DAY = timedelta(days=1)
SPECIALTY = "A08"
Make = Callable[[Expert, datetime], Awaitable[object]]


def columns(**values: object) -> Make:
    def update(expert: Expert, now: datetime) -> Awaitable[object]:
        return Expert.filter(id=expert.id).update(**values)

    return update


async def make_enrolment(expert: Expert, now: datetime, excluded_at: datetime | None) -> None:
    course = await Course.create(
        pool="demo",
        name="年度培训",
        state="published",
        opens_at=now - DAY,
        closes_at=now + DAY,
        required=True,
        rules=dump_rules(book_of("demo").course),
        created_at=now,
    )
    await CourseEnrolment.create(
        course_id=course.id,
        expert_id=expert.id,
        account_id=expert.account_id,
        opens_at=now - DAY,
        closes_at=now + DAY,
        excluded_at=excluded_at,
        called_at=now - DAY,
    )


async def make_panel(expert: Expert, now: datetime) -> None:
    organisation = await Organisation.first()
    assert organisation is not None
    project = await draws.make_project(organisation.id, expert.account_id)
    await draws.make_invitation(await draws.make_draw(project, number=expert.number, starts_at=now + 9 * DAY), expert)


BARRING: Mapping[Bar, Make] = {
    "temporary": columns(membership_status="temporary"),
    "no_specialty": columns(specialties=[], specialty_path=[]),
    "self": lambda expert, now: Unavailability.create(
        expert_id=expert.id, starts_at=now, reason="生病", created_at=now
    ),
    "office": lambda expert, now: make_sanction(expert, ends_at=now + DAY),
    "course": lambda expert, now: make_enrolment(expert, now, now),
    "term": lambda expert, now: Expert.filter(id=expert.id).update(term_until=now),
    "age": columns(born_on=date(1950, 1, 1)),
}
LIMITING: Mapping[Limit, Make] = {
    "office_ahead": lambda expert, now: make_sanction(expert, starts_at=now + 5 * DAY),
    "term_ending": lambda expert, now: Expert.filter(id=expert.id).update(term_until=now + 9 * DAY),
    "course_due": lambda expert, now: make_enrolment(expert, now, None),
    "away": lambda expert, now: Unavailability.create(
        expert_id=expert.id, starts_at=now + 5 * DAY, ends_at=now + 6 * DAY, created_at=now
    ),
    "panels": make_panel,
}
NOTHING: Mapping[str, Make] = {
    "a pause that was ended": lambda expert, now: Unavailability.create(
        expert_id=expert.id, starts_at=now, created_at=now, cancelled_at=now
    ),
    "hours of each week": lambda expert, now: Unavailability.create(
        expert_id=expert.id,
        starts_at=now,
        weekdays=[(now.isoweekday() + 2) % 7 + 1],
        from_minute=0,
        to_minute=60,
        created_at=now,
    ),
    "a suspension that is over": lambda expert, now: make_sanction(expert, ends_at=now),
}


@pytest.fixture
async def office(db: str, deps: Deps) -> Office:
    made = await make_office(deps)
    await CatalogueEntry.create(pool="demo", kind="specialty", code="A", name="A")
    await CatalogueEntry.filter(code=SPECIALTY).update(parent="A")
    return made


async def add_expert(office: Office) -> Expert:
    [expert] = await add_experts(office, 1, specialty=SPECIALTY)
    expert.account_id = (await make_account(office.deps)).id
    await expert.save(update_fields=["account_id"])
    return expert


async def check_agreement(office: Office, made: Mapping[Expert, set[str]]) -> None:
    """``made``: what bars and limits each expert."""
    deps, admin = office.deps, Actor("demo", "pool_admin", (await make_account(office.deps)).id)
    barred = {expert.id: reasons & BARS.keys() for expert, reasons in made.items()}
    drawn = {expert_id for expert_id, bars in barred.items() if not bars}
    listing = ExpertList(deps)
    for state in STATES.keys() & {"drawn", *BARS}:
        listed = {line.id for line in (await listing.page(admin, ExpertFilter(state), size=100)).items}
        assert listed == (drawn if state == "drawn" else {key for key, bars in barred.items() if state in bars}), state
    for line in (await listing.page(admin, ExpertFilter(), columns=["state"], size=100)).items:
        bars = barred[line.id]
        assert (line.bar in bars, line.tag) == ((True, BARS[line.bar]) if line.bar else (bool(bars), ""))
        assert line.values["state"] == (line.tag or "可抽取")
    [covered] = [line for line in (await SpecialtyCoverage(deps).read(admin)).lines if line.code == SPECIALTY]
    assert covered.total.eligible == len(drawn)
    draw = await Draw.get(id=await make_draw(office, specialty=SPECIALTY))
    condition, notice = await Condition.get(draw_id=draw.id), await CallNotice.get(draw_id=draw.id)
    eligible = await find_eligible(draw, condition, notice, SPECIALTY, no_recusals(draw), deps.book("demo"), deps.now())
    assert eligible.keys() == drawn
    for expert, expected in made.items():
        owner = Actor("demo", "expert", expert.account_id, expert.id)
        reasons = (await OwnChances(deps).read(owner)).reasons
        assert {reason.code for reason in reasons} == expected
        bars = barred[expert.id]
        assert {reason.code for reason in reasons if reason.bars} == bars
        assert set((await OfficeFiles(deps).read(admin, expert.id)).hindrances) == {BARS[bar] for bar in bars}
        assert expert.account_id is not None
        badge = await membership_status_of(deps, expert.account_id)
        assert badge.kind in ({"suspended"} if bars - {"temporary", "no_specialty"} else {"formal", "temporary"})


def test_each_reason_is_made_here() -> None:
    assert BARRING.keys() == BARS.keys() == set(get_args(Bar))
    assert LIMITING.keys() == set(get_args(Limit))


async def test_each_reason_is_seen_by_all_or_by_none(office: Office) -> None:
    made = {}
    for code, make in {**BARRING, **LIMITING}.items():
        expert = await add_expert(office)
        await make(expert, office.deps.now())
        made[expert] = {code}
    for make in NOTHING.values():
        expert = await add_expert(office)
        await make(expert, office.deps.now())
        made[expert] = {"away"} if make is NOTHING["hours of each week"] else set()
    made[await add_expert(office)] = set()
    await check_agreement(office, made)


@pytest.mark.parametrize("seed", range(3))
async def test_several_reasons_are_seen_by_all(office: Office, seed: int) -> None:
    chosen, everything = random.Random(seed), {**BARRING, **LIMITING}
    made = {}
    for _ in range(12):
        codes = set(chosen.sample(sorted(everything), chosen.randint(0, 4)))
        if "term" in codes:
            codes.discard("term_ending")
        expert = await add_expert(office)
        for code in sorted(codes):
            await everything[code](expert, office.deps.now())
        made[expert] = codes
    await check_agreement(office, made)
