"""Answers about the order of a draw: the commitments (三方摇号), who supervises them, and drawing again."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace

from bot.router import Handler
from bot.turn import Turn
from domain.clock import print_time
from domain.draws.lifecycles import DrawState
from handlers import commands, people
from handlers.answers import own_draws, staff
from handlers.answers.own_draws import DrawQuestion, DrawStep
from services.core.base import Actor
from services.draws import WorkLine, to_do_of

_BASIC, _RUN, _SUBMIT = "/agency/draws/{id}/basic", "/agency/draws/{id}/run", "/agency/draws/{id}/submit"
_EXIT, _RELEASE = "/draws/{id}/exit", "/agency/draws/{id}/release"
_RUNNING = (DrawState.DRAWING, DrawState.PAUSED, DrawState.ENDING)

COMMIT_NOTHING = "目前没有等待摇号的活动。"
COMMIT_GENERAL = (
    "核验通过后由代理机构开始：代理机构和监督人各用自己的手机提交、再公开一个随机数，和系统的合成抽取顺序，谁都不能单独决定。"
    "过了时间还没提交的，代理机构可以终止本轮再摇一次。"
)
COMMIT_OPEN = "要您做的，打开活动就能做。"
COMMIT_SUPERVISOR = (
    "监督人打开公众号回复“监督”，点进活动提交；没有反应的请打电话给他。来不了的，先终止本轮，再更换监督人重新摇号。"
)
COMMIT_PAGE = "三方摇号"

SUPERVISOR_NOTHING = "目前没有可以更换监督人的活动。"
SUPERVISOR_REQUIRED = "每次抽取至少选一位监督人。"
SUPERVISOR_OPTIONAL = "本专家库可以不设监督人。"
SUPERVISOR_GENERAL = (
    "{required}监督人从管理机构的名册里选，摇号和呼叫专家之外的时候都可以换，换好通知新旧监督人和核验人员。"
    "本单位的法人和经办人不能当监督人；名册里没有要选的人，请拨打{hotline}。"
)
SUPERVISOR_OPEN = "现在可以更换：打开活动信息，在“更换监督人”里重新选。名册里没有的请拨打{hotline}。"
SUPERVISOR_COMMITTING = "正在三方摇号，不能更换：先终止本轮摇号，换好监督人再重新开始。"
SUPERVISOR_RUNNING = "正在呼叫专家，现在不能更换监督人；抽完要补抽的，补抽前可以换。"
SUPERVISOR_PAGE = "更换监督人"
SUPERVISOR_ABORT_PAGE = "终止本轮摇号"

REDRAW_NOTHING = "目前没有在办的活动。"
REDRAW_GENERAL = (
    "已结束、已退选或已终止的活动可以重新抽取：打开该活动点“重新抽取”，填新的时间，条件可以改，再提交核验。"
    "抽的是一组新专家，原来参评的回避。"
)
REDRAW_EDITABLE = "还没有抽取，专业、人数直接改，再提交审核。"
REDRAW_SUBMITTED = "还没核验：先撤回申请，改好条件再提交审核。"
REDRAW_VERIFIED = "核验已通过，条件不能再改：抽错的请终止活动，再新建抽取，可以复制上次抽取的内容。"
REDRAW_RUNNING = "正在呼叫专家：先暂停或强制结束，不再用的退选或终止，之后在这个活动里点“重新抽取”。"
REDRAW_PANEL = "已经抽完：{until}前申请退选，专家收到通知后，在这个活动里点“重新抽取”。只是缺人的用补抽，不用重抽。"
REDRAW_PANEL_LATE = "已经抽完，退选时间（{until}）已过：请核验人员终止，之后在这个活动里点“重新抽取”。"
REDRAW_LIST = "已结束的活动"


async def tell_commitments(turn: Turn) -> str:
    """Whom the round of commitments waits for, and what is done when somebody doesn't answer."""
    who = await people.find_who(turn)
    roles = {role.role for role in who.roles} if who is not None else set()
    if "supervisor" in roles and not roles & set(own_draws.AGENCY):
        return await staff.tell_supervision(turn)

    def step(draw: WorkLine) -> DrawStep | None:
        is_waiting = draw.kind != "recall" and draw.state in (DrawState.VERIFIED, DrawState.COMMITTING)
        return DrawStep("", COMMIT_PAGE, _RUN, to_do_of(draw, turn.now)) if is_waiting else None

    async def refine(actor: Actor, draw: WorkLine, step: DrawStep) -> DrawStep:
        view = await turn.services.draws.access.view(actor, draw.id)
        waiting = (await turn.services.draws.progress.totals_of(view)).waiting
        return replace(step, text=f"{waiting}{COMMIT_SUPERVISOR if draw.number_wanted else COMMIT_OPEN}")

    words = (commands.TO_DO, commands.DRAWS)
    return await own_draws.answer(turn, DrawQuestion(step, COMMIT_NOTHING, COMMIT_GENERAL, words, refine=refine))


async def offer_supervisors(turn: Turn) -> str:
    """Whether another supervisor can be chosen now, and where."""
    book = turn.services.deps.book(turn.user.pool)
    hotline = book.pool.hotline

    def step(draw: WorkLine) -> DrawStep:
        if draw.state == DrawState.COMMITTING:
            return DrawStep(SUPERVISOR_COMMITTING, SUPERVISOR_ABORT_PAGE, _RUN)
        if draw.state in (*_RUNNING, DrawState.COMPLETED):
            return DrawStep(SUPERVISOR_RUNNING, COMMIT_PAGE, _RUN)
        return DrawStep(SUPERVISOR_OPEN.format(hotline=hotline), SUPERVISOR_PAGE, _BASIC)

    required = SUPERVISOR_REQUIRED if "supervisors" in book.draw.required else SUPERVISOR_OPTIONAL
    general = SUPERVISOR_GENERAL.format(required=required, hotline=hotline)
    words = (commands.TO_DO, commands.DRAWS)
    return await own_draws.answer(turn, DrawQuestion(step, SUPERVISOR_NOTHING, general, words))


async def offer_redraw(turn: Turn) -> str:
    """How a draw with wrong conditions is corrected, or what comes before it can be drawn again."""
    rules = turn.services.deps.book(turn.user.pool).draw

    def step(draw: WorkLine) -> DrawStep | None:
        if draw.kind == "recall":
            return None
        if draw.state in (DrawState.EDITING, DrawState.REFUSED):
            return DrawStep(REDRAW_EDITABLE, "修改活动", "/agency/draws/{id}")
        if draw.state == DrawState.SUBMITTED:
            return DrawStep(REDRAW_SUBMITTED, "撤回申请", _SUBMIT)
        if draw.state in (DrawState.VERIFIED, DrawState.COMMITTING):
            return DrawStep(REDRAW_VERIFIED, "终止活动", _EXIT)
        if draw.state in _RUNNING:
            return DrawStep(REDRAW_RUNNING, "暂停或强制结束", _RUN)
        until = own_draws.release_until(draw, rules)
        if turn.now <= until:
            return DrawStep(REDRAW_PANEL.format(until=print_time(until)), "申请退选", _RELEASE)
        return DrawStep(REDRAW_PANEL_LATE.format(until=print_time(until)), "查看活动", "/draws/{id}")

    words = (commands.SUPPLEMENT, commands.DRAWS)
    page = own_draws.link_of(turn, REDRAW_LIST, "/agency/draws")
    answer = await own_draws.answer(turn, DrawQuestion(step, REDRAW_NOTHING, REDRAW_GENERAL, words))
    return f"{answer}\n▸ {page}" if await own_draws.agency_actors(turn) else answer


ANSWERS: Mapping[str, Handler] = {
    "commitments": tell_commitments,
    "supervisor_change": offer_supervisors,
    "redraw": offer_redraw,
}
