"""The people of the Guangdong journey, and the running system that they meet."""

from __future__ import annotations

import asyncio
import csv
import io
from collections.abc import Callable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from typing import Any
from urllib.parse import urlencode

from app.commands.database import deps_for
from app.demo.mini import MiniProgram
from app.demo.phones import Phone
from app.demo.stage import Stage
from app.demo_data import load_catalogues_of
from app.demo_people import check_sign
from config.settings import Settings
from domain.clock import local
from models.accounts import RoleGrant
from services.accounts import account_by_mobile
from services.core.base import system, transaction
from services.experts import COLUMNS, ExpertImport
from tests.drivers.pages import Browser, Visitor
from tests.factories.offices import make_supervisor

POOL = "guangdong"
TERMINAL = "广东省公共资源交易中心"
VENUE = "广东省公共资源交易中心"
ADDRESS = "广州市越秀区越华路118号"
AGENCY, AGENCY_CODE = "招标代理机构名称", "91440101MA5000001P"
TENDEREE, TENDEREE_CODE = "招标人法人名称", "91440101MA5000002T"
LEGAL, AGENT, OTHER_AGENT = "19900100001", "19900100002", "19900100003"
VERIFIER, SUPERVISOR, VENUE_DESK = "19900100004", "19900100005", "19900100006"
NATURAL, WEAK = "19900100007", "19900100008"
SUPERVISOR_NAME = "冯监督"
_OFFICES = {VERIFIER: "verifier", VENUE_DESK: "venue"}


@dataclass(frozen=True)
class Expert:
    """One line of the pool's sheet."""

    serial: int
    name: str
    region: str
    specialty: str
    employer: str = ""

    @property
    def mobile(self) -> str:
        return f"199001{1000 + self.serial:05}"

    @property
    def id_number(self) -> str:
        first = f"440106{1970 + self.serial % 20}0{1 + self.serial % 9}15{900 - self.serial:03}"
        return first + check_sign(first)


GUANGZHOU, SHENZHEN = "440106", "440305"
BUILDERS = tuple(Expert(n, f"测施工{n}", GUANGZHOU, "A080101") for n in range(1, 11))
BUILDERS_ELSEWHERE = tuple(Expert(n, f"测深圳{n}", SHENZHEN, "A080101") for n in range(11, 14))
PLANNERS = tuple(Expert(n, f"测规划{n}", GUANGZHOU, "A010101") for n in range(14, 18))
OF_TENDEREE = Expert(18, "测业主", GUANGZHOU, "A080101", TENDEREE)
OF_BIDDER = Expert(19, "测投标", GUANGZHOU, "A080101", "广东投标建设有限公司")
NAMED = Expert(20, "避开人", GUANGZHOU, "A080101")
EXPERTS = (*BUILDERS, *BUILDERS_ELSEWHERE, *PLANNERS, OF_TENDEREE, OF_BIDDER, NAMED)


async def prepare(settings: Settings) -> None:
    """What the pool's administration did before: catalogues, experts, verifier, venue, the register of supervisors."""
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
        }
        sheet.writerow({titles[name]: value for name, value in cells.items()})
    return text.getvalue().encode("utf-8-sig")


@dataclass
class Day:
    """The journey so far; each step leaves what the next one needs."""

    stage: Stage
    people: dict[str, MiniProgram] = field(default_factory=dict)
    browsers: list[Browser] = field(default_factory=list)
    agency: Visitor | None = None
    project: str = ""
    lots: list[str] = field(default_factory=list)
    draw: str = ""
    notice: str = ""
    conditions: list[str] = field(default_factory=list)
    second: str = ""
    """The second draw, of the other lot."""
    failed_before: int | None = None
    """How many tests of the session had failed when the journey began."""

    async def begin(self) -> None:
        """Tomorrow at nine, with a phone in everybody's hand."""
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
            {"name": "陈场地", "mobile": VENUE_DESK},
            {"name": "自然人", "mobile": NATURAL, "user_type": "person"},
            {"name": "低等级", "mobile": WEAK, "user_type": "legal", "level": 3, "organisation": organisation},
        ]
        for office in offices:
            await self.stage.wire.control("/phones", {"pool": POOL, "role": "agency", "follows": False, **office})
        bulk = [{**phone, "role": "expert", "follows": False} for phone in phones]
        await self.stage.wire.control("/phones/bulk", {"phones": bulk})

    def phone(self, mobile: str) -> Phone:
        return self.stage.phone(mobile, POOL)

    async def mini(self, mobile: str, role: str) -> MiniProgram:
        """The mini-program of a person acting as ``role``, logged in at first use."""
        key = f"{mobile}:{role}"
        if key not in self.people:
            self.people[key] = MiniProgram(self.stage.wire, self.phone(mobile), role)
            await self.people[key].open()
        return self.people[key]

    async def agent(self) -> MiniProgram:
        return await self.mini(AGENT, "agent")

    async def desk(self) -> MiniProgram:
        return await self.mini(VENUE_DESK, "venue")

    # ---- pages

    async def identify(self, name: str) -> Visitor:
        """A new browser in which a person comes in over the identity platform, page by page."""
        service_url = self.stage.wire.service_url
        self.browsers.append(Browser(service_url))
        visitor = Visitor(self.browsers[-1], {"Origin": service_url})
        await visitor.get(f"/h5/identity?pool={POOL}")
        assert visitor.path == "/identity/authorize", visitor.text
        await visitor.get(f"{visitor.response.url}&{urlencode({'q': name})}")
        [button] = [one for one in visitor.page.buttons if one.startswith(name)]
        return await visitor.press(button)

    def stranger(self) -> Visitor:
        """A new browser of a person whom no one knows."""
        self.browsers.append(Browser(self.stage.wire.service_url))
        return Visitor(self.browsers[-1])

    async def log_in(self, mobile: str) -> Visitor:
        """A new browser in which a person comes in by the code of an SMS."""
        service_url = self.stage.wire.service_url
        self.browsers.append(Browser(service_url))
        visitor = await Visitor(self.browsers[-1], {"Origin": service_url}).get("/h5/login")
        before = len((await self.phone(mobile).read())["sms"])
        await visitor.press("获取验证码", pool=POOL, mobile=mobile)
        return await visitor.press("登录", code=await self.phone(mobile).sms_code(after=before))

    async def set_level(self, mobile: str, level: int) -> None:
        """How well the identity platform knows a person from now on."""
        await self.stage.wire.control(f"/phones/{mobile}", {"level": level})

    @property
    def page(self) -> Visitor:
        """The agent's browser."""
        assert self.agency is not None
        return self.agency

    async def close(self) -> None:
        for browser in self.browsers:
            await browser.close()

    # ---- experts

    async def ringing(self, count: int) -> list[Expert]:
        """Experts whose phone rings, as soon as exactly ``count`` of them do."""
        loop = asyncio.get_running_loop()
        give_up = loop.time() + 20
        while True:
            found = [expert for expert in EXPERTS if await self._call(expert)]
            if len(found) == count:
                return found
            assert loop.time() < give_up, f"{len(found)} phones ring, expected {count}: {found}"
            await asyncio.sleep(0.2)

    async def decline_all(self, draw: str) -> None:
        """Everybody whom the draw still calls says no, until no one is left."""
        agent, loop = await self.agent(), asyncio.get_running_loop()
        give_up = loop.time() + 60
        while (await agent.get(f"/draws/{draw}/progress"))["state"] == "drawing":
            assert loop.time() < give_up, "the draw calls without end"
            for expert in EXPERTS:
                if await self._call(expert):
                    await self.press(expert, "22")
            await asyncio.sleep(0.2)

    async def _call(self, expert: Expert) -> dict[str, Any] | None:
        state = await self.phone(expert.mobile).read()
        return next((call for call in state["calls"] if call["state"] == "ringing"), None)

    async def press(self, expert: Expert, keys: str) -> str:
        """Answer the ringing phone and press keys; returns what the voice said."""
        phone = self.phone(expert.mobile)
        call = await phone.ringing(1)
        await phone.pick_up(call, keys)
        said = next(one for one in (await phone.read())["calls"] if one["id"] == call["id"])["spoken"]
        return "".join(said)

    # ---- waiting

    async def until(self, look: Callable[[dict[str, Any]], bool], path: str, who: MiniProgram) -> dict[str, Any]:
        """What the API says at ``path``, as soon as ``look`` is content with it."""
        loop = asyncio.get_running_loop()
        give_up = loop.time() + 25
        while True:
            said = await who.get(path)
            if look(said):
                return said
            assert loop.time() < give_up, said
            await asyncio.sleep(0.2)

    async def progress(self, draw: str, **expected: object) -> dict[str, Any]:
        """A draw's progress as soon as it is as expected."""
        wanted = expected.items()
        return await self.until(
            lambda said: all(said[name] == value for name, value in wanted),
            f"/draws/{draw}/progress",
            await self.agent(),
        )


def at(moment: datetime, **later: float) -> str:
    """Whole minutes after a moment, as the API wants it."""
    return local(moment + timedelta(**later)).replace(second=0, microsecond=0).isoformat()
