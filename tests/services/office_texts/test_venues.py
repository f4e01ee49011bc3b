"""Venues of the office: positions, names that stay known, ended ones, and what draws make of them."""

from __future__ import annotations

from dataclasses import replace

import pytest

from domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from domain.positions import Position, distance
from services.core.base import Actor, Deps
from services.draws.attendance.attendance_rules import venue_position
from services.draws.scopes import venue_names
from services.draws.setup.forms import check_venue
from services.office_texts import OfficeTexts, VenueForm, Venues
from tests.factories.people import make_account

pytestmark = pytest.mark.usefixtures("db")
GATE = Position(23.15, 113.33)
FORM = VenueForm("新评标楼", "广州市天河区天润路1号", GATE)


@pytest.fixture
def venues(deps: Deps) -> Venues:
    return Venues(deps, OfficeTexts(deps))


@pytest.fixture
async def admin(deps: Deps) -> Actor:
    return Actor("demo", "pool_admin", (await make_account(deps)).id)


async def test_a_new_venue_is_offered_and_people_check_in_there(venues: Venues, admin: Actor, deps: Deps) -> None:
    await venues.save(admin, "", FORM, reason="新楼启用", seen=0)
    book = deps.book("demo")
    added = book.venues[-1]
    assert (added.name, added.code, added.offered) == ("新评标楼", "v1", True)
    check_venue("新评标楼", book)
    assert venue_position(book, "新评标楼") == GATE
    await venues.save(admin, "", replace(FORM, name="另一栋", position=None), reason="又一栋", seen=1)
    assert [venue.code for venue in deps.book("demo").venues[-2:]] == ["v1", "v2"]
    assert venue_position(deps.book("demo"), "另一栋") is None


async def test_a_position_from_a_chinese_map_is_converted(venues: Venues, admin: Actor, deps: Deps) -> None:
    on_map = Position(23.15, 113.33, "gcj02")
    await venues.save(admin, "", replace(FORM, position=on_map), reason="从地图查到", seen=0)
    stored = deps.book("demo").venues[-1].position
    assert stored is not None
    assert distance(stored, on_map) < 3
    assert distance(stored, Position(23.15, 113.33)) > 100, "as WGS-84 it would lie elsewhere"


async def test_a_renamed_venue_stays_known_by_its_former_names(venues: Venues, admin: Actor, deps: Deps) -> None:
    first = deps.book("demo").venues[0]
    form = VenueForm("改名后的大厅", first.address, first.position)
    await venues.save(admin, first.code, form, reason="更名", seen=0)
    book = deps.book("demo")
    assert book.venues[0].former_names == (first.name,)
    assert venue_position(book, first.name) == first.position, "a draw that names it so goes on"
    staff = Actor("demo", "venue", scope=first.code)
    assert {first.name, "改名后的大厅"} <= set(venue_names(staff, book))
    with pytest.raises(InvalidInput, match="从列表中选择"):
        check_venue(first.name, book)
    with pytest.raises(InvalidInput, match="含曾用名"):
        await venues.save(admin, "", replace(FORM, name=first.name), reason="重名", seen=1)
    await venues.save(admin, first.code, replace(form, name=first.name), reason="改回", seen=1)
    assert deps.book("demo").venues[0].former_names == ("改名后的大厅",)


async def test_an_ended_venue_is_offered_no_longer_and_draws_there_go_on(
    venues: Venues, admin: Actor, deps: Deps
) -> None:
    first, second = deps.book("demo").venues
    await venues.offer(admin, first.code, offered=False, reason="停用", seen=0)
    book = deps.book("demo")
    assert book.offered_venues == (second,)
    assert venue_position(book, first.name) == first.position
    with pytest.raises(InvalidInput):
        check_venue(first.name, book)
    with pytest.raises(Conflict, match="最后一个"):
        await venues.offer(admin, second.code, offered=False, reason="都停用", seen=1)
    await venues.offer(admin, first.code, offered=True, reason="恢复", seen=1)
    check_venue(first.name, deps.book("demo"))


@pytest.mark.parametrize(
    ("form", "told"),
    [
        (replace(FORM, name=""), "请填写名称"),
        (replace(FORM, name="<b>楼</b>"), "不能有"),
        (replace(FORM, address="路\x07"), "无法识别的字符"),
        (replace(FORM, position=Position(113.33, 23.15)), "不在国内"),
        (replace(FORM, position=Position(51.5, -0.1)), "不在国内"),
        (replace(FORM, name="演示省公共资源交易中心"), "已有叫"),
    ],
)
async def test_what_nobody_could_find_is_refused(venues: Venues, admin: Actor, form: VenueForm, told: str) -> None:
    with pytest.raises(InvalidInput, match=told):
        await venues.save(admin, "", form, reason="试试", seen=0)
    with pytest.raises(InvalidInput, match=told):
        venues.preview(admin, "", form)


async def test_others_edit_no_venues_and_an_unknown_one_is_not_there(venues: Venues, admin: Actor) -> None:
    for role in ("venue", "verifier", "agent", "expert"):
        with pytest.raises(Forbidden):
            await venues.save(replace(admin, role=role), "", FORM, reason="试试", seen=0)
        with pytest.raises(Forbidden):
            await venues.offer(replace(admin, role=role), "demo-hall", offered=False, reason="试试", seen=0)
    with pytest.raises(NotFound):
        venues.get(admin, "no-such")


async def test_of_two_editors_the_second_reads_the_list_again(venues: Venues, admin: Actor) -> None:
    await venues.save(admin, "", FORM, reason="甲", seen=0)
    with pytest.raises(Conflict, match="刚刚被修改过"):
        await venues.save(admin, "", replace(FORM, name="乙楼"), reason="乙", seen=0)
