"""The office and what comes in from outside: money, invoices, objections, feedback, initial passwords."""

from __future__ import annotations

import io
from datetime import date

import aiohttp
import pytest
from openpyxl import load_workbook

from domain.errors import Rejected
from models.accounts import Account
from models.applications import Application
from models.audit import AuditEntry
from models.notices import Notice
from models.payments import Bill, BillDifference, Fee, Invoice, PayEvent, Refund
from models.reviews import Objection
from services.core.base import Actor, rows
from services.inspection.file_types import XLSX
from services.payments import PDF_BYTES
from services.ports import RefundReport
from tests.factories.payments import platform_of
from tests.factories.people import make_account, make_expert, make_grant
from tests.web.conftest import PUBLIC_URL, Visitor, World
from tests.web.office_scene import (
    Scene,
    bill,
    feedback,
    fill,
    invoice,
    make_scene,
    objection,
    on_notice,
    paid,
    post,
    refund,
    token_of,
)


@pytest.fixture
async def scene(world: World) -> Scene:
    return await make_scene(world)


# ---- orders and refunds


async def test_orders_are_found_by_number_and_kind(scene: Scene) -> None:
    order, stuck = await paid(scene), await paid(scene, "冯退款", number="ZJ0000778")
    await refund(scene, stuck)
    for query, shown in (
        ("", {"ZJ0000777", "ZJ0000778"}),
        ("q=ZJ0000777", {"ZJ0000777"}),
        (f"q={order.out_trade_no}", {"ZJ0000777"}),
        (f"q={stuck.transaction_id}", {"ZJ0000778"}),
        ("only=abnormal", {"ZJ0000778"}),
        ("only=closed", set()),
        ("only=nonsense", {"ZJ0000777", "ZJ0000778"}),
    ):
        listed = (await scene.at(f"/office/orders?{query}")).page.links
        numbers = {number for number in ("ZJ0000777", "ZJ0000778") if any(number in link for link in listed)}
        assert (query, numbers) == (query, shown)
    assert "王小明" not in (await scene.at("/office/orders")).text


async def test_a_refund_is_read_back_and_goes_out_once(scene: Scene) -> None:
    order = await paid(scene)
    visitor = await scene.at(f"/office/orders/{order.id}")
    for reason in ("", "x", "理" * 27):
        await visitor.press("下一步", reason=reason)
        assert (visitor.status, "请用2到26个字说明退款原因" in visitor.text) == (422, True)
    await visitor.press("下一步", reason="重复报名")
    assert "确认退款" in visitor.text
    assert "350.00" in visitor.text
    assert "重复报名" in visitor.text
    assert not await Refund.exists()
    form, _ = visitor.page.buttons["确认退款"]
    for _ in range(2):
        await visitor.post(form["action"], form["fields"])
        assert "已提交退款" in visitor.text
    assert [row.reason for row in await Refund.all()] == ["重复报名"]
    assert "下一步" not in visitor.page.buttons
    await post(
        visitor, f"/office/orders/{order.id}", command="refund", reason="再退一次"
    ) if visitor.page.forms else None
    assert await Refund.all().count() == 1


@pytest.mark.parametrize(
    ("after", "state", "words"),
    [("end", "terminated", "立即终止"), ("again", "exam", "重新缴费"), ("keep", "exam", "不变")],
)
async def test_what_becomes_of_the_application_is_chosen_and_read_back(
    scene: Scene, after: str, state: str, words: str
) -> None:
    order = await paid(scene)
    visitor = await scene.at(f"/office/orders/{order.id}")
    await visitor.press("下一步", reason="本人申请退费", after=after)
    assert words in visitor.text
    await visitor.press("确认退款")
    assert (await Refund.get()).after == after
    assert (await Application.get()).state == state


async def test_a_choice_that_is_not_possible_any_more_is_refused(scene: Scene) -> None:
    order = await paid(scene)
    visitor = await scene.at(f"/office/orders/{order.id}")
    await visitor.press("下一步", reason="本人申请退费", after="end")
    await Application.all().update(state="entered", ended_at=scene.world.clock.now())
    await visitor.press("确认退款")
    assert (visitor.status, "已入库" in visitor.text) == (409, True)
    assert not await Refund.exists()
    await visitor.get(f"/office/orders/{order.id}")
    assert "不受退款影响" in visitor.text


async def test_a_refund_that_got_stuck_says_what_to_do(scene: Scene) -> None:
    order = await paid(scene)
    await refund(scene, order)
    visitor = await scene.at(f"/office/orders/{order.id}")
    assert "USER_ACCOUNT_ABNORMAL" in visitor.text
    assert "每天会重新提交" in visitor.text
    assert "退到此银行卡" not in visitor.page.buttons


async def test_a_refund_that_the_account_can_not_take_goes_to_another_card_that_no_page_shows_again(
    scene: Scene,
) -> None:
    order = await paid(scene)
    row = await refund(scene, order, refund_id="5030", failure="ABNORMAL")
    platform = platform_of(scene.world.services.payments)
    platform.refunds[row.out_refund_no] = RefundReport(row.out_refund_no, "5030", "ABNORMAL", row.amount, None)
    visitor = await scene.at(f"/office/orders/{order.id}")
    account, holder = "6222021234567890123", "欧阳建国"
    for typed, words in (
        ({"bank": "", "account": account, "holder": holder}, "请选择开户银行"),
        ({"bank": "ICBC_DEBIT", "account": "6222", "holder": holder}, "银行卡号为12到19位数字"),
        ({"bank": "ICBC_DEBIT", "account": account, "holder": "6"}, "请填写开户人的真实姓名"),
    ):
        await visitor.press("退到此银行卡", **typed)
        assert (visitor.status, words in visitor.text) == (422, True)
        assert (account in visitor.text, holder in visitor.text) == (False, False)
    platform.before["redirect_refund"] = [Rejected("PARAM_ERROR")]
    await visitor.press("退到此银行卡", bank="ICBC_DEBIT", account=account, holder=holder)
    assert (visitor.status, "PARAM_ERROR" in visitor.text, account in visitor.text) == (409, True, False)
    await visitor.press("退到此银行卡", bank="ICBC_DEBIT", account=account, holder=holder)
    assert "微信支付已受理" in visitor.text
    assert "改退至工商银行卡" in visitor.text
    assert (await Refund.get()).state == "processing"
    assert [card and card.account for card in platform.cards] == [account]


async def test_or_to_the_merchants_account(scene: Scene) -> None:
    order = await paid(scene)
    row = await refund(scene, order, refund_id="5030", failure="ABNORMAL")
    platform = platform_of(scene.world.services.payments)
    platform.refunds[row.out_refund_no] = RefundReport(row.out_refund_no, "5030", "ABNORMAL", row.amount, None)
    visitor = await scene.at(f"/office/orders/{order.id}")
    await visitor.press("退到商户银行账户")
    assert "改退至商户银行账户" in visitor.text
    assert platform.cards == [None]


async def test_a_notification_without_an_order_is_listed_until_the_office_notes_the_outcome(scene: Scene) -> None:
    now = scene.world.clock.now()
    for number in ("T404", "T405"):
        await PayEvent.create(
            pool="demo",
            kind="TRANSACTION.SUCCESS",
            subject=number,
            payload_sealed="",
            received_at=now,
            applied_at=now,
            outcome="unknown_order",
        )
    visitor = await scene.at("/office/orders")
    await visitor.click("无法入账的支付通知2")
    assert "本系统没有这笔订单" in visitor.text
    assert "T404" in visitor.text
    await visitor.press("记录处理结果", note="x")
    assert (visitor.status, "请用2到200个字说明处理结果" in visitor.text) == (422, True)
    await visitor.press("记录处理结果", note="已在商户平台退回")
    assert "已记录处理结果" in visitor.text
    assert "周管理" in visitor.text
    assert "已在商户平台退回" in (await visitor.get("/office/unmatched-payments?only=closed")).text
    assert "已在商户平台退回" not in (await visitor.get("/office/unmatched-payments?only=open")).text
    assert "无法入账的支付通知1" in (await visitor.get("/office/orders")).page.links
    assert "/office/unmatched-payments" in (await visitor.get("/office")).page.links.values()


# ---- invoices


async def send_file(visitor: Visitor, content: bytes, **fields: str) -> Visitor:
    data = aiohttp.FormData({**token_of(visitor), **fields})
    data.add_field("file", io.BytesIO(content), filename="发票.pdf", content_type="application/pdf")
    answer = await visitor.client.post("/office/invoices/file", data=data, headers={"Origin": PUBLIC_URL})
    return await visitor._show(answer)


async def test_an_invoice_is_uploaded_sent_and_can_be_saved(scene: Scene) -> None:
    row = await invoice(scene, await paid(scene))
    visitor = await scene.at("/office/invoices")
    assert "w***@example.com" in visitor.text
    await send_file(visitor, b"%PDF-1.7", id=str(row.id), number=" ")
    assert (visitor.status, "请填写发票号码" in visitor.text) == (422, True)
    await send_file(visitor, b"GIF89a", id=str(row.id), number="2444")
    assert (visitor.status, "请上传税务平台下载的PDF发票" in visitor.text) == (422, True)
    await send_file(visitor, b"%PDF-1.7" + b"x" * PDF_BYTES, id=str(row.id), number="2444")
    assert (visitor.status, "文件过大" in visitor.text) == (413, True)
    await visitor.get("/office/invoices")
    await send_file(visitor, b"%PDF-1.7 invoice", id=str(row.id), number="24442000000012345678")
    assert "发票已上传" in visitor.text
    await row.refresh_from_db()
    assert (row.state, row.number) == ("issued", "24442000000012345678")
    await visitor.get("/office/invoices?only=all")
    saved = await visitor.client.get(visitor.page.links["下载发票"])
    assert await saved.read() == b"%PDF-1.7 invoice"
    await send_file(visitor, b"%PDF-1.7 again", id=str(row.id), number="1")
    assert visitor.status == 409


async def test_a_cut_off_or_foreign_upload_is_refused(scene: Scene) -> None:
    row = await invoice(scene, await paid(scene))
    visitor = await scene.at("/office/invoices")
    cut = {"Content-Type": "multipart/form-data; boundary=xx", "Origin": PUBLIC_URL}
    for body in (b"", b"--xx\r\nnonsense", b'--xx\r\nContent-Disposition: form-data; name="form"\r\n\r\nabc'):
        answer = await visitor.client.post("/office/invoices/file", data=body, headers=cut)
        assert answer.status in (400, 403, 422)
    evil = {**cut, "Origin": "https://evil.example"}
    assert (await visitor.client.post("/office/invoices/file", data=b"--xx--", headers=evil)).status == 403
    await visitor.get("/office/invoices/file")
    assert (visitor.path, (await Invoice.get(id=row.id)).state) == ("/office/invoices", "wanted")


async def test_an_invoice_is_sent_again_and_reversed(scene: Scene) -> None:
    row = await invoice(scene, await paid(scene), state="sent", sent_at=scene.world.clock.now())
    visitor = await scene.at("/office/invoices?only=sent")
    await visitor.press("重新发送给广州水务设计院")
    assert "已安排重新发送" in visitor.text
    await visitor.get("/office/invoices?only=sent")
    for typed, words in (
        ({"note": "", "red_number": "26440000000000000001"}, "请用2到100个字说明冲红原因"),
        ({"note": "已退款", "red_number": ""}, "请填写红字发票号码"),
    ):
        await visitor.press("登记冲红", **typed)
        assert (visitor.status, words in visitor.text) == (422, True)
    await visitor.press("登记冲红", note="已退款", red_number="26440000000000000001")
    assert "已登记冲红" in visitor.text
    old, new = await Invoice.all().order_by("created_at", "id")
    assert (old.id, old.state, old.red_number) == (row.id, "reversed", "26440000000000000001")
    assert (new.state, new.failure) == ("failed", "reversed"), "the fee is still paid"
    assert "26440000000000000001" in (await visitor.get("/office/invoices?only=reversed")).text


async def test_an_invoice_of_the_platforms_is_reversed_by_the_platform_and_shows_how_far_it_is(scene: Scene) -> None:
    order = await paid(scene)
    row = await invoice(
        scene,
        order,
        state="sent",
        issued_by="wechat",
        apply_id=order.transaction_id,
        fapiao_id="f" * 32,
        number="26440000000012345678",
        sent_at=scene.world.clock.now(),
    )
    visitor = await scene.at("/office/invoices?only=sent")
    await visitor.press("申请冲红", reason="issue_error", note="抬头有误")
    assert "已申请冲红" in visitor.text
    await row.refresh_from_db()
    assert (row.state, row.reverse_reason, row.reverse_by) == ("reversing", "issue_error", scene.account.id)
    text = (await visitor.get("/office/invoices?only=reversed")).text
    assert "即将向微信支付申请" in text
    assert "重新发送" not in visitor.page.buttons
    await Invoice.filter(id=row.id).update(state="stuck", failure="REVERSE_FAILED")
    assert "待冲红的发票" in (await visitor.get("/office")).text
    await visitor.get("/office/invoices?only=to_reverse")
    assert "微信支付冲红失败" in visitor.text
    await visitor.press("申请冲红", reason="service_ended", note="再次申请")
    await row.refresh_from_db()
    assert (row.state, row.failure) == ("reversing", "")


async def test_an_invoice_of_ours_whose_fee_went_back_is_not_sent_again_but_to_be_reversed(scene: Scene) -> None:
    order = await paid(scene)
    await invoice(scene, order, state="sent", number="26440000000012345678", failure="refunded")
    await Fee.filter(id=order.fee_id).update(state="refunded")
    visitor = await scene.at("/office/invoices?only=to_reverse")
    assert "已退款，发票待冲红" in visitor.text
    assert not [label for label in visitor.page.buttons if "重新发送" in label]
    assert "已发送" in (await scene.at(f"/office/orders/{order.id}")).page.links


# ---- reconciliation


async def test_days_are_listed_and_a_difference_is_settled_with_a_note(scene: Scene) -> None:
    row = await bill(scene, date(2026, 11, 20), differs=True)
    visitor = await scene.at("/office/reconciliation")
    assert "12笔 · 收 ¥4,200.00 · 退 ¥350.00" in visitor.text
    await visitor.get(f"/office/reconciliation/{row.id}")
    await visitor.press("记录处理结果", note="")
    assert (visitor.status, "请用2到200个字说明处理结果" in visitor.text) == (422, True)
    await visitor.press("记录处理结果", note="线下收款，已补录")
    assert "已记录处理结果" in visitor.text
    assert "线下收款，已补录" in visitor.text
    assert (await BillDifference.get()).resolved_by == scene.account.id


async def test_a_day_is_compared_anew_but_not_any_day(scene: Scene) -> None:
    visitor = await scene.at("/office/reconciliation")
    for day, words in (
        ("", "没有这一天"),
        ("x", "没有这一天"),
        ("2026-11-21", "只能核对昨天"),
        ("2026-01-01", "只能核对"),
    ):
        await visitor.press("立即对账", day=day)
        assert (visitor.status, words in visitor.text) == (422, True), day
    await visitor.press("立即对账", day="2026-11-19")
    assert "已安排对账" in visitor.text
    assert (await Bill.get(day=date(2026, 11, 19))).check_at is not None


# ---- objections and feedback


async def test_an_objection_is_decided_once_with_an_answer(scene: Scene) -> None:
    row = await objection(scene, await on_notice(scene))
    visitor = await scene.at("/office/objections")
    assert "异议人 丁实名" in visitor.text
    await post(visitor, "/office/objections", id=str(row.id), answer="经核实，属实。")
    assert (visitor.status, "请选择处理结果" in visitor.text) == (422, True)
    await post(visitor, "/office/objections", id=str(row.id), outcome="dismiss", answer="")
    assert (visitor.status, "请填写处理意见" in visitor.text) == (422, True)
    await post(visitor, "/office/objections", id=str(row.id), outcome="dismiss", answer="经核实，证书属实。")
    assert "已处理" in visitor.text
    await row.refresh_from_db()
    assert (row.state, row.decided_by) == ("dismissed", scene.account.id)
    assert "经核实，证书属实" in (await visitor.get("/office/objections?state=dismissed")).text
    assert "何公示" in (await visitor.get("/office/notices?q=何")).text


async def test_two_administrators_decide_an_objection_once(scene: Scene) -> None:
    row = await objection(scene, await on_notice(scene))
    await objection(scene, await on_notice(scene, "吕公示"))
    visitor = await scene.at("/office/objections")
    await scene.world.services.entry.objections.decide(scene.admin, row.id, "refuse", "证书不实。")
    await post(visitor, "/office/objections", id=str(row.id), outcome="dismiss", answer="经核实，属实。")
    assert (visitor.status, "无需重复" in visitor.text) == (409, True)
    assert (await Objection.get(id=row.id)).state == "upheld"


async def test_feedback_is_answered_and_its_sender_notified(scene: Scene) -> None:
    row = await feedback(scene)
    visitor = await scene.at("/office/feedback")
    assert "郑建议" not in visitor.text
    await visitor.get(f"/office/feedback/{row.id}")
    await visitor.press("答复", text="x")
    assert (visitor.status, "请填写2至300个字的答复" in visitor.text) == (422, True)
    await visitor.press("答复", text="已增加，感谢您的建议。")
    assert "已答复，并通知了对方" in visitor.text
    assert await Notice.exists(kind="feedback_answered")
    await row.refresh_from_db()
    assert (row.state, row.holder_id) == ("answered", scene.account.id)
    assert f"编号{row.number}" in (await visitor.get("/office/feedback?state=answered&subject=advice")).text
    assert f"编号{row.number}" not in (await visitor.get("/office/feedback?state=answered&subject=fee")).text


async def test_two_administrators_do_not_answer_past_each_other(scene: Scene) -> None:
    row = await feedback(scene)
    visitor = await scene.at(f"/office/feedback/{row.id}")
    writer = Actor("demo", "applicant", row.account_id)
    await scene.world.services.notifications.helpdesk.write_back(writer, row.id, "还有一处也要改。")
    await visitor.press("答复", text="已增加，感谢您的建议。")
    assert (visitor.status, "刚有新的内容" in visitor.text, "还有一处也要改" in visitor.text) == (409, True, True)
    await visitor.press("答复", text="两处都已增加。")
    assert "已答复，并通知了对方" in visitor.text


async def test_feedback_that_is_overdue_is_counted_on_the_first_page(scene: Scene) -> None:
    row = await feedback(scene)
    assert "超期未答复" not in (await scene.at("/office")).text
    scene.world.clock.set(row.due_at)
    links = (await scene.at("/office")).page.links
    [path] = [path for text, path in links.items() if "超期未答复的投诉与反馈" in text]
    assert f"编号{row.number}" in (await scene.at(path)).text


async def test_a_thread_is_handed_to_a_colleague_on_its_page(scene: Scene) -> None:
    row = await feedback(scene)
    colleague = await make_account(scene.world.services.deps, real_name="李公正")
    await make_grant(colleague, "pool_admin")
    visitor = await scene.at(f"/office/feedback/{row.id}")
    await visitor.press("确定")
    assert (visitor.status, "请选择由哪位管理员办理" in visitor.text) == (422, True)
    await visitor.press("确定", to=str(colleague.id))
    assert ("已记下由谁办理" in visitor.text, "李公正" in visitor.text) == (True, True)
    assert (await Notice.get(kind="feedback_handed")).account_id == colleague.id


# ---- initial passwords


async def test_initial_passwords_are_counted_and_never_shown(scene: Scene) -> None:
    expert = await make_expert(scene.world.services.deps, id_number="110105194912310022")
    visitor = await scene.at("/office/passwords")
    await visitor.press("设置初始密码", numbers=" ")
    assert visitor.status == 422
    await visitor.press("设置初始密码", numbers=f"{expert.number}，ZJ404\n{expert.number}")
    assert "已为1位专家设置初始密码" in visitor.text
    assert "ZJ404 没有这个专家编号" in visitor.text
    assert "12310022" not in visitor.text
    account = await Account.get(id=(await expert.all().get(id=expert.id)).account_id)
    assert account.password_initial
    assert account.password_hash


# ---- files to take along


async def rows_of(visitor: Visitor, path: str) -> list[tuple[object, ...]]:
    answer = await visitor.client.get(path)
    assert (answer.status, answer.content_type) == (200, XLSX)
    sheet = load_workbook(io.BytesIO(await answer.read()), read_only=True).worksheets[0]
    return list(sheet.iter_rows(values_only=True))


async def test_lists_are_saved_as_sheets_of_what_is_shown(scene: Scene) -> None:
    await fill(scene)
    visitor = await scene.at("/office/applications?state=notice")
    assert len(await rows_of(visitor, visitor.page.links["导出Excel（1份）"])) == 2
    assert len(await rows_of(visitor, "/office/exports/orders.xlsx?from=2026-11-21&until=2026-11-21")) == 5
    assert len(await rows_of(visitor, "/office/exports/orders.xlsx?from=2026-11-22")) == 1
    assert len(await rows_of(visitor, "/office/exports/refunds.xlsx")) == 2
    assert len(await rows_of(visitor, "/office/exports/differences.xlsx")) == 2
    assert await AuditEntry.filter(action__startswith="export").count() == 5
    for query, status in (
        ("orders.xlsx?from=2026-11-22&until=2026-11-21", 422),
        ("orders.xlsx?from=x", 422),
        ("persons.xlsx", 404),
    ):
        assert (await visitor.get(f"/office/exports/{query}")).status == status


async def test_a_long_list_is_written_by_a_worker_and_waited_for(scene: Scene, monkeypatch: pytest.MonkeyPatch) -> None:
    await paid(scene)
    await paid(scene, "冯二", number="ZJ0000778")
    monkeypatch.setattr("web.office.exports.DIRECT_MAX", 1)
    visitor = await scene.at("/office/exports/orders.xlsx")
    assert "已写入0行，共2行" in visitor.page.text
    path = visitor.path
    [job] = await rows("SELECT args->>'order' AS sealed FROM procrastinate_jobs WHERE task_name = 'exports.write'")
    await scene.world.services.office.large_exports.write_file(job["sealed"])
    await visitor.get(path)
    assert "共2行，保留一天" in visitor.page.text
    assert len(await rows_of(visitor, visitor.page.links["下载Excel"])) == 3
    assert (await (await scene.visitor()).get(f"{path}x")).status == 403
