"""Answers for agencies about draws under way: how far, not full, verification, withdrawing, other times, cancelled."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import replace
from datetime import datetime

from bot.router import Handler
from bot.turn import Turn
from domain.clock import print_time
from domain.draws.lifecycles import DrawState, VerificationState
from domain.rulebook.book import Rulebook
from domain.rulebook.reading import print_length
from domain.rulebook.sections import DrawRules
from handlers import commands, wording
from handlers.answers import own_draws
from handlers.answers.own_draws import DrawQuestion, DrawStep
from services.core.base import Actor
from services.draws import WorkLine, to_do_of

_EDIT, _RUN, _SUBMIT = "/agency/draws/{id}", "/agency/draws/{id}/run", "/agency/draws/{id}/submit"
_EXIT, _RELEASE, _DRAW = "/draws/{id}/exit", "/agency/draws/{id}/release", "/draws/{id}"
_OPINION_MAX = 120
"""Characters of a verifier's opinion in a bubble; all of it stands on the page."""
_NOT_RUNNING = (DrawState.EDITING, DrawState.REFUSED, DrawState.SUBMITTED)
_RUNNING = (DrawState.DRAWING, DrawState.PAUSED, DrawState.ENDING)
_PANEL = (DrawState.COMPLETED, DrawState.SHORT, DrawState.SUPPLEMENT_PENDING)
"""Nobody is being called, and a panel may have agreed."""
_MISSING = (DrawState.SHORT, DrawState.SUPPLEMENT_PENDING)

STATUS_NOTHING = "目前没有提交过、还没评完的抽取。"
STATUS_GENERAL = "提交审核、核验通过后启动抽取，页面上随时看得到已同意几人、还差几人；抽齐后微信通知。"
STATUS_STEP = "{state}，已同意{agreed}人，共需{needed}人。{waiting}"
STATUS_BRIEF = "已同意{agreed}人，共需{needed}人{next}"
STATUS_COUNTS = "已呼叫{called}人：不参加{declined}人，没有答复{silent}人，等待答复{open}人。"
STATUS_NEXT = "下一步：{due}。"
STATUS_UNTIL = "已发出的呼叫最迟{until}有结果。"
STATUS_PAGE = "查看抽取"

NOT_FULL_NOTHING = "目前没有缺人的活动。"
NOT_FULL_GENERAL = (
    "抽不满时启动补抽：按原来的顺序接着抽，不用再核验，已呼叫过的不再呼叫。{widening}"
    "仍不够的，法律允许时按到场的专家评标，否则退选或终止后重新申请。不能指定专家，也不向别的专家库抽。"
)
NOT_FULL_WIDENING = "名单抽完的，可以扩大地区补抽，最多{most}次，专业和职称不能改。"
NOT_FULL_STEP = "还缺{missing}人，请启动补抽：按原来的顺序接着抽，不用再核验。{widening}{late}"
NOT_FULL_RUNNING = "还在抽取，已同意{agreed}人，还缺{missing}人，不用另外操作；抽完仍缺的，再启动补抽。"
NOT_FULL_PAUSED = "抽取已暂停，还缺{missing}人，请继续抽取；不再抽的强制结束后可以补抽。"
NOT_FULL_COMMITTING = "正在为扩大地区补抽三方摇号，还缺{missing}人；摇号后启动，接着抽取。"
NOT_FULL_WIDEN = "还缺{missing}人，原来的名单已抽完：请扩大地区补抽，最多{most}次，专业和职称不能改。{late}"
NOT_FULL_ENDED = "还缺{missing}人，名单已抽完，不能再补抽：法律允许时按到场的专家评标，否则退选或终止后重新申请。"
NOT_FULL_BRIEF = "还缺{missing}人"
NOT_NAMED = "不能指定专家，也不能自己找人补上。"
_ASKS_TO_NAME = re.compile("指定|点名|自己找|自己请|自己选|我们找|我们请|熟人")
NOT_FULL_PAGE = "去补抽"

VERIFY_NOTHING = "目前没有等待核验或刚核验的申请。"
VERIFY_GENERAL = (
    "提交审核后由{terminals}的核验人员核验，只有这一步，通过或退回都会通知您；没有规定时限，急的请拨打{hotline}。"
)
VERIFY_DRAW: Mapping[DrawState, DrawStep] = {
    DrawState.SUBMITTED: DrawStep(
        "还没核验，核验前可以撤回；到评标开始仍没核验的自动退回，急的请拨打{hotline}。", "查看或撤回", _SUBMIT
    ),
    DrawState.REFUSED: DrawStep("核验未通过，请修改后在原活动重新提交审核。", "修改后重新提交", _SUBMIT),
    DrawState.VERIFIED: DrawStep("{next}。", "查看活动", _EDIT),
}
VERIFY_RELEASE: Mapping[str, DrawStep] = {
    VerificationState.SUBMITTED: DrawStep(
        "退选申请还没核验，核验前可以撤回；通过后请在{until}前启动退选，急的请拨打{hotline}。", "查看退选申请", _RELEASE
    ),
    VerificationState.REFUSED: DrawStep(
        "退选申请核验未通过，专家没有变动；{until}前可以重新申请。", "查看退选申请", _RELEASE
    ),
    VerificationState.APPROVED: DrawStep(
        "退选已核验通过：请在{until}前启动退选，启动后才通知专家。", "启动退选", _RELEASE
    ),
}
VERIFY_WHERE = "{terminal}，{at}提交。"
VERIFY_OPINION = "核验意见：{opinion}"

WITHDRAW_NOTHING = "目前没有可以撤回或叫停的抽取。"
WITHDRAW_GENERAL = "核验前可以撤回申请；呼叫中可以暂停或强制结束；抽完不再评标的申请退选。都在该活动的页面办理。"
WITHDRAW: Mapping[DrawState, DrawStep] = {
    DrawState.EDITING: DrawStep("还没提交审核，没有呼叫专家：不要的可以删除，要改的直接修改。", "修改或删除", _EDIT),
    DrawState.REFUSED: DrawStep(
        "核验没有通过，没有呼叫专家：可以修改后重新提交，不再抽取的终止活动。", "终止活动", _EXIT
    ),
    DrawState.SUBMITTED: DrawStep("还没核验，可以撤回；撤回后能修改，再提交审核。", "撤回申请", _SUBMIT),
    DrawState.VERIFIED: DrawStep("核验已通过，还没有呼叫专家：不再抽取的可以终止活动。", "终止活动", _EXIT),
    DrawState.COMMITTING: DrawStep(
        "正在三方摇号，还没有呼叫专家：可以终止本轮摇号（最多{aborts}次），不再抽取的终止活动。", "终止活动", _EXIT
    ),
    DrawState.DRAWING: DrawStep(
        "正在呼叫专家，请马上打开：“暂停抽取”后还能继续，“强制结束”后不再呼叫，都要填原因。"
        "已打出的呼叫仍等结果，答应的算数。{after}",
        "暂停或强制结束",
        _RUN,
    ),
    DrawState.PAUSED: DrawStep(
        "已经暂停，没有再呼叫新的专家：可以继续抽取，或强制结束。{after}", "继续或强制结束", _RUN
    ),
    DrawState.ENDING: DrawStep("正在结束，不再呼叫新的专家，只等已打出的呼叫有结果，不用再操作。", "查看抽取", _RUN),
}
WIDENING = DrawStep("正在为补抽三方摇号，可以终止本轮摇号；不启动就不会呼叫。", "终止本轮摇号", _RUN)
WITHDRAW_PANEL = "已经抽完，不再呼叫专家；补抽不启动就不会打电话。不再评标的："
AFTER_FORCED_END = {
    "stay": "强制结束后，已同意的专家保留。",
    "release": "强制结束后仍缺人的，已同意的专家不再参评。",
}

MOVED_NOTHING = "目前没有在办的活动。"
MOVED_GENERAL = "提交审核前时间地点都能改；核验通过后只能改集合时间，换日期要退选后重新抽取。"
MOVED: Mapping[DrawState, DrawStep] = {
    DrawState.EDITING: DrawStep("还没提交审核，时间和地点直接修改，再提交审核。", "修改活动", _EDIT),
    DrawState.REFUSED: DrawStep("核验已退回，时间和地点直接修改，再重新提交审核。", "修改活动", _EDIT),
    DrawState.SUBMITTED: DrawStep("正在等待核验：先撤回申请，改好时间地点再提交审核。", "撤回申请", _SUBMIT),
    DrawState.DRAWING: DrawStep("正在呼叫专家：要改集合时间，先暂停抽取。{day}", "暂停后改集合时间", _RUN),
    DrawState.ENDING: DrawStep("正在等最后几位专家的结果，有结果后再改集合时间。{day}", "查看抽取", _RUN),
}
MOVED_GATHERING = (
    "{start}开始已定，现在只能改集合时间，不晚于开始：系统逐个问专家，不用打电话，来不了的可以不来，不算缺席。{place}"
    "{postpone}{day}"
)
MOVED_PLACE_EARLY = "评标室、联系人现在还能改，地址不能改。"
MOVED_PLACE = "地点不能改，请由场地引导专家。"
MOVED_POSTPONE = "因补抽可当天推迟开始，最多{most}。"
MOVED_DAY = "换日期或提前：{until}前申请退选，再重新抽取。"
MOVED_DAY_EARLY = "换日期或提前：终止活动后重新申请。"
MOVED_DAY_LATE = "换日期或提前：退选已过时间，请核验人员终止，再重新抽取。"
MOVED_RECALL = DrawStep("复评的时间以与专家商定的为准，系统不能改；换时间的，终止后重新发起复评。", "终止活动", _EXIT)
_OTHER_DAY = re.compile(
    r"下周|下星期|下礼拜|下个?月|明天|后天|周[一二三四五六日天]|星期|礼拜|\d{1,2}[号日]|改天|换一?天|日期|提前"
)
MOVED_PAGE = "修改集合时间"

CANCELLED_NOTHING = "目前没有在办的抽取，没有专家需要通知。"
CANCELLED_GENERAL = (
    "已抽专家的，评标开始{before}前申请退选，核验通过并启动后，系统才通知专家；过了时间由核验人员终止。"
    "只是部分标段取消的，专家不变。"
)
CANCELLED: Mapping[DrawState, DrawStep] = {
    DrawState.EDITING: DrawStep("还没提交审核，没有专家需要通知：删除这个活动就可以。", "删除活动", _EDIT),
    **{
        state: DrawStep("还没有呼叫专家，没有专家需要通知：终止活动就可以。", "终止活动", _EXIT)
        for state in (DrawState.SUBMITTED, DrawState.REFUSED, DrawState.VERIFIED, DrawState.COMMITTING)
    },
    **{
        state: DrawStep(
            "正在抽取：先强制结束，已打出的呼叫有结果后申请退选。现在还没有通知专家取消。", "强制结束", _RUN
        )
        for state in (DrawState.DRAWING, DrawState.PAUSED)
    },
    DrawState.ENDING: DrawStep(
        "正在等最后几位专家的结果，有结果后申请退选。现在还没有通知专家取消。", "查看抽取", _RUN
    ),
}
RELEASE_OFFERED = DrawStep(
    "{until}前可以申请退选，原因限{causes}，要传证明；核验通过、您启动退选后，系统才用微信、电话和短信通知专家，"
    "没接通的由您告知并登记。",
    "申请退选",
    _RELEASE,
)
RELEASE_LATE = DrawStep(
    "退选时间（{until}）已过，您不能自行终止：不再评标的，请联系交易中心核验人员终止，终止时系统通知专家不用来。",
    "查看活动",
    _DRAW,
)
PANEL_HAS_MET = DrawStep(
    "已有{present}位专家进场，不能退选或终止：评标开始后请结束活动，误工由场地提出酬劳。", "结束活动", _EXIT
)
RECALL_ENDED = DrawStep("复评不再进行的，您可以终止活动，已同意的专家会收到通知。", "终止活动", _EXIT)


async def tell_status(turn: Turn) -> str:
    """How many have agreed, what it waits for, and the next step; totals only."""

    def step(draw: WorkLine) -> DrawStep | None:
        if draw.state == DrawState.EDITING:
            return None
        due = to_do_of(draw, turn.now)
        brief = STATUS_BRIEF.format(agreed=draw.agreed, needed=draw.needed, next=f"，{due}" if due else "")
        return DrawStep("", STATUS_PAGE, _EDIT if draw.state in _NOT_RUNNING else _RUN, brief)

    async def refine(actor: Actor, draw: WorkLine, step: DrawStep) -> DrawStep:
        view = await turn.services.draws.access.view(actor, draw.id)
        totals = await turn.services.draws.progress.totals_of(view)
        lines = [
            STATUS_STEP.format(
                state=totals.state_label,
                agreed=totals.accepted,
                needed=totals.planned,
                waiting=totals.waiting.removeprefix(f"{totals.state_label}，"),
            )
        ]
        if totals.called:
            lines.append(
                STATUS_COUNTS.format(
                    called=totals.called, declined=totals.declined, silent=totals.silent, open=totals.open
                )
            )
        if totals.open and totals.estimated_end is not None:
            lines.append(STATUS_UNTIL.format(until=print_time(totals.estimated_end)))
        if due := to_do_of(draw, turn.now):
            lines.append(STATUS_NEXT.format(due=due))
        return replace(step, text="\n".join(lines))

    words = (commands.TO_DO, commands.DRAWS)
    return await own_draws.answer(
        turn, DrawQuestion(step, STATUS_NOTHING, STATUS_GENERAL, words, first=_RUNNING, refine=refine)
    )


async def tell_not_full(turn: Turn) -> str:
    """How places that are missing are filled."""
    rules = turn.services.deps.book(turn.user.pool).draw
    widening = NOT_FULL_WIDENING.format(most=rules.supplement.widenings_max) if rules.supplement.region_change else ""

    def step(draw: WorkLine) -> DrawStep | None:
        missing = draw.needed - draw.agreed
        brief = NOT_FULL_BRIEF.format(missing=missing)
        if _is_widening(draw):
            return DrawStep(NOT_FULL_COMMITTING.format(missing=missing), STATUS_PAGE, _RUN, brief)
        if missing <= 0 or draw.state not in (*_RUNNING, *_MISSING):
            return None
        if draw.state == DrawState.PAUSED:
            return DrawStep(NOT_FULL_PAUSED.format(missing=missing), STATUS_PAGE, _RUN, brief)
        if draw.state not in _MISSING:
            return DrawStep(NOT_FULL_RUNNING.format(agreed=draw.agreed, missing=missing), STATUS_PAGE, _RUN, brief)
        if draw.kind == "recall" or turn.now >= draw.starts_at:
            return DrawStep(f"{brief}。{to_do_of(draw, turn.now)}。", STATUS_PAGE, _RUN, brief)
        late = own_draws.new_times_first(draw, rules, turn.now)
        return DrawStep(NOT_FULL_STEP.format(missing=missing, widening=widening, late=late), NOT_FULL_PAGE, _RUN, brief)

    async def refine(actor: Actor, draw: WorkLine, step: DrawStep) -> DrawStep:
        if draw.state not in _MISSING or draw.kind == "recall" or turn.now >= draw.starts_at:
            return step
        view = await turn.services.draws.access.view(actor, draw.id)
        totals = await turn.services.draws.progress.totals_of(view)
        if not all(condition.exhausted for condition in totals.conditions if condition.needed > condition.accepted):
            return step
        text = NOT_FULL_WIDEN if widening else NOT_FULL_ENDED
        late = own_draws.new_times_first(draw, rules, turn.now)
        facts = {"missing": draw.needed - draw.agreed, "most": rules.supplement.widenings_max, "late": late}
        return replace(step, text=text.format(**facts), label=step.label if widening else STATUS_PAGE)

    general = NOT_FULL_GENERAL.format(widening=widening)
    words = (commands.SUPPLEMENT, commands.DRAWS)
    question = DrawQuestion(step, NOT_FULL_NOTHING, general, words, first=_MISSING, refine=refine)
    answer = await own_draws.answer(turn, question)
    return f"{NOT_NAMED}\n{answer}" if _ASKS_TO_NAME.search(turn.message.text) else answer


async def tell_verification(turn: Turn) -> str:
    """Where the newest application of a draw stands, or that of its release; the verifier is not named."""
    book = turn.services.deps.book(turn.user.pool)

    def step(draw: WorkLine) -> DrawStep | None:
        until = own_draws.release_until(draw, book.draw)
        if draw.state in _PANEL:
            shown = VERIFY_RELEASE.get(draw.release) if turn.now <= until else None
        else:
            shown = VERIFY_DRAW.get(draw.state)
        if shown is None:
            return None
        facts = {"hotline": book.pool.hotline, "next": to_do_of(draw, turn.now), "until": print_time(until)}
        return replace(shown, text=shown.text.format(**facts))

    async def refine(actor: Actor, draw: WorkLine, step: DrawStep) -> DrawStep:
        applications = await turn.services.draws.verification_queries.applications_of_draw(draw.id)
        if not applications or draw.state == DrawState.VERIFIED:
            return step
        newest = applications[0]
        where = VERIFY_WHERE.format(terminal=wording.plain_text(newest.terminal), at=print_time(newest.submitted_at))
        lines = [step.text, where]
        if newest.state == VerificationState.REFUSED and newest.opinion:
            opinion = wording.plain_text(newest.opinion[:_OPINION_MAX])
            lines.append(VERIFY_OPINION.format(opinion=opinion))
        return replace(step, text="\n".join(lines))

    terminals = "、".join(book.draw.terminals)
    general = VERIFY_GENERAL.format(terminals=terminals, hotline=book.pool.hotline)
    words = (commands.TO_DO, commands.DRAWS)
    return await own_draws.answer(turn, DrawQuestion(step, VERIFY_NOTHING, general, words, refine=refine))


async def offer_withdrawal(turn: Turn) -> str:
    """How the application is withdrawn or the calling stopped, each on its page."""
    book = turn.services.deps.book(turn.user.pool)
    rules = book.draw

    def step(draw: WorkLine) -> DrawStep | None:
        if _is_widening(draw):
            return WIDENING
        shown = WITHDRAW.get(draw.state)
        if shown is None or (draw.kind == "recall" and draw.started_at is not None):
            ended = _end_panel(draw, book, turn.now)
            return replace(ended, text=f"{WITHDRAW_PANEL}{ended.text}") if draw.kind != "recall" else ended
        facts = {"aborts": rules.commitments.aborts_max, "after": AFTER_FORCED_END[rules.exits.after_forced_end]}
        return replace(shown, text=shown.text.format(**facts))

    first = (DrawState.DRAWING, DrawState.PAUSED, DrawState.COMMITTING, DrawState.SUBMITTED)
    words = (commands.TO_DO, commands.DRAWS)
    return await own_draws.answer(turn, DrawQuestion(step, WITHDRAW_NOTHING, WITHDRAW_GENERAL, words, first=first))


async def offer_other_times(turn: Turn) -> str:
    """What of time and place can still be changed; the answer tells no expert anything."""
    rulebook = turn.services.deps.book(turn.user.pool)
    rules = rulebook.draw

    def step(draw: WorkLine) -> DrawStep:
        if draw.kind == "recall" and draw.state not in _NOT_RUNNING:
            return MOVED_RECALL
        day = _other_day(draw, rules, turn.now)
        if (shown := MOVED.get(draw.state)) is not None:
            return replace(shown, text=shown.text.format(day=day))
        most = rules.supplement.postpone_max if draw.state in _MISSING else None
        text = MOVED_GATHERING.format(
            start=print_time(draw.starts_at),
            place=MOVED_PLACE_EARLY if draw.state == DrawState.VERIFIED else MOVED_PLACE,
            postpone=MOVED_POSTPONE.format(most=print_length(most)) if most else "",
            day=day,
        )
        if draw.state in _PANEL and draw.kind != "recall" and _OTHER_DAY.search(turn.message.text):
            ended = _end_panel(draw, rulebook, turn.now)
            return replace(ended, text=f"{day}\n{ended.text}", brief=ended.label)
        return DrawStep(text, MOVED_PAGE, _RUN)

    first = (*_PANEL, *_RUNNING, DrawState.COMMITTING, DrawState.VERIFIED)
    words = (commands.TO_DO, commands.DRAWS)
    return await own_draws.answer(turn, DrawQuestion(step, MOVED_NOTHING, MOVED_GENERAL, words, first=first))


async def offer_cancellation(turn: Turn) -> str:
    """How the experts are released, or the activity ended before any was called; no expert is told of it here."""
    book = turn.services.deps.book(turn.user.pool)

    def step(draw: WorkLine) -> DrawStep:
        if _is_widening(draw):
            return WIDENING
        if draw.kind == "recall" and draw.started_at is not None:
            return _end_panel(draw, book, turn.now)
        return CANCELLED.get(draw.state) or _end_panel(draw, book, turn.now)

    general = CANCELLED_GENERAL.format(before=print_length(book.draw.release.before_start))
    words = (commands.TO_DO, commands.DRAWS)
    return await own_draws.answer(
        turn, DrawQuestion(step, CANCELLED_NOTHING, general, words, first=(*_PANEL, *_RUNNING))
    )


def _is_widening(draw: WorkLine) -> bool:
    """Experts were called before: an order for wider regions is being fixed."""
    return draw.state == DrawState.COMMITTING and draw.started_at is not None


def _end_panel(draw: WorkLine, book: Rulebook, now: datetime) -> DrawStep:
    """How a panel that was drawn is given up."""
    if draw.present:
        return replace(PANEL_HAS_MET, text=PANEL_HAS_MET.text.format(present=draw.present))
    if draw.kind == "recall":
        return RECALL_ENDED
    until = own_draws.release_until(draw, book.draw)
    if now > until:
        shown = RELEASE_LATE
    elif draw.release in (VerificationState.SUBMITTED, VerificationState.APPROVED):
        shown = VERIFY_RELEASE[draw.release]
    else:
        shown = RELEASE_OFFERED
    facts = {"until": print_time(until), "causes": "、".join(book.draw.release.causes), "hotline": book.pool.hotline}
    return replace(shown, text=shown.text.format(**facts))


def _other_day(draw: WorkLine, rules: DrawRules, now: datetime) -> str:
    """How the evaluation gets another day, or an earlier time."""
    if draw.started_at is None:
        return MOVED_DAY_EARLY
    until = own_draws.release_until(draw, rules)
    return MOVED_DAY.format(until=print_time(until)) if now <= until else MOVED_DAY_LATE


ANSWERS: Mapping[str, Handler] = {
    "draw_status": tell_status,
    "not_full": tell_not_full,
    "verify_status": tell_verification,
    "draw_withdraw": offer_withdrawal,
    "opening_moved": offer_other_times,
    "project_cancelled": offer_cancellation,
}
