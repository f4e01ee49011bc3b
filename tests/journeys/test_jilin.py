"""Jilin's manual for experts of government procurement (政府采购评审专家注册操作指南 20190319), step by step.

From the help centre to the entry after the public notice, and on to changes, schedule and cancellation; only through
chat, pages and the public API, over the wire. The numbers in the names are the manual's chapters in their order; each
step goes on where the one before ended.
"""

from __future__ import annotations

import re
from collections.abc import AsyncIterator
from datetime import date

import pytest
import pytest_asyncio

from app.players.applicants import fill_in_registration, log_in_by_password, register_in_browser
from app.players.browser import BrowserPage, WebBrowser, expect, log_in
from app.players.http_client import Refused
from app.players.scans import card, portrait, signed_scan
from tests.drivers.in_process import Stores
from tests.factories.forms import good_values
from tests.journeys.applying import (
    PASSWORD,
    Journey,
    Person,
    messages_by_field,
    pdf_text,
    refused_on_page,
    run_journey,
)

pytestmark = [pytest.mark.asyncio(loop_scope="module")]

POOL = "jilin"
ADMIN = Person("管库员", "19900200001", serial=1)
SUN = Person("孙长白", "19900200002", home="220122", serial=2)
"""Applicant from 农安县."""
LI = Person("李松花", "19900200003", born="19850301", home="220102", serial=3)
"""Objects to 孙长白's entry, and applies from 长春市 itself."""
COUNTY = Person("农安财政", "19900200004", serial=4)
OTHER_COUNTY = Person("永吉财政", "19900200005", serial=5)
PROVINCE = Person("省厅甲", "19900200006", serial=6)
PROVINCE_TOO = Person("省厅乙", "19900200007", serial=7)
CHANGCHUN = Person("长春财政", "19900200008", serial=8)
NONGAN, YONGJI, CITY = "220122", "220221", "220100"
UNIT, NEW_UNIT, SPOUSES = "长春市建筑设计院", "吉林省建苑设计集团有限公司", "长春某某招标代理有限公司"
_ENTRY = re.compile(rf"/h5/{POOL}/notice/[0-9a-f-]{{36}}")


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def way(stores: Stores) -> AsyncIterator[Journey]:
    people = (SUN, LI, COUNTY, OTHER_COUNTY, CHANGCHUN, PROVINCE, PROVINCE_TOO)
    async with run_journey(stores, POOL, ADMIN, people) as journey:
        yield journey


def _values(**change: object) -> dict[str, object]:
    return good_values(POOL) | change


# ---- before: the administration names its reviewers


async def test_00_the_finance_departments_get_their_reviewers(way: Journey) -> None:
    office = await way.office()
    with refused_on_page("没有这个审核环节，请从列表中选择。"):
        await office.assign(COUNTY.mobile, COUNTY.name, "fourth")
    page = await office.assign(COUNTY.mobile, COUNTY.name, "first", region=NONGAN)
    assert "初审 · 长春市农安县" in page.text
    await office.assign(OTHER_COUNTY.mobile, OTHER_COUNTY.name, "first", region=YONGJI)
    page = await office.assign(CHANGCHUN.mobile, CHANGCHUN.name, "first", region=CITY)
    assert "初审 · 长春市本级" in page.text
    for person in (PROVINCE, PROVINCE_TOO):
        await office.assign(person.mobile, person.name, "second")
        await office.assign(person.mobile, person.name, "final")
    assert not await (await way.reviewer(COUNTY)).queue()


# ---- 二 help centre


async def test_02_the_help_centre_answers_in_the_chat_and_on_a_page(way: Journey) -> None:
    phone = way.phone(SUN)
    await phone.follow()
    guide = await phone.say("办理指南")
    assert "初审：市、县财政部门" in guide
    assert "400-881-7190" in guide
    assert "执业资格" in await phone.say("没有职称怎么办")
    assert "常住地" in await phone.say("隶属区划怎么选")
    assert "最多3个三级" in await phone.say("可以选几个专业")
    page = await way.browser(SUN).open(f"/h5/{POOL}/help")
    assert "help.zcy.gov.cn" in page.text
    assert "20190319" in page.text
    assert "因不可抗力、网络攻击" in page.text, "L287-315"


# ---- 三(一) registering


async def test_03_1_a_mobile_is_proven_by_a_code_before_the_basic_data_are_asked_for(way: Journey) -> None:
    browser, phone = way.browser(SUN), way.phone(SUN)
    assert "请先绑定身份" in await phone.say("进度")
    page = await browser.open(f"/h5/register?pool={POOL}")
    assert "吉林省政府采购评审专家库" in page.text
    page = await browser.press("获取验证码", mobile="1990020000")
    assert (page.status, "手机号" in page.text) == (422, True)
    page = await browser.press("获取验证码", mobile=SUN.mobile)
    code = await phone.sms_code()
    wrong = f"{(int(code) + 1) % 1_000_000:06}"
    data = {"name": SUN.name, "id_number": SUN.id_number, "password": PASSWORD}
    page = await fill_in_registration(browser, code=wrong, **data)
    assert "验证码" in page.text
    page = await fill_in_registration(browser, code=code, **data | {"id_number": SUN.id_number[:-1] + "0"})
    assert "身份证号" in page.text
    page = await fill_in_registration(browser, code=code, **data | {"password": "abcd1234"})
    assert "大写" in page.text
    page = await fill_in_registration(browser, code=code, **data)
    assert page.url.endswith(f"/h5/{POOL}/apply?note=registered"), "registered, and inside"


async def test_03_1_a_registered_person_is_a_temporary_expert(way: Journey) -> None:
    page = await way.browser(SUN).open(f"/h5/{POOL}/apply")
    assert "临时专家" in page.text
    sun = way.at_browser(SUN)
    assert await sun.badge() == "临时专家"
    assert await sun.to_do() == ["专家入驻"]


async def test_03_1_a_second_registration_of_a_person_is_refused(way: Journey) -> None:
    await way.stage.advance(61)
    page = await register_in_browser(way.browser(LI), way.phone(LI), "孙长白", SUN.id_number, PASSWORD)
    assert "已用另一个手机号注册" in page.text
    assert SUN.mobile[-4:] not in page.text, "whose it is, is nobody's business"
    await way.stage.advance(61)
    page = await register_in_browser(way.browser(LI), way.phone(LI), LI.name, LI.id_number, PASSWORD)
    assert "临时专家" in page.text


# ---- 三(二) keeping the data


async def test_03_2_the_form_has_the_manuals_sections_and_says_what_is_required(way: Journey) -> None:
    sun = way.at_browser(SUN)
    assert "申请进度" not in (await way.browser(SUN).open(f"/h5/{POOL}/apply")).text
    await sun.start()
    begun = sun.id
    await sun.start()
    assert sun.id == begun, "the same one again"
    with refused_on_page("吉林省政府采购评审专家库不接受续聘申请。"):
        await sun.start("renewal")
    titles = [section["title"] for section in await sun.sections()]
    manual = ["基本信息", "评标信息", "学历信息", "职称信息", "工作履历", "执业资格", "申请表与其他材料"]
    assert titles == manual
    fields = [field for section in await sun.sections() for field in section["fields"]]
    required = {field["code"] for field in fields if field["required"]}
    missing = await sun.problems()
    assert required <= missing.keys(), "each required field is named"
    with pytest.raises(Refused) as incomplete:
        await sun.submit()
    assert messages_by_field(incomplete.value).keys() == missing.keys()


async def test_03_2_basic_data_come_from_the_registration_and_photos_must_be_pictures(way: Journey) -> None:
    sun = way.at_browser(SUN)
    shown = await sun.show()
    assert (shown["account"]["name"], shown["account"]["sex"]) == (SUN.name, "女")
    assert shown["account"]["id_number"] == SUN.id_number, "one's own data, in clear"
    with pytest.raises(Refused) as fixed:
        await sun.save("basic", {"name": "孙改名", "email": "sun@example.com"})
    assert "name" in messages_by_field(fixed.value)
    await sun.save("basic", {"email": "sun@example.com", "political_status": "群众"})
    with pytest.raises(Refused):
        await sun.upload("photo", "照片.jpg", signed_scan())
    with pytest.raises(Refused):
        await sun.upload("photo", "照片.jpg", portrait()[:-2000])
    await sun.upload("photo", "照片.jpg", portrait(), part=2000)
    for side in ("id_card_front", "id_card_back"):
        await sun.upload(side, "身份证.jpg", card(2))
    assert not {"photo", "id_card_front", "email"} & (await sun.problems()).keys()


async def test_03_2_at_most_three_third_level_specialties_and_a_region_of_jilin(way: Journey) -> None:
    sun = way.at_browser(SUN)

    def specialty_values(*codes: str) -> dict[str, object]:
        specialties = [{"code": code, "choice": "preferred"} for code in codes]
        return {"region": NONGAN, "specialties": specialties, "recusal_units": _values()["recusal_units"]}

    with pytest.raises(Refused) as four:
        await sun.save("evaluation", specialty_values("A080101", "A080102", "A080103", "A080104"))
    assert "3" in messages_by_field(four.value)["specialties"]
    for upper in ("A0801", "A0103"):
        with pytest.raises(Refused):
            await sun.save("evaluation", specialty_values(upper))
    with pytest.raises(Refused) as elsewhere:
        await sun.save("evaluation", specialty_values("A080101") | {"region": "430104"})
    assert "region" in messages_by_field(elsewhere.value)
    with pytest.raises(Refused) as district:
        await sun.save("evaluation", specialty_values("A080101") | {"region": "220102"})
    assert "长春市" in messages_by_field(district.value)["region"], "who lives in a district chooses the city"
    await sun.save("evaluation", specialty_values("A080101", "A080102"))
    schema = await sun.client.get("/applications/schema?entry_type=first")
    assert schema["own_employer_recused"], "the own employer needs not be named"


async def test_03_2_records_are_at_most_five_and_a_title_is_the_lowest_of_its_tree(way: Journey) -> None:
    sun = way.at_browser(SUN)
    job = {"unit": "长春市建筑设计院", "position": "工程师", "since": "2005-07"}
    with pytest.raises(Refused) as six:
        await sun.save("work", {"employer": "农安县建设局", "work_history": [job] * 6})
    assert "5" in messages_by_field(six.value)["work_history"]
    certificate = {"code": "Q0301", "number": "S20092200123"}
    with pytest.raises(Refused):
        await sun.save("qualification", {"qualifications": [certificate] * 6})
    with pytest.raises(Refused) as upper:
        await sun.save("title", {"title_level": "20"})
    assert "title_level" in messages_by_field(upper.value)
    await sun.save("work", {"employer": UNIT, "work_history": [job]})
    await sun.save("education", {code: _values()[code] for code in ("education", "degree", "school", "major")})
    await sun.upload("degree_proof", "学历证书.jpg", card(3))


async def test_03_2_without_a_title_a_practising_qualification_stands_in_and_its_proof_is_compulsory(
    way: Journey,
) -> None:
    sun = way.at_browser(SUN)
    assert "title_level" in await sun.problems()
    await sun.save("qualification", {"qualifications": [{"code": "Q0301", "number": "S20092200123"}]})
    missing = await sun.problems()
    assert "title_level" not in missing
    assert "title_proof" in missing
    await sun.upload("title_proof", "执业资格证书.jpg", card(4))
    assert "title_proof" not in await sun.problems()


async def test_03_2_the_application_form_has_a_place_of_its_own_and_other_material_is_three_pictures(
    way: Journey,
) -> None:
    sun = way.at_browser(SUN)
    assert list(await sun.problems()) == ["signed_form"]
    with pytest.raises(Refused):
        await sun.upload("other_material", "材料.pdf", signed_scan())
    with pytest.raises(Refused):
        await sun.begin("other_material", "大图.jpg", 20_000_001)
    for number in range(3):
        await sun.upload("other_material", f"材料{number}.jpg", card(10 + number))
    with pytest.raises(Refused) as fourth:
        await sun.upload("other_material", "材料4.jpg", card(14))
    assert "3" in fourth.value.problem["detail"]
    await sun.upload("signed_form", "申请表.pdf", signed_scan())
    assert await sun.problems() == {}


# ---- 三(二)5)-7) handing in and the reviews


async def test_03_3_the_form_is_handed_in_once(way: Journey) -> None:
    sun, phone = way.at_browser(SUN), way.phone(SUN)
    await way.stage.advance(61)
    await phone.bind()
    assert "继续填写" in await phone.say("申报")
    first, second = await sun.submit(), await sun.submit()
    assert (first["state"], first["round"], second["round"]) == ("reviewing", 1, 1)
    answer = await sun.ask()
    assert "您的申请正在初审" in answer
    assert "市、县财政部门" in answer
    assert await sun.badge() == "临时专家（审核中）"
    with pytest.raises(Refused):
        await sun.save("education", {"education": "大专"})


async def test_03_3_the_county_sends_it_back_and_the_applicant_corrects(way: Journey) -> None:
    sun, county = way.at_browser(SUN), await way.reviewer(COUNTY)
    number = (await sun.show())["number"]
    assert not await (await way.reviewer(OTHER_COUNTY)).queue(), "another county's"
    assert not await (await way.reviewer(CHANGCHUN)).queue(), "a county is no part of the city's own (市本级)"
    assert not await (await way.reviewer(PROVINCE)).queue(), "not yet"
    task = await county.find(number)
    page = await county.open(task)
    assert SUN.name in page.text
    assert SUN.id_number not in page.html
    assert SUN.mobile not in page.html
    with refused_on_page("请填写审核意见。"):
        await county.send_back(task, "")
    await county.send_back(task, "学历证书不清晰，请重新上传。")
    assert await sun.state() == "sent_back"
    await way.bubble(SUN, "退回修改")
    answer = await sun.ask()
    assert "学历证书不清晰" in answer
    assert "修改信息" in answer
    [old] = [file["id"] for file in (await sun.show())["files"] if file["field"] == "degree_proof"]
    await sun.client.delete(f"/attachments/{old}")
    await sun.upload("degree_proof", "学历证书.jpg", card(5))
    assert (await sun.submit())["round"] == 2


async def test_03_3_three_reviews_follow_each_other_and_two_at_once_count_once(way: Journey) -> None:
    sun, number = way.at_browser(SUN), (await way.at_browser(SUN).show())["number"]
    county, province, other = [await way.reviewer(person) for person in (COUNTY, PROVINCE, PROVINCE_TOO)]
    await county.approve(await county.find(number))
    assert "正在复审" in await sun.ask()
    task = await province.find(number)
    assert "没有这项审核任务" in (await county.open(task)).text
    await other.open(task)
    await province.approve(task)
    with refused_on_page("已由省财政厅", "无需重复"):
        await other.press_send_back("退回修改", "晚了一步")
    assert "正在终审" in await sun.ask()
    await other.approve(await other.find(number))
    assert await sun.state() == "notice"
    log = [(line["step_name"], line["event"]) for line in await sun.log() if line["event"] in ("approve", "send_back")]
    assert sorted(log) == sorted([("初审", "send_back"), ("初审", "approve"), ("复审", "approve"), ("终审", "approve")])
    assert PROVINCE.name not in str(await sun.log()), "departments, never names"


async def test_03_3_an_objection_against_the_public_notice_is_dismissed(way: Journey) -> None:
    sun, office = way.at_browser(SUN), await way.office()
    answer = await sun.ask()
    assert "公示" in answer
    page = await _open_notice(way.browser(SUN))
    assert _notice_days(page.text) == 7
    stages = [stage["name"] for stage in (await sun.show())["progress"]["stages"]]
    assert stages == ["提交资质审核", "初审", "复审", "终审", "财政公示", "成为正式专家"]
    for shown in (SUN.name, UNIT, "长春市农安县"):
        assert shown in page.text
    await way.browser(SUN).follow("提出异议")
    page = await way.browser(SUN).press("提交异议", text="我反对我自己成为评审专家，理由如下。")
    assert "不能对自己的公示提异议" in page.text
    await _begin_objection(way.browser(LI))
    await _press_objection(way.browser(LI), "该同志的执业资格证书与公示单位不一致，请核实。")
    until = (await way.stage.now()).timestamp() + 7 * 86400 + 60
    await way.stage.advance(until - (await way.stage.now()).timestamp())
    for who in (SUN, LI):
        page = await log_in_by_password(way.browser(who), POOL, who.id_number, PASSWORD)
        assert "临时专家" in page.text, "a log-in of a browser does not last a week"
    assert await sun.state() == "notice", "an open objection holds the entry"
    page = await office.open("/office/objections")
    for shown in (f"对{SUN.name}的异议", f"异议人 {LI.name}", "执业资格证书与公示单位不一致"):
        assert shown in page.text
    await office.decide_objection("异议不成立", "经核实，证书属实，单位为现工作单位。")
    page = await way.browser(LI).open(f"/h5/{POOL}/notice/objections")
    for shown in (SUN.name, "异议不成立", "经核实，证书属实，单位为现工作单位。"):
        assert shown in page.text
    assert ADMIN.name not in page.text


async def _open_notice(browser: WebBrowser) -> BrowserPage:
    """The page of the one person on public notice."""
    page = await browser.open(f"/h5/{POOL}/notice")
    [entry] = [label for label, address in page.links.items() if _ENTRY.fullmatch(address)]
    return await browser.follow(entry)


async def _begin_objection(browser: WebBrowser) -> BrowserPage:
    """The form for an objection to that person."""
    await _open_notice(browser)
    return await browser.follow("提出异议")


async def _press_objection(browser: WebBrowser, text: str) -> None:
    """Raises NotShown."""
    expect(await browser.press("提交异议", text=text), "我提出的异议", "核查中")


def _notice_days(text: str) -> int:
    """How long a public notice lasts, by its page."""
    [span] = re.findall(r"公示期(\d+)月(\d+)日 ([\d:]+) 至 (\d+)月(\d+)日 ([\d:]+)", text)
    assert span[2] == span[5]
    first, last = date(2026, *map(int, span[:2])), date(2026, *map(int, span[3:5]))
    return (last - first).days


async def test_03_3_the_entry_is_notified_by_sms_and_the_badge_changes(way: Journey) -> None:
    sun = way.at_browser(SUN)
    await way.wait_for_state(sun, "entered")
    sms = await way.sms(SUN, "已成为正式评标专家")
    home = await sun.home()
    assert home["membership_status"]["text"] == "正式专家"
    assert home["membership_status"]["expert_number"] in sms
    await way.bubble(SUN, "专家入库")
    page = await way.browser(SUN).open(f"/h5/{POOL}/apply")
    assert "正式专家" in page.text
    expert = await way.mini(SUN, "expert")
    file = await expert.get("/experts/me")
    assert (file["membership_status"]["kind"], file["permanent_region"]["name"]) == ("formal", "长春市农安县")
    assert {specialty["code"] for specialty in file["specialties"]} == {"A080101", "A080102"}
    assert "目前没有公示中的人员" in (await way.browser(SUN).open(f"/h5/{POOL}/notice")).text


# ---- 三(二)6) the city's own part, and an objection that holds


async def test_03_3_an_application_from_the_city_goes_to_the_citys_office(way: Journey) -> None:
    li, browser = way.at_browser(LI), way.browser(LI)
    await way.stage.advance(61)
    await log_in_by_password(browser, POOL, LI.id_number, PASSWORD)
    await li.start()
    await li.fill_in(_values(region=CITY))
    await li.attach_missing()
    assert (await li.submit())["state"] == "reviewing"
    number = (await li.show())["number"]
    assert not await (await way.reviewer(COUNTY)).queue()
    city, province, other = [await way.reviewer(person) for person in (CHANGCHUN, PROVINCE, PROVINCE_TOO)]
    for reviewer in (city, province, other):
        await reviewer.approve(await reviewer.find(number))
    assert await li.state() == "notice"


async def test_03_3_an_objection_that_is_upheld_ends_the_entry(way: Journey) -> None:
    li, office = way.at_browser(LI), await way.office()
    expert = await (await way.mini(SUN, "expert")).open_page(f"/h5/{POOL}/notice")
    await _begin_objection(expert)
    with refused_on_page("请写明异议的事实和理由，至少"):
        await _press_objection(expert, "不同意。")
    await _press_objection(expert, "该同志的职称证书系伪造，发证单位查无此证。")
    await office.decide_objection("成立，不予入库", "经核实，职称证书不实。")
    assert await li.state() == "refused"
    await way.wait_until_told(LI, "未通过")
    assert "目前没有公示中的人员" in (await way.browser(SUN).open(f"/h5/{POOL}/notice")).text


# ---- 四 changing the file


async def _own_file(way: Journey) -> str:
    """用户中心—信息管理, as 孙长白 reads it."""
    return (await way.browser(SUN).open(f"/h5/{POOL}/file")).text


async def test_04_1_the_own_file_says_how_each_field_is_changed(way: Journey) -> None:
    """L206-214: 路径：用户中心—信息管理."""
    await way.stage.advance(61)
    await log_in_by_password(way.browser(SUN), POOL, SUN.id_number, PASSWORD)
    await way.browser(SUN).open(f"/h5/{POOL}/account")
    page = await way.browser(SUN).follow("我的档案")
    for shown in ("办理信息变更", "可申请变更", "取自实名信息，不能修改", UNIT, "长春市农安县", "某某建设集团有限公司"):
        assert shown in page.text, shown
    chat = await way.phone(SUN).say("信息管理")
    for told in ("审核通过后生效", "▸ 办理信息变更", "申报回避"):
        assert told in chat


async def test_04_1_who_is_no_expert_is_told_so_before_any_button(way: Journey) -> None:
    """L13-16: a temporary expert maintains the data of the application only."""
    await log_in_by_password(way.browser(LI), POOL, LI.id_number, PASSWORD)
    page = await way.browser(LI).open(f"/h5/{POOL}/apply?entry_type=change")
    assert "库中没有您的专家档案" in page.text
    assert "我已知晓，开始填写" not in page.buttons


async def test_04_1_a_change_that_changes_nothing_is_refused_files_included(way: Journey) -> None:
    sun = way.at_browser(SUN)
    page = await way.browser(SUN).open(f"/h5/{POOL}/apply?entry_type=change")
    assert "初审（市、县财政部门）、复审（省财政厅）、终审（省财政厅）。全部通过后生效" in page.text
    page = await sun.start("change")
    assert "吉林省政府采购评审专家信息变更申请表" in page.text
    titles = [section["title"] for section in await sun.sections("change")]
    assert titles[:6] == ["基本信息", "评标信息", "学历信息", "职称信息", "工作履历", "执业资格"]
    begun = sun.id
    await sun.revise("change", change_reason="调入新单位，并更正回避单位。")
    files = {file["field"] for file in (await sun.show())["files"]}
    assert {"photo", "title_proof", "degree_proof"} <= files, "the file's own come along"
    assert ["没有任何变更" in message for message in (await sun.problems()).values()] == [True]
    with pytest.raises(Refused):
        await sun.submit()
    await sun.start("change")
    assert sun.id == begun, "one at a time, gone on with from any device"


async def test_04_1_name_and_number_stay_and_the_rest_is_held_to_the_form(way: Journey) -> None:
    sun = way.at_browser(SUN)
    for fixed in ("name", "sex", "birth", "id_number", "mobile"):
        with pytest.raises(Refused) as refusal:
            await sun.revise("basic", **{fixed: "别的"})
        assert fixed in messages_by_field(refusal.value)
    many = [{"code": code, "choice": "preferred"} for code in ("A080101", "A080102", "A080103", "A080104")]
    with pytest.raises(Refused) as four:
        await sun.revise("evaluation", specialties=many)
    assert "3" in messages_by_field(four.value)["specialties"]
    [photo] = [file["id"] for file in (await sun.show())["files"] if file["field"] == "photo"]
    await sun.client.delete(f"/attachments/{photo}")
    assert "photo" in await sun.problems(), "what the file holds is replaced, not taken out"
    await sun.upload("photo", "照片.jpg", portrait())


async def test_04_2_the_county_reviews_and_nothing_is_effective_before_all_have_approved(way: Journey) -> None:
    """L210-220: 市/县一道审核和省级两道审核通过后生效."""
    sun, county, expert = way.at_browser(SUN), await way.reviewer(COUNTY), await way.mini(SUN, "expert")
    chosen = [{"code": code, "choice": "preferred"} for code in ("A080101", "A080103")]
    await sun.revise("evaluation", specialties=chosen, recusal_units=[{"name": SPOUSES, "note": "配偶任职"}])
    await sun.revise("work", employer=NEW_UNIT)
    assert await sun.problems() == {}
    await sun.submit()
    number = (await sun.show())["number"]
    stages = [stage["name"] for stage in (await sun.show())["progress"]["stages"]]
    assert stages == ["填写申请", "初审", "复审", "终审", "变更生效"], "no public notice"
    assert await sun.badge() == "正式专家"
    for other in (OTHER_COUNTY, CHANGCHUN, PROVINCE):
        assert not await (await way.reviewer(other)).queue(number)
    page = await county.open(await county.find(number))
    for shown in (UNIT, NEW_UNIT, SPOUSES, "某某建设集团有限公司", "变更原因", "调入新单位"):
        assert shown in page.text, shown
    await county.send_back(await county.find(number), "请补充新单位的任职时间。")
    await way.bubble(SUN, "退回修改")
    assert "请补充新单位的任职时间" in await sun.ask()
    jobs = [
        {"unit": NEW_UNIT, "position": "高级工程师", "since": "2026-11"},
        {"unit": UNIT, "position": "工程师", "since": "2005-07", "until": "2026-10"},
    ]
    await sun.revise("work", work_history=jobs)
    assert (await sun.submit())["round"] == 2
    province, other = await way.reviewer(PROVINCE), await way.reviewer(PROVINCE_TOO)
    for reviewer, step in ((county, "初审"), (province, "复审"), (other, "终审")):
        assert f"正在{step}" in await sun.ask()
        assert (await expert.get("/experts/me"))["employers"] == [UNIT], "the file is as it was"
        await reviewer.approve(await reviewer.find(number))
    assert await sun.state() == "entered"


async def test_04_2_file_paper_and_chat_then_say_the_new(way: Journey) -> None:
    sun, expert = way.at_browser(SUN), await way.mini(SUN, "expert")
    await way.wait_until_told(SUN, "审核通过，变更已生效")
    assert "今后按新的信息抽取" in await sun.ask()
    me = await expert.get("/experts/me")
    assert me["employers"] == [NEW_UNIT]
    assert {specialty["code"] for specialty in me["specialties"]} == {"A080101", "A080103"}
    paper, page = pdf_text(await sun.document("information")), await _own_file(way)
    for shown in (NEW_UNIT, SPOUSES):
        assert (shown in paper, shown in page) == (True, True), shown
    assert "某某建设集团有限公司" not in paper, "removed, as it was reviewed"
    assert SUN.id_number in paper
    office = await way.office()
    listed = await office.open("/office/experts")
    assert NEW_UNIT in (await office.open(listed.link(SUN.name))).text


async def test_04_3_a_move_is_asked_for_with_region_and_reason_and_told_to_the_old_county(way: Journey) -> None:
    """L222-228: 申请变更区划：选择变更的区划，填写申请理由，点击【确认】后进行提交."""
    sun = way.at_browser(SUN)
    assert "▸ 办理信息变更" in await way.phone(SUN).say("申请变更区划")
    await way.phone(COUNTY).follow()
    await way.stage.advance(61)
    await way.phone(COUNTY).bind()
    await sun.start("change")
    with pytest.raises(Refused) as elsewhere:
        await sun.revise("evaluation", region="430104")
    assert "region" in messages_by_field(elsewhere.value)
    await sun.revise("evaluation", region=YONGJI)
    assert list(await sun.problems()) == ["change_reason"]
    await sun.revise("change", change_reason="常住地迁至永吉县。")
    await sun.submit()
    number = (await sun.show())["number"]
    assert not await (await way.reviewer(COUNTY)).queue(number), "the new county reviews"
    assert "长春市农安县" in await way.bubble(COUNTY, "变更区划", number)
    county, province, other = [await way.reviewer(person) for person in (OTHER_COUNTY, PROVINCE, PROVINCE_TOO)]
    assert "长春市农安县 → 吉林市永吉县" in (await county.open(await county.find(number))).text
    expert = await way.mini(SUN, "expert")
    for reviewer in (county, province, other):
        assert (await expert.get("/experts/me"))["permanent_region"]["code"] == NONGAN
        await reviewer.approve(await reviewer.find(number))
    assert await sun.state() == "entered"
    assert (await expert.get("/experts/me"))["permanent_region"]["name"] == "吉林市永吉县"
    assert "吉林市永吉县" in await _own_file(way)
    assert "吉林市永吉县" in await way.phone(SUN).say("我的状态")


async def test_04_2_a_change_that_is_refused_leaves_the_file_and_may_be_asked_for_again(way: Journey) -> None:
    sun, county = way.at_browser(SUN), await way.reviewer(OTHER_COUNTY)
    await sun.start("change")
    await sun.revise("work", employer="无")
    await sun.revise("change", change_reason="辞职。")
    await sun.submit()
    number = (await sun.show())["number"]
    await county.refuse(await county.find(number), "请提供离职证明后再申请。")
    assert await sun.state() == "refused"
    progress = (await sun.show())["progress"]
    assert ("档案没有变更，可以重新申请" in progress["advice"], progress["opinion"]) == (
        True,
        "请提供离职证明后再申请。",
    )
    assert NEW_UNIT in await _own_file(way)
    await sun.start("change")
    assert sun.id != progress["application_id"]
    assert (await sun.cancel())["state"] == "cancelled"
    assert "档案没有变更；需要时可随时重新申请" in await sun.ask()


# ---- 一 schedule management of a formal expert (日程管理)


async def test_01_a_formal_expert_keeps_the_own_schedule(way: Journey) -> None:
    """L17-19."""
    phone, browser, expert = way.phone(SUN), way.browser(SUN), await way.mini(SUN, "expert")
    assert "什么时间不接受抽取" in await phone.say("日程")
    await phone.say("取消")
    page = await browser.open(f"/h5/{POOL}/periods")
    assert "现在随时可以被抽取" in page.text
    page = await browser.press("保存每周时间", **{"day-3": "1"}, hours="afternoon")
    assert "已保存，这些时间不会抽取您" in page.text
    [weekly] = (await expert.get("/experts/me/unavailabilities"))["periods"]
    assert (weekly["weekly"], "周三" in weekly["text"]) == (True, True)
    assert "周三" in await phone.say("我的状态")
    page = await browser.press("暂停接受抽取", pause_reason="住院")
    assert await way.at_browser(SUN).badge() != "正式专家", "as he asked for"
    for told in (await phone.say("我的状态"), await phone.say("为什么没抽到我"), page.text, await _own_file(way)):
        assert "暂停" in told
    assert "恢复" in await phone.say("恢复接受抽取")
    assert await way.at_browser(SUN).badge() == "正式专家"


# ---- 一 logging out safely, both ways


async def test_01_a_person_logs_out_of_this_device_or_of_all(way: Journey) -> None:
    here, phone = way.browser(SUN), way.phone(SUN)
    there = way.browser(SUN, "another")
    await way.stage.advance(61)
    await log_in(there, phone, f"/h5/{POOL}/account")
    assert "正式专家" in there.page.text
    await here.open(f"/h5/{POOL}/account")
    page = await here.press("只退出本设备")
    assert "/h5/login" in page.url
    assert "/h5/login" in (await here.open(f"/h5/{POOL}/account")).url
    assert "/h5/login" not in (await there.open(f"/h5/{POOL}/account")).url, "the other device stays"
    await way.stage.advance(61)
    await log_in(here, phone, f"/h5/{POOL}/account")
    await here.press("退出全部设备")
    for browser in (here, there):
        assert "/h5/login" in (await browser.open(f"/h5/{POOL}/account")).url
    with pytest.raises(Refused):
        await way.at_browser(SUN).client.get("/home")


# ---- 五 cancelling one's own account


async def test_05_an_expert_cancels_and_the_identity_can_no_longer_be_used(way: Journey) -> None:
    """L242-249."""
    phone, browser = way.phone(SUN), way.browser(SUN)
    answer = await phone.say("注销")
    for told in ("注销后账号不能再使用", "注销就是退库", "我的数据与注销"):
        assert told in answer
    await way.stage.advance(61)
    await log_in(browser, phone, f"/h5/{POOL}/file")
    page = await browser.follow("我的数据与注销")
    assert "获取验证码" in page.buttons, "on the page of the own file, as in 信息管理"
    await way.stage.advance(61)
    before = len((await phone.read())["sms"])
    await browser.press("获取验证码")
    page = await browser.press("确定注销账号", code=await phone.sms_code(before))
    for told in ("账号已注销", "依法保留", "注销即退库"):
        assert told in page.text
    assert "不再用于抽取和通知" in await way.sms(SUN, "注销")
    page = await log_in_by_password(browser, POOL, SUN.id_number, PASSWORD)
    assert "账号或密码不对" in page.text
    with pytest.raises(Refused):
        await (await way.mini(SUN, "expert")).get("/experts/me")
    assert "绑定身份" in await phone.say("我的状态")
    office = await way.office()
    await office.open("/office/experts?state=left")
    page = await office.browser.follow(SUN.name)
    assert "本人注销账号" in page.text
