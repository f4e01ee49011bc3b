"""The tabs of a submitted or verified draw, and its actions in the list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from datetime import datetime

from domain.draws.lifecycles import DrawState
from services.draws import DrawCard, DrawView


def _is_any(draw: DrawView) -> bool:
    return True


def _has_run(draw: DrawView) -> bool:
    return draw.started_at is not None


def _was_full_or_short(draw: DrawView) -> bool:
    return draw.finished_at is not None


@dataclass(frozen=True)
class Tab:
    """``code`` is the page's ``step`` and the end of its path, ``/agency/draws/{id}/{code}``."""

    code: str
    name: str
    is_shown: Callable[[DrawView], bool] = _is_any
    short: str = ""
    """The name where a phone has one row for all; empty: ``name``."""


def _is_drawn(draw: DrawView) -> bool:
    return draw.kind != "recall"


def _is_recalled(draw: DrawView) -> bool:
    return draw.kind == "recall"


TABS = (
    Tab("run", "项目抽取", _is_drawn),
    Tab("notify", "通知原专家", _is_recalled),
    Tab("project", "项目信息"),
    Tab("basic", "抽取活动"),
    Tab("recusal", "回避单位"),
    Tab("conditions", "抽取条件"),
    Tab("result", "抽取结果", _has_run, "结果"),
    Tab("attendance", "专家出入场情况", _has_run, "出入场"),
    Tab("remuneration", "专家酬劳支付情况", _has_run, "酬劳"),
    Tab("release", "退选", _was_full_or_short),
    Tab("log", "操作记录"),
)
"""To add a tab, add a line here, and a ``DrawPart`` whose ``step`` is its code."""


FIRST_MAX = 4
"""Number of a draw's tabs for which a phone has room."""
_DAILY = ("run", "notify", "result", "attendance")
_SET_UP = ("basic", "conditions", "recusal")


def tabs_of(draw: DrawView) -> list[Tab]:
    return [tab for tab in TABS if tab.is_shown(draw)]


def first_tabs_of(draw: DrawView, now: datetime) -> list[Tab]:
    """The tabs that a phone shows, those of the present work; the others stand behind 更多."""
    then = ("remuneration", "release") if now >= draw.starts_at else ("release", "remuneration")
    shown = {tab.code: tab for tab in tabs_of(draw)}
    return [shown[code] for code in (*_DAILY, *then, *_SET_UP) if code in shown][:FIRST_MAX]


@dataclass(frozen=True)
class LineAction:
    """A button in the list; ``step`` is the page it opens."""

    name: str
    step: str


_ACTS: dict[DrawState, tuple[LineAction, ...]] = {
    DrawState.EDITING: (LineAction("编辑", "basic"), LineAction("提交审核", "submit")),
    DrawState.REFUSED: (LineAction("编辑", "basic"), LineAction("提交审核", "submit")),
    DrawState.SUBMITTED: (LineAction("查看审核", "submit"),),
    DrawState.VERIFIED: (LineAction("进入抽取", "run"),),
    DrawState.COMMITTING: (LineAction("进入抽取", "run"),),
    DrawState.DRAWING: (LineAction("进入抽取", "run"),),
    DrawState.PAUSED: (LineAction("进入抽取", "run"),),
    DrawState.ENDING: (LineAction("进入抽取", "run"),),
    DrawState.SHORT: (LineAction("补抽", "run"),),
    DrawState.SUPPLEMENT_PENDING: (LineAction("补抽", "run"),),
    DrawState.COMPLETED: (LineAction("抽取结果", "result"), LineAction("专家出入场情况", "attendance")),
    DrawState.ENDED: (
        LineAction("抽取结果", "result"),
        LineAction("专家酬劳", "remuneration"),
        LineAction("复评", "recall"),
        LineAction("重新抽取", "redraw"),
    ),
    DrawState.RELEASED: (LineAction("重新抽取", "redraw"),),
}
_OF_A_RECALL: dict[DrawState, tuple[LineAction, ...]] = {
    DrawState.VERIFIED: (LineAction("进入通知", "notify"),),
    DrawState.SHORT: (LineAction("查看结果", "notify"),),
    DrawState.SUPPLEMENT_PENDING: (LineAction("查看结果", "notify"),),
}


def acts_of(card: DrawCard) -> tuple[LineAction, ...]:
    """Actions that the manual's list has in this state."""
    if card.started_at is None and card.state in (DrawState.ENDED, DrawState.COMPLETED):
        return (LineAction("重新抽取", "redraw"),) if card.state == DrawState.ENDED else ()
    if card.kind == "recall" and card.state in _OF_A_RECALL:
        return _OF_A_RECALL[card.state]
    return _ACTS.get(card.state, ())
