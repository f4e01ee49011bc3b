"""Every page of a draw × every role: uninvolved persons are refused and change nothing, permitted ones are not.

Routes come from the running application and what a button sends from ``presses``, so a new page fails here until
``MAY`` names its roles.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from string import Formatter
from uuid import UUID

import pytest

from models.accounts import Account
from models.draws import Draw, Supervisor
from models.invitations import Invitation
from models.organisations import Organisation
from services.core.base import Actor
from services.draws import DiscardForm
from tests.drivers.tables import sums_of_draws
from tests.factories.draw_states import DrawNow, draw_now, make_every_state
from tests.factories.draws import make_project
from tests.factories.offices import Office, make_draw, make_supervisor, prove
from tests.factories.people import (
    OTHER_CREDIT_CODE,
    make_account,
    make_agent_link,
    make_expert,
    make_grant,
    make_organisation,
)
from tests.factories.reviews import make_applicant, make_reviewer
from tests.web.conftest import Visitor, World
from tests.web.draws.draw_buttons import Press, address, presses, routes, send
from web.core.site import Site

_AWAY = ("/h5/login", "/h5/role")
OWN = frozenset({"agency", "verifier", "supervisor", "venue", "admin"})
"""Of the draw, its trading centre or its pool."""
AGENCY = frozenset({"agency"})
MAY: Mapping[str, frozenset[str]] = {
    "/agency/draws/": AGENCY,
    "/draws/{draw_id}": OWN,
    "/draws/{draw_id}/application": OWN - {"venue"},
    "POST /draws/{draw_id}/application": frozenset({"verifier"}),
    "/draws/{draw_id}/attachment": OWN - {"venue"},
    "POST /draws/{draw_id}/attendance": frozenset({"verifier", "venue"}),
    "POST /draws/{draw_id}/attendance urge": frozenset({"agency", "verifier", "venue"}),
    "POST /draws/{draw_id}/attendance late": frozenset({"admin", "verifier", "venue"}),
    "POST /draws/{draw_id}/attendance ring": frozenset({"agency", "verifier", "venue"}),
    "POST /draws/{draw_id}/attendance.pdf": OWN,
    "/draws/{draw_id}/absences": OWN - {"admin"},
    "POST /draws/{draw_id}/absences": frozenset({"verifier", "supervisor"}),
    "POST /draws/{draw_id}/absences register": frozenset({"agency", "verifier", "venue"}),
    "POST /draws/{draw_id}/exit end": frozenset({"agency", "verifier", "venue"}),
    "POST /draws/{draw_id}/exit terminate": frozenset({"agency", "verifier"}),
    "/draws/{draw_id}/screen": frozenset({"verifier", "venue"}),
    "/draws/{draw_id}/round": frozenset({"supervisor"}),
    "/draws/{draw_id}/audit": frozenset({"supervisor", "admin"}),
    "POST /draws/{draw_id}/audit open": frozenset({"supervisor"}),
    "/draws/{draw_id}/remuneration": OWN - {"supervisor"},
    "POST /draws/{draw_id}/remuneration": frozenset({"verifier", "venue"}),
}
"""Roles by beginning of the address; the longest beginning counts, and one with a method goes first."""
LOOKED_AT = ("editing", "ended")


def may(method: str, path: str) -> frozenset[str]:
    """Roles of a page or button. Raises if ``MAY`` does not name them."""
    fitting = [beginning for beginning in MAY if f"{method} {path}".startswith(beginning) or path.startswith(beginning)]
    assert fitting, f"{method} {path} is in no line of MAY"
    return MAY[max(fitting, key=lambda beginning: (" " in beginning, len(beginning)))]


async def strangers(world: World) -> dict[str, Visitor]:
    """One of each role, of another organisation, place, draw or pool."""
    deps, office = world.services.deps, world.office
    legal, colleague, verifier, venue, watcher = [await make_account(deps) for _ in range(5)]
    await make_organisation(name="别家代理", credit_code=OTHER_CREDIT_CODE, legal_account_id=legal.id)
    await make_agent_link(await Organisation.get(id=office.agency.organisation_id), colleague)
    await make_grant(verifier, "verifier", scope="别处交易中心")
    await make_grant(venue, "venue", scope="别处评标室")
    await _watch_another(office, watcher)
    expert, admin = await make_account(deps), await make_account(deps, pool="guangdong")
    await make_expert(deps, account=expert)
    await make_grant(admin, "pool_admin")
    reviewer = await make_reviewer(deps, "industry")
    accounts = {
        "expert": expert,
        "applicant": await make_applicant(deps),
        "reviewer": await Account.get(id=reviewer.account_id),
        "organisation": legal,
        "colleague": colleague,
        "other verifier": verifier,
        "other venue": venue,
        "other supervisor": watcher,
        "admin of another pool": admin,
    }
    return {"visitor": world.visitor(), **{name: await world.enter(account) for name, account in accounts.items()}}


async def _watch_another(office: Office, watcher: Account) -> None:
    """The supervisor of a draw of another project."""
    own = office.project_id
    office.project_id = (await make_project(office.agency.organisation_id, office.agency.account_id)).id
    other = await make_draw(office)
    office.project_id = own
    mobile = office.deps.keys.open_text(watcher.mobile_sealed, "mobile")
    entry = await make_supervisor(office.deps, mobile, name="别家监督")
    await Supervisor.filter(draw_id=other).update(
        entry_id=entry.id, mobile_hash=entry.mobile_hash, phone_sealed=entry.mobile_sealed
    )
    await Draw.filter(id=other).update(state="verified")


async def insiders(world: World) -> dict[str, Visitor]:
    office = world.office
    admin = await make_account(world.services.deps)
    actors: dict[str, tuple[Actor, str]] = {
        "agency": (office.agency, ""),
        "verifier": (office.verifier, "verifier"),
        "supervisor": (office.supervisor, "supervisor"),
        "venue": (office.venue, "venue"),
        "admin": (Actor("demo", "pool_admin", admin.id), "pool_admin"),
    }
    people = {}
    for name, (actor, role) in actors.items():
        account = await Account.get(id=actor.account_id)
        if role:
            await make_grant(account, role)
        people[name] = await world.enter(account)
    return people


def is_out(visitor: Visitor) -> bool:
    return visitor.status in (401, 403, 404) or visitor.path in _AWAY


def pages_of(world: World, draws: Iterable[DrawNow]) -> list[tuple[str, str]]:
    """Canonical path and address of each page that is looked at, in several states; streams never end."""
    addresses = []
    for draw in draws:
        ids = draw.invented()
        for path in sorted(routes(world.server.app, "GET")):
            if not path.endswith("/events"):
                part = ids["condition" if "/conditions/" in path else "notice"]
                addresses.append((path, address(path, draw.id, {"part": part, "kind": "units"})))
    return addresses


def in_its_state(press: Press, draws: Iterable[DrawNow]) -> DrawNow:
    """A draw in which the button may succeed: one with the rows that the button names."""
    recalls = press.path.endswith("/notify")
    fitting = [draw for draw in draws if draw.state in press.states and (draw.kind == "recall") == recalls]
    assert fitting, f"{press.name} is for no state that is made"
    return min(fitting, key=lambda draw: sum(not draw.ids[name] for name in ids_in(press)))


async def as_they_are(draws: Mapping[str, UUID]) -> dict[UUID, DrawNow]:
    return {draw_id: draw for draw_id in draws.values() if (draw := await draw_now(draw_id))}


@pytest.fixture
async def draws(world: World, monkeypatch: pytest.MonkeyPatch) -> dict[str, UUID]:
    """Draws in every state, with all rows that a page may name.

    Forms pass without tokens, so that permissions refuse, not expired forms.
    """
    monkeypatch.setattr(Site, "_check_token", lambda *_: None)
    made = await make_every_state(world.office)
    for name in ("completed", "asked_to_release"):
        await ask_for_recusal(world.office, made[name])
    for name in LOOKED_AT:
        await prove(world.office, made[name])
    return made


@pytest.mark.slow
async def test_a_draw_is_closed_to_persons_whom_it_does_not_concern(world: World, draws: dict[str, UUID]) -> None:
    people = (await strangers(world)) | await insiders(world)
    before, leaks, rows = await sums_of_draws(), [], await as_they_are(draws)
    for path, page_address in pages_of(world, [rows[draws[name]] for name in LOOKED_AT]):
        for name, visitor in people.items():
            await visitor.get(page_address)
            if is_out(visitor) == (name in may("GET", path)):
                leaks.append(f"GET {path} as {name}: {visitor.status} {visitor.path}")
    buttons = presses(world.clock.now())
    assert {button.path for button in buttons} == routes(world.server.app, "POST")
    for press in buttons:
        draw = in_its_state(press, rows.values())
        for name, visitor in people.items():
            if name not in may("POST", press.name):
                await send(visitor, press, draw.id, draw.invented())
                if not is_out(visitor):
                    leaks.append(f"POST {press.name} as {name}: {visitor.status} {visitor.path}")
    assert await sums_of_draws() == before
    for press in buttons:
        for name in may("POST", press.name):
            draw = in_its_state(press, rows.values())
            visitor = await send(people[name], press, draw.id, draw.invented())
            if visitor.status == 403 or visitor.path in _AWAY:
                leaks.append(f"POST {press.name} as {name}, who may: {visitor.status} {visitor.path} {visitor.text}")
            if visitor.status < 400:
                del rows[draw.id]
                rows |= await as_they_are({name: draw.id})
    assert not leaks, "\n".join(leaks)


async def test_the_id_of_one_draw_opens_nothing_by_the_address_of_another(world: World, draws: dict[str, UUID]) -> None:
    """By people who may act in both: a notice, a condition, an expert or a request is looked for in its draw."""
    rows = await as_they_are(draws)
    inside, before, leaks, sent = await insiders(world), await sums_of_draws(), [], 0
    for press in presses(world.clock.now()):
        draw = in_its_state(press, rows.values())
        for name in ids_in(press) - {"draw"}:
            others = [other.ids[name] for other in rows.values() if other.id != draw.id and other.ids[name]]
            assert others, f"no other draw has {name} for {press.name}"
            for other in others[-2:]:
                visitor = await send(inside[press.who], press, draw.id, draw.invented() | {name: other})
                sent += 1
                if visitor.status not in (401, 403, 404) and (press.name, visitor.status) not in FULL:
                    leaks.append(f"POST {press.name} with {name} of another: {visitor.status} {visitor.text}")
    assert not leaks, "\n".join(leaks)
    assert sent > 40
    assert await sums_of_draws() == before


FULL = {("/agency/draws/{id}/conditions/{part} save new", 422)}
"""No place is left for a new condition, whatever its notice."""


def ids_in(press: Press) -> set[str]:
    return {name for value in press.fields.values() for _, name, _, _ in Formatter().parse(value) if name}


async def ask_for_recusal(office: Office, draw_id: UUID) -> None:
    agreed = await Invitation.filter(draw_id=draw_id, state="accepted").order_by("code").first()
    assert agreed is not None
    reason = office.deps.book("demo").draw.recusal_reasons[0]
    await office.discards.register(office.venue, draw_id, DiscardForm(agreed.code, "recusal", "亲属", reason))
