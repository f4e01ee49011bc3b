"""Printing by the API, and proving a document to anybody."""

from __future__ import annotations

import pytest

from tests.factories.applicants import Applicant, make_applicant
from tests.factories.people import make_expert
from tests.miniapp_api.conftest import Person, World


@pytest.fixture
async def applicant(world: World) -> Applicant:
    return await make_applicant(world.deps)


@pytest.fixture
async def person(world: World, applicant: Applicant) -> Person:
    return await world.log_in_account(applicant.account.id, "applicant")


async def test_a_form_is_printed_downloaded_and_proved(world: World, person: Person, applicant: Applicant) -> None:
    documents = f"/applications/{applicant.id}/papers"
    assert (await person.get(f"{documents}/form", 409))["code"] == "not_printed"
    printed = await person.post(f"{documents}/form", {})
    assert (printed["version"], printed["locked"]) == (1, False)
    assert await person.post(f"{documents}/form", {"confirmed": True}) == printed
    for document, name in (("form", "-v1"), ("draft", "-draft"), ("commitment", "-commitment")):
        answer = await person.ask("GET", f"{documents}/{document}")
        assert (answer.status, answer.content_type) == (200, "application/pdf")
        number = applicant.application.number
        assert answer.headers["Content-Disposition"] == f'attachment; filename="{number}{name}.pdf"'
        assert (await answer.read()).startswith(b"%PDF-")
    said = await (await world.client.get(f"/api/v1/demo/papers/{printed['code']}")).json()
    assert (said["number"], said["current"], said["masked_name"]) == (applicant.application.number, True, "欧**")


async def test_the_code_of_no_printed_document_gets_404(world: World) -> None:
    answer = await world.client.get("/api/v1/demo/papers/0000-0000-0000-0000")
    assert answer.status == 404
    assert (await answer.json())["code"] == "no_such_paper"
    assert (await world.client.get("/api/v1/demo/papers/short")).status == 404


async def test_only_the_owner_prints(world: World, applicant: Applicant) -> None:
    other = await make_applicant(world.deps)
    stranger = await world.log_in_account(other.account.id, "applicant")
    await stranger.post(f"/applications/{applicant.id}/papers/form", {}, 404)
    for document in ("form", "draft", "commitment"):
        await stranger.get(f"/applications/{applicant.id}/papers/{document}", 404)


async def test_an_expert_downloads_the_information_form(world: World) -> None:
    expert = await make_expert(world.deps)
    person = await world.log_in_expert(expert.id)
    answer = await person.ask("GET", "/experts/me/papers/information")
    assert (answer.status, answer.content_type) == (200, "application/pdf")
