"""The first pages: open to everybody, light, kept by browsers, found by search engines, with a way to everything."""

from __future__ import annotations

import html
import re
from datetime import timedelta
from pathlib import Path

import pytest

from app.rulebook_files import load_rulebooks
from domain.rulebook.people import HelpQuestion
from models.accounts import Account
from tests.drivers.pages import PUBLIC_URL, Visitor
from tests.drivers.statements import count_statements
from tests.factories.applications import make_campaign
from tests.factories.reviews import make_catalogues
from tests.web.conftest import World
from web.accounts.offers import find_offers, offers_of

FRONT = "/h5/demo"
BYTES_MAX = 50_000
RULEBOOKS = Path(__file__).parents[3] / "config" / "rulebooks"
POOLS = sorted(path.stem for path in RULEBOOKS.glob("*.toml") if not path.stem.startswith("_"))
_LOADED = re.compile(r'(?:<link rel="(?:icon|stylesheet)"[^>]*href|<(?:script|img)[^>]*src)="([^"]+)"')
_IMPORTED = re.compile(r"import '\./([\w.]+)'")


async def bytes_of_page(visitor: Visitor) -> dict[str, int]:
    """Bytes of a page and of all that a browser loads with it, as delivered, by address."""
    text = await visitor.response.text()
    sizes, waiting = {visitor.path: len(text.encode())}, [html.unescape(path) for path in _LOADED.findall(text)]
    while waiting:
        path = waiting.pop()
        if path not in sizes:
            response = await visitor.client.get(path)
            assert response.status == 200, path
            body = await response.read()
            sizes[path] = len(body)
            folder = path.partition("?")[0].rpartition("/")[0]
            waiting += [f"{folder}/{name}" for name in _IMPORTED.findall(body.decode())]
    return sizes


async def fill(world: World) -> None:
    """As much as a province has on its first page."""
    await make_catalogues()
    contacts = {f"44{number:02}00": "市政务服务数据管理局评标专家科 0755-12345678、12345679" for number in range(24)}
    world.set_rules(
        "help", advice=contacts, hours="工作日 9:00-12:00，14:00-17:30", media=("培训录像：省专家库网站“培训”栏目",) * 4
    )
    for number in range(5):
        name = f"2026年第{number + 1}批评标专家公开征集暨续聘（房屋建筑、市政、水利、交通）"
        await make_campaign(world.services.deps, name=name, announcement="请按公告办理。" * 400)


async def test_who_has_not_logged_in_chooses_a_pool(world: World) -> None:
    visitor = await world.visitor().get("/")
    assert (visitor.path, visitor.status) == ("/", 200)
    for address in ("/h5", "/h5/"):
        assert "评标专家库" in (await visitor.get(address)).text
    [(_, address)] = [link for link in visitor.page.links.items() if "演示省" in link[0]]
    await visitor.get(address)
    assert (visitor.path, visitor.status) == (FRONT, 200)
    assert visitor.page.links["其他专家库"] == "/"


async def test_of_a_single_pool_the_page_opens_at_once(world: World) -> None:
    del world.services.deps.live_rulebooks["guangdong"]
    visitor = await world.visitor().get("/")
    assert (visitor.path, "其他专家库" in visitor.text) == (FRONT, False)


async def test_who_has_logged_in_gets_to_the_own_first_page_by_one_tap(world: World) -> None:
    agency = await world.log_in(world.office.agency)
    assert (await agency.get("/")).path == "/agency"
    await agency.get(FRONT)
    assert (await agency.click("进入我的首页")).path == "/agency"
    assert (await (await agency.get(FRONT)).click("项目登记登记项目和标段")).path == "/agency/projects"


async def test_every_page_that_is_offered_opens_or_asks_for_the_log_in_of_its_pool(world: World) -> None:
    visitor = await world.visitor().get(FRONT)
    links = dict(visitor.page.links)
    assert {"抽取评标专家申请抽取、看结果", "申请入库注册、填表", "申请人、专家登录"} <= links.keys()
    for name, address in links.items():
        if address.startswith("tel:"):
            continue
        await visitor.get(address)
        assert visitor.status == 200, name
        if visitor.path == "/h5/login":
            assert "换专家库" in visitor.page.links, f"{name} does not know the pool"
            assert "演示省综合评标专家库" in visitor.text


@pytest.mark.parametrize("pool", POOLS)
def test_a_pool_offers_what_its_rulebook_has(pool: str) -> None:
    book = load_rulebooks(RULEBOOKS, [pool])[pool]
    offered = {offer.name for group in offers_of(book, logged_in=False) for offer in group.pages}
    assert {
        "申请入库": book.registration.open,
        "续聘": book.registration.open and "renewal" in book.campaigns.entry_types,
        "缴费": book.fee is not None,
        "考试": "exam" in book.entry.stages,
        "继续教育": book.course.offered,
        "入库公示": book.notice is not None,
        "证书核验": book.certificate.issued,
        "评标签到": True,
        "抽取评标专家": True,
        "核对抽取记录": True,
    } == {
        name: name in offered
        for name in (
            *("申请入库", "续聘", "缴费", "考试", "继续教育", "入库公示", "证书核验", "评标签到"),
            *("抽取评标专家", "核对抽取记录"),
        )
    }


async def test_the_first_page_is_one_statement_and_few_bytes(world: World) -> None:
    """Figures: docs/reference/performance.md."""
    await fill(world)
    visitor = await world.visitor().get(FRONT)
    with count_statements() as statements:
        await visitor.get(FRONT)
    assert len(statements) == 1, str(statements)
    assert "各地咨询（24）" in visitor.text
    sizes = await bytes_of_page(visitor)
    assert any(path.endswith("submit_in_place.js") for path in sizes), "what scripts import counts, too"
    assert sum(sizes.values()) < BYTES_MAX, sizes


async def test_the_list_of_pools_asks_nothing(world: World) -> None:
    visitor = await world.visitor().get("/")
    with count_statements() as statements:
        await visitor.get("/")
    assert len(statements) == 0, str(statements)


@pytest.mark.parametrize("path", ["/", FRONT, f"{FRONT}/campaigns"])
async def test_a_browser_keeps_it_and_asks_only_whether_it_has_changed(world: World, path: str) -> None:
    client = world.visitor().client
    first = await client.get(path)
    assert first.headers["Cache-Control"] == "public, max-age=60"
    assert (first.headers["Vary"], first.headers["X-Robots-Tag"]) == ("Cookie", "index, follow")
    again = await client.get(path, headers={"If-None-Match": first.headers["ETag"]})
    assert (again.status, await again.read(), again.headers["ETag"]) == (304, b"", first.headers["ETag"])
    larger = await client.get(path, headers={"If-None-Match": first.headers["ETag"], "Cookie": "pbt_text=large"})
    assert larger.status == 200


async def test_a_new_campaign_changes_what_browsers_keep(world: World) -> None:
    client = world.visitor().client
    tag = (await client.get(FRONT)).headers["ETag"]
    await make_campaign(world.services.deps)
    assert (await client.get(FRONT, headers={"If-None-Match": tag})).status == 200


async def test_a_search_engine_and_a_shared_link_have_name_description_and_picture(world: World) -> None:
    text = await (await world.visitor().client.get(FRONT)).text()
    described = dict(re.findall(r'<meta (?:name|property)="([\w:]+)" content="([^"]*)"', text))
    assert described["og:title"] == "演示省综合评标专家库"
    assert "申请入库" in described["description"]
    assert described["og:url"] == f"{PUBLIC_URL}{FRONT}"
    assert "<title>演示省综合评标专家库</title>" in text
    picture = await world.visitor().client.get(described["og:image"].removeprefix(PUBLIC_URL))
    assert (picture.status, picture.content_type, picture.charset) == (200, "image/png", None)


async def test_robots_read_the_first_pages_and_nothing_that_names_a_person(world: World) -> None:
    client = world.visitor().client
    lines = (await (await client.get("/robots.txt")).text()).splitlines()
    assert lines[0] == "User-agent: *"
    assert lines[-1] == "Disallow: /"
    assert {"Allow: /$", "Allow: /h5/demo$", "Allow: /h5/guangdong$", "Allow: /h5/demo/campaigns$"} <= set(lines)
    assert not any("notice" in line or "record" in line for line in lines)
    assert (await client.get("/h5/demo/notice")).headers["X-Robots-Tag"] == "noindex, nofollow"
    icon = await client.get("/favicon.ico")
    assert (icon.status, icon.content_type, (await icon.read())[:4]) == (200, "image/x-icon", b"\0\0\1\0")


async def test_all_of_a_campaign_stands_on_its_page(world: World) -> None:
    now = world.clock.now()
    pays = {"pay_from": now, "pay_until": now + timedelta(days=30)}
    await make_campaign(world.services.deps, announcement="请携带原件到现场核对。", **pays)
    visitor = await world.visitor().get(FRONT)
    [(_, address)] = [link for link in visitor.page.links.items() if link[0].startswith("2026年第二批评标专家征集")]
    await visitor.get(address.partition("#")[0])
    for words in ("报名中", "新增、续聘", "缴费", "请携带原件到现场核对。"):
        assert words in visitor.text, words
    await visitor.click("去申请")
    assert visitor.path == "/h5/login"


async def test_without_a_campaign_it_is_said_whether_one_may_apply(world: World) -> None:
    visitor = world.visitor()
    for path in (FRONT, f"{FRONT}/campaigns"):
        assert "目前没有正在进行的征集" in (await visitor.get(path)).text
    world.set_rules("campaigns", required=False)
    assert "全年均可申请入库" in (await visitor.get(FRONT)).text
    assert "暂不在线受理" in (await visitor.get("/h5/guangdong")).text
    await visitor.get("/h5/guangdong/campaigns")
    assert ("请关注省专家库公告" in visitor.text, "去申请" in visitor.page.links) == (True, False)


async def test_a_question_is_found_by_its_words_and_what_is_not_found_names_the_line(world: World) -> None:
    questions = (
        HelpQuestion(question="怎样取得发票？", answer="发送到您的邮箱。", words=("发票",)),
        HelpQuestion(question="忘记密码怎么办？", answer="点“忘记密码”，用短信验证码重设。", words=("密码忘了",)),
    )
    world.set_rules("help", faq=questions)
    visitor = await world.visitor().get(FRONT)
    await visitor.click("忘记密码怎么办？")
    assert ("用短信验证码重设" in visitor.text, "怎样取得发票" in visitor.text) == (True, False)
    for typed, count in (("我的密码忘了", 1), ("验证码 重设", 1), ("发票", 1), ("月亮", 0), ("", 2)):
        await visitor.get(f"{FRONT}/help?q={typed}")
        assert sum(entry.question in visitor.text for entry in questions) == count, typed
    await visitor.get(f"{FRONT}/help?q=月亮")
    assert ("没有找到“月亮”" in visitor.text, visitor.page.links["400-000-0000"]) == (True, "tel:400-000-0000")
    assert visitor.page.links["首页"] == FRONT


async def test_a_pool_that_is_not_there_leads_to_the_list(world: World) -> None:
    visitor = await world.visitor().get("/h5/nowhere")
    assert (visitor.status, visitor.page.links["首页"]) == (404, "/")


async def test_a_database_that_is_away_is_said_and_not_kept(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def fail(*_: object) -> None:
        raise ConnectionRefusedError("database")

    monkeypatch.setattr(type(world.services.front_page.queries), "read", fail)
    visitor = await world.visitor().get(FRONT)
    assert (visitor.status, visitor.response.headers["Cache-Control"]) == (503, "no-store")


async def test_an_ended_session_leads_from_the_bare_address_to_the_log_in(world: World) -> None:
    account = await Account.get(id=world.office.venue.account_id)
    visitor = await world.enter(account)
    await world.services.accounts.web_sessions.end_browser_session(visitor.cookie.value)
    assert (await visitor.get("/")).path == "/h5/login"


@pytest.mark.parametrize("word", ["请假", "签到", "续聘", "酬劳", "考试", "证书", "举报"])
def test_what_a_tile_names_is_found_by_its_name(word: str) -> None:
    book = load_rulebooks(RULEBOOKS, ["xinjiang"])["xinjiang"]
    names = [offer.name for group in offers_of(book, logged_in=False) for offer in group.pages]
    fitting = {offer.name for offer in find_offers(book, word, logged_in=False)}
    assert fitting
    assert fitting < set(names)


async def test_the_guides_search_answers_as_the_chat_does_and_offers_pages(world: World) -> None:
    visitor = await world.visitor().get("/h5/demo/help?q=请假")
    assert "没有找到" not in visitor.text
    assert "/h5/demo/panels" in visitor.page.links.values()
    assert "请在微信公众号里回复“退费”" in (await visitor.get("/h5/demo/help?q=退费")).text
    assert "不能自己改，请拨打" in (await visitor.get("/h5/demo/help?q=身份证号写错了")).text
    assert "没有找到“蝴蝶结”" in (await visitor.get("/h5/demo/help?q=蝴蝶结")).text
