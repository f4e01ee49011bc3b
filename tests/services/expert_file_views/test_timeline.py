"""The time line of an expert: for himself all that he knows, for the office nothing of a sealed panel."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import replace
from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.errors import InvalidInput, NotFound
from domain.experts.timeline import TimelineEntry, TimelineKind
from models.accounts import Account
from models.attendance import LateArrival
from models.audit import AuditEntry
from models.draws import Draw
from models.experts import Expert
from models.invitations import Invitation
from models.projects import Project
from services.core.base import Actor, Deps, execute
from services.core.base import Page as Rows
from services.draws import BY_DECLARATION
from services.expert_file_views import check_choice
from services.expert_file_views.office_file import OfficeFiles
from services.expert_file_views.own_file import OwnFiles
from services.expert_file_views.timeline import PAGE_SIZE, WHOLE, TimelineChoice
from tests.drivers.plans import Plans, record_queries
from tests.factories.applications import make_codes
from tests.factories.careers import Career, make_career
from tests.factories.draws import make_draw, make_invitation, make_project
from tests.factories.people import make_account, make_expert, make_grant

pytestmark = pytest.mark.usefixtures("db")
DAY = timedelta(days=1)
Reader = Callable[[Deps, Career, TimelineChoice], Awaitable[Rows[TimelineEntry]]]


@pytest.fixture
async def career(db: str, deps: Deps) -> Career:
    await make_codes(deps.book("demo"))
    account = await make_account(deps)
    return await make_career(deps, await make_expert(deps, account=account), account)


async def own(deps: Deps, career: Career, choice: TimelineChoice = WHOLE) -> Rows[TimelineEntry]:
    return (await OwnFiles(deps).read(_expert(career), choice)).timeline


async def of_office(deps: Deps, career: Career, choice: TimelineChoice = WHOLE) -> Rows[TimelineEntry]:
    return (await OfficeFiles(deps).read(await _admin(deps), career.expert.id, choice)).timeline


def _expert(career: Career) -> Actor:
    return Actor("demo", "expert", career.account.id, career.expert.id)


async def _admin(deps: Deps) -> Actor:
    account = await make_account(deps)
    await make_grant(account, "pool_admin")
    return Actor("demo", "pool_admin", account.id)


async def test_an_expert_reads_what_has_happened_newest_first(deps: Deps, career: Career) -> None:
    listed = await own(deps, career)
    whole = [*listed.items, *(await own(deps, career, TimelineChoice(page=2))).items]
    assert (len(listed.items), len(whole)) == (PAGE_SIZE, listed.total)
    assert [entry.at for entry in whole] == sorted((entry.at for entry in whole), reverse=True)
    titles = {entry.title: entry for entry in whole}
    for title in (
        *("您参加了评标", "您答复不参加评标", "评标邀请您没有在期限内答复", "您请假，不参加评标", "您被登记为缺席"),
        *("您现场回避", "评标取消，您不用参加", "评标酬劳1200.00元：已支付", "评标酬劳1200.00元已支付，银行转账"),
        *("取得《继续教育合格证书》", "您完成了培训《继续教育》", "考试《2026年度培训考试》合格"),
        *("您暂停抽取", "您恢复抽取", "您设置了不接受抽取的时间", "您暂停接受抽取", "建立专家档案", "新增申请：已入库"),
    ):
        assert title in titles, title
    assert "原因：生病住院" in titles["您请假，不参加评标"].lines, "his own word"
    assert not [text for text in titles["您被登记为缺席"].lines if "电话" in text], (
        "another's word, which he was not told"
    )
    assert "公众号答复" in titles["您答复不参加评标"].lines


async def test_a_change_says_what_was_and_is_but_nothing_that_is_masked(deps: Deps, career: Career) -> None:
    changes = (await own(deps, career, TimelineChoice("file"))).items
    lines = [text for entry in changes for text in entry.lines]
    assert "工作单位：演示市建筑设计院 → 演示省建筑科学研究院" in lines
    assert ("通讯地址：已变更" in lines, "电子邮箱：已变更" in lines) == (True, True)
    assert not [text for text in lines if "示范路" in text or "ouyang" in text]
    assert f"来自新增申请{career.entered.number}" in lines


async def test_the_office_reads_neutral_words_and_who_changed_what(deps: Deps, career: Career) -> None:
    whole = [*(await of_office(deps, career)).items, *(await of_office(deps, career, TimelineChoice(page=2))).items]
    assert not [entry for entry in whole if "您" in entry.title or any("您" in text for text in entry.lines)]
    titles = {entry.title: entry for entry in whole}
    assert "来自管理机构更正，周管理办理" in titles["暂停抽取"].lines
    assert "原因：电话无人接听" in titles["登记为缺席"].lines
    assert titles["参加评标"].page == f"/draws/{career.panels['accepted'].draw_id}"
    assert titles["新增申请：已入库"].page == f"/office/applications/{career.entered.id}"
    assert await AuditEntry.filter(action="expert.file.read", subject_id=career.expert.id).count() == 2


@pytest.mark.parametrize(("reader", "line"), [(own, "您说明晚到20分钟"), (of_office, "本人说明晚到20分钟")])
async def test_an_announced_delay_stands_with_its_panel(deps: Deps, career: Career, reader: Reader, line: str) -> None:
    invitation = await Invitation.get(id=career.panels["accepted"].id)
    stated = {"invitation_id": invitation.id, "minutes": 20, "reason": "", "stated_at": deps.now(), "channel": "chat"}
    await LateArrival.create(gathering_at=invitation.gathering_at, **stated)
    panels = (await reader(deps, career, TimelineChoice("panel"))).items
    titles = [entry.title for entry in panels if line in entry.lines]
    assert titles == ["您参加了评标" if reader is own else "参加评标"]


@pytest.mark.parametrize(
    ("reader", "recused", "moved"),
    [
        (own, "您申报回避，本场不再参加", "您因改期请假，不参加评标"),
        (of_office, "申报回避，本场不再参加", "因改期请假"),
    ],
)
async def test_a_declared_recusal_is_no_refusal_and_no_leave(
    deps: Deps, career: Career, reader: Reader, recused: str, moved: str
) -> None:
    """Whether the call was open or the place taken; nothing is held against him, so it isn't a panel that he missed."""
    times = {"state": "declined", "answered_by": BY_DECLARATION}
    await Invitation.filter(id=career.panels["declined"].id).update(**times)
    panels = (await reader(deps, career, TimelineChoice("panel"))).items
    declared = [entry for entry in panels if entry.title == recused]
    assert len(declared) == 2
    assert not [text for entry in declared for text in entry.lines if "答复" in text or "原因" in text]
    missed = {entry.title: entry for entry in (await reader(deps, career, TimelineChoice("missed"))).items}
    assert "原因：当天另有安排" in missed[moved].lines
    assert not [title for title in missed if "回避" in title or "答复不参加" in title]


@pytest.mark.parametrize("reader", [own, of_office])
async def test_times_off_read_as_they_were_set(deps: Deps, career: Career, reader: Reader) -> None:
    person = "您" if reader is own else "本人"
    pause, weekly, span = (await reader(deps, career, TimelineChoice("away"))).items
    assert pause.title == f"{person}暂停接受抽取"
    assert pause.lines[0] == f"11月6日(周五)起，直到{person}恢复"
    assert pause.lines[-1] == "11月9日(周一) 12:00恢复"
    assert weekly.lines[0] == "每周三下午（12:00至24:00）"
    assert span.lines[0].startswith("10月22日(周四)")
    assert [("原因：生病" in pause.lines), ("原因：上课" in weekly.lines)] == [reader is own] * 2


@pytest.mark.parametrize("kind", list(TimelineKind))
async def test_a_filter_leaves_one_kind_and_counts_it(deps: Deps, career: Career, kind: TimelineKind) -> None:
    listed = await own(deps, career, check_choice(kind.value, 1))
    assert (listed.total, {entry.kind for entry in listed.items}) == (len(listed.items), {kind})


async def test_a_kind_or_page_that_there_is_not_is_refused(deps: Deps, career: Career) -> None:
    for kind, page in (("draws", 1), ("", 0), ("", 10**9)):
        with pytest.raises(InvalidInput):
            check_choice(kind, page)
    assert (await own(deps, career, TimelineChoice("panel", 9))).items == ()


async def test_another_pool_has_no_such_expert(deps: Deps, career: Career) -> None:
    with pytest.raises(NotFound):
        await OfficeFiles(deps).read(replace(await _admin(deps), pool="guangdong"), career.expert.id)


# ---- what the office must not learn


@pytest.mark.parametrize("outcome", ["open", "accepted", "declined", "silent", "left", "absent", "cancelled"])
async def test_before_unsealing_no_outcome_of_a_call_shows_for_the_office(
    deps: Deps, career: Career, clock: FixedClock, outcome: str
) -> None:
    """Neither an entry nor a count differs from those of an expert whom nobody called; he himself sees it."""
    before = await of_office(deps, career)
    invitation, draw = career.panels["accepted"], await Draw.get(id=career.panels["accepted"].draw_id)
    unsealing = deps.now() + timedelta(hours=3)
    starts_at = unsealing + deps.book("demo").draw.result_visible_before
    await Draw.filter(id=draw.id).update(starts_at=starts_at, ends_at=starts_at + DAY)
    await Invitation.filter(id=invitation.id).update(state=outcome)
    sealed = await of_office(deps, career)
    gone = {"参加评标", "评标酬劳1200.00元：已支付", "评标酬劳1200.00元已支付，银行转账"}
    assert sealed.total == before.total - len(gone)
    assert not gone & {entry.title for entry in sealed.items}
    own_entries = (await own(deps, career, TimelineChoice("panel"))).items
    own_entries += (await own(deps, career, TimelineChoice("missed"))).items
    assert len(own_entries) == len(career.panels)
    [shown] = [entry for entry in own_entries if entry.at == invitation.answered_at]
    assert not [text for text in shown.lines if "活动编号" in text], "he does not know it yet"

    clock.set(unsealing - timedelta(seconds=1))
    assert (await of_office(deps, career)).total == sealed.total
    clock.set(unsealing)
    assert (await of_office(deps, career)).total == before.total


@pytest.mark.parametrize("state", ["committing", "drawing", "paused", "ending"])
async def test_while_a_draw_still_calls_none_of_its_calls_shows_for_the_office(
    deps: Deps, career: Career, state: str
) -> None:
    """A supplementary draw calls after unsealing, too."""
    before = await of_office(deps, career)
    await Draw.filter(id=career.panels["declined"].draw_id).update(state=state, ended_at=None)
    assert (await of_office(deps, career)).total == before.total - 1
    assert (await own(deps, career)).total == before.total


async def test_nothing_of_another_expert_is_in_it(deps: Deps, career: Career) -> None:
    account = await make_account(deps)
    other = await make_expert(deps, account=account)
    [begun] = (await own(deps, replace(career, expert=other, account=account))).items
    assert begun.title == "建立专家档案"
    assert await Expert.filter(pool="demo").count() == 2
    assert await Account.get(id=account.id)


async def test_a_page_reads_the_rows_of_its_expert_alone(db: str, deps: Deps, career: Career) -> None:
    """However many panels others have had: of his own each is looked at once, and only the page's in full."""
    others = await make_expert(deps, account=await make_account(deps))
    project = await Project.filter(pool="demo").first()
    for number, expert in enumerate([career.expert] * 40 + [others] * 160):
        starts_at = deps.now() - (300 + number) * DAY
        times = {"state": "ended", "started_at": starts_at, "finished_at": starts_at, "ended_at": starts_at + DAY / 3}
        draw = await make_draw(
            await make_project(project.organisation_id, project.agent_id), starts_at=starts_at, **times
        )
        await make_invitation(draw, expert, answered_at=starts_at, answered_by="chat")
    await execute("ANALYZE")
    with record_queries() as queries:
        listed = await own(deps, career)
    assert listed.total > 60
    plans = await Plans.of(db)
    try:
        touched = [await plans.count(query) for query in queries.sent]
    finally:
        await plans.close()
    assert sum(each.rows for each in touched) < 6 * listed.total, "\n".join(map(str, touched))
