"""The demonstration's story: one draw of five experts, from the binding to the last exit."""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, time, timedelta
from pathlib import Path

from app.demo.experts import Expert, Group
from app.demo.forms import Times, condition_form, draw_form, notice_form, project_form
from app.demo.mini import MiniProgram, find_supervisor, fix_order
from app.demo.phones import Missing, bubbles
from app.demo.stage import Stage
from app.demo.transcript import Transcript
from app.demo.wire import Json
from app.demo_data import POOL, SPECIALTY
from app.demo_people import CAST, EXPERTS, OFFICES, STAFF
from domain.clock import local

NEEDED = 5
UNBOUND = 3
CENTRE = (23.147028, 113.336438)
"""Where the draw gathers, as WeChat tells it (GCJ-02)."""
"""How many of the experts never bound their WeChat."""
_NAMES = {
    "agency": "代理机构",
    "verifier": "核验人员",
    "supervisor": "监督人",
    "venue": "签到台",
    "legal": "代理机构法人",
    "admin": "管理员",
}
_BEGINS = time(9)
"""Of the next day, so that the story can be read as a day's work."""
_STEP = 20.0
"""Seconds by which the clock moves on while everybody waits for the next rung of the ladder."""
_PATIENCE = 60.0
"""Real seconds until a wait counts as failed."""


@dataclass
class Story:
    stage: Stage
    told: Transcript = field(init=False)
    group: Group = field(init=False)
    offices: dict[str, MiniProgram] = field(init=False)
    draw: str = ""
    times: Times = field(init=False)
    receipts: list[str] = field(default_factory=list)
    rows: list[Json] = field(default_factory=list)
    """The unsealed result."""

    def __init__(self, stage: Stage, tell: Callable[[str], None] = print) -> None:
        self.stage, self.receipts, self.rows = stage, [], []
        mobiles = {person.role: person.mobile for person in (*STAFF, *OFFICES)}
        phones = {person.mobile: stage.phone(person.mobile, POOL) for person in CAST}
        names = {mobiles[role]: name for role, name in _NAMES.items()}
        self.told = Transcript(stage, list(phones.values()), names, tell)
        experts = [Expert(phones[person.mobile], bound=at >= UNBOUND) for at, person in enumerate(EXPERTS)]
        self.group = Group(experts)
        roles = {"agency": "agent", "verifier": "verifier", "supervisor": "supervisor", "venue": "venue"}
        self.offices = {name: MiniProgram(stage.wire, phones[mobiles[name]], role) for name, role in roles.items()}

    @property
    def agency(self) -> MiniProgram:
        return self.offices["agency"]

    @property
    def desk(self) -> MiniProgram:
        return self.offices["venue"]

    async def play(self) -> None:
        """All of it. Raises Missing or Refused at the first thing that goes wrong."""
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
        self.told.heading("一、关注公众号，绑定身份")
        first, *others = [expert.phone for expert in self.group.experts if expert.bound]
        await first.follow()
        await first.bind()
        await self.told.show()
        for phone in (*others, self.agency.phone, self.offices["supervisor"].phone):
            await phone.follow()
            await phone.bind()
        await self.told.skip()
        self.told.tell(f"……另有{len(others)}位专家、代理机构和监督人也这样绑定；{UNBOUND}位专家没有绑定微信。")

    async def set_up(self) -> None:
        self.told.heading("二、建项目，设条件，提交核验")
        for person in self.offices.values():
            await person.open()
        agency = self.agency
        self.times = Times.after(await self.stage.now())
        pool = await agency.get("/pool")
        project = (await agency.post("/projects", project_form()))["id"]
        lot = (await agency.post(f"/projects/{project}/lots", {"name": "一标段", "investment": 100_0000_00}))["id"]
        await self.told.note("代理机构", "新建招标项目和一标段")
        supervisor = await find_supervisor(agency, next(person.name for person in STAFF if person.role == "supervisor"))
        form = draw_form(project, [lot], self.times, needed=NEEDED, supervisor=supervisor)
        self.draw = (await agency.post("/draws", form))["id"]
        venue = pool["choices"]["venues"][0]
        notice = await agency.post(
            f"/draws/{self.draw}/notices", notice_form(self.times, venue["name"], venue["address"])
        )
        wanted = condition_form(notice["id"], NEEDED, specialty=SPECIALTY)
        condition = (await agency.post(f"/draws/{self.draw}/conditions", wanted))["id"]
        seen = await agency.post(f"/draws/{self.draw}/conditions/{condition}/preview")
        await self.told.note("代理机构", f"新建抽取活动，抽取{NEEDED}人；预览可抽取人数：{seen['main']}")
        terminal = pool["choices"]["terminals"][0]
        await agency.post(f"/draws/{self.draw}/submission", {"terminal": terminal, "reason": "请核验"})
        await self.told.note("代理机构", f"提交{terminal}核验")
        verifier = self.offices["verifier"]
        [application] = (await verifier.get("/verification/applications"))["items"]
        await verifier.post(f"/verification/applications/{application['id']}/approval", {"opinion": "资料齐全"})
        await self.told.note("核验人员", "核验通过")
        await self._until(self._heard(agency, "核验"), "核验结果")

    async def fix_order(self) -> None:
        self.told.heading("三、三方摇号，固定抽取顺序")
        opened = await self.agency.post(f"/draws/{self.draw}/rounds")
        await self.told.note("代理机构", f"开始三方摇号，系统先公布自己随机数的摘要 {opened['commitment'][:16]}…")
        self.receipts += await fix_order(self.agency, self.offices["supervisor"], self.draw)
        fixed = (await self.agency.get(f"/draws/{self.draw}/rounds/current"))["round"]
        await self.told.note("监督人", f"双方手机各自提交、再公开随机数；摇号结果 {fixed['seed'][:16]}…")

    # ---- the draw

    async def call(self) -> None:
        self.told.heading("四、启动抽取，系统呼叫专家")
        await self.group.mark()
        await self.agency.post(f"/draws/{self.draw}/start")
        await self.told.note("代理机构", "启动抽取")
        await self._until_full()

    async def _until_full(self) -> None:
        """Let all called experts answer; when none has anything to do, move the clock."""
        quiet = 0
        for _ in range(200):
            progress = await self.agency.get(f"/draws/{self.draw}/progress")
            if progress["state"] == "completed":
                await self.told.show()
                self.told.tell(f"        抽取进度：呼叫{progress['called']}人，{progress['waiting']}")
                return
            if progress["state"] != "drawing":
                raise Missing(f"抽取没有完成，状态：{progress['state_label']}，参评人数不足")
            acted = await self.group.look()
            await self.told.show()
            quiet = 0 if acted else quiet + 1
            if quiet > 3:
                await self.stage.advance(_STEP)
                quiet = 0
            await asyncio.sleep(0.4)
        raise Missing("抽取迟迟没有完成，结果")

    async def lose_one(self) -> None:
        self.told.heading("五、一位专家请假，补抽一位")
        await self.stage.advance(1800)
        phone = self.group.with_manner("leaves").phone
        await phone.say("请假")
        await phone.say("家人住院，需要陪护")
        await phone.tap("确定请假")
        await self._until(self._heard(self.agency, "请假"), "请假通知")
        await self.group.mark()
        await self.agency.post(f"/draws/{self.draw}/supplement", {})
        await self.told.note("代理机构", "启动补抽，按原条件、原顺序继续")
        await self._until_full()

    # ---- the day

    async def remind(self) -> None:
        self.told.heading("六、集合前提醒")
        sealed = await self.agency.get(f"/draws/{self.draw}/result")
        codes = "、".join(row["mark"] + row["code"] for row in sealed["rows"] if row["state"] == "accepted")
        await self.told.note("代理机构", f"查看结果：尚未解密，只有验证码 {codes}")
        for lead in (timedelta(hours=2), timedelta(minutes=30)):
            await self.stage.advance_to(self.times.gathering - lead + timedelta(seconds=1))
            await self._until(self._everybody_reminded(self.times.gathering - lead), "集合提醒")

    async def check_in(self) -> None:
        self.told.heading("七、签到与催促")
        await self.stage.advance_to(self.times.gathering - timedelta(minutes=10))
        rows = (await self.desk.get(f"/draws/{self.draw}/attendance"))["items"]
        codes = await self.stage.codes()
        panel = [expert for expert in self.group.experts if codes.get(expert.phone.mobile) in {r["code"] for r in rows}]
        *early, late = sorted(panel, key=lambda expert: not expert.bound)
        for way, expert in zip((self._scan, self._scan_in_mini, self._by_position, self._by_desk), early, strict=True):
            await way(expert, codes[expert.phone.mobile])
        await self._urge(late, codes[late.phone.mobile])

    async def _scan(self, expert: Expert, code: str) -> None:
        """With WeChat's scanner; an expert without a bound WeChat shows the code at the desk."""
        if not expert.bound:
            return await self._by_desk(expert, code)
        token = (await self.desk.get(f"/draws/{self.draw}/attendance/qr"))["token"]
        await self.told.note("签到台", "展示签到二维码，几秒更换一次")
        await expert.phone.scan_scene(f"venue:{token}")
        await self.told.show()
        return None

    async def _scan_in_mini(self, expert: Expert, code: str) -> None:
        token = (await self.desk.get(f"/draws/{self.draw}/attendance/qr"))["token"]
        mini = MiniProgram(self.stage.wire, expert.phone, "expert")
        await mini.open()
        await mini.post("/check-ins", {"token": token})
        await self.told.note(f"专家 {code}", "用小程序扫描签到二维码，签到成功")

    async def _by_position(self, expert: Expert, code: str) -> None:
        if not expert.bound:
            return await self._by_desk(expert, code)
        await expert.phone.say("签到")
        await expert.phone.tap("发送位置签到")
        await expert.phone.send_location(*CENTRE)
        await self.told.show()
        return None

    async def _by_desk(self, expert: Expert, code: str) -> None:
        await self.desk.post(f"/draws/{self.draw}/attendance/entries", {"code": code})
        await self.told.note("签到台", f"按验证码 {code} 登记进场")

    async def _urge(self, late: Expert, code: str) -> None:
        await self.stage.advance_to(self.times.gathering + timedelta(minutes=2))
        await self._until(self._heard(self.agency, "未签到"), "未到提醒")
        rows = (await self.desk.get(f"/draws/{self.draw}/attendance"))["items"]
        [missing] = [row for row in rows if row["entered_at"] is None]
        await self.desk.post(f"/draws/{self.draw}/attendance/{missing['invitation_id']}/urgings")
        await self.told.note("签到台", f"专家 {code} 未到，发起语音催促")
        await late.phone.pick_up(await late.phone.ringing())
        await self.stage.advance(300)
        await self._by_desk(late, code)

    async def unseal(self) -> None:
        self.told.heading("八、评标前30分钟，结果解密")
        await self.stage.advance_to(self.times.starts - timedelta(minutes=30) + timedelta(seconds=1))
        await self._until(self._heard(self.agency, "解密，可查看"), "解密通知")
        self.rows = (await self.agency.get(f"/draws/{self.draw}/result"))["rows"]
        await self.told.note("代理机构", "查看并打印名单（每次查看留痕）")
        for row in self.rows:
            if row["state"] == "accepted":
                came = _clock(row["entered_at"])
                self.told.tell(f"        {row['mark']:1}{row['code']}  {row['name']}  {row['mobile']}  {came} 进场")

    async def leave_the_venue(self) -> None:
        self.told.heading("九、评标结束")
        await self.stage.advance_to(self.times.ends)
        for row in (await self.desk.get(f"/draws/{self.draw}/attendance"))["items"]:
            await self.desk.post(f"/draws/{self.draw}/attendance/exits", {"code": row["code"]})
        await self.told.note("签到台", f"登记{NEEDED}位专家离场，活动结束")

    # ---- afterwards

    async def save_record(self, path: Path) -> None:
        """The published record, as anybody may fetch it."""
        path.write_text(json.dumps(await self.agency.get(f"/draws/{self.draw}/record"), ensure_ascii=False))

    async def faults(self) -> list[str]:
        """What is not as it should be at the end, as sentences."""
        shown = await self.agency.get(f"/draws/{self.draw}")
        accepted = sum(condition["accepted"] for condition in shown["conditions"])
        found = []
        if accepted != NEEDED:
            found.append(f"参评人数为{accepted}，应为{NEEDED}。")
        if shown["state"] != "ended":
            found.append(f"活动状态为{shown['state_label']}，应为已结束。")
        came = [row for row in self.rows if row["state"] == "accepted" and row["entered_at"] and row["name"]]
        if len(came) != NEEDED:
            found.append(f"名单上进场{len(came)}人，应为{NEEDED}人。")
        return found

    async def summary(self) -> str:
        """What was sent, and what it cost."""
        rows = (await self.agency.get(f"/draws/{self.draw}/notice-ledger"))["items"]
        names = {"wechat": "微信", "sms": "短信", "voice": "电话", "mini": "小程序"}
        sums = {
            name: sum(row["attempts"] for row in rows if row["channel"] == channel and row["state"] != "failed")
            for channel, name in names.items()
        }
        told = "，".join(f"{name}{count}次" for name, count in sums.items() if count)
        cost = sum(row["cost"] for row in rows)
        progress = await self.agency.get(f"/draws/{self.draw}/progress")
        return (
            f"呼叫{progress['called']}人，参评{progress['accepted']}/{NEEDED}人，不参加{progress['declined']}人；"
            f"通知专家：{told}，费用{cost / 100:.2f}元。"
        )

    # ---- waiting

    def _heard(self, who: MiniProgram, word: str) -> Callable[[], Awaitable[bool]]:
        """Whether a message with ``word`` has come to any chat since now."""
        start: int | None = None

        async def look() -> bool:
            nonlocal start
            found = bubbles(await who.phone.read(), POOL)
            if start is None:
                start = max(len(found) - 3, 0)
            return any(word in bubble["title"] + bubble["text"] for bubble in found[start:])

        return look

    def _everybody_reminded(self, since: datetime) -> Callable[[], Awaitable[bool]]:
        async def look() -> bool:
            rows = (await self.desk.get(f"/draws/{self.draw}/attendance"))["items"]
            awaited = {row["code"] for row in rows}
            codes = await self.stage.codes()
            panel = [expert.phone for expert in self.group.experts if codes.get(expert.phone.mobile) in awaited]
            states = [await phone.read() for phone in panel]
            return len(states) == NEEDED and all(_got_word_since(state, since.timestamp()) for state in states)

        return look

    async def _until(self, look: Callable[[], Awaitable[bool]], what: str) -> None:
        """Tell what happens until ``look`` is content. Raises Missing."""
        loop = asyncio.get_running_loop()
        give_up = loop.time() + _PATIENCE
        while not await look():
            await self.told.show()
            if loop.time() > give_up:
                raise Missing(what)
            await asyncio.sleep(0.4)
        await self.told.show()


def _got_word_since(state: Json, at: float) -> bool:
    chat = bubbles(state, POOL)
    return any(sms["at"] >= at for sms in state["sms"]) or any(
        bubble["at"] >= at and bubble["side"] == "account" for bubble in chat
    )


def _clock(moment: str) -> str:
    return datetime.fromisoformat(moment).strftime("%H:%M")
