"""Exports too long for a request: a worker writes the file, a page shows the progress, and the file is kept for a day.

The progress is stored beside the file. If both are lost, the export is simply ordered again.
"""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from domain.errors import InvalidInput, NotFound
from domain.ids import new_id
from models.files import FileRemoval
from services.core.base import Actor, Deps, transaction
from services.core.signed_links import Links
from services.files import FileLost, SealedFiles, account_of, new_key
from services.office.application_list import Filter
from services.office.expert_list import ExpertFilter
from services.office.exports import Export, ExportRequest, Exports, Range

DIRECT_MAX = 2_000
"""Rows up to which a request writes the file itself, within half a second."""
EXPORT_TTL = timedelta(days=1)
SILENT = timedelta(minutes=5)
"""After so long without progress from the worker, waiting for the file is useless."""
_PROGRESS_EVERY = 2_000
"""Rows."""
_PURPOSE = "export"


@dataclass(frozen=True)
class ExportState:
    """Progress of a file, in rows. ``message``: the reason of a failure; ``filename`` is empty until the file
    exists."""

    state: Literal["waiting", "done", "refused"]
    done: int
    total: int
    at: datetime
    filename: str = ""
    message: str = ""


@dataclass(frozen=True)
class LargeExports:
    deps: Deps
    links: Links
    store: SealedFiles
    exports: Exports

    async def begin_export(self, actor: Actor, request: ExportRequest, total: int) -> str:
        """Let a worker write the file; returns a token for this person to see the progress. Raises Unavailable."""
        export_id, now = new_id(), self.deps.now()
        key, until = new_key(actor.pool, now), now + EXPORT_TTL
        # before the job is committed: the worker reads it, and the store is never called inside a transaction
        await self._write_state(key, ExportState("waiting", 0, total, now))
        sealed = self.deps.keys.seal(_pack_order(export_id, actor, request), _PURPOSE)
        async with transaction():
            await FileRemoval.create(id=export_id, key=key, due_at=until)
            await FileRemoval.create(key=_state_key(key), due_at=until)
            await self.deps.jobs.defer("exports.write", order=sealed)
        return self.links.sign(_PURPOSE, export_id, account_of(actor), until)

    async def write_file(self, sealed: str) -> None:
        """Write the ordered file; a repetition doesn't change it."""
        export_id, actor, request = _unpack_order(self.deps.keys.open_text(sealed, _PURPOSE))
        removal = await FileRemoval.get_or_none(id=export_id)
        if removal is None or (progress := await self._read_state(removal.key)).state != "waiting":
            return

        async def note_progress(count: int) -> None:
            if count % _PROGRESS_EVERY == 0:
                await self._write_state(removal.key, ExportState("waiting", count, progress.total, self.deps.now()))

        try:
            export = await self.exports.make_file(actor, request, note_progress)
        except InvalidInput as refusal:
            now = self.deps.now()
            await self._write_state(
                removal.key, ExportState("refused", 0, progress.total, now, message=refusal.message)
            )
            return
        # the file before its state: a crash between leaves an export that is written again, never a missing file
        await self.store.put(removal.key, export.content)
        state = ExportState("done", export.count, export.count, self.deps.now(), export.filename)
        await self._write_state(removal.key, state)

    async def state(self, actor: Actor, token: str) -> ExportState:
        """Raises NotFound for another person's, and for an expired one."""
        state = await self._read_state((await self._get_removal(actor, token)).key)
        if state.state == "waiting" and self.deps.now() - state.at > SILENT:
            message = "文件没有生成，请返回列表重新导出；仍不行请联系技术人员检查后台任务。"
            return ExportState("refused", state.done, state.total, state.at, message=message)
        return state

    async def get(self, actor: Actor, token: str) -> Export:
        """The file. Raises as ``state``, and NotFound before it exists."""
        removal = await self._get_removal(actor, token)
        state = await self._read_state(removal.key)
        if state.state != "done":
            raise _expired_error()
        try:
            return Export(await self.store.get(removal.key), state.filename, state.done)
        except FileLost as error:
            raise _expired_error() from error

    async def _get_removal(self, actor: Actor, token: str) -> FileRemoval:
        link = self.links.check(token, _PURPOSE)
        removal = await FileRemoval.get_or_none(id=link.subject_id)
        if removal is None or link.person_id != account_of(actor) or not removal.key.startswith(f"{actor.pool}/"):
            raise _expired_error()
        return removal

    async def _write_state(self, key: str, state: ExportState) -> None:
        text = json.dumps({**asdict(state), "at": state.at.isoformat()}, ensure_ascii=False)
        await self.store.put(_state_key(key), text.encode())

    async def _read_state(self, key: str) -> ExportState:
        try:
            content: dict[str, Any] = json.loads(await self.store.get(_state_key(key)))
        except FileLost as error:
            raise _expired_error() from error
        return ExportState(**{**content, "at": datetime.fromisoformat(content["at"])})


def _state_key(key: str) -> str:
    return f"{key}.parts/state"


def _expired_error() -> NotFound:
    return NotFound("这个文件已过期或不存在，请返回列表重新导出。", code="export_gone")


def _pack_order(export_id: UUID, actor: Actor, request: ExportRequest) -> str:
    return json.dumps(
        {
            "id": str(export_id),
            "actor": {"pool": actor.pool, "role": actor.role, "account_id": str(account_of(actor))},
            "what": request.what,
            "filter": asdict(request.filter),
            "within": asdict(request.within),
            "experts": asdict(request.experts),
            "columns": list(request.columns),
        },
        default=str,
    )


def _unpack_order(text: str) -> tuple[UUID, Actor, ExportRequest]:
    content: dict[str, Any] = json.loads(text)
    actor, filters, within = content["actor"], content["filter"], content["within"]
    application_filter = Filter(
        **{
            **filters,
            "campaign_id": UUID(filters["campaign_id"]) if filters["campaign_id"] else None,
            "submitted_from": _parse_moment(filters["submitted_from"]),
            "submitted_until": _parse_moment(filters["submitted_until"]),
        }
    )
    request = ExportRequest(
        content["what"],
        application_filter,
        Range(_parse_moment(within["since"]), _parse_moment(within["until"])),
        ExpertFilter(**content["experts"]),
        tuple(content["columns"]),
    )
    return UUID(content["id"]), Actor(actor["pool"], actor["role"], UUID(actor["account_id"])), request


def _parse_moment(text: str | None) -> datetime | None:
    return datetime.fromisoformat(text) if text else None
