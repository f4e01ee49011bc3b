"""Forms that carry an id in a field, not in their address: an id of another person's row is refused."""

from __future__ import annotations

import re
from pathlib import Path
from uuid import UUID

import pytest

from models.accounts import Account, RoleGrant
from models.campaigns import Employer, EmployerRequest
from models.draws import SupervisorEntry
from models.materials import Material
from models.misunderstood import IntentParaphrase, MisunderstoodSentence
from models.organisations import Organisation
from models.payments import BillDifference, Invoice
from models.remuneration import Remuneration
from models.reviews import Objection, ReviewAssignment
from services.files import MaterialData
from tests.drivers.tables import sums_of_all
from tests.factories.files import pdf
from tests.factories.people import OTHER_CREDIT_CODE, make_account, make_agent_link, make_expert, make_organisation
from tests.factories.remuneration import ended_panel
from tests.web.conftest import World
from tests.web.office_scene import fill, make_scene
from web.core.site import Site

WEB = Path(__file__).parents[2] / "web"
OFFICE = {
    "/office/staff": RoleGrant,
    "/office/reviewers": ReviewAssignment,
    "/office/supervisors": SupervisorEntry,
    "/office/objections": Objection,
    "/office/invoices": Invoice,
    "/office/misunderstood": MisunderstoodSentence,
    "/office/paraphrases": IntentParaphrase,
    "/office/employers": Employer,
    "/office/employers/requests": EmployerRequest,
    "/office/materials": Material,
    "/office/reconciliation": BillDifference,
}
"""Lists of the office whose lines have forms, and whose id stands in them."""
FIELDS = {"reason": "不符", "text": "已收到", "answer": "已核实", "outcome": "upheld", "note": "x", "opinion": "不符"}


def commands() -> list[str]:
    """Every ``command`` of a page."""
    text = "\n".join(path.read_text(encoding="utf-8") for path in (WEB / "templates").rglob("*.html"))
    return sorted({"", *re.findall(r'name="command"\s+value="([\w-]+)"', text)})


@pytest.fixture
def _any_form(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let forms pass without tokens."""
    monkeypatch.setattr(Site, "_check_token", lambda *_: None)


@pytest.mark.usefixtures("_any_form")
async def test_an_administrator_changes_no_line_of_another_pool(world: World) -> None:
    deps = world.services.deps
    scene = await make_scene(world)
    await fill(scene)
    await make_expert(deps, account=await make_account(deps))
    await world.services.files.materials.add(scene.admin, MaterialData("申报指南", "操作手册"), pdf())
    admin = await make_account(deps, pool="guangdong")
    await RoleGrant.create(pool="guangdong", account_id=admin.id, role="pool_admin", granted_at=deps.now())
    visitor, wrong = await world.enter(admin), []
    known, before = commands(), await sums_of_all()
    assert len(known) > 40
    for path, model in OFFICE.items():
        row = await model.filter(pool="demo").first() if "pool" in model._meta.fields else await model.first()
        assert row is not None, path
        for command in known:
            await visitor.post(path, {**FIELDS, "command": command, "id": str(row.id)})
            if not 400 <= visitor.status < 500:
                wrong.append(f"{path} {command}: {visitor.status} {visitor.path}")
    assert not wrong, "\n".join(wrong)
    assert await sums_of_all() == before


@pytest.mark.usefixtures("_any_form")
async def test_answers_and_ends_with_another_persons_id_are_refused(world: World) -> None:
    deps, office = world.services.deps, world.office
    draw_id, called = await ended_panel(office, world.clock)
    await world.services.remuneration.proposals.propose_all(office.venue, draw_id)
    link = await make_agent_link(await Organisation.get(id=office.agency.organisation_id), await make_account(deps))
    legal, expert = await make_account(deps), await make_account(deps)
    await make_organisation(name="别家代理", credit_code=OTHER_CREDIT_CODE, legal_account_id=legal.id)
    await make_expert(deps, account=expert)
    version = deps.book("demo").pool.privacy_version
    await Account.all().update(real_name="某人", privacy_version=version, privacy_accepted_at=deps.now())
    tried: list[tuple[str, Account, UUID]] = [
        ("/agency/agents", legal, link.id),
        ("/h5/demo/agent-requests", expert, link.id),
        ("/h5/demo/remuneration", expert, (await Remuneration.get()).id),
        ("/h5/demo/proofs", expert, called[0].id),
    ]
    before, wrong = await sums_of_all(), []
    for path, account, its in tried:
        visitor = await world.enter(account)
        assert (await visitor.get(path)).path == path, "they have such a page of their own"
        for command in commands():
            await visitor.post(path, {**FIELDS, "command": command, "id": str(its), "version": "1"})
            if not 400 <= visitor.status < 500:
                wrong.append(f"{path} {command}: {visitor.status} {visitor.path}")
    assert not wrong, "\n".join(wrong)
    assert {name for name, now in (await sums_of_all()).items() if now != before[name]} == set()
