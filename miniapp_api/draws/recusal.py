"""Recusal units and persons of a draw (回避单位、回避人员)."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field

from miniapp_api.draws.activities import DrawPath
from miniapp_api.http.call import Call, Download, Upload, UploadRule
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Created, Input, Output, PageOut, PageQuery, PoolPath
from services.draws import RecusalPersonView, RecusalUnitView, render_template

api = Api("recusal", "回避", "Whose people must not be drawn. Tenderee and agency are there by themselves.")

SHEET = UploadRule(1024 * 1024, (".csv", ".xlsx"))


class UnitPath(DrawPath):
    unit_id: UUID


class PersonPath(DrawPath):
    person_id: UUID


class RecusalTemplatePath(PoolPath):
    kind: Literal["units", "persons"]
    form: Literal["csv", "xlsx"]


class RecusalQuery(PageQuery):
    search: str = Field("", max_length=100, description="Part of a name, code or reason")


class UnitIn(Input):
    name: str = Field(min_length=1, max_length=200, examples=["广州示范咨询有限公司"])
    credit_code: str = Field("", max_length=18, examples=["91350211M000100Y46"])
    reason: str = Field(min_length=1, max_length=100, description="One of the pool's reasons", examples=["投标人"])
    evidence: str = Field(min_length=1, max_length=50, description="One of the pool's classes", examples=["自行申报"])


class PersonIn(Input):
    name: str = Field(min_length=1, max_length=50, examples=["张三"])
    id_number: str = Field("", max_length=18, description="Kept as a hash only; without it `unit_name` is asked for")
    unit_name: str = Field("", max_length=200)
    reason: str = Field(min_length=1, max_length=100, examples=["投标人"])
    evidence: str = Field(min_length=1, max_length=50, examples=["自行申报"])


class ImportedOut(Output):
    added: int


@api.get("/recusal-templates/{kind}.{form}", "下载回避模板", access="session", media_type="application/octet-stream")
async def template(call: Call, path: RecusalTemplatePath) -> Download:
    """The sheet for a bulk import; headings and reasons must not be changed."""
    content = render_template(path.kind, path.form, call.book.draw.recusal_reasons, call.book.draw.recusal_evidence)
    return Download(content, "application/octet-stream", f"recusal-{path.kind}.{path.form}")


@api.get("/draws/{draw_id}/recusal-units", "回避单位列表", action="draw.read")
async def units(call: Call, path: DrawPath, query: RecusalQuery) -> PageOut[RecusalUnitView]:
    """Units in the order in which they were added."""
    found = (await call.services.draws.queries.detail(call.actor, path.draw_id)).parts.recusal_units
    shown = [one for one in found if query.search in f"{one.name} {one.credit_code} {one.reason}"]
    items = tuple(shown[query.offset : query.offset + query.size])
    return PageOut(items=items, total=len(shown), page=query.page, size=query.size)


@api.post("/draws/{draw_id}/recusal-units", "添加回避单位", action="draw.edit", status=201)
async def add_unit(call: Call, path: DrawPath, body: UnitIn) -> Created:
    """Add a unit by hand."""
    added = await call.services.draws.recusal_lists.add_unit(
        call.actor, path.draw_id, body.name, body.credit_code, body.reason, body.evidence
    )
    return Created.of(added)


async def _check_draw(call: Call, path: DrawPath) -> None:
    await call.services.draws.recusal_lists.check_editable(call.actor, path.draw_id)


@api.post(
    "/draws/{draw_id}/recusal-units/import", "批量导入回避单位", action="draw.edit", upload=SHEET, guard=_check_draw
)
async def import_units(call: Call, path: DrawPath, upload: Upload) -> ImportedOut:
    """Import all units of a filled-in template, or none: `params.errors` names each invalid line."""
    sheet = call.services.draws.recusal_import
    return ImportedOut(added=await sheet.units(call.actor, path.draw_id, upload.filename, upload.content))


@api.delete("/draws/{draw_id}/recusal-units/{unit_id}", "删除回避单位", action="draw.edit")
async def remove_unit(call: Call, path: UnitPath) -> None:
    """Remove a unit; tenderee and agency can't be removed."""
    await call.services.draws.recusal_lists.remove_unit(call.actor, path.draw_id, path.unit_id)


@api.get("/draws/{draw_id}/recusal-persons", "回避人员列表", action="draw.read")
async def persons(call: Call, path: DrawPath, query: RecusalQuery) -> PageOut[RecusalPersonView]:
    """Persons in the order in which they were added."""
    found = (await call.services.draws.queries.detail(call.actor, path.draw_id)).parts.recusal_persons
    shown = [one for one in found if query.search in f"{one.name} {one.unit_name} {one.reason}"]
    items = tuple(shown[query.offset : query.offset + query.size])
    return PageOut(items=items, total=len(shown), page=query.page, size=query.size)


@api.post("/draws/{draw_id}/recusal-persons", "添加回避人员", action="draw.edit", status=201)
async def add_person(call: Call, path: DrawPath, body: PersonIn) -> Created:
    """Add a person, by ID number when it is known, else by name and unit."""
    added = await call.services.draws.recusal_lists.add_person(
        call.actor, path.draw_id, body.name, body.id_number, body.unit_name, body.reason, body.evidence
    )
    return Created.of(added)


@api.post(
    "/draws/{draw_id}/recusal-persons/import", "批量导入回避人员", action="draw.edit", upload=SHEET, guard=_check_draw
)
async def import_persons(call: Call, path: DrawPath, upload: Upload) -> ImportedOut:
    """Import all persons of a filled-in template, or none: `params.errors` names each invalid line."""
    sheet = call.services.draws.recusal_import
    return ImportedOut(added=await sheet.persons(call.actor, path.draw_id, upload.filename, upload.content))


@api.delete("/draws/{draw_id}/recusal-persons/{person_id}", "删除回避人员", action="draw.edit")
async def remove_person(call: Call, path: PersonPath) -> None:
    """Remove a person."""
    await call.services.draws.recusal_lists.remove_person(call.actor, path.draw_id, path.person_id)
