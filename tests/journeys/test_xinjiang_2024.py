"""Xinjiang's manual of 2024 (2024年全区第二批评标专家报名操作流程), from applying to fee, invoice and exam.

Only through chat, pages, the mini-program, mail and WeChat Pay, over the wire. The campaign has the manual's windows,
in the coming year. The numbers in the names are the manual's chapters in their order; each step goes on where the one
before ended.
"""

from __future__ import annotations

from collections.abc import AsyncIterator
from datetime import datetime, timedelta

import pytest
import pytest_asyncio

from app.players.applicants import Applicant, log_in_by_password, register_in_browser
from app.players.browser import expect, log_in
from app.players.exams import Examinee, ExamOffice, right
from app.players.http_client import Json, Refused
from app.players.payers import Payer, ReceivedEmail, code_in_chat, received_emails
from app.players.phones import NotArrived
from app.players.scans import card, signed_scan
from domain.clock import SHANGHAI, local
from tests.drivers.in_process import BEGIN, Stores
from tests.drivers.phones import press_by_script
from tests.factories.forms import good_values
from tests.journeys.applying import (
    PASSWORD,
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
ADMIN = Person("管库员", "19900400001", home="650102", serial=1)
SU = Person("苏航", "19900400002", home="650202", serial=2)
"""Applicant who completes every step and pays by the code in the chat."""
MA = Person("马天山", "19900400003", home="650202", serial=4)
"""Applicant whose fee two persons pay at once."""
AI = Person("艾克拉木", "19900400004", home="650202", serial=6)
"""Applicant who is approved late."""
WANG = Person("王戈壁", "19900400007", home="650202", serial=12)
"""Applicant whose review is not done in time."""
DU = Person("杜塔里木", "19900400008", home="650202", serial=14)
"""Applicant who corrects too late."""
HASAN = Person("哈山", "19900400009", home="650102", born="19720505", serial=16)
"""In the pool already; renews."""
FRIEND = Person("好朋友", "19900400005", home="650202", serial=8)
"""A person with WeChat and a wallet, unknown to the pool."""
OFFICE = Person("克市住建", "19900400006", home="650202", serial=10)
KEPT = {"region", "employer", "specialties"}
KARAMAY = "650200"
AMOUNT = 350_00
CAMPAIGN = "全区第二批评标专家报名"


def _day(month: int, day: int, clock: str) -> datetime:
    """A moment of the campaign, in the coming year."""
    hour, minute = map(int, clock.split(":"))
    return datetime(local(BEGIN).year + 1, month, day, hour, minute, tzinfo=SHANGHAI)


@pytest_asyncio.fixture(scope="module", loop_scope="module")
async def way(stores: Stores) -> AsyncIterator[Journey]:
    people = (SU, MA, AI, WANG, DU, HASAN, FRIEND, OFFICE)
    hasan = expert_row(
        HASAN, "ZJ6500001", region="650100", specialties="A080101", employer="新疆建筑设计研究院有限公司"
    )
    async with run_journey(stores, POOL, ADMIN, people, start=_day(11, 15, "09:00"), experts=hasan) as journey:
        yield journey


def _values(person: Person, **change: object) -> dict[str, object]:
    return good_values(POOL) | {"email": f"{person.mobile}@mail.example"} | change


async def _applicant(way: Journey, person: Person) -> Applicant:
    """A person registered, with the mini-program."""
    if person.mobile not in way.applicants:
        mini = await way.mini(person, "")
        way.applicants[person.mobile] = Applicant(way.phone(person), person.name, person.id_number, mini)
    return way.applicants[person.mobile]


# ---- 一 enrolling


async def test_00_the_campaign_has_three_windows_and_advice_for_each_prefecture(way: Journey) -> None:
    office = await way.office()
    await office.assign(OFFICE.mobile, OFFICE.name, "local", region=KARAMAY)
    windows = {
        "enrol": (_day(11, 15, "10:30"), _day(12, 2, "18:30")),
        "review": (_day(11, 15, "10:30"), _day(12, 3, "18:30")),
        "pay": (_day(11, 20, "10:30"), _day(12, 4, "18:30")),
    }
    types = ("first", "renewal")
    with refused_on_page("缴费截止时间应晚于开始时间。"):
        await office.open_campaign(CAMPAIGN, types, **windows | {"pay": (_day(11, 20, "10:30"), _day(11, 20, "10:30"))})
    await office.open_campaign(CAMPAIGN, types, **windows, advice="克拉玛依市 0990-6220000")
    page = await office.open("/office/campaigns")
    [campaign] = [line for line in page.lines if CAMPAIGN in line]
    for shown in ("未开始", "11月15日 10:30 至", "12月2日 18:30"):
        assert shown in campaign


async def test_01_one_registers_on_the_page_and_logs_in_both_ways(way: Journey) -> None:
    browser = way.browser(SU)
    page = await browser.open(f"/h5/register?pool={POOL}")
    page = await register_in_browser(browser, way.phone(SU), SU.name, SU.id_number, PASSWORD)
    assert page.url.endswith(f"/h5/{POOL}/apply?note=registered")
    assert "未入库" in page.text
    for shown in (CAMPAIGN, "报名：11月15日 10:30 至 12月2日 18:30", "克拉玛依市", "0990-6220000"):
        assert shown in page.text
    assert (await log_in_by_password(way.browser(SU, "2"), POOL, SU.mobile, PASSWORD)).url.endswith("/apply")
    await way.stage.advance(61)
    await log_in(way.browser(SU, "3"), way.phone(SU), f"/h5/{POOL}/apply")
    assert "未入库" in way.browser(SU, "3").page.text
    for person in (MA, AI, WANG, DU):
        page = await register_in_browser(
            way.browser(person), way.phone(person), person.name, person.id_number, PASSWORD
        )
        assert "未入库" in page.text


async def test_01_the_honesty_clause_stands_on_the_page_and_must_be_agreed_to(way: Journey) -> None:
    browser = way.browser(FRIEND)
    await browser.open(f"/h5/register?pool={POOL}")
    page = await browser.press("获取验证码", mobile=FRIEND.mobile)
    assert "通报当地住房城乡建设主管部门及所在单位" in page.text
    code = await way.phone(FRIEND).sms_code()
    typed = {"code": code, "name": FRIEND.name, "id_number": FRIEND.id_number, "password": PASSWORD, "again": PASSWORD}
    page = await browser.press("注册", privacy="2026-11", **typed)
    assert "同意承诺条款" in page.text


async def test_01_applying_begins_at_half_past_ten(way: Journey) -> None:
    su = await _applicant(way, SU)
    with refused_on_page("11月15日", "10:30"):
        await su.start()
    assert await su.to_do() == ["评标专家报名（新增）"]
    await way.stage.advance_to(_day(11, 15, "10:30") + timedelta(seconds=1))
    with refused_on_page("库中没有您的专家档案，请选择新增申请"):
        await su.start("renewal")
    await su.start()
    titles = [section["title"] for section in await su.sections()]
    assert titles[1:4] == ["资格信息", "参评信息", "评标专业"]
    stages = [stage["name"] for stage in (await su.show())["progress"]["stages"]]
    assert stages == ["网上报名", "资格审核", "网上缴费", "培训考试", "入库"]


async def test_01_a_renewal_keeps_prefecture_unit_and_specialties(way: Journey) -> None:
    hasan = way.at_browser(HASAN)
    await way.stage.advance(61)
    await log_in(way.browser(HASAN), way.phone(HASAN), f"/h5/{POOL}/apply")
    await way.browser(HASAN).press("同意并继续")
    assert await hasan.to_do() == ["评标专家报名（续聘）"]
    await hasan.start("renewal")
    known = {field: value for part in (await hasan.show())["sections"] for field, value in part["values"].items()}
    assert (known["region"], known["specialties"][0]["code"]) == ("650100", "A080101")
    other = [{"code": "A080102", "choice": "preferred"}]
    for section, field, value in (
        ("basic", "region", KARAMAY),
        ("qualification", "employer", "无"),
        ("specialties", "specialties", other),
    ):
        with pytest.raises(Refused) as error:
            await hasan.save(section, {field: value})
        assert "沿用入库时的内容，不能修改" in messages_by_field(error.value)[field]
    values = {name: value for name, value in _values(HASAN).items() if name not in KEPT}
    await hasan.fill_in(values, entry_type="renewal")
    assert not KEPT & (await hasan.problems()).keys()


async def test_02_every_length_of_the_manual_holds(way: Journey) -> None:
    su = await _applicant(way, SU)
    values = _values(SU)

    async def expect_refusal(section: str, field: str, value: object) -> None:
        with pytest.raises(Refused) as error:
            await su.save(section, {field: value})
        assert field in messages_by_field(error.value), (field, error.value.problem)

    await expect_refusal("qualification", "employer", "单" * 51)
    await expect_refusal("qualification", "office_phone", "0991-88374101234")
    await expect_refusal("qualification", "years_in_field", 1000)
    await expect_refusal("qualification", "field_of_work", "A04")
    await expect_refusal("evaluation", "email", f"{'a' * 20}@mail.example.cn")
    await expect_refusal("qualification", "employer_code", "91310110076408176X")
    fields = {field["code"]: field for section in await su.sections() for field in section["fields"]}
    assert {fields[code]["default"] for code in ("remote_evaluation", "emergency")} == {"否"}
    assert fields["recusal_units"]["required"]
    assert fields["region"]["city_only"]
    await su.fill_in(values)


async def test_02_specialties_keep_to_one_class_and_one_two_four(way: Journey) -> None:
    su = await _applicant(way, SU)

    async def expect_refusal(*codes: str, choice: str = "preferred") -> None:
        with pytest.raises(Refused) as error:
            await su.save("specialties", {"specialties": [{"code": code, "choice": choice} for code in codes]})
        assert any(place.startswith("specialties") for place in messages_by_field(error.value)), error.value.problem

    await expect_refusal("B010101")
    await expect_refusal("A080101", "A010101")
    await expect_refusal("A080101", "A080101")
    await expect_refusal("A080101", "A080201", "A080301")
    await expect_refusal("A080101", "A080102", "A080103", "A080104", "A080105")
    await su.save("specialties", {"specialties": [{"code": "A080101", "choice": "alternative"}]})
    assert "首选" in (await su.problems())["specialties"]
    chosen = [("A080101", "preferred"), ("A080102", "alternative"), ("A080201", "alternative")]
    await su.save("specialties", {"specialties": [{"code": code, "choice": choice} for code, choice in chosen]})
    assert "specialties" not in await su.problems()


async def test_03_the_commitment_letter_is_fetched_signed_and_uploaded(way: Journey) -> None:
    su = await _applicant(way, SU)
    text = pdf_text(await su.document("commitment"))
    assert "承诺" in text
    assert SU.name in text
    assert "commitment_letter" in await su.problems()
    with pytest.raises(Refused):
        await su.upload("commitment_letter", "承诺书.jpg", card(1))
    await su.upload("commitment_letter", "承诺书.pdf", signed_scan(1))
    sent = await su.attach_missing(but=frozenset({"signed_form"}))
    assert {"photo", "id_card_front", "qualifications[0].proof"} <= set(sent)
    assert list(await su.problems()) == ["signed_form"]


async def test_04_the_generated_table_is_checked_printed_signed_and_handed_in(way: Journey) -> None:
    su = await _applicant(way, SU)
    await su.upload("signed_form", "审查表.pdf", signed_scan(2))
    with refused(rule="form.papers.print_before_submit"):
        await su.submit()
    await _print_and_sign(su)
    printed = pdf_text(await su.document())
    for shown in (SU.name, "克拉玛依市", "民主党派", "新疆建筑设计研究院有限公司", f"{SU.mobile}@mail.example"):
        assert shown in printed
    assert (await su.submit())["state"] == "reviewing"
    assert await su.badge() == "申请中"


async def _print_and_sign(applicant: Applicant) -> None:
    """Print the present state, and put the signed scan of it in the place of any older one."""
    await applicant.print_form()
    assert (await applicant.document()).startswith(b"%PDF")
    for file in (await applicant.show())["files"]:
        if file["field"] == "signed_form":
            await applicant.client.delete(f"/attachments/{file['id']}")
    await applicant.upload("signed_form", "审查表.pdf", signed_scan(3))


async def test_04_others_apply_too(way: Journey) -> None:
    for person in (MA, AI, WANG, DU):
        applicant = await _applicant(way, person)
        await applicant.start()
        await applicant.fill_in(_values(person))
        await applicant.attach_missing(but=frozenset({"signed_form"}))
        await _print_and_sign(applicant)
        assert (await applicant.submit())["state"] == "reviewing"


# ---- 二 the review


async def test_05_a_rejected_application_is_withdrawn_first_and_then_changed(way: Journey) -> None:
    su, office = await _applicant(way, SU), await way.reviewer(OFFICE)
    await way.stage.advance_to(_day(11, 16, "11:00"))
    number = (await su.show())["number"]
    assert "本地住房城乡建设主管部门" in await _in_chat(way, SU, "进度")
    await office.send_back(await office.find(number), "工作经历填写过于简单，请补充。")
    await way.bubble(SU, "退回修改")
    answer = await _in_chat(way, SU, "进度")
    assert "撤回" in answer
    assert "过于简单" in answer
    for attempt in (su.submit, lambda: su.save("career", {"career": "补充"})):
        with refused(rule="review.withdraw_before_edit"):
            await attempt()
    assert (await su.withdraw())["state"] == "correcting"
    await su.read()
    await su.save("career", {"career": "2008年7月起在设计院从事结构设计，主持项目二十余项。", "experience": "无"})
    await _print_and_sign(su)
    assert (await su.submit())["round"] == 2


async def _in_chat(way: Journey, person: Person, word: str) -> str:
    """The account's reply to a follower who is bound."""
    phone = way.phone(person)
    if person.mobile not in way.facts:
        way.facts[person.mobile] = "bound"
        await way.stage.advance(61)
        await phone.follow()
        await phone.bind()
    return await phone.say(word)


async def test_06_approval_gives_the_number_and_the_fee_opens_after_five_days(way: Journey) -> None:
    su, ma, office = await _applicant(way, SU), await _applicant(way, MA), await way.reviewer(OFFICE)
    await _in_chat(way, MA, "进度")
    await way.stage.advance_to(_day(11, 18, "11:00"))
    for applicant in (su, ma):
        await office.approve(await office.find((await applicant.show())["number"]))
        assert await applicant.state() == "fee"
    fee = await _fee(su)
    assert (fee["amount"], fee["phase"], fee["name"]) == (AMOUNT, "not_open", "苏*")
    assert "新发改收费〔2017〕1648号" in fee["legal_basis"]
    approved = datetime.fromisoformat(fee["opens_at"]) - timedelta(days=5)
    assert abs(approved - _day(11, 18, "11:00")) < timedelta(minutes=2)
    assert "11月23日" in await _in_chat(way, SU, "缴费")
    with refused(rule="fee.opens_after"):
        await su.client.post(f"/payments/fees/{fee['id']}/orders", {"trade": "native"})
    await way.stage.advance_to(datetime.fromisoformat(fee["opens_at"]) + timedelta(seconds=30))
    await way.bubble(SU, "缴费通知")


async def _fee(applicant: Applicant) -> Json:
    [fee] = (await applicant.client.get("/payments/fees"))["items"]
    typed_fee: Json = fee
    return typed_fee


# ---- 三 paying


async def test_07_the_chat_gives_the_link_first_and_then_the_code_which_another_phone_pays(way: Journey) -> None:
    su, friend = await _applicant(way, SU), Payer(way.phone(FRIEND))
    fee = await _fee(su)
    answer = await _in_chat(way, SU, "缴费")
    for shown in ("350.00", fee["expert_number"], "0991-8837428", "不予退费", "后果自行承担"):
        assert shown in answer
    code = await code_in_chat(way.phone(SU))
    before = await friend.balance()
    cashier = await friend.scan(code)
    assert (cashier["total"], cashier["description"]) == (AMOUNT, "评标专家培训费")
    await way.stage.http_client.control("/faults", {"vendor": "pay", "kind": "concurrent", "count": 1})
    await friend.confirm(cashier)
    await way.wait_for_state(su, "exam")
    assert (await _fee(su))["phase"] == "paid"
    assert await friend.balance() == before - AMOUNT
    await way.bubble(SU, "已收到培训费350.00元", fee["expert_number"])
    answer = await _in_chat(way, SU, "缴费")
    assert "无需重复支付" in answer
    assert "发票" in answer
    with refused(code="fee_settled"):
        await su.client.post(f"/payments/fees/{fee['id']}/orders", {"trade": "native"})
    [order] = await _orders(way, fee["expert_number"])
    assert order.endswith("¥350.00已支付"), "told twice, counted once"


async def _orders(way: Journey, number: str) -> list[str]:
    """Orders of one expert number, newest first, as the administration sees them."""
    return await (await way.office()).find_orders(number)


async def test_08_a_friend_pays_by_the_expert_number_and_two_payments_count_once(way: Journey) -> None:
    ma, friend = await _applicant(way, MA), Payer(way.phone(FRIEND))
    fee, own = await _fee(ma), Payer(way.phone(MA))
    browser = way.wechat(FRIEND)
    page = await browser.open(f"/h5/{POOL}/pay")
    assert "专家编号" in page.text
    page = await browser.press("下一步", number="ZJ9999999")
    assert "没有找到这个专家编号" in page.text
    page = await browser.press("下一步", number=fee["expert_number"].lower())
    assert "马**" in page.text
    assert MA.name not in page.text
    by_page = await friend.call_cashier((await press_by_script(browser, "立即支付"))["parameters"])
    ordered = await ma.client.post(f"/payments/fees/{fee['id']}/orders", {"trade": "mini"})
    parameters = ordered["parameters"] | {"appId": await own.mini_appid()}
    in_mini = await own.call_cashier(parameters)
    await way.stage.http_client.control("/faults", {"vendor": "pay", "kind": "lost", "count": 2})
    balances = await friend.balance() + await own.balance()
    await friend.confirm(by_page)
    await own.confirm(in_mini)
    await way.stage.advance(4)
    assert (await ma.client.get(f"/payments/fees/{fee['id']}"))["phase"] == "paid", "asked, though nobody told"
    await way.wait_for_state(ma, "exam")

    async def money_is_back() -> bool:
        await way.stage.advance(10)
        return await friend.balance() + await own.balance() == balances - AMOUNT

    await way.wait_until(money_is_back)
    surplus = ["重复缴费" in order for order in await _orders(way, fee["expert_number"])]
    assert sorted(surplus) == [False, True]
    await way.stage.http_client.control("/faults/clear", {})


# ---- the invoice


async def test_09_receipt_and_invoice_come_by_mail_as_pdf(way: Journey) -> None:
    su, office = await _applicant(way, SU), await way.office()
    address = f"{SU.mobile}@mail.example"

    async def receipt() -> ReceivedEmail | None:
        return next((received for received in await received_emails(way.phone(SU), address) if received.files), None)

    email: ReceivedEmail = await way.wait_until(receipt)
    [content] = email.files.values()
    assert "350.00" in pdf_text(content)
    fee = await _fee(su)
    browser = await su.client.open_page(f"/h5/{POOL}/pay")
    assert (await browser.download(browser.page.link("下载缴费凭证"))).startswith(b"%PDF")
    with pytest.raises(NotArrived):
        browser.page.link("下载电子发票")
    assert "电子发票还没有开具" in (await browser.open(f"/h5/{POOL}/pay-invoice/{fee['id']}")).text
    await browser.open(f"/h5/{POOL}/pay")
    title, tax_number = "新疆建筑设计研究院有限公司", "91310110076408176P"
    expect(await browser.press("保存", title=title, taxpayer_id=tax_number, email=""), "开票信息已保存")
    invoice_line = await office.find_invoice(fee["expert_number"], "to_make")
    assert title in invoice_line
    assert tax_number in invoice_line
    made = signed_scan(9)
    await office.upload_invoice(fee["expert_number"], "24652000000012345678", made)

    async def invoice() -> bool:
        return made in [
            file for received in await received_emails(way.phone(SU), address) for file in received.files.values()
        ]

    await way.wait_until(invoice)
    await way.bubble(SU, "电子发票")
    browser = await su.client.open_page(f"/h5/{POOL}/pay")
    assert await browser.download(browser.page.link("下载电子发票")) == made


async def test_10_the_bill_of_the_day_agrees_with_our_books(way: Journey) -> None:
    await way.stage.advance_to(_day(11, 24, "10:10"))

    office = await way.office()

    async def find_compared_bill() -> str:
        bill = await office.find_bill(_day(11, 23, "00:00"))
        return "" if bill.endswith("待核对") else bill

    bill = await way.wait_until(find_compared_bill)
    assert bill.endswith("4笔 · 收 ¥1,050.00 · 退 ¥350.00一致")


# ---- late


async def test_11_after_enrolling_first_submissions_are_refused_and_corrections_accepted(way: Journey) -> None:
    ai, hasan, office = await _applicant(way, AI), way.at_browser(HASAN), await way.reviewer(OFFICE)
    await way.stage.advance_to(_day(12, 2, "17:00"))
    await office.send_back(await office.find((await ai.show())["number"]), "工作经历填写过于简单，请补充。")
    await way.stage.advance_to(_day(12, 2, "18:30") + timedelta(seconds=30))
    await log_in(way.browser(HASAN), way.phone(HASAN), f"/h5/{POOL}/apply")
    assert "截止" in (await hasan.home())["to_do"][0]["detail"]
    with refused(rule="campaigns.required", says="18:30"):
        await hasan.submit()
    await way.stage.advance_to(_day(12, 3, "10:40"))
    await ai.withdraw()
    await ai.read()
    await ai.save("career", {"career": "2010年起在设计院从事道路设计，主持项目十余项。", "experience": "无"})
    await _print_and_sign(ai)
    assert (await ai.submit())["round"] == 2


async def test_11_an_applicant_approved_late_pays_at_once_and_a_closed_order_still_counts(way: Journey) -> None:
    ai, office, own = await _applicant(way, AI), await way.reviewer(OFFICE), Payer(way.phone(AI))
    await _in_chat(way, AI, "进度")
    await way.stage.advance_to(_day(12, 3, "17:00"))
    await office.approve(await office.find((await ai.show())["number"]))
    fee = await _fee(ai)
    assert fee["phase"] == "open"
    ends = datetime.fromisoformat(fee["closes_at"])
    assert ends - _day(12, 3, "17:00") >= timedelta(hours=24), "24 hours for everybody"
    path = f"/payments/fees/{fee['id']}/orders"
    first = await ai.client.post(path, {"trade": "native"})
    assert (await ai.client.post(path, {"trade": "native"}))["order_id"] == first["order_id"]
    cashier = await own.scan(first["code_url"])
    await way.stage.advance(31 * 60)

    async def order_is_closed() -> bool:
        [order] = await _orders(way, fee["expert_number"])
        return order.endswith("已关闭")

    await way.wait_until(order_is_closed)
    again = await ai.client.post(path, {"trade": "native"})
    assert again["code_url"] != first["code_url"], "made anew"
    await way.stage.http_client.control("/faults", {"vendor": "pay", "kind": "pay_after_close", "count": 1})
    await own.confirm(cashier)
    await way.wait_for_state(ai, "exam")

    async def orders_are_settled() -> bool:
        return {order[-3:] for order in await _orders(way, fee["expert_number"])} == {"已关闭", "已支付"}

    await way.wait_until(orders_are_settled)
    with pytest.raises(Refused):
        await own.phone.http_client.control("/pay/scan", {"phone": AI.mobile, "code_url": again["code_url"]})


async def test_12_after_the_windows_submissions_and_decisions_are_refused(way: Journey) -> None:
    office, du = await way.reviewer(OFFICE), await _applicant(way, DU)
    task = await office.find((await (await _applicant(way, WANG)).show())["number"])
    await office.send_back(await office.find((await du.show())["number"]), "学历证明不清晰，请重新上传。")
    await du.withdraw()
    await way.stage.advance_to(_day(12, 3, "18:31"))
    with refused(rule="campaigns.correct_until", says="18:30"):
        await du.submit()
    assert "已于12月3日" in (await du.home())["to_do"][0]["detail"]
    with refused_on_page("12月3日", "18:30"):
        await office.approve(task)
    page = await (await way.office()).open("/office/campaigns")
    assert "已截止" in page.text
    assert "报名中" not in page.text


# ---- back again


async def test_13_an_administrator_refunds_with_a_reason_and_the_bill_agrees_again(way: Journey) -> None:
    su, office, friend = await _applicant(way, SU), await way.office(), Payer(way.phone(FRIEND))
    fee = await _fee(su)
    before = await friend.balance()
    with refused_on_page("26"):
        await office.refund(fee["expert_number"], "退" * 27)
    await office.refund(fee["expert_number"], "本人因病不能参加培训")

    async def refund_is_back() -> bool:
        await way.stage.advance(10)
        return await friend.balance() == before + AMOUNT

    await way.wait_until(refund_is_back)
    await way.bubble(SU, "退费通知")
    assert (await _fee(su))["phase"] == "refunded"
    [order] = await office.find_orders(fee["expert_number"])
    assert "已退款" in order
    page = await office.browser.follow(order)
    assert "下一步" not in page.buttons, "given back once"
    await way.stage.advance_to(_day(12, 4, "10:30"))

    async def bills() -> list[str]:
        lines = await office.find_bills()
        return lines if "12月3日" in lines[0] and not any(line.endswith("待核对") for line in lines) else []

    lines = await way.wait_until(bills)
    assert len(lines) >= 11
    assert all(line.endswith(("一致", "无交易")) for line in lines)
    assert "没有无法入账的通知。" in (await office.open("/office/unmatched-payments")).text


async def test_14_an_applicant_who_paid_sits_the_test_in_the_mini_program_and_enters(way: Journey) -> None:
    office, ma = ExamOffice(way.browser(ADMIN)), await _applicant(way, MA)
    await log_in(office.browser, way.phone(ADMIN), "/office")
    await office.add_items()
    opens = await way.stage.now() + timedelta(days=1)
    exam = await office.hold("2024年第二批评标专家培训测试", opens, opens + timedelta(hours=3))
    await way.wait_until_told(MA, "2024年第二批评标专家培训测试")
    await way.stage.advance_to(opens + timedelta(minutes=2))
    [called] = (await ma.client.get("/exams"))["items"]
    with refused(code="notice_first"):
        await ma.client.post(f"/exams/{called['candidate_id']}/start", {"device": 0})
    candidate = Examinee(await ma.client.open_page(f"/h5/{POOL}/exams/{called['candidate_id']}"), ma.client)
    await candidate.read_notice()
    await candidate.sit(called["candidate_id"], right)
    await log_in(office.browser, way.phone(ADMIN), "/office")
    await way.wait_until(lambda: office.release(exam))
    await way.wait_for_state(ma, "entered")
    assert await ma.badge() == "正式专家"


async def test_14_a_result_held_elsewhere_ends_one_application_and_one_gives_up(way: Journey) -> None:
    office = await way.office()
    su, ai = await _applicant(way, SU), await _applicant(way, AI)
    await office.record_exam((await ai.show())["number"], passed=False, reason="52分，未达合格线")
    shown = (await ai.show())["progress"]
    assert (shown["state"], shown["opinion"], shown["ended_at"] is None) == ("refused", "52分，未达合格线", False)
    before = (await su.show())["progress"]
    assert "须等下一次征集" in before["give_up"]
    await su.cancel()
    assert (await su.show())["progress"]["state"] == "cancelled"
