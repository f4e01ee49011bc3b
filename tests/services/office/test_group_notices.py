"""A notice to a group reaches each person of its audience once, whatever happens to the worker that sends it."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import timedelta
from uuid import UUID

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from models.accounts import Account
from models.experts import Expert
from models.notices import GroupNotice, GroupNoticePerson, Notice
from services.core.base import Actor, Deps
from services.notifications import Notices
from services.office import Audience, ExpertFilter, Filter, GroupNoticeForm
from services.office.application_list import ApplicationList
from services.office.expert_list import ExpertList
from services.office.group_audiences import GroupAudiences
from services.office.group_notices import GroupNotices
from services.office.group_reports import GroupReports
from services.office.group_sending import BATCH_PAUSE, GroupSending
from services.ports import Prices
from tests.factories.people import make_account, make_expert
from tests.factories.reviews import make_applicant, make_application

pytestmark = pytest.mark.usefixtures("db")
FORM = GroupNoticeForm("继续教育培训通知", "各位专家：\n请于月底前完成培训。咨询电话020-12345678。")
EXPERTS = Audience(experts=ExpertFilter())


@pytest.fixture
async def admin(db: str, deps: Deps) -> Actor:
    return Actor("demo", "pool_admin", (await make_account(deps, "13911112222")).id)


@dataclass(frozen=True)
class Groups:
    notices: GroupNotices
    reports: GroupReports
    sending: GroupSending


@pytest.fixture
def groups(deps: Deps) -> Groups:
    audiences = GroupAudiences(deps, ExpertList(deps), ApplicationList(deps))
    return Groups(
        GroupNotices(deps, Notices(deps), audiences),
        GroupReports(deps, Prices({"sms": 5})),
        GroupSending(deps, Notices(deps)),
    )


async def write(groups: Groups, admin: Actor, audience: Audience = EXPERTS) -> UUID:
    return await groups.notices.write(admin, FORM, audience, "专家：在库")


async def sent_to(kind: str = "office_notice") -> list[UUID]:
    return sorted([notice.expert_id or notice.account_id for notice in await Notice.filter(kind=kind)], key=str)


async def send_all(groups: Groups, clock: FixedClock) -> int:
    """Batches until the group is done."""
    batches = 0
    while await groups.sending.send_due():
        batches += 1
        clock.move(BATCH_PAUSE)
    return batches


async def test_a_draft_is_tried_on_oneself_and_then_reaches_each_person_once(
    groups: Groups, admin: Actor, deps: Deps, clock: FixedClock
) -> None:
    experts = [await make_expert(deps) for _ in range(3)]
    group_id = await write(groups, admin)
    await groups.notices.try_out(admin, group_id)
    assert await Notice.filter(kind="office_notice").values_list("account_id", flat=True) == [admin.account_id]
    assert await groups.sending.send_due() == 0
    await groups.notices.start(admin, group_id)
    await groups.notices.start(admin, group_id)
    assert await send_all(groups, clock) == 1
    view = await groups.reports.get(admin, group_id)
    assert (view.state, view.sent, view.persons, view.report.waiting) == ("done", 3, 3, 3)
    assert await sent_to() == sorted([admin.account_id, *(expert.id for expert in experts)], key=str)
    with pytest.raises(Conflict):
        await groups.notices.drop(admin, group_id)


async def test_batches_keep_the_rate_and_a_stop_holds_until_one_goes_on(
    groups: Groups, admin: Actor, deps: Deps, clock: FixedClock
) -> None:
    set_rate(deps, 12)
    for _ in range(5):
        await make_expert(deps)
    group_id = await write(groups, admin)
    await groups.notices.start(admin, group_id)
    assert (await groups.sending.send_due(), await groups.sending.send_due()) == (1, 0)
    assert (await groups.reports.get(admin, group_id)).sent == 2
    await groups.notices.stop(admin, group_id)
    clock.move(BATCH_PAUSE * 6)
    assert await groups.sending.send_due() == 0
    await groups.notices.start(admin, group_id)
    assert await send_all(groups, clock) == 2
    assert ((await groups.reports.get(admin, group_id)).state, len(set(await sent_to()))) == ("done", 5)


async def test_a_batch_that_dies_before_its_commit_is_sent_again_and_nobody_twice(
    groups: Groups, admin: Actor, deps: Deps, clock: FixedClock, monkeypatch: pytest.MonkeyPatch
) -> None:
    for _ in range(3):
        await make_expert(deps)
    group_id = await write(groups, admin)
    await groups.notices.start(admin, group_id)
    saved = GroupNotice.save

    async def die(*_: object, **__: object) -> None:
        raise RuntimeError

    monkeypatch.setattr(GroupNotice, "save", die)
    assert await groups.sending.send_due() == 0
    assert await Notice.filter(kind="office_notice").count() == 0
    monkeypatch.setattr(GroupNotice, "save", saved)
    await groups.sending._send_batch(group_id, clock.now())
    await groups.sending._send_batch(group_id, clock.now())
    assert await Notice.filter(kind="office_notice").count() == 3


async def test_who_has_left_or_is_disabled_meanwhile_is_passed_over(
    groups: Groups, admin: Actor, deps: Deps, clock: FixedClock
) -> None:
    gone, disabled, staying = [await make_expert(deps, account=await make_account(deps)) for _ in range(3)]
    group_id = await write(groups, admin)
    await Expert.filter(id=gone.id).update(left_at=clock.now())
    await Account.filter(id=disabled.account_id).update(disabled_at=clock.now())
    await groups.notices.start(admin, group_id)
    await send_all(groups, clock)
    view = await groups.reports.get(admin, group_id)
    assert (view.sent, view.skipped, await sent_to()) == (1, 2, [staying.id])


async def test_applicants_of_a_state_get_one_notice_each(
    groups: Groups, admin: Actor, deps: Deps, clock: FixedClock
) -> None:
    account = await make_applicant(deps)
    await make_application(deps, account, state="exam")
    await make_application(deps, await make_applicant(deps), state="reviewing")
    audience = Audience(applications=Filter(state="exam"))
    assert (await groups.notices.count(admin, audience)).persons == 1
    group_id = await write(groups, admin, audience)
    await groups.notices.start(admin, group_id)
    await send_all(groups, clock)
    assert await sent_to() == [account.id]


async def test_pasted_numbers_are_found_by_any_number_and_unknown_ones_named(
    groups: Groups, admin: Actor, deps: Deps
) -> None:
    expert = await make_expert(deps, "13800000001")
    applicant = await make_account(deps, "13800000002")
    pasted = f"{expert.number}\n138-0000-0001；１３８０００００００２"
    assert (await groups.notices.count(admin, Audience(numbers=pasted))).persons == 2
    group_id = await groups.notices.write(admin, FORM, Audience(numbers=pasted), "名单中的人")
    persons = {(row.account_id, row.expert_id) for row in await GroupNoticePerson.filter(group_notice_id=group_id)}
    assert persons == {(None, expert.id), (applicant.id, None)}
    with pytest.raises(InvalidInput, match="找不到ZJ000、13800000009") as refused:
        await groups.notices.write(admin, FORM, Audience(numbers="zj000 13800000009 13800000001"), "")
    assert refused.value.field == "numbers"


@pytest.mark.parametrize(
    ("form", "field"),
    [
        (GroupNoticeForm("", "两个字"), "title"),
        (GroupNoticeForm("长" * 21, "两个字"), "title"),
        (GroupNoticeForm("见www.example.cn", "两个字"), "title"),
        (GroupNoticeForm("标题", "字"), "text"),
        (GroupNoticeForm("标题", "长" * 1001), "text"),
        (GroupNoticeForm("标题", "请打开http://example.cn"), "text"),
        (GroupNoticeForm("标题", "有\x07响铃"), "text"),
    ],
)
async def test_a_text_that_can_not_be_sent_is_refused_at_its_field(
    groups: Groups, admin: Actor, deps: Deps, form: GroupNoticeForm, field: str
) -> None:
    await make_expert(deps)
    with pytest.raises(InvalidInput) as refused:
        await groups.notices.write(admin, form, EXPERTS, "")
    assert refused.value.field == field
    assert not await GroupNotice.exists()


async def test_an_empty_audience_is_refused(groups: Groups, admin: Actor) -> None:
    with pytest.raises(InvalidInput, match="没有符合条件的人"):
        await write(groups, admin)


async def test_only_its_persons_and_its_author_read_the_text(
    groups: Groups, admin: Actor, deps: Deps, clock: FixedClock
) -> None:
    expert = await make_expert(deps, account=await make_account(deps))
    me = Actor("demo", "expert", expert.account_id, expert.id)
    group_id = await write(groups, admin)
    assert (await groups.reports.read_own(admin, group_id)).text == FORM.text
    with pytest.raises(NotFound):
        await groups.reports.read_own(me, group_id)
    await groups.notices.start(admin, group_id)
    assert (await groups.reports.read_own(me, group_id)).title == FORM.title
    for stranger in (
        Actor("demo", "guest", (await make_account(deps)).id),
        Actor("hunan", "expert", expert.account_id),
    ):
        with pytest.raises(NotFound):
            await groups.reports.read_own(stranger, group_id)


async def test_what_is_left_of_a_stopped_one_is_given_up(
    groups: Groups, admin: Actor, deps: Deps, clock: FixedClock
) -> None:
    set_rate(deps, 6)
    for _ in range(3):
        await make_expert(deps)
    group_id = await write(groups, admin)
    await groups.notices.start(admin, group_id)
    await groups.sending.send_due()
    with pytest.raises(Conflict):
        await groups.notices.drop(admin, group_id)
    await groups.notices.stop(admin, group_id)
    await groups.notices.drop(admin, group_id)
    assert (await groups.reports.get(admin, group_id)).state == "done"
    assert len(await sent_to()) == 1
    clock.move(timedelta(days=1))
    assert await groups.sending.send_due() == 0


async def test_only_the_office_writes_to_groups(groups: Groups, deps: Deps) -> None:
    for role in ("expert", "organisation", "venue", "reviewer"):
        with pytest.raises(Forbidden):
            await groups.notices.count(Actor("demo", role), EXPERTS)


def set_rate(deps: Deps, per_minute: int) -> None:
    book = deps.rulebooks["demo"]
    rules = book.group_notices.model_copy(update={"per_minute": per_minute})
    deps.rulebooks["demo"] = book.model_copy(update={"group_notices": rules})  # type: ignore[index]
