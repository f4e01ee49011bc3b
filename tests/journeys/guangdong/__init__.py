"""The persons of the Guangdong journey, and the running system."""

from __future__ import annotations

import csv
import io
import re
from collections.abc import Callable
from dataclasses import dataclass, field, replace
from datetime import datetime, time, timedelta
from typing import Any

from app.commands.database import deps_for
from app.demo.data import load_catalogues_of
from app.players.agency import Agency
from app.players.browser import BrowserPage, WebBrowser
from app.players.mini_program import MiniProgram
from app.players.page_player import PagePlayer
from app.players.parties import fix_order
from app.players.people import check_sign
from app.players.phones import Phone
from app.players.supervisor import DrawSupervisor
from app.players.venue import VenueStaff
from app.players.verifier import Verifier
from config.settings import Settings
from domain.clock import SHANGHAI, local
from domain.draws.verify_draw import read
from models.accounts import RoleGrant
from services.accounts import account_by_mobile
from services.core.base import system, transaction
from services.experts import COLUMNS, ExpertImport
from tests.drivers.in_process import SettlingStage
from tests.factories.offices import make_supervisor

POOL = "guangdong"
TERMINAL = "广东省公共资源交易中心"
VENUE = "广东省公共资源交易中心"
ADDRESS = "广州市越秀区越华路118号"
AGENCY, AGENCY_CODE = "招标代理机构名称", "91440101MA5000001P"
TENDEREE, TENDEREE_CODE = "招标人法人名称", "91440101MA5000002T"
LEGAL, AGENT, OTHER_AGENT = "19900100001", "19900100002", "19900100003"
VERIFIER, SUPERVISOR, VENUE_STAFF = "19900100004", "19900100005", "19900100006"
NATURAL, WEAK = "19900100007", "19900100008"
SUPERVISOR_NAME = "冯监督"
_OFFICES = {VERIFIER: "verifier", VENUE_STAFF: "venue"}


@dataclass(frozen=True)
class Expert:
    """One line of the pool's sheet."""

    serial: int
    name: str
    region: str
    specialty: str
    employer: str = ""
    willing: str = ""
    title: str = ""
    qualification: str = ""
    department: str = ""

    @property
    def mobile(self) -> str:
        return f"199001{1000 + self.serial:05}"

    @property
    def id_number(self) -> str:
        first = f"440106{1970 + self.serial % 20}0{1 + self.serial % 9}15{900 - self.serial:03}"
        return first + check_sign(first)


def _numeral(n: int) -> str:
    """No name holds a digit."""
    return str(n).translate(str.maketrans("0123456789", "零一二三四五六七八九"))


GUANGZHOU, SHENZHEN, FOSHAN = "440106", "440305", "440604"
BUILDERS = tuple(Expert(n, f"测施工{_numeral(n)}", GUANGZHOU, "A080101") for n in range(1, 11))
BUILDERS_ELSEWHERE = tuple(Expert(n, f"测深圳{_numeral(n)}", SHENZHEN, "A080101") for n in range(11, 14))
PLANNERS = tuple(Expert(n, f"测规划{_numeral(n)}", GUANGZHOU, "A010101") for n in range(14, 18))
OF_TENDEREE = Expert(18, "测业主", GUANGZHOU, "A080101", TENDEREE)
OF_BIDDER = Expert(19, "测投标", GUANGZHOU, "A080101", "广东投标建设有限公司")
NAMED = Expert(20, "避开人", GUANGZHOU, "A080101")
_FITS = {"willing": "440100", "title": "1001", "qualification": "Q0301", "department": "D02"}
WILLING = Expert(21, "测意愿", FOSHAN, "A080101", **_FITS)
"""Experts who fulfil a condition: Guangzhou, title, qualification and department."""
ALMOST = tuple(
    Expert(n, f"测差一{_numeral(n)}", FOSHAN, "A080101", **{**_FITS, missing: ""})
    for n, missing in enumerate(_FITS, 22)
)
"""Experts who lack one of these."""
EXPERTS = (*BUILDERS, *BUILDERS_ELSEWHERE, *PLANNERS, OF_TENDEREE, OF_BIDDER, NAMED, WILLING, *ALMOST)


async def prepare(settings: Settings) -> None:
    """Set up the pool: catalogues, experts, verifier, venue, the register of supervisors."""
    async with deps_for(settings) as deps:
        await load_catalogues_of(deps, settings.rulebooks.parent / "catalogues")
        report = await ExpertImport(deps).run(system(POOL), _sheet(), "csv")
        assert (report.created, report.errors) == (len(EXPERTS), ())
        async with transaction():
            for mobile, role in _OFFICES.items():
                account = await account_by_mobile(deps, POOL, mobile)
                scope = TERMINAL if role == "verifier" else ""
                await RoleGrant.create(account_id=account.id, role=role, scope=scope, granted_at=deps.now())
        await make_supervisor(deps, SUPERVISOR, name=SUPERVISOR_NAME, pool=POOL, department="市住房和城乡建设局")


def _sheet() -> bytes:
    text = io.StringIO(newline="")
    sheet = csv.DictWriter(text, [column.title for column in COLUMNS])
    sheet.writeheader()
    titles = {column.name: column.title for column in COLUMNS}
    for expert in EXPERTS:
        cells = {
            "number": f"GD{expert.serial:07}",
            "name": expert.name,
            "id_number": expert.id_number,
            "mobile": expert.mobile,
            "permanent_region": expert.region,
            "specialties": expert.specialty,
            "employer": expert.employer or f"测单位{expert.serial}",
            "willing_regions": expert.willing,
            "title_level": expert.title,
            "qualifications": expert.qualification,
            "department": expert.department,
        }
        sheet.writerow({titles[name]: value for name, value in cells.items()})
    return text.getvalue().encode("utf-8-sig")


class Agent(Agency):
    """Comes in over the identity platform."""

    async def log_in(self, path: str = "") -> BrowserPage:
        await identify(self.browser, "黄经办")
        return await self.browser.open(path or self.home)


@dataclass
class Day:
    """State of the journey; each step stores what later ones need."""

    stage: SettlingStage
    agent: Agent = field(init=False)
    verifier: Verifier = field(init=False)
    supervisor: DrawSupervisor = field(init=False)
    venue: VenueStaff = field(init=False)
    players: dict[str, PagePlayer] = field(init=False)
    """Who uses pages, by mobile number; experts too, once they do."""
    people: dict[str, MiniProgram] = field(default_factory=dict)
    browsers: dict[str, WebBrowser] = field(default_factory=dict)
    """Browsers of the legal entity and of the other agent, by mobile number."""
    project: str = ""
    draw: str = ""
    number: str = ""
    second: str = ""
    """The second draw, of the other lot."""
    recall: str = ""
    redraw: str = ""
    whole: str = ""
    """The draw of a project without lots."""
    tabs: dict[str, WebBrowser] = field(default_factory=dict)
    """Pages left open, by purpose."""

    def __post_init__(self) -> None:
        self.agent = Agent.with_phone(self.phone(AGENT))
        self.verifier = Verifier.with_phone(self.phone(VERIFIER))
        self.supervisor = DrawSupervisor.with_phone(self.phone(SUPERVISOR))
        self.venue = VenueStaff.with_phone(self.phone(VENUE_STAFF))
        staff = (self.agent, self.verifier, self.supervisor, self.venue)
        self.players = {player.phone.mobile: player for player in staff}

    async def begin(self) -> None:
        """Begin tomorrow at nine, with a phone for each person."""
        today = local(await self.stage.now())
        await self.stage.advance_to(datetime.combine(today.date() + timedelta(days=1), time(9), today.tzinfo))
        phones = [{"name": e.name, "mobile": e.mobile, "pool": POOL, "id_number": e.id_number} for e in EXPERTS]
        organisation = {"name": AGENCY, "credit_code": AGENCY_CODE}
        offices: list[dict[str, Any]] = [
            {"name": "广法人", "mobile": LEGAL, "user_type": "legal", "organisation": organisation},
            {"name": "黄经办", "mobile": AGENT},
            {"name": "别经办", "mobile": OTHER_AGENT},
            {"name": "郑核验", "mobile": VERIFIER},
            {"name": "冯监督", "mobile": SUPERVISOR},
            {"name": "陈场地", "mobile": VENUE_STAFF},
            {"name": "自然人", "mobile": NATURAL, "user_type": "person"},
            {"name": "低等级", "mobile": WEAK, "user_type": "legal", "level": 3, "organisation": organisation},
        ]
        for office in offices:
            await self.stage.http_client.control(
                "/phones", {"pool": POOL, "role": "agency", "follows": False, **office}
            )
        bulk = [{**phone, "role": "expert", "follows": False} for phone in phones]
        await self.stage.http_client.control("/phones/bulk", {"phones": bulk})

    def phone(self, mobile: str) -> Phone:
        return self.stage.phone(mobile, POOL)

    async def mini(self, mobile: str, role: str) -> MiniProgram:
        """The mini-program of a person acting as ``role``, logged in at first use."""
        key = f"{mobile}:{role}"
        if key not in self.people:
            self.people[key] = MiniProgram(self.stage.http_client, self.phone(mobile), role)
            await self.people[key].open()
        return self.people[key]

    # ---- pages

    def stranger(self) -> WebBrowser:
        """A new browser of an unknown person."""
        return WebBrowser(self.stage.http_client, self.stage.http_client.service_url)

    async def identify(self, name: str) -> WebBrowser:
        """A new browser in which a person comes in over the identity platform, page by page."""
        browser = self.stranger()
        await identify(browser, name)
        return browser

    @property
    def page(self) -> WebBrowser:
        """The agent's browser."""
        return self.agent.browser

    async def at(self, path: str) -> WebBrowser:
        """The agent's browser at a page of the agency."""
        await self.agent.open(path)
        return self.page

    async def on(self, draw: str, step: str) -> WebBrowser:
        """The agent's browser at a step or tab of a draw."""
        return await self.at(f"/agency/draws/{draw}/{step}")

    async def of(self, mobile: str, path: str) -> WebBrowser:
        """The browser of another person at a page."""
        player = self.players.setdefault(mobile, PagePlayer.with_phone(self.phone(mobile)))
        page = await player.open(path)
        assert page.path == path.partition("?")[0], page.text
        return player.browser

    async def page_of(self, draw: str, page: str, mobile: str = VENUE_STAFF) -> WebBrowser:
        """A page of the draw, as the venue's staff or another office sees it."""
        return await self.of(mobile, f"/draws/{draw}/{page}" if page else f"/draws/{draw}")

    def tab(self) -> WebBrowser:
        """The page that the agent sees, left open in a tab of its own."""
        return replace(self.page)

    async def set_level(self, mobile: str, level: int) -> None:
        """Set a person's assurance level at the identity platform."""
        await self.stage.http_client.control(f"/phones/{mobile}", {"level": level})

    # ---- experts

    async def ringing(self, count: int) -> list[Expert]:
        """Wait until exactly ``count`` experts' phones ring; returns the experts."""

        async def look() -> tuple[list[Expert]] | None:
            experts = [expert for expert in EXPERTS if await self._call(expert)]
            return (experts,) if len(experts) == count else None

        return (await self.stage.wait_until(look, f"{count} phones ring"))[0]

    async def decline_all(self, draw: str) -> None:
        """Decline for every expert whom the draw calls, until none is left."""

        async def decline() -> bool:
            for expert in EXPERTS:
                if await self._call(expert):
                    await self.press(expert, "22")
            return (await self.on(draw, "run")).page.facts["label"] != "抽取中"

        await self.stage.wait_until(decline, "the draw ends", 60)

    async def _call(self, expert: Expert) -> dict[str, Any] | None:
        state = await self.phone(expert.mobile).read()
        return next((call for call in state["calls"] if call["state"] == "ringing"), None)

    async def refuse(self, expert: Expert) -> None:
        """Hang up on the ringing phone unanswered."""
        phone = self.phone(expert.mobile)
        call = await phone.ringing(5)
        await self.stage.http_client.control(f"/phones/{phone.mobile}/calls/{call['id']}/hangup", {})

    async def press(self, expert: Expert, keys: str) -> str:
        """Answer the ringing phone and press keys; returns what the voice said."""
        phone = self.phone(expert.mobile)
        call = await phone.ringing(1)
        await phone.pick_up(call, keys)
        spoken = next(shown for shown in (await phone.read())["calls"] if shown["id"] == call["id"])["spoken"]
        return "".join(spoken)

    # ---- what pages say

    async def wait_until(self, look: Callable[[BrowserPage], bool], path: str, mobile: str = AGENT) -> BrowserPage:
        """Wait until ``look`` accepts a page of the agent or of another person; returns the page."""

        async def accepted() -> BrowserPage | None:
            page = (await (self.at(path) if mobile == AGENT else self.of(mobile, path))).page
            return page if look(page) else None

        return await self.stage.wait_until(accepted, path, 25)

    async def progress(self, draw: str, **expected: int | str) -> dict[str, str]:
        """The figures of a draw's page as soon as they are as expected."""
        wanted = {name: str(value) for name, value in expected.items()}
        page = await self.wait_until(lambda page: wanted.items() <= page.facts.items(), f"/agency/draws/{draw}/run")
        return page.facts

    async def times(self, draw: str) -> tuple[datetime, datetime]:
        """The expected start and end of the evaluation, as the agency's page prints them."""
        text, now = (await self.on(draw, "basic")).page.text, local(await self.stage.now())
        moments = re.findall(r"预计评标(?:开始|结束)时间 ?(\d+)月(\d+)日\(周.\) (\d+):(\d+)", text)
        start, end = (datetime(now.year, *map(int, numbers), tzinfo=SHANGHAI) for numbers in moments)  # type: ignore[misc,arg-type]
        return start, end

    async def panel(self, draw: str) -> list[str]:
        """The lines of the agency's result for those who agreed and are still counted on."""
        lines = (await self.on(draw, "result")).page.lines
        return [line.removeprefix("已同意 ") for line in lines if line.startswith("已同意 ")]

    async def codes(self, draw: str) -> set[str]:
        """Codes of the same experts."""
        return {line.split()[0].removeprefix("*") for line in await self.panel(draw)}

    async def record(self, draw: str) -> object:
        """The record linked from the agency's page, as the verifying program reads it."""
        browser = await self.on(draw, "result")
        if "公开核验" in browser.page.links:
            await browser.follow("公开核验")
        else:
            await browser.press("核对抽取记录")
        return read((await browser.download(browser.page.link("下载记录"))).decode())

    async def fix(self, draw: str) -> None:
        """Both parties take part in the draw of lots at their pages; the agency has begun it."""
        await self.agent.open_round(draw)
        receipts = await fix_order(self.agent, self.supervisor)
        assert len(set(receipts)) == 4
        assert "专家顺序已确定" in self.agent.page.text

    async def sms(self, mobile: str, *words: str) -> str:
        """The text of an SMS that holds all the words, as soon as it is there. Raises Missing."""

        def find(state: dict[str, Any]) -> str | None:
            return next((sms["text"] for sms in state["sms"] if all(word in sms["text"] for word in words)), None)

        return await self.phone(mobile).wait_for(find, "、".join(words))


async def identify(browser: WebBrowser, name: str) -> None:
    """Come in over the identity platform, page by page."""
    await browser.open(f"/h5/identity?pool={POOL}")
    assert browser.page.path == "/identity/authorize", browser.page.text
    await browser.press("搜索", q=name)
    [button] = [label for label in browser.page.buttons if label.startswith(name)]
    await browser.press(button)


def at(moment: datetime, **later: float) -> str:
    """A time after a moment, as the value of a datetime input."""
    return f"{local(moment + timedelta(**later)):%Y-%m-%dT%H:%M}"


def moment(text: str) -> datetime:
    """The moment in such a value."""
    return datetime.fromisoformat(text).replace(tzinfo=SHANGHAI)
