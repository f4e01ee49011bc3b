"""What a caller to the pool's number hears. Pure.

No more than a call of the pool says: time, place and remark, never project, parties, names or the code, since a person
beside the expert may listen.
"""

from __future__ import annotations

from datetime import datetime

from domain.clock import name_near_days
from domain.draws.lifecycles import InvitationState
from domain.rulebook.book import Rulebook
from domain.rulebook.notice_texts import remark_params, time_params
from domain.rulebook.sections import VoiceRules
from services.draws.calls.invitation_views import InvitationView

GREETING = "您好，这里是评标专家库，本号码用于评标通知。请输入您身份证号的后四位，最后一位是字母X的，请按星号键。"
DIGITS_AGAIN = "没有核对成功。请重新输入您身份证号的后四位，最后一位是字母X的，请按星号键。"
NOT_FOUND = "没有核对成功。请用您登记的手机号拨打，或在微信和短信链接里办理。"
NOT_IN_SERVICE = "您拨打的号码没有开通。"
INVALID_KEY = "按键无效。"
NOT_CONFIRMED = "没有确认。"
SILENT = "没有收到按键。您也可以在微信或短信链接里答复。"
NOTHING = "目前没有等您答复的邀请，也没有您已确认参加的评标。"
BYE = "再见。"

_HELP = "有疑问请拨打{hotline}。"
_HOURS = "人工服务时间，{hours}。"
_INVITED = "您被随机抽取为评标专家，还没有答复。"
_RECALLED = "您参加过的一场评标需要复评，还没有答复。"
_PANEL = "您已确认参加评标。"
_WHERE = "集合时间：{time}，集合地点：{place}。"
_ANSWER_KEYS = "参加请按{attend}，不参加请按{decline}，重听请按{repeat}。"
_LEAVE_KEYS = "不能到场、要请假的请按{decline}，重听请按{repeat}。"
_REPEAT_KEY = "重听请按{repeat}。"
_NEXT_KEY = "听下一场请按{next}。"
_MOVED = "时间有改动，等您答复，请查看微信或短信，答复能否按新的时间到场。"
_LEAVE_ASKED = "有人为您登记了请假，请查看微信或短信，确认是否属实。"
_ENTERED = "您已签到，要离场请告诉现场工作人员。"
_CONFIRM = {
    "accept": "已选参加。再按{attend}确认。",
    "decline": "已选不参加。再按{decline}确认。",
    "leave": "{consequence}确认请假，请再按{decline}。",
}
_ACCEPTED = "已确认您参加评标，验证码见短信。"
_DECLINED = "已记录您不参加，不影响您今后被抽取。"
_LEFT = "请假已登记，您无需到场。"
_STATES = {
    InvitationState.ACCEPTED: "您已确认参加{time}的评标。",
    InvitationState.DECLINED: "您已答复不参加{time}的评标。",
    InvitationState.SILENT: "{time}的评标邀请已经结束，您没有答复，无需到场。",
    InvitationState.LEFT: "{time}的评标，您已请假，无需到场。",
}
_OVER = "{time}的评标，您无需到场。"


def next_key(voice: VoiceRules) -> str:
    """The key for the next panel: one that has no other meaning."""
    return next(key for key in "0987" if key not in (voice.attend, voice.decline, voice.repeat))


def spoken_time(at: datetime, now: datetime) -> str:
    return name_near_days(time_params(at)["gathering_spoken"], now)


def help_text(book: Rulebook) -> str:
    hours = _HOURS.format(hours=book.help.hours) if book.help.hours else ""
    return _HELP.format(hotline=book.pool.hotline) + hours


def invitation_text(book: Rulebook, view: InvitationView, now: datetime, *, more: bool) -> str:
    """An open invitation and the keys that answer it."""
    head = _RECALLED if view.recall else _INVITED
    return head + _where(view, now) + _keys(_ANSWER_KEYS, book.voice, more=more)


def panel_text(book: Rulebook, view: InvitationView, now: datetime, *, more: bool) -> str:
    """A panel that the expert has accepted, with the key for leave where he may take it on the phone."""
    keys = _LEAVE_KEYS if may_leave_by_key(view, now) else _REPEAT_KEY
    return _PANEL + _where(view, now) + _pending(view) + _keys(keys, book.voice, more=more)


def may_leave_by_key(view: InvitationView, now: datetime) -> bool:
    """A question that waits for him has consequences of its own, which messages and pages explain."""
    return view.may_leave(now) and not view.proposal and view.leave_asked_until is None


def confirmation_text(book: Rulebook, choice: str, *, late: bool) -> str:
    """What a key means, and that it counts when it is pressed again."""
    rule = book.draw.leave
    consequence = rule.late_consequence if late else rule.consequence
    keys = {"attend": book.voice.attend, "decline": book.voice.decline}
    return _CONFIRM[choice].format(consequence=consequence, **keys)


def outcome_text(view: InvitationView, now: datetime, *, effective: bool) -> str:
    """What an act has brought about; not ``effective``: what held already."""
    made = {InvitationState.ACCEPTED: _ACCEPTED, InvitationState.DECLINED: _DECLINED, InvitationState.LEFT: _LEFT}
    if effective and view.state in made:
        return made[view.state]
    return state_text(view, now)


def state_text(view: InvitationView, now: datetime) -> str:
    """The state of an invitation that can't be answered any more."""
    return _STATES.get(view.state, _OVER).format(time=spoken_time(view.gathering_at, now))


def _where(view: InvitationView, now: datetime) -> str:
    where = _WHERE.format(time=spoken_time(view.gathering_at, now), place=view.place)
    return where + remark_params(view.remark)["remark"]


def _pending(view: InvitationView) -> str:
    if view.checked_in_at is not None:
        return _ENTERED
    if view.proposal:
        return _MOVED
    return _LEAVE_ASKED if view.leave_asked_until is not None else ""


def _keys(text: str, voice: VoiceRules, *, more: bool) -> str:
    keys = {"attend": voice.attend, "decline": voice.decline, "repeat": voice.repeat, "next": next_key(voice)}
    return (text + (_NEXT_KEY if more else "")).format(**keys)
