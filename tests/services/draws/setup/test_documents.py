"""Requests for verification on paper."""

from __future__ import annotations

import json
from datetime import timedelta
from typing import get_args

import pytest

from domain.errors import Forbidden, NotFound, Unavailable
from gateways.document_renderer import TypstRenderer
from models.draws import Condition, Draw, DrawLot
from models.experts import CatalogueEntry
from models.projects import Lot
from services.core.base import Actor, Deps
from services.draws import DocumentKind
from services.draws.setup.documents import TITLES, DrawDocuments
from tests.factories.assembly import composed
from tests.factories.files import PlainRenderer
from tests.factories.offices import Office, make_draw, make_office


@pytest.fixture
def printer() -> PlainRenderer:
    return PlainRenderer()


async def test_every_kind_has_a_blank_template(deps: Deps, printer: PlainRenderer) -> None:
    documents = composed(DrawDocuments, deps, renderer=printer)
    for kind in get_args(DocumentKind):
        document = await documents.template("demo", kind)
        name, content = printer.made[-1]
        assert (name, content["title"], document.filename) == ("draw_application", TITLES[kind], f"template-{kind}.pdf")
        assert {row["value"] for row in content["sections"][0]["rows"]} == {""}  # type: ignore[index]


async def test_the_real_printer_takes_a_blank_one(deps: Deps) -> None:
    printer = TypstRenderer()
    document = await composed(DrawDocuments, deps, renderer=printer).template("demo", "recall")
    printer.close()
    assert document.content.startswith(b"%PDF-")


async def test_a_request_holds_what_stands_in_the_draw(db: str, deps: Deps, printer: PlainRenderer) -> None:
    office: Office = await make_office(deps)
    draw_id = await make_draw(office, needed=3, alternative="A01")
    for kind, code, name in (("title_level", "senior", "正高级"), ("qualification", "Q1", "一级建造师")):
        await CatalogueEntry.create(pool="demo", kind=kind, code=code, name=name)
    chosen = {"title_level": "senior", "qualification": "Q1", "region_mode": "willing"}
    await Condition.filter(draw_id=draw_id).update(**chosen)
    lot = await Lot.create(project_id=office.project_id, name="桥梁下部结构", position=1)
    await DrawLot.filter(draw_id=draw_id).update(lot_id=lot.id)
    documents = composed(DrawDocuments, deps, renderer=printer)
    await documents.application(office.agency, draw_id)
    text = json.dumps(printer.made[-1][1], ensure_ascii=False)
    for shown in (
        "演示项目(一标段)",
        "桥梁下部结构",
        "黄劲松",
        "广州水务有限公司",
        "3人",
        "李监督（住建局）",
        "A08",
        "2026-11-21 18:00",
    ):
        assert shown in text, shown
    assert "截标时间" not in text
    [listed] = printer.made[-1][1]["sections"][0]["lists"]  # type: ignore[index]
    assert dict(zip(listed["columns"], listed["rows"][0], strict=True)) == {
        "主专业": "A08",
        "备选专业": "A01",
        "职称等级": "正高级",
        "执业资格": "一级建造师",
        "其他要求": "—",
        "区域方式": "意愿评标地",
        "抽取地区": "440100",
        "人数": "3",
    }
    old = await Draw.get(id=draw_id)
    columns = {name: getattr(old, name) for name in old._meta.db_fields if name != "id"}
    changed = {"number": "CQNE202611210001", "kind": "redraw", "original_id": draw_id}
    redraw = await Draw.create(**{**columns, **changed, "bid_closing_at": old.opening_at - timedelta(hours=1)})
    await documents.application(office.agency, redraw.id)
    rows = {row["label"]: row["value"] for row in printer.made[-1][1]["sections"][0]["rows"]}  # type: ignore[index]
    assert rows["标段"] == "不分标段"
    assert (rows["截标时间"], rows["开标时间"]) == ("2026-11-21 14:00", "2026-11-21 15:00")
    stranger = Actor("demo", "organisation", account_id=office.venue.account_id, organisation_id=draw_id)
    with pytest.raises(NotFound):
        await documents.application(stranger, draw_id)
    with pytest.raises((Forbidden, NotFound)):
        await documents.application(office.venue, draw_id)
    printer.away = True
    with pytest.raises(Unavailable):
        await documents.application(office.agency, draw_id)
