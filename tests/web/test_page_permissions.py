"""Every page with a parameter in its address × every person without permission: refused, and nothing changes.

Routes come from the running application. A new one fails here until ``WHOSE`` names its owner and
``Everything`` has something real for its parameters. Pages of draws: ``draws/test_authorisation.py``.
"""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp.web as http
import pytest
from aiohttp import FormData

from models.accounts import Account
from services.notifications import OFFICES
from tests.drivers.pages import PUBLIC_URL
from tests.drivers.tables import sums_of_all
from tests.factories.files import jpeg
from tests.factories.people import OTHER_CREDIT_CODE, make_account, make_expert, make_grant, make_organisation
from tests.factories.reviews import make_applicant, make_reviewer
from tests.web.conftest import Visitor, World
from tests.web.draws.draw_buttons import OF_A_DRAW
from tests.web.owned_rows import OwnedRows, make_owned_rows
from web.core.site import Site

_AWAY = ("/h5/login", "/h5/role", "/h5/register")
ANYBODY = "anybody"
WHOSE: Mapping[str, str] = {
    "/agency/": "agency",
    "/office/": "admin",
    "/review/": "reviewer",
    "/reports/": "supervisor",
    "/h5/{pool}/announcements/{id}": "admin",
    "/h5/{pool}/certificates/{id}": "expert",
    "/h5/{pool}/courses/{enrolment}": "expert",
    "/h5/{pool}/exams/{candidate": "candidate",
    "/h5/{pool}/feedback/{thread_id}": "writer",
    "/h5/{pool}/pay-receipt/": "payer",
    "/h5/{pool}/pay-invoice/": "payer",
    "/h5/{pool}/materials/{material_id}": ANYBODY,
    "/h5/{pool}/notice/{application_id}": ANYBODY,
}
OPEN = (
    "/i/{",
    "/n/{",
    "/v/{",
    "/v/back/{",
    "/v/in/{",
    "/p/{",
    "/c/{",
    "/x/{",
    "/x/receipt/{",
    "/draw/{",
    "/open-data/{",
    "/record/{",
    "/h5/static/{",
    "/h5/login/{",
    "/h5/pdf/{",
    "/h5/file/",
    "/h5/exam-picture/{",
    "/h5/certificate/{",
    "/h5/receipt/{",
    "/h5/{pool}/pay-order/{",
    "/h5/{pool}/pay-state/{",
    "/h5/{pool}/pay/{",
    "/h5/{pool}/papers/{kind}",
)
"""Pages open to all who have the address: signed links, published numbers, public files, each tested by itself."""
OWN_POOL = (
    "template",
    "/office/bank/export/",
    "/office/exports/{what}",
    "/office/rules/{section}",
    "/office/catalogues/",
    "/office/venues/{code}",
    "/office/texts/{code}",
)
"""Pages of which an administrator of another pool gets the own pool's."""
OWN_AGENCY = ("/agency/catalogues/", "/agency/drafts/", "/agency/remuneration/", "/agency/templates/")
"""Pages of which every agency gets its own."""
FIELDS = {
    "reason": "换一批",
    "title": "广州水务设计院",
    "taxpayer_id": "91440101MA59ABCD0X",
    "email": "wang@example.com",
}
NOT_SEEN: Mapping[str, str] = {
    "POST /agency/drafts/{kind}/{id}/{part}": "it leads to a page of an activity, which the tests of activities open",
    "GET /h5/{pool}/pay-invoice/{fee_id}": "the invoice is not issued yet",
    "GET /office/invoices/{id}.pdf": "the invoice is not issued yet",
    "GET /office/courses/{id}/items/{item}/pages/{number}.jpg": "the item is a video",
    "GET /office/exams/results/template.{form}": "no examination of the pool is held elsewhere",
    "GET /office/exams/results/{id}": "no examination of the pool is held elsewhere",
    "POST /office/exams/results/{id}": "no examination of the pool is held elsewhere",
    "GET /office/exports/{token}/file": "the worker has not written it yet",
    "POST /office/reconciliation/{id}": "the form names no difference",
    "POST /office/exams/{id}/marking": "the form names no answer",
    "POST /review/{task_id}/all": "one task of the application waits, not several",
    "POST /review/{task_id}/reopening": "the task is not decided yet",
    "POST /review/{task_id}/show": "the form names no field",
}
"""Rows that even the owner does not get here, with the reason."""


def owned_routes(app: http.Application) -> list[tuple[str, str]]:
    """Method and canonical path of every page with an id that is somebody's."""
    routes = {(route.method, route.resource.canonical) for route in app.router.routes() if route.resource}
    return sorted(
        (method, path)
        for method, path in routes
        if method in ("GET", "POST")
        and "{" in path.removeprefix("/h5/{pool}")
        and not path.startswith((*OPEN, *OF_A_DRAW))
    )


def whose(path: str) -> str:
    fitting = [begin for begin in WHOSE if path.startswith(begin)]
    assert fitting, f"nobody has said whose {path} is"
    return WHOSE[max(fitting, key=len)]


async def people(world: World, owned_rows: OwnedRows) -> dict[str, Visitor]:
    """The owners, and one of every other role; of two roles where a pool or a region decides."""
    deps, office = world.services.deps, world.office
    verifier, venue, other_expert, legal = [await make_account(deps) for _ in range(4)]
    other_admin = await make_account(deps, pool="guangdong")
    await make_expert(deps, account=other_expert)
    await make_organisation(name="别家代理", credit_code=OTHER_CREDIT_CODE, legal_account_id=legal.id)
    for account, role in ((verifier, "verifier"), (venue, "venue"), (other_admin, "pool_admin")):
        await make_grant(account, role)
    reviewer = await make_reviewer(deps, "industry", "440300")
    accounts = {
        **owned_rows.owners,
        "admin": owned_rows.scene.account,
        "admin of another pool": other_admin,
        "agency": await Account.get(id=office.agency.account_id),
        "applicant": await make_applicant(deps),
        "other agency": legal,
        "other expert": other_expert,
        "other reviewer": await Account.get(id=reviewer.account_id),
        "supervisor": await Account.get(id=office.supervisor.account_id),
        "venue": venue,
        "verifier": verifier,
    }
    await make_grant(accounts["supervisor"], "supervisor")
    await Account.filter(real_name="").update(real_name="某人")
    version, now = deps.book("demo").pool.privacy_version, world.clock.now()
    await Account.all().update(privacy_version=version, privacy_accepted_at=now)
    return {"visitor": world.visitor(), **{name: await world.enter(owner) for name, owner in accounts.items()}}


async def ask(visitor: Visitor, method: str, address: str) -> Visitor:
    """Open a page or send its form, as a file where it takes nothing else."""
    if method == "GET":
        answer = await visitor.client.get(address, allow_redirects=False)
        if answer.headers.get("Location", "").startswith("https://files.test/"):
            return await visitor._show(answer)  # a film, in the store
        return await visitor.get(address)
    await visitor.post(address, FIELDS)
    if "提交的内容无法识别" not in visitor.text:
        return visitor
    sent = FormData({"form": "x"})
    sent.add_field("file", jpeg(), filename="a.jpg")
    answer = await visitor.client.post(address, data=sent, headers={"Origin": PUBLIC_URL})
    return await visitor._show(answer)


def may(path: str, name: str) -> bool:
    """Whether ``name`` gets it, or one of the own."""
    own = {"admin of another pool": OWN_POOL, "other agency": OWN_AGENCY}.get(name, ())
    return any(part in path for part in own) or whose(path) in (name, ANYBODY)


async def test_chat_knows_which_addresses_are_of_staff(world: World) -> None:
    """Links to them lead through WeChat's log-in (``Entrances.path``), since they contain no pool."""
    staffed = {f"/{path.split('/')[1]}" for path, whose in WHOSE.items() if not path.startswith("/h5/")}
    begun = {f"/{path.split('/')[1]}" for _, path in owned_routes(world.server.app)} - {"/h5"}
    assert staffed | {"/draws"} == set(OFFICES)
    assert begun <= set(OFFICES)


@pytest.mark.slow
async def test_pages_of_owned_rows_are_closed_to_all_but_their_owners(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every form passes as if it had its token, so a refusal here comes from the permission check alone."""
    monkeypatch.setattr(Site, "_check_token", lambda *_: None)
    owned_rows = await make_owned_rows(world)
    visitors, leaks = await people(world, owned_rows), []
    pages = owned_routes(world.server.app)
    before = await sums_of_all()
    for method, path in pages:
        address = owned_rows.address(path)
        for name, visitor in visitors.items():
            if not may(path, name):
                await ask(visitor, method, address)
                if visitor.status not in (401, 403, 404) and visitor.path not in _AWAY:
                    leaks.append(f"{method} {path} as {name}: {visitor.status} {visitor.path}")
    after = await sums_of_all()
    assert not leaks, "\n".join(leaks)
    assert [name for name in after if after[name] != before[name]] == []
    for method, path in pages:
        visitor = visitors[whose(path) if whose(path) in visitors else "applicant"]
        address = owned_rows.address(path)
        await ask(visitor, method, address)
        if (visitor.status in (403, 404) or visitor.path in _AWAY) and f"{method} {path}" not in NOT_SEEN:
            leaks.append(f"{method} {path} as its owner: {visitor.status} {visitor.path} {visitor.text[:80]}")
    assert not leaks, "\n".join(leaks)
