"""Material for download (资料下载)."""

from __future__ import annotations

from typing import Literal
from urllib.parse import quote
from uuid import UUID

from aiohttp import web
from pydantic import Field

from domain.errors import Forbidden, Unauthenticated
from miniapp_api.http.call import Call, Upload, UploadRule
from miniapp_api.http.dispatch import read_token
from miniapp_api.http.routes import OCTETS, Api
from miniapp_api.http.schema import Input, Listing, Moment, Output, Params, PoolPath
from services.core.base import Actor
from services.files import POSITION_MAX, Audience, MaterialData

api = Api(
    "materials",
    "资料下载",
    """\
Guides, forms and training material that the office offers. Titles are open to everybody; a file for applicants needs
the token of a log-in.""",
)

FILE = UploadRule(30_000_000, (".pdf", ".docx", ".xlsx", ".jpg", ".png"))


class MaterialPath(PoolPath):
    material_id: UUID


class MaterialOut(Output):
    """`kind` is the file's type, by its content. The file's address is `/materials/{id}/file`."""

    id: UUID
    title: str = Field(examples=["评标专家申报指南"])
    category: str = Field(examples=["操作手册"])
    note: str
    audience: Audience = Field(description="applicants: only for who is logged in")
    filename: str = Field(description="After its title", examples=["评标专家申报指南.pdf"])
    kind: Literal["pdf", "jpg", "png", "docx", "xlsx", "zip"]
    media_type: str
    size: int = Field(description="Bytes")
    etag: str = Field(description="Changes with the file")
    changed_at: Moment


class OfficeMaterialOut(MaterialOut):
    """`state`: shown, coming or over."""

    position: int
    shown_from: Moment
    shown_until: Moment | None
    state: Literal["shown", "coming", "over"]


class MaterialIn(Input):
    title: str = Field(max_length=100, examples=["评标专家申报指南"])
    category: str = Field(max_length=40, description="One of the rulebook's", examples=["操作手册"])
    note: str = Field("", max_length=200)
    audience: Audience = "everybody"
    position: int = Field(0, ge=0, le=POSITION_MAX, description="Orders the files of a category")
    shown_from: Moment | None = Field(None, description="Missing: as it is")
    shown_until: Moment | None = Field(None, description="Excluded; missing: without end")

    def data(self) -> MaterialData:
        return MaterialData(**self.model_dump())


class AddQuery(Params):
    title: str = Field(min_length=1, max_length=100)
    category: str = Field(min_length=1, max_length=40, description="One of the rulebook's", examples=["操作手册"])
    note: str = Field("", max_length=200)
    audience: Audience = "everybody"
    position: int = Field(0, ge=0, le=POSITION_MAX, description="Orders the files of a category")
    shown_from: Moment | None = Field(None, description="Missing: at once")
    shown_until: Moment | None = Field(None, description="Excluded; missing: without end")

    def data(self) -> MaterialData:
        return MaterialData(**self.model_dump())


@api.get("/materials", "资料列表", access="public")
async def list_all(call: Call) -> Listing[MaterialOut]:
    """Material offered now, by category and order."""
    return Listing[MaterialOut](items=MaterialOut.each(await call.services.files.material_queries.shown(call.pool)))


@api.get("/materials/{material_id}/file", "下载资料", access="public", media_type=OCTETS, limits=(120, 60))
async def download(call: Call, path: MaterialPath) -> web.StreamResponse:
    """The file, as an attachment. With `If-None-Match` of an earlier response's ETag: 304 while it is unchanged."""
    found = await call.services.files.material_queries.find(call.pool, path.material_id, await _visitor(call))
    headers = {
        "ETag": f'"{found.etag}"',
        "Cache-Control": "public, max-age=300" if found.audience == "everybody" else "private, no-cache",
        "Content-Security-Policy": "sandbox; default-src 'none'; frame-ancestors 'none'",
    }
    known = call.request.if_none_match or ()
    if any(one.value in (found.etag, "*") for one in known):
        return web.Response(status=304, headers=headers)
    headers |= {"Content-Type": found.media_type, "Content-Disposition": _disposition(found.filename, found.kind)}
    return web.Response(body=await call.services.files.material_queries.content(found), headers=headers)


@api.get("/office/materials", "全部资料", action="material.manage")
async def everything(call: Call) -> Listing[OfficeMaterialOut]:
    """All material, including that not shown yet or any more."""
    return Listing[OfficeMaterialOut](
        items=OfficeMaterialOut.each(await call.services.files.material_queries.all(call.actor))
    )


@api.post("/office/materials", "添加资料", action="material.manage", upload=FILE, status=201)
async def add(call: Call, query: AddQuery, upload: Upload) -> OfficeMaterialOut:
    """Offer a file. Its type is detected by content; documents with macros, scripts or embedded files are refused."""
    return OfficeMaterialOut.of(await call.services.files.materials.add(call.actor, query.data(), upload.content))


@api.put("/office/materials/{material_id}", "修改资料", action="material.manage")
async def change(call: Call, path: MaterialPath, body: MaterialIn) -> OfficeMaterialOut:
    """Change the description of the file."""
    return OfficeMaterialOut.of(await call.services.files.materials.change(call.actor, path.material_id, body.data()))


async def _check_material(call: Call, path: MaterialPath) -> None:
    await call.services.files.materials.check_exists(call.actor, path.material_id)


@api.put(
    "/office/materials/{material_id}/file", "更换文件", action="material.manage", upload=FILE, guard=_check_material
)
async def replace(call: Call, path: MaterialPath, upload: Upload) -> OfficeMaterialOut:
    """Replace the file; its address stays."""
    changed = await call.services.files.materials.change(call.actor, path.material_id, content=upload.content)
    return OfficeMaterialOut.of(changed)


@api.delete("/office/materials/{material_id}", "删除资料", action="material.manage")
async def remove(call: Call, path: MaterialPath) -> None:
    """Offer it no longer."""
    await call.services.files.materials.remove(call.actor, path.material_id)


async def _visitor(call: Call) -> Actor | None:
    """The requester, if the token is valid; with an expired one, public files only."""
    try:
        return await call.services.accounts.sessions.authenticate(read_token(call.request))
    except (Unauthenticated, Forbidden):
        return None


def _disposition(filename: str, kind: str) -> str:
    return f"attachment; filename=\"file.{kind}\"; filename*=UTF-8''{quote(filename, safe='')}"
