"""Printing the form."""

from __future__ import annotations

import pytest

from tests.factories.applicants import Applicant, make_applicant
from tests.miniapp_api.conftest import Person, World


@pytest.fixture
async def applicant(world: World) -> Applicant:
    return await make_applicant(world.deps)


@pytest.fixture
async def person(world: World, applicant: Applicant) -> Person:
    return await world.log_in_account(applicant.account.id, "applicant")


async def test_a_form_is_printed_once(person: Person, applicant: Applicant) -> None:
    path = f"/applications/{applicant.id}/papers/form"
    printed = await person.post(path, {})
    assert (printed["version"], printed["locked"]) == (1, False)
    assert await person.post(path, {"confirmed": True}) == printed


async def test_only_the_owner_prints(world: World, applicant: Applicant) -> None:
    other = await make_applicant(world.deps)
    stranger = await world.log_in_account(other.account.id, "applicant")
    await stranger.post(f"/applications/{applicant.id}/papers/form", {}, 404)
