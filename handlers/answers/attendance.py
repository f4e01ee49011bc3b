"""Answers to who is on the way or at the venue: checking in, not finding the place; coming late begins a talk."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.router import Handler
from bot.turn import Turn
from domain.clock import print_near_time, print_time
from domain.draws.agreed_times import check_in_opens
from domain.draws.lifecycles import InvitationState
from domain.rulebook.reading import print_length
from handlers import commands, late_arrivals, texts, wording
from handlers.answers import own_panels
from services.draws import InvitationView, venue_position

_ASKS_WHETHER = re.compile("了[吗没]|有没有|是不是|成功")
NOT_YET = "这一场您还没有签到。"
_HAS_ARRIVED = re.compile("到了|到门口|到楼下|到大厅|到场了|已经到|我到")
CHECK_IN_BY = "到场后{ways}，做到一样就签到了。"
BY_SCAN = "扫描现场二维码"
BY_POSITION = "回复“签到”并发送位置"
BY_CODE = "把验证码{code}告诉现场工作人员登记"
BY_A_CODE = "把邀请确认后收到的验证码告诉现场工作人员登记"
OR = "，或者"
OPENS = "{opens}起可以签到。"
OPENS_ALWAYS = "集合前{before}起可以签到。"
OPEN_NOW = "现在已经可以签到。"
IN_PERSON = "请本人用自己的手机，一部手机只能签一位专家。"
EXIT_BY_VENUE = "离场由现场工作人员登记，您不用办。"
ANSWER_FIRST = "{time}的评标您还没有答复，确认参加后才能签到。"
TOO_EARLY = "{time}的评标，{opens}起才能签到。"
QUICKEST = "最快的办法：把验证码{code}告诉现场工作人员，由工作人员登记签到。"
TRY_AGAIN = "也可以重新扫码：现场二维码每{valid}更换一次，拍下来的照片无效。"
TRY_POSITION = "也可以回复“签到”发送位置，须在集合地点{metres}米以内。"
STILL_FAILS = "还是不行，请致电{contact}。"
ENTERED = "您已于{time}签到，不用再办；催促的电话或短信可以不理会。"
MISSED_CHECK_IN = "{time}的评标没有您的签到记录，评标结束后在这里不能补签。请致电{contact}说明。"
OBJECT = "酬劳不对的，收到金额后请在“酬劳”里提出异议。"
NOT_ON_THE_LIST = "没有查到您待签到的评标。请核对通知是不是发给您本人的、是不是今天的，并给现场工作人员看。"
FETCH_ME = "找不到或进不了门，请致电{contact}，请对方指路或到门口接您。"
AT_THE_GATE = "门卫询问时请出示评标通知和身份证，验证码{code}只告诉评标现场的工作人员。"
LATE_FROM_THERE = "从那里赶来会晚到的，请回复“晚到”，我们马上通知现场。"
UNWELL_INSIDE = (
    "请马上告诉身边的工作人员，情况紧急请打120；也可以致电{contact}。\n"
    "您已进场，不用在这里请假；需要离开评标室的，由现场工作人员登记离场。"
)
UNWELL_ELSEWHERE = "情况紧急请打120。还没到场、去不了的，请回复“请假”；已经到现场的，请马上告诉工作人员。"
ARRIVED = "到了就可以签到：扫描现场二维码，或回复“签到”发送位置，或把验证码{code}告诉现场工作人员。"
INSIDE = "您已签到，请直接问现场工作人员。"
NOT_AGREED_YET = "您还没有确认参加这场评标，请先答复。"
NO_PANEL_TO_FIND = "没有查到您待参加的评标。请在消息里核对通知的日期和地点："


async def tell_how_to_check_in(turn: Turn) -> str:
    own = await own_panels.find_own(turn)
    if own.expected:
        lines = _check_in_lines(turn, own.expected[0])
        questions = own_panels.question_lines(own.expected[:1], turn.now)
        return own_panels.with_taps(turn, [*lines, *questions], commands.CHECK_IN, commands.PANELS)
    if own.agreed:
        return own_panels.with_taps(turn, _entered_lines(turn, own.agreed[0]), commands.PANELS)
    book = turn.services.deps.book(turn.user.pool)
    first = [ANSWER_FIRST.format(time=print_near_time(view.gathering_at, turn.now)) for view in own.waiting[:1]]
    ways = CHECK_IN_BY.format(ways=OR.join((BY_SCAN, BY_POSITION, BY_A_CODE)))
    opens = OPENS_ALWAYS.format(before=print_length(book.attendance.check_in_opens))
    return own_panels.with_taps(turn, [*first, ways, opens, IN_PERSON], commands.INVITATIONS)


def _check_in_lines(turn: Turn, view: InvitationView) -> list[str]:
    """The ways that lead to a check-in at this venue."""
    book = turn.services.deps.book(turn.user.pool)
    positioned = [BY_POSITION] if venue_position(book, view.venue) is not None else []
    ways = OR.join((BY_SCAN, *positioned, BY_CODE.format(code=view.code)))
    opens = check_in_opens(view, book.attendance)
    when = OPEN_NOW if opens <= turn.now else OPENS.format(opens=print_near_time(opens, turn.now))
    lines = [CHECK_IN_BY.format(ways=ways), when, IN_PERSON, own_panels.place_line(view)]
    if _ASKS_WHETHER.search(turn.message.text):
        lines.insert(0, NOT_YET)
    if view.claimed_at is not None:
        lines.insert(0, texts.CLAIMED_AT.format(time=print_time(view.claimed_at)))
    return lines


def _entered_lines(turn: Turn, view: InvitationView) -> list[str]:
    """Of a panel at which he has checked in."""
    if view.checked_out_at is not None:
        return [texts.LEFT_AT.format(time=print_time(view.checked_out_at))]
    lines = [ENTERED.format(time=print_time(view.checked_in_at or turn.now)), texts.CODE.format(code=view.code)]
    book = turn.services.deps.book(turn.user.pool)
    return [*lines, EXIT_BY_VENUE] if book.attendance.entry_and_exit else lines


async def help_to_check_in(turn: Turn) -> str:
    own = await own_panels.read_own(turn)
    if own.expected:
        lines = _mending_lines(turn, own.expected[0])
        return own_panels.with_taps(turn, lines, commands.CHECK_IN, commands.PANELS)
    if own.agreed:
        return own_panels.with_taps(turn, _entered_lines(turn, own.agreed[0]), commands.PANELS)
    if own.waiting:
        lines = [ANSWER_FIRST.format(time=print_near_time(own.waiting[0].gathering_at, turn.now))]
        return own_panels.with_taps(turn, lines, commands.PANELS)
    lines = await _ended_lines(turn, own)
    return own_panels.with_taps(turn, lines, commands.NOTICES, commands.REMUNERATION)


def _mending_lines(turn: Turn, view: InvitationView) -> list[str]:
    book = turn.services.deps.book(turn.user.pool)
    opens = check_in_opens(view, book.attendance)
    if turn.now < opens:
        time = print_near_time(view.gathering_at, turn.now)
        return [TOO_EARLY.format(time=time, opens=print_near_time(opens, turn.now))]
    again = [TRY_AGAIN.format(valid=print_length(book.attendance.qr_valid))]
    if venue_position(book, view.venue) is not None:
        again.append(TRY_POSITION.format(metres=book.attendance.radius_m))
    claimed = [texts.CLAIMED_AT.format(time=print_time(view.claimed_at))] if view.claimed_at is not None else []
    return [*claimed, QUICKEST.format(code=view.code), *again, STILL_FAILS.format(contact=wording.contact(view))]


async def _ended_lines(turn: Turn, own: own_panels.OwnPanels) -> list[str]:
    """Of a panel that is over: the newest one that he agreed to, else what became of his invitations."""
    recent = await own_panels.find_recent(turn, own)
    if recent:
        return [_state_line(turn, view) for view in recent]
    queries = turn.services.draws.invitation_queries
    past = await queries.list_panels(own.expert_id, past=True) if own.expert_id is not None else []
    if not past:
        return [NOT_ON_THE_LIST]
    if past[0].checked_in_at is not None:
        return _entered_lines(turn, past[0])
    missed = MISSED_CHECK_IN.format(time=print_time(past[0].gathering_at), contact=wording.contact(past[0]))
    return [missed, OBJECT]


def _state_line(turn: Turn, view: InvitationView) -> str:
    text = wording.state_text(view, turn.now)
    if view.state is not InvitationState.ABSENT:
        return text
    return f"{text}{texts.ABSENT_WRONGLY}"


async def help_when_unwell(turn: Turn) -> str:
    """Who has checked in can't ask for leave any more."""
    own = await own_panels.read_own(turn)
    inside = [view for view in own.agreed if view.checked_in_at is not None and view.checked_out_at is None]
    if inside:
        return own_panels.with_taps(turn, [UNWELL_INSIDE.format(contact=wording.contact(inside[0]))], commands.PANELS)
    return own_panels.with_taps(turn, [UNWELL_ELSEWHERE], commands.PANELS, commands.LEAVE)


async def help_to_find_the_place(turn: Turn) -> str:
    own = await own_panels.read_own(turn)
    views = own.today(turn.now) or own.all[:1]
    if not views:
        return await own_panels.tell_recent(turn, own, NO_PANEL_TO_FIND, commands.NOTICES)
    lines = own_panels.describe(views, turn.now, lambda view: _finding_lines(turn, view))
    check_in = (commands.CHECK_IN,) if any(view in own.expected for view in views) else ()
    late = (commands.LATE,) if late_arrivals.may_announce(turn, views) else ()
    return own_panels.with_taps(turn, lines, *check_in, *late, commands.PANELS)


def _finding_lines(turn: Turn, view: InvitationView) -> list[str]:
    if view.state is InvitationState.OPEN:
        return [NOT_AGREED_YET, own_panels.place_line(view), own_panels.contact_line(view)]
    if view.checked_in_at is not None:
        return [INSIDE, own_panels.place_line(view)]
    fetch = FETCH_ME.format(contact=wording.contact(view))
    gate = AT_THE_GATE.format(code=view.code)
    if _HAS_ARRIVED.search(turn.message.text):
        return [ARRIVED.format(code=view.code), fetch, gate, *own_panels.remark_lines(view)]
    where, *on_map = late_arrivals.way_lines(turn, view)[:-1]
    late = [LATE_FROM_THERE] if view.may_announce_delay(turn.now) else []
    return [where, *on_map, fetch, gate, *late, *own_panels.remark_lines(view)]


ANSWERS: Mapping[str, Handler] = {
    "check_in_how": tell_how_to_check_in,
    "check_in_failed": help_to_check_in,
    "late": late_arrivals.answer_late_sentence,
    "lost": help_to_find_the_place,
    "unwell": help_when_unwell,
}
