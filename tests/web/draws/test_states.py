"""A draw in each of its states × every button of its pages: acts that a state doesn't allow are refused in words.

Refused acts change nothing. Permitted acts never fail with a 5xx, whatever else is missing.
"""

from __future__ import annotations

import re
from collections.abc import Mapping

import pytest

from domain.draws.lifecycles import DrawState
from models.draws import Draw
from tests.drivers.tables import sums_of_draws
from tests.factories.draw_states import draw_now, make_every_state
from tests.invariants import check_invariants
from tests.web.conftest import Visitor, World
from tests.web.draws.draw_buttons import presses, routes, send
from web.core.site import Site

_SENTENCE = re.compile(r"[\u4e00-\u9fff][^<>]*。")


async def refusal_of(visitor: Visitor) -> str:
    """Text of a refusal: above the page, beside a field, on a page of its own, or in an answer to a script."""
    text = await visitor.response.text()
    if "json" in visitor.response.content_type:
        return str((await visitor.response.json())["detail"])
    alone = re.findall(r"<h1>.*?</h1>\s*<p>(.*?)</p>", text, re.DOTALL) if 'class="mark warn"' in text else []
    return " ".join([*re.findall(r'role="alert"[^>]*>(.*?)</', text, re.DOTALL), *alone])


async def people(world: World) -> dict[str, Visitor]:
    office = world.office
    return {
        "agency": await world.log_in(office.agency),
        "verifier": await world.log_in(office.verifier, "verifier"),
        "supervisor": await world.log_in(office.supervisor, "supervisor"),
        "venue": await world.log_in(office.venue, "venue"),
    }


async def fault_of_refusal(visitor: Visitor) -> str:
    """ "" if the press was refused with a sentence; else the fault."""
    if not 400 <= visitor.status < 500:
        return f"answered {visitor.status}"
    if not _SENTENCE.search(words := await refusal_of(visitor)):
        return f"said {words!r} ({visitor.status})"
    return ""


async def changed_tables(before: Mapping[str, str]) -> list[str]:
    after = await sums_of_draws()
    return [name for name in after if after[name] != before[name]]


@pytest.mark.slow
async def test_what_a_state_does_not_allow_is_refused_and_what_it_allows_never_fails(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forms pass as if each had its token: a button may be pressed on a page that was opened long ago."""
    monkeypatch.setattr(Site, "_check_token", lambda *_: None)
    book = world.services.deps.book("demo")
    world.set_rules("draw", supplement=book.draw.supplement.model_copy(update={"lookups_per_hour": 10_000}))
    draws = await make_every_state(world.office)
    visitors, buttons = await people(world), presses(world.clock.now())
    assert {button.path for button in buttons} == routes(world.server.app, "POST")
    assert {row.state for row in await Draw.filter(id__in=list(draws.values()))} == {
        draw_state.value for draw_state in DrawState
    }
    wrong, pressed, before = [], 0, await sums_of_draws()
    for name, draw_id in draws.items():
        draw = await draw_now(draw_id)
        assert draw is not None
        refused = [button for button in buttons if draw.state not in button.states]
        for button in refused:
            pressed += 1
            visitor = await send(visitors[button.who], button, draw_id, draw.invented())
            if fault := await fault_of_refusal(visitor):
                wrong.append(f"{name}: {button.name}: {fault}")
        if changed := await changed_tables(before):
            wrong.append(f"{name}: one of {[button.name for button in refused]} changed {', '.join(changed)}")
            before = await sums_of_draws()
    assert not wrong, "\n".join(wrong)
    assert pressed > len(buttons) * 8
    await check_invariants()
    did = set()
    for name, draw_id in draws.items():
        draw = await draw_now(draw_id)
        for button in buttons:
            if draw is None or draw.state not in button.states:
                continue
            visitor = await send(visitors[button.who], button, draw_id, draw.invented())
            if visitor.status == 500 or (visitor.status >= 400 and not _SENTENCE.search(await refusal_of(visitor))):
                wrong.append(f"{name} ({draw.state}): {button.name}: {visitor.status} {await refusal_of(visitor)!r}")
            elif visitor.status < 400:
                did.add(button.name)
                draw = await draw_now(draw_id)
    assert not wrong, "\n".join(wrong)
    await check_invariants()
    assert len(did) * 2 > len(buttons), f"the control: only these did something: {sorted(did)}"
