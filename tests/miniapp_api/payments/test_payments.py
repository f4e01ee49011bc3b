"""Fees through the API: paid in the mini-program or by code, for oneself and for others; and the office's endpoints."""

from __future__ import annotations

from datetime import timedelta

import pytest
from aiohttp import FormData

from domain.ids import new_id
from models.accounts import WechatIdentity
from models.applications import Application
from models.payments import Fee, Invoice, PayEvent, PayOrder, Refund
from tests.factories.payments import PDF, FakePlatform, make_application, make_fee, platform_of
from tests.factories.people import make_account, make_grant
from tests.miniapp_api.conftest import Person, World


@pytest.fixture
def platform(world: World) -> FakePlatform:
    return platform_of(world.services.payments)


@pytest.fixture
async def fee(world: World) -> Fee:
    """A fee of a person with a later stage, which these tests leave out."""
    return await make_fee(world.deps, await make_application(world.deps, state="exam"))


@pytest.fixture
async def owner(world: World, fee: Fee) -> Person:
    return await world.log_in_account(fee.account_id, "")


@pytest.fixture
async def admin(world: World) -> Person:
    account = await make_account(world.deps)
    await make_grant(account, "pool_admin")
    return await world.log_in_account(account.id, "pool_admin")


async def follow(world: World) -> None:
    while await world.services.payments.webhooks.process_due():
        continue


async def pay(world: World, person: Person, fee: Fee, platform: FakePlatform) -> None:
    await person.post(f"/payments/fees/{fee.id}/orders", {"trade": "native"})
    await world.services.payments.order_checks.settlement.apply_trade("demo", platform.pay(list(platform.orders)[-1]))
    await follow(world)


async def test_in_the_mini_program_the_cashier_gets_its_parameters(
    world: World, owner: Person, fee: Fee, platform: FakePlatform
) -> None:
    shown = (await owner.get("/payments/fees"))["items"]
    assert [(one["phase"], one["amount_yuan"], one["name"]) for one in shown] == [("open", "350.00", "王**")]
    ordered = await owner.post(f"/payments/fees/{fee.id}/orders", {"trade": "mini"})
    assert set(ordered["parameters"]) == {"timeStamp", "nonceStr", "package", "signType", "paySign"}
    assert ordered["code_url"] == ""
    order = await PayOrder.get(id=ordered["order_id"])
    assert await WechatIdentity.exists(app="mini", openid=order.openid, account_id=fee.account_id)


async def test_the_result_appears_without_a_notification(
    world: World, owner: Person, fee: Fee, platform: FakePlatform
) -> None:
    await owner.post(f"/payments/fees/{fee.id}/orders", {"trade": "native"})
    platform.pay(next(iter(platform.orders)))
    world.clock.move(timedelta(seconds=3))
    assert (await owner.get(f"/payments/fees/{fee.id}"))["phase"] == "paid"
    refused = await owner.post(f"/payments/fees/{fee.id}/orders", {"trade": "native"}, 409)
    assert refused["code"] == "fee_settled"


async def test_a_friend_pays_by_number(world: World, fee: Fee, platform: FakePlatform) -> None:
    friend = await world.log_in_account((await make_account(world.deps)).id, "")
    found = await friend.post("/payments/lookups", {"number": fee.expert_number})
    assert (found["own"], found["invoice"]) == (False, None)
    await pay(world, friend, fee, platform)
    assert (await friend.get("/payments/fees"))["items"] == []
    await friend.get(f"/payments/fees/{fee.id}/receipt", 404)
    assert (await friend.post("/payments/lookups", {"number": "ZJ9999999"}, 404))["code"] == "number_unknown"


async def test_receipt_and_invoice_are_the_owners(
    world: World, owner: Person, admin: Person, fee: Fee, platform: FakePlatform
) -> None:
    assert (await owner.get(f"/payments/fees/{fee.id}/receipt", 409))["code"] == "no_receipt"
    await pay(world, owner, fee, platform)
    response = await owner.ask("GET", f"/payments/fees/{fee.id}/receipt")
    assert (response.status, response.content_type) == (200, "application/pdf")
    body = {"title": "某某公司", "taxpayer_id": "91440000600037341L", "email": "new@example.com"}
    changed = await owner.put(f"/payments/fees/{fee.id}/invoice", body, 200)
    assert (changed["title"], changed["email"]) == ("某某公司", "n***@example.com")
    await Invoice.filter(fee_id=fee.id).update(issued_by="office")
    waiting = (await admin.get("/payments/invoices?only=to_make"))["items"]
    form = FormData()
    form.add_field("file", PDF, filename="invoice.pdf", content_type="application/pdf")
    answer = await admin.ask("POST", f"/payments/invoices/{waiting[0]['id']}/file?number=2644", data=form)
    assert answer.status == 204
    response = await owner.ask("GET", f"/payments/fees/{fee.id}/invoice")
    assert await response.read() == PDF
    await admin.post(f"/payments/invoices/{waiting[0]['id']}/resend", status=204)


async def test_an_administrator_refunds_once_however_often_the_request_comes(
    world: World, owner: Person, admin: Person, fee: Fee, platform: FakePlatform
) -> None:
    await pay(world, owner, fee, platform)
    listed = await admin.get(f"/payments/orders?only=paid&search={fee.expert_number}")
    assert (listed["total"], listed["items"][0]["name"]) == (1, "王**")
    path = f"/payments/orders/{listed['items'][0]['id']}/refund"
    first = await admin.post(path, {"reason": "本人申请退费"}, 201, key="k1")
    assert await admin.post(path, {"reason": "本人申请退费"}, 201, key="k1") == first
    await admin.post(path, {"reason": "再退一次"}, 409)
    await world.services.payments.refunds.check_due()
    refund = (await Refund.all())[0]
    await world.services.payments.refunds.apply_report("demo", platform.finish(refund.out_refund_no))
    assert (await owner.get(f"/payments/fees/{fee.id}"))["phase"] == "refunded"
    assert (await admin.get("/payments/orders?only=refunded"))["total"] == 1


async def test_a_refund_says_what_becomes_of_the_application_and_what_is_possible(
    world: World, owner: Person, admin: Person, fee: Fee, platform: FakePlatform
) -> None:
    await pay(world, owner, fee, platform)
    await Application.filter(id=fee.application_id).update(state="exam", ended_at=None)
    order = (await admin.get("/payments/orders?only=paid"))["items"][0]["id"]
    shown = await admin.get(f"/payments/orders/{order}")
    assert (shown["application_state"], shown["choices"]) == ("exam", ["keep", "again", "end"])
    assert shown["invoice_state"] == "wanted"
    await admin.post(f"/payments/orders/{order}/refund", {"reason": "本人申请退费", "after": "later"}, 422)
    await admin.post(f"/payments/orders/{order}/refund", {"reason": "本人申请退费", "after": "end"}, 201)
    assert (await Application.get(id=fee.application_id)).state == "terminated"
    shown = await admin.get(f"/payments/orders/{order}")
    assert (shown["choices"], shown["refunds"][0]["after"]) == ([], "end")
    await owner.get(f"/payments/orders/{order}", 403)


async def test_an_abnormal_refund_is_sent_to_another_card(
    world: World, owner: Person, admin: Person, fee: Fee, platform: FakePlatform
) -> None:
    await pay(world, owner, fee, platform)
    order = (await admin.get("/payments/orders?only=paid"))["items"][0]["id"]
    created = await admin.post(f"/payments/orders/{order}/refund", {"reason": "本人申请退费"}, 201)
    await world.services.payments.refunds.check_due()
    number = (await Refund.get()).out_refund_no
    path = f"/payments/refunds/{created['id']}/redirection"
    card = {"to": "user", "bank": "ICBC_DEBIT", "account": "6222 0212 3456 7890 123", "holder": "欧阳建国"}
    await admin.post(path, card, 409)
    await world.services.payments.refunds.apply_report("demo", platform.finish(number, "ABNORMAL"))
    assert (await admin.get(f"/payments/orders/{order}"))["refunds"][0]["redirectable"]
    refused = await admin.post(path, {**card, "account": "62220212"}, 422)
    assert "62220212" not in str(refused)
    await owner.post(path, card, 403)
    await admin.post(path, card, 204)
    shown = (await admin.get(f"/payments/orders/{order}"))["refunds"][0]
    assert (shown["state"], shown["redirected_to"], shown["redirectable"]) == ("processing", "ICBC_DEBIT", False)


async def test_an_unmatched_payment_is_closed_with_a_note_and_stays_readable(world: World, admin: Person) -> None:
    row = await PayEvent.create(
        id=new_id(),
        pool="demo",
        kind="TRANSACTION.SUCCESS",
        subject="T404",
        payload_sealed="",
        received_at=world.clock.now(),
        applied_at=world.clock.now(),
        outcome="unknown_order",
    )
    assert (await admin.get("/payments/alarms?only=open"))["total"] == 1
    await admin.post(f"/payments/alarms/{row.id}/resolution", {"note": "x"}, 422)
    await admin.post(f"/payments/alarms/{row.id}/resolution", {"note": "已在商户平台退回"}, 204)
    assert (await admin.get("/payments/alarms?only=open"))["items"] == []
    assert (await admin.get("/payments/alarms"))["items"][0]["resolution"] == "已在商户平台退回"


async def test_an_invoice_is_reversed_by_who_made_it(
    world: World, owner: Person, admin: Person, fee: Fee, platform: FakePlatform
) -> None:
    await pay(world, owner, fee, platform)
    await Invoice.all().update(state="sent", issued_by="office", number="2644", check_at=None)
    path = f"/payments/invoices/{(await Invoice.get()).id}/reversal"
    asked = {"reason": "issue_error", "note": "抬头有误"}
    await admin.post(path, asked, 422)
    await admin.post(path, {**asked, "red_number": "26440000000000000001"}, 204)
    listed = (await admin.get("/payments/invoices?only=reversed"))["items"]
    assert [row["red_number"] for row in listed] == ["26440000000000000001"]
    assert (await owner.get(f"/payments/fees/{fee.id}"))["invoice"]["state"] == "failed", "another one may be made"


async def test_a_day_is_compared_on_request_and_its_differences_settled(
    world: World, owner: Person, admin: Person, fee: Fee, platform: FakePlatform
) -> None:
    await pay(world, owner, fee, platform)
    await admin.post("/payments/bills", {"day": "2026-02-30"}, 422)
    await admin.post("/payments/bills", {"day": "2026-11-21"}, 422)
    world.clock.move(timedelta(days=1))
    admin = Person(admin.client, admin.token, admin.refresh)
    await admin.post("/payments/bills", {"day": "2026-11-21"}, 204)
    await world.services.payments.reconciliation.run_due()
    day = (await admin.get("/payments/bills"))["items"][0]
    assert (day["day"], day["state"], day["open_differences"]) == ("2026-11-21", "differs", 1)
    difference = (await admin.get(f"/payments/bills/{day['id']}/differences"))["items"][0]
    assert difference["kind"] == "unknown_there"
    await admin.post(f"/payments/differences/{difference['id']}/resolution", {"note": "已与平台核对"}, 204)
    assert (await admin.get("/payments/bills"))["items"][0]["open_differences"] == 0
    assert (await admin.get("/payments/alarms"))["items"] == []
