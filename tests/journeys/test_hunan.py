"""Hunan's manual for applicants (湖南省综合评标专家库 征集（续聘）须知), step by step, through the exam into the pool,
and on to the next campaign.

Only through chat, pages and the mini-program, over the wire. The names follow the manual's chapters in their order;
each step goes on where the one before ended.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import timedelta

import pytest
import pytest_asyncio

from app.players.applicants import Applicant, log_in_by_password, register_by_chat, register_in_mini
from app.players.browser import log_in
from app.players.exams import Examinee, ExamOffice, right
from app.players.http_client import Refused
from app.players.mini_program import MiniProgram
from app.players.page_script import PageScript
from app.players.phones import NotArrived, bubbles
from app.players.scans import card, portrait, signed_scan
from domain.clock import local
from tests.drivers.in_process import Stores
from tests.factories.forms import good_values
from tests.journeys.applying import (
    PASSWORD,
    Journey,
    Person,
    birthday,
    expert_row,
    messages_by_field,
    pdf_text,
    refused,
    refused_on_page,
    run_journey,
)

pytestmark = [pytest.mark.asyncio(loop_scope="module")]

POOL = "hunan"
ADMIN = Person("管库员", "19900300001", serial=1)
HE = Person("何岳麓", "19900300002", serial=2)
"""Applicant from 岳麓区."""
OLD = Person("老专家", "19900300003", born=birthday(66, -1), serial=3)
"""Completed 66 years yesterday."""
EDGE = Person("何满岁", "19900300011", born=birthday(66, 60), serial=11)
"""Aged 65: may apply, and is refused in the end."""
LUO = Person("罗资江", "19900300012", born="19750303", serial=12)
"""In the pool already; renews."""
ZHOU = Person("周洞庭", "19900300004", born="19820909", serial=4)
"""Registers by chat, changes the mobile and misses the deadline."""
ZHOUS_NEW = Person("周洞庭", "19900300005", born="19820909", serial=4)
BUILDERS = Person("住建局", "19900300006", serial=6)
PLANNERS = Person("发改委", "19900300007", serial=7)
CITY = Person("长沙管理", "19900300008", serial=8)
PROVINCE = Person("省行业", "19900300009", serial=9)
FINAL = Person("省终审", "19900300010", serial=10)
CHANGSHA = "430100"
UNIT = "湖南省建筑设计院集团股份有限公司"
OFFERED = "湖南大学设计研究院有限公司"
"""Unit that is in the list from the start."""
BUILDING, PLANNING, ROADS = "A080101", "A010101", "A010102"
NAMES = {BUILDING: "土石方工程", ROADS: "公路"}
"""Of specialties, as reviewers see them."""


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def way(stores: Stores) -> AsyncIterator[Journey]:
    people = (HE, OLD, EDGE, LUO, ZHOU, ZHOUS_NEW, BUILDERS, PLANNERS, CITY, PROVINCE, FINAL)
    luo = expert_row(LUO, "ZJ4300001", region="430104", specialties=BUILDING, employer=OFFERED)
    async with run_journey(stores, POOL, ADMIN, people, experts=luo) as journey:
        yield journey


async def _applicant_he(way: Journey) -> Applicant:
    return await _applicant_with_mini(way, HE)


async def _applicant_with_mini(way: Journey, person: Person) -> Applicant:
    """A person with the mini-program."""
    if person.mobile not in way.applicants:
        mini = await way.mini(person, "")
        way.applicants[person.mobile] = Applicant(way.phone(person), person.name, person.id_number, mini)
    return way.applicants[person.mobile]


def _preferred(*codes: str) -> list[dict[str, str]]:
    return [{"code": code, "choice": "preferred"} for code in codes]


def _good_values(*fields: str, **more: object) -> dict[str, object]:
    values = good_values(POOL)
    return {field: values[field] for field in fields} | more


async def _newest_link(way: Journey) -> str:
    """The address behind the first link of 何岳麓's newest bubble."""
    return next(str(link["url"]) for link in bubbles(await way.phone(HE).read(), POOL)[-1]["links"] if link["url"])


# ---- before: the administration


async def test_00_the_departments_get_their_reviewers(way: Journey) -> None:
    office = await way.office()
    await office.assign(BUILDERS.mobile, BUILDERS.name, "industry", region=CHANGSHA, specialty="A08")
    await office.assign(PLANNERS.mobile, PLANNERS.name, "industry", region=CHANGSHA, specialty="A01")
    await office.assign(CITY.mobile, CITY.name, "city", region=CHANGSHA)
    await office.assign(PROVINCE.mobile, PROVINCE.name, "province")
    await office.assign(FINAL.mobile, FINAL.name, "final")
    await office.add_employer(OFFERED, region=CHANGSHA)


# ---- 资格申报, 办理指南, 意见反馈


async def test_01_applying_leads_to_the_log_in_and_the_guide_is_open_to_all(way: Journey) -> None:
    browser = way.browser(HE)
    assert "/h5/login" in (await browser.open(f"/h5/{POOL}/apply")).url
    page = await browser.open(f"/h5/{POOL}/help")
    assert "打印表格、盖章、扫描上传" in page.text
    phone = way.phone(HE)
    await phone.follow()
    assert "请先注册" in await phone.say("申报")
    assert "/h5/login" in (await browser.open(await _newest_link(way))).url


# ---- 首次申请注册


async def test_02_registering_takes_a_true_number_and_a_password_by_the_rule(way: Journey) -> None:
    mini = await way.mini(HE, "")
    for number in (HE.id_number[:-1] + ("1" if HE.id_number[-1] != "1" else "2"), "4301041978061500"):
        with pytest.raises(Refused) as wrong:
            await register_in_mini(mini, HE.name, number, PASSWORD)
        assert wrong.value.problem["field"] == "id_number"
    for password in ("Abc1234", "abcd1234", "ABCD1234", "Abcdefgh"):
        with refused(code="password_rule"):
            await register_in_mini(mini, HE.name, HE.id_number, password)
    done = await register_in_mini(mini, HE.name, HE.id_number, PASSWORD)
    assert (done["masked_name"], done["roles"]) == ("何**", ["applicant"])
    with refused(code="already_registered"):
        await register_in_mini(mini, "何改名", HE.id_number, PASSWORD)
    he = await _applicant_he(way)
    assert await he.badge() == "未入库"


async def test_02_one_registers_by_chat_too_but_types_no_password_there(way: Journey) -> None:
    phone = way.phone(ZHOU)
    await phone.follow()
    assert "注册成功" in await register_by_chat(phone, ZHOU.name, ZHOU.id_number)
    answer = await phone.say("密码Abcd1234")
    assert "不接收密码" in answer
    assert "未入库" in await phone.say("注册")
    await way.phone(OLD).follow()
    assert "注册成功" in await register_by_chat(way.phone(OLD), OLD.name, OLD.id_number)


async def test_02_a_mobile_is_changed_once_a_year_and_both_numbers_are_notified(way: Journey) -> None:
    browser, new = way.browser(ZHOU), way.phone(ZHOUS_NEW)
    await way.stage.advance(61)
    await log_in(browser, way.phone(ZHOU), f"/h5/{POOL}/account")
    assert "姓名和身份证号注册后不能修改" in browser.page.text
    await way.stage.advance(61)
    await browser.follow("更换手机号")
    old_before, new_before = [len((await phone.read())["sms"]) for phone in (way.phone(ZHOU), new)]
    await browser.press("获取验证码", mobile=ZHOUS_NEW.mobile)
    codes = [await way.phone(ZHOU).sms_code(after=old_before), await new.sms_code(after=new_before)]
    page = await browser.press("更换", old_code=codes[0], code=codes[1])
    assert "手机号已更换" in page.text
    assert f"{ZHOUS_NEW.mobile[:3]}****{ZHOUS_NEW.mobile[-4:]}" in page.text
    for person in (ZHOU, ZHOUS_NEW):
        await way.sms(person, "更换手机号")
    page = await browser.open(f"/h5/{POOL}/account/mobile")
    free = local(await way.stage.now() + timedelta(days=365))
    assert f"{free.year}年{free.month}月{free.day}日" in page.text
    assert "起可以再次更换" in page.text
    assert not any("更换" in form.buttons for form in page.forms)


# ---- 续聘专家登录: both ways


async def test_03_an_expert_logs_in_by_code_or_password_and_is_locked_after_wrong_tries(
    way: Journey,
) -> None:
    for name in (HE.mobile, HE.id_number):
        page = await log_in_by_password(way.browser(HE, name), POOL, name, PASSWORD)
        assert page.url.endswith(f"/h5/{POOL}/apply")
    await log_in(way.browser(HE, "code"), way.phone(HE), f"/h5/{POOL}/apply")
    assert "未入库" in way.browser(HE, "code").page.text

    thief = way.browser(HE, "thief")
    for left in (4, 3, 2, 1):
        page = await log_in_by_password(thief, POOL, HE.mobile, "Wrong1234")
        assert f"还可以再试{left}次" in page.text
    assert "暂停到" in (await log_in_by_password(thief, POOL, HE.mobile, "Wrong1234")).text
    assert "暂停到" in (await log_in_by_password(thief, POOL, HE.mobile, PASSWORD)).text
    await way.stage.advance(30 * 60 + 1)
    assert (await log_in_by_password(way.browser(HE), POOL, HE.mobile, PASSWORD)).url.endswith("/apply")


# ---- 网上申报: the window


async def test_04_outside_the_window_an_applicant_is_refused_with_its_opening_date(way: Journey) -> None:
    he, office = await _applicant_he(way), await way.office()
    with refused_on_page("目前没有接受首次申请的征集"):
        await he.start()
    opens = local(await way.stage.now()).replace(second=0, microsecond=0) + timedelta(days=1)
    way.facts["campaign"] = await office.open_campaign(
        "2026年专家征集（续聘）", ("first", "renewal"), (opens, opens + timedelta(days=10))
    )
    with refused_on_page("开始报名"):
        await he.start()
    [item] = (await he.home())["to_do"]
    assert (item["title"], item["route"]) == ("专家常态征集", "")
    assert "开始报名" in item["detail"]
    assert "绑定成功" in await he.phone.bind()
    assert "开始报名" in await he.phone.say("申报")
    await way.stage.advance_to(opens + timedelta(seconds=1))
    [item] = (await he.home())["to_do"]
    assert (item["title"], item["action"]) == ("专家常态征集", "去申请")


async def test_05_a_person_who_has_completed_66_years_cannot_apply(way: Journey) -> None:
    mini = MiniProgram(way.stage.http_client, way.phone(OLD), "")
    await mini.open()
    old = Applicant(way.phone(OLD), OLD.name, OLD.id_number, mini)
    with refused_on_page("超过65周岁"):
        await old.start()
    edge = await _applicant_with_mini(way, EDGE)
    await register_in_mini(await way.mini(EDGE, ""), EDGE.name, EDGE.id_number, PASSWORD)
    await edge.start()


async def test_05_an_expert_of_the_pool_only_logs_in_and_finds_the_renewal(way: Journey) -> None:
    luo = way.at_browser(LUO)
    await log_in(way.browser(LUO), way.phone(LUO), f"/h5/{POOL}/apply")
    page = await way.browser(LUO).press("同意并继续")
    assert "正式专家" in page.text
    [item] = (await luo.home())["to_do"]
    assert (item["title"], item["action"]) == ("待参与续聘", "前去续聘")
    with refused_on_page("您已是本库专家"):
        await luo.start()
    assert (await luo.home())["progress"] is None
    await luo.start("renewal")
    known = {section["code"]: section["values"] for section in (await luo.show())["sections"]}
    assert known["basic"]["employer"] == await luo.find_employer(OFFERED)
    assert known["evaluation"]["specialties"] == _preferred(BUILDING)
    paper = pdf_text(await luo.document("information"))
    for shown in (LUO.name, LUO.id_number, OFFERED, "土石方工程"):
        assert shown in paper, "imported, and on the paper as on the page"
    with refused_on_page("续聘申请正在办理"):
        await luo.start("first")
    await _hand_in(luo, "renewal")
    progress = (await luo.show())["progress"]
    assert (progress["headline"], progress["stages"][0]["name"]) == ("您的续聘申请正在行业部门预审", "网上申报")


async def _hand_in(applicant: Applicant, entry_type: str = "first") -> None:
    """Fill in the four parts, print, upload the stamped scan, and submit."""
    employer = await applicant.find_employer(OFFERED)
    await applicant.fill_in(good_values(POOL) | {"employer": employer}, entry_type=entry_type)
    await applicant.attach_missing(but=frozenset({"signed_form"}))
    await applicant.print_form()
    await applicant.upload("signed_form", "资格审查表.pdf", signed_scan(4))
    assert (await applicant.submit())["state"] == "reviewing"


# ---- 申报第一步: basic data


async def test_06_the_first_part_shows_the_registration_and_takes_an_employer_from_the_list(way: Journey) -> None:
    he = await _applicant_he(way)
    await he.start()
    sections = await he.sections()
    assert [section["title"] for section in sections] == ["基础信息", "执业与专业信息", "评标信息", "附件上传"]
    fixed = {field["code"] for field in sections[0]["fields"] if field["read_only"]}
    assert fixed == {"name", "sex", "birth", "id_number", "mobile"}
    basic = _good_values("political_status", "region", "work_history", employer="湖南某设计院")
    with pytest.raises(Refused) as typed:
        await he.save("basic", basic)
    assert "employer" in messages_by_field(typed.value)
    with pytest.raises(Refused) as changed:
        await he.save("basic", {"mobile": ZHOU.mobile})
    assert "mobile" in messages_by_field(changed.value)
    await he.save("basic", _good_values("political_status", "region"))
    assert {"work_history", "employer"} <= (await he.problems()).keys(), "at least the most recent job"


async def test_06_a_unit_that_is_missing_is_asked_for_and_added_by_the_office(way: Journey) -> None:
    he, office = await _applicant_he(way), await way.office()
    assert (await he.client.get(f"/employers?word={UNIT}"))["items"] == []
    body = {"name": UNIT, "region": CHANGSHA, "note": "单位列表中没有"}
    request = await he.client.post("/employer-requests", body)
    assert (await he.client.post("/employer-requests", body))["id"] == request["id"], "asked for once"
    page = await office.open("/office/employers/requests")
    assert page.text.count("同意添加") == 1
    for shown in (UNIT, "单位列表中没有"):
        assert shown in page.text
    page = (await he.client.open_page("/office/employers/requests")).page
    assert page.path == "/h5/role", "the office's page is for nobody else"
    assert UNIT not in page.text
    await office.accept_employer(UNIT)
    await way.wait_until_told(HE, "添加")
    [unit] = (await he.client.get(f"/employers?word={UNIT[:6]}"))["items"]
    assert unit["name"] == UNIT
    await he.save("basic", _good_values("political_status", "region", "work_history", employer=unit["id"]))


# ---- 申报第二步, 第三步


async def test_07_at_most_three_certificates_and_every_step_can_be_saved(way: Journey) -> None:
    he = await _applicant_he(way)
    values = _good_values("education", "degree", "school", "major", "title_level")
    row = {"code": "Q0301", "number": "S20094300123"}
    with pytest.raises(Refused) as four:
        await he.save("profession", values | {"qualifications": [row] * 4})
    assert "3" in messages_by_field(four.value)["qualifications"]
    await he.save("profession", values | {"qualifications": [row]})


async def test_08_one_to_six_specialties_and_drafts_from_two_devices_lose_nothing(way: Journey) -> None:
    he = await _applicant_he(way)
    assert (await log_in_by_password(way.browser(HE), POOL, HE.mobile, PASSWORD)).status == 200
    browser = Applicant(he.phone, he.name, he.id_number, PageScript(way.browser(HE), POOL), he.id)
    await browser.read()
    assert {section["code"] for section in (await browser.show())["sections"] if section["version"]} == {
        "basic",
        "profession",
    }
    seven = _preferred(*(f"A08010{n}" for n in range(1, 8)))
    with pytest.raises(Refused) as many:
        await browser.save("evaluation", {"specialties": seven})
    assert "6" in messages_by_field(many.value)["specialties"]
    await browser.save("evaluation", {"specialties": _preferred(BUILDING, PLANNING), "strengths": "大跨结构。"})
    with refused(code="section_stale") as stale:
        await he.save("evaluation", {"specialties": _preferred(BUILDING)})
    there = stale.value.problem["params"]
    assert there["values"]["strengths"] == "大跨结构。", "what the other device saved comes along"
    he.versions["evaluation"] = there["version"]
    await he.save("evaluation", there["values"] | {"strengths": "大跨结构，评标经历十年。"})


async def test_09_printing_warns_then_locks_and_the_document_proves_its_version(way: Journey) -> None:
    he, office = await _applicant_he(way), await way.office()
    with pytest.raises(NotArrived, match="打开PDF"):
        await he.document()
    with refused(code="print_locks", says="锁定"):
        await he.print_form(confirmed=False)
    first = await he.print_form()
    assert first["locked"]
    assert await he.print_form() == first, "the same state is the same print"
    with refused(rule="form.papers.print_locks"):
        await he.save("profession", {"school": "中南大学"})
    text = pdf_text(await he.document())
    assert HE.name in text
    assert UNIT in text
    page = await way.browser(OLD).open(f"/p/{first['code']}")
    assert "是最新版本" in page.text
    assert HE.name not in page.text

    await office.unlock((await he.show())["number"], "申请人来电：毕业院校填错。")
    await he.read()
    await he.save("profession", _good_values("education", "degree", "major", "title_level", school="中南大学"))
    assert "不是最新版本" in (await way.browser(OLD).open(f"/p/{first['code']}")).text
    second = await he.print_form()
    assert second["version"] > first["version"]
    assert "是最新版本" in (await way.browser(OLD).open(f"/p/{second['code']}")).text


# ---- 申报第四步: attachments and submitting


async def test_10_the_stamped_form_and_four_kinds_of_proof_are_required(way: Journey) -> None:
    he = await _applicant_he(way)
    missing = await he.problems()
    assert missing.keys() == {"signed_form", "id_card_front", "id_card_back", "degree_proof", "title_proof", "photo"}
    with pytest.raises(Refused) as incomplete:
        await he.submit()
    assert messages_by_field(incomplete.value).keys() == missing.keys()
    with pytest.raises(Refused):
        await he.upload("degree_proof", "学历证书.jpg", b"MZ" + bytes(5000))
    await he.upload("photo", "寸照.jpg", portrait())
    await he.upload("signed_form", "资格审查表.pdf", signed_scan())
    assert set(await he.attach_missing()) == missing.keys() - {"photo", "signed_form"}
    await he.upload("other_material", "获奖证书.jpg", card(9))
    done = await he.submit()
    assert done["state"] == "reviewing"


async def test_10_another_applicant_submits_too(way: Journey) -> None:
    await _hand_in(await _applicant_with_mini(way, EDGE))


async def test_10_when_the_window_closes_during_typing_the_draft_is_kept(way: Journey) -> None:
    await way.stage.advance(61)
    late = way.at_browser(ZHOU)
    await log_in(way.browser(ZHOU), way.phone(ZHOUS_NEW), f"/h5/{POOL}/apply")
    await late.start()
    await late.save("basic", _good_values("political_status", "region"))
    await (await way.office()).close_campaign(way.facts["campaign"])
    await late.save("profession", _good_values("school"))
    values_by_section = {section["code"]: section["values"] for section in (await late.show())["sections"]}
    assert values_by_section["profession"] == {"school": "湖南大学"}
    with refused(says="截止"):
        await late.submit()
    [item] = (await late.home())["to_do"]
    assert "会为您保留" in item["detail"]


# ---- 审核阶段


async def _progress(way: Journey, *words: str) -> None:
    answer = await (await _applicant_he(way)).ask()
    assert all(word in answer for word in words), answer


async def test_11_the_industry_departments_look_at_each_specialty_and_send_back_one(way: Journey) -> None:
    he, number = await _applicant_he(way), (await (await _applicant_he(way)).show())["number"]
    await way.stage.advance(61)
    builders, planners = await way.reviewer(BUILDERS), await way.reviewer(PLANNERS)
    await _progress(way, "行业部门预审", "市州行业主管部门")
    queue = await builders.queue()
    assert len(queue) == 3, "何岳麓, 何满岁, 罗资江"
    assert all(NAMES[BUILDING] in line for line in queue), "the own branch only"
    await builders.approve(await builders.find(number))
    task = await planners.find(number)
    assert "不通过" not in (await planners.open(task)).buttons, "this step can't refuse"
    await planners.send_back(task, "总体规划与工作经历不符，请重新选择。")
    await way.sms(HE, "被退回，请按审核意见修改")
    await _progress(way, "总体规划与工作经历不符", "修改信息")
    page = await way.wechat(HE).open(await _newest_link(way))
    assert (page.status, page.url.rpartition("/service")[2]) == (200, f"/h5/{POOL}/apply/form?at=specialties"), "let in"
    [line] = [line for line in await he.log() if line["event"] == "send_back"]
    assert (line["specialty"], line["step_name"]) == (PLANNING, "行业部门预审")
    assert "不符" in line["opinion"]


async def test_12_only_that_specialty_is_open_and_it_is_corrected(way: Journey) -> None:
    he = await _applicant_he(way)
    shown = await he.read()
    editable = {field for section in shown["sections"] for field in section["editable"]}
    assert editable == {"specialties", "strengths", "signed_form", "other_material"}
    assert shown["progress"]["headline"].startswith("您的申请")
    values = next(section["values"] for section in shown["sections"] if section["code"] == "evaluation")
    with pytest.raises(Refused):
        await he.save("profession", {"school": "清华大学"})
    with pytest.raises(Refused) as other:
        await he.save("evaluation", values | {"specialties": _preferred(ROADS)})
    assert "没有被退回" in messages_by_field(other.value)["specialties"]
    with pytest.raises(Refused) as more:
        await he.save("evaluation", values | {"specialties": _preferred(BUILDING, ROADS, "A080102")})
    assert "最多再选1个" in messages_by_field(more.value)["specialties"], "in the place of one comes one"
    await he.save(
        "evaluation", values | {"specialties": _preferred(BUILDING, ROADS), "strengths": "参与公路规划十年。"}
    )
    with refused(rule="form.papers.print_before_submit"):
        await he.submit()
    await he.print_form()
    with pytest.raises(Refused) as old_scan:
        await he.submit()
    assert "signed_form" in messages_by_field(old_scan.value)
    [old] = [file["id"] for file in (await he.show())["files"] if file["field"] == "signed_form"]
    await he.client.delete(f"/attachments/{old}")
    await he.upload("signed_form", "资格审查表（改）.pdf", signed_scan(2))
    assert (await he.submit())["round"] == 2


async def test_13_four_steps_are_passed_and_the_chat_reports_each(way: Journey) -> None:
    he, number = await _applicant_he(way), (await (await _applicant_he(way)).show())["number"]
    planners = await way.reviewer(PLANNERS)
    assert not await (await way.reviewer(BUILDERS)).queue(number), "what was approved stays approved"
    await planners.approve(await planners.find(number, NAMES[ROADS]))
    for person, step in ((CITY, "市州审核"), (PROVINCE, "省级审核"), (FINAL, "省级终审")):
        await _progress(way, step)
        await way.stage.advance(3600)
        reviewer = await way.reviewer(person)
        await reviewer.approve(await reviewer.find(number))
    approved = [line["step_name"] for line in await he.log() if line["event"] == "approve"]
    assert sorted(set(approved)) == sorted(["行业部门预审", "市州审核", "省级审核", "省级终审"])


async def test_14_an_applicant_who_passed_the_review_is_notified_and_waits_for_the_exam(way: Journey) -> None:
    he = await _applicant_he(way)
    assert await he.state() == "exam"
    await way.sms(HE, "等待统一考试")
    await _progress(way, "待考试", "学习培训资料")
    assert await he.badge() == "申请中"
    stages = [(stage["name"], stage["state"]) for stage in (await he.show())["progress"]["stages"]]
    assert stages[-2:] == [("培训考核", "now"), ("入库", "next")]
    with pytest.raises(Refused):
        await he.withdraw()


async def test_14_a_renewal_takes_the_same_four_steps_and_the_same_exam(way: Journey) -> None:
    """L107-117, L249-263: 待参与续聘, then as everybody."""
    luo = way.at_browser(LUO)
    await _stay_logged_in(way, LUO)
    number = (await luo.show())["number"]
    for person in (BUILDERS, CITY, PROVINCE, FINAL):
        reviewer = await way.reviewer(person)
        await reviewer.approve(await reviewer.find(number))
    assert (await luo.state(), await luo.badge()) == ("exam", "正式专家")
    await way.sms(LUO, "等待统一考试")


async def test_15_the_office_calls_all_candidates_to_one_examination_at_one_time(way: Journey) -> None:
    browser = way.browser(ADMIN)
    await log_in(browser, way.phone(ADMIN), "/office")
    office = ExamOffice(browser)
    await office.add_items()
    opens = await way.stage.now() + timedelta(days=2)
    way.facts["exam"] = await office.hold("2026年征集培训考核", opens, opens + timedelta(hours=3))
    way.facts["opens"] = opens
    for person in (HE, LUO):
        await way.sms(person, "考试，请查看须知")
    he = await _applicant_he(way)
    [to_do] = [task for task in (await he.client.get("/home"))["to_do"] if "考试" in task["title"]]
    assert to_do["action"] == "进入考试"


async def test_15_the_link_in_the_chat_opens_the_notice_which_must_be_read(way: Journey) -> None:
    bubble = await way.phone(HE).say("考试")
    assert "2026年征集培训考核" in bubble
    assert "60分钟" in bubble
    candidate = Examinee(way.browser(HE), PageScript(way.browser(HE), POOL))
    await log_in_by_password(candidate.browser, POOL, HE.id_number, PASSWORD)
    await candidate.browser.open(await _newest_link(way))
    await candidate.read_notice()
    assert "考试须知已确认" in candidate.browser.page.text
    way.facts["candidate"] = candidate.browser.page.url.partition("?")[0].rpartition("/")[2]
    with refused(code="too_early"):
        await candidate.script.post(f"/exams/{way.facts['candidate']}/start", {"device": 0})


async def test_16_the_paper_is_handed_in_marked_and_the_result_comes_by_sms(way: Journey) -> None:
    await way.stage.advance_to(way.facts["opens"] + timedelta(minutes=2))
    candidate = Examinee(way.browser(HE), PageScript(way.browser(HE), POOL))
    await log_in_by_password(candidate.browser, POOL, HE.id_number, PASSWORD)
    receipt = await candidate.sit(way.facts["candidate"], right)
    assert (receipt["answered"], receipt["by_hand"]) == (4, True)
    await _sit_in_browser(way, LUO)
    page = await way.browser(EDGE).open(receipt["check_url"])
    assert receipt["digest"] in page.text
    he = await _applicant_he(way)
    assert await he.state() == "exam", "the office looks before results go out"
    office = ExamOffice(way.browser(ADMIN))
    await log_in(office.browser, way.phone(ADMIN), "/office")
    await way.wait_until(lambda: office.release(way.facts["exam"]))
    await way.wait_for_state(he, "entered")
    await way.sms(HE, "正式评标专家")
    assert await he.badge() == "正式专家"
    luo = way.at_browser(LUO)
    await way.wait_for_state(luo, "entered")
    home = await luo.home()
    assert (home["membership_status"]["text"], home["membership_status"]["expert_number"]) == ("正式专家", "ZJ4300001")
    assert home["to_do"] == [], "renewed"


async def _stay_logged_in(way: Journey, person: Person) -> None:
    """By code, where the log-in has ended."""
    page = await way.browser(person).open(f"/h5/{POOL}/apply")
    if "/h5/login" in page.url:
        await way.stage.advance(61)
        await log_in(way.browser(person), way.phone(person), f"/h5/{POOL}/apply")


async def _sit_in_browser(way: Journey, person: Person) -> None:
    """Log in by code, read the notice and hand in a right paper."""
    browser = way.browser(person)
    await _stay_logged_in(way, person)
    [called] = (await way.at_browser(person).client.get("/exams"))["items"]
    await browser.open(f"/h5/{POOL}/exams/{called['candidate_id']}")
    candidate = Examinee(browser, PageScript(browser, POOL))
    await candidate.read_notice()
    await candidate.sit(called["candidate_id"], right)


async def test_14_where_the_city_sends_back_the_whole_the_chosen_specialties_stand_all_the_same(way: Journey) -> None:
    edge, builders, city = await _applicant_with_mini(way, EDGE), await way.reviewer(BUILDERS), await way.reviewer(CITY)
    number = (await edge.show())["number"]
    task = await builders.find(number)
    buttons = (await builders.open(task)).buttons
    assert "退回本专业" in buttons
    assert not {"退回整份申请", "退回修改"} & buttons, "nothing but the own specialty"
    await builders.approve(task)
    await city.send_back(await city.find(number), "工作经历不完整，请补充。")
    await way.sms(EDGE, "被退回，请按审核意见修改")
    sections = {section["code"]: section for section in (await edge.read())["sections"]}
    assert "work_history" in sections["basic"]["editable"]
    for other in (_preferred(ROADS), _preferred(BUILDING, ROADS)):
        with pytest.raises(Refused) as fixed:
            await edge.save("evaluation", sections["evaluation"]["values"] | {"specialties": other})
        assert "specialties" in messages_by_field(fixed.value)
    jobs = [
        {"unit": "湖南省建筑设计院", "position": "总工程师", "since": "2008-07"},
        {"unit": "长沙市建筑设计院", "position": "工程师", "since": "1995-07", "until": "2008-06"},
    ]
    await edge.save("basic", sections["basic"]["values"] | {"work_history": jobs})
    [old] = [file["id"] for file in (await edge.show())["files"] if file["field"] == "signed_form"]
    await edge.client.delete(f"/attachments/{old}")
    await edge.print_form()
    await edge.upload("signed_form", "资格审查表（改）.pdf", signed_scan(5))
    assert (await edge.submit())["round"] == 2
    assert len(await city.queue(number)) == 1, "where it was sent back, it goes on"


async def test_14_a_refused_applicant_gets_the_final_result_by_sms_too(way: Journey) -> None:
    edge, city, province = await _applicant_with_mini(way, EDGE), await way.reviewer(CITY), await way.reviewer(PROVINCE)
    number = (await edge.show())["number"]
    await way.stage.advance(61)
    await edge.phone.follow()
    assert "绑定成功" in await edge.phone.bind()
    await city.approve(await city.find(number))
    await province.refuse(await province.find(number), "从业年限不足。")
    await way.bubble(EDGE, "未通过")
    await way.sms(EDGE, "未通过，查看原因")
    shown = (await edge.show())["progress"]
    assert (shown["state"], shown["opinion"]) == ("refused", "从业年限不足。")
    with refused_on_page("的报名已于", "截止，请关注下一次征集通知。"):
        await edge.start()


async def test_15_the_feedback_page_takes_what_the_person_writes(way: Journey) -> None:
    browser = way.browser(HE)
    await log_in_by_password(browser, POOL, HE.id_number, PASSWORD)
    await browser.open(f"/h5/{POOL}/help")
    await browser.open(f"/h5/{POOL}/feedback")
    page = await browser.press("提交", subject="advice", text="建议在申请页显示审核部门的咨询电话。")
    assert "已收到" in page.text
    page = await (await way.office()).open("/office/feedback")
    now = local(await way.stage.now())
    for shown in ("建议在申请页显示审核部门的咨询电话。", f"{now.month}月{now.day}日 {now:%H:%M}"):
        assert shown in page.text


async def test_16_a_complaint_of_the_chat_is_answered_on_a_page_and_written_back_to(way: Journey) -> None:
    phone, office = way.phone(HE), await way.office()
    assert "您要投诉或申诉哪方面的事" in await phone.say("我要投诉")
    assert "5个工作日内答复" in await phone.tap("工作人员或现场")
    assert "关于：工作人员或现场" in await phone.say("昨天上午九点，签到台的工作人员不让我进场。")
    number = re.findall(r"编号(\d+)", await phone.tap("提交"))[0]
    page = await office.open("/office/feedback?subject=staff")
    assert f"编号{number}" in page.text
    await office.browser.follow("昨天上午九点")
    page = await office.browser.press("答复", text="已核实，向您致歉。")
    assert "已答复，并通知了对方" in page.text
    await way.bubble(HE, "已核实，向您致歉")
    await phone.say("我的反馈")
    assert "管理机构答复：已核实，向您致歉" in await phone.tap(f"编号{number} 工作人员或现场（已答复）")
    await phone.tap("继续写")
    assert f"编号{number}" in await phone.say("请问以后怎样避免？")
    page = await office.open("/office/feedback?subject=staff")
    assert "待答复" in page.text
    await office.browser.follow("昨天上午九点")
    await office.browser.press("答复", text="已增加引导人员。")
    await way.bubble(HE, "已增加引导人员")
    await phone.say("我的反馈")
    await phone.tap(f"编号{number} 工作人员或现场（已答复）")
    assert f"编号{number}已办结" in await phone.tap("没有问题了，办结")
    page = await office.open("/office/feedback?state=closed")
    assert f"编号{number}" in page.text


# ---- between two campaigns: the manual is silent (L101-117), the rulebook decides


FAMILYS = "湖南某某招标代理有限公司"


async def test_17_a_recusal_unit_is_declared_at_once_and_a_renewal_is_not_open(way: Journey) -> None:
    he, browser = await _applicant_he(way), way.browser(HE)
    await log_in_by_password(browser, POOL, HE.id_number, PASSWORD)
    assert await he.to_do() == []
    page = await browser.open(f"/h5/{POOL}/apply?entry_type=renewal")
    assert "截止，请关注下一次征集通知" in page.text
    assert "我已知晓，开始填写" not in page.buttons
    page = await browser.open(f"/h5/{POOL}/file")
    for shown in ("取自实名信息，不能修改", "可申请变更", "更换手机号", UNIT, "公路"):
        assert shown in page.text, shown
    assert "▸ 申报回避" in await way.phone(HE).say("申报回避")
    page = await browser.follow("申报回避单位")
    await browser.press("下一步，核对", relation="配偶", name=FAMILYS, note="任职")
    page = await browser.press("申报并立即生效")
    assert "已登记，立即生效" in page.text
    assert FAMILYS in (await browser.open(f"/h5/{POOL}/file")).text
    assert FAMILYS in pdf_text(await he.document("information"))


async def test_18_what_the_registration_fixed_is_refused_with_the_reason_and_the_rest_is_reviewed(way: Journey) -> None:
    he, expert = await _applicant_he(way), await way.mini(HE, "expert")
    await he.start("change")
    for fixed in ("name", "id_number"):
        with pytest.raises(Refused) as refusal:
            await he.revise("basic", **{fixed: "别的"})
        assert "取自注册信息，不能在申请表中修改" in messages_by_field(refusal.value)[fixed]
    with pytest.raises(Refused) as typed:
        await he.revise("basic", employer="没有列入的单位")
    assert "employer" in messages_by_field(typed.value)
    with pytest.raises(Refused) as seven:
        await he.revise("evaluation", specialties=_preferred(*(f"A08010{n}" for n in range(1, 8))))
    assert "6" in messages_by_field(seven.value)["specialties"]
    jobs = [
        {"unit": OFFERED, "position": "总工程师", "since": "2026-11"},
        {"unit": "湖南省建筑设计院", "position": "总工程师", "since": "2008-07", "until": "2026-10"},
    ]
    await he.revise("basic", employer=await he.find_employer(OFFERED), work_history=jobs)
    await he.revise("evaluation", specialties=_preferred(BUILDING))
    await he.revise("change", change_reason="调往湖南大学设计研究院，不再从事公路。")
    assert await he.problems() == {}, "nothing to print or stamp"
    await he.submit()
    number = (await he.show())["number"]
    assert await he.badge() == "正式专家"
    for person in (BUILDERS, CITY, PROVINCE, FINAL):
        assert OFFERED not in (await expert.get("/experts/me"))["employers"], "not yet"
        reviewer = await way.reviewer(person)
        await reviewer.approve(await reviewer.find(number))
    assert await he.state() == "entered"


async def test_18_the_paper_tells_the_file_and_nothing_of_the_change(way: Journey) -> None:
    he, mine = await _applicant_he(way), await (await way.mini(HE, "expert")).get("/experts/me")
    assert (mine["employers"], [each["code"] for each in mine["specialties"]]) == ([OFFERED], [BUILDING])
    paper = pdf_text(await he.document("information"))
    for shown in (HE.name, HE.id_number, OFFERED, FAMILYS, "中南大学", "土石方工程"):
        assert shown in paper, shown
    for gone in (UNIT, ROADS, "异动", "不再从事"):
        assert gone not in paper, gone
    assert "目前没有需要您办理的事项" in await way.phone(HE).say("申报")


async def test_19_the_next_campaign_brings_the_renewal_to_the_to_do_list(way: Journey) -> None:
    """L107-117: 待参与续聘, 前去续聘."""
    now = local(await way.stage.now()).replace(second=0, microsecond=0)
    rests = now + timedelta(days=181)
    await way.stage.advance_to(rests)
    office, he = await way.office(), await _applicant_he(way)
    await office.open_campaign("2027年专家征集（续聘）", ("first", "renewal"), (rests, rests + timedelta(days=20)))
    [item] = (await he.home())["to_do"]
    assert (item["title"], item["action"]) == ("待参与续聘", "前去续聘")
    assert "前去续聘" in await way.phone(HE).say("申报")
    await he.start("renewal")
    values = {field: value for part in (await he.show())["sections"] for field, value in part["values"].items()}
    assert (values["employer"], values["specialties"]) == (await he.find_employer(OFFERED), _preferred(BUILDING))
    assert FAMILYS in str(values["recusal_units"]), "the form begins with the file as it is now"
    assert {"photo", "degree_proof"} <= {file["field"] for file in (await he.show())["files"]}
