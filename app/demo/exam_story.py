"""The story of an examination: a first try that ends by time, a second one on two devices, the certificate."""

from __future__ import annotations

import asyncio
import csv
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from pathlib import Path
from typing import NamedTuple

from app.demo.data import POOL
from app.demo.exams import EXAMPLE, SHORT, call_example
from app.demo.stage import DemoStage
from app.demo.transcript import Transcript
from app.players.browser import BrowserPage
from app.players.exams import Examinee
from app.players.http_client import Json
from app.players.mini_program import MiniProgram
from app.players.phones import NotArrived, Phone, bubbles
from domain.exams.answers import ExamAnswer, digest

_LETTERS = "ABCDEFGH"
_TIMEOUT = 60.0
"""Real seconds until a wait counts as failed."""

_RESULT = re.compile(r"(\S+)分 第(\d+)次作答 .*公布(合格|未合格)")
_NUMBER = re.compile(r"(\S+) \S+颁发")


class ExamResult(NamedTuple):
    """As shown: the score, the attempt's number, 合格 or 未合格."""

    score: str
    number: str
    verdict: str


@dataclass
class ExamStory:
    """``bank`` is the sheet of questions whose answers the candidate knows."""

    stage: DemoStage
    bank: Path
    report: Callable[[str], None] = print
    phone: Phone = field(init=False)
    transcript: Transcript = field(init=False)
    mini: MiniProgram = field(init=False)
    right: dict[str, frozenset[str]] = field(init=False)
    candidate: str = ""
    results: list[ExamResult] = field(default_factory=list)
    certificates: list[str] = field(default_factory=list)
    """Numbers."""

    def __post_init__(self) -> None:
        self.phone = self.stage.phone(EXAMPLE.mobile, POOL)
        self.transcript = Transcript(self.stage, [self.phone], {EXAMPLE.mobile: "考生"}, self.report)
        self.mini = MiniProgram(self.stage.http_client, self.phone, "")
        self.right = read_answers(self.bank)

    async def play(self) -> None:
        """Play the whole story. Raises NotArrived or Refused at the first failure."""
        await self.call()
        await self.run_out_of_time()
        await self.change_the_phone()
        await self.look()

    async def call(self) -> None:
        self.transcript.heading("一、绑定身份，收到考试通知")
        await self.phone.follow()
        await self.phone.bind()
        await call_example(self.stage.deps)
        await self._wait_until(self._message_arrived(SHORT), "考试通知")
        await self.phone.say("考试")
        await self.transcript.show()
        await self.mini.open()
        [called] = (await self.mini.get("/exams"))["items"]
        self.candidate = called["candidate_id"]
        await Examinee(await self.mini.open_page(self._lobby), self.mini).read_notice()
        await self.transcript.note("考生", "打开链接，阅读考试须知，勾选两项确认")

    async def run_out_of_time(self) -> None:
        self.transcript.heading("二、第一次作答：答了一题，手机没电，到时自动交卷")
        paper = await self._begin(0)
        await self._answer(paper, paper["questions"][:1])
        until = datetime.fromisoformat(paper["grace_until"])
        await self.stage.advance_to(until + timedelta(seconds=2))
        await self._wait_until(self._has_results(1), "第一次成绩")
        await self._wait_until(self._message_arrived("次机会"), "成绩通知")

    async def change_the_phone(self) -> None:
        self.transcript.heading("三、第二次作答：中途换一台设备，接着答，交卷")
        await self.stage.advance(61)
        first = await self._begin(0)
        done = await self._answer(first, first["questions"][:3])
        second = await self._begin(0)
        if {answer["slot"]: answer["mask"] for answer in second["answers"]} != {
            slot: answer.mask for slot, answer in done.items()
        }:
            raise NotArrived("换设备前的作答")
        done |= await self._answer(second, second["questions"][3:])
        receipt = await self.mini.post(
            f"/exam-attempts/{second['attempt_id']}/submission",
            {"ticket": second["ticket"], "device": second["device"], "digest": digest(done)},
        )
        await self.transcript.note("考生", f"交卷，回执上的答卷摘要 {receipt['digest'][:16]}…")
        page = await self.phone.open_page(receipt["check_url"])
        if receipt["digest"] not in page:
            raise NotArrived("核对页上的答卷摘要")
        await self.transcript.note("任何人", "打开回执的核对页，摘要与登记的一致")

    async def look(self) -> None:
        self.transcript.heading("四、成绩与证书")
        await self._wait_until(self._has_results(2), "第二次成绩")
        await self._wait_until(self._has_certificate, "证书")
        await self._wait_until(self._message_arrived("合格"), "合格通知")
        await self.phone.say("证书")
        await self.transcript.show()

    def faults(self) -> list[str]:
        """Deviations from the expected end, as sentences."""
        verdicts = [result.verdict for result in self.results]
        deviations = [] if verdicts == ["未合格", "合格"] else [f"两次成绩应为未合格、合格，实际为{verdicts}。"]
        return (
            deviations
            if len(self.certificates) == 1
            else [*deviations, f"应有1张证书，实际{len(self.certificates)}张。"]
        )

    def summary(self) -> str:
        scores = "，".join(f"第{result.number}次{result.score}分" for result in self.results)
        return f"{scores}；取最好成绩，合格；证书{self.certificates[0]}。"

    # ---- on the device

    @property
    def _lobby(self) -> str:
        return f"/h5/{POOL}/exams/{self.candidate}"

    async def _begin(self, device: int) -> Json:
        paper = await self.mini.post(f"/exams/{self.candidate}/start", {"device": device})
        restored = f"，已答的{len(paper['answers'])}题都在" if paper["answers"] else ""
        await self.transcript.note(
            "考生", f"打开试卷，{len(paper['questions'])}题，第{paper['device']}台设备{restored}"
        )
        return paper

    async def _answer(self, paper: Json, questions: list[Json]) -> dict[int, ExamAnswer]:
        """Answer these questions correctly; returns what was saved, by slot. Raises NotArrived unless all was
        acknowledged."""
        given = {question["slot"]: ExamAnswer(self._mask(question)) for question in questions}
        events = [{"seq": at, "slot": slot, "mask": answer.mask} for at, (slot, answer) in enumerate(given.items(), 1)]
        body = {"ticket": paper["ticket"], "device": paper["device"], "events": events}
        saved = await self.mini.post(f"/exam-attempts/{paper['attempt_id']}/answers", body)
        if saved["ack"] != len(events):
            raise NotArrived("全部作答的确认")
        await self.transcript.note("考生", f"作答{len(events)}题，已存")
        return given

    def _mask(self, question: Json) -> int:
        """The correct options at their positions on this paper."""
        right = self.right[question["stem"]]
        return sum(1 << bit for bit, text in enumerate(question["options"]) if text in right)

    # ---- waiting

    def _message_arrived(self, word: str) -> Callable[[], Awaitable[bool]]:
        """Whether a message with ``word`` has arrived in the chat or as an SMS since now."""
        seen: tuple[int, int] | None = None

        async def look() -> bool:
            nonlocal seen
            state = await self.phone.read()
            chat, sms = bubbles(state, POOL), state["sms"]
            seen = seen or (max(len(chat) - 3, 0), max(len(sms) - 1, 0))
            texts = [message["title"] + message["text"] for message in chat[seen[0] :]] + [
                message["text"] for message in sms[seen[1] :]
            ]
            return any(word in text for text in texts)

        return look

    def _has_results(self, count: int) -> Callable[[], Awaitable[bool]]:
        async def look() -> bool:
            self.results = read_results((await self.mini.open_page(self._lobby)).page)
            return len(self.results) == count

        return look

    async def _has_certificate(self) -> bool:
        browser = await self.mini.open_page(f"/h5/{POOL}/certificates")
        self.certificates = read_certificates(browser.page)
        return bool(self.certificates)

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


def read_results(page: BrowserPage) -> list[ExamResult]:
    """The results on the page of an examination, in the order of the attempts."""
    matches = (_RESULT.fullmatch(line) for line in page.lines)
    return [ExamResult(*match.groups()) for match in matches if match]


def read_certificates(page: BrowserPage) -> list[str]:
    """The numbers on the page of certificates."""
    return [number for line in page.lines for number in _NUMBER.findall(line)]


def read_answers(sheet: Path) -> dict[str, frozenset[str]]:
    """Texts of the correct options by question, from the office's sheet."""
    with sheet.open(encoding="utf-8-sig", newline="") as lines:
        return {row["题干"]: _right(row) for row in csv.DictReader(lines)}


def _right(row: dict[str, str]) -> frozenset[str]:
    if row["题型"] == "判断题":
        return frozenset({row["答案"]})
    return frozenset(row[f"选项{letter}"] for letter in row["答案"] if letter in _LETTERS and row.get(f"选项{letter}"))
