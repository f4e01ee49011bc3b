"""Registered persons with an application in any state, as rows."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any
from uuid import UUID

from models.accounts import Account
from models.applications import Application, ApplicationSection
from services.applications.repository import seal_values, type_of
from services.core.base import Actor, Deps
from tests.factories.numbers import Numbers
from tests.factories.people import make_account

_serials = Numbers()


@dataclass(frozen=True)
class Applicant:
    """A person with an application."""

    actor: Actor
    account: Account
    application: Application

    @property
    def id(self) -> UUID:
        return self.application.id


async def make_applicant(
    deps: Deps, *, pool: str = "demo", id_number: str = "", mobile: str | None = None, **columns: Any
) -> Applicant:
    """``columns`` are the application's; without them a first application that is being filled in."""
    number = id_number or f"11010519491231{next(_serials):04}"
    account = await make_account(
        deps,
        mobile,
        pool=pool,
        real_name="欧阳明",
        registered_at=deps.now(),
        id_number_sealed=deps.keys.seal(number, "id_number"),
        id_number_hash=deps.keys.lookup_hash("id_number", number),
    )
    application = await make_application(deps, account, **columns)
    return Applicant(Actor(pool, "applicant", account_id=account.id), account, application)


async def make_application(deps: Deps, account: Account, **columns: Any) -> Application:
    values: dict[str, Any] = {
        "entry_type": "first",
        "state": "draft",
        "state_since": deps.now(),
        "created_at": deps.now(),
        "number": f"SQ20261121{next(_serials):07}",
    }
    return await Application.create(pool=account.pool, account_id=account.id, **values | columns)


async def fill_in(deps: Deps, application: Application, values: Mapping[str, object]) -> None:
    """Store values in the sections of their fields."""
    form = deps.book(application.pool).form.of(type_of(application))
    for code, section in form.sections.items():
        here = {field: values[field] for field in section.fields if field in values}
        await ApplicationSection.create(
            application_id=application.id, code=code, values_sealed=seal_values(deps, here), saved_at=deps.now()
        )
