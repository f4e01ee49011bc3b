"""The office's list of experts: each filter, what is typed into the search, columns, and how much it reads."""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import timedelta

import pytest

from domain.errors import Forbidden, InvalidInput
from domain.ids import new_id
from models.accounts import WechatIdentity
from models.attendance import Attendance
from models.experts import Expert
from models.invitations import Invitation
from services.core.base import Actor, Deps, execute, rows
from services.office.expert_list import (
    ATTENDED,
    COLUMNS,
    SORTS,
    STATES,
    TRAINING,
    WECHAT,
    ExpertFilter,
    ExpertList,
    grams,
)
from tests.drivers.plans import Plans, record_queries
from tests.factories.applications import SPECIALTY, THIRD_SPECIALTY, make_codes
from tests.factories.certificates import make_trained
from tests.factories.draws import make_draw, make_invitation, make_project
from tests.factories.people import file_more, make_account, make_expert, make_organisation, make_sanction

pytestmark = pytest.mark.usefixtures("db")
ADMIN = Actor("demo", "pool_admin", new_id())


@pytest.fixture
def experts(deps: Deps) -> ExpertList:
    return ExpertList(deps)


async def names(experts: ExpertList, **wanted: str) -> list[str]:
    return [line.name for line in (await experts.page(ADMIN, ExpertFilter(**wanted))).items]


async def test_any_part_of_a_name_finds_it_and_nothing_else(deps: Deps, experts: ExpertList) -> None:
    for name in ("欧阳明远", "欧明", "阳欧", "阿卜杜热合曼·买买提", "Smith"):
        await make_expert(deps, name=name)
    assert await names(experts, search="阳明") == ["欧阳明远"]
    assert set(await names(experts, search="欧")) == {"欧阳明远", "欧明", "阳欧"}
    assert await names(experts, search="合曼·买") == ["阿卜杜热合曼·买买提"]
    assert await names(experts, search="SMITH") == ["Smith"]
    assert await names(experts, search="欧阳远") == [], "all pairs of it stand somewhere, but not together"
    assert await names(experts, search="%") == await names(experts, search="_") == []


@pytest.mark.parametrize("seed", range(5))
async def test_the_index_finds_what_a_search_without_it_finds(deps: Deps, experts: ExpertList, seed: int) -> None:
    chosen = random.Random(seed)
    people = ["".join(chosen.choices("甲乙丙丁", k=chosen.randint(1, 5))) for _ in range(30)]
    for name in people:
        await make_expert(deps, name=name)
    for _ in range(20):
        word = "".join(chosen.choices("甲乙丙丁", k=chosen.randint(1, 4)))
        page = await experts.page(ADMIN, ExpertFilter(search=word), size=100)
        assert sorted(line.name for line in page.items) == sorted(name for name in people if word in name)


async def test_numbers_are_looked_up_whole(deps: Deps, experts: ExpertList) -> None:
    expert = await make_expert(deps, name="江一")
    await make_expert(deps, name="江二")
    number = deps.keys.open_text(expert.id_number_sealed, "id_number")
    mobile = deps.keys.open_text(expert.mobile_sealed, "mobile")
    spaced = f"{number[:6]} {number[6:14]} {number[14:].lower()}"
    for word in (number, spaced, mobile, f"+86 {mobile[:3]}-{mobile[3:7]}-{mobile[7:]}", expert.number, "江　一"):
        assert await names(experts, search=word) == ["江一"]
    assert await names(experts, search=mobile[:-1]) == []


async def test_each_filter_narrows_the_list(deps: Deps, experts: ExpertList) -> None:
    await make_codes(deps.book("demo"))
    now = deps.now()
    account = await make_account(deps)
    other = await make_expert(deps, name="别人", permanent_region="440300", specialties=[SPECIALTY])
    wanted = await make_expert(
        deps, account=account, name="此人", permanent_region="440106", specialties=[THIRD_SPECIALTY], title_level="1001"
    )
    await file_more(deps, wanted, employer="广州示范设计研究院")
    await file_more(deps, other, employer="深圳另一家公司")
    await make_trained(deps, account, wanted, valid_until=now + timedelta(days=30))
    await WechatIdentity.create(pool="demo", app="oa", appid="a", openid="o", account=account, created_at=now)
    filters = {
        "region": "440100",
        "specialty": "城市规划",
        "title": "10",
        "employer": "示范设计",
        "training": "valid",
        "wechat": "bound",
    }
    for name, value in filters.items():
        assert (name, await names(experts, **{name: value})) == (name, ["此人"])
    assert await names(experts, **filters) == ["此人"]
    assert await names(experts, specialty="A0102") == ["此人"], "with all below it"
    for name, value in {"region": "440300", "training": "due", "wechat": "none"}.items():
        assert (name, await names(experts, **{name: value})) == (name, ["别人"])
    assert await names(experts, employer="示范另一") == []
    assert await names(experts, region="999999") == []
    with pytest.raises(InvalidInput, match="没有这种地区"):
        await names(experts, region="44' OR")


async def test_states_are_told_apart(deps: Deps, experts: ExpertList) -> None:
    now = deps.now()
    await make_expert(deps, name="正常")
    await make_expert(deps, name="临时", membership_status="temporary")
    await make_sanction(await make_expert(deps, name="暂停"))
    await make_sanction(await make_expert(deps, name="警告"), "warning", ends_at=now + timedelta(days=1))
    for kind in ("warning", "suspension"):
        await make_sanction(await make_expert(deps, name="曾经"), kind, ends_at=now)
        await make_sanction(await make_expert(deps, name="曾经"), kind, state="lifted", lifted_at=now)
    await make_expert(deps, name="应急", emergency=True)
    await make_expert(deps, name="到期", term_until=now - timedelta(days=1))
    await make_expert(deps, name="退库", left_at=now, left_reason="本人申请")
    told: Mapping[str, set[str]] = {state: set(await names(experts, state=state)) for state in STATES}
    assert told == {
        "in_pool": {"正常", "临时", "暂停", "警告", "曾经", "应急", "到期"},
        "drawn": {"正常", "警告", "曾经", "应急"},
        "office": {"暂停"},
        **{bar: set() for bar in ("no_specialty", "self", "course", "age")},
        "warned": {"警告"},
        "temporary": {"临时"},
        "emergency": {"应急"},
        "ending": set(),
        "term": {"到期"},
        "left": {"退库"},
    }
    tags = {line.name: line.tag for line in (await experts.page(ADMIN, ExpertFilter())).items}
    assert tags.pop("曾经") == tags.pop("警告") == ""
    assert tags == {"正常": "", "临时": "临时专家", "暂停": "管理机构暂停抽取", "应急": "", "到期": "聘期已满"}
    listed = (await experts.page(ADMIN, ExpertFilter(), columns=["emergency"])).items
    assert {line.name: (line.badge, line.values["emergency"]) for line in listed if line.badge} == {
        "应急": ("应急专家", "是")
    }


async def test_attendance_counts_when_the_panel_is_over(deps: Deps, experts: ExpertList) -> None:
    """Before that, who sits on a panel is sealed: neither the filter nor the column may tell."""
    expert = await make_expert(deps, name="到场者")
    project = await make_project((await make_organisation()).id, (await make_account(deps)).id)
    invitation = await make_invitation(await make_draw(project), expert)
    await Attendance.create(
        invitation_id=invitation.id, draw_id=invitation.draw_id, direction="in", at=deps.now(), method="desk"
    )
    assert expert.name in await names(experts, attended="never")
    listed = await experts.page(ADMIN, ExpertFilter(), columns=["attended"])
    [line] = [line for line in listed.items if line.id == expert.id]
    assert line.values["attended"] is None
    start = deps.now() - timedelta(days=400)
    await Invitation.filter(id=invitation.id).update(starts_at=start, ends_at=start + timedelta(hours=1))
    assert [expert.name in await names(experts, attended=which) for which in ATTENDED] == [False, True, False]
    await Invitation.filter(id=invitation.id).update(ends_at=deps.now())
    assert [expert.name in await names(experts, attended=which) for which in ATTENDED] == [True, False, False]


@pytest.mark.parametrize(
    "wrong", [{"state": "x"}, {"training": "x"}, {"attended": "x"}, {"wechat": "x"}, {"search": "名" * 51}]
)
async def test_an_unknown_choice_is_refused_by_its_name(experts: ExpertList, wrong: dict[str, str]) -> None:
    with pytest.raises(InvalidInput) as refused:
        await experts.page(ADMIN, ExpertFilter(**wrong))
    assert refused.value.field == next(iter(wrong))
    with pytest.raises(Forbidden):
        await experts.page(Actor("demo", "expert", new_id()), ExpertFilter())


async def test_personal_numbers_are_masked_and_every_column_has_its_value(deps: Deps, experts: ExpertList) -> None:
    expert = await make_expert(deps)
    [line] = (await experts.page(ADMIN, ExpertFilter(), columns=tuple(COLUMNS))).items
    assert line.values.keys() == COLUMNS.keys()
    for code, sealed in (("mobile", expert.mobile_sealed), ("id_number", expert.id_number_sealed)):
        clear = deps.keys.open_text(sealed, code)
        assert (line.values[code] != clear, "*" in str(line.values[code])) == (True, True)


async def test_no_search_and_no_order_reads_the_whole_pool(db: str, deps: Deps, experts: ExpertList) -> None:
    await _fill(await make_expert(deps), 3_000)
    plans = await Plans.of(db)
    searches = [ExpertFilter(search="欧阳明"), ExpertFilter(search="N17"), ExpertFilter(employer="独特设计")]
    listed = [(wanted, "name") for wanted in searches] + [(ExpertFilter(), order) for order in SORTS]
    for wanted, order in listed:
        with record_queries() as queries:
            await experts.page(ADMIN, wanted, sort=order)
        touched = await plans.count(queries.sent[0])
        assert touched.rows <= 200, f"{wanted} {order}: {touched}"
    await plans.close()


async def _fill(template: Expert, count: int) -> None:
    """As many experts like one, with names, terms and employers of their own."""
    columns = await rows(
        "SELECT attname AS name FROM pg_attribute "
        "WHERE attrelid = 'expert'::regclass AND attnum > 0 AND NOT attisdropped"
    )
    own = {
        "id": "gen_random_uuid()",
        "number": "'N' || g",
        "id_number_hash": "md5(g::text)",
        "account_id": "NULL",
        "name": "'李' || chr(19968 + g % 5000) || chr(20000 + g % 3000)",
        "name_sort": "md5(g::text)",
        "created_at": "e.created_at - g * interval '1 minute'",
    }
    names = [column["name"] for column in columns]
    picked = ", ".join(own.get(name, f"e.{name}") for name in names)
    await execute(
        f"INSERT INTO expert ({', '.join(names)}) SELECT {picked} FROM expert e, generate_series(1, $2::int) g "
        "WHERE e.id = $1",
        template.id,
        count,
    )
    await execute(
        "INSERT INTO employment (id, expert_id, unit_name, credit_code, unit_keys) "
        "SELECT gen_random_uuid(), e.id, '某某' || e.number || '公司', '', '{}' FROM expert e"
    )
    for table in ("expert", "employment"):
        await _vacuum(table)


async def _vacuum(table: str) -> None:
    """Until all its pages are known to be visible to everybody; a count reads rows of the others.

    Without INDEX_CLEANUP, pages with deleted rows (of tests before this one) stay out for good while they are fewer
    than 2 % of the table's: PostgreSQL leaves the index's entries, and so the rows' places, for a later VACUUM.
    """
    sql = "SELECT relallvisible >= relpages AS all FROM pg_class WHERE oid = $1::regclass"
    for _ in range(1000):  # as long as a snapshot elsewhere holds a page back
        await execute(f"VACUUM (ANALYZE, INDEX_CLEANUP ON) {table}")
        if (await rows(sql, table))[0]["all"]:
            return
    raise AssertionError(f"pages of {table} stay invisible")


def test_every_choice_has_a_condition_and_pairs_of_a_word_are_what_the_index_holds() -> None:
    assert (grams("明"), grams("欧阳明")) == (["明"], ["欧阳", "阳明"])
    assert set(SORTS) == {"name", "term", "newest"}
    assert not set(TRAINING) & set(WECHAT) & set(ATTENDED)
