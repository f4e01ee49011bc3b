"""Answers about invitations: taking part or not, the call that brought them, moved times, recusal, recalls."""

from __future__ import annotations

import re
from collections.abc import Mapping

from bot.router import Answer, Handler
from bot.turn import Turn
from domain.clock import local, print_near_time, print_time
from domain.draws.agreed_times import missing_from
from domain.draws.answers import No, Unsure, understand
from domain.draws.lifecycles import InvitationState
from domain.rulebook.reading import print_length
from handlers import commands, invitations, leave, people, pools, texts, time_changes, wording
from handlers.answers import own_panels
from handlers.answers.own_panels import OwnPanels
from handlers.picking import panel_options
from services.draws import InvitationView

_SHOWN = 2
"""As many agreed panels with all that is known of them as fit one bubble."""

AGREED_ALREADY = "您已确认参加，不用再答复："
STILL_VALID = "邀请还有效，您还没有答复。"
CALLED_ABOUT_THIS = "来电问的就是这个邀请，不用回拨，在这里答复一样有效。"
CALLED_ABOUT_A_MOVE = "来电问的是这件事，不用回拨，在这里答复一样有效："
URGED = "来电应该是催您到场：{time}集合的评标，您还没有签到。"
CALLED_ABOUT_AN_END = "来电说的应该是："
NEWEST_NOTICE = "没有等您答复的事。最近发给您的通知是{time}的“{title}”。"
NOTHING_CALLED = "没有查到等您答复的事。"
NO_CALL_BACK = "来电号码不能回拨；要找人请拨打{hotline}。"
CALL_BACK = "回拨{number}，输入身份证号后四位，也能收听和办理；要找人请拨打{hotline}。"
CALL_OUTCOMES = {
    "under_way": "{time}给您打的电话，结果还没有返回。",
    "missed": "{time}给您打的电话没有接通。",
    "no_key": "{time}的电话接通了，没有收到按键。",
    "unconfirmed": "{time}的电话里，按的键没有再按一次确认，不算答复。",
}
NO_KEY_NEEDED = "没有按成也没关系，在这里答复一样有效。"
NO_MORE_KEYS = "不用再按键，您已确认参加："
KEYS = "电话里按{attend}参加，按{decline}不参加，按{repeat}重听{twice}。"
KEYS_TWICE = "；参加和不参加都要再按一次同样的键确认"
KEYS_INSTEAD = "没听清或没有按成的，也可以在微信或短信链接里答复，一样有效。"
NO_LEAVE = "没有您的请假，您仍在名单内："
NO_LEAVE_TO_UNDO = "没有查到您的请假。"
LEAVE_IS_FINAL = "{time}的评标您已请假，不能撤销：名额已空出，由系统补抽其他专家，您无需到场。"
LEAVE_AFTERWARDS = "这场不会再通知您，以后的抽取照常。有特殊情况请致电{contact}。"
LEAVE_RULE = "确认参加后，集合前{before}可以请假，要写原因，不用证明，也不用批准。"
LEAVE_LATE_RULE = "过了这个时间仍可请假，会如实记录，后果在确认前写明。"
LEAVE_OWN = "您{time}的评标，请在{until}前请假。"
LEAVE_OWN_LATE = "您{time}的评标，请假时间已过；去不了的请马上请假。"
LEAVE_TOLD_TO_STAFF = "您已签到，要离场请直接告诉现场工作人员。"
_ASKS_ABOUT_REFUSING = re.compile("拒绝|不参加|不答应|不接受|推掉|没答复|不答复|没接")
REFUSAL_RULE = "不参加邀请或没有在邀请写的时间前答复，记入履职记录，不影响今后被抽取。"
ABSENCE_RULE = "没有请假又不到场的，场地或代理机构会登记缺席，管理机构可能处理，您可以申诉。"
NO_POINTS = "系统不扣分，也不限次数；本地另有规定的，请拨打{hotline}。"
RECUSE_WAITING = "没有答复的邀请，您知道有利害关系的，请申报有关单位，或直接答复不参加。"
RECUSE_AGREED = "{time}的评标要回避的，请申报有关单位；系统核对后确有关系的自动回避，无需到场，不影响今后被抽取。"
RECUSE_BY_LEAVE = "也可以在{until}前请假。"
RECUSE_BY_LATE_LEAVE = "也可以请假（请假时间已过，会如实记录），并致电{contact}。"
RECUSE_THERE = "请马上告诉现场工作人员，由工作人员登记现场回避，确认前请不要离开，也不要参加评审。"
RECUSE_ALWAYS = "近亲属的工作单位、您任职过的单位和其他有利害关系的单位，都请申报回避，登记后立即生效。"
RECUSE_SEALED = "投标人有哪些，评标开始前不能告诉您，请不要在这里写单位名称；拿不准的请申报。"
NOT_MOVED = "没有等待您答复的改期，您确认的评标请按约定的时间到场："
OWN_MOVE = "评标时间由代理机构定，您自己不能改；这个时间去不了的请请假，有困难请问联系人。"
RECALL_WAITS = "您有一场复评等您本人答复：{time}集合。"
RECALL_AGREED = "您已确认参加{time}集合的复评。"
NO_RECALL = "您现在没有待答复的复评。"
RECALL_RULE = "复评由原来的评标专家参加，不重新抽取；可以答复不参加，不答复记为未答复，都不影响今后被抽取。"
RECALL_OWN_WORD = "别人替您登记的答复，以您本人的答复为准。"
RECALL_PAY = "酬劳和其他评标一样，结束后由场地提出，您在“酬劳”里确认。"
RECALL_SEALED = "是哪个项目、为什么复评，到现场才告知。认为应通知您而没有通知的，请拨打{hotline}。"


async def accept(turn: Turn) -> Answer:
    """A sentence never counts at once: an open invitation is read back, a question about an agreed panel shown."""
    own = await own_panels.read_own(turn)
    if own.waiting:
        return invitations.answer_invitation.start(panel_options(own.waiting), "perhaps", "")
    if questions := own_panels.question_lines(own.expected, turn.now):
        return own_panels.with_taps(turn, questions, commands.PANELS)
    return await _tell_agreed(turn, own, AGREED_ALREADY)


async def _tell_agreed(turn: Turn, own: OwnPanels, first: str) -> str:
    if not own.agreed:
        return await own_panels.tell_recent(turn, own, texts.NO_OPEN_INVITATION, commands.PANELS)
    return own_panels.with_taps(turn, [first, *_agreed_lines(turn, own)], commands.PANELS)


def _agreed_lines(turn: Turn, own: OwnPanels, shown: int = _SHOWN) -> list[str]:
    views = own.agreed[:shown]
    return [line for view in views for line in (wording.agreed_panel(view, turn.now), *invitations.undo_lines(view))]


async def tell_whether_it_is_open(turn: Turn) -> Answer:
    own = await own_panels.read_own(turn)
    if own.waiting:
        return invitations.answer_invitation.start(panel_options(own.waiting), "", STILL_VALID)
    return await _tell_agreed(turn, own, AGREED_ALREADY)


async def explain_missed_call(turn: Turn) -> Answer:
    own = await own_panels.read_own(turn)
    if own.waiting:
        call = await _last_call_text(turn, own)
        return invitations.answer_invitation.start(panel_options(own.waiting), "", call + CALLED_ABOUT_THIS)
    if questions := own_panels.question_lines(own.expected, turn.now):
        return own_panels.with_taps(turn, [CALLED_ABOUT_A_MOVE, *questions], commands.PANELS)
    if own.expected and turn.now >= missing_from(own.expected[0]):
        view = own.expected[0]
        urged = URGED.format(time=print_near_time(view.gathering_at, turn.now))
        lines = [urged, own_panels.place_line(view), own_panels.contact_line(view)]
        return own_panels.with_taps(turn, lines, commands.CHECK_IN)
    hotline = turn.services.deps.book(turn.user.pool).pool.hotline
    if recent := await own_panels.recent_lines(turn, own):
        return own_panels.with_taps(turn, [CALLED_ABOUT_AN_END, *recent], commands.NOTICES)
    number = turn.services.draws.incoming_calls.number_of(turn.user.pool)
    back = CALL_BACK.format(number=number, hotline=hotline) if number else NO_CALL_BACK.format(hotline=hotline)
    lines = [await _newest_notice(turn), back]
    return own_panels.with_taps(turn, lines, commands.NOTICES, commands.INVITATIONS)


async def _last_call_text(turn: Turn, own: OwnPanels) -> str:
    """What became of the newest call about the only open invitation; empty: nothing is known of one."""
    if len(own.waiting) > 1:
        return ""
    call = await turn.services.draws.invitation_queries.find_last_call(own.waiting[0].id)
    return CALL_OUTCOMES[call.outcome].format(time=f"{local(call.at):%H:%M}") if call is not None else ""


async def _newest_notice(turn: Turn) -> str:
    me = await people.get_expert(turn)
    notices = (await turn.services.notifications.history.notices_of(me.actor, limit=1)).items
    if not notices:
        return NOTHING_CALLED
    return NEWEST_NOTICE.format(time=print_near_time(notices[0].at, turn.now), title=notices[0].title)


async def explain_keys(turn: Turn) -> Answer:
    own = await own_panels.find_own(turn)
    if own.waiting:
        call = await _last_call_text(turn, own)
        return invitations.answer_invitation.start(panel_options(own.waiting), "", call + NO_KEY_NEEDED)
    if own.agreed:
        return await _tell_agreed(turn, own, NO_MORE_KEYS)
    voice = turn.services.deps.book(turn.user.pool).voice
    twice = KEYS_TWICE if voice.confirm_twice else ""
    keys = KEYS.format(attend=voice.attend, decline=voice.decline, repeat=voice.repeat, twice=twice)
    recent = await own_panels.recent_lines(turn, own)
    return own_panels.with_taps(turn, [*recent, keys, KEYS_INSTEAD], commands.INVITATIONS)


async def explain_undoing_a_leave(turn: Turn) -> Answer:
    own = await own_panels.read_own(turn)
    registered = [view for view in own.expected if view.leave_asked_until is not None]
    if registered:
        return own_panels.with_taps(turn, own_panels.question_lines(registered, turn.now), commands.PANELS)
    left = [view for view in await own_panels.find_recent(turn, own) if view.state is InvitationState.LEFT]
    lines = _left_lines(left[0]) if left else []
    if own.agreed:
        shown = _SHOWN - len(left[:1])
        lines += [NO_LEAVE if not left else texts.PANELS, *_agreed_lines(turn, own, shown)]
    return own_panels.with_taps(turn, lines or [NO_LEAVE_TO_UNDO], commands.PANELS)


def _left_lines(view: InvitationView) -> list[str]:
    contact = LEAVE_AFTERWARDS.format(contact=wording.contact(view))
    return [LEAVE_IS_FINAL.format(time=print_time(view.gathering_at)), contact]


async def explain_leave_rules(turn: Turn) -> str:
    own, book = await own_panels.find_own(turn), turn.services.deps.book(turn.user.pool)
    lines = [LEAVE_RULE.format(before=print_length(book.draw.leave.allowed_until)), book.draw.leave.consequence]
    lines.append(LEAVE_LATE_RULE)
    for view in own.expected[: own_panels.SHOWN]:
        until = print_near_time(view.leave_until, turn.now) if view.leave_until is not None else ""
        text = LEAVE_OWN_LATE if view.leave_is_late(turn.now) else LEAVE_OWN
        lines.append(text.format(time=print_near_time(view.gathering_at, turn.now), until=until))
    if own.agreed and not own.expected:
        lines.append(LEAVE_TOLD_TO_STAFF)
    refusal_first = bool(_ASKS_ABOUT_REFUSING.search(turn.message.text))
    lines = [REFUSAL_RULE, *lines] if refusal_first else [*lines, REFUSAL_RULE]
    lines += [ABSENCE_RULE, NO_POINTS.format(hotline=book.pool.hotline)]
    if turn.user.bound:
        lines.append(pools.page_line(turn, texts.OWN_FILE_PAGE, "file"))
    return own_panels.with_taps(turn, lines, commands.LEAVE)


async def explain_recusal(turn: Turn) -> str:
    own = await own_panels.read_own(turn)
    present = [view for view in own.agreed if view.checked_in_at is not None and view.checked_out_at is None]
    if present:
        lines = [RECUSE_THERE]
    elif own.expected:
        lines = _recusal_lines(turn, own.expected[0])
    elif own.waiting:
        lines = [RECUSE_WAITING]
    else:
        recused = [view for view in await own_panels.find_recent(turn, own) if view.recused]
        lines = [*(wording.state_text(view, turn.now) for view in recused), RECUSE_ALWAYS]
    page = pools.page_line(turn, texts.RECUSAL_PAGE, "file/recusal")
    return own_panels.with_taps(turn, [*lines, RECUSE_SEALED, page], commands.PANELS)


def _recusal_lines(turn: Turn, view: InvitationView) -> list[str]:
    declare = RECUSE_AGREED.format(time=print_near_time(view.gathering_at, turn.now))
    if view.leave_until is not None and not view.leave_is_late(turn.now):
        return [declare, RECUSE_BY_LEAVE.format(until=print_near_time(view.leave_until, turn.now))]
    return [declare, RECUSE_BY_LATE_LEAVE.format(contact=wording.contact(view))]


async def answer_moved_time(turn: Turn) -> Answer:
    """A clear refusal is read back; anything else shows the moved times with the taps that answer."""
    own = await own_panels.read_own(turn)
    moved = [view for view in own.agreed if view.proposal]
    meaning = understand(turn.message.text)
    if moved:
        if isinstance(meaning, No):
            return time_changes.answer_move.start(panel_options(moved), False)
        return own_panels.with_taps(turn, own_panels.question_lines(moved, turn.now), commands.PANELS)
    if own.waiting:
        doubt = meaning.doubt.value if isinstance(meaning, Unsure) else ""
        choice = "decline" if isinstance(meaning, No) else ""
        return invitations.answer_invitation.start(panel_options(own.waiting), choice, doubt)
    if own.expected:
        lines = own_panels.describe(own.expected, turn.now, lambda view: [own_panels.contact_line(view)])
        return own_panels.with_taps(turn, [NOT_MOVED, *lines, OWN_MOVE], commands.LEAVE, commands.PANELS)
    return await own_panels.tell_recent(turn, own, texts.NOTHING_MOVED, commands.PANELS)


async def explain_recall(turn: Turn) -> str:
    own = await own_panels.find_own(turn)
    lines = [_recall_line(turn, view) for view in own.all if view.recall]
    if not lines:
        recent = [view for view in await own_panels.find_recent(turn, own) if view.recall]
        lines = [wording.state_text(view, turn.now) for view in recent]
    if not lines and turn.user.bound:
        lines = [NO_RECALL]
    hotline = turn.services.deps.book(turn.user.pool).pool.hotline
    rules = [RECALL_RULE, RECALL_OWN_WORD, RECALL_PAY, RECALL_SEALED.format(hotline=hotline)]
    return own_panels.with_taps(turn, [*lines, *rules], commands.PANELS, commands.REMUNERATION)


def _recall_line(turn: Turn, view: InvitationView) -> str:
    text = RECALL_WAITS if view.state is InvitationState.OPEN else RECALL_AGREED
    return text.format(time=print_near_time(view.gathering_at, turn.now))


ANSWERS: Mapping[str, Handler] = {
    "accept": accept,
    "cannot_come": leave.begin_leave_by_text,
    "undo_answer": invitations.offer_undo,
    "leave_undo": explain_undoing_a_leave,
    "leave_rules": explain_leave_rules,
    "invitation_open": tell_whether_it_is_open,
    "missed_call": explain_missed_call,
    "keys": explain_keys,
    "recusal_panel": explain_recusal,
    "move_answer": answer_moved_time,
    "recall": explain_recall,
}
