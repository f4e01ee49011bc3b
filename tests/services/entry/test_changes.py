"""Changing one's file (异动, 新疆手册 2025 L102, L106, L158-162): after the course, decided by the same reviewers."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta
from pathlib import Path
from typing import Any

import pytest

from app.rulebook_files import load_rulebooks
from domain.clock import FixedClock
from domain.errors import Conflict, InvalidInput, RuleViolation
from domain.ids import new_id
from models.applications import Application, Attachment
from models.exams import Exam, ExamCandidate
from models.experts import CatalogueEntry, Employment, Expert
from models.notices import Notice
from models.reviews import ReviewAssignment
from services.applications import ApplicationView, CampaignData
from services.core.base import Actor, Deps
from services.expert_files import file_of
from tests.factories.applications import SPECIALTY, account_of, attach, make_applicant, make_codes
from tests.factories.certificates import make_trained
from tests.factories.entry import EntryProcess, make_entry_process
from tests.factories.people import CREDIT_CODE, file_more, make_account, make_expert
from tests.factories.reviews import tasks_of
from tests.invariants import check_invariants

pytestmark = pytest.mark.usefixtures("db")
RULEBOOKS = Path(__file__).parents[3] / "config" / "rulebooks"
POOL, DISTRICT, OTHER_CITY, OTHER_CLASS = "xinjiang", "650106", "650300", "B0101"
UNIT = "新疆" + "某" * 60 + "设计院"


@pytest.fixture
def deps(deps: Deps) -> Deps:
    return replace(deps, rulebooks=load_rulebooks(RULEBOOKS, [POOL]))


@pytest.fixture
def entry_process(deps: Deps, clock: FixedClock) -> EntryProcess:
    return make_entry_process(deps, clock)


@pytest.fixture
async def person(deps: Deps) -> Actor:
    """Filed with a district, two classes and a unit of a long name."""
    await make_codes(deps.book(POOL))
    for code, name, parent in (("B", "货物类", ""), ("B01", "设备", "B"), (OTHER_CLASS, "机械设备", "B01")):
        await CatalogueEntry.create(pool=POOL, kind="specialty", code=code, name=name, parent=parent)
    applicant = await make_applicant(deps, pool=POOL)
    account = await account_of(applicant)
    file = await make_expert(
        deps,
        pool=POOL,
        account=account,
        id_number_hash=account.id_number_hash,
        permanent_region=DISTRICT,
        specialties=[SPECIALTY, OTHER_CLASS],
        title_level="10",
        emergency=True,
        term_until=deps.now() + timedelta(days=40),
    )
    await file_more(deps, file, employer=UNIT)
    return applicant


async def trained(deps: Deps, person: Actor, **columns: Any) -> None:
    await make_trained(deps, await account_of(person), await Expert.get(account_id=person.account_id), **columns)


async def begin(entry_process: EntryProcess, person: Actor) -> ApplicationView:
    begun = await entry_process.services.applications.drafts.start(person, "change")
    return await entry_process.services.applications.queries.get(person, begun.id)


async def save(
    entry_process: EntryProcess, person: Actor, view: ApplicationView, section: str, **typed: object
) -> None:
    known = next(section_view for section_view in view.sections if section_view.code == section)
    drafts = entry_process.services.applications.drafts
    await drafts.save_section(person, view.id, section, known.values | typed, known.version)


async def hand_in(entry_process: EntryProcess, person: Actor, view: ApplicationView) -> Application:
    version = (await Application.get(id=view.id)).version
    await entry_process.services.workflows.applications.submit(person, view.id, version)
    return await Application.get(id=view.id)


@pytest.mark.parametrize(("state", "days"), [("", 0), ("revoked", 30), ("replaced", 30), ("valid", -1)])
async def test_only_an_expert_who_passed_may_request_a_change(
    deps: Deps, entry_process: EntryProcess, person: Actor, state: str, days: int
) -> None:
    """L102, L106: 待完成继续教育、考试后."""
    if state:
        await trained(deps, person, state=state, valid_until=deps.now() + timedelta(days=days))
    with pytest.raises(RuleViolation, match="完成继续教育、考试合格") as refused:
        await begin(entry_process, person)
    assert "新疆手册 2025 L102" in (refused.value.source or "")


async def test_a_course_without_an_examination_is_not_enough(
    deps: Deps, entry_process: EntryProcess, person: Actor
) -> None:
    """The office then holds one for this person, and what was passed before the course does not count."""
    expert = await Expert.get(account_id=person.account_id)
    enrolment = await make_trained(deps, await account_of(person), expert, exam_state="")
    times = {"opens_at": deps.now(), "closes_at": deps.now() + timedelta(days=1), "created_at": deps.now()}
    exam = await Exam.create(pool=POOL, name="补考", purpose="single", **times)
    candidate = await ExamCandidate.create(
        exam=exam,
        account_id=expert.account_id,
        expert=expert,
        state="passed",
        called_at=deps.now(),
        concluded_at=enrolment.called_at - timedelta(days=1),
    )
    with pytest.raises(RuleViolation, match="由管理机构安排考试"):
        await begin(entry_process, person)
    await ExamCandidate.filter(id=candidate.id).update(concluded_at=deps.now())
    await begin(entry_process, person)


async def test_a_move_to_another_prefecture_is_decided_there_and_leaves_the_rest(
    deps: Deps, entry_process: EntryProcess, person: Actor
) -> None:
    """L158, at any time, without a campaign and without a paper; what was filed in another shape is right as it is."""
    await trained(deps, person)
    before = await Expert.get(account_id=person.account_id)
    view = await begin(entry_process, person)
    assert view.kept == ()
    assert {problem.field for problem in view.problems} == {"change_reason"}, "what the file lacks is not its subject"
    await save(entry_process, person, view, "transfer", region=OTHER_CITY, change_reason="工作调动")
    await save(entry_process, person, view, "new_recusal", recusal_units=[{"name": "无"}])
    contacts = {"email": "a@b.cn", "backup_mobile": "13912345678", "bank_name": "中国银行"}
    await save(entry_process, person, view, "new_contacts", **contacts, bank_account="6222021234567890128")
    old_prefecture = await make_account(deps, pool=POOL)
    await ReviewAssignment.create(
        pool=POOL, account_id=old_prefecture.id, step="local", region="650100", granted_at=deps.now()
    )
    application = await hand_in(entry_process, person, view)
    assert (application.state, application.moves_from) == ("reviewing", DISTRICT)
    told = await Notice.get(kind="review_moved")
    assert (told.account_id, told.params["what"]) == (old_prefecture.id, "赵明远由演示市演示区变更到第二市")
    assert [task.region for task in await tasks_of(application)] == [OTHER_CITY]
    assert (await Expert.get(id=before.id)).permanent_region == DISTRICT, "only an approval changes the file"
    [task] = await tasks_of(application)
    reviewer = await entry_process.reviewer(POOL, task.step_code)
    sheet = (await entry_process.services.reviews.queue.get(reviewer, task.id)).sheet
    old_and_new = {field.code: (field.former.text, field.text) for field in sheet.changed if field.former}
    assert old_and_new["region"] == ("演示市演示区", "第二市")
    assert old_and_new["bank_name"] == ("", "中国银行")
    assert {"specialties", "employer", "title_level"}.isdisjoint(old_and_new), "as filed"
    assert [(field.label, field.text) for field in sheet.stated] == [("变更原因", "工作调动")]
    application = await entry_process.go_on(application)
    assert application.state == "entered"
    after = await Expert.get(id=before.id)
    assert (after.number, after.permanent_region) == (before.number, OTHER_CITY)
    assert after.specialties == [SPECIALTY, OTHER_CLASS]
    assert (after.title_level, after.term_until) == (before.title_level, before.term_until)
    assert [employment.unit_name for employment in await Employment.filter(expert_id=after.id, until=None)] == [UNIT]
    assert "变更已生效" in str(
        (await Notice.filter(kind="application_progress").order_by("-created_at").first()).params
    )  # type: ignore[union-attr]  # there is one
    await check_invariants()


async def test_new_values_are_held_to_the_form_and_a_suspended_expert_stays_suspended(
    deps: Deps, entry_process: EntryProcess, person: Actor
) -> None:
    await trained(deps, person)
    view = await begin(entry_process, person)
    for section, field, value in (
        ("transfer", "region", "650122"),
        ("new_unit", "employer", "单" * 51),
        ("new_specialties", "specialties", [{"code": OTHER_CLASS, "choice": "preferred"}]),
    ):
        with pytest.raises(InvalidInput) as refused:
            await save(entry_process, person, view, section, **{field: value})
        assert field in str(refused.value.params)
    await save(entry_process, person, view, "transfer", change_reason="换了单位")
    await file_more(deps, await Expert.get(account_id=person.account_id), employer_code=CREDIT_CODE)
    await save(entry_process, person, view, "new_unit", employer="新单位有限公司")
    await save(entry_process, person, view, "new_specialties", specialties=[{"code": SPECIALTY, "choice": "preferred"}])
    await save(entry_process, person, view, "new_recusal", recusal_units=[{"name": "无"}])
    contacts = {"email": "a@b.cn", "backup_mobile": "13912345678", "bank_name": "中国银行"}
    await save(entry_process, person, view, "new_contacts", **contacts, bank_account="6222021234567890128")
    application = await entry_process.go_on(await hand_in(entry_process, person, view))
    after = await Expert.get(id=application.expert_id)
    assert (after.specialties, after.permanent_region) == ([SPECIALTY], DISTRICT)
    [current] = await Employment.filter(expert_id=after.id, until=None)
    assert (current.unit_name, current.credit_code) == ("新单位有限公司", ""), "the old employer's code went with it"
    former = await Employment.get(expert_id=after.id, until__not_isnull=True)
    assert (former.unit_name, former.credit_code, former.until) == (UNIT, CREDIT_CODE, deps.now())
    assert f"code:{CREDIT_CODE}" not in after.recusal_keys
    file = await file_of(deps, after.id)
    assert {"employer_code", "change_reason"}.isdisjoint(file.values)
    assert (file.since["employer_code"].source_id, file.since["employer"].at) == (application.id, deps.now())


async def test_a_change_that_changes_nothing_is_refused(deps: Deps, entry_process: EntryProcess, person: Actor) -> None:
    await trained(deps, person)
    contacts = {"email": "a@b.cn", "backup_mobile": "13912345678", "bank_name": "中国银行"}
    filed = {**contacts, "bank_account": "6222021234567890128", "recusal_units": [{"name": "无"}], "emergency": True}
    await file_more(deps, await Expert.get(account_id=person.account_id), **filed, remote_evaluation=False)
    view = await begin(entry_process, person)
    await save(entry_process, person, view, "transfer", change_reason="想换")
    problems = (await entry_process.services.applications.queries.get(person, view.id)).problems
    assert ([problem.field for problem in problems], "没有任何变更" in problems[0].message) == (["region"], True)
    await save(entry_process, person, view, "new_contacts", **contacts, bank_account="6228480402564890018")
    view = await entry_process.services.applications.queries.get(person, view.id)
    assert "没有任何变更" not in str(view.problems)


async def test_the_files_that_come_along_are_no_change_until_one_is_replaced_or_taken_out(
    deps: Deps, entry_process: EntryProcess, person: Actor
) -> None:
    """And none that the form requires can be taken out."""
    await trained(deps, person)
    expert = await Expert.get(account_id=person.account_id)
    times = dict.fromkeys(("state_since", "created_at", "ended_at"), deps.now())
    whose = {"pool": POOL, "account_id": person.account_id}
    earlier = await Application.create(number="SQ1", entry_type="first", state="entered", **whose, **times)
    held = [
        await attach(deps, earlier.id, code, media_type="image/jpeg")
        for code in ("photo", "other_material", "other_material")
    ]
    filed = {
        code: [{"row": file.row, "file": str(file.id)} for file in held if file.field == code]
        for code in ("photo", "other_material")
    }
    await file_more(deps, expert, **filed)
    view = await begin(entry_process, person)
    assert sorted(file.field for file in view.files) == ["other_material", "other_material", "photo"]
    await save(entry_process, person, view, "transfer", change_reason="更正")

    async def problems() -> dict[str, str]:
        shown = await entry_process.services.applications.queries.get(person, view.id)
        return {problem.field: problem.message for problem in shown.problems}

    assert "没有任何变更" in (await problems())["region"]
    copies = {file.field: file for file in await Attachment.filter(application_id=view.id).order_by("id")}
    await Attachment.filter(id=copies["other_material"].id).update(state="removed")
    assert await problems() == {}, "one paper less is a change"
    await Attachment.filter(id=copies["other_material"].id).update(state="ready")
    await Attachment.filter(id=copies["photo"].id).update(state="removed")
    assert (await problems()).keys() == {"photo"}
    await attach(deps, view.id, "photo", key="a newer photo")
    assert await problems() == {}


async def test_a_change_sets_nothing_that_its_applicant_left_empty(
    deps: Deps, entry_process: EntryProcess, person: Actor
) -> None:
    """A form's defaults (否, 无) are answers to questions that an entry asks."""
    await trained(deps, person)
    await file_more(deps, await Expert.get(account_id=person.account_id), willing_regions=["650300"])
    before = await Expert.get(account_id=person.account_id)
    view = await begin(entry_process, person)
    await save(entry_process, person, view, "transfer", change_reason="更正")
    await save(entry_process, person, view, "new_contacts", address="团结路9号")
    application = await entry_process.go_on(await hand_in(entry_process, person, view))
    assert application.state == "entered"
    after, file = await Expert.get(id=before.id), await file_of(deps, before.id)
    assert (after.willing_regions, after.emergency) == (["650300"], True)
    assert "experience" not in file.values
    touched = {code for code, change in file.since.items() if change.source_id == application.id}
    assert touched - {"name", "mobile"} == {"address"}, "beside what the account says"


async def test_a_temporary_expert_and_a_stranger_have_nothing_to_change(
    deps: Deps, entry_process: EntryProcess, person: Actor
) -> None:
    await trained(deps, person)
    await Expert.filter(account_id=person.account_id).update(membership_status="temporary")
    with pytest.raises(Conflict, match="成为正式专家后"):
        await begin(entry_process, person)
    with pytest.raises(Conflict, match="没有您的专家档案"):
        await begin(entry_process, await make_applicant(deps, pool=POOL))


async def test_no_campaign_takes_changes(deps: Deps, entry_process: EntryProcess) -> None:
    now = deps.now()
    data = CampaignData("异动", ["change"], now, now + timedelta(days=1))
    with pytest.raises(InvalidInput, match="随时可以办理"):
        await entry_process.services.applications.campaigns.create(Actor(POOL, "pool_admin", new_id()), data)
