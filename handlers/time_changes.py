"""Times that were moved after the expert accepted (改期): he agrees, or gives up the place because of them."""

from __future__ import annotations

from bot.router import Answer, Router
from bot.talk import Talk, conversation
from bot.turn import Turn
from domain.clock import name_near_days, print_near_time
from handlers import commands, invitations, people, texts, wording
from handlers.picking import PickOption, panel_options, pick_panel


def register(router: Router) -> None:
    router.remember(answer_move)
    router.keyword(agree, commands.AGREE_MOVE)
    router.keyword(refuse, commands.REFUSE_MOVE)


async def agree(turn: Turn) -> Answer:
    return await _begin(turn, agrees=True)


async def refuse(turn: Turn) -> Answer:
    return await _begin(turn, agrees=False)


async def _begin(turn: Turn, *, agrees: bool) -> Answer:
    """Who hasn't accepted yet is asked for the moved time at once: his word, read back, answers the invitation."""
    me = await people.get_expert(turn)
    moved = [view for view in await people.panels_ahead(turn, me) if view.proposal]
    if moved:
        await people.note_shown(turn, me, moved)
        return answer_move.start(panel_options(moved), agrees)
    waiting = await people.open_invitations(turn, me)
    if waiting:
        return invitations.answer_invitation.start(panel_options(waiting), "perhaps" if agrees else "decline", "")
    return f"{texts.NOTHING_MOVED}\n{commands.tap_lines(commands.PANELS)}"


@conversation(commands.AGREE_MOVE, version=3)
async def answer_move(talk: Talk, panels: tuple[PickOption, ...], agrees: bool) -> None:
    """A refusal is read back, since it can't be undone; an agreement counts at once, unless the times moved more than
    once: the word doesn't tell which message its expert read. 1 agrees in either question, so that a refusal chosen
    where an agreement was read back is read back in turn. The answer counts for the times that were offered."""
    me = await people.get_expert(talk)
    panel = await pick_panel(talk, texts.MOVE_WHICH, panels)
    view = await talk.read(talk.services.draws.invitation_queries.view, panel.id, me.expert_id)
    talk.contact = wording.contact(view)
    if not panel.proposal:
        await talk.say(texts.NOTHING_MOVED)
        return
    moved = name_near_days(wording.moved_text(view), talk.now)
    times = talk.services.draws.time_changes
    is_confirmed = agrees and not await talk.once(times.is_asked_again, panel.id)
    while not is_confirmed:
        question = texts.MOVE_AGREE_READ_BACK if agrees else texts.MOVE_READ_BACK
        answer = await talk.choose(
            question.format(time=print_near_time(view.gathering_at, talk.now), moved=moved),
            {commands.AGREE_MOVE: True, texts.MOVE_NO: False},
            plain=(agrees, not agrees),
        )
        is_confirmed, agrees = answer or answer == agrees, answer
    stays = await talk.once(times.answer, panel.id, me.expert_id, agrees, panel.proposal, by="chat")
    await talk.say(texts.MOVE_AGREED.format(moved=moved) if stays else texts.MOVE_REFUSED)
    if stays and view.late_minutes is not None and view.proposed_gathering_at is not None:
        await talk.say(texts.DELAY_VOID)
