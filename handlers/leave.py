"""Leave (请假) after accepting: which panel, the reason, the consequence, then a confirmation."""

from __future__ import annotations

from bot.router import Answer, Router
from bot.talk import Talk, conversation
from bot.turn import Turn
from domain.clock import print_near_time
from domain.errors import InvalidInput
from handlers import commands, invitations, people, texts, time_changes, wording
from handlers.picking import PickOption, panel_options, pick_option

REASON_LONGEST = 100
"""Characters; the database column holds 200."""


def register(router: Router) -> None:
    router.remember(ask_leave)
    router.keyword(begin_leave, commands.LEAVE, "我要请假", "申请请假")
    router.menu("LEAVE", begin_leave)
    router.remember(answer_registered_leave)
    router.keyword(confirm_registered_leave, commands.CONFIRM_LEAVE)
    router.keyword(deny_registered_leave, commands.WILL_COME)


async def begin_leave(turn: Turn) -> Answer:
    """For an expert who has not accepted yet this is a refusal, and is read back as one."""
    me = await people.get_expert(turn)
    panels = await people.panels_ahead(turn, me)
    ahead = [view for view in panels if view.checked_in_at is None]
    if len(ahead) == 1 and ahead[0].leave_asked_until is not None:
        return answer_registered_leave.start(panel_options(ahead), True)
    if len(ahead) == 1 and ahead[0].proposal:
        return time_changes.answer_move.start(panel_options(ahead), False)
    if ahead:
        return ask_leave.start(panel_options(ahead), "")
    if panels:
        return texts.ALL_CHECKED_IN
    waiting = await people.open_invitations(turn, me)
    if waiting:
        return invitations.answer_invitation.start(panel_options(waiting), "decline", "")
    return f"{texts.NOTHING_TO_LEAVE}\n{commands.tap_lines(commands.AVAILABILITY)}"


async def begin_leave_by_text(turn: Turn) -> Answer:
    """我生病了去不了: an expert who has accepted a panel is offered leave, with his words as the reason.

    While an invitation waits, such words answer it. An acceptance that can still be undone needs no leave.
    """
    me = await people.get_expert(turn)
    ahead = [view for view in await people.panels_ahead(turn, me) if view.checked_in_at is None]
    if not ahead or await people.open_invitations(turn, me):
        return await begin_leave(turn)
    if len(ahead) == 1 and ahead[0].undo_until is not None:
        return invitations.undo_first_text(ahead[0], turn)
    if len(ahead) == 1 and ahead[0].leave_asked_until is not None:
        return answer_registered_leave.start(panel_options(ahead), True)
    return ask_leave.start(panel_options(ahead), " ".join(turn.message.text.split())[:REASON_LONGEST])


@conversation(commands.LEAVE, version=3)
async def ask_leave(talk: Talk, panels: tuple[PickOption, ...], reason: str) -> None:
    """``reason`` as typed already; empty: it is asked for."""
    me = await people.get_expert(talk)
    rule = talk.services.deps.book(talk.user.pool).draw.leave
    invitation_id = await pick_option(talk, texts.LEAVE_WHICH, panels)
    view = await talk.read(talk.services.draws.invitation_queries.view, invitation_id, me.expert_id)
    time = print_near_time(view.gathering_at, talk.now)
    talk.contact = wording.contact(view)
    shown_late = False
    sure = "again"
    while sure == "again":
        reason = reason or await talk.ask(texts.ASK_REASON, parse=leave_reason, time=time)
        shown_late = view.leave_is_late(talk.now)
        consequence = rule.late_consequence if shown_late else rule.consequence
        sure = await talk.choose(
            texts.LEAVE_READ_BACK.format(time=time, reason=wording.plain_text(reason), consequence=consequence),
            {texts.LEAVE_YES: "yes", texts.LEAVE_NO: "no", texts.LEAVE_REASON: "again"},
            plain=("yes", "no"),
        )
        # What was read back before the deadline doesn't hold after it: the later consequence is read back as well.
        if sure == "yes" and not shown_late and view.leave_is_late(talk.now):
            sure = "again"
        elif sure == "again":
            reason = ""
    if sure == "no":
        await talk.say(texts.NOT_LEFT, time=time)
        return
    leave = talk.services.draws.invitations.leave
    await talk.once(leave, invitation_id, me.expert_id, reason, late=shown_late, by="chat")
    await talk.say(texts.LEFT_LATE if shown_late else texts.LEFT, time=time, contact=wording.contact(view))


async def confirm_registered_leave(turn: Turn) -> Answer:
    """The expert confirms a leave that another party registered for him."""
    return await _begin_answering_registered_leave(turn, agrees=True)


async def deny_registered_leave(turn: Turn) -> Answer:
    return await _begin_answering_registered_leave(turn, agrees=False)


async def _begin_answering_registered_leave(turn: Turn, *, agrees: bool) -> Answer:
    me = await people.get_expert(turn)
    panels = await people.panels_ahead(turn, me)
    asked_panels = [view for view in panels if view.leave_asked_until is not None]
    return answer_registered_leave.start(panel_options(asked_panels), agrees) if asked_panels else texts.NOTHING_ASKED


@conversation(commands.CONFIRM_LEAVE)
async def answer_registered_leave(talk: Talk, panels: tuple[PickOption, ...], agrees: bool) -> None:
    """A confirmation is read back, since it can't be undone; “I will come” is accepted at once."""
    me = await people.get_expert(talk)
    invitation_id = await pick_option(talk, texts.LEAVE_ASKED_WHICH, panels)
    view = await talk.read(talk.services.draws.invitation_queries.view, invitation_id, me.expert_id)
    talk.contact = wording.contact(view)
    time = print_near_time(view.gathering_at, talk.now)
    if agrees:
        consequence = talk.services.deps.book(talk.user.pool).draw.leave.consequence
        agrees = await talk.choose(
            texts.LEAVE_ASKED_READ_BACK.format(time=time, consequence=consequence),
            {texts.LEAVE_YES: True, commands.WILL_COME: False},
        )
    left = await talk.once(talk.services.draws.discards.answer_leave, invitation_id, me.expert_id, agrees, by="chat")
    await talk.say(texts.LEFT if left else texts.WILL_COME, time=time)


def leave_reason(text: str) -> str:
    reason = " ".join(text.split())
    if not 2 <= len(reason) <= REASON_LONGEST:
        raise InvalidInput(texts.REASON_FORM.format(longest=REASON_LONGEST), code="bad_reason")
    return reason
