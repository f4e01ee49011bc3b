"""Answering an invitation: by tap, by number or in plain words.

An unmistakable tap or number for 参加 counts at once and can be undone until the deadline; plain words and every
不参加, which can't be undone, are read back and confirmed. Acceptance is never guessed. A second answer, on any
channel, gets the invitation's present state.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import replace
from datetime import datetime
from typing import Literal, TypeAlias, cast

from bot.router import Answer, Router, Settled
from bot.talk import Talk, conversation, is_number
from bot.turn import Turn
from domain.chat_links import choice as tappable_choice
from domain.clock import print_near_time, print_time
from domain.draws.answers import No, Unsure, Yes, understand
from domain.draws.lifecycles import InvitationState
from domain.errors import Conflict, InvalidInput
from domain.parsing import yes_or_no
from domain.understanding.decision import SMALL_TALK
from handlers import commands, meanings, people, texts, wording
from handlers.people import Me
from handlers.picking import PickOption, panel_options, pick_panel
from services.draws import MOVED, Answered, Choice, InvitationView

InvitationReply: TypeAlias = Literal["accept", "perhaps", "decline", "later"]
"""``perhaps``: words that sound like acceptance and are read back."""

_FIRST_MENU_ID = 70_001
"""Where the ids of invitations' own choices begin (sequence ``menu_number``)."""
_FIRST_UNDO_ID = 4_000_000_000_000_000
"""The id of 撤销 is its 参加's id plus this; the engine's ids lie above."""
_TALK = "答复邀请"


def register(router: Router) -> None:
    router.remember(answer_invitation)
    router.keyword(list_open_invitations, commands.INVITATIONS, "邀请", "我的邀请", "答复邀请", "去答复")
    router.menu("INVITATIONS", list_open_invitations)
    router.keyword(undo_by_word, texts.UNDO, "撤销参加", "撤销答复", "撤回")
    router.tap(answer_by_tap)
    router.text(answer_by_text)


async def list_open_invitations(turn: Turn) -> Answer:
    """Invitations that wait for an answer; a single one is asked about at once."""
    me = await people.get_expert(turn)
    waiting = await people.open_invitations(turn, me)
    if not waiting:
        return f"{texts.NO_OPEN_INVITATION}\n{commands.tap_lines(commands.PANELS)}"
    return answer_invitation.start(panel_options(waiting), "", "")


async def answer_by_tap(turn: Turn, tap: int) -> Answer:
    """A tapped 参加, 不参加 or 撤销. Accepted only from the expert to whom it was offered.

    The button doesn't tell which gathering time its message named: after a move the new one is asked about.
    """
    if tap < _FIRST_MENU_ID:
        return None
    me = await people.get_expert(turn)
    undoes = tap >= _FIRST_UNDO_ID
    offered = await turn.services.draws.invitation_queries.find_by_menu_id(tap - _FIRST_UNDO_ID * undoes, me.expert_id)
    if offered is None:
        return f"{texts.NOT_YOURS}\n{commands.tap_lines(commands.INVITATIONS)}"
    view, choice = offered
    if undoes:
        return await _undo_answer(turn, me, view)
    if view.state is not InvitationState.OPEN:
        return _outcome(Answered(False, view), choice, turn)
    if choice == "decline":
        return answer_invitation.start(panel_options([view]), choice, "")
    return await _accept_invitation(turn, me, view)


async def _accept_invitation(turn: Turn, me: Me, view: InvitationView) -> Answer:
    try:
        answered = await turn.services.draws.invitations.answer(
            view.id, me.expert_id, "accept", by="chat", sent_at=turn.message.sent_at
        )
    except Conflict as moved:
        _new_gathering(moved)
        return answer_invitation.start(panel_options([view]), "", moved.message)
    others = await people.open_invitations(turn, me)
    text = _outcome(answered, "accept", turn)
    if others:
        text = f"{text}\n\n{texts.OTHERS_WAIT.format(count=len(others))}\n{commands.tap_lines(commands.INVITATIONS)}"
    return Settled(text, (_TALK,))


async def _undo_answer(turn: Turn, me: Me, view: InvitationView) -> Answer:
    """Reopen the invitation and ask about it at once."""
    answered = await turn.services.draws.invitations.undo(
        view.id, me.expert_id, by="chat", sent_at=turn.message.sent_at
    )
    if answered.view.state is InvitationState.OPEN:
        return answer_invitation.start(panel_options([answered.view]), "", texts.UNDONE)
    if answered.view.state is InvitationState.ACCEPTED:
        return _cannot_undo_text(answered.view, turn)
    return wording.state_text(answered.view, turn.now)


async def undo_by_word(turn: Turn) -> Answer:
    """撤销, typed: undoes the only acceptance that can be undone; with several, all are shown with their taps."""
    me = await people.get_expert(turn)
    panels = await people.panels_ahead(turn, me)
    undoable = [view for view in panels if view.undo_until is not None]
    if len(undoable) == 1:
        return await _undo_answer(turn, me, undoable[0])
    if not undoable:
        return await _tell_that_it_stands(turn, me)
    return "\n\n".join(_agreed_panel_text(view, turn) for view in undoable)


async def _tell_that_it_stands(turn: Turn, me: people.Me) -> str:
    """What became of the last invitation that he doesn't come by; none: there is nothing to undo."""
    recent = await turn.services.draws.invitation_queries.list_recent(me.expert_id)
    if recent:
        last = wording.state_text(recent[0], turn.now)
        return f"{last}\n{commands.tap_lines(commands.PANELS)}"
    return f"{texts.NOTHING_TO_UNDO}\n{commands.tap_lines(commands.PANELS, commands.LEAVE)}"


async def offer_undo(turn: Turn) -> Answer:
    """点错了, in a sentence: shows what can be undone and its tap, but undoes nothing by itself."""
    me = await people.get_expert(turn)
    undoable = [view for view in await people.panels_ahead(turn, me) if view.undo_until is not None]
    return "\n\n".join(undo_first_text(view, turn) for view in undoable) or await undo_by_word(turn)


def _cannot_undo_text(view: InvitationView, turn: Turn) -> str:
    if view.undo_until is not None:
        return f"{texts.UNDO_STALE}\n{_agreed_panel_text(view, turn)}"
    if turn.now >= view.ends_at or view.checked_in_at is not None:
        return f"{texts.NOTHING_LEFT_TO_UNDO}\n{wording.agreed_panel(view, turn.now)}"
    return f"{texts.TOO_LATE_TO_UNDO}\n{wording.agreed_panel(view, turn.now)}\n{commands.tap_lines(commands.LEAVE)}"


async def answer_by_text(turn: Turn) -> Answer:
    """Free text of an expert who has an open invitation; anyone else's goes to the next handler.

    A number alone answers an open question. Without one it chooses nothing: the open invitations are shown and asked
    about. A sentence that surely means something else (听不到语音, 找不到地址) is no answer, whatever its words.
    """
    me = people.find_expert(turn)
    if me is None:
        return None
    meaning = understand(turn.message.text)
    waiting = await people.open_invitations(turn, me)
    if is_number(turn.message.text):
        return answer_invitation.start(panel_options(waiting), "", "") if waiting else None
    if waiting and isinstance(meaning, Yes):
        return answer_invitation.start(panel_options(waiting), "perhaps", "")
    if waiting:
        intent = await meanings.find_sure_intent(turn)
        if intent is not None and intent.id not in SMALL_TALK and not await meanings.speaks_of_coming(turn):
            return None
        doubt = meaning.doubt.value if isinstance(meaning, Unsure) else ""
        return answer_invitation.start(panel_options(waiting), _parse_reply(turn.message.text) or "", doubt)
    if not isinstance(meaning, Yes) or await meanings.find_sure_intent(turn) is not None:
        return None
    return f"{texts.NO_OPEN_INVITATION}\n{commands.tap_lines(commands.PANELS)}"


@conversation(_TALK, version=3)
async def answer_invitation(talk: Talk, offered: tuple[PickOption, ...], choice: str, doubt: str) -> None:
    """``choice`` is the answer given already (empty: none), ``doubt`` why it wasn't clear, or what just happened.

    All questions show the gathering time of the option, and the answer counts for it alone; if it has moved meanwhile,
    the new one is asked about.
    """
    me = await people.get_expert(talk)
    option = await pick_panel(talk, texts.WHICH_INVITATION.format(count=len(offered)), offered)
    while True:
        view = await talk.read(talk.services.draws.invitation_queries.view, option.id, me.expert_id)
        view = replace(view, gathering_at=option.gathering_at or view.gathering_at)
        talk.contact = wording.contact(view)
        answer = await _find_answer(talk, view, cast("InvitationReply | Literal['']", choice), doubt)
        if answer is None:
            await talk.say(texts.ANSWER_LATER.format(until=print_near_time(view.answer_until, talk.now)))
            return
        try:
            await _give_answer(talk, me, option, answer)
        except Conflict as moved:
            option = replace(option, gathering_at=_new_gathering(moved))
            choice, doubt = "", moved.message
        else:
            return


async def _find_answer(
    talk: Talk, view: InvitationView, reply: InvitationReply | Literal[""], doubt: str
) -> Choice | None:
    """Asks until the answer is clear; None: later."""
    reply = reply or await _ask_answer(talk, view, doubt)
    # Every change of mind is read back again: a refusal counts only once the same word was given twice running.
    while reply in ("perhaps", "decline"):
        confirmed = await _read_back_reply(talk, view, reply)
        if confirmed == reply == "decline":
            return "decline"
        reply = confirmed
    return "accept" if reply == "accept" else None


def _new_gathering(refusal: Conflict) -> datetime:
    """The time that is asked for after a move; another refusal is raised again."""
    if refusal.code != MOVED:
        raise refusal
    return datetime.fromisoformat(str(refusal.params["gathering"]))


async def _ask_answer(talk: Talk, view: InvitationView, doubt: str) -> InvitationReply:
    invited = texts.RECALLED if view.recall else texts.INVITED
    question = "\n".join(
        [
            invited if doubt in ("", *texts.ASK_BY_DOUBT) else doubt,
            wording.gathering_text(view, talk.now),
            texts.ANSWER_BY.format(until=print_near_time(view.answer_until, talk.now)),
            texts.ASK_BY_DOUBT.get(doubt, texts.ASK_ANSWER),
        ]
    )
    options: dict[str, InvitationReply] = {texts.ATTEND: "accept", texts.DECLINE: "decline", texts.LATER: "later"}
    return await talk.choose(question, options, words=_parse_reply)


async def _read_back_reply(talk: Talk, view: InvitationView, reply: InvitationReply) -> InvitationReply:
    """Read the answer back for confirmation. As on the phone 1 attends and 2 doesn't, so the same key twice
    confirms."""
    if reply == "decline":
        question = texts.READ_BACK_DECLINE.format(time=print_near_time(view.gathering_at, talk.now))
        labels = (texts.CHANGE_TO_ACCEPT, texts.CONFIRM_DECLINE, texts.LATER)
    else:
        question = f"{texts.READ_BACK_ACCEPT}\n{wording.gathering_text(view, talk.now)}"
        labels = (texts.CONFIRM_ACCEPT, texts.CHANGE_TO_DECLINE, texts.LATER)
    values: tuple[InvitationReply, ...] = ("accept", "decline", "later")
    return await talk.choose(question, dict(zip(labels, values, strict=True)), words=_confirmation_parser(reply))


async def _give_answer(talk: Talk, me: Me, option: PickOption, choice: Choice) -> None:
    answer, shown = talk.services.draws.invitations.answer, option.gathering_at
    answered = await talk.once(answer, option.id, me.expert_id, choice, by="chat", shown=shown)
    await talk.say(_outcome(answered, choice, talk))


def _outcome(answered: Answered, choice: Choice, turn: Turn) -> str:
    """The invitation's present state, whether or not this answer decided it."""
    view = answered.view
    if view.state is InvitationState.ACCEPTED:
        if choice == "accept":
            return f"{texts.ACCEPTED}\n{_agreed_panel_text(view, turn)}"
        if view.undo_until is None:
            panel_text = wording.agreed_panel(view, turn.now)
            return f"{texts.TOO_LATE_TO_DECLINE}\n{panel_text}\n{commands.tap_lines(commands.LEAVE)}"
        return undo_first_text(view, turn)
    if view.state is InvitationState.DECLINED and answered.effective:
        return texts.DECLINED.format(time=print_near_time(view.gathering_at, turn.now))
    return wording.state_text(view, turn.now)


def undo_first_text(view: InvitationView, turn: Turn) -> str:
    """The reply to an expert who has just accepted and now writes that he can't come: undo first."""
    return f"{texts.UNDO_FIRST}\n{_agreed_panel_text(view, turn)}"


def _agreed_panel_text(view: InvitationView, turn: Turn) -> str:
    """A panel that was accepted, with the tap that undoes it while that is possible."""
    return "\n".join([wording.agreed_panel(view, turn.now), *undo_lines(view)])


def undo_lines(view: InvitationView) -> list[str]:
    if view.undo_until is None:
        return []
    tap = tappable_choice(texts.UNDO, _FIRST_UNDO_ID + view.menu_id)
    return [texts.UNDO_UNTIL.format(until=print_time(view.undo_until)), f"▸ {tap}"]


def _parse_reply(text: str) -> InvitationReply | None:
    match understand(text):
        case Yes():
            return "perhaps"
        case No():
            return "decline"
        case _:
            return None


def _confirmation_parser(reply: InvitationReply) -> Callable[[str], InvitationReply | None]:
    """Parses the reply to a read-back: 参加 and 不参加 count as typed, a plain 是 confirms what was read back."""
    confirmed: InvitationReply = "decline" if reply == "decline" else "accept"

    def parse_confirmation(text: str) -> InvitationReply | None:
        if (reread := _parse_reply(text)) is not None:
            return confirmed if reread == reply else reread
        try:
            return confirmed if yes_or_no(text) else None
        except InvalidInput:
            return None

    return parse_confirmation
