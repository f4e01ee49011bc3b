"""Whose it is comes first: a stranger's file is neither read nor looked into."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import FormData

from domain.ids import new_id
from miniapp_api.assembly import APIS
from miniapp_api.http import running
from tests.factories.applicants import make_applicant
from tests.factories.offices import Office
from tests.miniapp_api.conftest import Person, World

BOMB = b"PK\x03\x04" + bytes(100_000)


@pytest.fixture
async def agency(world: World, office: Office) -> Person:
    chosen = {"organisation_id": str(office.agency.organisation_id)}
    return await world.log_in_account(office.agency.account_id, "organisation", **chosen)


def forbid_reading(patch: pytest.MonkeyPatch) -> None:
    async def read(*_given: object) -> Any:
        raise AssertionError("the body was read")

    patch.setattr(running, "read_arguments", read)


async def send(person: Person, path: str) -> Any:
    form = FormData()
    form.add_field("file", BOMB, filename="list.xlsx")
    response = await person.ask("POST", path, data=form)
    assert response.status == 404, await response.text()
    return await response.json()


async def test_files_for_another_s_application_are_not_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    owner, other = await make_applicant(world.deps), await make_applicant(world.deps)
    stranger = await world.log_in_account(other.account.id, "applicant")
    forbid_reading(monkeypatch)
    await send(stranger, f"/applications/{owner.id}/attachments/whole?field=photo")
    response = await stranger.ask("PUT", f"/attachments/{new_id()}/parts/0", data=BOMB)
    assert response.status == 404


@pytest.mark.parametrize("path", ["recusal-units/import", "recusal-persons/import", "attachment"])
async def test_sheets_for_another_s_draw_are_not_read(
    agency: Person, path: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    forbid_reading(monkeypatch)
    assert (await send(agency, f"/draws/{new_id()}/{path}"))["detail"] == "没有这个抽取活动。"


def test_every_upload_to_an_object_asks_first_whose_it_is() -> None:
    uploads = [one for api in APIS for one in api.endpoints if one.upload is not None and "{" in one.path]
    assert len(uploads) >= 6
    assert {one.name for one in uploads if one.guard is None} <= {"office_payments_upload_invoice"}, "the office's own"
