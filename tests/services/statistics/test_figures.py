"""Statistics count what happened, in the right month and region, and tell no sealed panel."""

from __future__ import annotations

from dataclasses import replace
from datetime import UTC, datetime, timedelta
from decimal import Decimal

import pytest

from domain.clock import FixedClock
from domain.errors import Forbidden, InvalidInput
from models.attendance import Attendance
from models.experts import CatalogueEntry, Expert
from models.organisations import Organisation
from services.core.base import Actor, Deps
from services.statistics import FigureFilter, FigureLine, Figures, SpecialtyCoverage
from tests.factories.applications import make_codes
from tests.factories.draws import make_draw, make_invitation, make_project
from tests.factories.people import make_account, make_expert, make_organisation, make_sanction

pytestmark = pytest.mark.usefixtures("db")
ADMIN = Actor("demo", "pool_admin")
NOW = datetime(2026, 11, 20, 4, 0, tzinfo=UTC)
OCTOBER = datetime(2026, 10, 31, 16, 30, tzinfo=UTC)
"""Already November in Beijing."""
HOUR, DAY = timedelta(hours=1), timedelta(days=1)
YEAR = FigureFilter("2025-12", "2026-11")


@pytest.fixture
async def figures(db: str, deps: Deps, clock: FixedClock) -> Figures:
    clock.set(NOW)
    await make_codes(deps.book("demo"))
    return Figures(deps)


async def add_draw(deps: Deps, *, at: datetime, region: str = "440106", answers: dict[str, str] | None = None) -> None:
    """A draw started at ``at`` for a panel a day later. ``answers``: channel by state of an invitation."""
    organisation = await Organisation.first() or await make_organisation()
    project = await make_project(organisation.id, (await make_account(deps)).id, region=region)
    draw = await make_draw(
        project, starts_at=at + DAY, state="ended", started_at=at, finished_at=at + HOUR / 2, ended_at=at + 2 * DAY
    )
    for state, channel in (answers or {}).items():
        expert = await make_expert(deps)
        invitation = await make_invitation(
            draw, expert, state=state, answered_by=channel, created_at=at, answered_at=at + timedelta(minutes=4)
        )
        if state == "accepted":
            await Attendance.create(
                invitation_id=invitation.id, draw_id=draw.id, direction="in", at=at + DAY, method="code"
            )


async def read(figures: Figures, wanted: FigureFilter, code: str) -> dict[str, FigureLine]:
    [topic] = [topic for topic in await figures.read(ADMIN, wanted) if topic.topic.code == code]
    return {line.name: line for line in (*topic.lines, topic.total)}


async def test_each_month_is_shown_and_a_moment_counts_in_the_month_of_beijing(deps: Deps, figures: Figures) -> None:
    await add_draw(deps, at=OCTOBER)
    lines = await read(figures, YEAR, "draws")
    assert list(lines)[:2] + list(lines)[-2:] == ["2025年12月", "2026年1月", "2026年11月", "合计"]
    assert [lines[name].figures["draws"] for name in ("2026年10月", "2026年11月", "合计")] == [0, 1, 1]
    assert (lines["2026年11月"].figures["filled"], lines["2026年11月"].figures["took"]) == (1, Decimal("30.0"))
    assert lines["2026年10月"].figures["took"] is None


async def test_answers_count_by_channel_and_rates_by_what_was_answered(deps: Deps, figures: Figures) -> None:
    answers = {"accepted": "chat", "declined": "voice", "silent": "system", "recused": "venue"}
    await add_draw(deps, at=NOW - 5 * DAY, answers=answers)
    total = (await read(figures, YEAR, "calls"))["合计"].figures
    names = ("calls", "agreed", "declined", "silent", "chat", "voice", "mini", "rate", "took")
    assert [total[name] for name in names] == [4, 1, 1, 1, 1, 1, 0, Decimal("25.0"), Decimal("4.0")]


async def test_a_declared_recusal_is_no_refusal(deps: Deps, figures: Figures) -> None:
    await add_draw(deps, at=NOW - 5 * DAY, answers={"declined": "recusal"})
    lines = await read(figures, YEAR, "calls"), await read(figures, YEAR, "attendance")
    assert (lines[0]["合计"].figures["declined"], lines[1]["合计"].figures["recused"]) == (0, 1)


async def test_a_panel_counts_as_attended_when_its_time_is_over(deps: Deps, figures: Figures) -> None:
    await add_draw(deps, at=NOW - 5 * DAY, answers={"accepted": "h5", "absent": "venue"})
    await add_draw(deps, at=NOW - HOUR, answers={"accepted": "h5"})
    total = (await read(figures, YEAR, "attendance"))["合计"].figures
    assert [total[name] for name in ("due", "present", "absent", "rate")] == [2, 1, 1, Decimal("50.0")]


async def test_regions_are_cities_and_a_chosen_one_narrows(deps: Deps, figures: Figures) -> None:
    await add_draw(deps, at=NOW - DAY)
    await add_draw(deps, at=NOW - DAY, region="440300")
    by_region = await read(figures, replace(YEAR, by="region"), "draws")
    assert {name: line.figures["draws"] for name, line in by_region.items() if line.figures["draws"]} == {
        "演示市": 1,
        "第二市": 1,
        "合计": 2,
    }
    only = await read(figures, replace(YEAR, region="440100"), "draws")
    assert only["合计"].figures["draws"] == 1


@pytest.mark.parametrize(
    ("since", "until", "field"),
    [("2026-12", "2026-11", "until"), ("2026-1", "2026-11", "since"), ("2020-01", "2026-11", "since")],
)
async def test_months_in_disorder_or_too_many_are_refused(figures: Figures, since: str, until: str, field: str) -> None:
    with pytest.raises(InvalidInput) as refused:
        await figures.read(ADMIN, FigureFilter(since, until))
    assert refused.value.field == field


async def test_only_the_office_reads_statistics(figures: Figures, deps: Deps) -> None:
    for role in ("expert", "organisation", "venue"):
        with pytest.raises(Forbidden):
            await figures.read(Actor("demo", role), YEAR)
        with pytest.raises(Forbidden):
            await SpecialtyCoverage(deps).read(Actor("demo", role))


async def test_coverage_counts_who_can_be_drawn_and_how_often_one_was_called(deps: Deps, figures: Figures) -> None:
    for code, name, parent in (("A04", "公路", "A"), ("A0401", "道路", "A04")):
        await CatalogueEntry.create(pool="demo", kind="specialty", code=code, name=name, parent=parent)
    expert = await make_expert(deps)
    await make_sanction(await make_expert(deps))
    await make_expert(deps, term_until=NOW - DAY)
    await make_expert(deps, membership_status="temporary")
    await add_draw(deps, at=NOW - 5 * DAY, answers={"accepted": "chat", "declined": "chat"})
    await add_draw(deps, at=NOW - 400 * DAY, answers={"accepted": "chat"})
    coverage = await SpecialtyCoverage(deps).read(ADMIN)
    [line] = [line for line in coverage.lines if line.code == "A04"]
    city = expert.permanent_region[:4]
    assert (line.cells[city].called, line.cells[city].agreed) == (2, 1)
    assert line.cells[city].eligible == line.total.eligible == await Expert.filter(pool="demo").count() - 3
    below = await SpecialtyCoverage(deps).read(ADMIN, "A04")
    assert [name for _, name in below.above][-1] == line.name
    assert sum(line.total.eligible for line in below.lines) == line.total.eligible
    assert await SpecialtyCoverage(deps).read(ADMIN, "no such code") == coverage
