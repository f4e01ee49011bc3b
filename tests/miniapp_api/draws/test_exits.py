"""No state of a draw is a dead end: registered endpoints lead from each to an end."""

from __future__ import annotations

from collections.abc import Mapping

import pytest

from domain.draws.lifecycles import DRAW, DrawEvent, DrawState
from miniapp_api.assembly import APIS
from services.core.permissions import AGENCY, PERMISSIONS

ROADS: Mapping[DrawEvent, tuple[str, str]] = {
    DrawEvent.EDIT: ("PUT", "/draws/{draw_id}"),
    DrawEvent.SUBMIT: ("POST", "/draws/{draw_id}/submission"),
    DrawEvent.WITHDRAW: ("DELETE", "/draws/{draw_id}/submission"),
    DrawEvent.VERIFY: ("POST", "/verification/applications/{application_id}/approval"),
    DrawEvent.REFUSE: ("POST", "/verification/applications/{application_id}/refusal"),
    DrawEvent.OPEN_ROUND: ("POST", "/draws/{draw_id}/rounds"),
    DrawEvent.ABORT_ROUND: ("POST", "/draws/{draw_id}/rounds/current/abort"),
    DrawEvent.START: ("POST", "/draws/{draw_id}/start"),
    DrawEvent.PAUSE: ("POST", "/draws/{draw_id}/pause"),
    DrawEvent.RESUME: ("POST", "/draws/{draw_id}/resume"),
    DrawEvent.FORCE_END: ("POST", "/draws/{draw_id}/force-end"),
    DrawEvent.REGISTER_ABSENCE: ("POST", "/draws/{draw_id}/absences"),
    DrawEvent.START_SUPPLEMENT: ("POST", "/draws/{draw_id}/supplement"),
    DrawEvent.TERMINATE: ("POST", "/draws/{draw_id}/termination"),
    DrawEvent.END: ("POST", "/draws/{draw_id}/end"),
}
"""The endpoint by which a person causes an event; events of the service or of time are left out."""
ENDPOINTS = {(one.method, one.path): one for api in APIS for one in api.endpoints}


def stuck(roads: Mapping[DrawEvent, object]) -> set[DrawState]:
    """States from which no events of these roads lead to an end."""
    free = {state for state in DrawState if DRAW.is_final(state)}
    while more := {
        state
        for state, moves in DRAW.moves.items()
        if state not in free and any(event in roads and target in free for event, target in moves.items())
    }:
        free |= more
    return set(DrawState) - free


def test_from_every_state_endpoints_lead_to_a_final_state():
    assert stuck(ROADS) == set()


def test_without_the_exits_everything_would_be_stuck():
    exits = (DrawEvent.TERMINATE, DrawEvent.END)
    assert stuck({event: entry_process for event, entry_process in ROADS.items() if event not in exits}) == {
        state for state in DrawState if not DRAW.is_final(state)
    }


@pytest.mark.parametrize("event", ROADS, ids=str)
def test_every_exit_is_an_endpoint_that_an_agency_or_verifier_may_use(event):
    endpoint = ENDPOINTS[ROADS[event]]
    allowed = set().union(*(PERMISSIONS[action] for action in endpoint.actions))
    assert allowed & (AGENCY | {"verifier"})


def test_where_the_agency_is_gone_the_verifier_still_ends_any_activity():
    [action] = ENDPOINTS[ROADS[DrawEvent.TERMINATE]].actions
    assert "verifier" in PERMISSIONS[action]
    assert stuck({DrawEvent.TERMINATE: ()}) == set()
