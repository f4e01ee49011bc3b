"""What a client needs before it files anything: itself, the pool's choices, catalogues, supervisors."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field

from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Listing, Output, PageOut, PageQuery, Params, PoolPath
from services.catalogues import Node

api = Api("lists", "可选项")

Kind = Literal["region", "specialty", "title_level", "qualification", "department"]


class ClientOut(Output):
    """The client as which the token was issued."""

    id: UUID
    name: str
    pool: str


class VenueOut(Output):
    name: str
    address: str


class ChoicesOut(Output):
    """Values that the fields of these names take; free text otherwise."""

    categories: tuple[str, ...]
    funding_sources: tuple[str, ...]
    tender_methods: tuple[str, ...]
    organisation_forms: tuple[str, ...]
    tenderee_categories: tuple[str, ...]
    terminals: tuple[str, ...]
    region_modes: tuple[str, ...]
    recusal_reasons: tuple[str, ...]
    recusal_evidence: tuple[str, ...]
    venues: tuple[VenueOut, ...]
    required_of_projects: tuple[str, ...]
    required_of_draws: tuple[str, ...]
    required_of_notices: tuple[str, ...]
    experts_max: int
    several_regions: bool


class CataloguePath(PoolPath):
    kind: Kind


class CatalogueQuery(Params):
    parent: str = Field("", max_length=32, description="Code whose children are wanted; empty: the top")
    word: str = Field("", max_length=50, description="Beginning of a code, or part of a name: a search at any level")


class SupervisorQuery(PageQuery):
    word: str = Field("", max_length=50, description="Part of a name or department")


class SupervisorOut(Output):
    id: UUID
    name: str
    department: str


@api.get("/client", "当前对接系统")
async def show_client(call: Call) -> ClientOut:
    """For a first try of a token."""
    return ClientOut(id=call.actor.session_id, name=call.actor.integrator, pool=call.pool)


@api.get("/choices", "各字段可选的值")
async def show_choices(call: Call) -> ChoicesOut:
    """From the pool's rulebook."""
    projects, draw = call.book.projects, call.book.draw
    return ChoicesOut(
        categories=projects.categories,
        funding_sources=projects.funding_sources,
        tender_methods=projects.tender_methods,
        organisation_forms=projects.organisation_forms,
        tenderee_categories=projects.tenderee_categories,
        terminals=draw.terminals,
        region_modes=draw.region_modes,
        recusal_reasons=draw.recusal_reasons,
        recusal_evidence=draw.recusal_evidence,
        venues=tuple(VenueOut(name=venue.name, address=venue.address) for venue in call.book.offered_venues),
        required_of_projects=projects.required,
        required_of_draws=draw.required,
        required_of_notices=draw.notice.required,
        experts_max=draw.experts_max,
        several_regions=draw.several_regions,
    )


@api.get("/catalogues/{kind}", "目录")
async def list_catalogue(call: Call, path: CataloguePath, query: CatalogueQuery) -> Listing[Node]:
    """Regions, specialties, title levels, qualifications, departments, level by level or searched."""
    catalogues = call.services.catalogues
    if query.word:
        return Listing(items=tuple(await catalogues.search(call.pool, path.kind, query.word)))
    return Listing(items=tuple(await catalogues.children(call.pool, path.kind, query.parent)))


@api.get("/supervisors", "监督人名册", action="draw.edit")
async def list_supervisors(call: Call, query: SupervisorQuery) -> PageOut[SupervisorOut]:
    """Those who may be named for a draw."""
    page = await call.services.draws.supervisor_queries.choices(
        call.actor, query.word, offset=query.offset, limit=query.size
    )
    return PageOut(items=SupervisorOut.from_sources(page.items), total=page.total, page=query.page, size=query.size)
