"""Xinjiang's manual of 2025 (2025年全区第一批…继续教育操作流程), from the log-in by pinyin to the change of the file.

Only through pages, chat, the mini-program and mail, over the wire. The experts were imported, as the manual's are:
chosen in 2024. The numbers in the names are the manual's chapters; each step goes on where the one before ended.
"""

from __future__ import annotations

import io
from collections.abc import AsyncIterator
from datetime import timedelta
from typing import Any

import pytest
import pytest_asyncio
from pypdf import PdfReader

from app.players.applicants import Applicant, log_in_by_password, register_in_mini
from app.players.browser import log_in
from app.players.courses import FILM, CourseOffice, Student
from app.players.exams import Examinee, ExamOffice, right
from app.players.http_client import Refused
from app.players.page_script import PageScript
from app.players.payers import Payer
from app.players.scans import card, signed_scan
from domain.clock import local
from tests.drivers.in_process import Stores
from tests.factories.forms import good_values
from tests.factories.people import CREDIT_CODE, OTHER_CREDIT_CODE
from tests.journeys.applying import (
    Journey,
    Person,
    expert_row,
    messages_by_field,
    pdf_text,
    refused,
    refused_on_page,
    run_journey,
)

pytestmark = [pytest.mark.asyncio(loop_scope="module")]

POOL = "xinjiang"
ADMIN = Person("管库员", "19900500001", home="650102", serial=1)
OFFICE = Person("乌市住建", "19900500002", home="650202", serial=2)
ZENG = Person("曾天山", "19900500003", home="650202", serial=4)
"""Expert who completes every step; the file has a district, two classes and a unit with a long name."""
LI = Person("李伟", "19900500004", home="650202", serial=6)
NAMESAKE = Person("李卫", "19900500005", home="650202", serial=8)
STRANGER = Person("路人甲", "19900500006", home="650202", serial=10)
"""A person outside the pool."""
KARAMAY = Person("克市住建", "19900500007", home="650202", serial=12)
NUMBERS = {ZENG: "XJ2024001", LI: "XJ2024002", NAMESAKE: "XJ2024003"}
UNIT = "新疆" + "某" * 60 + "建筑设计研究院有限公司"
NEW_UNIT, FAMILYS = "克拉玛依市城投工程咨询有限公司", "克拉玛依某某招标代理有限公司"
FILED = {"region": "650102", "employer": UNIT, "specialties": ["A080101", "B010101"]}
TABS = [
    *("基本信息", "教育经历", "专业技术", "职称及资质", "工作经历", "评标实践经验", "业务技术专长", "回避单位"),
    *("账户信息", "附件", "上传申请表"),
]
PINYIN, PASSWORD = "zengtianshan", "Wxyz6789"


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def way(stores: Stores) -> AsyncIterator[Journey]:
    people = (OFFICE, ZENG, LI, NAMESAKE, STRANGER, KARAMAY)
    rows = [
        expert_row(ZENG, NUMBERS[ZENG], region="650102", specialties="A080101;B010101", employer=UNIT),
        expert_row(LI, NUMBERS[LI], region="650100", specialties="A080101", employer="新疆建筑设计研究院有限公司"),
        expert_row(NAMESAKE, NUMBERS[NAMESAKE], region="650100", specialties="A080101", employer="无"),
    ]
    async with run_journey(stores, POOL, ADMIN, people, experts="\n".join(rows)) as journey:
        yield journey


def _values(person: Person, **change: object) -> dict[str, object]:
    values = good_values(POOL, "education") | {"email": f"{person.mobile}@mail.example"} | change
    return {name: value for name, value in values.items() if name not in FILED}


# ---- 一 logging in


async def test_01_the_office_opens_the_campaign_and_issues_initial_passwords(way: Journey) -> None:
    """L6: all experts in the pool take part; L10: the password is the last eight of the ID number."""
    office = await way.office()
    await office.assign(OFFICE.mobile, OFFICE.name, "local", region="650100")
    now = local(await way.stage.now())
    await office.open_campaign("2025年全区第一批继续教育", ("education",), (now, now + timedelta(days=20)))
    page = await office.issue_passwords(NUMBERS.values())
    names = {line.partition(" ")[0]: line.partition(" ")[2] for line in page.lines}
    assert names[NUMBERS[ZENG]] == PINYIN
    for person in (LI, NAMESAKE):
        assert names[NUMBERS[person]] == "拼音与他人相同，用手机号登录"


async def test_01_pinyin_and_initial_password_let_in_to_nothing_but_their_change(way: Journey) -> None:
    """L10: 登录系统后请立即修改密码."""
    browser, initial = way.browser(ZENG), ZENG.id_number[-8:]
    page = await browser.open(f"/h5/login/password?pool={POOL}")
    assert "手机号、身份证号或姓名拼音" in page.text
    page = await log_in_by_password(browser, POOL, PINYIN, "12345678")
    assert "账号或密码不对" in page.text
    page = await log_in_by_password(browser, POOL, " Zeng Tianshan ", initial)
    assert "请先修改初始密码" in page.text
    assert "请先修改初始密码" in (await browser.open(f"/h5/{POOL}/apply")).text
    await way.stage.advance(61)
    before = len((await way.phone(ZENG).read())["sms"])
    await browser.press("获取")
    code = await way.phone(ZENG).sms_code(after=before)
    page = await browser.press("保存新密码", code=code, password=initial, again=initial)
    assert "须含" in page.text
    await browser.press("保存新密码", code=code, password=PASSWORD, again=PASSWORD)
    page = await log_in_by_password(way.browser(ZENG, "2"), POOL, PINYIN, PASSWORD)
    assert "隐私" in page.text
    await way.browser(ZENG, "2").press("同意并继续")
    assert "正式专家" in (await way.browser(ZENG, "2").open(f"/h5/{POOL}/apply")).text


async def test_01_who_shares_the_pinyin_logs_in_by_mobile(way: Journey) -> None:
    """L10: 姓名拼音或手机号."""
    initial = LI.id_number[-8:]
    page = await log_in_by_password(way.browser(LI), POOL, "liwei", initial)
    assert "账号或密码不对" in page.text
    assert "姓名拼音与他人相同的，请用手机号或身份证号" in page.text
    for name in (LI.mobile, LI.id_number):
        page = await log_in_by_password(way.browser(LI, name), POOL, name, initial)
        assert "请先修改初始密码" in page.text


# ---- 二 completing the file


def _applicant_zeng(way: Journey) -> Applicant:
    way.browsers[ZENG.mobile] = way.browser(ZENG, "2")
    return way.at_browser(ZENG)


async def test_02_the_application_opens_from_the_to_do_list(way: Journey) -> None:
    """L18: 点击【专家入库申请】; L55: the tabs; L57: 申请专家编号."""
    zeng = _applicant_zeng(way)
    page = await way.browser(ZENG).open(f"/h5/{POOL}/apply")
    assert "专家入库申请（继续教育）" in page.text
    assert "去报名" in page.text
    page = await way.browser(ZENG).follow("去报名")
    assert page.url.endswith("?entry_type=education")
    page = await zeng.start("education")
    assert page.url.endswith("/apply/form")
    for shown in ("继续教育申请表", NUMBERS[ZENG]):
        assert shown in page.text
    assert [section["title"] for section in await zeng.sections("education")] == TABS
    stages = [stage["name"] for stage in (await zeng.show())["progress"]["stages"]]
    assert stages == ["网上报名", "资格审核", "完成报名"], "fee and examination are the course's"


async def test_02_the_chat_offers_it_too(way: Journey) -> None:
    phone = way.phone(ZENG)
    await way.stage.advance(61)
    await phone.follow()
    await phone.bind()
    assert "您的继续教育申请" in await phone.say("进度")


async def test_02_strangers_and_second_applications_are_refused(way: Journey) -> None:
    """L6: 已在库专家."""
    mini = await way.mini(STRANGER, "")
    await register_in_mini(mini, STRANGER.name, STRANGER.id_number)
    stranger = Applicant(way.phone(STRANGER), STRANGER.name, STRANGER.id_number, mini)
    with refused_on_page("库中没有您的专家档案", "0991-8837410"):
        await stranger.start("education")
    with refused_on_page("目前没有接受新增申请的征集"):
        await stranger.start()
    with refused_on_page("继续教育申请正在办理"):
        await _applicant_zeng(way).start("renewal")


async def test_02_prefecture_unit_and_specialties_stay_those_of_the_first_entry(way: Journey) -> None:
    """L93. They are filed in shapes that today's form would refuse, and are right all the same."""
    zeng = _applicant_zeng(way)
    shown = await zeng.show()
    known = {field: value for part in shown["sections"] for field, value in part["values"].items()}
    assert (known["region"], known["employer"]) == (FILED["region"], FILED["employer"])
    assert [specialty["code"] for specialty in known["specialties"]] == FILED["specialties"]
    assert set(shown["kept"]) == FILED.keys()
    assert "完成继续教育、考试合格后可另行申请变更" in shown["kept_rule"]
    editable = {field for part in shown["sections"] for field in part["editable"]}
    assert not editable & (FILED.keys() | {"name", "sex", "birth", "age", "id_number", "mobile"})
    other: list[tuple[str, str, object]] = [
        ("person", "region", "650200"),
        ("work", "employer", "无"),
        ("profession", "specialties", [{"code": "A080102", "choice": "preferred"}]),
    ]
    for section, field, value in other:
        with pytest.raises(Refused) as error:
            await zeng.save(section, {field: value})
        assert "考试合格后可另行申请变更" in messages_by_field(error.value)[field]
    assert not FILED.keys() & (await zeng.problems()).keys()


async def test_02_every_tab_is_saved_by_itself_and_checked(way: Journey) -> None:
    """L24-93: 其中涉及※号的内容请务必填写准确无误; 暂存, 上一步."""
    zeng, values = _applicant_zeng(way), _values(ZENG)
    fields = {field["code"]: field for section in await zeng.sections("education") for field in section["fields"]}
    assert fields["entry_kind"]["options"] == ["续聘", "新聘", "其他"]
    assert "请选择“续聘”" in fields["entry_kind"]["hint"]
    starred = ("political_status", "email", "backup_mobile", "remote_evaluation", "emergency", "entry_kind", "photo")
    assert all(fields[code]["required"] for code in (*starred, "id_card_back", "id_card_front", "field_of_work"))
    assert not fields["address"]["required"]
    assert {"backup_mobile", "entry_kind", "studies", "bank_account", "title_proof"} <= (await zeng.problems()).keys()

    async def expect_refusal(section: str, field: str, value: object, says: str) -> None:
        with pytest.raises(Refused) as error:
            await zeng.save(section, {field: value})
        assert says in "".join(messages_by_field(error.value).values()), error.value.problem

    studies: dict[str, Any] = dict(values["studies"][0])  # type: ignore[index]  # a list of rows
    await expect_refusal("studies", "studies", [studies | {"until": "2000-01-01"}], "早于")
    await expect_refusal("bank", "bank_account", "6222021234567890129", "有一位数字不对")
    await expect_refusal("bank", "bank_account", "62220212", "12至30位")
    await expect_refusal("person", "backup_mobile", "12345", "11位")
    await expect_refusal("person", "entry_kind", "新增", "入库类型")
    await zeng.fill_in(values | {"emergency": True, "address": "团结路9号"}, entry_type="education")
    again = {field: value for section in (await zeng.read())["sections"] for field, value in section["values"].items()}
    assert (again["bank_account"], again["address"], again["entry_kind"]) == (
        "6222021234567890128",
        "团结路9号",
        "续聘",
    )
    assert again["region"] == FILED["region"], "the tab that holds it was saved without it"


async def test_02_files_and_the_application_form_are_uploaded(way: Journey) -> None:
    """L38-49, L73: pictures and proofs; L85-89: 下载申请表并签字盖章."""
    zeng = _applicant_zeng(way)
    sent = await zeng.attach_missing(but=frozenset({"signed_form"}))
    assert {"photo", "id_card_back", "id_card_front", "title_proof", "studies[0].proof"} <= set(sent)
    await zeng.upload("other_material", "获奖证书.jpg", card(7))
    assert list(await zeng.problems()) == ["signed_form"]
    await zeng.upload("signed_form", "申请表.pdf", signed_scan(1))
    with refused(rule="form.papers.print_before_submit"):
        await zeng.submit()
    await _print_and_sign(zeng)
    printed = pdf_text(await zeng.document())
    for shown in ("继续教育申请表", ZENG.name, "天山区", UNIT, "乌鲁木齐职业大学", "续聘", "团结路9号"):
        assert shown in printed


async def _print_and_sign(applicant: Applicant) -> None:
    """Print the present state, and put the signed scan of it in the place of any older one."""
    await applicant.print_form()
    for file in (await applicant.show())["files"]:
        if file["field"] == "signed_form":
            await applicant.client.delete(f"/attachments/{file['id']}")
    await applicant.upload("signed_form", "申请表.pdf", signed_scan(3))


async def test_02_it_is_handed_in_and_the_expert_stays_in_the_pool(way: Journey) -> None:
    """L93: 提交审核."""
    zeng = _applicant_zeng(way)
    assert (await zeng.submit())["state"] == "reviewing"
    assert await zeng.badge() == "正式专家"
    assert "正在资格审核" in (await way.browser(ZENG).open(f"/h5/{POOL}/apply/status")).text


async def test_02_the_reviewer_sees_the_account_masked_and_sends_back(way: Journey) -> None:
    """L55: 审核详情 tells what was said."""
    zeng, office = _applicant_zeng(way), await way.reviewer(OFFICE)
    task = await office.find((await zeng.show())["number"])
    page = await office.open(task)
    assert "6222****0128" in page.text
    assert "6222021234567890128" not in page.html
    assert "显示本人银行账号" in page.buttons
    assert "入库类型 续聘" in page.text
    await office.send_back(task, "业务技术专长请写具体。")
    page = await way.browser(ZENG).open(f"/h5/{POOL}/apply/status")
    assert "业务技术专长请写具体" in page.text
    with refused(rule="review.withdraw_before_edit"):
        await zeng.save("strengths", {"strengths": "补充"})
    await zeng.withdraw()
    await zeng.read()
    await zeng.save("strengths", {"strengths": "大跨钢结构设计与评审，主持过三项自治区重点工程。"})
    await _print_and_sign(zeng)
    assert (await zeng.submit())["round"] == 2


async def test_02_approval_is_the_enrolment(way: Journey) -> None:
    """L102: 审核通过后…即完成报名操作; L57: the badge of an emergency expert."""
    zeng, office = _applicant_zeng(way), await way.reviewer(OFFICE)
    await office.approve(await office.find((await zeng.show())["number"]))
    assert await zeng.state() == "entered"
    progress = (await zeng.show())["progress"]
    assert (progress["headline"], progress["expert_number"]) == ("您的继续教育申请已通过，报名完成", NUMBERS[ZENG])
    assert "审核通过，已完成报名" in await way.bubble(ZENG, "已完成报名")
    assert "课程开放后会通知您" in await way.phone(ZENG).say("进度")
    membership = (await zeng.home())["membership_status"]
    assert (membership["text"], membership["emergency"]) == ("正式专家", "应急专家")
    page = await way.browser(ZENG).open(f"/h5/{POOL}/apply")
    assert "应急专家" in page.text
    assert "去报名" not in page.text
    with refused_on_page("您已完成本次继续教育报名"):
        await zeng.start("education")
    assert (await zeng.client.get("/payments/fees"))["items"] == [], "nothing is owed but the course's fee"


async def test_02_the_file_holds_what_was_completed_and_what_was_kept(way: Journey) -> None:
    """L93, and L157: 点击【下载】可以下载个人信息表."""
    mini = await way.mini(ZENG, "expert")
    mine = await mini.get("/experts/me")
    assert mine["permanent_region"]["code"] == FILED["region"]
    assert [specialty["code"] for specialty in mine["specialties"]] == FILED["specialties"]
    assert mine["employers"] == [UNIT]
    document = pdf_text(await _applicant_zeng(way).document("information"))
    for shown in (NUMBERS[ZENG], "乌鲁木齐职业大学", "大跨钢结构设计"):
        assert shown in document


async def test_02_a_change_comes_after_training_and_examination(way: Journey) -> None:
    """L102, L106."""
    page = await way.browser(ZENG).open(f"/h5/{POOL}/apply")
    page = await way.browser(ZENG).follow("异动申请")
    assert "完成继续教育、考试合格并取得合格证书后" in page.text
    assert "我已知晓，开始填写" not in page.buttons, "it says so before"
    for told in (await way.phone(ZENG).say("异动申请"), (await way.browser(ZENG).open(f"/h5/{POOL}/file")).text):
        assert "完成继续教育、考试合格并取得合格证书后，才能申请变更所在市州、工作单位和专业等信息" in told


# ---- 二, 三 course, fee, training, examination, certificate


def ready_for_training(way: Journey) -> tuple[Applicant, str]:
    """The enrolled expert, and the expert number for paying; the course's steps start from here."""
    return _applicant_zeng(way), NUMBERS[ZENG]


COURSE = "2025年全区第一批继续教育"
_DAY = timedelta(days=1)
COLUMNS = (
    *("编号", "课程名称", "开始时间", "结束时间", "学习进度", "批阅状态", "是否补学", "培训完毕", "批阅时间", "操作"),
)


async def _enrolment(way: Journey) -> dict[str, Any]:
    zeng, _ = ready_for_training(way)
    [course] = (await zeng.client.get("/courses"))["items"]
    return dict(course)


async def test_05_the_office_holds_a_course_of_24_hours_that_ends_with_an_examination(way: Journey) -> None:
    """L6: all who enrolled; L119-139: a course has its time to the second, and is paid for."""
    browser = way.browser(ADMIN)
    await log_in(browser, way.phone(ADMIN), "/office")
    exams, courses = ExamOffice(browser), CourseOffice(browser)
    opens = await way.stage.now() + _DAY
    await exams.add_items()
    exam = await exams.prepare("继续教育测试", opens, opens + 30 * _DAY, purpose="single")
    typed = {"amount": "120", "required": "1", "exam_id": exam.rpartition("/")[2]}
    course = await courses.prepare(
        COURSE, opens, opens + _DAY, ("2025年全区第一批继续教育",), audience="campaigns", **typed
    )
    way.facts["film"] = await courses.add_film(course, "评标专家行为规范")
    await courses.publish(course)
    await exams.publish(exam)
    await way.bubble(ZENG, "请参加继续教育", COURSE, "请先缴费")


async def test_05_the_list_of_courses_has_the_manuals_columns(way: Journey) -> None:
    """L119: 继续教育 → 培训考试 → 我的培训; L127-139: columns, filter, reset, ten rows a page."""
    browser = way.browser(ZENG)
    page = await browser.open(f"/h5/{POOL}/courses")
    columns = (
        "编号",
        "课程名称",
        "开始时间",
        "结束时间",
        "学习进度",
        "批阅状态",
        "是否补学",
        "培训完毕",
        "批阅时间",
        "操作",
    )
    for shown in (*columns, COURSE, "待缴费", "0%", "共1门"):
        assert shown in page.text
    page = await browser.press("查询", q="没有这门")
    assert "没有名称含“没有这门”的课程" in page.text
    page = await browser.follow("重置")
    assert COURSE in page.text
    chat = await way.phone(ZENG).say("培训")
    for shown in (COURSE, "待缴费", "▸ 缴费"):
        assert shown in chat
    course = await _enrolment(way)
    page = await browser.open(f"/h5/{POOL}/courses/{course['id']}")
    assert "缴费到账后开通学习" in page.text


async def test_05_another_phone_pays_by_code_and_expert_number(way: Journey) -> None:
    """L143: 扫码缴费，输入专家编号，点击【完成】."""
    zeng, number = ready_for_training(way)
    friend = Payer(way.phone(STRANGER))
    browser = way.wechat(STRANGER)
    await browser.open(f"/h5/{POOL}/pay")
    page = await browser.press("下一步", number=number)
    for shown in ("曾**", COURSE, "120.00"):
        assert shown in page.text
    page = await way.browser(ZENG).open(f"/h5/{POOL}/pay?fee={(await _enrolment(way))['fee_id']}")
    assert COURSE in page.text
    [fee] = (await zeng.client.get("/payments/fees"))["items"]
    ordered = await zeng.client.post(f"/payments/fees/{fee['id']}/orders", {"trade": "native"})
    await friend.confirm(await friend.scan(ordered["code_url"]))
    await way.bubble(ZENG, f"已收到{COURSE}120.00元", number)
    opened = await way.bubble(ZENG, f"已收到{COURSE}的费用", "起可以学习")
    assert "去学习" in opened


async def test_05_the_training_opens_two_days_after_the_payment(way: Journey) -> None:
    """L143. The course itself is over by then: the time of a participant begins with its opening."""
    course, student = await _enrolment(way), PageScript(way.browser(ZENG), POOL)
    assert course["access"] == "ahead"
    page = await way.browser(ZENG).open(f"/h5/{POOL}/courses/{course['id']}")
    assert "起可以学习" in page.text
    assert not {"开始学习", "1. 评标专家行为规范"} & page.links.keys(), "no way to the film yet"
    with refused(code="study_ahead"):
        await student.post(f"/courses/{course['id']}/items/{way.facts['film']}/opening")
    await way.stage.advance(2 * _DAY.total_seconds() + 60)
    await log_in_by_password(way.browser(ZENG), POOL, PINYIN, PASSWORD)
    page = await way.browser(ZENG).open(f"/h5/{POOL}/courses/{course['id']}")
    assert "开始学习" in page.text
    page = await way.browser(ZENG).follow("开始学习")
    assert "首次学习不能快进" in page.text
    film = await way.browser(ZENG).download(f"{page.url}/video")
    assert film == FILM.read_bytes()


async def test_05_what_was_watched_counts_once(way: Journey) -> None:
    browser = way.browser(ZENG)
    await browser.open(f"/h5/{POOL}/courses/{(await _enrolment(way))['id']}")
    await browser.follow("开始学习")
    student = Student.at(browser, way.stage.advance)
    await student.open()
    skipped = await student.beat(25, 30)
    assert (skipped["seconds"], skipped["done"]) == (0, False)
    seen = await student.watch()
    assert (seen["done"], seen["progress"]) == (True, 1000)
    after = await _enrolment(way)
    assert (after["state"], after["phase"]) == ("learned", "learned")


async def test_05_the_examination_is_marked_by_the_office(way: Journey) -> None:
    """L129-138: 批阅状态 待批阅, 不合格, 合格; 批阅时间."""
    zeng, _ = ready_for_training(way)
    await way.wait_until_told(ZENG, "继续教育测试")
    browser = way.browser(ZENG)
    [called] = (await zeng.client.get("/exams"))["items"]
    page = await browser.open(f"/h5/{POOL}/courses")
    assert "待考试" in page.text
    candidate = Examinee(browser, PageScript(browser, POOL))
    await browser.follow("考试")
    await candidate.read_notice()
    await candidate.sit(called["candidate_id"], right)

    async def marking() -> bool:
        return "待批阅" in (await browser.open(f"/h5/{POOL}/courses")).text

    await way.wait_until(marking)
    office = ExamOffice(way.browser(ADMIN))
    await log_in(office.browser, way.phone(ADMIN), "/office")
    page = await office.browser.open("/office/exams")
    exam = (
        f"{office.browser.base}{next(href for label, href in page.links.items() if label.startswith('继续教育测试'))}"
    )
    await way.wait_until(lambda: office.release(exam))
    await way.bubble(ZENG, COURSE, "培训完毕")
    page = await browser.open(f"/h5/{POOL}/courses")
    for shown in ("合格", "100%", "培训完毕"):
        assert shown in page.text
    done = await _enrolment(way)
    assert (done["exam_state"], done["finished_at"] is None, done["make_ups"]) == ("passed", False, 0)


async def test_05_the_certificate_comes_as_picture_and_pdf(way: Journey) -> None:
    """L151-153: 继续教育合格证书, 【下载图片】, 【下载pdf】."""
    browser = way.browser(ZENG)
    page = await browser.open(f"/h5/{POOL}/certificates")
    assert "继续教育合格证书" in page.text
    page = await browser.follow("继续教育合格证书")
    for shown in (COURSE, "下载图片"):
        assert shown in page.text
    files = {label: href for label, href in page.links.items() if label.startswith("下载")}
    contents = [await browser.download(href) for href in files.values()]
    assert sorted(content[:4] for content in contents) == [b"%PDF", b"\x89PNG"]
    assert "继续教育合格证书" in await way.phone(ZENG).say("证书")


# ---- 四 the own data


async def test_04_the_personal_centre_changes_the_password(way: Journey) -> None:
    """L166-181."""
    browser = way.browser(ZENG)
    page = await browser.open(f"/h5/{POOL}/account")
    for shown in ("修改密码", "打印个人信息表", "更换手机号"):
        assert shown in page.text
    await browser.open(f"/h5/{POOL}/account/password")
    fresh = "Abcd1234"
    page = await browser.press("保存新密码", old="Wrong1234", code="", password=fresh, again=fresh)
    assert "密码不对" in page.text
    await browser.press("保存新密码", old=PASSWORD, code="", password=fresh, again=fresh)
    page = await log_in_by_password(way.browser(ZENG, "3"), POOL, PINYIN, fresh)
    assert "正式专家" in page.text


async def test_04_contacts_in_the_personal_centre_are_saved_at_once_and_told(way: Journey) -> None:
    """L172-176: 个人中心 → 基本资料, 保存."""
    browser, email = way.browser(ZENG), "tianshan@mail.example"
    await browser.open(f"/h5/{POOL}/file")
    await browser.follow("修改联系方式")
    page = await browser.press("保存", email=email, backup_mobile=STRANGER.mobile)
    assert "已修改，立即生效" in page.text
    for person in (ZENG, STRANGER):
        await way.wait_until_told(person, "备用手机号")
    page = await browser.open(f"/h5/{POOL}/file")
    assert "t***@mail.example" in page.text


async def test_04_a_change_is_open_after_the_examination_with_all_but_the_identity(way: Journey) -> None:
    """L102, L106; L158: 【异动申请】更换所在市州; L162: 除姓名、性别、出生年月、身份证号、所在市州外的信息."""
    zeng, browser = _applicant_zeng(way), way.browser(ZENG)
    assert "▸ 办理异动申请" in await way.phone(ZENG).say("异动申请")
    await browser.open(f"/h5/{POOL}/apply")
    assert "我已知晓，开始填写" in (await browser.follow("异动申请")).buttons
    page = await zeng.start("change")
    assert "评标专家异动申请表" in page.text
    editable = {field for part in (await zeng.show())["sections"] for field in part["editable"]}
    of_education = {
        field["code"]
        for section in await zeng.sections("education")
        for field in section["fields"]
        if not field["read_only"]
    }
    assert of_education - editable == {"entry_kind", "signed_form"}, "these say something of that application alone"
    assert not {"name", "sex", "birth", "age", "id_number", "mobile"} & editable
    await zeng.revise("transfer", change_reason="工作调动，由乌鲁木齐市调往克拉玛依市。")
    assert ["没有任何变更" in message for message in (await zeng.problems()).values()] == [True]
    with pytest.raises(Refused):
        await zeng.revise("new_specialties", specialties=[{"code": "B010101", "choice": "preferred"}])
    await zeng.revise("transfer", region="650200")
    await zeng.revise("new_unit", employer=NEW_UNIT, employer_code=OTHER_CREDIT_CODE, office_phone="0990-6220000")
    await zeng.revise("new_specialties", specialties=[{"code": "A080102", "choice": "preferred"}])
    await zeng.revise("new_recusal", recusal_units=[{"name": FAMILYS, "note": "配偶任职"}])
    assert await zeng.problems() == {}
    assert (await zeng.submit())["state"] == "reviewing"
    assert await zeng.badge() == "正式专家"


async def test_04_the_new_prefecture_decides_and_the_old_one_is_told(way: Journey) -> None:
    """L158: 并且提交审核."""
    zeng, office = _applicant_zeng(way), await way.office()
    await office.assign(KARAMAY.mobile, KARAMAY.name, "local", region="650200")
    number = (await zeng.show())["number"]
    assert not await (await way.reviewer(OFFICE)).queue(number)
    reviewer = await way.reviewer(KARAMAY)
    page = await reviewer.open(await reviewer.find(number))
    for shown in (UNIT, NEW_UNIT, "克拉玛依市", "工作调动"):
        assert shown in page.text, shown
    assert (await (await way.mini(ZENG, "expert")).get("/experts/me"))["employers"] == [UNIT], "not yet"
    await reviewer.approve(await reviewer.find(number))
    assert await zeng.state() == "entered"
    await way.wait_until_told(ZENG, "审核通过，变更已生效")


async def test_04_the_official_paper_after_the_change_is_the_whole_file(way: Journey) -> None:
    """L157: 点击【下载】可以下载个人信息表: the expert, whatever the last application was about."""
    zeng, mine = _applicant_zeng(way), await (await way.mini(ZENG, "expert")).get("/experts/me")
    assert (mine["permanent_region"]["code"], mine["employers"]) == ("650200", [NEW_UNIT])
    assert [specialty["code"] for specialty in mine["specialties"]] == ["A080102"]
    document = await zeng.document("information")
    paper = pdf_text(document)
    unchanged = (ZENG.name, "女", ZENG.id_number, NUMBERS[ZENG], "乌鲁木齐职业大学", "大跨钢结构设计", "团结路9号")
    for shown in (*unchanged, "克拉玛依市", NEW_UNIT, OTHER_CREDIT_CODE, FAMILYS, "tianshan@mail.example"):
        assert shown in paper, shown
    for gone in ("异动", "变更原因", "工作调动", UNIT, CREDIT_CODE, "某某建设集团有限公司"):
        assert gone not in paper, gone
    assert any(page.images for page in PdfReader(io.BytesIO(document)).pages), "with the photo"
    page = await way.browser(ZENG).open(f"/h5/{POOL}/file")
    for shown in (NEW_UNIT, OTHER_CREDIT_CODE, "克拉玛依市", FAMILYS):
        assert shown in page.text, shown
    assert "克拉玛依市" in await way.phone(ZENG).say("我的状态")
    page = await way.browser(ZENG).open(f"/h5/{POOL}/apply?entry_type=change")
    assert "我已知晓，开始填写" in page.buttons, "and again, when something else changes"
