"""Regions, specialties, title levels, qualifications, departments: browsed level by level, or searched."""

from __future__ import annotations

from typing import Literal

from pydantic import Field

from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Listing, Params, PoolPath
from services.catalogues import Node

api = Api("catalogues", "目录", "Codes and names for the forms. A tree is opened level by level.")

Kind = Literal["region", "specialty", "title_level", "qualification", "department"]


class KindPath(PoolPath):
    kind: Kind


class ChildrenQuery(Params):
    parent: str = Field(
        "", max_length=32, description="Code whose children are wanted; empty: the top", examples=["A04"]
    )


class CatalogueSearchQuery(Params):
    word: str = Field(
        min_length=1, max_length=50, description="Beginning of a code, or part of a name", examples=["结构"]
    )
    limit: int = Field(20, ge=1, le=100)


@api.get("/catalogues/{kind}", "目录的下一级", access="session")
async def children(call: Call, path: KindPath, query: ChildrenQuery) -> Listing[Node]:
    """The entries directly below `parent`, in the catalogue's order."""
    nodes = await call.services.catalogues.children(call.pool, path.kind, query.parent)
    return Listing(items=nodes)


@api.get("/catalogues/{kind}/search", "搜索目录", access="session")
async def search(call: Call, path: KindPath, query: CatalogueSearchQuery) -> Listing[Node]:
    """Entries by code or name; exact codes and short names first."""
    nodes = await call.services.catalogues.search(call.pool, path.kind, query.word, limit=query.limit)
    return Listing(items=nodes)
