"""One row of every noun that the API names by an id, except invitations; only its owner has access."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import timedelta
from typing import Any, cast

from miniapp_api.http.routes import Endpoint
from models.accounts import Account
from models.applications import Attachment
from models.courses import CourseEnrolment, CourseItem
from models.experts import Expert, Unavailability
from models.organisations import AgentLink, Organisation
from models.payments import Fee
from tests.factories.offices import Office
from tests.factories.people import make_account, make_agent_link
from tests.miniapp_api.conftest import World
from tests.web.conftest import World as Pages
from tests.web.owned_rows import make_owned_rows

GIVEN = {"pool", "kind", "section", "offset"}
"""Parameters of addresses that are no rows."""
MODELS: Mapping[str, Any] = {
    "link_id": AgentLink,
    "period_id": Unavailability,
    "attachment_id": Attachment,
    "fee_id": Fee,
    "enrolment_id": CourseEnrolment,
    "item_id": CourseItem,
}
"""Parameters for which the first row is used."""


@dataclass(frozen=True)
class Rows:
    """Ids by the beginning of an address and its parameter, and the owners of the rows."""

    ids: Mapping[tuple[str, str], object]
    owners: Mapping[str, Account]

    def of(self, endpoint: Endpoint) -> dict[str, object]:
        """What its address names. Raises AssertionError for a parameter that stands for no row."""
        return {name: self._find(endpoint.path, name) for name in endpoint.path_model.model_fields if name not in GIVEN}

    def _find(self, path: str, name: str) -> object:
        fitting = [begin for begin, known in self.ids if known == name and path.startswith(begin)]
        assert fitting, f"nothing stands for {name} in {path}"
        return self.ids[max(fitting, key=len), name]


async def make_rows(world: World, office: Office) -> Rows:
    pages = Pages(cast(Any, None), world.services, office, world.clock, cast(Any, None))
    everything = await make_owned_rows(pages)
    values = everything.values
    account = await _what_pages_lack(world, office)
    rows_by_field: dict[tuple[str, str], object] = {
        ("/applications/", "application_id"): values["/office/applications/", "id"],
        ("/", "candidate_id"): values["/h5/{pool}/exams/", "candidate_id"],
        ("/", "attempt_id"): values["/h5/{pool}/exams/", "attempt_id"],
    }
    for name, model in MODELS.items():
        row = await model.all().order_by("id").first()
        assert row is not None, f"there is no {model.__name__}"
        rows_by_field["/", name] = row.id
    accounts = {
        **everything.owners,
        "admin": everything.scene.account,
        "asked": account,
        "applicant": await Account.get(id=everything.scene.applications["欧阳建国"].account_id),
        "agency": await Account.get(id=office.agency.account_id),
    }
    return Rows(rows_by_field, accounts)


async def _what_pages_lack(world: World, office: Office) -> Account:
    """Rows that pages don't have: a request of an agency to its owner, an absence."""
    now = world.clock.now()
    account = await make_account(world.deps)
    organisation = await Organisation.get(id=office.agency.organisation_id)
    await make_agent_link(organisation, account, accepted_at=None)
    expert = await Expert.all().order_by("id").first()
    assert expert is not None
    await Unavailability.create(
        expert_id=expert.id, starts_at=now + timedelta(days=1), ends_at=now + timedelta(days=2), created_at=now
    )
    return account
