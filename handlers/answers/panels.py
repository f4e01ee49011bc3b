"""Answers about a panel: where, when, how long, what to bring, whom to ask, whether it takes place."""

from __future__ import annotations

import re
from collections.abc import Mapping
from datetime import timedelta

from bot.router import Handler
from bot.turn import Turn
from domain.chat_links import link
from domain.clock import local, print_near_time, print_time
from domain.draws.agreed_times import check_in_opens
from domain.draws.lifecycles import InvitationState
from domain.payments.money import yuan
from domain.remuneration.fees import LABELS
from domain.rulebook.book import Rulebook
from handlers import commands, texts, wording
from handlers.answers import own_panels
from services.draws import InvitationView

PLACE_HINT = "路线请在地图里搜索这个地址；楼栋、楼层和入口请问联系人。改期只改时间，不改地点。"
TIME = "集合时间：{time}（北京时间，{mark}）"
CHECK_IN_FROM = "{opens}起可以签到，请在集合时间前到场。"
CHECK_IN_OPEN = "现在已经可以签到。"
TIME_HINT = "几条消息的时间不一样时，以这里的为准。"
ENDS = "预计结束：{time}，是代理机构的估计，评完为止，可能会延长。"
OVER_NIGHT = "预计不能当天评完，可能要过夜；住宿和能否回家请问联系人。"
NO_END = "每场评标的预计结束时间不同，收到邀请后再问就能看到。您现在没有待参加的评标。"
BRING = "请带身份证。"
NO_REMARK = "这场的通知没有写其他注意事项。"
BRING_HINT = "手机、电脑、CA锁、药品等要不要带、能不能带，通知没有写的请问联系人。"
BRING_ALWAYS = "请带身份证。其他要求写在每场邀请的“注意事项”里，没有写的请问邀请上的联系人。"
LEAVE_BY_DESK = "评完离开时，请告诉现场工作人员登记离场，酬劳按登记的时间计算。"
NO_PARKING = "系统里没有停车、用餐和住宿的安排，请问联系人。"
NO_PARKING_ANYWHERE = "停车、用餐和住宿由评标现场安排，系统里没有登记，请问邀请上的联系人。"
TRAVEL_PAID = "交通：按{standard}，来自其他城市的专家有{parts}，这里不用交票据。"
TRAVEL_PART = "{name}{amount}元"
_ASKS_FOR_FARES = re.compile("路费|车费|交通|打车|的士|出租|油费|油钱|过路|高铁|火车|机票|车票|差旅|报销")
TRAVEL_ASK = "车费、住宿费由谁出，以付款的抽取单位为准，请问联系人。"
ASK_STAFF = "您已在现场，直接问工作人员最快。"
NO_ANSWER_THERE = "联系人的电话打不通，请拨打{hotline}。"
NO_CONTACT = "您现在没有待参加的评标，所以没有联系人；收到邀请后，联系人和电话都写在邀请里。其他事情请拨打{hotline}。"
GO_THERE = "请到通知写的集合地点评标，不能改在家里或单位评。远程异地评标的，这里就是您的评标地点。"
SEAT = "座位、系统和签章怎么用，请问联系人。"
GO_THERE_ALWAYS = "评标要到邀请写的集合地点，不能改在家里或单位评；远程异地评标也是到邀请写的地点。"
REMOTE_FIELD = "是否接受异地评标，登记在您的档案里。"
TAKES_PLACE = "没有取消，照常进行。"
TAKES_PLACE_MOVED = "没有取消，要改期。"
STILL_ASKED = "没有取消，邀请还在等您答复。"
HEARD_OTHERWISE = "听到别的说法，出发前请致电联系人核实。"
NO_REASON = "取消的原因系统不告知专家；这不是您的责任，不影响今后被抽取。"
NOTHING_CANCELLED = "没有查到您的评标活动，也没有最近取消的。请在消息里核对发给您的通知："
_A_MOMENT = timedelta(seconds=1)
"""What ends at midnight ends on that day."""
_WITHOUT_FAULT = (InvitationState.CANCELLED, InvitationState.RELEASED)


async def tell_place(turn: Turn) -> str:
    own = await own_panels.read_own(turn)
    if not own.all:
        return await own_panels.tell_recent(turn, own, texts.NO_PANELS, commands.INVITATIONS)
    lines = own_panels.describe(own.all, turn.now, _place_lines)
    return own_panels.with_taps(turn, [*lines, PLACE_HINT], commands.PANELS)


def _place_lines(view: InvitationView) -> list[str]:
    return [own_panels.place_line(view), own_panels.contact_line(view), *own_panels.remark_lines(view)]


async def tell_time(turn: Turn) -> str:
    own = await own_panels.read_own(turn)
    if not own.all:
        return await own_panels.tell_recent(turn, own, texts.NO_PANELS, commands.INVITATIONS)
    book = turn.services.deps.book(turn.user.pool)
    lines = [line for view in own.all[: own_panels.SHOWN] for line in _time_lines(view, turn, book)]
    lines += own_panels.question_lines(own.expected, turn.now)
    return own_panels.with_taps(turn, [*lines, TIME_HINT], commands.PANELS)


def _time_lines(view: InvitationView, turn: Turn, book: Rulebook) -> list[str]:
    time = print_near_time(view.gathering_at, turn.now)
    lines = [TIME.format(time=time, mark=own_panels.mark(view)), own_panels.place_line(view)]
    if view.state is InvitationState.ACCEPTED and view.checked_in_at is None:
        opens = check_in_opens(view, book.attendance)
        is_open = opens <= turn.now
        lines.append(CHECK_IN_OPEN if is_open else CHECK_IN_FROM.format(opens=print_near_time(opens, turn.now)))
    return lines


async def tell_duration(turn: Turn) -> str:
    own = await own_panels.read_own(turn)
    if not own.all:
        return await own_panels.tell_recent(turn, own, NO_END, commands.INVITATIONS)
    lines = own_panels.describe(own.all, turn.now, lambda view: _end_lines(view, turn))
    return own_panels.with_taps(turn, lines, commands.PANELS)


def _end_lines(view: InvitationView, turn: Turn) -> list[str]:
    if view.checked_out_at is not None:
        return [texts.LEFT_AT.format(time=print_time(view.checked_out_at))]
    lines = [ENDS.format(time=print_near_time(view.ends_at, turn.now))]
    if local(view.ends_at - _A_MOMENT).date() > local(view.gathering_at).date():
        lines.append(OVER_NIGHT)
    if view.checked_in_at is not None:
        return [*lines, LEAVE_BY_DESK]
    return [*lines, own_panels.contact_line(view)]


async def tell_what_to_bring(turn: Turn) -> str:
    own = await own_panels.find_own(turn)
    if not own.all:
        ended = await own_panels.recent_lines(turn, own)
        return own_panels.with_taps(turn, [*ended, BRING_ALWAYS], commands.INVITATIONS)
    lines = own_panels.describe(own.all, turn.now, _remark_and_contact)
    return own_panels.with_taps(turn, [BRING, *lines, BRING_HINT], commands.PANELS)


def _remark_and_contact(view: InvitationView) -> list[str]:
    return [*(own_panels.remark_lines(view) or [NO_REMARK]), own_panels.contact_line(view)]


async def tell_parking_and_meals(turn: Turn) -> str:
    own = await own_panels.find_own(turn)
    travel = _travel_line(turn.services.deps.book(turn.user.pool))
    if _ASKS_FOR_FARES.search(turn.message.text):
        contacts = own_panels.describe(own.all, turn.now, lambda view: [own_panels.contact_line(view)])
        return own_panels.with_taps(turn, [travel, *(contacts if own.all else [])], commands.REMUNERATION)
    lines = own_panels.describe(own.all, turn.now, _contact_and_place) if own.all else []
    return own_panels.with_taps(
        turn, [NO_PARKING if own.all else NO_PARKING_ANYWHERE, *lines, travel], commands.REMUNERATION
    )


def _contact_and_place(view: InvitationView) -> list[str]:
    return [own_panels.contact_line(view), own_panels.place_line(view), *own_panels.remark_lines(view)]


def _travel_line(book: Rulebook) -> str:
    table = book.remuneration.table
    if table is None or not (table.transport or table.difference):
        return TRAVEL_ASK
    parts = [
        TRAVEL_PART.format(name=LABELS[code], amount=yuan(amount).removesuffix(".00"))
        for code, amount in (("transport", table.transport), ("difference", table.difference))
        if amount
    ]
    return TRAVEL_PAID.format(standard=table.standard, parts="、".join(parts))


async def tell_contact(turn: Turn) -> str:
    own = await own_panels.read_own(turn)
    hotline = turn.services.deps.book(turn.user.pool).pool.hotline
    if not own.all:
        return await _tell_recent_contact(turn, own, hotline)
    lines = own_panels.describe(own.all, turn.now, _contact_lines)
    return own_panels.with_taps(turn, [*lines, NO_ANSWER_THERE.format(hotline=hotline)], commands.PANELS)


def _contact_lines(view: InvitationView) -> list[str]:
    is_there = view.checked_in_at is not None and view.checked_out_at is None
    there = [ASK_STAFF] if is_there else []
    return [own_panels.contact_line(view), *there, *own_panels.remark_lines(view)]


async def _tell_recent_contact(turn: Turn, own: own_panels.OwnPanels, hotline: str) -> str:
    """Whoever declined or did not answer has no business with the contact any more, as on the invitation's page."""
    lines = []
    for view in await own_panels.find_recent(turn, own):
        text, contact = wording.state_text(view, turn.now), wording.contact(view)
        is_told = view.state not in (InvitationState.DECLINED, InvitationState.SILENT) and contact not in text
        lines += [text, own_panels.contact_line(view)] if is_told else [text]
    lines = lines or [NO_CONTACT.format(hotline=hotline)]
    return own_panels.with_taps(turn, lines, commands.INVITATIONS, commands.REMUNERATION)


async def tell_of_remote_panels(turn: Turn) -> str:
    own = await own_panels.find_own(turn)
    if own.all:
        lines = own_panels.describe(own.all, turn.now, lambda view: [own_panels.place_line(view), *_seat_lines(view)])
        return own_panels.with_taps(turn, [GO_THERE, *lines], commands.PANELS)
    return own_panels.with_taps(turn, [GO_THERE_ALWAYS, *_remote_field_lines(turn)], commands.INVITATIONS)


def _seat_lines(view: InvitationView) -> list[str]:
    return [own_panels.contact_line(view), SEAT, *own_panels.remark_lines(view)]


def _remote_field_lines(turn: Turn) -> list[str]:
    """Where the pool's form asks whether an expert evaluates away from home."""
    if not turn.user.bound or "remote_evaluation" not in turn.services.deps.book(turn.user.pool).form.of_file().used():
        return []
    page = f"{turn.services.deps.public_url}/h5/{turn.user.pool}/file"
    return [REMOTE_FIELD, f"▸ {link(texts.OWN_FILE_PAGE, page)}"]


async def tell_whether_it_takes_place(turn: Turn) -> str:
    own = await own_panels.read_own(turn)
    recent = await own_panels.find_recent(turn, own)
    if own.agreed:
        recent = [view for view in recent if view.state in _WITHOUT_FAULT]
    lines = [wording.state_text(view, turn.now) for view in recent]
    if any(view.state in _WITHOUT_FAULT for view in recent):
        lines.append(NO_REASON)
    if own.agreed:
        lines += _takes_place_lines(turn, own)
    elif own.waiting:
        lines.append(STILL_ASKED)
    return own_panels.with_taps(turn, lines or [NOTHING_CANCELLED], commands.NOTICES, commands.PANELS)


def _takes_place_lines(turn: Turn, own: own_panels.OwnPanels) -> list[str]:
    moved = any(view.proposal for view in own.expected)
    lines = own_panels.describe(own.agreed, turn.now, lambda view: [own_panels.contact_line(view)])
    questions = own_panels.question_lines(own.expected, turn.now)
    return [TAKES_PLACE_MOVED if moved else TAKES_PLACE, *lines, HEARD_OTHERWISE, *questions]


ANSWERS: Mapping[str, Handler] = {
    "place": tell_place,
    "time": tell_time,
    "duration": tell_duration,
    "bring": tell_what_to_bring,
    "parking_meals": tell_parking_and_meals,
    "contact": tell_contact,
    "remote_panel": tell_of_remote_panels,
    "panel_cancelled": tell_whether_it_takes_place,
}
