"""A log of events on all phones: when, who, channel, text. Experts are named by code only."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from datetime import UTC, datetime

from app.demo.stage import DemoStage
from app.players.http_client import Json
from app.players.phones import Phone
from domain.clock import local

_MOBILE = re.compile(r"(?<!\d)(1\d{2})\d{4}(\d{4})(?!\d)")
_ADDRESS = re.compile(r"http://127\.0\.0\.1:\d+")
_SIDES = {"account": "◀ 微信", "me": "▶ 微信", "system": "· 微信"}
_ENDS = {"200003": "无人接听", "200005": "拒接", "200008": "没有按键", "200002": "占线", "200010": "关机"}


@dataclass(frozen=True)
class TranscriptLine:
    at: float
    who: str
    how: str
    text: str


@dataclass
class Transcript:
    """``names`` are those of the staff by mobile; experts are named by their code. Each event is printed once."""

    stage: DemoStage
    phones: list[Phone]
    names: dict[str, str]
    report: Callable[[str], None] = print
    _seen: dict[str, set[str]] = field(default_factory=dict)

    def heading(self, text: str) -> None:
        self.report(f"\n── {text} ──")

    async def note(self, who: str, text: str) -> None:
        """An action in the mini-program or on a web page. Prints first what happened on the phones before."""
        await self.show()
        at = (await self.stage.now()).timestamp()
        self._print(TranscriptLine(at, who, "▶ 操作", text))

    async def show(self) -> None:
        """Print everything new on all phones, ordered by time."""
        for line in sorted(await self._read_new_lines(), key=lambda line: line.at):
            self._print(line)

    async def skip(self) -> None:
        """Skip new events that repeat earlier ones."""
        await self._read_new_lines()

    async def _read_new_lines(self) -> list[TranscriptLine]:
        codes = await self.stage.codes()
        lines: list[TranscriptLine] = []
        for phone in self.phones:
            state = await phone.read()
            code = codes.get(phone.mobile)
            who = self.names.get(phone.mobile) or (f"专家 {code}" if code else "一位专家")
            seen = self._seen.setdefault(phone.mobile, set())
            for key, line in _events(state, phone.pool, who):
                if key not in seen:
                    seen.add(key)
                    lines.append(line)
        return lines

    def _print(self, line: TranscriptLine) -> None:
        text = _ADDRESS.sub("", _MOBILE.sub(r"\1****\2", line.text))
        at = local(datetime.fromtimestamp(line.at, UTC))
        words = " ｜ ".join(part.strip() for part in text.splitlines() if part.strip())
        self.report(f"{at:%m-%d %H:%M:%S}  {line.who}  {line.how}  {words}")


def _events(state: Json, pool: str, who: str) -> Iterator[tuple[str, TranscriptLine]]:
    for bubble in state["chats"].get(pool, {}).get("bubbles", []):
        title = f"【{bubble['title']}】\n" if bubble["title"] else ""
        how = _SIDES.get(bubble["side"], "微信")
        yield f"bubble {bubble['id']}", TranscriptLine(bubble["at"], who, how, title + bubble["text"])
    for sms in state["sms"]:
        yield f"sms {sms['id']}", TranscriptLine(sms["at"], who, "◀ 短信", sms["text"])
    for call in state["calls"]:
        yield f"call {call['id']}", TranscriptLine(call["at"], who, "◀ 来电", "电话响了")
        if call["state"] == "ended":
            for number, line in enumerate(_call_lines(call, who)):
                yield f"call {call['id']} {number}", line


def _call_lines(call: Json, who: str) -> Iterator[TranscriptLine]:
    at = call["answered_at"] or call["ended_at"]
    if call["spoken"]:
        yield TranscriptLine(at, who, "◀ 语音", call["spoken"][0])
    if call["keys"]:
        yield TranscriptLine(call["ended_at"], who, "▶ 按键", " ".join(call["keys"]))
    ended = _ENDS.get(call["status_code"], "通话结束")
    yield TranscriptLine(call["ended_at"], who, "· 电话", ended)
