"""Every page of a draw × everybody whom it doesn't concern: refused, and nothing changes.

Routes and their parameters come from the running application, so a new page is walked as soon as it is there.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any
from uuid import UUID

import pytest
from yarl import URL

from domain.ids import new_id
from models.accounts import Account
from models.draws import CallNotice, Condition, Draw, Supervisor
from models.organisations import Organisation
from services.core.base import Actor, rows
from tests.factories.draws import make_project
from tests.factories.offices import Office, add_experts, make_draw, make_supervisor, open_invitations, start_draw
from tests.factories.people import (
    OTHER_CREDIT_CODE,
    make_account,
    make_agent_link,
    make_expert,
    make_grant,
    make_organisation,
)
from tests.web.conftest import Visitor, World
from web.accounts.login import COOKIE
from web.core.site import Site

_OF_A_DRAW = ("/desk/{", "/agency/draws/{", "/agency/projects/{")
_TABLES = (
    "draw",
    "draw_condition",
    "draw_round",
    "draw_application",
    "draw_lot",
    "draw_log",
    "call_notice",
    "recusal_unit",
    "recusal_person",
    "discard_request",
    "absence",
    "invitation",
    "attendance",
    "urge",
    "remuneration",
    "notice",
    "project",
    "lot",
)
_FIELDS = {
    "command": "terminate",
    "cause": "replanned",
    "words": "换一批",
    "reason": "换一批",
    "kind": "absence",
    "screen": "record",
    "opinion": "同意",
    "commitment": "ab" * 32,
    "name": "改名",
}
_AWAY = ("/h5/login", "/h5/role")


def routes(world: World) -> list[tuple[str, str]]:
    """Method and canonical path of every page of a single draw or project."""
    found = {
        (route.method, route.resource.canonical)
        for route in world.server.app.router.routes()
        if route.resource and route.method in ("GET", "POST") and route.resource.canonical.startswith(_OF_A_DRAW)
    }
    return sorted(found)


async def ids_of(office: Office, draw_id: UUID) -> Mapping[str, object]:
    [invitation, *_] = await open_invitations(draw_id)
    notice, condition = await CallNotice.get(draw_id=draw_id), await Condition.get(draw_id=draw_id)
    return {
        "draw_id": draw_id,
        "notices": notice.id,
        "conditions": condition.id,
        "project": office.project_id,
        "code": invitation.code,
        "invitation": invitation.id,
    }


def fill(path: str, ids: Mapping[str, object]) -> str:
    """The address of what really exists; what a page has besides is made up."""
    own = ids["project" if path.startswith("/agency/projects") else "draw_id"]
    known: dict[str, object] = {"draw_id": own, "id": own, "part": ids["conditions" if "/cond" in path else "notices"]}
    names = [part.split("}")[0].split(":")[0] for part in path.split("{")[1:]]
    return path.format_map({name: known.get(name, new_id()) for name in names})


async def strangers(world: World) -> dict[str, Visitor]:
    """One of each role, of another organisation, place or draw; the expert and the visitor are of no office."""
    deps, office = world.services.deps, world.office
    legal, colleague, verifier, venue, watcher = [await make_account(deps) for _ in range(5)]
    await make_organisation(name="别家代理", credit_code=OTHER_CREDIT_CODE, legal_account_id=legal.id)
    await make_agent_link(await Organisation.get(id=office.agency.organisation_id), colleague)
    await make_grant(verifier, "verifier", scope="别处交易中心")
    await make_grant(venue, "venue", scope="别处评标室")
    await _watch_another(office, watcher)
    expert = await make_account(deps)
    await make_expert(deps, account=expert)
    found = {"visitor": world.visitor(), "expert": world.visitor()}
    cookie = await world.services.accounts.web_sessions.begin(expert)
    jar = found["expert"].client.session.cookie_jar
    jar.update_cookies({COOKIE: cookie}, URL(str(found["expert"].client.make_url("/"))))
    for name, account in {
        "organisation": legal,
        "agent": colleague,
        "verifier": verifier,
        "venue": venue,
        "supervisor": watcher,
    }.items():
        found[name] = await world.log_in(Actor("demo", name, account.id))
        assert found[name].path not in _AWAY, name
    return found


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


async def stands() -> list[Any]:
    """What is in the tables of draws."""
    return [
        (await rows(f"SELECT md5(coalesce(string_agg(t::text, ',' ORDER BY t::text), '')) AS all FROM {table} t"))[0]
        for table in _TABLES
    ]


async def test_nobody_whom_a_draw_does_not_concern_opens_or_changes_it(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forms pass as if each had its token: what refuses here is who asks, not a form that is out of date."""
    await add_experts(world.office, 3)
    draw_id = await start_draw(world.office)
    ids = await ids_of(world.office, draw_id)
    monkeypatch.setattr(Site, "_check_token", lambda *_: None)
    people = await strangers(world)
    before, found = await stands(), []
    fields = {**_FIELDS, "code": str(ids["code"]), "who": str(ids["code"]), "invitation": str(ids["invitation"])}
    for method, path in routes(world):
        address = fill(path, ids)
        for name, visitor in people.items():
            await (visitor.get(address) if method == "GET" else visitor.post(address, fields))
            if visitor.status not in (403, 404) and visitor.path not in _AWAY:
                found.append(f"{method} {path} as {name}: {visitor.status}")
    assert not found, "\n".join(found)
    assert await stands() == before


async def test_whom_it_concerns_gets_the_same_pages(world: World) -> None:
    """The control: the addresses that are walked above lead somewhere."""
    await add_experts(world.office, 3)
    ids = await ids_of(world.office, await start_draw(world.office))
    office = world.office
    own = {
        "agency": await world.log_in(office.agency),
        "verifier": await world.log_in(office.verifier, "verifier"),
        "supervisor": await world.log_in(office.supervisor, "supervisor"),
        "venue": await world.log_in(office.desk, "venue"),
    }
    for method, path in routes(world):
        if method == "POST" or path.endswith("/events") or "attachment" in path or path.count("{") > 1:
            continue
        answers = {name: (await visitor.client.get(fill(path, ids))).status for name, visitor in own.items()}
        assert {200, 422} & set(answers.values()), f"{path}: {answers}"
