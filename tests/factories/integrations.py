"""A platform that works for an agency, as the office issued and the agency accepted it."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from models.accounts import Account
from models.organisations import Organisation
from services.core.base import Actor, Deps
from services.integrations import ClientForm, IntegrationServices
from tests.factories.offices import Office
from tests.factories.people import make_account

RECEIVER = "https://platform.example/events"


@dataclass(frozen=True)
class Platform:
    """``admin`` issued it."""

    client_id: UUID
    secret: str
    signing: str
    admin: Actor


def client_form(mobile: str, credit_code: str, **change: object) -> ClientForm:
    values: dict[str, object] = {
        "name": "某某交易平台",
        "credit_code": credit_code,
        "mobile": mobile,
        "projects": True,
        "draws": True,
        "results": True,
        "networks": "127.0.0.1",
        "webhook_url": "",
    }
    return ClientForm(**values | change)  # type: ignore[arg-type]


async def mobile_of(deps: Deps, account_id: UUID | None) -> str:
    return deps.keys.open_text((await Account.get(id=account_id)).mobile_sealed, "mobile")


async def make_platform(
    office: Office, services: IntegrationServices, *, accepted: bool = True, **change: object
) -> Platform:
    """A client of the office's agency; ``change`` of its form."""
    admin = Actor("demo", "pool_admin", account_id=(await make_account(office.deps)).id)
    mobile = await mobile_of(office.deps, office.agency.account_id)
    code = (await office_organisation(office)).credit_code
    new = await services.clients.issue(admin, client_form(mobile, code, **change))
    if accepted:
        await services.clients.accept(office.agency, new.client_id)
    return Platform(new.client_id, new.secret, new.signing, admin)


async def office_organisation(office: Office) -> Organisation:
    return await Organisation.get(id=office.agency.organisation_id)
