"""Filling in the form, section by section, from any device."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import Any

import pytest

from domain.clock import FixedClock
from domain.errors import AppError, Conflict, Forbidden, InvalidInput, NotFound, RuleViolation
from models.applications import Application, ApplicationSection, ApplicationSpecialty
from models.experts import Expert
from services.applications import read_values
from services.applications.drafts import Begun, Drafts
from services.applications.repository import get_own
from services.catalogue_codes import CatalogueCodes, load_codes
from services.core.base import Actor, Deps
from tests.factories.applications import (
    OTHER_SPECIALTY,
    SPECIALTY,
    account_of,
    fill_in,
    make_applicant,
    make_campaign,
    make_campaigns,
    make_codes,
    make_employer,
    values_of,
    with_rules,
)
from tests.factories.people import make_account, make_expert

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def drafts(deps: Deps) -> Drafts:
    return Drafts(deps, make_campaigns(deps))


@pytest.fixture
async def zhao(deps: Deps) -> Actor:
    await make_codes(deps.book("demo"))
    return await make_applicant(deps)


def basic(**more: object) -> dict[str, object]:
    return {"political_status": "群众", "email": "zhao@example.com", **more}


async def test_outside_a_window_one_reads_when_it_opens(deps: Deps, drafts: Drafts, zhao: Actor) -> None:
    with pytest.raises(RuleViolation, match="目前没有接受新增申请的征集") as refused:
        await drafts.start(zhao, "first")
    assert (refused.value.rule, refused.value.source) == ("campaigns.required", None)
    await make_campaign(deps, opens=deps.now() + timedelta(days=2))
    with pytest.raises(RuleViolation, match=r"将于11月23日\(周一\) 12:00开始报名"):
        await drafts.start(zhao, "first")


async def test_after_the_window_one_reads_that_it_closed(
    deps: Deps, drafts: Drafts, zhao: Actor, clock: FixedClock
) -> None:
    campaign = await make_campaign(deps)
    clock.move(campaign.enrol_until - deps.now())
    with pytest.raises(RuleViolation, match=r"报名已于.*截止"):
        await drafts.start(zhao, "first")


async def test_starting_twice_is_the_same_application(deps: Deps, drafts: Drafts, zhao: Actor) -> None:
    await make_campaign(deps)
    first = await drafts.start(zhao, "first")
    again = await drafts.start(zhao, "first")
    assert (first.existing, again.existing) == (False, True)
    assert first.id == again.id
    assert first.number.startswith("SQ20261121")
    assert len(first.number) == 17


async def test_two_taps_at_once_begin_one_application(deps: Deps, drafts: Drafts, zhao: Actor) -> None:
    await make_campaign(deps)
    begun = await asyncio.gather(*(drafts.start(zhao, "first") for _ in range(5)))
    assert len({draft.id for draft in begun}) == 1
    assert await Application.all().count() == 1


async def test_only_a_registered_person_may_apply(deps: Deps, drafts: Drafts, zhao: Actor) -> None:
    await make_campaign(deps)
    account = await make_account(deps)
    with pytest.raises(Forbidden, match="请先完成实名注册"):
        await drafts.start(Actor("demo", "applicant", account.id), "first")


@pytest.mark.parametrize(("birth", "may"), [("19611122", True), ("19601122", True), ("19601121", False)])
async def test_who_is_over_65_cannot_apply_but_65_can(deps: Deps, drafts: Drafts, birth: str, may: bool) -> None:
    """湖南手册 L144; today is 2026-11-21: the last was 66 today."""
    await make_codes(deps.book("demo"))
    await make_campaign(deps)
    old = await make_applicant(deps, birth=birth)
    if may:
        assert (await drafts.start(old, "first")).state == "draft"
    else:
        with pytest.raises(RuleViolation, match="超过65周岁") as refused:
            await drafts.start(old, "first")
        assert refused.value.rule == "form.age_max"


async def test_an_expert_does_not_apply_anew_and_a_newcomer_does_not_renew(
    deps: Deps, drafts: Drafts, zhao: Actor
) -> None:
    await make_campaign(deps)
    with pytest.raises(Conflict, match="没有您的专家档案"):
        await drafts.start(zhao, "renewal")
    await make_expert(deps, account=await account_of(zhao))
    with pytest.raises(Conflict, match="您已是本库专家"):
        await drafts.start(zhao, "first")


async def test_a_typed_id_number_does_not_open_the_record_of_another_expert(
    deps: Deps, drafts: Drafts, zhao: Actor
) -> None:
    await make_campaign(deps)
    account = await account_of(zhao)
    file = await make_expert(deps, "13912345678", id_number_hash=account.id_number_hash)
    with pytest.raises(Conflict, match="登记的手机号与您的不一致"):
        await drafts.start(zhao, "renewal")
    await Expert.filter(id=file.id).update(mobile_hash=account.mobile_hash)
    assert (await drafts.start(zhao, "renewal")).entry_type == "renewal"


async def test_renewal_is_offered_before_the_term_ends_and_pre_filled(deps: Deps, drafts: Drafts, zhao: Actor) -> None:
    await make_campaign(deps)
    offered = timedelta(days=90)
    deps = with_rules(deps, entry={"renewal_before": offered})
    drafts = Drafts(deps, make_campaigns(deps))
    expert = await make_expert(
        deps,
        account=await account_of(zhao),
        permanent_region="440106",
        specialties=[SPECIALTY],
        title_level="1001",
        emergency=True,
        term_until=deps.now() + offered + timedelta(days=10),
    )
    with pytest.raises(RuleViolation, match="请在2026年12月1日以后办理续聘"):
        await drafts.start(zhao, "renewal")
    await Expert.filter(id=expert.id).update(term_until=deps.now() + offered - timedelta(days=1))
    begun = await drafts.start(zhao, "renewal")
    values = await read_values(deps, begun.id)
    assert values["region"] == "440106"
    assert values["specialties"] == [{"code": SPECIALTY, "choice": "preferred"}]
    assert (values["title_level"], values["emergency"]) == ("1001", True)
    assert (await Application.get(id=begun.id)).expert_id == expert.id


async def test_a_draft_is_kept_by_section_and_read_anywhere(deps: Deps, drafts: Drafts, zhao: Actor) -> None:
    begun = await _begin(deps, drafts, zhao)
    saved = await drafts.save_section(zhao, begun.id, "basic", basic(), 0)
    assert (saved.version, saved.form_version) == (1, 2)
    saved = await drafts.save_section(zhao, begun.id, "basic", basic(email="new@example.com"), 1)
    assert (saved.version, saved.form_version) == (2, 3)
    assert (await read_values(deps, begun.id))["email"] == "new@example.com"
    row = await ApplicationSection.get(application_id=begun.id, code="basic")
    assert "example.com" not in row.values_sealed


async def test_a_lost_answer_costs_nothing(deps: Deps, drafts: Drafts, zhao: Actor) -> None:
    begun = await _begin(deps, drafts, zhao)
    await drafts.save_section(zhao, begun.id, "basic", basic(), 0)
    again = await drafts.save_section(zhao, begun.id, "basic", basic(), 0)
    assert (again.version, again.form_version) == (1, 2)


async def test_a_stale_device_is_refused_with_what_the_other_one_saved(deps: Deps, drafts: Drafts, zhao: Actor) -> None:
    begun = await _begin(deps, drafts, zhao)
    await drafts.save_section(zhao, begun.id, "basic", basic(email="phone@example.com"), 0)
    with pytest.raises(Conflict, match="已在另一台设备修改") as refused:
        await drafts.save_section(zhao, begun.id, "basic", basic(email="laptop@example.com"), 0)
    assert refused.value.params["version"] == 1
    assert refused.value.params["values"] == basic(email="phone@example.com")


async def test_of_devices_saving_at_once_one_is_kept_and_the_others_are_refused(
    deps: Deps, drafts: Drafts, zhao: Actor
) -> None:
    begun = await _begin(deps, drafts, zhao)
    mails = [f"m{at}@example.com" for at in range(6)]
    outcomes = await asyncio.gather(
        *(drafts.save_section(zhao, begun.id, "basic", basic(email=mail), 0) for mail in mails), return_exceptions=True
    )
    refused = [outcome for outcome in outcomes if isinstance(outcome, Conflict)]
    assert len(refused) == 5
    stored_email = (await read_values(deps, begun.id))["email"]
    assert {conflict.params["values"]["email"] for conflict in refused} == {stored_email}  # type: ignore[index]  # params of a stale save


async def test_without_the_lock_devices_would_overwrite_each_other(
    deps: Deps, drafts: Drafts, zhao: Actor, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The control of the test above: the lock prevents it."""
    begun = await _begin(deps, drafts, zhao)
    await drafts.save_section(zhao, begun.id, "basic", basic(), 0)
    both_have_read = asyncio.Barrier(2)

    async def look_up_together(*given: Any, **more: Any) -> CatalogueCodes:
        codes = await load_codes(*given, **more)
        await both_have_read.wait()
        return codes

    monkeypatch.setattr("services.applications.drafts.lock_own", get_own)
    monkeypatch.setattr("services.applications.drafts.load_codes", look_up_together)
    saved_sections = await asyncio.gather(
        *(drafts.save_section(zhao, begun.id, "basic", basic(email=f"m{at}@example.com"), 1) for at in range(2))
    )
    assert [section.version for section in saved_sections] == [2, 2], "both believe that theirs is kept"


async def test_all_wrong_fields_are_listed_at_once(deps: Deps, drafts: Drafts, zhao: Actor) -> None:
    begun = await _begin(deps, drafts, zhao)
    wrong = {"email": "no mail", "political_status": "外星人", "region": "990000", "name": "改名", "unknown": 1}
    with pytest.raises(InvalidInput, match="共5处") as refused:
        await drafts.save_section(zhao, begun.id, "basic", wrong, 0)
    told = refused.value.params["problems"]
    assert {problem["field"] for problem in told} == set(wrong)  # type: ignore[attr-defined]  # a list of objects
    assert not await ApplicationSection.filter(application_id=begun.id).exists()


async def test_a_draft_is_still_kept_after_the_window(
    deps: Deps, drafts: Drafts, zhao: Actor, clock: FixedClock
) -> None:
    begun = await _begin(deps, drafts, zhao)
    clock.move(timedelta(days=60))
    assert (await drafts.save_section(zhao, begun.id, "basic", basic(), 0)).version == 1


async def test_another_person_finds_nothing(deps: Deps, drafts: Drafts, zhao: Actor) -> None:
    begun = await _begin(deps, drafts, zhao)
    other = await make_applicant(deps)
    with pytest.raises(NotFound):
        await drafts.save_section(other, begun.id, "basic", basic(), 0)
    with pytest.raises(NotFound, match="没有这个部分"):
        await drafts.save_section(zhao, begun.id, "nonsense", {}, 0)


async def test_an_employer_that_is_offered_no_longer_stays_with_who_chose_it(
    deps: Deps, drafts: Drafts, zhao: Actor
) -> None:
    begun = await _begin(deps, drafts, zhao)
    employer, other = await make_employer(deps), await make_employer(deps, "另一家设计院")
    await drafts.save_section(zhao, begun.id, "basic", basic(employer=str(employer.id)), 0)
    employer.retired_at = other.retired_at = deps.now()
    await employer.save()
    await other.save()
    saved = await drafts.save_section(zhao, begun.id, "basic", basic(employer=str(employer.id), address="路1号"), 1)
    assert saved.version == 2
    with pytest.raises(InvalidInput, match="请从列表中选择工作单位"):
        await drafts.save_section(zhao, begun.id, "basic", basic(employer=str(other.id)), 2)


async def test_after_printing_only_files_may_change(deps: Deps, drafts: Drafts, zhao: Actor) -> None:
    begun = await _begin(deps, drafts, zhao)
    await Application.filter(id=begun.id).update(state="locked")
    with pytest.raises(RuleViolation, match="打印表格后") as refused:
        await drafts.save_section(zhao, begun.id, "basic", basic(), 0)
    assert refused.value.rule == "form.papers.print_locks"


async def test_while_it_is_reviewed_nothing_may_change(deps: Deps, drafts: Drafts, zhao: Actor) -> None:
    begun = await _begin(deps, drafts, zhao)
    await Application.filter(id=begun.id).update(state="reviewing")
    with pytest.raises(Conflict, match="审核中"):
        await drafts.save_section(zhao, begun.id, "basic", basic(), 0)


async def test_a_specialty_that_was_sent_back_opens_alone(deps: Deps, drafts: Drafts, zhao: Actor) -> None:
    """湖南手册 L166-168, L232-240: the rest of the form, and the other specialties, stand fast."""
    await make_campaign(deps)
    chosen = [{"code": SPECIALTY, "choice": "preferred"}, {"code": OTHER_SPECIALTY, "choice": "alternative"}]
    application = await fill_in(deps, zhao, specialties=chosen)
    await _send_back(application, OTHER_SPECIALTY, ["specialties", "strengths"])
    values = values_of(deps.book("demo"), specialties=chosen)["evaluation"]

    with pytest.raises(Conflict, match="没有被退回"):
        await drafts.save_section(zhao, application.id, "basic", basic(), 1)
    with pytest.raises(InvalidInput, match="应急专家现在不能修改"):
        await drafts.save_section(zhao, application.id, "evaluation", values | {"emergency": False}, 1)
    gone = [{"code": "A010201", "choice": "preferred"}, chosen[1]]
    with pytest.raises(InvalidInput, match="“规划 › 发展规划 › 总体规划”没有被退回"):
        await drafts.save_section(zhao, application.id, "evaluation", values | {"specialties": gone}, 1)

    new = [chosen[0], {"code": "A010201", "choice": "alternative"}]
    saved = await drafts.save_section(zhao, application.id, "evaluation", {"specialties": new, "strengths": "规划"}, 1)
    assert saved.values["specialties"] == new
    assert saved.values["emergency"] is True, "what is not open stays, though the device left it out"


async def test_where_withdrawing_comes_first_nothing_opens_before_it(deps: Deps, drafts: Drafts, zhao: Actor) -> None:
    """新疆手册 2024 L217-219."""
    begun = await _begin(deps, drafts, zhao)
    strict = with_rules(deps, review={"withdraw_before_edit": True})
    await Application.filter(id=begun.id).update(state="sent_back", sent_back_fields=["*"])
    with pytest.raises(RuleViolation, match="请先点“撤回”"):
        await Drafts(strict, make_campaigns(strict)).save_section(zhao, begun.id, "basic", basic(), 0)
    await Application.filter(id=begun.id).update(state="correcting")
    assert (await Drafts(strict, make_campaigns(strict)).save_section(zhao, begun.id, "basic", basic(), 0)).version == 1


JUNK: list[dict[str, object]] = [
    {"email": {"$gt": ""}},
    {"specialties": "A"},
    {"work_history": [None, 7, []]},
    {"region": ["440106"]},
    {"employer": "\0"},
]


@pytest.mark.parametrize("junk", JUNK)
async def test_junk_is_refused_with_a_sentence(
    deps: Deps, drafts: Drafts, zhao: Actor, junk: dict[str, object]
) -> None:
    begun = await _begin(deps, drafts, zhao)
    section = "evaluation" if "specialties" in junk else "basic"
    with pytest.raises(AppError, match="请") as refused:
        await drafts.save_section(zhao, begun.id, section, junk, 0)
    assert refused.value.status == 422


async def _begin(deps: Deps, drafts: Drafts, actor: Actor) -> Begun:
    await make_campaign(deps)
    return await drafts.start(actor, "first")


async def _send_back(application: Application, code: str, fields: list[str]) -> None:
    """Send the application back for one specialty, as a reviewer does."""
    for position, specialty in enumerate((SPECIALTY, OTHER_SPECIALTY)):
        choice = "preferred" if specialty == SPECIALTY else "alternative"
        await ApplicationSpecialty.create(
            application_id=application.id,
            code=specialty,
            choice=choice,
            position=position,
            state="sent_back" if specialty == code else "open",
        )
    await Application.filter(id=application.id).update(state="sent_back", sent_back_fields=fields, round=1, step=0)
