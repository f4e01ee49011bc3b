"""Invariants of released panels and virtual calls: the check finds each violation."""

from __future__ import annotations

import contextlib
from datetime import timedelta

from domain.clock import FixedClock
from models.draws import Draw
from models.invitations import Invitation
from models.notices import Attempt, Notice
from models.virtual_calls import VirtualCall
from services.core.base import Deps, execute, transaction
from services.operations.invariants import find_broken
from tests.factories.offices import make_office
from tests.services.draws.follow_ups.test_releases import panel, release_panel

HELD = "a draw that is over still has calls, requests or, terminated or released, somebody who waits"
LOTS = "a draw that was terminated or released still holds its lots"
UNKNOWING = "an expert of a released panel was not notified"
TWICE = "an expert or a member of staff has two virtual calls at once"
OPEN = "a virtual call that is over looks open, or the other way round, or keeps a phone"
ANOTHER = """
INSERT INTO virtual_call (id, draw_id, expert_id, purpose, asked_by_id, asked_at, staff_phone_sealed, out_id, call_id,
  state, vendor_code, seconds) SELECT gen_random_uuid(), draw_id, {expert}, purpose, {staff}, asked_at,
  staff_phone_sealed, 'x', call_id, state, vendor_code, seconds FROM virtual_call
"""
ELSE = "(SELECT id FROM expert WHERE id NOT IN (SELECT expert_id FROM virtual_call) LIMIT 1)"
DAMAGES = {
    "UPDATE invitation SET state = 'accepted'": HELD,
    "UPDATE invitation SET state = 'open'": HELD,
    "UPDATE draw_lot SET live = TRUE": LOTS,
    "UPDATE notice SET kind = 'draw_call' WHERE kind = 'draw_released'": UNKNOWING,
    ANOTHER.format(expert="expert_id", staff="gen_random_uuid()"): TWICE,
    ANOTHER.format(expert=ELSE, staff="asked_by_id"): TWICE,
    "UPDATE virtual_call SET closed_at = now()": OPEN,
    "UPDATE virtual_call SET state = 'talked'": OPEN,
    "UPDATE virtual_call SET state = 'talked', closed_at = now()": OPEN,
    "UPDATE virtual_call SET staff_phone_sealed = ''": OPEN,
}


class UndoneError(Exception):
    """Rolls a damage back."""


async def test_damage_to_a_released_panel_and_to_its_virtual_calls_is_found(
    db: str, deps: Deps, clock: FixedClock
) -> None:
    office = await make_office(deps)
    draw_id = await panel(office)
    await release_panel(office, draw_id)
    clock.move(timedelta(minutes=5))
    await Attempt.filter(channel="voice").update(state="failed", sent_at=clock.now())
    await Notice.filter(kind="draw_released").update(state="failed")
    await Attempt.filter(notice__kind="draw_released", state="pending").update(state="failed")
    invitation = await Invitation.filter(draw_id=draw_id).order_by("id").first()
    assert invitation is not None
    draw = await Draw.get(id=draw_id)
    clock.set(draw.starts_at - timedelta(minutes=30))
    await office.releases.ring(office.agency, draw_id, invitation.id, "own")
    assert await VirtualCall.all().count() == 1
    assert await find_broken() == []
    for damage, rule in DAMAGES.items():
        with contextlib.suppress(UndoneError):
            async with transaction():
                await execute(damage)
                assert any(fault.startswith(rule) for fault in await find_broken()), damage
                raise UndoneError
    assert await find_broken() == []
