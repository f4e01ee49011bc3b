"""A field of the file is corrected on evidence, by the rules of the form; what follows from it follows."""

from __future__ import annotations

import pytest

from models.audit import AuditEntry
from models.corrections import Correction
from models.experts import Employment, Expert
from models.notices import Notice
from services.core.base import Deps
from services.expert_files import file_of
from tests.factories.files import pdf
from tests.factories.people import CREDIT_CODE, file_more, make_expert
from tests.web.conftest import Visitor, World
from tests.web.office.test_people import send
from tests.web.office_scene import Scene, make_scene, wrong_fields

REASON = "录入时看错，按劳动合同更正"


@pytest.fixture
async def scene(world: World) -> Scene:
    return await make_scene(world)


async def correct(scene: Scene, expert: Expert, field: str, **typed: str) -> Visitor:
    path = f"/office/people/{expert.id}/file/{field}"
    page = await scene.at(path)
    shown = {
        name: "" if name.startswith("empty-") else text for name, text in page.page.buttons["更正"][0]["fields"].items()
    }
    return await send(page, path, pdf(), **{**shown, "reason": REASON} | typed)


async def filed(deps: Deps, expert: Expert) -> dict[str, object]:
    return dict((await file_of(deps, expert.id)).values)


async def test_a_field_is_corrected_and_the_file_says_by_whom(scene: Scene, deps: Deps) -> None:
    expert = await make_expert(deps)
    await file_more(deps, expert, deps.now(), backup_mobile="13912345678")
    page = await scene.at(f"/office/people/{expert.id}")
    await page.click(next(name for name in page.page.links if name.startswith("更正档案内容")))
    await page.click(next(name for name in page.page.links if name.startswith("电子邮箱")))
    page = await correct(scene, expert, "email", email="ouyang@example.cn")
    assert (page.status, "已更正，立即生效" in page.text, "o***@example.cn" in page.text) == (200, True, True)
    file = await file_of(deps, expert.id)
    [correction] = await Correction.all()
    assert (file.values["email"], file.since["email"].source, file.since["email"].source_id) == (
        "ouyang@example.cn",
        "office",
        correction.id,
    )
    assert await Notice.filter(kind="person_corrected").count() == 2, "to him and to his second phone"
    assert await AuditEntry.filter(action="correction.field").exists()
    await page.get(f"/office/experts/{expert.id}")
    assert "管理机构更正（周管理）" in page.text
    await page.get(f"/office/people/{expert.id}")
    assert ("更正档案内容" in page.text, "电子邮箱" in page.text, REASON in page.text) == (True, True, True)


async def test_nobody_corrects_his_own_file(scene: Scene, deps: Deps) -> None:
    expert = await make_expert(deps)
    path = f"/office/people/{expert.id}/file/email"
    page = await scene.at(path)
    await Expert.filter(id=expert.id).update(account_id=scene.admin.account_id)
    await send(
        page, path, pdf(), **{**page.page.buttons["更正"][0]["fields"], "reason": REASON, "email": "own@example.cn"}
    )
    assert (page.status, "由其他管理员办理" in page.text) == (403, True)
    await page.get(path)
    assert (page.status, "由其他管理员办理" in page.text) == (403, True)
    assert "email" not in await filed(deps, expert)


async def test_recusals_and_employments_follow_the_corrected_unit(scene: Scene, deps: Deps) -> None:
    expert = await make_expert(deps)
    await file_more(deps, expert, deps.now(), former_units=[{"name": "旧单位", "until": "2026-01-31"}])
    page = await correct(
        scene,
        expert,
        "former_units",
        **{
            "former_units-0-name": "广州甲公司",
            "former_units-0-code": CREDIT_CODE,
            "former_units-1-name": "广州乙公司",
        },
    )
    assert set(await wrong_fields(page)) == {"former_units-1-until"}, "the form's own rules"
    page = await correct(
        scene, expert, "former_units", **{"former_units-0-name": "广州甲公司", "former_units-0-code": CREDIT_CODE}
    )
    assert page.status == 200
    jobs = {job.unit_name: job.unit_keys for job in await Employment.filter(expert_id=expert.id)}
    assert set(jobs["广州甲公司"]) == {f"code:{CREDIT_CODE}", "name:广州甲公司"}
    assert "旧单位" in jobs, "a correction takes no recusal away: what was filed counts for its years"

    await correct(scene, expert, "recusal_units", **{"recusal_units-0-name": "广州丙公司"})
    assert (await Expert.get(id=expert.id)).recusal_keys == ["name:广州丙公司"]
    await correct(scene, expert, "recusal_units", **{"empty-recusal_units": "1"})
    assert ((await Expert.get(id=expert.id)).recusal_keys, "recusal_units" in await filed(deps, expert)) == ([], False)


async def test_specialties_region_and_term_are_those_that_draws_read(scene: Scene, deps: Deps) -> None:
    expert = await make_expert(deps)
    assert (await correct(scene, expert, "specialties", specialties="A0000")).status == 422
    page = await correct(scene, expert, "specialties", specialties="A08")
    await correct(scene, expert, "term_until", term_until="2029-03-01")
    expert = await Expert.get(id=expert.id)
    assert page.status in (200, 422)
    assert expert.term_until is not None
    assert expert.term_until.isoformat() == "2029-03-01T15:59:59+00:00"


async def test_refusals_stand_beside_their_fields_and_change_nothing(scene: Scene, deps: Deps) -> None:
    expert = await make_expert(deps)
    path = f"/office/people/{expert.id}/file/email"
    page = await send(await scene.at(path), path, email="nobody", reason="")
    assert set(await wrong_fields(page)) == {"email", "reason", "file"}
    assert page.page.buttons["更正"][0]["fields"]["email"] == "nobody", "nothing typed is lost"
    await correct(scene, expert, "email", email="a@example.cn")
    page = await correct(scene, expert, "email", email="a@example.cn")
    assert (page.status, "没有需要更正的" in page.text) == (409, True)
    page = await correct(scene, expert, "email", email="b@example.cn", seen="-")
    assert (page.status, "刚刚有变动" in page.text) == (409, True)
    for field in ("number", "name", "photo", "nonsense"):
        assert (await scene.at(f"/office/people/{expert.id}/file/{field}")).status == 404, field
    await Expert.filter(id=expert.id).update(left_at=scene.world.clock.now())
    assert (await scene.at(path)).status == 409


@pytest.mark.parametrize("pool", ["demo"])
async def test_every_field_of_the_form_opens(scene: Scene, deps: Deps, pool: str) -> None:
    expert = await make_expert(deps, pool=pool)
    page = await scene.at(f"/office/people/{expert.id}/file")
    paths = [path for path in page.page.links.values() if path.startswith(f"/office/people/{expert.id}/file/")]
    assert len(paths) > 20
    for path in paths:
        assert (await page.get(path)).status == 200, path
