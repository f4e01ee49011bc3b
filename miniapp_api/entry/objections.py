"""The public notice before entry, and objections against entries (公示与异议)."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input, Listing, Output, PageOut, PageQuery, PoolPath
from services.entry import ANSWER_MAX, TEXT_MAX, ObjectionState, ObjectionView, Outcome, PublicEntry

api = Api(
    "objections",
    "公示与异议",
    "Everybody may read who is about to enter the pool; who objects does so under a verified name, which "
    "administrators alone see. An open objection holds the entry.",
)


class EntryPath(PoolPath):
    application_id: UUID


class ObjectionPath(PoolPath):
    objection_id: UUID


class ObjectionSearchQuery(PageQuery):
    search: str = Field("", max_length=50, description="Part of a name")


class StateQuery(PageQuery):
    state: ObjectionState | None = Field(None, description="None: all")


class ObjectionIn(Input):
    text: str = Field(
        min_length=1,
        max_length=TEXT_MAX,
        description="Facts and reasons, as long as the rulebook asks",
        examples=["该同志的职称证书与公示单位不一致，请核实。"],
    )


class ObjectionAnswerIn(Input):
    outcome: Outcome = Field(description="Dismiss it, or uphold it and send back or refuse the application")
    answer: str = Field(min_length=1, max_length=ANSWER_MAX, examples=["经核实，证书属实。"])


class PublicNoticeOut(Output):
    """`how_to_object` is the pool's text shown with the list."""

    items: tuple[PublicEntry, ...]
    total: int
    page: int
    size: int
    how_to_object: str


@api.get("/public-notices", "入库公示", access="public", limits=(60, 60))
async def notices(call: Call, query: ObjectionSearchQuery) -> PublicNoticeOut:
    """Persons on public notice now, by name."""
    found = await call.services.entry.public_notices.page(
        call.pool, query.search, offset=query.offset, limit=query.size
    )
    return PublicNoticeOut(
        items=found.items,
        total=found.total,
        page=query.page,
        size=query.size,
        how_to_object=call.services.entry.public_notices.rules(call.pool).text,
    )


@api.post("/public-notices/{application_id}/objections", "提出异议", status=201)
async def raise_one(call: Call, path: EntryPath, body: ObjectionIn) -> ObjectionView:
    """Object under one's own verified name."""
    return await call.services.entry.objections.raise_one(call.actor, path.application_id, body.text)


@api.get("/objections/mine", "我的异议")
async def mine(call: Call) -> Listing[ObjectionView]:
    """Own objections with their answers, newest first."""
    return Listing(items=await call.services.entry.objection_queries.own(call.actor))


@api.get("/objections", "异议列表", action="objection.decide")
async def objections(call: Call, query: StateQuery) -> PageOut[ObjectionView]:
    """All objections, for administrators; oldest first."""
    found = await call.services.entry.objection_queries.page(
        call.actor, state=query.state or "", offset=query.offset, limit=query.size
    )
    return PageOut.of_query(found, query)


@api.post("/objections/{objection_id}/decision", "处理异议", action="objection.decide")
async def decide(call: Call, path: ObjectionPath, body: ObjectionAnswerIn) -> ObjectionView:
    """Answer an objection; an upheld one sends the application back or refuses it, with the answer as reason."""
    return await call.services.entry.objections.decide(call.actor, path.objection_id, body.outcome, body.answer)
