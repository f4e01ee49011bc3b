"""The pay page: inside WeChat and outside, before, while and after paying, for oneself and for others."""

from __future__ import annotations

from datetime import timedelta
from typing import Any
from urllib.parse import parse_qs, urlsplit

import pytest
from yarl import URL

from models.accounts import Account
from models.payments import Fee, Invoice, PayOrder
from services.payments.receipt import receipt_content
from tests.factories.payments import UNREACHED, FakePlatform, make_application, make_fee, platform_of
from tests.factories.people import make_identity
from tests.web.conftest import PUBLIC_URL, WECHAT, Visitor, World
from tests.web.office_scene import wrong_fields
from web.accounts.login import COOKIE

MINI = {"User-Agent": f"{WECHAT['User-Agent']} miniProgram/wx1"}
JSON = {"Accept": "application/json", "Origin": PUBLIC_URL}


@pytest.fixture
def platform(world: World) -> FakePlatform:
    return platform_of(world.services.payments)


async def make_owed(world: World, **columns: Any) -> Fee:
    """A fee of a person registered."""
    application = await make_application(world.services.deps)
    keys = world.services.deps.keys
    await Account.filter(id=application.account_id).update(
        registered_at=world.clock.now(),
        id_number_hash=application.id.hex,
        id_number_sealed=keys.seal("11010519751231002X", "id_number"),
    )
    return await make_fee(world.services.deps, application, **columns)


async def log_in(world: World, fee: Fee, **headers: str) -> Visitor:
    visitor = world.visitor(**headers)
    cookie = await world.services.accounts.web_sessions.begin(await Account.get(id=fee.account_id))
    visitor.client.session.cookie_jar.update_cookies({COOKIE: cookie}, URL(str(visitor.client.make_url("/"))))
    return visitor


async def in_wechat(world: World, url: str, openid: str) -> Visitor:
    return await world.scan(world.visitor(**WECHAT), url, openid)


def form_of(visitor: Visitor) -> dict[str, Any]:
    return next(form for form in visitor.page.forms if "pay-order" in form["action"])


async def settle(world: World, report: Any) -> None:
    await world.services.payments.order_checks.settlement.apply_trade("demo", report)
    await world.services.payments.webhooks.process_due()


async def test_a_page_inside_the_mini_program_does_not_ask_wechat_who_it_is(
    world: World, platform: FakePlatform
) -> None:
    """There is no way from a web-view to WeChat's page; in WeChat's own browser there is."""
    ways = {}
    for path in ("/h5/demo/pay", "/h5/demo/account"):
        for name, headers in (("wechat", WECHAT), ("mini", MINI)):
            client = world.visitor().client
            answer = await client.get(path, headers=headers, allow_redirects=False)
            ways[path, name] = URL(answer.headers["Location"]).path
    assert ways["/h5/demo/pay", "mini"] == ways["/h5/demo/account", "mini"] == "/h5/login"
    assert "/h5/login" not in (ways["/h5/demo/pay", "wechat"], ways["/h5/demo/account", "wechat"])
    fee = await make_owed(world)
    visitor = await log_in(world, fee)
    answer = await visitor.client.get(f"/h5/demo/pay?fee={fee.id}", headers=MINI, allow_redirects=False)
    assert answer.status == 200


async def test_inside_the_mini_program_it_leads_back_to_the_native_page(world: World, platform: FakePlatform) -> None:
    """WeChat has no cashier in a web-view. A code for another phone is there for who asks for it."""
    fee, other = await make_owed(world), await make_owed(world)
    visitor = await log_in(world, fee, **MINI)
    for path, words in (
        (f"?fee={fee.id}", "打开 “我的缴费” 支付。"),
        (f"/{other.expert_number}", "支付，在那里按专家编号查询"),
    ):
        await visitor.get(f"/h5/demo/pay{path}")
        assert ("返回小程序首页" in visitor.text, words in visitor.text) == (True, True), visitor.text
        assert [form for form in visitor.page.forms if "pay-order" in form["action"]] == []
        assert "pay.js" not in await visitor.response.text()
        await visitor.click("用另一部手机扫码支付")
        await visitor.press("显示付款码")
        assert "另一部手机" in visitor.text
        await visitor.click("我已支付，查看结果")
        assert "显示付款码" in visitor.page.buttons
    assert [order.trade for order in await PayOrder.all()] == ["native", "native"]
    await visitor.get("/h5/demo/pay?other=1")
    assert "为他人缴费请返回小程序首页" in visitor.text
    assert "下一步" not in visitor.page.buttons


async def test_at_a_computer_the_code_is_shown_and_the_result_appears(world: World, platform: FakePlatform) -> None:
    fee = await make_owed(world)
    visitor = await log_in(world, fee)
    await visitor.get("/h5/demo/pay")
    assert "¥350.00" in visitor.text
    assert fee.expert_number in visitor.text
    order = form_of(visitor)["action"]
    answer = await visitor.client.post(order, data=form_of(visitor)["fields"], headers=JSON)
    told = await answer.json()
    assert told["qr"]["size"] > 20
    state = order.replace("pay-order", "pay-state")
    assert await (await visitor.client.get(state)).json() == {"phase": "open"}
    await settle(world, platform.pay(next(iter(platform.orders))))
    assert await (await visitor.client.get(state)).json() == {"phase": "paid"}
    await visitor.get(order)
    assert "缴费成功" in visitor.text


async def test_without_scripts_a_button_shows_the_code_and_a_link_the_result(
    world: World, platform: FakePlatform
) -> None:
    fee = await make_owed(world)
    visitor = await log_in(world, fee)
    await (await visitor.get("/h5/demo/pay")).press("显示付款码")
    assert "请用微信扫一扫支付" in visitor.text
    platform.pay(next(iter(platform.orders)))
    world.clock.move(timedelta(seconds=4))
    await visitor.click("我已支付，查看结果")
    assert "缴费成功" in visitor.text


async def test_inside_wechat_the_cashier_gets_its_parameters(world: World, platform: FakePlatform) -> None:
    fee = await make_owed(world)
    openid = (await make_identity(await Account.get(id=fee.account_id))).openid
    visitor = await in_wechat(world, "/h5/demo/pay", openid)
    assert "立即支付" in visitor.text
    form = form_of(visitor)
    answer = await visitor.client.post(form["action"], data=form["fields"], headers={**JSON, **WECHAT})
    parameters = (await answer.json())["parameters"]
    assert set(parameters) == {"appId", "timeStamp", "nonceStr", "package", "signType", "paySign"}
    assert (await PayOrder.all())[0].openid == openid


async def test_an_unbound_wechat_user_pays_for_another_by_number(world: World, platform: FakePlatform) -> None:
    fee = await make_owed(world)
    visitor = await in_wechat(world, "/h5/demo/pay", "o-friend")
    assert "本人缴费请先 登录" in visitor.text
    await visitor.get(f"/h5/demo/pay?number={fee.expert_number.lower()}")
    assert "王**" in visitor.text
    assert "您正在为他人缴费" in visitor.text
    form = form_of(visitor)
    await visitor.client.post(form["action"], data=form["fields"], headers={**JSON, **WECHAT})
    order = (await PayOrder.all())[0]
    assert (order.openid, order.payer_id) == ("o-friend", None)


async def test_who_pays_for_another_reads_nothing_false_of_both_fees(world: World, platform: FakePlatform) -> None:
    own, other = await make_owed(world), await make_owed(world)
    visitor = await log_in(world, own)
    await (await visitor.get("/h5/demo/pay")).click("为其他人缴费")
    assert ("请输入对方的专家编号" in visitor.text, "没有需要缴纳的费用" in visitor.text) == (True, False)
    assert visitor.page.links["我的缴费"] == "/h5/demo/pay"
    await visitor.get(f"/h5/demo/pay?number={other.expert_number}")
    await visitor.press("显示付款码")
    await settle(world, platform.pay(next(iter(platform.orders))))
    await visitor.click("我已支付，查看结果")
    assert ("缴费成功" in visitor.text, "您正在为他人缴费" in visitor.text) == (True, False)
    await visitor.get(f"/h5/demo/pay/{other.expert_number}")
    assert ("这笔费用已经缴过" in visitor.text, "缴费成功" in visitor.text) == (True, False)
    assert visitor.page.links["为他人缴费"] == "/h5/demo/pay?other=1"


async def test_who_shows_the_code_in_wechat_can_go_back_to_the_cashier(world: World, platform: FakePlatform) -> None:
    fee = await make_owed(world)
    openid = (await make_identity(await Account.get(id=fee.account_id))).openid
    visitor = await in_wechat(world, "/h5/demo/pay", openid)
    await visitor.click("用另一部手机扫码支付")
    await visitor.press("显示付款码")
    await visitor.click("用这部手机支付")
    assert "立即支付" in visitor.text


async def test_a_cookie_that_stands_for_something_else_is_none(world: World) -> None:
    visitor = await in_wechat(world, "/h5/demo/pay", "o-friend")
    [payer] = [cookie for cookie in visitor.client.session.cookie_jar if cookie.key == "pbt_payer"]
    base = URL(str(visitor.client.make_url("/h5/pay-wechat")))
    visitor.client.session.cookie_jar.update_cookies({"pbt_payer_asked": payer.value}, base)
    await visitor.get("/h5/pay-wechat/back?state=x&code=y")
    assert (visitor.status, "页面已失效" in visitor.text) == (404, True)


async def test_the_answer_of_wechat_is_taken_once_and_in_the_browser_that_asked(world: World) -> None:
    visitor, other = world.visitor(**WECHAT), world.visitor(**WECHAT)
    redirect = await visitor.client.get("/h5/demo/pay", headers=WECHAT, allow_redirects=False)
    [state] = parse_qs(urlsplit(redirect.headers["Location"]).query)["state"]
    back = f"/h5/pay-wechat/back?code=o-friend&state={state}"
    assert (await other.get(back)).status == 404

    async def is_known_after() -> bool:
        jar = visitor.client.session.cookie_jar
        jar.clear(lambda cookie: cookie.key == "pbt_payer")
        await visitor.client.get(back, headers=WECHAT, allow_redirects=False)
        return any(cookie.key == "pbt_payer" for cookie in jar)

    assert await is_known_after()
    assert not await is_known_after(), "WeChat's code serves once"


async def test_in_wechat_the_code_can_be_shown_to_another_phone(world: World) -> None:
    fee = await make_owed(world)
    openid = (await make_identity(await Account.get(id=fee.account_id))).openid
    visitor = await in_wechat(world, "/h5/demo/pay", openid)
    await visitor.click("用另一部手机扫码支付")
    await visitor.press("显示付款码")
    assert "另一部手机" in visitor.text
    assert [order.trade for order in await PayOrder.all()] == ["native"]


async def test_a_visitor_outside_wechat_logs_in_before_paying(world: World) -> None:
    fee = await make_owed(world)
    visitor = await world.visitor().get(f"/h5/demo/pay/{fee.expert_number}")
    assert visitor.path == "/h5/login"


async def test_a_page_token_serves_one_visitor_only(world: World) -> None:
    fee, other = await make_owed(world), await make_owed(world)
    visitor, thief = await log_in(world, fee), await log_in(world, other)
    await visitor.get("/h5/demo/pay")
    order = form_of(visitor)["action"]
    assert (await thief.client.get(order.replace("pay-order", "pay-state"))).status == 403
    assert (await thief.client.post(order, data={}, headers=JSON)).status == 403


async def test_another_site_can_not_order(world: World) -> None:
    fee = await make_owed(world)
    visitor = await log_in(world, fee)
    await visitor.get("/h5/demo/pay")
    form = form_of(visitor)
    answer = await visitor.client.post(form["action"], data={}, headers={**JSON, "Origin": "https://evil.example"})
    assert answer.status == 403
    assert await PayOrder.all().count() == 0


@pytest.mark.parametrize(
    ("opens", "closes", "message"), [(1, 5, "起可以缴费"), (-5, -1, "缴费已于")], ids=["not open", "closed"]
)
async def test_outside_the_window_it_says_when(world: World, opens: int, closes: int, message: str) -> None:
    now = world.clock.now()
    fee = await make_owed(world, opens_at=now + timedelta(days=opens), closes_at=now + timedelta(days=closes))
    visitor = await log_in(world, fee)
    await visitor.get("/h5/demo/pay")
    assert message in visitor.text
    assert not any("pay-order" in form["action"] for form in visitor.page.forms)


async def test_a_platform_that_is_away_is_said_and_may_be_tried_again(world: World, platform: FakePlatform) -> None:
    fee = await make_owed(world)
    platform.before["order_native"] = [UNREACHED]
    visitor = await log_in(world, fee)
    await (await visitor.get("/h5/demo/pay")).press("显示付款码")
    assert visitor.status == 503
    assert "支付平台暂时没有响应" in visitor.text
    world.clock.move(timedelta(seconds=20))
    await visitor.press("显示付款码")
    assert visitor.status == 200


async def test_waiting_is_not_looking_up(world: World) -> None:
    fee = await make_owed(world)
    visitor = await in_wechat(world, f"/h5/demo/pay/{fee.expert_number}", "o-friend")
    state = form_of(visitor)["action"].replace("pay-order", "pay-state")
    for _ in range(30):
        assert (await visitor.client.get(state, headers=WECHAT)).status == 200


async def test_after_paying_receipt_and_invoice_are_there_and_can_be_corrected(
    world: World, platform: FakePlatform
) -> None:
    fee = await make_owed(world)
    visitor = await log_in(world, fee)
    await (await visitor.get("/h5/demo/pay")).press("显示付款码")
    await settle(world, platform.pay(next(iter(platform.orders))))
    await visitor.get("/h5/demo/pay")
    pdf = await visitor.client.get(visitor.page.links["下载缴费凭证PDF文件"])
    assert (pdf.status, pdf.content_type) == (200, "application/pdf")
    assert "自动开具，在此之前可以改" in visitor.text
    await visitor.press("保存", title="某", taxpayer_id="1", email="new")
    assert visitor.status == 422
    assert (await wrong_fields(visitor)).keys() == {"title", "taxpayer_id", "email"}
    assert visitor.page.forms[-1]["fields"]["taxpayer_id"] == "1"
    await visitor.press("保存", title="某某公司", taxpayer_id="", email="new@example.com")
    assert "开票信息已保存" in visitor.text
    assert (await Invoice.get(fee_id=fee.id)).title == "某某公司"


async def test_a_stranger_gets_no_receipt(world: World, platform: FakePlatform) -> None:
    fee, other = await make_owed(world), await make_owed(world)
    visitor, stranger = await log_in(world, fee), await log_in(world, other)
    await (await visitor.get("/h5/demo/pay")).press("显示付款码")
    await settle(world, platform.pay(next(iter(platform.orders))))
    assert (await stranger.client.get(f"/h5/demo/pay-receipt/{fee.id}")).status == 404


async def test_the_code_on_a_receipt_opens_its_proof(world: World, platform: FakePlatform) -> None:
    fee = await make_owed(world)
    visitor = await log_in(world, fee)
    await (await visitor.get("/h5/demo/pay")).press("显示付款码")
    await settle(world, platform.pay(next(iter(platform.orders))))
    content = await receipt_content(world.services.deps, await Fee.get(id=fee.id))
    anybody = await world.visitor().get(str(content["qr"]))
    assert "凭证真实有效" in anybody.text
    assert "王**" in anybody.text
