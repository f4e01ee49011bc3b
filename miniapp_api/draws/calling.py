"""Running a draw: start, pause, resume, force end, and watching it."""

from __future__ import annotations

import json
from collections.abc import AsyncIterator

import structlog
from aiohttp import web
from pydantic import Field

from domain.draws.record import TerminationReason
from domain.errors import AppError
from miniapp_api.draws.activities import DrawPath
from miniapp_api.draws.conditions import CallNoticePath
from miniapp_api.http.call import Call
from miniapp_api.http.dispatch import read_token
from miniapp_api.http.problems import problem_of
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input, Moment, answer_model
from services.accounts import network_of
from services.core.outages import AWAY
from services.core.streams import Stream
from services.draws import DrawTotals, Snapshot, Watch, event, watch_events

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

api = Api(
    "run",
    "抽取进行",
    "Pause and force end stop new calls only; results of open calls are still taken. Once a draw has started, only the "
    "gathering time may change.",
)


class ReasonIn(Input):
    reason: str = Field(min_length=1, max_length=200, examples=["更换集合地点"])


class TerminationIn(ReasonIn):
    cause: TerminationReason = Field(description="Published in the record")


class GatheringIn(Input):
    gathering_at: Moment


@api.post("/draws/{draw_id}/start", "启动抽取", action="draw.start")
async def start(call: Call, path: DrawPath) -> None:
    """Begin calling, once the seed is fixed."""
    await call.services.draws.calling.start(call.actor, path.draw_id)


@api.post("/draws/{draw_id}/pause", "暂停抽取", action="draw.pause")
async def pause(call: Call, path: DrawPath, body: ReasonIn) -> None:
    """Begin no new calls; open ones are waited for."""
    await call.services.draws.calling.pause(call.actor, path.draw_id, body.reason)


@api.post("/draws/{draw_id}/resume", "继续抽取", action="draw.resume")
async def resume(call: Call, path: DrawPath) -> None:
    """Continue in the same order."""
    await call.services.draws.calling.resume(call.actor, path.draw_id)


@api.post("/draws/{draw_id}/force-end", "强制结束", action="draw.force_end")
async def force_end(call: Call, path: DrawPath, body: ReasonIn) -> None:
    """End calling for good; the draw is then completed or short of experts."""
    await call.services.draws.calling.force_end(call.actor, path.draw_id, body.reason)


@api.post("/draws/{draw_id}/termination", "终止活动", action="draw.terminate")
async def terminate(call: Call, path: DrawPath, body: TerminationIn) -> None:
    """Terminate the draw from any state: calls end, experts who accepted are notified, the lots may be drawn again.
    Once calling has begun, by the verifier only."""
    await call.services.draws.activity_end.terminate(call.actor, path.draw_id, body.cause, body.reason)


@api.post("/draws/{draw_id}/end", "结束活动", action="draw.end")
async def end(call: Call, path: DrawPath, body: ReasonIn) -> None:
    """End the draw after the panel has met: from the expected start on, also when an expert never came or a place
    stayed empty."""
    await call.services.draws.activity_end.end(call.actor, path.draw_id, body.reason)


@api.put("/draws/{draw_id}/notices/{notice_id}/gathering", "修改集合时间", action="draw.pause")
async def change_gathering(call: Call, path: CallNoticePath, body: GatheringIn) -> None:
    """Move the gathering time while the draw is not calling; everyone who was sent the old time is notified."""
    await call.services.draws.gathering_times.change(call.actor, path.draw_id, path.notice_id, body.gathering_at)


@api.get("/draws/{draw_id}/progress", "抽取进度", action="draw.read")
async def progress(call: Call, path: DrawPath) -> DrawTotals:
    """Present progress, and what the draw waits for."""
    return await call.services.draws.progress.read(call.actor, path.draw_id)


@api.get("/draws/{draw_id}/progress/stream", "抽取进度（实时）", action="draw.read", media_type="text/event-stream")
async def stream(call: Call, path: DrawPath) -> web.StreamResponse:
    """Server-sent events: `progress` with the same content whenever it changes, `refused` with a problem when the
    log-in ends or the draw may not be seen any more. Ends with the draw, or after half an hour; then connect again.
    `elsewhere`: newer streams of this log-in or network replaced it (a log-in may have three open); connect again only
    at the person's request, or after at least half a minute.
    """
    await call.services.draws.access.view(call.actor, path.draw_id)
    with call.streams.open(session=str(call.actor.session_id), address=network_of(call.address)) as one:
        response = web.StreamResponse(
            headers={
                "Content-Type": "text/event-stream; charset=utf-8",
                "X-Accel-Buffering": "no",
                "Cache-Control": "no-store",
            }
        )
        try:
            await response.prepare(call.request)
            async with call.services.draws.live.watch(path.draw_id) as watch:
                async for part in _events(call, path, watch, one):
                    await response.write(part)
        except AWAY as error:  # the client disconnected, or the database failed: the client connects again
            log.info("progress_stream_ended", error=type(error).__name__)
        return response


def _events(call: Call, path: DrawPath, watch: Watch, stream: Stream) -> AsyncIterator[bytes]:
    async def refused() -> bytes | None:
        try:
            await call.services.accounts.sessions.authenticate(read_token(call.request))
            await call.services.draws.access.view(call.actor, path.draw_id)
        except AppError as error:
            return event("refused", json.dumps(problem_of(error), ensure_ascii=False, default=str))
        return None

    return watch_events(watch, stream, write=_write, check=refused)


def _write(watch: Watch) -> bytes:
    return watch.snapshot.render("api", _progress)


def _progress(snapshot: Snapshot) -> bytes:
    return event("progress", answer_model(DrawTotals).of(snapshot.progress).model_dump_json())
