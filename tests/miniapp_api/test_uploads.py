"""Permissions are checked first: the file of a person without them is neither read nor inspected."""

from __future__ import annotations

from typing import Any

import pytest
from aiohttp import FormData

from domain.errors import Unavailable
from domain.ids import new_id
from miniapp_api.assembly import APIS
from miniapp_api.http import dispatch
from miniapp_api.http.parsing import BodyRoom
from tests.factories.applicants import make_applicant
from tests.factories.files import jpeg
from tests.miniapp_api.conftest import Person, World

BOMB = b"PK\x03\x04" + bytes(100_000)


def forbid_reading(patch: pytest.MonkeyPatch) -> None:
    async def read(*_given: object) -> Any:
        raise AssertionError("the body was read")

    patch.setattr(dispatch, "read_arguments", read)


def _form(content: bytes) -> FormData:
    form = FormData()
    form.add_field("file", content, filename="a.jpg")
    return form


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
    assert (await send(agency, f"/draws/{new_id()}/{path}"))["detail"] == "找不到这个抽取活动，请返回列表后刷新。"


def test_every_upload_to_an_object_asks_first_whose_it_is() -> None:
    uploads = [one for api in APIS for one in api.endpoints if one.upload is not None and "{" in one.path]
    assert len(uploads) >= 6
    assert {one.name for one in uploads if one.guard is None} <= {"office_payments_upload_invoice"}, "the office's own"


def test_bodies_beyond_what_a_process_may_hold_are_refused_for_a_minute() -> None:
    room = BodyRoom(10)
    with room.guest() as take:
        take(6)
        with room.guest() as other, pytest.raises(Unavailable, match="一分钟后再试"):
            other(5)
    with room.guest() as take:
        take(10)


async def test_a_picture_that_finds_no_room_is_refused_and_finds_it_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Forty uploads of 20 MB at once would be most of a small machine's memory."""
    owner = await make_applicant(world.deps)
    person = await world.log_in_account(owner.account.id, "applicant")
    path = f"/applications/{owner.id}/attachments/whole?field=photo"
    small, guest = BodyRoom(1_000), BodyRoom.guest
    with monkeypatch.context() as patch:
        patch.setattr(BodyRoom, "guest", lambda _room: guest(small))
        refused = await person.ask("POST", path, data=_form(jpeg(1200, 800)))
        assert (refused.status, (await refused.json())["code"]) == (503, "files_busy")
        assert int(refused.headers["Retry-After"]) > 0
    assert (await person.ask("POST", path, data=_form(jpeg(1200, 800)))).status == 201
