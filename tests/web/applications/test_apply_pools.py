"""Every real pool's form in a real browser, from an empty page to the reviewers; first applications and renewals."""

from __future__ import annotations

import re
from collections.abc import AsyncIterator, Awaitable, Callable
from dataclasses import replace
from pathlib import Path
from typing import Any, cast

import pytest
from aiohttp import web
from aiohttp.test_utils import TestServer
from playwright.async_api import Browser, Page, expect
from tortoise import Tortoise

import miniapp_api
from app.demo.data import load_catalogues_of
from app.rulebook_files import load_rulebooks
from domain.clock import FixedClock
from domain.errors import InvalidInput
from domain.rulebook.book import Rulebook
from domain.rulebook.form import EntryType
from models.accounts import Account
from models.applications import Application, ApplicationSection
from models.database_connection import tortoise_config
from models.experts import Expert
from services.applications import read_values
from services.core.base import Actor, Deps, system
from services.experts import COLUMNS, ExpertImport
from tests.factories.applications import make_applicant, make_campaign, make_employer
from tests.factories.assembly import make_services
from tests.factories.certificates import make_trained
from tests.miniapp_api.conftest import Wechat
from tests.plugins.browsers import CHROMIUM
from tests.web.applicants import serious
from tests.web.conftest import WechatBrowser, World
from tests.web.form_filling import FormFiller
from tests.web.test_browser import Seen, look
from web.assembly import setup_pages

pytestmark = [
    pytest.mark.browser,
    pytest.mark.skipif(CHROMIUM is None, reason="Debian's chromium is not installed"),
]
RULEBOOKS, CATALOGUES = Path("config/rulebooks"), Path("config/catalogues")
BOOKS = load_rulebooks(RULEBOOKS, sorted(path.stem for path in RULEBOOKS.glob("[a-z]*.toml")))
WAYS: list[tuple[str, EntryType]] = [
    (pool, entry_type)
    for pool, book in BOOKS.items()
    if book.registration.open and pool != "demo"
    for entry_type in book.campaigns.entry_types
]
Serve = Callable[[web.Application], Awaitable[TestServer]]
EMPLOYER = "示范规划设计院有限公司"


class PoolWorld(World):
    """One real pool with its own catalogues and an open campaign."""

    pool: str

    async def person(self) -> Account:
        return await Account.get(id=(await make_applicant(self.services.deps, pool=self.pool)).account_id)

    async def sit_down(self, browser: Browser, person: Account) -> Seen:
        """A browser in which the person has logged in by the code of an SMS."""
        seen = await look(browser, self)
        mobile = self.services.deps.keys.open_text(person.mobile_sealed, "mobile")
        visitor = await self.visitor().get(f"/h5/login?pool={self.pool}")
        await visitor.press("获取验证码", pool=self.pool, mobile=mobile)
        await visitor.press("登录", code=await self.last_code())
        cookie = next(iter(visitor.client.session.cookie_jar))
        await seen.page.context.add_cookies([{"name": cookie.key, "value": cookie.value, "url": seen.base}])
        return seen

    async def imported(self, person: Account, *, region: str, specialties: str, employer: str) -> Expert:
        """The person's file, brought in by the office's sheet."""
        keys = self.services.deps.keys
        told = {
            "专家编号": "ZJ0009001",
            "姓名": person.real_name,
            "常驻地": region,
            "评标专业": specialties,
            "职称": "2001",
            "身份证号": keys.open_text(person.id_number_sealed, "id_number"),
            "工作单位": employer,
            "手机号": keys.open_text(person.mobile_sealed, "mobile"),
        }
        lines = [",".join(c.title for c in COLUMNS), ",".join(told.get(c.title, "") for c in COLUMNS)]
        report = await ExpertImport(self.services.deps).run(system(self.pool), "\n".join(lines).encode(), "csv")
        assert not report.errors, report.errors
        return await Expert.get()


@pytest.fixture
async def open_pool(
    database: str, deps: Deps, clock: FixedClock, aiohttp_server: Serve
) -> AsyncIterator[Callable[[str], Awaitable[PoolWorld]]]:
    opened: list[PoolWorld] = []
    await Tortoise.init(config=tortoise_config(database), _enable_global_fallback=True)

    async def open_one(pool: str) -> PoolWorld:
        own = replace(deps, rulebooks={pool: BOOKS[pool]})
        await load_catalogues_of(own, CATALOGUES)
        await make_campaign(own, pool=pool, entry_types=list(BOOKS[pool].campaigns.campaign_types))
        await make_employer(own, EMPLOYER, pool=pool)
        services = make_services(own, mini=Wechat(), web=WechatBrowser())
        app = web.Application(client_max_size=32 * 1024 * 1024)
        miniapp_api.setup(app, services)
        setup_pages(app, services)
        world = PoolWorld(await aiohttp_server(app), services, cast(Any, None), clock, WechatBrowser())
        world.pool = pool
        opened.append(world)
        return world

    yield open_one
    for world in opened:
        await world.close()
    await Tortoise.close_connections()


async def begin(seen: Seen, book: Rulebook, entry_type: EntryType) -> Page:
    title = book.campaigns.title_of(entry_type)
    page = await seen.open(f"/h5/{book.pool.code}/apply?entry_type={entry_type}")
    await expect(page.get_by_role("heading", level=1)).to_have_text(title)
    if entry_type == "change":
        await seen.check(f"begin-{book.pool.code}-change")
    await page.get_by_role("button", name="我已知晓，开始填写").click()
    return page


@pytest.mark.parametrize(("pool", "entry_type"), WAYS)
async def test_the_form_is_filled_in_and_handed_in(
    browser: Browser, open_pool: Callable[[str], Awaitable[PoolWorld]], pool: str, entry_type: EntryType
) -> None:
    world, book = await open_pool(pool), BOOKS[pool]
    person = await world.person()
    if entry_type != "first":
        city = f"{book.pool.region[:2]}0100"
        expert = await world.imported(person, region=city, specialties="A080101", employer=EMPLOYER)
    if entry_type == "change" and book.campaigns.change_after_course:
        await make_trained(world.services.deps, person, expert)
    seen = await world.sit_down(browser, person)
    if entry_type == "change":
        home = await seen.open(f"/h5/{pool}/apply")
        await expect(home.get_by_role("link", name="我的培训")).to_have_count(int(book.course.offered))
        await expect(home.get_by_role("link", name=book.campaigns.change_title)).to_be_visible()
        await seen.check(f"apply-{pool}-home")
    page = await begin(seen, book, entry_type)
    filler = FormFiller(page, book, entry_type)
    await filler.fill_all()
    tabs = page.get_by_role("navigation", name="申请表的各部分")
    status = re.compile(rf"^/h5/{pool}/apply/status(\?number=SQ\d+)?$")
    await expect(tabs.get_by_role("link", name="审核详情")).to_have_attribute("href", status)
    await expect(tabs).not_to_contain_text("undefined")
    trained = int(book.course.offered and entry_type != "first")
    await expect(tabs.get_by_role("link", name="学习培训情况")).to_have_count(trained)
    await seen.check(f"apply-{pool}-{entry_type}")
    await filler.hand_in()
    application = await Application.get()
    assert (application.state, application.entry_type) == ("reviewing", entry_type)
    assert serious(seen) == []


@pytest.mark.parametrize(("entry_type", "called"), [("renewal", "续聘"), ("education", "继续教育")])
async def test_an_expert_keeps_a_file_that_todays_form_would_refuse(
    browser: Browser, open_pool: Callable[[str], Awaitable[PoolWorld]], entry_type: EntryType, called: str
) -> None:
    """Xinjiang 2025: filed with a district, with specialties of two classes, and with a unit of a long name."""
    world, book = await open_pool("xinjiang"), BOOKS["xinjiang"]
    person = await world.person()
    employer = "新疆" + "某" * 60 + "设计院"
    expert = await world.imported(person, region="650102", specialties="A080101;B010101", employer=employer)
    seen = await world.sit_down(browser, person)
    page = await begin(seen, book, entry_type)
    region = page.locator('.field[data-field="region"]')
    await expect(region).to_contain_text("天山区")
    await expect(region).to_contain_text(f"{called}沿用入库时的内容，不能修改")
    await expect(region.get_by_role("button")).to_have_count(0)
    await seen.check(f"apply-xinjiang-kept-{entry_type}")
    filler = FormFiller(page, book, entry_type)
    await filler.fill_all()
    await filler.hand_in()
    application = await Application.get()
    assert (application.state, application.region) == ("reviewing", expert.permanent_region)
    values = await read_values(world.services.deps, application.id)
    assert [value["code"] for value in values["specialties"]] == ["A080101", "B010101"]
    assert (values["region"], values["employer"]) == ("650102", employer)
    assert serious(seen) == []


async def test_a_change_that_is_not_possible_yet_says_so_before_its_button(
    browser: Browser, open_pool: Callable[[str], Awaitable[PoolWorld]]
) -> None:
    """Xinjiang 2025 L102: after training and examination."""
    world = await open_pool("xinjiang")
    person = await world.person()
    await world.imported(person, region="650100", specialties="A080101", employer=EMPLOYER)
    seen = await world.sit_down(browser, person)
    page = await seen.open("/h5/xinjiang/apply?entry_type=change")
    await expect(page.get_by_role("status")).to_contain_text("完成继续教育、考试合格并取得合格证书后")
    await expect(page.get_by_role("button", name="我已知晓，开始填写")).to_have_count(0)
    await seen.check("begin-xinjiang-change-refused")
    assert serious(seen) == []


async def test_the_api_refuses_to_change_what_a_renewal_keeps(
    open_pool: Callable[[str], Awaitable[PoolWorld]],
) -> None:
    world = await open_pool("xinjiang")
    person, services = await world.person(), world.services
    await world.imported(person, region="650102", specialties="A080101;B010101", employer=EMPLOYER)
    actor = Actor("xinjiang", "applicant", person.id)
    begun = await services.applications.drafts.start(actor, "renewal")
    other: list[tuple[str, str, object]] = [
        ("basic", "region", "650200"),
        ("qualification", "employer", "别的单位"),
        ("specialties", "specialties", [{"code": "A080101", "choice": "preferred"}]),
    ]
    for section, field, value in other:
        version = (await ApplicationSection.get(application_id=begun.id, code=section)).version
        with pytest.raises(InvalidInput) as refusal:
            await services.applications.drafts.save_section(actor, begun.id, section, {field: value}, version)
        assert "沿用入库时的内容，不能修改" in str(refusal.value.params)
        same = await services.applications.drafts.save_section(actor, begun.id, section, {}, version)
        assert same.values[field] not in (None, value)
    # One that was begun before files were kept whole lacks them, and gets them by itself.
    await ApplicationSection.filter(application_id=begun.id).delete()
    view = await services.applications.queries.get(actor, begun.id)
    shown = {name: value for section in view.sections for name, value in section.values.items()}
    assert shown["region"] == "650102"
    assert not {"region", "employer", "specialties"} & {problem.field for problem in view.problems}
    assert not {"region", "employer", "specialties"} & {name for part in view.sections for name in part.editable}
    await services.applications.documents.print_form(actor, begun.id)
    assert (await read_values(services.deps, begun.id))["region"] == "650102"
