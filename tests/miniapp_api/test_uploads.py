"""Permissions are checked first: the file of a person without them is neither read nor inspected."""

from __future__ import annotations

from typing import Any

import pytest

from domain.errors import Unavailable
from miniapp_api.assembly import APIS
from miniapp_api.http import dispatch
from services.core.body_room import BodyRoom
from tests.factories.applicants import make_applicant
from tests.factories.files import jpeg
from tests.miniapp_api.conftest import Person, World

BOMB = b"PK\x03\x04" + bytes(100_000)
PICTURE = jpeg(1200, 800)


async def begin(world: World) -> tuple[Person, str]:
    """An applicant, and the address of the first part of a picture."""
    owner = await make_applicant(world.deps)
    person = await world.log_in_account(owner.account.id, "applicant")
    body = {"field": "photo", "filename": "a.jpg", "size": len(PICTURE)}
    begun = await person.post(f"/applications/{owner.id}/attachments", body, 201)
    return person, f"/attachments/{begun['id']}/parts/0"


async def test_a_part_for_another_s_file_is_not_read(world: World, monkeypatch: pytest.MonkeyPatch) -> None:
    async def read(*_given: object) -> Any:
        raise AssertionError("the body was read")

    _, path = await begin(world)
    other = await make_applicant(world.deps)
    stranger = await world.log_in_account(other.account.id, "applicant")
    monkeypatch.setattr(dispatch, "read_arguments", read)
    assert (await stranger.ask("PUT", path, data=BOMB)).status == 404


def test_every_upload_to_an_object_asks_first_whose_it_is() -> None:
    uploads = [
        endpoint
        for api in APIS
        for endpoint in api.endpoints
        if endpoint.content_max is not None and "{" in endpoint.path
    ]
    assert uploads
    assert [endpoint.name for endpoint in uploads if endpoint.guard is None] == []


def test_bodies_beyond_what_a_process_may_hold_are_refused_for_a_minute() -> None:
    room = BodyRoom(10)
    with room.request_account() as account:
        account.take(6)
        with room.request_account() as other, pytest.raises(Unavailable, match="一分钟后再试"):
            other.take(5)
    with room.request_account() as account:
        account.take(10)


async def test_a_picture_that_finds_no_room_is_refused_and_finds_it_later(
    world: World, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Many uploads at once would be most of a small machine's memory."""
    person, path = await begin(world)
    small, request_account = BodyRoom(1_000), BodyRoom.request_account
    with monkeypatch.context() as patch:
        patch.setattr(BodyRoom, "request_account", lambda _room: request_account(small))
        refused = await person.ask("PUT", path, data=PICTURE)
        assert (refused.status, (await refused.json())["code"]) == (503, "files_busy")
        assert int(refused.headers["Retry-After"]) > 0
    assert (await person.ask("PUT", path, data=PICTURE)).status == 200
