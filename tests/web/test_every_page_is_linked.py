"""From the bare address each role reaches, by links alone, every page of its own, and none that refuses it.

Pages come from the running application: one without parameters but the pool's must stand in ``PAGES`` or ``ELSEWHERE``.
"""

from __future__ import annotations

import html
import re
from collections import Counter
from collections.abc import Mapping

from models.accounts import Account
from models.experts import Expert
from models.organisations import Organisation
from services.files import MaterialData
from tests.factories.files import pdf
from tests.factories.people import make_account, make_agent_link, make_grant
from tests.factories.remuneration import ended_panel
from tests.factories.reviews import make_applicant, make_reviewer
from tests.web import office_scene
from tests.web.conftest import Visitor, World

AGENCY, OWN = frozenset({"organisation", "agent"}), frozenset({"applicant", "expert"})
STAFF = frozenset({"verifier", "supervisor", "venue", "reviewer", "pool_admin"})
DRAW_STAFF, ADMIN = frozenset({"verifier", "supervisor", "venue", "pool_admin"}), frozenset({"pool_admin"})
EVERYBODY = AGENCY | OWN | STAFF
_ADMINS = (
    "",
    *("/applications", "/bank", "/bank/export", "/bank/import", "/bank/new", "/campaigns"),
    *("/campaigns/new", "/certificates", "/courses", "/courses/new", "/employers", "/employers/import"),
    *("/employers/requests", "/exams", "/exams/blueprints", "/exams/blueprints/new", "/exams/new"),
    *(
        "/experts",
        "/experts/import",
        "/experts/terms",
        "/feedback",
        "/misunderstood",
        "/paraphrases",
        "/group-notices",
        "/group-notices/new",
        "/invoices",
        "/materials",
        "/notices",
        "/objections",
        "/orders",
        "/passwords",
        "/people",
    ),
    *(
        "/reconciliation",
        "/remuneration",
        "/reviewers",
        "/sanctions",
        "/sanctions/sheets",
        "/staff",
        "/statistics",
        "/statistics/specialties",
        "/supervisors",
        "/integrations",
        "/texts",
        "/rules",
        "/catalogues",
        "/venues",
        "/venues/new",
        "/unmatched-payments",
    ),
)
PAGES: Mapping[str, frozenset[str]] = {
    "/h5/role": EVERYBODY,
    "/h5/{pool}/notices": EVERYBODY,
    "/h5/{pool}/reminders": EVERYBODY,
    "/h5/{pool}/account": EVERYBODY,
    "/h5/{pool}/account/data": EVERYBODY,
    "/h5/{pool}/account/mobile": EVERYBODY,
    "/h5/{pool}/account/password": EVERYBODY,
    "/h5/{pool}/materials": EVERYBODY - STAFF | {"reviewer"},
    "/h5/{pool}/agent-requests": frozenset({"agent"}),
    "/agency": AGENCY,
    "/agency/agents": frozenset({"organisation"}),
    "/agency/draws": AGENCY,
    "/agency/integrations": AGENCY,
    "/agency/draws/new": AGENCY,
    "/agency/pending": AGENCY,
    "/agency/projects": AGENCY,
    "/agency/projects/new": AGENCY,
    "/agency/remuneration": AGENCY,
    "/draws": DRAW_STAFF,
    "/draws/applications": frozenset({"verifier"}),
    "/reports": frozenset({"supervisor"}),
    "/reports/contacts": frozenset({"supervisor"}),
    "/h5/{pool}/contacts": frozenset({"expert"}),
    "/h5/{pool}/reports": AGENCY | OWN,
    "/h5/{pool}/reports/new": AGENCY | OWN,
    "/review": frozenset({"reviewer"}),
    "/review/away": frozenset({"reviewer"}),
    "/review/done": frozenset({"reviewer"}),
    "/h5/{pool}/apply": OWN,
    "/h5/{pool}/help": OWN,
    "/h5/{pool}/feedback": EVERYBODY,
    "/h5/{pool}/pay": OWN,
    "/h5/{pool}/notice": OWN,
    "/h5/{pool}/notice/objections": OWN,
    "/h5/{pool}/certificates": OWN,
    "/record": OWN,
    "/integration": AGENCY | ADMIN,
    "/open-data": OWN | ADMIN,
    "/h5/{pool}/courses": frozenset({"expert"}),
    "/h5/{pool}/panels": frozenset({"expert"}),
    "/h5/{pool}/file": frozenset({"expert"}),
    "/h5/{pool}/chances": frozenset({"expert"}),
    "/h5/{pool}/sanctions": frozenset({"expert"}),
    **{f"/h5/{{pool}}/file/{page}": frozenset({"expert"}) for page in ("recusal", "contacts", "bank", "retirement")},
    "/h5/{pool}/periods": frozenset({"expert"}),
    "/h5/{pool}/proofs": frozenset({"expert"}),
    "/h5/{pool}/remuneration": frozenset({"expert"}),
    **{f"/office{path}": ADMIN for path in _ADMINS},
}
"""Roles that reach it."""
ELSEWHERE: Mapping[str, str] = {
    "/": "where the walk begins",
    "/h5": "as /",
    "/h5/": "as /",
    "/h5/{pool}/campaigns": "before the log-in; the own first page has them, too",
    "/robots.txt": "for search engines",
    "/favicon.ico": "for browsers",
    "/h5/account": "leads on to the pool's",
    "/h5/notices": "leads on to the pool's",
    "/h5/login": "before the log-in",
    "/h5/login/code": "before the log-in",
    "/h5/login/password": "before the log-in",
    "/h5/register": "before the log-in",
    "/h5/register/new": "before the log-in",
    "/h5/forgot": "before the log-in",
    "/h5/forgot/new": "before the log-in",
    "/h5/identity": "before the log-in",
    "/h5/identity/callback": "the platform leads there",
    "/h5/mini": "a link of the chat",
    "/h5/pay-wechat/back": "WeChat leads there",
    "/h5/wechat": "WeChat's browser",
    "/h5/wechat/back": "WeChat leads there",
    "/h5/wechat/bind": "WeChat's browser",
    "/h5/wechat/bind/back": "WeChat leads there",
    "/h5/{pool}/account/data/code": "after a form",
    "/h5/{pool}/account/log-ins": "after a form",
    "/h5/{pool}/account/mobile/new": "after a form",
    "/h5/{pool}/consent": "before all else",
    "/h5/{pool}/apply/form": "of who has begun",
    "/h5/{pool}/apply/status": "of who has handed in",
    "/h5/{pool}/exams": "of who is called",
    "/office/exams/results": "where an examination is held elsewhere",
    "/office/invoices/file": "after a form",
    "/office/remuneration.xlsx": "a file",
    "/office/statistics.xlsx": "a file",
    "/office/statistics/specialties.xlsx": "a file",
    "/c": "everybody's",
    "/p": "everybody's",
    "/record/verify_draw.py": "a file",
    "/x/receipt/verify_receipt.py": "a file",
}
"""Pages that need not be linked, each with the reason."""
_ID = re.compile(r"[0-9a-f]{8}-[0-9a-f-]{27}|(?<=/)(?=[a-z_-]*[A-Z\d])[\w-]{16,}(?=[/.]|$)|(?<=/)\d+(?=/|$)")
_FILES = (".pdf", ".xlsx", ".csv", ".docx", ".xml", ".txt", ".json", ".py", ".jpg", ".zip")
_ENOUGH = 2
"""Pages of one kind that are opened: two activities tell whether the page of one opens."""


def canonical(path: str) -> str:
    """The canonical path, without ids."""
    return _ID.sub("{}", re.sub(r"^/h5/demo/", "/h5/{pool}/", path))


async def walk(visitor: Visitor) -> tuple[set[str], list[str]]:
    """All kinds of page linked from the bare address, and faults on the way."""
    opened: Counter[str] = Counter()
    linked: set[str] = set()
    wrong: list[str] = []
    waiting, known = [("/", "the bare address")], {"/"}
    while waiting:
        path, place = waiting.pop(0)
        kind = canonical(path.partition("?")[0])
        linked.add(kind)
        if opened[kind] >= _ENOUGH or kind.endswith(_FILES):
            continue
        opened[kind] += 1
        response = await visitor.client.get(path, headers=visitor.headers)
        here = response.url.path
        linked.add(canonical(here))
        if response.status >= 400 or (here.startswith(("/h5/login", "/h5/register")) and here != path):
            wrong.append(f"{path} on {place}: {response.status} at {here}")
        elif response.content_type == "text/html":
            links = (
                html.unescape(link).partition("#")[0] for link in re.findall(r'href="(/[^"]*)"', await response.text())
            )
            fresh = {link for link in links if not link.startswith("/h5/static/")} - known
            known |= fresh
            waiting += [(link, here) for link in sorted(fresh)]
    return linked, wrong


async def people(world: World) -> dict[str, Account]:
    """One person of each role, in a pool with rows in every state."""
    scene = await office_scene.make_scene(world)
    await office_scene.fill(scene)
    await world.services.files.materials.add(scene.admin, MaterialData("申报指南", "操作手册"), pdf())
    _, [invitation, *_] = await ended_panel(world.office, world.clock)
    office, deps = world.office, world.services.deps
    agent = await make_account(deps)
    await make_agent_link(await Organisation.get(id=office.agency.organisation_id), agent)
    await world.bind(invitation.expert_id)
    version = deps.book("demo").pool.privacy_version
    accounts = {
        "organisation": await Account.get(id=office.agency.account_id),
        "agent": agent,
        "pool_admin": scene.account,
        "reviewer": await Account.get(id=(await make_reviewer(deps, "industry", "440100")).account_id),
        "applicant": await make_applicant(deps, "吕申报", privacy_version=version),
        "expert": await Account.get(id=(await Expert.get(id=invitation.expert_id)).account_id),
    }
    await Account.filter(id=accounts["expert"].id).update(privacy_version=version)
    for role, actor in (("verifier", office.verifier), ("supervisor", office.supervisor), ("venue", office.venue)):
        accounts[role] = await Account.get(id=actor.account_id)
        await make_grant(accounts[role], role)
    return accounts


async def test_every_page_stands_in_the_table(world: World) -> None:
    routes = {
        route.resource.canonical
        for route in world.server.app.router.routes()
        if route.resource and route.method == "GET"
    }
    plain = {path for path in routes if "{" not in path.replace("/h5/{pool}/", "")}
    assert plain - {"/draw", "/i", "/n", "/v", "/x"} == PAGES.keys() | ELSEWHERE.keys()


async def test_each_person_finds_all_own_pages_by_links_and_none_that_refuses(world: World) -> None:
    problems: list[str] = []
    for role, account in (await people(world)).items():
        visitor = await world.enter(account)
        linked, wrong = await walk(visitor)
        missing = {path for path, roles in PAGES.items() if role in roles} - linked
        home = await (await visitor.get("/")).get(visitor.path)
        leaves = any("退出" in button for button in home.page.buttons)
        problems += [f"{role}: no link to {path}" for path in sorted(missing)]
        problems += [f"{role}: {fault}" for fault in wrong]
        problems += [] if leaves else [f"{role}: cannot log out"]
    assert not problems, "\n".join(problems)
