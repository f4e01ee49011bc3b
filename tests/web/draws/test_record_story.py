"""The plain-language account of a draw record, produced by the page's own script in Node.js."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path
from typing import Any, cast

import pytest

from domain.draws import record as acts
from domain.draws.verify_draw import verify
from tests.drivers.record_judge import judge_of
from tests.factories.draw_records import GATHERING, LOT, START, WIDER, Script, chained, condition
from web.draws.record import WORDS, as_cells

ONE = condition(planned=1)
AFTER = "2026年11月21日 09:00"
"""Entries are a second apart, from nine o'clock on."""


def script(conditions: tuple[acts.ConditionFacts, ...] = (ONE,), main: int = 4) -> Script:
    return Script(conditions, {"main": main, "alternative": 0})


def complete() -> Script:
    return script().seeded().need().fill().then(acts.Completed(), acts.Ended("met"))


def aborted() -> Script:
    """One round before any number was open, one after; neither gives an order, so none is a supplement."""
    given_up = script().open_round().freeze().abort()
    given_up.open_round("aborted").freeze().commit().reveal("agency").abort("supervisor")
    return given_up.seeded("aborted").need().fill().then(acts.Completed(), acts.Ended("met"))


def widened() -> Script:
    used_up = script(main=2).seeded().need().exhaust().then(acts.Short("exhausted"))
    used_up.seeded("widened", (condition(planned=1, regions=WIDER),)).need().fill()
    return used_up.then(acts.Completed(), acts.Ended("met"))


def undone() -> Script:
    """Accepts, takes it back, accepts again: one person, one answer."""
    course = script((condition(planned=2),)).seeded().need()
    leaf, other = course.step(), course.step()
    course.outcome(leaf, "accepted").outcome(leaf, "undone").outcome(leaf, "accepted").outcome(other, "declined")
    return course.fill().then(acts.Completed(), acts.Ended("met"))


def waiting() -> Script:
    course = script((condition(planned=2),)).seeded().need()
    leaf, _ = course.step(), course.step()
    return course.outcome(leaf, "accepted").outcome(leaf, "undone")


def supplemented() -> Script:
    lost = script().seeded().need().fill().then(acts.Completed())
    lost.outcome(lost.accepted[1][0], "left").need()
    lost.step(skip="leave")
    return lost.fill().then(acts.Completed(), acts.Ended("met"))


def moved() -> Script:
    return complete_after(script().seeded().move_gathering(GATHERING + timedelta(days=61)))


def forced() -> Script:
    hurried = script((condition(planned=2),)).seeded().need()
    hurried.outcome(hurried.step(), "accepted").then(acts.ForceEnded("agency"), acts.Short("force_ended"))
    return hurried.then(acts.Ended("met"))


def terminated() -> Script:
    given_up = script().seeded().need().fill().then(acts.Completed(), acts.Terminated("verifier", "project_stopped"))
    return given_up.outcome(given_up.accepted[1][0], "cancelled", by="verifier").then(acts.Ended("terminated"))


def redrawn() -> Script:
    begun = script()
    begun.acts = [history("redraw")]
    return complete_after(begun.seeded())


def history(kind: acts.DrawKind) -> acts.History:
    """Two activities were on the lot before, and the same tender is drawn elsewhere."""
    given_up = acts.EarlierFacts("CQSQ202611100001", "cd" * 32, (LOT,), (), (), 1, "terminated")
    original = acts.EarlierFacts("CQSQ202611200001", "ab" * 32, (LOT,), (START - timedelta(days=1),), (), 0, "met")
    return acts.History(kind, original.number, (LOT,), (given_up, original), 2)


def recalled() -> Script:
    seat, other = [acts.SeatFacts(1, bytes([number]) * 32) for number in (1, 2)]
    return Script(
        acts=[
            history("recall"),
            acts.Recalled((seat, other), 1800, (acts.LostFacts("declined", 1), acts.LostFacts("silent", 2))),
            acts.Confirmed(1, seat.leaf, "comes", GATHERING, "expert", ""),
            acts.Confirmed(1, other.leaf, "declines", "", "call", "declines"),
            acts.Short("declined"),
            acts.CallOutcome(1, seat.leaf, "left", "expert"),
            acts.Ended("not_met"),
        ]
    )


def complete_after(begun: Script) -> Script:
    return begun.need().fill().then(acts.Completed(), acts.Ended("met"))


TOLD: dict[Any, tuple[list[str], list[str]]] = {
    complete: (
        [
            "条件1：抽取1人，专业市政工程（A08），地区440100，2026年11月21日 14:00集合。",
            "同一标段此前没有抽取活动，这是首次。",
            f"第1轮，{AFTER}开始，原因：首次确定顺序。{AFTER}顺序确定。",
            "按顺序通知1人，其中：同意参加1。",
            f"{AFTER}活动结束，专家已到位，记录到此为止。",
        ],
        ["补抽", "撤销", "终止"],
    ),
    aborted: (
        [
            f"第1轮，{AFTER}开始，原因：首次确定顺序。{AFTER}中止，当时谁也没有公开随机数。",
            f"第2轮，{AFTER}开始，原因：上一轮中止，重新开始。{AFTER}中止：他方公开后，监督人没有公开随机数。",
            "按顺序通知1人，其中：同意参加1。",
        ],
        ["补抽"],
    ),
    widened: (
        [
            f"第2轮，{AFTER}开始，原因：原名单已全部用尽，扩大地区。{AFTER}顺序确定。",
            "按顺序通知3人，其中：不参加2、同意参加1。",
        ],
        ["补抽"],
    ),
    undone: (
        [
            "按顺序通知3人，其中：同意参加2、不参加1。",
            "有专家同意后又撤销，共1次；撤销后名额仍为其保留，等其重新答复，顺序不变。",
        ],
        ["撤销同意", "补抽"],
    ),
    waiting: (["按顺序通知2人，其中：等待答复2。"], ["活动结束"]),
    supplemented: (
        [
            "按顺序通知2人，其中：请假1、同意参加1。",
            "按规定跳过1人次：该时段已请假1。",
            f"{AFTER}补抽，条件1补足到1人，沿用原来的顺序。",
        ],
        [],
    ),
    moved: ([f"{AFTER}变更集合时间，由2026年11月21日 14:00改为2027年1月21日 14:00。"], []),
    forced: (
        [
            f"{AFTER}招标人（代理机构）强制结束抽取，不再通知新的专家。",
            f"{AFTER}专家不足：强制结束。",
            f"{AFTER}活动结束，专家已到位，应到2人，参加1人，记录到此为止。",
        ],
        ["人数已满"],
    ),
    terminated: (
        ["按顺序通知1人，其中：已取消1。", f"{AFTER}核验人员终止活动，原因：招标项目终止。"],
        [],
    ),
    redrawn: (
        [
            "这是原活动CQSQ202611200001的重新抽取，此前评过标或退选的专家一律回避。",
            (
                "同一标段此前有2次抽取活动，共确定顺序1次：CQSQ202611100001，没有确定顺序，中止摇号1轮，活动已终止；"
                "CQSQ202611200001，2026年11月20日 09:00确定顺序，专家已到位。"
            ),
            "同一招标以其他项目名义还确定过2次顺序。",
        ],
        ["通知原活动"],
    ),
    recalled: (
        [
            "通知原活动CQSQ202611200001的参评专家再次评标，不重新抽取，没有随机顺序。",
            ("首次抽取的专家组共5人，本次只通知其中2人：另3人在此前的复评中不参评1人、逾期未答复2人，不再通知。"),
            "逐一通知原专家2人：参评1、不参评1；后来：请假1。",
            "其中1人由专家本人答复，1人在平台接通的电话中表示不参评。",
            f"{AFTER}专家不足：有原专家不参评。",
        ],
        ["按顺序通知", "事先承诺"],
    ),
}
"""For each course texts that the account has, and texts that it must not have."""


def test_every_course_of_a_draw_is_explained_in_plain_words(tmp_path: Path) -> None:
    records = [course().record() for course in TOLD]
    with judge_of(tmp_path) as judge:
        for record in records:
            assert [finding for finding in verify(record) if finding.severity == "error"] == []
            judge.ask_story(record, {**WORDS, "names": {"A08": "市政工程", "440100": "440100"}})
        stories = judge.answers()
    for (course, (expected, unsaid)), sections in zip(TOLD.items(), stories, strict=True):
        lines = [line for section in sections for line in section["lines"]]
        assert [line for line in expected if line not in lines] == [], (course.__name__, lines)
        text = "".join([*lines, *(section["title"] for section in sections)])
        assert [word for word in unsaid if word in text] == [], (course.__name__, lines)
        assert "undefined" not in text


@pytest.mark.parametrize(
    ("act", "told"),
    [
        (acts.Terminated("verifier", "mistaken"), "由核验人员终止，原因：填写有误"),
        (acts.CallOutcome(1, b"\1" * 32, "absent", "venue"), "条件1，缺席，由场地人员提出"),
        (
            acts.CallOutcome(1, b"\1" * 32, "recused", "agency", "supervisor"),
            "条件1，现场回避，由招标人（代理机构）提出、监督人确认",
        ),
        (acts.CallOutcome(1, b"\1" * 32, "accepted", "expert"), "条件1，同意参加"),
        (acts.CallOutcome(1, b"\1" * 32, "silent", "system"), "条件1，未答复"),
        (
            acts.GatheringMoved(1, GATHERING, GATHERING + timedelta(days=61)),
            "通知1：2026年11月21日(周六) 14:00改为2027年1月21日(周四) 14:00",
        ),
    ],
)
def test_a_line_says_who_caused_it_and_in_which_year(act: acts.Act, told: str) -> None:
    [entry] = cast("list[dict[str, Any]]", chained([act], {})["log"])
    cells = as_cells(entry)
    assert (cells[1], cells[3]) == ("2026-11-21 09:00:01", told)
