"""More time for one person, notes, and messages of the office about one application."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from domain.applications.office_acts import ActKind
from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, InvalidInput, RuleViolation
from models.accounts import Account
from models.applications import Application, ApplicationAct
from models.audit import AuditEntry
from models.notices import Notice
from models.payments import Fee
from models.reviews import ReviewEntry
from services.applications import read_acts
from services.applications.data_export import collect
from services.core.base import Actor, Deps
from services.registry import Services
from services.workflows import MESSAGE_MAX, OfficeActs
from tests.factories.applications import make_campaign
from tests.factories.assembly import make_services
from tests.factories.entry import make_entry_process
from tests.factories.people import make_account, make_grant
from tests.factories.reviews import begin, make_applicant, make_application, make_catalogues, step, with_rules

DAY = timedelta(days=1)
REASON = "住院，凭医院证明延期"


@pytest.fixture(autouse=True)
async def _catalogues(db: str) -> None:
    await make_catalogues()


@pytest.fixture
def services(deps: Deps) -> Services:
    return make_services(deps)


@pytest.fixture
def acts(services: Services) -> OfficeActs:
    return services.workflows.office_acts


@pytest.fixture
async def admin(deps: Deps) -> Actor:
    account = await make_account(deps, real_name="周管理")
    await make_grant(account, "pool_admin")
    return Actor("demo", "pool_admin", account.id)


async def draft(deps: Deps, **columns: Any) -> Application:
    campaign = await make_campaign(deps)
    values = {"state": "draft", "round": 0, "submitted_at": None, "campaign_id": campaign.id}
    return await make_application(deps, **values | columns)


async def test_one_person_hands_in_later_than_the_campaign_allows(
    services: Services, deps: Deps, acts: OfficeActs, admin: Actor, clock: FixedClock
) -> None:
    application = await draft(deps)
    person = Actor("demo", "applicant", application.account_id)
    clock.move(31 * DAY)
    until = deps.now() + 5 * DAY
    with pytest.raises(RuleViolation, match="已于"):
        await services.applications.campaigns.check_still_open(await Application.get(id=application.id), deps.now())
    await acts.extend(admin, application.id, until, REASON)

    row = await Application.get(id=application.id)
    await services.applications.campaigns.check_still_open(row, until - timedelta(seconds=1))
    with pytest.raises(RuleViolation):
        await services.applications.campaigns.check_still_open(row, until)
    progress = await services.applications.queries.own_progress(person)
    assert (progress.until, progress.step is not None) == (until, True)
    home = await services.applications.to_dos.home("demo", application.account_id)
    assert [(item.code, item.until) for item in home.to_do] == [("fill_in", until)]
    told = await Notice.get(kind="application_extended")
    assert (told.account_id, told.params["what"]) == (application.account_id, "提交申请")
    [entry] = await ReviewEntry.filter(application_id=application.id)
    assert (entry.event, REASON in entry.opinion) == ("extend", True)
    [act] = await read_acts(deps, application.id, with_notes=True)
    assert (act.kind, act.by, act.until, act.text) == (ActKind.EXTENSION, "周管理", until, REASON)
    assert act.former_until is not None
    assert act.former_until < deps.now()


async def test_who_has_a_later_time_of_his_own_is_not_told_of_the_campaigns(
    services: Services, deps: Deps, acts: OfficeActs, admin: Actor
) -> None:
    application = await draft(deps)
    await acts.extend(admin, application.id, deps.now() + 60 * DAY, REASON)
    await services.applications.campaigns.close(admin, application.campaign_id)  # type: ignore[arg-type]  # it has one
    assert not await Notice.exists(kind="campaign_changed")
    row = await Application.get(id=application.id)
    await services.applications.campaigns.check_still_open(row, deps.now() + 59 * DAY)


async def test_a_fee_is_paid_later_and_a_change_of_the_campaign_takes_nothing_away(
    deps: Deps, admin: Actor, clock: FixedClock
) -> None:
    rules = {"entry": {"stages": ["fee"]}, "review": {"steps": [step("final")]}}
    road = make_entry_process(with_rules(deps, **rules), clock)
    campaign = await make_campaign(deps, pay_until=deps.now() + 20 * DAY)
    application = await make_application(deps, campaign_id=campaign.id, expert_number="ZJ0100001")
    await begin(road.services.workflows.reviews, deps, application)
    application = await road.go_on(application)
    acts = road.services.workflows.office_acts
    for days, words in ((-1, "晚于现在"), (19, "应晚于它"), (900, "核对年份")):
        with pytest.raises(InvalidInput, match=words) as caught:
            await acts.extend(admin, application.id, deps.now() + days * DAY, REASON)
        assert [fault.field for fault in caught.value.faults] == ["until"]
    until = deps.now() + 50 * DAY
    await acts.extend(admin, application.id, until, REASON)
    assert (await Fee.get()).closes_at == until
    campaign.pay_until = deps.now() + 30 * DAY
    await campaign.save()
    await road.services.workflows.campaigns.fees.move_windows(campaign)
    assert (await Fee.get()).closes_at == until
    clock.move(45 * DAY)
    progress = await road.services.applications.queries.own_progress(Actor("demo", "applicant", application.account_id))
    assert progress.step is not None
    assert progress.step.code == "pay"
    await road.pay(application)
    assert (await Application.get(id=application.id)).state == "entered"


async def test_nothing_is_extended_where_no_deadline_is_met(
    deps: Deps, acts: OfficeActs, admin: Actor, clock: FixedClock
) -> None:
    for columns in (
        {"state": "reviewing"},
        {"state": "entered", "ended_at": deps.now()},
        {"state": "draft", "round": 0, "submitted_at": None},  # of no campaign
    ):
        application = await make_application(deps, **columns)
        with pytest.raises(Conflict, match="不用延长"):
            await acts.extend(admin, application.id, deps.now() + DAY, REASON)
    with pytest.raises(InvalidInput) as caught:
        await acts.extend(admin, application.id, None, "")
    assert [fault.field for fault in caught.value.faults] == ["reason", "until"]


async def test_two_extensions_at_the_same_time_never_shorten_each_other(
    deps: Deps, acts: OfficeActs, admin: Actor
) -> None:
    application = await draft(deps)
    times = [deps.now() + days * DAY for days in (60, 50)]
    await asyncio.gather(
        *(acts.extend(admin, application.id, until, REASON) for until in times), return_exceptions=True
    )
    assert (await Application.get(id=application.id)).own_until == times[0]


async def test_a_note_is_read_by_the_office_and_never_by_the_applicant(
    services: Services, deps: Deps, acts: OfficeActs, admin: Actor
) -> None:
    application = await draft(deps)
    await acts.note(admin, application.id, "材料疑似代办，\n请核对原件")
    act = await ApplicationAct.get()
    assert "代办" not in act.text_sealed
    assert "代办" not in str(await AuditEntry.all().values())
    assert [seen.text for seen in await read_acts(deps, application.id, with_notes=True)] == [
        "材料疑似代办，\n请核对原件"
    ]
    view = await services.applications.queries.get(Actor("demo", "applicant", application.account_id), application.id)
    assert "代办" not in repr(view)
    assert not await Notice.exists()
    [exported] = (await collect(deps, application.account_id))["applications"]
    assert exported["office_notes"] == [{"at": act.begun_at.isoformat()}], "that there is one is told, not what it says"
    assert "代办" not in repr(exported)


async def test_a_message_reaches_the_applicant_who_finds_it_again(
    services: Services, deps: Deps, acts: OfficeActs, admin: Actor
) -> None:
    application = await draft(deps)
    preview = await acts.preview(admin, application.id, "请带原件到窗口核对。\r\n谢谢")
    assert preview.text == "请带原件到窗口核对。\n谢谢"
    assert application.number in preview.chat
    assert not await Notice.exists()
    for _ in range(2):
        await acts.message(admin, application.id, preview.text, key="same-key-twice")
    told = await Notice.get(kind="application_message")
    assert "原件" not in str(told.params)
    person = Actor("demo", "applicant", application.account_id)
    view = await services.applications.queries.get(person, application.id)
    assert [message.text for message in view.progress.messages] == [preview.text]
    [shown] = (await services.applications.to_dos.home("demo", application.account_id)).progress
    assert shown.messages == view.progress.messages
    assert (await services.applications.queries.own_progress(person)).messages == shown.messages
    [exported] = (await collect(deps, application.account_id))["applications"]
    assert [message["text"] for message in exported["messages"]] == [preview.text]


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("", "请填写留言"),
        (" \n ", "请填写留言"),
        ("好" * 10_000, f"最多{MESSAGE_MAX}个字"),
        ("请看\ue000反", "“请看”后面的U.E000"),
        ("请看\x00", "无法识别的字符"),
        ("请看 http://evil.example", "不能有网址"),
    ],
)
async def test_a_text_that_can_not_be_sent_is_refused_at_its_field(
    deps: Deps, acts: OfficeActs, admin: Actor, text: str, words: str
) -> None:
    application = await draft(deps)
    for way in (acts.preview, acts.message):
        with pytest.raises(InvalidInput, match=words) as caught:
            await way(admin, application.id, text)
        assert [fault.field for fault in caught.value.faults] == ["message"]
    assert not await ApplicationAct.exists()


async def test_nobody_acts_on_an_own_application_and_nobody_writes_to_a_closed_account(
    deps: Deps, acts: OfficeActs, admin: Actor
) -> None:
    person = await make_applicant(deps)
    application = await make_application(deps, person)
    await make_grant(person, "pool_admin")
    own = Actor("demo", "pool_admin", person.id)
    for way in (acts.note, acts.message, acts.preview):
        with pytest.raises(Forbidden, match="自己的申请"):
            await way(own, application.id, "留言")
    with pytest.raises(Forbidden, match="自己的申请"):
        await acts.extend(own, application.id, deps.now() + DAY, REASON)
    await Account.filter(id=person.id).update(disabled_at=deps.now(), mobile_sealed="")
    for way in (acts.message, acts.preview):
        with pytest.raises(Conflict, match="已注销"):
            await way(admin, application.id, "留言")
