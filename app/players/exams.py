"""Drivers of an examination: the office's pages, and a candidate."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime, timedelta

from app.players.browser import BrowserPage, WebBrowser, expect
from app.players.http_client import Json
from app.players.mini_program import MiniProgram
from app.players.page_script import PageScript
from domain.clock import local
from domain.exams.answers import ExamAnswer, digest

QUESTIONS = (
    ("评标委员会成员人数为", "五人以上单数", ("三人以上单数", "五人以上双数", "七人以上单数")),
    ("评标委员会中技术、经济等方面的专家不得少于成员总数的", "三分之二", ("二分之一", "三分之一", "四分之三")),
    ("招标人和中标人应当自中标通知书发出之日起多少日内订立书面合同", "三十日", ("十五日", "二十日", "六十日")),
    (
        "依法必须进行招标的项目，自招标文件开始发出之日起至投标人提交投标文件截止之日止，最短不得少于",
        "二十日",
        ("五日", "十日", "十五日"),
    ),
)
"""Stem, right option, wrong options: 招标投标法 Art. 37, 46, 24."""


@dataclass
class ExamOffice:
    """The administrator on the office's pages."""

    browser: WebBrowser

    async def add_items(self) -> None:
        """Four questions with four options each, one after the other; the right one stands first."""
        for stem, right, wrong in QUESTIONS:
            await self.browser.open("/office/bank/new?kind=single")
            options = {f"option_{at}": text for at, text in enumerate((right, *wrong))}
            page = await self.browser.press(
                "保存", stem=stem, chapter="招标投标法律法规", right="0", basis="招标投标法", **options
            )
            expect(page, stem)

    async def hold(self, name: str, opens: datetime, closes: datetime) -> str:
        """Put a paper together, set the examination up, look at the check list, publish; returns its page."""
        address = await self.prepare(name, opens, closes)
        await self.publish(address)
        return address

    async def prepare(self, name: str, opens: datetime, closes: datetime, *, purpose: str = "entry") -> str:
        """Make a draft; returns its page."""
        await self.browser.open("/office/exams/blueprints/new")
        expect(await self.browser.press("保存", name="四道题", cells="，单选题，，4，25"), "四道题")
        blueprint = self.browser.page.url.rpartition("/")[2].partition("?")[0]
        await self.browser.open("/office/exams/new")
        await self.browser.press(
            "保存草稿",
            name=name,
            purpose=purpose,
            blueprint_id=blueprint,
            opens_at=_minute(opens),
            closes_at=_minute(closes),
        )
        return self.browser.page.url.partition("?")[0]

    async def publish(self, address: str) -> None:
        await self.browser.open(address.removeprefix(self.browser.base))
        expect(await self.browser.press("发布"), "已发布")

    async def release(self, exam: str) -> bool:
        """Publish the results; False while no paper is marked."""
        page = await self.browser.open(f"{exam.removeprefix(self.browser.base)}/scores")
        if not any("公布成绩" in form.buttons for form in page.forms):
            return False
        expect(await self.browser.press("公布成绩"), "已公布")
        return True


@dataclass
class Examinee:
    """A person at the page of an examination; ``script`` acts as that page's script or the mini-program."""

    browser: WebBrowser
    script: PageScript | MiniProgram

    async def read_notice(self) -> BrowserPage:
        """On the lobby's page: tick both boxes and go on."""
        return await self.browser.press("确认并继续", read="1", risk="1")

    async def sit(self, candidate_id: str, choose: Callable[[Json], int]) -> Json:
        """Begin, answer every question, submit; returns the receipt. ``choose`` gives the mask of a question."""
        paper = await self.script.post(f"/exams/{candidate_id}/start", {"device": 0})
        answers = {question["slot"]: ExamAnswer(choose(question)) for question in paper["questions"]}
        events = [
            {"seq": at, "slot": slot, "mask": answer.mask} for at, (slot, answer) in enumerate(answers.items(), 1)
        ]
        attempt = f"/exam-attempts/{paper['attempt_id']}"
        saved = await self.script.post(
            f"{attempt}/answers", {"ticket": paper["ticket"], "device": paper["device"], "events": events}
        )
        if saved["ack"] != len(events):
            raise AssertionError(f"acknowledged up to {saved['ack']} of {len(events)}")
        return await self.script.post(
            f"{attempt}/submission", {"ticket": paper["ticket"], "device": paper["device"], "digest": digest(answers)}
        )


def right(question: Json) -> int:
    """The mask of the right option, at its position in this paper."""
    answer = next(right for stem, right, _ in QUESTIONS if stem == question["stem"])
    return 1 << int(question["options"].index(answer))


def wrong(question: Json) -> int:
    """The mask of some wrong option."""
    mask = right(question)
    return 2 if mask == 1 else 1


def _minute(at: datetime) -> str:
    return f"{local(at) + timedelta(seconds=59):%Y-%m-%dT%H:%M}"
