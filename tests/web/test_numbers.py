"""A number that a person sees in several places is the same in all of them: chat, page, mini-program, file."""

from __future__ import annotations

import io
import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import dataclass, field
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from aiohttp import web
from aiohttp.test_utils import TestClient, TestServer
from openpyxl import load_workbook
from tortoise import Tortoise
from yarl import URL

from domain.clock import FixedClock
from miniapp_api import setup
from models.accounts import Account
from models.database_connection import tortoise_config
from models.draws import Draw
from models.invitations import Invitation
from models.notices import Notice
from models.payments import Fee
from services.core.base import Actor, Deps, Page
from services.draws import Filters
from services.office import Filter
from services.understanding import RECURRING
from tests.bot.stage import raised_limits, redis_client
from tests.factories import offices
from tests.factories.applications import make_campaign
from tests.factories.assembly import make_services
from tests.factories.offices import make_office
from tests.factories.payments import make_fee
from tests.factories.people import make_grant
from tests.factories.reviews import CITY, make_applicant, make_application, make_reviewer
from tests.handlers.conftest import Phone
from tests.handlers.conftest import World as Chat
from tests.miniapp_api.conftest import Person, Wechat
from tests.miniapp_api.conftest import World as Api
from tests.web import office_scene as filled
from tests.web.conftest import Visitor, WechatBrowser, World
from web.accounts.login import COOKIE
from web.assembly import setup_pages

TODAY = timedelta(hours=5)
"""Time until the panels of these tests gather."""


@dataclass
class House:
    """One pool with its chat, its pages and its API, over the same services."""

    chat: Chat
    pages: World
    api: Api
    _phones: dict[UUID, Phone] = field(default_factory=dict)

    async def told(self, account: Account) -> str:
        """The chat's reply about the person's work."""
        if account.id not in self._phones:
            self._phones[account.id] = await self.chat.phone_with(account)
        return await self._phones[account.id].says("我的工作")

    async def at(self, account: Account, path: str) -> Visitor:
        """A page as the person sees it."""
        visitor = self.pages.visitor()
        cookie = await self.pages.services.accounts.web_sessions.begin(account)
        visitor.client.session.cookie_jar.update_cookies({COOKIE: cookie}, URL(str(visitor.client.make_url("/"))))
        return await visitor.get(path)

    async def mini(self, account: Account, role: str, **choice: Any) -> Person:
        return await self.api.log_in_account(account.id, role, **choice)


@pytest.fixture
async def house(
    database: str,
    redis: str,
    deps: Deps,
    clock: FixedClock,
    aiohttp_client: Callable[[web.Application], Awaitable[TestClient[Any, Any]]],
    aiohttp_server: Callable[[web.Application], Awaitable[TestServer]],
) -> AsyncIterator[House]:
    await Tortoise.init(config=tortoise_config(database), _enable_global_fallback=True)
    wechat, browser, store = Wechat(), WechatBrowser(), redis_client(redis)
    services, office = make_services(deps, mini=wechat, web=browser), await make_office(deps)
    pages, api = web.Application(), web.Application()
    setup_pages(pages, services, address_of=lambda request: "127.0.0.1")
    setup(api, services)
    made = House(
        Chat(clock, office, services, store, database),
        World(await aiohttp_server(pages), services, office, clock, browser),
        Api(await aiohttp_client(api), services, clock, wechat),
    )
    made.chat.start_process()
    try:
        with raised_limits():
            yield made
    finally:
        await made.chat.close()
        await made.pages.close()
        await store.aclose()
        await Tortoise.close_connections()


def number(text: str, before: str, after: str = "") -> int:
    """The number between two words of a page or a bubble, behind the time of the oldest; 0 without it."""
    match = re.search(rf"{before}\s?(?:最早\S+ \d\d:\d\d )?(\d+){after}", text)
    return int(match[1]) if match else 0


async def lines_of(visitor: Visitor, path: str) -> list[dict[str, Any]]:
    """Lines of a file by their headings."""
    response = await visitor.client.get(path)
    assert response.status == 200
    sheet = load_workbook(io.BytesIO(await response.read()), read_only=True).active
    heads, *lines = sheet.iter_rows(values_only=True)
    return [dict(zip(heads, line, strict=False)) for line in lines]  # empty cells at the end are left out


# ---- the office


async def totals(house: House, admin: Account) -> dict[str, int]:
    """What the office's first page counts, and how long the list behind it is."""
    services, actor, part = house.pages.services, Actor("demo", "pool_admin", admin.id), {"offset": 0, "limit": 1}
    payments = services.payments
    lists: dict[str, Awaitable[Page[Any]]] = {
        "申请添加的单位": services.organisations.employer_queries.requests(actor, state="open", page=1, size=1),
        "待处理的异议": services.entry.objection_queries.page(actor, state="open", **part),
        "待答复的投诉与反馈": services.notifications.helpdesk_queries.list_all(actor, state="open", **part),
        "多次没看懂的话": services.understanding.misunderstood.page(actor, "open", least=RECURRING, **part),
        "异常的退款": payments.queries.orders(actor, "abnormal", **part),
        "无法入账的通知": payments.unmatched_payments.list(actor, "open", **part),
        "待开的发票": services.office.payment_views.invoices(actor, "to_make", **part),
        "待冲红的发票": services.office.payment_views.invoices(actor, "to_reverse", **part),
    }
    return {name: (await page).total for name, page in lists.items()}


async def full(house: House) -> tuple[filled.Scene, Account]:
    """A pool with rows in every state, with invoices in every state similar to one that is to be made."""
    scene = await filled.make_scene(house.pages)
    await filled.fill(scene)
    for at, (state, failure, fee, by) in enumerate(
        (
            ("failed", "", "paid", "wechat"),
            ("failed", "refunded", "refunded", "office"),
            ("failed", "reversed", "paid", "wechat"),
            ("wanted", "", "paid", "wechat"),
            ("wanted", "", "paid", "office"),
            ("sent", "refunded", "refunded", "office"),
            ("stuck", "REVERSE_FAILED", "refunded", "wechat"),
        )
    ):
        order = await filled.paid(scene, f"票据{at}", number=f"ZJ00008{at:02}")
        await Fee.filter(id=order.fee_id).update(state=fee)
        await filled.invoice(scene, order, state=state, failure=failure, issued_by=by)
    return scene, scene.account


async def test_the_offices_to_dos_are_as_many_in_the_chat_on_the_page_and_in_the_lists(house: House) -> None:
    _, admin = await full(house)
    services, actor = house.pages.services, Actor("demo", "pool_admin", admin.id)
    shown, listed = (await house.at(admin, "/office")).text, await totals(house, admin)
    assert {name: number(shown, name) for name in listed} == listed
    assert listed["待开的发票"] == 3, "of the office, and the one that the platform could not make"
    assert listed["待冲红的发票"] == 2
    uncovered = sum(open_place.waiting for open_place in await services.reviews.assignment_queries.open_places(actor))
    bills = sum(bill.open_differences for bill in await services.payments.reconciliation.list(actor))
    assert (number(shown, "无人审核"), number(shown, "对账差异")) == (uncovered, bills)
    every = sum(listed.values()) + uncovered + bills + number(shown, "超期未审")
    assert number(await house.told(admin), "待办", "件") == every


async def test_a_list_of_the_office_has_as_many_lines_as_its_page_says(house: House) -> None:
    _, admin = await full(house)
    visitor = await house.at(admin, "/office/invoices?only=to_make")
    assert len(re.findall(r"ZJ\d{7}", visitor.text)) == 3


async def test_applications_by_state_are_as_many_on_the_page_in_the_list_and_in_the_file(house: House) -> None:
    _, admin = await full(house)
    actor, visitor = Actor("demo", "pool_admin", admin.id), await house.at(admin, "/office")
    shown, counts = visitor.text, await house.pages.services.office.applications.counts(actor, Filter())
    assert {"reviewing", "sent_back", "notice", "exam"} <= {count.state for count in counts}
    for count in counts:
        listed = await visitor.get(f"/office/applications?state={count.state}")
        paged, lines = number(listed.text, "导出Excel（", "份"), len(set(re.findall(r"SQ\d{15}", listed.text)))
        filed = await lines_of(visitor, f"/office/exports/applications.xlsx?state={count.state}")
        assert f"{count.count} {count.state_label}" in shown
        assert (lines, len(filed), paged) == (count.count,) * 3


async def test_orders_and_refunds_are_as_many_and_worth_as_much_in_list_and_file(house: House) -> None:
    _, admin = await full(house)
    actor, visitor = Actor("demo", "pool_admin", admin.id), await house.at(admin, "/office/orders")
    listed = await house.pages.services.payments.queries.orders(actor, limit=100)
    shown, lines = visitor.text, await lines_of(visitor, "/office/exports/orders.xlsx")
    assert len(lines) == listed.total
    assert round(100 * sum(float(line["金额（元）"]) for line in lines)) == sum(item.amount for item in listed.items)
    assert all(line["状态"] in shown and line["方式"] in shown for line in lines), "and in the same words"


# ---- reviewers


async def test_a_reviewers_open_tasks_are_as_many_in_the_chat_and_on_the_page(house: House) -> None:
    scene = await filled.make_scene(house.pages)
    await filled.handed_in(scene, "欧阳建国", ("A0401", "A0801"))
    house.chat.clock.move(timedelta(days=30))
    await filled.handed_in(scene, "郑新到")
    reviewer = await Account.get(id=(await make_reviewer(house.pages.services.deps, "industry", CITY)).account_id)
    assert "待审3件，已超期2件" in await house.told(reviewer)
    shown = (await house.at(reviewer, "/review")).text
    assert (number(shown, "共"), number(shown, "全部"), number(shown, "已超期")) == (3, 3, 2)


# ---- draws


async def people(house: House) -> dict[str, Account]:
    """Persons of a draw by role."""
    office = house.chat.office
    actors = {
        "organisation": office.agency,
        "verifier": office.verifier,
        "supervisor": office.supervisor,
        "venue": office.venue,
    }
    made = {role: await Account.get(id=actor.account_id) for role, actor in actors.items()}
    for role, account in made.items():
        if role != "organisation":
            await make_grant(account, role)
    return made


async def test_what_waits_of_a_draw_is_counted_alike_from_request_to_panel(house: House) -> None:
    office, who, draws = house.chat.office, await people(house), house.pages.services.draws
    await offices.add_experts(office, 3)

    async def wanted() -> tuple[int, int]:
        cards = await draws.queries.cards(office.supervisor, Filters(), offset=0, limit=20)
        told = number(await house.told(who["supervisor"]), "等您提交随机数", "个")
        return told, sum(card.number_wanted for card in cards.items)

    async def drawing() -> set[int]:
        """As the chat tells agency and supervisor, and as the agency's first page shows."""
        told = [number(await house.told(who[role]), "正在抽取", "个") for role in ("organisation", "supervisor")]
        return {*told, (await draws.queries.dashboard(office.agency)).drawing}

    draw_id = await offices.make_draw(office)
    application = await office.setup.submit(
        office.agency, draw_id, office.deps.book("demo").draw.terminals[0], "请核验"
    )
    queue = (await house.at(who["verifier"], "/draws/applications")).text
    assert number(await house.told(who["verifier"]), "待核验", "个") == queue.count("抽取申请 ·") == 1
    await office.verification.approve(office.verifier, application)
    assert (await wanted(), await drawing()) == ((0, 0), {0})
    await office.rounds.open(office.agency, draw_id)
    assert (await wanted(), await drawing()) == ((1, 1), {0})
    assert number(await house.told(who["organisation"]), "待办理", "个") == 1, "the round is the agency's to go on with"
    await offices.fix_seed(office, draw_id)
    assert (await wanted(), await drawing()) == ((0, 0), {0})
    await office.run.start(office.agency, draw_id)
    await office.run.advance(draw_id)
    assert (await wanted(), await drawing()) == ((0, 0), {1})


async def test_places_to_be_filled_again_are_as_many_in_list_notice_and_progress(house: House) -> None:
    """And their activities as many in figure, badge, page and chat."""
    who, draws, agency = await people(house), house.pages.services.draws, house.chat.office.agency
    phone = await house.chat.phone_with(who["organisation"])
    draw_id, invitations = await house.pages.panel(3)
    for away in range(3):
        listed = [absence for absence in await draws.absence_queries.list_pending(agency) if absence.draw_id == draw_id]
        progress = await draws.progress.totals_of(await Draw.get(id=draw_id))
        figure = (await draws.queries.dashboard(agency)).pending_supplements
        assert (len(listed), progress.planned - progress.accepted) == (away, away)
        told = number(await phone.says("补抽"), "待补抽：共", "个")
        page = await house.at(who["organisation"], "/agency/pending")
        assert (figure, told, number(page.text, "待补抽活动", "个")) == (min(away, 1),) * 3
        elsewhere = await (await house.at(who["organisation"], "/agency/projects")).response.text()
        assert ('aria-label="1个活动待补抽"' in elsewhere) == bool(away), "the badge of the menu, on every page"
        assert number(progress.waiting, "有", "个名额") == away
        notice = await Notice.filter(kind="agency_leave").order_by("-created_at", "-id").first()
        assert (notice.params["missing"] if notice else 0) == away
        house.chat.clock.move(timedelta(seconds=1))
        invitation = invitations[away]
        await house.chat.services.draws.invitations.leave(invitation.id, invitation.expert_id, "生病")


async def test_the_panel_is_as_large_on_cards_board_and_attendance_page(house: House) -> None:
    who, agency = await people(house), house.chat.office.agency
    draw_id, _ = await house.pages.panel(2)
    progress = await house.pages.services.draws.progress.totals_of(await Draw.get(id=draw_id))
    assert (progress.accepted, progress.planned) == (2, 2)
    listed = await house.at(who["organisation"], "/agency/draws")
    assert "2/2" in listed.text
    assert "已同意2人，需2人" in (await listed.get(f"/draws/{draw_id}")).text
    address = await house.pages.public_links().share(agency, draw_id, "board")
    board = (await house.pages.visitor().get(f"/draw/{address}")).text
    assert re.search(r"2\s*/\s*2", board)
    assert number(board, "已通知") == progress.called


async def test_arrivals_are_as_many_on_the_attendance_page_on_the_screen_in_the_notice_and_on_the_first_page(
    house: House,
) -> None:
    who, office, draws = await people(house), house.chat.office, house.pages.services.draws
    draw_id, invitations = await house.pages.panel(3)
    await draws.invitations.leave(invitations[2].id, invitations[2].expert_id, "生病")
    house.chat.clock.move(TODAY + timedelta(minutes=5))
    codes = [(await Invitation.get(id=invitation.id)).code for invitation in invitations]
    await draws.attendance.check_in_by_code(office.venue, draw_id, codes[0])
    listed = await draws.attendance_queries.list_awaited(office.venue, draw_id)
    expected, present = len(listed), sum(row.entered_at is not None for row in listed)
    assert (expected, present) == (2, 1), "who is on leave is expected by nobody"
    arrivals = await house.at(who["venue"], f"/draws/{draw_id}/attendance")
    assert (number(arrivals.text, "应到"), number(arrivals.text, "已到"), number(arrivals.text, "未到")) == (2, 1, 1)
    screen = (await arrivals.get(f"/draws/{draw_id}/screen")).text
    assert f"已签到 {present} / {expected}" in screen
    notice = await Notice.get(kind="agency_checked_in")
    assert (notice.params["present"], notice.params["needed"]) == (present, expected)
    first = await draws.queries.dashboard(office.agency)
    assert (first.present_today, first.awaited_today) == (present, expected - present)
    assert number(await house.told(who["venue"]), "今日评标", "场") == 1
    shown = await house.at(who["venue"], "/draws")
    assert (number(shown.text, "今日评标"), f"/draws/{draw_id}/attendance" in shown.page.links.values()) == (1, True)


async def test_a_draft_is_no_panel_of_the_day(house: House) -> None:
    who = await people(house)
    await offices.make_draw(house.chat.office)
    assert number(await house.told(who["venue"]), "今日评标", "场") == 0


# ---- experts and applicants


async def test_an_experts_invitations_and_panels_are_as_many_in_chat_and_mini_program(house: House) -> None:
    _, invitations = await house.pages.call(2)
    expert = next(known for known in house.chat.office.experts if known.id == invitations[0].expert_id)
    phone, mini = await house.chat.phone_of(expert), await house.api.log_in_expert(expert.id)
    listed = (await mini.get("/invitations"))["items"]
    assert number(await phone.follows(), "有", "个") == len(listed) == 1
    await house.chat.services.draws.invitations.answer(invitations[0].id, expert.id, "accept", by="chat")
    assert len((await mini.get("/invitations"))["items"]) == 0
    assert len((await mini.get("/panels"))["items"]) == 1


async def owing(house: House) -> tuple[Account, Fee]:
    deps = house.pages.services.deps
    scene = await filled.make_scene(house.pages)
    person = await make_applicant(deps, "王小明")
    application = await make_application(
        deps, person, state="fee", approved_at=scene.world.clock.now(), expert_number="ZJ0000777"
    )
    return person, await make_fee(deps, application)


async def test_a_fee_is_worth_the_same_in_chat_page_mini_program_and_order(house: House) -> None:
    person, fee = await owing(house)
    phone, mini = await house.chat.phone_with(person), await house.mini(person, "applicant")
    [listed] = (await mini.get("/payments/fees"))["items"]
    assert (listed["amount"], listed["amount_yuan"]) == (fee.amount, f"{fee.amount / 100:.2f}")
    yuan = re.escape(listed["amount_yuan"])
    assert re.search(yuan, await phone.says("缴费"))
    assert re.search(yuan, (await house.at(person, "/h5/demo/pay")).text)
    order = await mini.post(f"/payments/fees/{fee.id}/orders", {"trade": "native"})
    assert order["amount"] == fee.amount


async def test_an_applicants_to_dos_are_the_same_in_chat_page_and_mini_program(house: House) -> None:
    deps = house.pages.services.deps
    await filled.make_scene(house.pages)
    await make_campaign(deps)
    person = await make_applicant(deps, "王小明")
    phone, mini = await house.chat.phone_with(person), await house.mini(person, "applicant")
    items = [item["title"] for item in (await mini.get("/home"))["to_do"]]
    told, shown = await phone.says("申报"), (await house.at(person, "/h5/demo/apply")).text
    assert items
    assert all(item in told and item in shown for item in items)
