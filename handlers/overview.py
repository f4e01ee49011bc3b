"""What an expert should know first: invitations that wait, and the next panel."""

from __future__ import annotations

from uuid import UUID

from domain.clock import print_time
from handlers import commands, texts, wording
from services.registry import Services


async def next_things(services: Services, expert_id: UUID) -> str:
    """A few lines, the urgent one first."""
    lines = []
    waiting = await services.invitations.list_open(expert_id)
    if waiting:
        until = print_time(min(view.answer_until for view in waiting))
        lines.append(texts.OPEN_INVITATIONS.format(count=len(waiting), until=until))
        lines.append(commands.tappable(commands.INVITATIONS))
    panels = await services.invitations.list_panels(expert_id)
    if panels:
        time, place = print_time(panels[0].gathering_at), wording.where(panels[0])
        lines.append(texts.NEXT_PANEL.format(time=time, place=place))
        lines.append(commands.tappable(commands.PANELS))
    return "\n".join(lines) if lines else texts.NO_PANEL_AHEAD
