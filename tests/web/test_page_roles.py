"""Every page without a parameter in its address × one person of every role: those without permission are refused.

Routes come from the running application. A new one fails here until ``MAY`` names who opens it. Pages with an id:
``test_page_permissions.py``; pages of draws: ``draws/test_authorisation.py``.
"""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp.web as http
import pytest

from models.accounts import Account
from tests.drivers.tables import sums_of_all
from tests.factories.people import make_account, make_expert, make_grant
from tests.factories.reviews import make_applicant, make_reviewer
from tests.web.conftest import Visitor, World
from web.core.site import Site

OPEN = (
    *("/c", "/integration", "/open-data", "/p", "/record", "/x/receipt/"),
    *("/c", "/favicon.ico", "/open-data", "/p", "/record", "/robots.txt", "/x/receipt/"),
    *("/h5/forgot", "/h5/identity", "/h5/login", "/h5/logout", "/h5/pay-wechat/", "/h5/register", "/h5/role"),
    *("/h5/text", "/h5/wechat"),
)
"""Beginnings of pages before a log-in, and of published proofs, each tested by itself."""
LEADING = ("/", "/h5", "/h5/", "/h5/account", "/h5/mini", "/h5/notices")
"""Addresses that lead to a page of one's own."""
FRONT = "/h5/{pool}"
"""Everybody's, in ``tests/web/front``; as a beginning it would stand for all pages of persons."""
PERSONS = frozenset(
    {"agency", "verifier", "supervisor", "venue", "reviewer", "admin", "expert", "applicant", "unregistered"}
)
REGISTERED, EXPERT = frozenset({"expert", "applicant"}), frozenset({"expert"})
ALL = PERSONS | {"visitor"}
MAY: Mapping[str, frozenset[str]] = {
    "/agency": frozenset({"agency"}),
    "/draws": frozenset({"verifier", "supervisor", "venue", "admin"}),
    "/draws/applications": frozenset({"verifier"}),
    "/office": frozenset({"admin"}),
    "/review": frozenset({"reviewer"}),
    "/h5/{pool}/account": PERSONS,
    "/h5/{pool}/agent-requests": PERSONS,
    "/h5/{pool}/apply": REGISTERED,
    "/h5/{pool}/campaigns": ALL,
    "/h5/{pool}/certificates": REGISTERED,
    "/h5/{pool}/chances": EXPERT,
    "/h5/{pool}/consent": PERSONS,
    "/h5/{pool}/courses": REGISTERED,
    "/h5/{pool}/exams": REGISTERED,
    "/h5/{pool}/help": ALL,
    "/h5/{pool}/feedback": PERSONS,
    "/h5/{pool}/materials": ALL,
    "/h5/{pool}/notice": ALL,
    "/h5/{pool}/notice/objections": REGISTERED,
    "/h5/{pool}/notices": PERSONS,
    "/h5/{pool}/reminders": PERSONS,
    "/h5/{pool}/panels": EXPERT,
    "/h5/{pool}/pay": PERSONS,
    "/h5/{pool}/file": EXPERT,
    "/h5/{pool}/periods": EXPERT,
    "/h5/{pool}/proofs": EXPERT,
    "/h5/{pool}/remuneration": EXPERT,
    "/h5/{pool}/contacts": EXPERT,
    "/h5/{pool}/reports": ALL,
    "/reports": frozenset({"supervisor"}),
    "/h5/{pool}/sanctions": REGISTERED | {"unregistered"},
    "/h5/{pool}/token": REGISTERED,
}
"""Roles by beginning of the address; the longest beginning counts, and one with a method goes first."""
NOT_SEEN: Mapping[str, str] = {
    "/agency/draws/new": "the address names no project",
    "/h5/{pool}/account/log-ins": "it is a part of the account",
    "/h5/{pool}/apply/form": "there is no application",
    "/h5/{pool}/apply/status": "there is no application",
    "/office/exams/results": "no examination of the pool is held elsewhere",
    "/office/invoices/file": "the address names no invoice",
}
"""Pages that even the permitted do not get here, with the reason."""


def plain_routes(app: http.Application) -> list[tuple[str, str]]:
    """Method and canonical path of every page without a parameter but the pool."""
    routes = {(route.method, route.resource.canonical) for route in app.router.routes() if route.resource}
    return sorted(
        (method, path)
        for method, path in routes
        if method in ("GET", "POST")
        and "{" not in in_a_pool(path)
        and path not in (*LEADING, FRONT)
        and not path.startswith(OPEN)
    )


def in_a_pool(path: str) -> str:
    return path.replace("{pool}", "demo", 1)


def may(method: str, path: str) -> frozenset[str]:
    """Raises AssertionError if ``MAY`` does not name the page's roles."""
    fitting = [begin for begin in MAY if f"{method} {path}".startswith(begin) or path.startswith(begin)]
    assert fitting, f"{method} {path} is in no line of MAY"
    return MAY[max(fitting, key=lambda begin: (" " in begin, len(begin)))]


async def people(world: World) -> dict[str, Visitor]:
    """One of every role, and a visitor without a log-in."""
    deps, office = world.services.deps, world.office
    verifier, venue, admin, expert, unregistered = [await make_account(deps) for _ in range(5)]
    for account, role in ((verifier, "verifier"), (venue, "venue"), (admin, "pool_admin")):
        await make_grant(account, role)
    supervisor = await Account.get(id=office.supervisor.account_id)
    await make_grant(supervisor, "supervisor")
    await make_expert(deps, account=expert)
    reviewer = await make_reviewer(deps, "industry", "440300")
    accounts = {
        "agency": await Account.get(id=office.agency.account_id),
        "verifier": verifier,
        "supervisor": supervisor,
        "venue": venue,
        "reviewer": await Account.get(id=reviewer.account_id),
        "admin": admin,
        "expert": expert,
        "applicant": await make_applicant(deps),
        "unregistered": unregistered,
    }
    version, now = deps.book("demo").pool.privacy_version, world.clock.now()
    await Account.all().update(privacy_version=version, privacy_accepted_at=now)
    return {"visitor": world.visitor(), **{name: await world.enter(person) for name, person in accounts.items()}}


async def ask(visitor: Visitor, method: str, address: str) -> bool:
    """Open a page or send its form; whether it came to be shown, or the form was looked at."""
    await (visitor.get(address) if method == "GET" else visitor.post(address, {}))
    return visitor.status not in (403, 404) and visitor.path == address


@pytest.mark.slow
async def test_a_page_is_shown_to_its_roles_and_to_no_other(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    """Every form passes as if it had its token, so a refusal here comes from the permission check alone."""
    monkeypatch.setattr(Site, "_check_token", lambda *_: None)
    visitors, pages, wrong = await people(world), plain_routes(world.server.app), []
    assert {name for roles in MAY.values() for name in roles} == set(visitors)
    before = await sums_of_all()
    for method, path in pages:
        for name in visitors.keys() - may(method, path):
            if await ask(visitors[name], method, in_a_pool(path)):
                wrong.append(f"{method} {path} as {name}: {visitors[name].status}")
    after = await sums_of_all()
    assert not wrong, "\n".join(wrong)
    assert [name for name in after if after[name] != before[name]] == []
    for method, path in pages:
        if method == "GET" and path not in NOT_SEEN:
            for name in may(method, path):
                if not await ask(visitors[name], method, in_a_pool(path)):
                    wrong.append(f"{method} {path} as {name}, who may: {visitors[name].status} {visitors[name].path}")
    assert not wrong, "\n".join(wrong)
