"""My panels (评标活动): upcoming and running ones with all that is needed to get there, and past ones."""

from __future__ import annotations

from bot.router import Router
from bot.turn import Turn
from domain.clock import print_time
from handlers import commands, people, texts, wording
from handlers.invitations import undo_lines
from services.draws import InvitationView

_SHOWN = 3
"""As many panels with long addresses and remarks as fit one bubble."""
_SHOWN_PAST = 10


def register(router: Router) -> None:
    router.keyword(my_panels, commands.PANELS, "活动", "我的评标", "评标活动")
    router.menu("PANELS", my_panels)
    router.keyword(past_panels, commands.PAST_PANELS, "历史活动", "参加过的活动")


async def my_panels(turn: Turn) -> str:
    me = await people.get_expert(turn)
    panels = await people.panels_ahead(turn, me)
    if not panels:
        return f"{texts.NO_PANELS}\n{commands.tap_lines(commands.INVITATIONS, commands.PAST_PANELS)}"
    await people.note_shown(turn, me, panels[:_SHOWN])
    blocks = ["\n".join([wording.agreed_panel(view, turn.now), *undo_lines(view)]) for view in panels[:_SHOWN]]
    if len(panels) > _SHOWN:
        blocks.append(texts.AND_MORE.format(count=len(panels) - _SHOWN))
    late = (commands.LATE,) if any(view.may_announce_delay(turn.now) for view in panels) else ()
    words = commands.tap_lines(commands.CHECK_IN, *late, commands.LEAVE, commands.PAST_PANELS)
    return "\n\n".join([texts.PANELS, *blocks, words])


async def past_panels(turn: Turn) -> str:
    me = await people.get_expert(turn)
    panels = await turn.services.draws.invitation_queries.list_panels(me.expert_id, past=True)
    if not panels:
        return texts.NO_PAST_PANELS
    return "\n".join([texts.PAST_PANELS, wording.numbered_lines([_past_line(view) for view in panels[:_SHOWN_PAST]])])


def _past_line(view: InvitationView) -> str:
    attended = texts.NOT_ATTENDED if view.checked_in_at is None else texts.ATTENDED
    return texts.PAST_LINE.format(time=print_time(view.gathering_at), place=wording.place_text(view), attended=attended)
