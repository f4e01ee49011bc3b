"""A file of the expert's file is corrected, and the regions where he is willing to evaluate."""

from __future__ import annotations

import io
from datetime import timedelta
from uuid import UUID

import aiohttp
import pytest

from domain.errors import NotFound
from models.applications import Attachment
from models.corrections import Correction
from models.experts import Expert
from models.notices import Notice
from services.core.base import Actor, Deps
from services.expert_files import file_of
from tests.factories.files import jpeg, pdf
from tests.factories.people import file_more, make_account, make_expert
from tests.factories.reviews import CITY, OTHER_CITY, PROVINCE
from tests.web.conftest import PUBLIC_URL, Visitor, World
from tests.web.office.test_correct_fields import correct
from tests.web.office_scene import Scene, make_scene, token_of, wrong_fields

REASON = "原照片不是本人"


@pytest.fixture
async def scene(world: World) -> Scene:
    return await make_scene(world)


async def send(page: Visitor, path: str, content: bytes, filename: str, **typed: str) -> Visitor:
    data = aiohttp.FormData({**token_of(page), **typed})
    data.add_field("file", io.BytesIO(content), filename=filename if content else "")
    return await page._show(await page.client.post(path, data=data, headers={"Origin": PUBLIC_URL}))


async def put(scene: Scene, expert: Expert, field: str, content: bytes, choice: str, **typed: str) -> Visitor:
    path = f"/office/people/{expert.id}/attachments/{field}"
    page = await scene.at(path)
    seen = page.page.buttons["更正"][0]["fields"]["seen"]
    given = {"seen": seen, "choice": choice, "reason": REASON}
    return await send(page, path, content, "new.jpg" if content[:2] == b"\xff\xd8" else "new.pdf", **given | typed)


async def filed(deps: Deps, expert: Expert, field: str) -> list[dict[str, object]]:
    value = (await file_of(deps, expert.id)).values.get(field)
    return list(value) if isinstance(value, list) else []


async def test_a_photograph_is_put_right_and_the_paper_shows_it(scene: Scene, deps: Deps) -> None:
    account = await make_account(deps)
    expert = await make_expert(deps, account=account)
    page = await scene.at(f"/office/people/{expert.id}/file")
    await page.click(next(name for name in page.page.links if name.startswith("一寸免冠照片")))
    page = await put(scene, expert, "photo", jpeg(295, 413), "add-0")
    assert (page.status, "已更正，立即生效" in page.text) == (200, True)
    [first] = await filed(deps, expert, "photo")
    scene.world.clock.move(timedelta(minutes=1))
    page = await put(scene, expert, "photo", jpeg(300, 420), str(first["file"]))
    assert page.status == 200
    [second] = await filed(deps, expert, "photo")
    assert second["file"] != first["file"]
    assert await Attachment.filter(state="ready", expert_id=expert.id).count() == 2, "the former one is history"
    corrections = await Correction.all()
    assert all(correction.evidence_key for correction in corrections)
    assert await Notice.filter(kind="person_corrected").count() == 2
    owner = Actor("demo", "expert", account.id, expert.id)
    paper = await scene.world.services.applications.documents.information_form(owner)
    assert paper is not None

    await page.get(f"/office/experts/{expert.id}")
    assert "new.jpg" in page.text
    await page.get(f"/office/files/{second['file']}")
    assert page.status == 200
    access = scene.world.services.reviews.attachment_access
    for role in ("applicant", "reviewer"):
        with pytest.raises(NotFound):
            await access.open(Actor("demo", role, (await make_account(deps)).id), UUID(str(second["file"])))


async def test_a_further_file_and_one_that_is_taken_out(scene: Scene, deps: Deps) -> None:
    expert = await make_expert(deps)
    assert (await put(scene, expert, "title_proof", pdf(), "add-0")).status == 200
    [first] = await filed(deps, expert, "title_proof")
    page = await put(scene, expert, "title_proof", pdf(), "add-0")
    count = len(await filed(deps, expert, "title_proof"))
    if page.status == 200:
        assert count == 2
        page = await put(scene, expert, "title_proof", pdf(), f"drop-{first['file']}")
        assert page.status == 200
        assert first not in await filed(deps, expert, "title_proof")
    else:
        assert (page.status, count) == (422, 1)


async def test_refusals_stand_beside_their_fields(scene: Scene, deps: Deps) -> None:
    expert = await make_expert(deps)
    page = await put(scene, expert, "photo", b"", "nonsense", reason="")
    assert set(await wrong_fields(page)) == {"choice", "file", "reason"}
    page = await put(scene, expert, "photo", pdf(), "add-0")
    assert set(await wrong_fields(page)) == {"file"}
    page = await put(scene, expert, "photo", jpeg(295, 413), "add-0", seen="earlier")
    assert (page.status, "刚刚有变动" in page.text) == (409, True)
    assert not await filed(deps, expert, "photo")
    assert not await Attachment.exists()
    for field in ("email", "name", "nonsense", "signed_form"):
        assert (await scene.at(f"/office/people/{expert.id}/attachments/{field}")).status == 404, field
    await Expert.filter(id=expert.id).update(left_at=scene.world.clock.now())
    assert (await scene.at(f"/office/people/{expert.id}/attachments/photo")).status == 409


async def test_every_field_of_files_opens(scene: Scene, deps: Deps) -> None:
    expert = await make_expert(deps)
    page = await scene.at(f"/office/people/{expert.id}/file")
    paths = [path for path in page.page.links.values() if "/attachments/" in path]
    assert len(paths) > 3
    for path in paths:
        assert (await page.get(path)).status == 200, path


async def test_willing_regions_are_typed_by_name_and_draws_go_by_them(scene: Scene, deps: Deps) -> None:
    expert = await make_expert(deps)
    await file_more(deps, expert, deps.now(), remote_evaluation=False)
    page = await correct(scene, expert, "willing_regions", willing_regions="广州市\n火星市")
    assert set(await wrong_fields(page)) == {"willing_regions"}
    page = await correct(scene, expert, "willing_regions", willing_regions=f"广州市\n{OTHER_CITY}\n广州市")
    assert page.status == 200
    assert (await Expert.get(id=expert.id)).willing_regions == [CITY, OTHER_CITY]
    page = await scene.at(f"/office/people/{expert.id}/file/willing_regions")
    assert "意愿评标地 广州市 深圳市 每行一个地区" in page.text
    await correct(scene, expert, "willing_regions", willing_regions="广东省")
    assert (await Expert.get(id=expert.id)).willing_regions == [PROVINCE]
    scene.world.clock.move(timedelta(minutes=1))
    await correct(scene, expert, "willing_regions", **{"willing_regions": "", "empty-willing_regions": "1"})
    assert "willing_regions" not in (await file_of(deps, expert.id)).values
