"""Office sheets of any kind: an upload, and the worker's part."""

from __future__ import annotations

import io
from uuid import UUID

import aiohttp

from services.core.base import rows
from tests.web.conftest import PUBLIC_URL, Visitor
from tests.web.office_scene import Scene, token_of


async def send(visitor: Visitor, path: str, content: str, **fields: str) -> Visitor:
    """``content``: CSV; empty: no file was chosen."""
    data = aiohttp.FormData(token_of(visitor) | fields)
    data.add_field("file", io.BytesIO(content.encode()), filename="list.csv" if content else "")
    return await visitor._show(await visitor.client.post(path, data=data, headers={"Origin": PUBLIC_URL}))


async def work(scene: Scene) -> None:
    """Carry out the jobs that wait."""
    sql = "DELETE FROM procrastinate_jobs WHERE task_name = 'office_sheets.work' RETURNING args->>'sheet_id' AS id"
    for job in await rows(sql):
        await scene.world.services.office_sheets.sheets.work(UUID(job["id"]))
