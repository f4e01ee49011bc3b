"""Progress of a running draw: number called, places missing, and what it waits for."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from pydantic import Field

from domain.clock import print_time
from domain.draws.lifecycles import DrawState, InvitationState, state_label
from domain.draws.round_stage import RoundAborts, find_stage
from models.draws import (
    Condition,
    Round,
)
from services.core.base import Deps, rows
from services.draws.access import DrawAccess
from services.draws.given_up_rounds import aborts_of
from services.draws.views import ReadDraw


@dataclass(frozen=True)
class ConditionProgress:
    position: int
    planned: int
    needed: int
    open: int
    accepted: int
    tier: str
    exhausted: bool


@dataclass(frozen=True)
class DrawTotals:
    """Totals only. ``waiting`` is a Chinese sentence with the reason of waiting; ``estimated_end`` while calls are
    open."""

    state: DrawState
    state_label: Annotated[str, Field(description="What to show", examples=["抽取中"])]
    planned: int
    accepted: int
    open: int
    called: int
    declined: int
    silent: int
    started_at: datetime | None
    waiting: Annotated[str, Field(examples=["正在等待2位专家答复，还缺2人。"])]
    estimated_end: datetime | None
    conditions: tuple[ConditionProgress, ...]
    log_head: str


_ABORTED = "摇号已中止{}次，"


@dataclass(frozen=True)
class DrawProgress:
    """Totals only: single experts are not listed."""

    deps: Deps
    access: DrawAccess

    async def totals_of(self, draw: ReadDraw) -> DrawTotals:
        """The caller has checked the permission."""
        conditions = await Condition.filter(draw_id=draw.id).order_by("position")
        counted = {
            row["state"]: row["n"]
            for row in await rows(
                "SELECT state, count(*) AS n FROM invitation WHERE draw_id = $1 GROUP BY state", draw.id
            )
        }
        deadline = await rows(
            "SELECT max(answer_until) AS at FROM invitation WHERE draw_id = $1 AND state = 'open'", draw.id
        )
        state = DrawState(draw.state)
        return DrawTotals(
            state=state,
            state_label=state_label(state, draw.kind, started=draw.started_at is not None),
            planned=draw.needed,
            accepted=sum(c.accepted for c in conditions),
            open=sum(c.open for c in conditions),
            called=sum(counted.values()),
            declined=counted.get(InvitationState.DECLINED, 0),
            silent=counted.get(InvitationState.SILENT, 0),
            started_at=draw.started_at,
            waiting=await self._waiting_reason(draw, state, conditions),
            estimated_end=deadline[0]["at"] if state in (DrawState.DRAWING, DrawState.ENDING) else None,
            conditions=tuple(
                ConditionProgress(c.position, c.planned, c.needed, c.open, c.accepted, c.tier, c.exhausted)
                for c in conditions
            ),
            log_head=draw.log_head,
        )

    async def _describe_order(self, draw: ReadDraw, state: DrawState) -> str:
        """How far the order is fixed; empty where nothing is to be said of it."""
        if state == DrawState.VERIFIED:
            return await self._describe_aborts(draw)
        if state != DrawState.COMMITTING:
            return ""
        fixed = await Round.get_or_none(draw_id=draw.id, start_by__isnull=False)
        if fixed is not None and fixed.start_by is not None:
            return f"顺序已经确定，待代理机构启动抽取；{print_time(fixed.start_by)}仍未启动的，系统自动启动。"
        return await self._describe_round(draw)

    def _describe_unsealing(self, draw: ReadDraw) -> str:
        at = print_time(self.access.unseals_at(draw))
        return f"名单已于{at}解密" if self.access.is_unsealed(draw) else f"名单{at}解密"

    async def _describe_round(self, draw: ReadDraw) -> str:
        """The party for which the open round waits; empty without one."""
        open_round = await Round.get_or_none(draw_id=draw.id, aborted_at=None, seed="")
        if open_round is None or open_round.reveal_until is None:
            return ""
        roles, now = self.deps.book(draw.pool).draw.commitments.roles, self.deps.now()
        stage = find_stage(roles, open_round.commitments, open_round.reveals, open_round.reveal_until, now)
        aborts = await self._count_aborts(draw)
        return f"{stage.describe()}{_ABORTED.format(aborts.number) if aborts.number else ''}"

    async def _describe_aborts(self, draw: ReadDraw) -> str:
        """Empty where no round was given up."""
        aborts = await self._count_aborts(draw)
        if aborts.is_used_up:
            return f"{_ABORTED.format(aborts.number)}不能再摇号，待代理机构终止本活动后重新申请抽取。"
        if aborts.number:
            return f"{_ABORTED.format(aborts.number)}共可中止{aborts.most}次，待代理机构重新开始摇号。"
        return ""

    async def _count_aborts(self, draw: ReadDraw) -> RoundAborts:
        return aborts_of(self.deps.book(draw.pool), await Round.filter(draw_id=draw.id))

    async def _waiting_reason(self, draw: ReadDraw, state: DrawState, conditions: list[Condition]) -> str:
        """The reason of waiting. Agency, offices and screens read the same words, so they ask none of them to act."""
        rules = self.deps.book(draw.pool).draw
        calling, how = rules.calling, _filling_advice(conditions, rules.supplement.region_change)
        opened = sum(c.open for c in conditions)
        missing = sum(c.needed - c.accepted for c in conditions)
        if state == DrawState.DRAWING and opened:
            return f"正在等待{opened}位专家答复，还缺{missing}人。"
        if state == DrawState.DRAWING and not calling.hours.contains(self.deps.now()):
            return f"当前不在呼叫时段（{calling.hours}），到时自动继续。"
        if state in (DrawState.VERIFIED, DrawState.COMMITTING) and self.deps.now() >= draw.starts_at:
            return _TOO_LATE_AGAIN if draw.finished_at else _TOO_LATE
        if words := await self._describe_order(draw, state) or _describe_recall(draw, state, opened, missing):
            return words
        return {
            DrawState.EDITING: "代理机构正在完善信息，尚未提交审核。",
            DrawState.SUBMITTED: "等待交易中心核验。",
            DrawState.REFUSED: "核验未通过，待代理机构修改后重新提交。",
            DrawState.VERIFIED: "核验已通过，待代理机构开始三方摇号。",
            DrawState.COMMITTING: "等待各方手机提交并公开随机数。",
            DrawState.DRAWING: "正在抽取下一位专家。",
            DrawState.PAUSED: f"已暂停，已发出的{opened}个呼叫仍会等待结果。",
            DrawState.ENDING: f"正在等待最后{opened}位专家的结果。",
            DrawState.COMPLETED: f"抽取完成，{self._describe_unsealing(draw)}。",
            DrawState.SHORT: f"专家不足，还缺{missing}人，{how}",
            DrawState.SUPPLEMENT_PENDING: f"有{missing}个名额待补抽，{how}",
            DrawState.ENDED: "活动已结束。",
            DrawState.TERMINATED: "活动已终止，标段可重新申请抽取。",
            DrawState.RELEASED: "专家已退选。",
        }[state]


_TOO_LATE = "预计评标开始时间已过，不能再抽取；终止本活动后可以重新申请。"
_TOO_LATE_AGAIN = "预计评标开始时间已过，不能再按本轮补抽，可以结束活动。"
_ANSWERED = "原专家均已答复，待代理机构提交最终确认结果；到名单解密时仍未提交的，系统按已有答复提交。"
_OF_A_RECALL = {
    DrawState.VERIFIED: "核验已通过，待代理机构开始通知原专家，由专家本人逐一答复。",
    DrawState.SHORT: "有{missing}位原专家不参评。可按现有专家评标，或终止本活动后从原活动重新抽取。",
    DrawState.SUPPLEMENT_PENDING: "有{missing}位原专家不能到场。可按现有专家评标，或终止本活动后从原活动重新抽取。",
    DrawState.TERMINATED: "复评已终止，可从原活动再次发起复评或重新抽取。",
}


def _describe_recall(draw: ReadDraw, state: DrawState, opened: int, missing: int) -> str:
    """Empty for a draw of another kind, and in states that say the same of all."""
    if draw.kind != "recall":
        return ""
    if state == DrawState.VERIFIED and draw.started_at is not None:
        return f"正在等待{opened}位原专家本人答复。" if opened else _ANSWERED
    return _OF_A_RECALL[state].format(missing=missing) if state in _OF_A_RECALL else ""


def _filling_advice(conditions: Sequence[Condition], wider: bool) -> str:
    if not all(c.exhausted for c in conditions if c.needed > c.accepted):
        return "可按原顺序补抽。"
    return "名单已抽完，可扩大地区补抽。" if wider else "名单已抽完，不能再补抽。"
