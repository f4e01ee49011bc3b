"""Uploading by the API, as the mini-program and the pages do it."""

from __future__ import annotations

import io
from typing import Any

import pytest
from PIL import Image

from models.applications import Application
from tests.factories.applicants import Applicant, make_applicant
from tests.factories.files import jpeg, pdf
from tests.miniapp_api.conftest import Person, World

PICTURE = jpeg(1200, 800)


@pytest.fixture
async def applicant(world: World) -> Applicant:
    return await make_applicant(world.deps)


@pytest.fixture
async def person(world: World, applicant: Applicant) -> Person:
    return await world.log_in_account(applicant.account.id, "applicant")


async def begin(person: Person, who: Applicant, **options: Any) -> Any:
    body = {"field": "photo", "filename": "照片.JPG", "size": len(PICTURE), "media_type": "image/jpeg"} | options
    return await person.post(f"/applications/{who.id}/attachments", body, 201)


async def put(person: Person, upload: str, offset: int, content: bytes, status: int = 200) -> Any:
    answer = await person.ask("PUT", f"/attachments/{upload}/parts/{offset}", data=io.BytesIO(content))
    assert answer.status == status, await answer.text()
    return await answer.json(content_type=None)


async def test_a_picture_goes_up_in_parts_and_comes_back(person: Person, applicant: Applicant) -> None:
    begun = await begin(person, applicant)
    assert begun["received"] == 0
    await put(person, begun["id"], 0, PICTURE[:4000])
    problem = await put(person, begun["id"], 0, PICTURE[:4000], 409)
    assert (problem["code"], problem["params"]) == ("upload_offset", {"received": 4000})
    await put(person, begun["id"], 4000, PICTURE[4000:])
    for _ in range(2):
        done = await person.post(f"/attachments/{begun['id']}/completion")
        assert (done["state"], done["media_type"], done["filename"]) == ("ready", "image/jpeg", "照片.jpg")
    shown = await person.get(f"/applications/{applicant.id}")
    assert [(file["id"], file["size"]) for file in shown["files"]] == [(begun["id"], len(PICTURE))]


async def test_a_thumbnail_comes_to_be_saved_and_not_shown_in_place(person: Person, applicant: Applicant) -> None:
    begun = await begin(person, applicant)
    await put(person, begun["id"], 0, PICTURE)
    await person.post(f"/attachments/{begun['id']}/completion")
    answer = await person.ask("GET", f"/attachments/{begun['id']}/thumbnail")
    assert answer.status == 200
    assert answer.content_type == "image/jpeg"
    assert answer.headers["Content-Disposition"] == (
        "attachment; filename=\"__.jpg\"; filename*=UTF-8''%E7%85%A7%E7%89%87.jpg"
    )
    assert answer.headers["Content-Security-Policy"].startswith("sandbox; default-src 'none'")
    assert answer.headers["X-Content-Type-Options"] == "nosniff"
    assert answer.headers["Cache-Control"] == "no-store"
    with Image.open(io.BytesIO(await answer.read())) as picture:
        assert picture.format == "JPEG"


async def test_a_bad_file_is_refused_before_and_after_sending(person: Person, applicant: Applicant) -> None:
    path = f"/applications/{applicant.id}/attachments"
    body = {"field": "photo", "filename": "a.pdf", "size": 10, "media_type": "application/pdf"}
    assert (await person.post(path, body, 422))["code"] == "file_type"
    letter = await begin(person, applicant, field="commitment_letter", size=5, media_type="", filename="a.pdf")
    await put(person, letter["id"], 0, pdf()[:5])
    problem = await person.post(f"/attachments/{letter['id']}/completion", status=422)
    assert (problem["code"], problem["detail"]) == ("file_broken", "PDF不完整或已损坏，请重新导出后再上传。")
    problem = await put(person, letter["id"], 5, b"x", 409)
    assert problem["code"] == "upload_gone"


async def test_a_part_is_bytes_and_at_most_a_megabyte(person: Person, applicant: Applicant) -> None:
    begun = await begin(person, applicant, size=3_000_000)
    await put(person, begun["id"], 0, bytes(1024 * 1024 + 1), 413)
    answer = await person.ask("PUT", f"/attachments/{begun['id']}/parts/0", json={"a": 1})
    assert answer.status == 415
    await put(person, begun["id"], 99_999_999_999, b"x", 404)
    await put(person, begun["id"], 0, bytes(1024 * 1024))


async def test_an_application_under_review_keeps_its_files(person: Person, applicant: Applicant) -> None:
    begun = await begin(person, applicant)
    await put(person, begun["id"], 0, PICTURE)
    await person.post(f"/attachments/{begun['id']}/completion")
    await Application.filter(id=applicant.id).update(state="reviewing")
    problem = await person.delete(f"/attachments/{begun['id']}", 409)
    assert (problem["code"], problem["detail"]) == ("field_fixed", "申请现在是“审核中”，不能修改“一寸免冠照片”。")


async def test_another_applicant_gets_404_for_a_file(world: World, person: Person, applicant: Applicant) -> None:
    begun = await begin(person, applicant)
    await put(person, begun["id"], 0, PICTURE)
    await person.post(f"/attachments/{begun['id']}/completion")
    other = await make_applicant(world.deps)
    stranger = await world.log_in_account(other.account.id, "applicant")
    await stranger.get(f"/attachments/{begun['id']}/thumbnail", 404)
    await stranger.delete(f"/attachments/{begun['id']}", 404)
