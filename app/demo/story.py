"""The story of one draw of five experts, from binding WeChat accounts to the last exit."""

from __future__ import annotations

import asyncio
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from pathlib import Path

from app.demo.data import POOL, SPECIALTY
from app.demo.stage import DemoStage
from app.demo.transcript import Transcript
from app.players.browser import BrowserPage, WebBrowser, log_in
from app.players.experts import DrawnExpert, DrawnExperts
from app.players.forms import DRAW, EvaluationTimes, condition_form, draw_form, notice_form, project_form, typed
from app.players.http_client import Json
from app.players.mini_program import MiniProgram
from app.players.parties import fix_order
from app.players.people import CAST, EXPERTS, OFFICES, STAFF
from app.players.phones import NotArrived, Phone, bubbles
from domain.clock import local
from domain.draws.lifecycles import DrawState, InvitationState
from domain.notifications.lifecycles import ContactAttemptState

NEEDED = 5
UNBOUND = 3
"""Number of experts who never bind their WeChat account."""
VENUE, ADDRESS = "演示省公共资源交易中心", "广州市天河区天润路333号"
CENTRE = (23.147028, 113.336438)
"""Position of the venue, as WeChat sends it (GCJ-02)."""
_NAMES = {
    "agency": "代理机构",
    "verifier": "核验人员",
    "supervisor": "监督人",
    "venue": "签到台",
    "legal": "代理机构法人",
    "admin": "管理员",
}
_BEGINS = time(9)
"""Time of day of the next day's start, so that the story reads as one working day."""
_STEP = 20.0
"""Seconds by which the clock advances while nothing but the next step of the ladder is awaited."""
_TIMEOUT = 60.0
"""Real seconds until a wait counts as failed."""
_CODE = re.compile(r"\d{6}\b")
_NUMBER = re.compile(r"CQSQ\d{12}")
_DELIVERIES = re.compile(r"<tr><th[^>]*>(.*?)</th><td>(.*?)</td>\s*<td>(.*?)</td><td>(\d+)</td>")


@dataclass
class Office:
    """A member of an office: the phone, and a computer with our pages."""

    phone: Phone
    browser: WebBrowser


@dataclass
class Story:
    stage: DemoStage
    transcript: Transcript = field(init=False)
    group: DrawnExperts = field(init=False)
    offices: dict[str, Office] = field(init=False)
    draw: str = ""
    """The draw's id, from the addresses of pages."""
    number: str = ""
    times: EvaluationTimes = field(init=False)
    receipts: list[str] = field(default_factory=list)
    panel: list[str] = field(default_factory=list)
    """The unsealed result: a line of the agency's page for each participating expert."""

    def __init__(self, stage: DemoStage, report: Callable[[str], None] = print) -> None:
        self.stage, self.receipts, self.panel = stage, [], []
        mobiles = {person.role: person.mobile for person in (*STAFF, *OFFICES)}
        phones = {person.mobile: stage.phone(person.mobile, POOL) for person in CAST}
        names = {mobiles[role]: name for role, name in _NAMES.items()}
        self.transcript = Transcript(stage, list(phones.values()), names, report)
        experts = [DrawnExpert(phones[person.mobile], bound=at >= UNBOUND) for at, person in enumerate(EXPERTS)]
        self.group = DrawnExperts(experts)
        self.offices = {
            person.role: Office(phones[person.mobile], WebBrowser(stage.http_client, stage.http_client.service_url))
            for person in STAFF
        }

    @property
    def agency(self) -> WebBrowser:
        return self.offices["agency"].browser

    @property
    def venue(self) -> WebBrowser:
        return self.offices["venue"].browser

    async def play(self) -> None:
        """Play the whole story. Raises NotArrived or Refused at the first failure."""
        today = local(await self.stage.now())
        await self.stage.advance_to(datetime.combine(today.date() + timedelta(days=1), _BEGINS, today.tzinfo))
        await self.bind()
        await self.set_up()
        await self.fix_order()
        await self.call()
        await self.lose_one()
        await self.remind()
        await self.check_in()
        await self.unseal()
        await self.leave_the_venue()

    # ---- before the draw

    async def bind(self) -> None:
        self.transcript.heading("一、关注公众号，绑定身份")
        first, *others = [expert.phone for expert in self.group.experts if expert.bound]
        await first.follow()
        await first.bind()
        await self.transcript.show()
        for phone in (*others, self.offices["agency"].phone, self.offices["supervisor"].phone):
            await phone.follow()
            await phone.bind()
        await self.transcript.skip()
        self.transcript.report(f"……另有{len(others)}位专家、代理机构和监督人也这样绑定；{UNBOUND}位专家没有绑定微信。")

    async def set_up(self) -> None:
        self.transcript.heading("二、建项目，设条件，提交核验")
        await self.stage.advance(65)  # one code a minute per number
        for role, person in self.offices.items():
            await log_in(person.browser, person.phone, "/agency" if role == "agency" else "/desk")
        await self.transcript.skip()
        self.transcript.report("代理机构、核验人员、监督人和签到台用短信验证码登录网页。")
        self.times = EvaluationTimes.after(await self.stage.now())
        await self._begin_draw()
        await self._set_conditions()
        await self._ask(self.agency, "下一步：提交审核", "提交审核", "等待交易中心核验", reason="请核验")
        await self.transcript.note("代理机构", "提交核验")
        await self._approve()
        await self._until(self._notified("agency", "核验"), "核验结果")

    async def _ask(self, browser: WebBrowser, link: str, button: str, outcome: str, **form: str) -> BrowserPage:
        """Open a page by its link, fill its form in, press the button. Raises NotArrived if the page doesn't show the
        outcome."""
        await browser.follow(link)
        return await _press(browser, button, outcome, **form)

    async def _begin_draw(self) -> None:
        agency = self.agency
        await agency.open("/agency/projects/new")
        await _press(agency, "保存", "项目已保存", **typed(project_form()))
        await _press(agency, "创建", "一标段", name="一标段", investment="100")
        await self.transcript.note("代理机构", "新建招标项目和一标段")
        await agency.follow("新建抽取")
        supervisor = next(person.name for person in STAFF if person.role == "supervisor")
        ticked = agency.page.form_of("保存，下一步").ticked("一标段", supervisor)
        form = draw_form("", [], self.times, needed=NEEDED, supervisor="")
        await _press(agency, "保存，下一步", "回避", **typed(form), **ticked)
        self.draw = agency.page.path.split("/")[3]
        [self.number] = _NUMBER.findall(agency.page.text)

    async def _set_conditions(self) -> None:
        agency = self.agency
        await agency.follow("下一步：抽取条件")
        notice = typed(notice_form(self.times, VENUE, ADDRESS))
        await self._ask(agency, "新增语音通知", "保存", "语音通知已保存", **notice)
        wanted = typed(condition_form("", NEEDED, specialty=SPECIALTY))
        del wanted["notice_id"]  # the page has preselected the only one
        await self._ask(agency, "创建抽取条件", "保存", "抽取条件已保存", **wanted)
        seen = await _press(agency, "预览人数", "还可预览")
        [found] = re.findall(r"主专业(\S*?人)", seen.text)
        await self.transcript.note("代理机构", f"新建抽取活动，抽取{NEEDED}人；预览可抽取人数：{found}")

    async def _approve(self) -> None:
        verifier = self.offices["verifier"].browser
        await verifier.open("/desk/applications")
        await self._ask(verifier, DRAW, "通过", "已通过核验", opinion="资料齐全")
        await self.transcript.note("核验人员", "核验通过")

    async def fix_order(self) -> None:
        self.transcript.heading("三、三方摇号，固定抽取顺序")
        await self._run_page()
        await _press(self.agency, "开始三方摇号", "三方摇号")
        await self.transcript.note("代理机构", "开始三方摇号，系统先锁定自己的随机数")
        self.receipts += await fix_order(self.agency, self.offices["supervisor"].browser)
        result = self.agency.page.facts["roll-seed"]
        await self.transcript.note("监督人", f"双方网页各自提交、再公开随机数；摇号结果 {result}…")

    async def _run_page(self) -> BrowserPage:
        """The agency's page of the running draw."""
        return await self.agency.open(f"/agency/draws/{self.draw}/run")

    # ---- the draw

    async def start(self) -> None:
        await _press(self.agency, "启动抽取", "抽取已启动")

    async def call(self) -> None:
        self.transcript.heading("四、启动抽取，系统呼叫专家")
        await self.group.mark()
        await self.start()
        await self.transcript.note("代理机构", "启动抽取")
        await self._until_full()

    async def _until_full(self) -> None:
        """Let all called experts answer; when none has anything to do, move the clock."""
        quiet = 0
        for _ in range(200):
            facts = (await self._run_page()).facts
            if facts["label"] == DrawState.COMPLETED.label:
                await self.transcript.show()
                self.transcript.report(f"        抽取进度：呼叫{facts['called']}人，{facts['waiting']}")
                return
            if facts["label"] != DrawState.DRAWING.label:
                raise NotArrived(f"抽取没有完成，状态：{facts['label']}，参评人数不足")
            acted = await self.group.look()
            await self.transcript.show()
            quiet = 0 if acted else quiet + 1
            if quiet > 3:
                await self.stage.advance(_STEP)
                quiet = 0
            await asyncio.sleep(0.4)
        raise NotArrived("抽取迟迟没有完成，结果")

    async def lose_one(self) -> None:
        self.transcript.heading("五、一位专家请假，补抽一位")
        await self.stage.advance(1800)
        phone = self.group.with_manner("leaves").phone
        await phone.say("请假")
        await phone.say("家人住院，需要陪护")
        await phone.tap("确定请假")
        await self._until(self._notified("agency", "请假"), "请假通知")
        await self.group.mark()
        await self._run_page()
        await _press(self.agency, "启动补抽", "补抽已启动")
        await self.transcript.note("代理机构", "启动补抽，按原条件、原顺序继续")
        await self._until_full()

    # ---- the day

    async def remind(self) -> None:
        self.transcript.heading("六、集合前提醒")
        codes = re.findall(r"已同意 (\S+)", (await self._result()).text)
        await self.transcript.note("代理机构", f"查看结果：尚未解密，只有验证码 {'、'.join(codes)}")
        for lead in (timedelta(hours=2), timedelta(minutes=30)):
            await self.stage.advance_to(self.times.gathering - lead + timedelta(seconds=1))
            await self._until(self._everybody_reminded(self.times.gathering - lead), "集合提醒")

    async def _result(self) -> BrowserPage:
        """The result as the agency reads it."""
        return await self.agency.open(f"/agency/draws/{self.draw}/result")

    async def _awaited(self) -> list[str]:
        """Codes of the experts that the venue awaits."""
        page = await self.venue.open(f"/desk/{self.draw}/attendance")
        return [line.split()[0] for line in page.lines if _CODE.match(line)]

    async def check_in(self) -> None:
        self.transcript.heading("七、签到与催促")
        await self.stage.advance_to(self.times.gathering - timedelta(minutes=10))
        awaited, codes = await self._awaited(), await self.stage.codes()
        panel = [expert for expert in self.group.experts if codes.get(expert.phone.mobile) in awaited]
        *early, late = sorted(panel, key=lambda expert: not expert.bound)
        for way, expert in zip((self._scan, self._scan_in_mini, self._by_position, self._by_code), early, strict=True):
            await way(expert, codes[expert.phone.mobile])
        await self._urge(late, codes[late.phone.mobile])

    async def _venue_code(self) -> str:
        """The content of the QR code on the venue's screen: the address of the check-in, renewed every few seconds."""
        screen = await self.venue.open(f"/desk/{self.draw}/screen")
        [address] = re.findall(r'data-qr="([^"]+)"', screen.html)
        return str(address)

    async def _scan(self, expert: DrawnExpert, code: str) -> None:
        """With WeChat's scanner; an expert without a bound WeChat shows the code to the venue's staff."""
        if not expert.bound:
            return await self._by_code(expert, code)
        address = await self._venue_code()
        await self.transcript.note("签到台", "大屏展示签到二维码，几秒更换一次")
        wechat = WebBrowser(
            self.stage.http_client, f"{self.stage.http_client.sandbox_url}/phone/{expert.phone.mobile}/service"
        )
        await wechat.open(address)
        await _press(wechat, "签到", "签到成功")
        await self.transcript.note(f"专家 {code}", "用微信扫描大屏二维码，签到成功")
        return None

    async def _scan_in_mini(self, expert: DrawnExpert, code: str) -> None:
        token = (await self._venue_code()).rpartition("/")[2]
        mini = MiniProgram(self.stage.http_client, expert.phone, "expert")
        await mini.open()
        await mini.post("/check-ins", {"token": token})
        await self.transcript.note(f"专家 {code}", "用小程序扫描签到二维码，签到成功")

    async def _by_position(self, expert: DrawnExpert, code: str) -> None:
        if not expert.bound:
            return await self._by_code(expert, code)
        await expert.phone.say("签到")
        await expert.phone.tap("发送位置签到")
        await expert.phone.send_location(*CENTRE)
        await self.transcript.show()
        return None

    async def _by_code(self, expert: DrawnExpert, code: str) -> None:
        await self._awaited()
        await _press(self.venue, "进场", code, code=code)
        await self.transcript.note("签到台", f"按验证码 {code} 登记进场")

    async def _urge(self, late: DrawnExpert, code: str) -> None:
        await self.stage.advance_to(self.times.gathering + timedelta(minutes=2))
        await self._until(self._notified("agency", "未签到"), "未到提醒")
        await self._awaited()
        await _press(self.venue, f"语音催促{code}", "催1次")
        await self.transcript.note("签到台", f"专家 {code} 未到，发起语音催促")
        await late.phone.pick_up(await late.phone.ringing())
        await self.stage.advance(300)
        await self._by_code(late, code)

    async def unseal(self) -> None:
        self.transcript.heading("八、评标前30分钟，结果解密")
        await self.stage.advance_to(self.times.starts - timedelta(minutes=30) + timedelta(seconds=1))
        await self._until(self._notified("agency", "解密，可查看"), "解密通知")
        self.panel = [line for line in (await self._result()).lines if line.startswith(InvitationState.ACCEPTED.label)]
        await self.transcript.note("代理机构", "查看并打印名单（每次查看留痕）")
        for line in self.panel:
            self.transcript.report(f"        {line}")

    async def leave_the_venue(self) -> None:
        self.transcript.heading("九、评标结束")
        await self.stage.advance_to(self.times.ends)
        for code in await self._awaited():
            await _press(self.venue, "离场", "离场", code=code)
        await self.transcript.note("签到台", f"登记{NEEDED}位专家离场，活动结束")

    # ---- after the draw

    async def save_record(self, path: Path) -> None:
        """Save the published record, found by the draw's number on the public page."""
        stranger = WebBrowser(self.stage.http_client, self.stage.http_client.service_url)
        await stranger.open(f"/record?number={self.number}")
        path.write_bytes(await stranger.download(stranger.page.link("下载记录")))

    async def faults(self) -> list[str]:
        """Deviations from the expected end, as sentences."""
        facts = (await self._run_page()).facts
        found = []
        if facts["accepted"] != str(NEEDED):
            found.append(f"参评人数为{facts['accepted']}，应为{NEEDED}。")
        if facts["label"] != DrawState.ENDED.label:
            found.append(f"活动状态为{facts['label']}，应为已结束。")
        came = [line for line in self.panel if "进场" in line]
        if len(came) != NEEDED:
            found.append(f"名单上进场{len(came)}人，应为{NEEDED}人。")
        return found

    async def summary(self) -> str:
        """Delivery statistics as the supervisor reads them, and the called experts."""
        log = await self.offices["supervisor"].browser.open(f"/desk/{self.draw}/log")
        sums = dict.fromkeys(("微信", "短信", "语音", "小程序"), 0)
        for _, channel, state, count in _DELIVERIES.findall(log.html):
            sums[channel] += int(count) if state != ContactAttemptState.FAILED.label else 0
        sent = "，".join(f"{name}{count}次" for name, count in sums.items() if count)
        facts = (await self._run_page()).facts
        counts = f"呼叫{facts['called']}人，参评{facts['accepted']}/{NEEDED}人，不参加{facts['declined']}人"
        return f"{counts}；通知专家：{sent}。"

    # ---- waiting

    def _notified(self, role: str, word: str) -> Callable[[], Awaitable[bool]]:
        """Whether a message with ``word`` has arrived in the chat of that role since now."""
        start: int | None = None
        phone = self.offices[role].phone

        async def look() -> bool:
            nonlocal start
            found = bubbles(await phone.read(), POOL)
            if start is None:
                start = max(len(found) - 3, 0)
            return any(word in bubble["title"] + bubble["text"] for bubble in found[start:])

        return look

    def _everybody_reminded(self, since: datetime) -> Callable[[], Awaitable[bool]]:
        async def look() -> bool:
            awaited = await self._awaited()
            codes = await self.stage.codes()
            panel = [expert.phone for expert in self.group.experts if codes.get(expert.phone.mobile) in awaited]
            states = [await phone.read() for phone in panel]
            return len(states) == NEEDED and all(_got_word_since(state, since.timestamp()) for state in states)

        return look

    async def _until(self, look: Callable[[], Awaitable[bool]], what: str) -> None:
        """Print events until ``look`` returns true. Raises NotArrived."""
        loop = asyncio.get_running_loop()
        give_up = loop.time() + _TIMEOUT
        while not await look():
            await self.transcript.show()
            if loop.time() > give_up:
                raise NotArrived(what)
            await asyncio.sleep(0.4)
        await self.transcript.show()


def _got_word_since(state: Json, at: float) -> bool:
    chat = bubbles(state, POOL)
    return any(sms["at"] >= at for sms in state["sms"]) or any(
        bubble["at"] >= at and bubble["side"] == "account" for bubble in chat
    )


async def _press(browser: WebBrowser, button: str, outcome: str, **form: str) -> BrowserPage:
    """Raises NotArrived if the next page doesn't show the outcome."""
    page = await browser.press(button, **form)
    if page.status != 200 or outcome not in page.text:
        raise NotArrived(f"点“{button}”之后的“{outcome}”（{page.status}：{page.text[:300]}）")
    return page
