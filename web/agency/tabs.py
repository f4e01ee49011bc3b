"""The tabs of a submitted or verified draw, and its actions in the list."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass

from domain.draws.lifecycles import DrawState
from services.draws import DrawCard, DrawView


def _always(draw: DrawView) -> bool:
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
    shown: Callable[[DrawView], bool] = _always


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
    Tab("result", "抽取结果", _has_run),
    Tab("attendance", "专家出入场情况", _has_run),
    Tab("remuneration", "专家酬劳支付情况", _has_run),
    Tab("release", "退选", _was_full_or_short),
    Tab("log", "操作记录"),
)
"""To add a tab, add a line here, and a ``DrawPart`` whose ``step`` is its code."""


def tabs_of(draw: DrawView) -> list[Tab]:
    return [one for one in TABS if one.shown(draw)]


@dataclass(frozen=True)
class Act:
    """A button in the list; ``step`` is the page it opens."""

    name: str
    step: str


_ACTS: dict[DrawState, tuple[Act, ...]] = {
    DrawState.EDITING: (Act("编辑", "basic"), Act("提交审核", "submit")),
    DrawState.REFUSED: (Act("编辑", "basic"), Act("提交审核", "submit")),
    DrawState.SUBMITTED: (Act("查看审核", "submit"),),
    DrawState.VERIFIED: (Act("进入抽取", "run"),),
    DrawState.COMMITTING: (Act("进入抽取", "run"),),
    DrawState.DRAWING: (Act("进入抽取", "run"),),
    DrawState.PAUSED: (Act("进入抽取", "run"),),
    DrawState.ENDING: (Act("进入抽取", "run"),),
    DrawState.SHORT: (Act("补抽", "run"),),
    DrawState.SUPPLEMENT_PENDING: (Act("补抽", "run"),),
    DrawState.COMPLETED: (Act("抽取结果", "result"), Act("专家出入场情况", "attendance")),
    DrawState.ENDED: (
        Act("抽取结果", "result"),
        Act("专家酬劳", "remuneration"),
        Act("复评", "recall"),
        Act("重新抽取", "redraw"),
    ),
    DrawState.RELEASED: (Act("重新抽取", "redraw"),),
}
_OF_A_RECALL: dict[DrawState, tuple[Act, ...]] = {
    DrawState.VERIFIED: (Act("进入通知", "notify"),),
    DrawState.SHORT: (Act("查看结果", "notify"),),
    DrawState.SUPPLEMENT_PENDING: (Act("查看结果", "notify"),),
}


def acts_of(card: DrawCard) -> tuple[Act, ...]:
    """Actions that the manual's list has in this state."""
    if card.started_at is None and card.state in (DrawState.ENDED, DrawState.COMPLETED):
        return (Act("重新抽取", "redraw"),) if card.state == DrawState.ENDED else ()
    if card.kind == "recall" and card.state in _OF_A_RECALL:
        return _OF_A_RECALL[card.state]
    return _ACTS.get(card.state, ())
