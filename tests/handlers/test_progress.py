"""进度 and 缴费 in every state of an application: one bubble with the department, the time, the next step and a page.

A state without a line here fails the test, so that a new one can't be forgotten.
"""

from __future__ import annotations

import re
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any

import pytest

from domain.applications.lifecycles import IN_HAND, ApplicationState
from models.accounts import Account
from models.applications import Application, ApplicationSpecialty
from models.campaigns import Campaign
from models.experts import CatalogueEntry
from models.reviews import Objection, ReviewEntry, ReviewTask
from tests.factories.applicants import make_applicant, make_application
from tests.factories.applications import make_campaign
from tests.factories.payments import make_fee
from tests.factories.people import make_account
from tests.handlers.conftest import NOON, Phone, World

DAY, HOUR = timedelta(days=1), timedelta(hours=1)
SINCE = NOON - 3 * HOUR
POOL_NAME, HOTLINE = "演示省综合评标专家库", "400-000-0000"
FORM, STATUS = "/h5/demo/apply/form", "/h5/demo/apply/status"
_S = ApplicationState


@dataclass(frozen=True)
class Case:
    """``columns`` of the application, ``fee`` of its fee, ``campaign`` of its campaign; and the texts of the reply."""

    state: ApplicationState
    head: str
    who: str
    following: str
    page: str = STATUS
    columns: dict[str, Any] = field(default_factory=dict)
    fee: dict[str, Any] | None = None
    campaign: dict[str, Any] | None = None
    task: dict[str, Any] | None = None
    opinion: str = ""
    rules: dict[str, Any] = field(default_factory=dict)
    objected: bool = False
    tap: str = ""


SUBMITTED = {"submitted_at": SINCE, "round": 1, "step": 0}
APPROVED = {**SUBMITTED, "step": 1, "approved_at": SINCE, "expert_number": "ZJ0100001"}
OVER = {"ended_at": NOON - HOUR}
CASES = {
    "draft": Case(_S.DRAFT, "您的申请填写中", "本人", "请在12月20日(周日) 12:00前填写完整并提交", FORM, campaign={}),
    "draft, all year": Case(_S.DRAFT, "您的申请填写中", "本人", "请填写完整并提交", FORM),
    "draft, enrolment over": Case(
        _S.DRAFT,
        "您的申请填写中",
        "本人",
        "报名已于11月21日(周六) 11:00截止，已填写的内容会为您保留",
        campaign={"enrol_until": NOON - HOUR},
    ),
    "draft, campaign closed early": Case(
        _S.DRAFT, "您的申请填写中", "本人", "报名已于11月21日(周六) 09:00截止", campaign={"closed_at": NOON - 3 * HOUR}
    ),
    "printed": Case(
        _S.LOCKED, "您的申请已打印锁定", "本人", "12:00前把签字盖章的表格扫描上传并提交", FORM, campaign={}
    ),
    "first step": Case(
        _S.REVIEWING, "您的申请正在行业部门预审", "市州行业主管部门", "无需操作", columns=SUBMITTED, task={"step": 0}
    ),
    "last step": Case(
        _S.REVIEWING, "您的申请正在省级终审", "", "这一环节通常需要", columns={**SUBMITTED, "step": 1}, task={"step": 1}
    ),
    "sent back whole": Case(
        _S.SENT_BACK,
        "您的申请已被退回",
        "本人",
        "请按意见修改后重新提交",
        FORM,
        columns={**SUBMITTED, "sent_back_fields": ["*"]},
        opinion="证书不清晰",
    ),
    "one specialty sent back": Case(
        _S.SENT_BACK,
        "您的申请在行业部门预审环节有部分内容被退回",
        "本人",
        "请按意见修改后重新提交",
        FORM,
        columns={**SUBMITTED, "sent_back_fields": ["specialties"]},
        opinion="与工作经历不符",
    ),
    "sent back, too late": Case(
        _S.SENT_BACK,
        "您的申请已被退回",
        "本人",
        f"修改提交已于11月21日(周六) 11:00截止，请拨打{HOTLINE}咨询",
        columns={**SUBMITTED, "sent_back_fields": ["*"]},
        campaign={"enrol_until": NOON - HOUR, "review_until": NOON - HOUR},
        opinion="证书不清晰",
        rules={"own_campaign_window": True},
    ),
    "withdrawn": Case(_S.CORRECTING, "您的申请修改中", "本人", "请修改后重新提交", FORM, columns=SUBMITTED),
    "public notice": Case(
        _S.NOTICE,
        "您的申请公示中",
        POOL_NAME,
        "公示至11月24日(周二) 12:00，期满无异议后进入下一步",
        columns={**APPROVED, "notice_until": NOON + 3 * DAY},
    ),
    "objection": Case(
        _S.NOTICE,
        "您的申请公示中，有异议正在核实",
        POOL_NAME,
        "异议核实处理后会通知您",
        columns={**APPROVED, "notice_until": NOON - HOUR},
        objected=True,
    ),
    "notice just over": Case(
        _S.NOTICE,
        "您的申请公示中",
        POOL_NAME,
        "公示期已满，正在办理下一步",
        columns={**APPROVED, "notice_until": NOON - HOUR},
    ),
    "fee being prepared": Case(_S.FEE, "您的申请待缴费", POOL_NAME, "缴费通知正在准备", columns=APPROVED, tap="缴费"),
    "fee not open": Case(
        _S.FEE,
        "您的申请待缴费",
        "本人",
        "11月23日(周一) 12:00起可以缴费（350.00元）",
        columns=APPROVED,
        fee={"opens_at": NOON + 2 * DAY},
        tap="缴费",
    ),
    "fee open": Case(
        _S.FEE,
        "您的申请待缴费",
        "本人",
        "12:00前缴费350.00元",
        "/h5/demo/pay/",
        columns=APPROVED,
        fee={"opens_at": NOON - HOUR, "closes_at": NOON + 3 * DAY},
        tap="缴费",
    ),
    "fee closed": Case(
        _S.FEE,
        "您的申请待缴费",
        "本人",
        "缴费已于11月21日(周六) 11:00截止，请拨打",
        columns=APPROVED,
        fee={"opens_at": NOON - DAY, "closes_at": NOON - HOUR},
        tap="缴费",
    ),
    "fee just paid": Case(
        _S.FEE,
        "您的申请待缴费",
        POOL_NAME,
        "已缴费，正在办理下一步",
        columns=APPROVED,
        fee={"state": "paid", "paid_at": NOON},
        tap="缴费",
    ),
    "exam": Case(_S.EXAM, "您的申请待考试", POOL_NAME, "考试安排好后会通知您", columns=APPROVED),
    "entered": Case(
        _S.ENTERED, "您的申请已办结，您已入库", "", "您的专家编号是ZJ0100001", columns={**APPROVED, **OVER}
    ),
    "refused": Case(
        _S.REFUSED,
        "您的申请未通过",
        "",
        f"如有疑问，请拨打{HOTLINE}咨询",
        columns={**SUBMITTED, **OVER, "reason": "从业年限不足"},
        opinion="从业年限不足",
        tap="申报",
    ),
    "given up": Case(_S.CANCELLED, "您的申请已放弃", "", "请在征集期内重新提交", columns=OVER, tap="申报"),
    "ended by the office": Case(
        _S.TERMINATED,
        "您的申请已终止",
        "",
        "已缴的费用按规定退回",
        columns={**APPROVED, **OVER, "reason": "材料不实"},
        opinion="材料不实",
        tap="申报",
    ),
}


async def make_applicant_in_case(world: World, case: Case) -> tuple[Phone, Application]:
    """The applicant's phone, with rows as in the case."""
    if case.rules:
        world.set_rules(review=case.rules)
    deps = world.office.deps
    campaign = await make_campaign(deps, **case.campaign) if case.campaign is not None else None
    columns = {"state_since": SINCE, "campaign_id": campaign.id if campaign else None, **case.columns}
    applicant = await make_applicant(deps, state=case.state, **columns)
    if case.fee is not None:
        await make_fee(deps, applicant.application, **{"opens_at": NOON - DAY, "closes_at": None, **case.fee})
    if case.task is not None:
        step = deps.book("demo").review.steps[case.task["step"]]
        await ReviewTask.create(
            application_id=applicant.id,
            pool="demo",
            round=1,
            step_code=step.code,
            region="440000",
            state="open",
            opened_at=SINCE,
            **case.task,
        )
    if case.state in (_S.SENT_BACK, _S.CORRECTING):
        await ReviewEntry.create(
            application_id=applicant.id, at=SINCE, event="send_back", who="某部门", opinion=case.opinion
        )
    if case.objected:
        objector = await make_account(deps)
        await Objection.create(application_id=applicant.id, pool="demo", account_id=objector.id, created_at=NOON)
    return await world.phone_with(applicant.account), applicant.application


@pytest.mark.parametrize("name", CASES)
async def test_progress_says_who_has_it_since_when_and_what_comes_next(world: World, name: str) -> None:
    case = CASES[name]
    phone, application = await make_applicant_in_case(world, case)
    answer = await phone.says("进度")
    lines = answer.splitlines()
    assert lines[:2] == [case.head, f"申请编号：{application.number}"]
    if "ended_at" in case.columns:
        assert lines[2] == "办结时间：11月21日(周六) 11:00"
    else:
        who = case.who or world.office.deps.book("demo").review.steps[-1].department
        assert lines[2] == f"当前办理：{who}（自11月21日(周六) 09:00）"
    assert case.following in answer
    assert f"咨询：{HOTLINE}" in answer
    assert ("审核意见：" + case.opinion in answer) == bool(case.opinion)
    [link] = re.findall(r'<a href="(http[^"]*)">', answer)
    assert link.startswith(f"http://127.0.0.1:8080{case.page}")
    tapped = re.findall(r">([^<]*)</a>", answer.partition(link)[2])[1:]
    live = "ended_at" not in case.columns
    assert tapped == [*([case.tap] if case.tap else []), *(["放弃申请"] if live else [])]


def test_every_state_has_its_words() -> None:
    assert {case.state for case in CASES.values()} == set(ApplicationState)


@pytest.mark.parametrize("name", CASES)
async def test_applying_never_offers_what_can_not_be_done(world: World, name: str) -> None:
    """One item while an application is under way: the same words, and a page that exists."""
    case = CASES[name]
    phone, _ = await make_applicant_in_case(world, case)
    answer = await phone.says("申报")
    assert answer.startswith("您目前：")
    if "ended_at" not in case.columns:
        assert f"【{case.head}】" in answer
        assert case.following in answer
        assert len(re.findall(r'<a href="http', answer)) == 1


PAYING = {
    "fee not open": "11月23日(周一) 12:00起可以缴费",
    "fee open": "点这里立即支付",
    "fee closed": "缴费已于11月21日 11:00截止",
    "fee just paid": "缴费成功，无需重复支付",
    "fee being prepared": "届时会通知您；现在还不用缴",
    "first step": "届时会通知您；现在还不用缴",
}


@pytest.mark.parametrize("name", PAYING)
async def test_the_reply_to_pay_agrees_with_progress(world: World, name: str) -> None:
    phone, _ = await make_applicant_in_case(world, CASES[name])
    assert PAYING[name] in await phone.says("缴费")


async def test_a_long_list_of_specialties_and_a_long_opinion_stay_one_bubble(world: World) -> None:
    case = Case(
        _S.SENT_BACK,
        "",
        "",
        "",
        FORM,
        columns={**SUBMITTED, "sent_back_fields": ["*"]},
        opinion="请补充材料。" * 80,
    )
    phone, application = await make_applicant_in_case(world, case)
    for number in range(12):
        await ApplicationSpecialty.create(
            application_id=application.id, position=number, code=f"A0101{number:02}", choice="preferred", state="open"
        )
    answer = await phone.says("进度")
    assert len(answer.encode()) < 2000
    assert "修改信息" in answer


async def test_a_change_of_the_file_beside_another_application_has_its_own_words_in_one_bubble(world: World) -> None:
    case = Case(_S.SENT_BACK, "", "", "", columns={**SUBMITTED, "sent_back_fields": ["*"]}, opinion="请补充材料。" * 80)
    phone, application = await make_applicant_in_case(world, case)
    account = await Account.get(id=application.account_id)
    beside = {**SUBMITTED, "sent_back_fields": ["*"], "entry_type": "change", "state_since": SINCE}
    change = await make_application(world.office.deps, account, state=_S.SENT_BACK, **beside)
    await ReviewEntry.create(
        application_id=change.id, at=SINCE, event="send_back", who="某部门", opinion="证件不清晰。" * 80
    )
    for row in (application, change):
        for number in range(12):
            await ApplicationSpecialty.create(
                application_id=row.id, position=number, code=f"A0101{number:02}", choice="preferred", state="open"
            )
    pages = [f"http://127.0.0.1:8080{FORM}", f"http://127.0.0.1:8080{FORM}?number={change.number}"]
    for words in ("进度", "修改信息"):
        answer = await phone.says(words)
        assert re.findall(r'<a href="(http[^"]*)">', answer) == pages
        assert ("请补充材料" in answer, "证件不清晰" in answer, len(answer.encode()) <= 2048) == (True, True, True)
    which = await phone.says("放弃申请")
    assert (which.count("\n") <= 4, application.number in which, change.number in which) == (True, True, True)
    question = await phone.says("2")
    assert f"放弃申请{change.number}？" in question
    assert f"申请{change.number}已放弃" in await phone.taps("确定放弃")
    states = {row.id: row.state for row in await Application.all()}
    assert (states[application.id], states[change.id]) == ("sent_back", "cancelled")


REGIONS = {"440100": "演示市住建局 020-1111", "440300": "第二市住建局 0755-2222"}


async def test_the_line_of_the_own_region_stands_in_the_progress(world: World) -> None:
    for code, name in (("440100", "演示市"), ("440106", "演示区"), ("440300", "第二市")):
        await CatalogueEntry.update_or_create(
            pool="demo", kind="region", code=code, defaults={"name": name, "parent": ""}
        )
    columns = {**SUBMITTED, "region": "440106"}
    case = Case(_S.REVIEWING, "", "", "", columns=columns, campaign={"advice": REGIONS}, task={"step": 0})
    phone, _ = await make_applicant_in_case(world, case)
    assert "咨询：演示市：演示市住建局 020-1111" in await phone.says("进度")


async def test_the_guide_names_whom_to_ask_in_each_region(world: World, stranger: Phone) -> None:
    assert "各地咨询" not in await stranger.says("办理指南")
    many = {f"44{number:02}00": f"某某市住房和城乡建设局{number} 020-{number:08}" for number in range(1, 40)}
    campaign = await make_campaign(world.office.deps, advice=REGIONS)
    assert "第二市住建局 0755-2222" in await stranger.says("办理指南")
    await Campaign.filter(id=campaign.id).update(advice=many)
    crowded = await stranger.says("办理指南")
    assert "某某市住房和城乡建设局1 020-00000001" in crowded
    assert "其他地区请打开完整办理指南查看" in crowded
    assert "办理指南和常见问题" in crowded
    assert "核对抽取记录" in crowded
    assert len(crowded.encode()) <= 2048


@pytest.mark.parametrize("name", CASES)
async def test_mending_leads_to_the_form_exactly_while_something_can_be_changed(world: World, name: str) -> None:
    case = CASES[name]
    phone, _ = await make_applicant_in_case(world, case)
    answer = await phone.says("修改信息")
    if case.state in IN_HAND:
        assert case.following in answer, "also that it is too late"
        assert re.findall(r'<a href="http://127.0.0.1:8080([^?"]*)', answer) == [case.page]
        assert ("审核意见：" + case.opinion in answer) == bool(case.opinion)
    else:
        assert answer.startswith("目前没有需要您修改的内容")
        assert case.head in await phone.taps("进度")


async def test_a_specialty_that_was_sent_back_is_opened_itself(world: World) -> None:
    phone, _ = await make_applicant_in_case(world, CASES["one specialty sent back"])
    assert f"{FORM}?at=specialties" in await phone.says("修改信息")
