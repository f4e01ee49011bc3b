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
from app.players.agency import Agency
from app.players.browser import WebBrowser
from app.players.experts import DrawnExpert, DrawnExperts
from app.players.forms import DRAW, EvaluationTimes
from app.players.http_client import Json
from app.players.mini_program import MiniProgram
from app.players.page_player import PagePlayer
from app.players.parties import fix_order
from app.players.people import CAST, EXPERTS, OFFICES, STAFF
from app.players.phones import NotArrived, bubbles
from app.players.supervisor import DrawSupervisor
from app.players.venue import VenueStaff
from app.players.verifier import Verifier
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
_DELIVERIES = re.compile(r"<tr><th[^>]*>(.*?)</th><td>(.*?)</td>\s*<td>(.*?)</td><td>(\d+)</td>")


@dataclass
class Story:
    stage: DemoStage
    transcript: Transcript = field(init=False)
    group: DrawnExperts = field(init=False)
    agency: Agency = field(init=False)
    verifier: Verifier = field(init=False)
    supervisor: DrawSupervisor = field(init=False)
    venue: VenueStaff = field(init=False)
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
        self.agency = Agency.with_phone(phones[mobiles["agency"]])
        self.verifier = Verifier.with_phone(phones[mobiles["verifier"]])
        self.supervisor = DrawSupervisor.with_phone(phones[mobiles["supervisor"]])
        self.venue = VenueStaff.with_phone(phones[mobiles["venue"]])
        names = {mobiles[role]: name for role, name in _NAMES.items()}
        self.transcript = Transcript(stage, list(phones.values()), names, report)
        experts = [DrawnExpert(phones[person.mobile], bound=at >= UNBOUND) for at, person in enumerate(EXPERTS)]
        self.group = DrawnExperts(experts)

    async def play(self) -> None:
        """Play the whole story. Raises NotArrived or Refused at the first failure."""
        today = local(await self.stage.now())
        await self.stage.advance_to(datetime.combine(today.date() + timedelta(days=1), _BEGINS, today.tzinfo))
        await self.bind()
        await self.set_up()
        await self.fix_order()
        await self.call()
        await self.replace_expert_on_leave()
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
        for phone in (*others, self.agency.phone, self.supervisor.phone):
            await phone.follow()
            await phone.bind()
        await self.transcript.skip()
        self.transcript.report(f"……另有{len(others)}位专家、代理机构和监督人也这样绑定；{UNBOUND}位专家没有绑定微信。")

    async def set_up(self) -> None:
        self.transcript.heading("二、建项目，设条件，提交核验")
        await self.stage.advance(65)  # one code a minute per number
        for player in (self.agency, self.verifier, self.supervisor, self.venue):
            await player.log_in()
        await self.transcript.skip()
        self.transcript.report("代理机构、核验人员、监督人和签到台用短信验证码登录网页。")
        self.times = EvaluationTimes.after(await self.stage.now())
        await self._begin_draw()
        await self._set_conditions()
        await self.agency.submit(self.draw)
        await self.transcript.note("代理机构", "提交核验")
        await self._approve()
        await self._wait_until(self._message_arrived(self.agency, "核验"), "核验结果")

    async def _begin_draw(self) -> None:
        project = await self.agency.create_project()
        await self.agency.add_lot("一标段")
        await self.transcript.note("代理机构", "新建招标项目和一标段")
        name = next(person.name for person in STAFF if person.role == "supervisor")
        self.draw = await self.agency.begin_draw(project, self.times, NEEDED, name, ticks=["一标段"])
        self.number = self.agency.read_number()

    async def _set_conditions(self) -> None:
        await self.agency.add_notice(self.draw, self.times, VENUE, ADDRESS)
        await self.agency.add_condition(self.draw, NEEDED, specialty=SPECIALTY)
        count = await self.agency.count_candidates(self.draw)
        await self.transcript.note("代理机构", f"新建抽取活动，抽取{NEEDED}人；预览可抽取人数：{count}")

    async def _approve(self) -> None:
        await self.verifier.open_application(DRAW)
        await self.verifier.approve("资料齐全")
        await self.transcript.note("核验人员", "核验通过")

    async def fix_order(self) -> None:
        self.transcript.heading("三、三方摇号，固定抽取顺序")
        await self.agency.open_round(self.draw)
        await self.transcript.note("代理机构", "开始三方摇号，系统先锁定自己的随机数")
        self.receipts += await fix_order(self.agency, self.supervisor)
        result = self.agency.page.facts["roll-seed"]
        await self.transcript.note("监督人", f"双方网页各自提交、再公开随机数；摇号结果 {result}…")

    # ---- the draw

    async def start(self) -> None:
        await self.agency.start(self.draw)

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
            facts = await self.agency.read_progress(self.draw)
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

    async def replace_expert_on_leave(self) -> None:
        self.transcript.heading("五、一位专家请假，补抽一位")
        await self.stage.advance(1800)
        phone = self.group.with_manner("leaves").phone
        await phone.say("请假")
        await phone.say("家人住院，需要陪护")
        await phone.tap("确定请假")
        await self._wait_until(self._message_arrived(self.agency, "请假"), "请假通知")
        await self.group.mark()
        await self.agency.supplement(self.draw)
        await self.transcript.note("代理机构", "启动补抽，按原条件、原顺序继续")
        await self._until_full()

    # ---- the day

    async def remind(self) -> None:
        self.transcript.heading("六、集合前提醒")
        codes = re.findall(r"已同意 (\S+)", (await self.agency.read_result(self.draw)).text)
        await self.transcript.note("代理机构", f"查看结果：尚未解密，只有验证码 {'、'.join(codes)}")
        for lead in (timedelta(hours=2), timedelta(minutes=30)):
            await self.stage.advance_to(self.times.gathering - lead + timedelta(seconds=1))
            await self._wait_until(self._panel_was_reminded(self.times.gathering - lead), "集合提醒")

    async def check_in(self) -> None:
        self.transcript.heading("七、签到与催促")
        await self.stage.advance_to(self.times.gathering - timedelta(minutes=10))
        awaited, codes = await self.venue.list_awaited(self.draw), await self.stage.codes()
        panel = [expert for expert in self.group.experts if codes.get(expert.phone.mobile) in awaited]
        *early, late = sorted(panel, key=lambda expert: not expert.bound)
        for way, expert in zip(
            (self._scan, self._scan_in_mini, self._check_in_by_position, self._check_in_by_code), early, strict=True
        ):
            await way(expert, codes[expert.phone.mobile])
        await self._urge(late, codes[late.phone.mobile])

    async def _scan(self, expert: DrawnExpert, code: str) -> None:
        """With WeChat's scanner; an expert without a bound WeChat shows the code to the venue's staff."""
        if not expert.bound:
            return await self._check_in_by_code(expert, code)
        address = await self.venue.show_code(self.draw)
        await self.transcript.note("签到台", "大屏展示签到二维码，几秒更换一次")
        await expert.scan(address)
        await self.transcript.note(f"专家 {code}", "用微信扫描大屏二维码，签到成功")
        return None

    async def _scan_in_mini(self, expert: DrawnExpert, code: str) -> None:
        token = (await self.venue.show_code(self.draw)).rpartition("/")[2]
        mini = MiniProgram(self.stage.http_client, expert.phone, "expert")
        await mini.open()
        await mini.post("/check-ins", {"token": token})
        await self.transcript.note(f"专家 {code}", "用小程序扫描签到二维码，签到成功")

    async def _check_in_by_position(self, expert: DrawnExpert, code: str) -> None:
        if not expert.bound:
            return await self._check_in_by_code(expert, code)
        await expert.phone.say("签到")
        await expert.phone.tap("发送位置签到")
        await expert.phone.send_location(*CENTRE)
        await self.transcript.show()
        return None

    async def _check_in_by_code(self, expert: DrawnExpert, code: str) -> None:
        await self.venue.register_entry(self.draw, code)
        await self.transcript.note("签到台", f"按验证码 {code} 登记进场")

    async def _urge(self, late: DrawnExpert, code: str) -> None:
        await self.stage.advance_to(self.times.gathering + timedelta(minutes=2))
        await self._wait_until(self._message_arrived(self.agency, "未签到"), "未到提醒")
        await self.venue.urge(self.draw, code)
        await self.transcript.note("签到台", f"专家 {code} 未到，发起语音催促")
        await late.phone.pick_up(await late.phone.ringing())
        await self.stage.advance(300)
        await self._check_in_by_code(late, code)

    async def unseal(self) -> None:
        self.transcript.heading("八、评标前30分钟，结果解密")
        await self.stage.advance_to(self.times.starts - timedelta(minutes=30) + timedelta(seconds=1))
        await self._wait_until(self._message_arrived(self.agency, "解密，可查看"), "解密通知")
        self.panel = [
            line
            for line in (await self.agency.read_result(self.draw)).lines
            if line.startswith(InvitationState.ACCEPTED.label)
        ]
        await self.transcript.note("代理机构", "查看并打印名单（每次查看留痕）")
        for line in self.panel:
            self.transcript.report(f"        {line}")

    async def leave_the_venue(self) -> None:
        self.transcript.heading("九、评标结束")
        await self.stage.advance_to(self.times.ends)
        for code in await self.venue.list_awaited(self.draw):
            await self.venue.register_exit(self.draw, code)
        await self.transcript.note("签到台", f"登记{NEEDED}位专家离场，活动结束")

    # ---- after the draw

    async def save_record(self, path: Path) -> None:
        """Save the published record, found by the draw's number on the public page."""
        stranger = WebBrowser(self.stage.http_client, self.stage.http_client.service_url)
        await stranger.open(f"/record?number={self.number}")
        path.write_bytes(await stranger.download(stranger.page.link("下载记录")))

    async def faults(self) -> list[str]:
        """Deviations from the expected end, as sentences."""
        facts = await self.agency.read_progress(self.draw)
        deviations = []
        if facts["accepted"] != str(NEEDED):
            deviations.append(f"参评人数为{facts['accepted']}，应为{NEEDED}。")
        if facts["label"] != DrawState.ENDED.label:
            deviations.append(f"活动状态为{facts['label']}，应为已结束。")
        came = [line for line in self.panel if "进场" in line]
        if len(came) != NEEDED:
            deviations.append(f"名单上进场{len(came)}人，应为{NEEDED}人。")
        return deviations

    async def summary(self) -> str:
        """Delivery statistics as the supervisor reads them, and the called experts."""
        log = await self.supervisor.read_log(self.draw)
        sums = dict.fromkeys(("微信", "短信", "语音", "小程序"), 0)
        for _, channel, state, count in _DELIVERIES.findall(log.html):
            sums[channel] += int(count) if state != ContactAttemptState.FAILED.label else 0
        sent = "，".join(f"{name}{count}次" for name, count in sums.items() if count)
        facts = await self.agency.read_progress(self.draw)
        counts = f"呼叫{facts['called']}人，参评{facts['accepted']}/{NEEDED}人，不参加{facts['declined']}人"
        return f"{counts}；通知专家：{sent}。"

    # ---- waiting

    def _message_arrived(self, player: PagePlayer, word: str) -> Callable[[], Awaitable[bool]]:
        """Whether a message with ``word`` has arrived in the chat of that player since now."""
        start: int | None = None

        async def look() -> bool:
            nonlocal start
            chat = bubbles(await player.phone.read(), POOL)
            if start is None:
                start = max(len(chat) - 3, 0)
            return any(word in bubble["title"] + bubble["text"] for bubble in chat[start:])

        return look

    def _panel_was_reminded(self, since: datetime) -> Callable[[], Awaitable[bool]]:
        async def look() -> bool:
            awaited = await self.venue.list_awaited(self.draw)
            codes = await self.stage.codes()
            panel = [expert.phone for expert in self.group.experts if codes.get(expert.phone.mobile) in awaited]
            states = [await phone.read() for phone in panel]
            return len(states) == NEEDED and all(_has_message_since(state, since.timestamp()) for state in states)

        return look

    async def _wait_until(self, look: Callable[[], Awaitable[bool]], what: str) -> None:
        """Print events until ``look`` returns true. Raises NotArrived."""
        loop = asyncio.get_running_loop()
        give_up = loop.time() + _TIMEOUT
        while not await look():
            await self.transcript.show()
            if loop.time() > give_up:
                raise NotArrived(what)
            await asyncio.sleep(0.4)
        await self.transcript.show()


def _has_message_since(state: Json, at: float) -> bool:
    chat = bubbles(state, POOL)
    return any(sms["at"] >= at for sms in state["sms"]) or any(
        bubble["at"] >= at and bubble["side"] == "account" for bubble in chat
    )
