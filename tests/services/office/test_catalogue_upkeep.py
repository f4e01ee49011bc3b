"""Catalogues of the office: days of effect, and the successors of an ended code in every file that holds it."""

from __future__ import annotations

from dataclasses import replace
from datetime import date, timedelta

import pytest

from domain.catalogues import CatalogueItem
from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, InvalidForm, InvalidInput, NotFound
from domain.experts.file import FileSource
from models.audit import AuditEntry
from models.experts import CatalogueEntry, CatalogueMapping, Expert
from services.catalogues import Catalogues
from services.core.base import Actor, Deps
from services.expert_files import changes_of
from services.office.catalogue_upkeep import CatalogueUpkeep
from tests.factories.people import make_account, make_expert
from tests.factories.reviews import make_catalogues

pytestmark = pytest.mark.usefixtures("db")
TODAY = date(2026, 11, 21)


@pytest.fixture
async def upkeep(deps: Deps) -> CatalogueUpkeep:
    await make_catalogues()
    return CatalogueUpkeep(deps, Catalogues(deps))


@pytest.fixture
async def admin(deps: Deps) -> Actor:
    return Actor("demo", "pool_admin", (await make_account(deps)).id)


async def offered(deps: Deps, kind: str = "specialty", parent: str = "A08") -> list[str]:
    return [node.code for node in await Catalogues(deps).children("demo", kind, parent)]


async def test_an_added_entry_is_offered_from_its_day_on(
    upkeep: CatalogueUpkeep, admin: Actor, deps: Deps, clock: FixedClock
) -> None:
    entry = await upkeep.add(admin, "specialty", "a0802", "桥梁", TODAY + timedelta(days=2), reason="新专业")
    assert (entry.code, entry.parent, entry.state) == ("A0802", "A08", "coming")
    assert await offered(deps) == ["A0801"]
    clock.move(timedelta(days=2))
    assert sorted(await offered(deps)) == ["A0801", "A0802"]
    assert [node.code for node in await Catalogues(deps).search("demo", "specialty", "桥梁")] == ["A0802"]


async def test_an_ended_entry_is_offered_no_longer_and_its_name_stays(
    upkeep: CatalogueUpkeep, admin: Actor, deps: Deps, clock: FixedClock
) -> None:
    await upkeep.end(admin, "specialty", "A0801", TODAY + timedelta(days=1), reason="并入市政")
    assert await offered(deps) == ["A0801"]
    clock.move(timedelta(days=1))
    assert await offered(deps) == []
    assert (await Catalogues(deps).names("demo", "specialty", ["A0801"]))["A0801"].endswith("房屋建筑")
    assert (await upkeep.get(admin, "specialty", "A0801")).entry.state == "ended"
    await upkeep.end(admin, "specialty", "A0801", None, reason="仍要使用")
    assert await offered(deps) == ["A0801"]
    assert await AuditEntry.filter(action="catalogue.end").count() == 2


async def test_what_fits_no_catalogue_is_refused(upkeep: CatalogueUpkeep, admin: Actor) -> None:
    with pytest.raises(InvalidForm) as refusal:
        await upkeep.add(admin, "specialty", "8A", "", TODAY - timedelta(days=1), reason="")
    assert [fault.field for fault in refusal.value.faults] == ["code", "name", "reason", "starts_on"]
    for code, told in (("A0801", "已有这个代码"), ("C0101", "先添加上级")):
        with pytest.raises(InvalidInput, match=told):
            await upkeep.add(admin, "specialty", code, "某专业", None, reason="试试")
    with pytest.raises(Conflict, match="先停用下级"):
        await upkeep.end(admin, "specialty", "A08", TODAY, reason="整类停用")
    with pytest.raises(InvalidInput, match="不能早于今天"):
        await upkeep.end(admin, "specialty", "A0801", TODAY - timedelta(days=1), reason="倒填")
    for kind, code in (("specialty", "Z99"), ("colour", "A")):
        with pytest.raises(NotFound):
            await upkeep.get(admin, kind, code)
    with pytest.raises(Forbidden):
        await upkeep.end(replace(admin, role="reviewer"), "specialty", "A0801", TODAY, reason="试试")


async def test_files_that_hold_an_ended_code_get_its_successors(
    upkeep: CatalogueUpkeep, admin: Actor, deps: Deps
) -> None:
    holder = await make_expert(deps, specialties=["A0801", "B"], specialty_path=["A", "A08", "A0801", "B"])
    both = await make_expert(deps, specialties=["A0801", "A0401"], specialty_path=["A", "A04", "A0401", "A08", "A0801"])
    other = await make_expert(deps, specialties=["A0401"])
    await upkeep.end(admin, "specialty", "A0801", TODAY, reason="拆分")
    preview = await upkeep.preview_mapping(admin, "specialty", "A0801", ["A0401", "A08"])
    assert (preview.files, len(preview.experts)) == (2, 2)
    mapping_id = await upkeep.map(admin, "specialty", "A0801", ["A0401"], reason="拆分", key="k" * 16)
    assert await upkeep.map(admin, "specialty", "A0801", ["A0401"], reason="拆分", key="k" * 16) == mapping_id
    await upkeep.carry_out(mapping_id)
    await upkeep.carry_out(mapping_id)
    held = {expert.id: expert.specialties for expert in await Expert.all()}
    assert (held[holder.id], held[both.id], held[other.id]) == (["A0401", "B"], ["A0401"], ["A0401"])
    mapping = await CatalogueMapping.get(id=mapping_id)
    assert (mapping.files, mapping.done_at is not None) == (2, True)
    last = (await changes_of(deps, [holder.id]))[holder.id][-1]
    assert (last.source, last.source_id, last.by) == (FileSource.OFFICE, mapping_id, admin.account_id)
    assert "A0801" not in (await Expert.get(id=holder.id)).specialty_path
    assert (await upkeep.get(admin, "specialty", "A0801")).files == 0


async def test_a_mapping_goes_on_where_it_was_interrupted(
    upkeep: CatalogueUpkeep, admin: Actor, deps: Deps, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("services.office.catalogue_upkeep._BATCH", 2)
    experts = [await make_expert(deps, specialties=["A0801"], specialty_path=["A", "A08", "A0801"]) for _ in range(5)]
    await upkeep.end(admin, "specialty", "A0801", TODAY, reason="停用")
    mapping_id = await upkeep.map(admin, "specialty", "A0801", ["A0401"], reason="合并")
    assert await upkeep._map_batch(mapping_id)
    assert (await CatalogueMapping.get(id=mapping_id)).files == 2
    with pytest.raises(Conflict, match="正在对应"):
        await upkeep.map(admin, "specialty", "A0801", ["B"], reason="又一次")
    await upkeep.carry_out(mapping_id)
    assert (await CatalogueMapping.get(id=mapping_id)).files == len(experts)
    assert {tuple(expert.specialties) for expert in await Expert.all()} == {("A0401",)}


async def test_a_region_has_one_successor_and_willing_regions_follow(
    upkeep: CatalogueUpkeep, admin: Actor, deps: Deps
) -> None:
    expert = await make_expert(deps, permanent_region="440106", willing_regions=["440106", "440305"])
    await upkeep.end(admin, "region", "440106", TODAY, reason="撤区")
    with pytest.raises(InvalidInput, match="最多对应到1个"):
        await upkeep.map(admin, "region", "440106", ["440100", "440305"], reason="撤区")
    await upkeep.carry_out(await upkeep.map(admin, "region", "440106", ["440305"], reason="并入"))
    changed = await Expert.get(id=expert.id)
    assert (changed.permanent_region, changed.willing_regions) == ("440305", ["440305"])


@pytest.mark.parametrize(
    ("successors", "told"),
    [([], "请填写"), (["A0801"], "自己"), (["Z99"], "不在使用中"), (["A04"] * 6, "最多对应到5个")],
)
async def test_a_mapping_leads_somewhere_in_force(
    upkeep: CatalogueUpkeep, admin: Actor, successors: list[str], told: str
) -> None:
    await upkeep.end(admin, "specialty", "A0801", TODAY, reason="停用")
    with pytest.raises(InvalidInput, match=told):
        await upkeep.map(admin, "specialty", "A0801", successors, reason="试试")


async def test_a_code_in_force_is_not_mapped(upkeep: CatalogueUpkeep, admin: Actor) -> None:
    with pytest.raises(Conflict, match="停用之后才能"):
        await upkeep.map(admin, "specialty", "A0801", ["A0401"], reason="试试")


async def test_an_import_keeps_what_the_office_has_dated(upkeep: CatalogueUpkeep, admin: Actor, deps: Deps) -> None:
    await upkeep.add(admin, "specialty", "A0802", "桥梁", None, reason="新专业")
    await upkeep.end(admin, "specialty", "A0801", TODAY, reason="停用")
    items = [CatalogueItem("specialty", "A", "工程类", ""), CatalogueItem("specialty", "A08", "施工", "A")]
    await Catalogues(deps).replace(replace(admin, role="system"), {"specialty": items})
    codes = {entry.code for entry in await CatalogueEntry.filter(kind="specialty")}
    assert {"A0801", "A0802"} <= codes
    assert "B" not in codes
