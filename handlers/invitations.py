"""Answering an invitation: by tap, by number or in plain words; chosen, read back, confirmed, and only then counted.

A yes is never guessed. The invitation itself is the only truth: whoever answers second, on whatever channel, is told
what holds.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Literal, TypeAlias, cast
from uuid import UUID

from bot.router import Answer, Router
from bot.talk import Talk, conversation, is_number
from bot.turn import Turn
from domain.answers import No, Unsure, Yes, understand
from domain.clock import print_time
from domain.errors import InvalidInput
from domain.lifecycles import InvitationState
from domain.parsing import yes_or_no
from handlers import commands, people, texts, wording
from handlers.picking import Candidate, candidates, pick
from services.invitations import Answered, Choice, InvitationView

Said: TypeAlias = Literal["accept", "decline", "later"]

_FIRST_MENU_ID = 70_001
"""Where the ids of invitations' own choices begin (sequence ``menu_number``)."""


def register(router: Router) -> None:
    router.remember(answer)
    router.keyword(list_open, commands.INVITATIONS, "邀请", "我的邀请", "答复邀请")
    router.menu("INVITATIONS", list_open)
    router.tap(tapped)
    router.text(said_in_words)


async def list_open(turn: Turn) -> Answer:
    """Those that wait for an answer; the only one is asked about at once."""
    me = await people.get_expert(turn)
    waiting = await turn.services.invitations.list_open(me.expert_id)
    if not waiting:
        return f"{texts.NO_OPEN_INVITATION}\n{commands.tappable(commands.PANELS)}"
    return answer.start(candidates(waiting), "", "")


async def tapped(turn: Turn, tap: int) -> Answer:
    """A tapped 参加 or 不参加. Taken only from the one to whom it was offered."""
    if tap < _FIRST_MENU_ID:
        return None
    me = await people.get_expert(turn)
    found = await turn.services.invitations.find_by_menu_id(tap, me.expert_id)
    if found is None:
        return f"{texts.NOT_YOURS}\n{commands.tappable(commands.INVITATIONS)}"
    view, choice = found
    if view.state is not InvitationState.OPEN:
        return _outcome(Answered(False, view), choice, turn)
    return answer.start(candidates([view]), choice, "")


async def said_in_words(turn: Turn) -> Answer:
    """Free text of an expert who is being asked; anybody else's is not ours.

    A number alone answers a question. Where none is open it chooses nothing: what waits is shown, and asked about.
    """
    me = await people.find_expert(turn)
    if me is None:
        return None
    meaning = understand(turn.message.text)
    waiting = await turn.services.invitations.list_open(me.expert_id)
    if is_number(turn.message.text):
        return answer.start(candidates(waiting), "", "") if waiting else None
    if waiting:
        doubt = meaning.doubt.value if isinstance(meaning, Unsure) else ""
        return answer.start(candidates(waiting), _said(turn.message.text) or "", doubt)
    if isinstance(meaning, Unsure):
        return None
    return f"{texts.NO_OPEN_INVITATION}\n{commands.tappable(commands.PANELS)}"


@conversation("答复邀请")
async def answer(talk: Talk, offered: tuple[Candidate, ...], choice: str, doubt: str) -> None:
    """``choice`` is what was said already (empty: nothing), ``doubt`` why it wasn't clear."""
    me = await people.get_expert(talk)
    which = texts.WHICH_INVITATION.format(count=len(offered))
    invitation_id = await pick(talk, which, offered)
    view = await talk.read(talk.services.invitations.view, invitation_id, me.expert_id)

    said: Said = cast("Choice", choice) if choice else await _ask(talk, view, doubt)
    while said != "later":
        confirmed = await _read_back(talk, view, said)
        if confirmed == said:
            await _give(talk, invitation_id, me.expert_id, said)
            return
        said = confirmed
    await talk.say(texts.ANSWER_LATER.format(until=print_time(view.answer_until)))


async def _ask(talk: Talk, view: InvitationView, doubt: str) -> Said:
    question = "\n".join([
        texts.INVITED,
        wording.when_and_where(view),
        texts.ANSWER_BY.format(until=print_time(view.answer_until)),
        texts.ASK_BY_DOUBT.get(doubt, texts.ASK_ANSWER),
    ])  # fmt: skip
    options: dict[str, Said] = {texts.ATTEND: "accept", texts.DECLINE: "decline", texts.LATER: "later"}
    return await talk.choose(question, options, words=_said)


async def _read_back(talk: Talk, view: InvitationView, said: Choice) -> Said:
    """What was chosen once more. As on the phone 1 attends and 2 doesn't, so the same key twice confirms."""
    if said == "accept":
        question = f"{texts.READ_BACK_ACCEPT}\n{wording.when_and_where(view)}"
        labels = (texts.CONFIRM_ACCEPT, texts.CHANGE_TO_DECLINE, texts.LATER)
    else:
        question = texts.READ_BACK_DECLINE.format(time=print_time(view.gathering_at))
        labels = (texts.CHANGE_TO_ACCEPT, texts.CONFIRM_DECLINE, texts.LATER)
    values: tuple[Said, ...] = ("accept", "decline", "later")
    return await talk.choose(question, dict(zip(labels, values, strict=True)), words=_confirms(said))


async def _give(talk: Talk, invitation_id: UUID, expert_id: UUID, choice: Choice) -> None:
    answered = await talk.once(talk.services.invitations.answer, invitation_id, expert_id, choice, by="chat")
    await talk.say(_outcome(answered, choice, talk))


def _outcome(answered: Answered, choice: Choice, turn: Turn) -> str:
    """What holds now, whether or not it was this answer that decided."""
    view = answered.view
    accepted = view.state is InvitationState.ACCEPTED
    if accepted and choice == "decline":
        held = wording.agreed_panel(view, turn.now)
        return f"{texts.TOO_LATE_TO_DECLINE}\n{held}\n{commands.tappable(commands.LEAVE)}"
    if view.state is InvitationState.DECLINED and answered.effective:
        return texts.DECLINED.format(time=print_time(view.gathering_at))
    return wording.what_holds(view, turn.now)


def _said(text: str) -> Choice | None:
    match understand(text):
        case Yes():
            return "accept"
        case No():
            return "decline"
        case _:
            return None


def _confirms(said: Choice) -> Callable[[str], Said | None]:
    """Reads the answer to a read-back: 不参加 and 参加 mean themselves, a plain 是 what was read back."""

    def read(text: str) -> Said | None:
        if (choice := _said(text)) is not None:
            return choice
        try:
            return said if yes_or_no(text) else None
        except InvalidInput:
            return None

    return read
