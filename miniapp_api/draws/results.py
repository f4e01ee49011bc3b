"""The sealed result, the public record, and delivery statistics."""

from __future__ import annotations

import json
from typing import Literal

from pydantic import Field

from miniapp_api.draws.activities import DrawPath
from miniapp_api.http.call import Call, Download
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input, Listing, Output
from services.draws import AuditLine, DeliveryStats, Result, Verdict

api = Api(
    "results",
    "结果与记录",
    "Before unsealing everybody sees codes only; afterwards each reading is logged. The record holds no names.",
)


class LeafPath(DrawPath):
    leaf: str = Field(pattern=r"^[0-9a-f]{64}$", description="Of the record, hex", examples=["ef" * 32])


class LeafOut(Output):
    """SHA-256(salt ‖ expert) is the leaf; both hex."""

    salt: str
    expert: str


class AuditOut(Output):
    """`verdict` is the worst of all lines. Contains no names, only leaves and entries."""

    draw_number: str
    verdict: Verdict
    lines: tuple[AuditLine, ...]


class ShareIn(Input):
    """`board`: live totals for a big screen, 24 hours. `record`: the public record to read and download, 30 days."""

    screen: Literal["board", "record"]


class ShareOut(Output):
    url: str = Field(examples=["https://expert.example.cn/record/AbC"])


@api.get("/draws/{draw_id}/result", "抽取结果", action="result.read")
async def result(call: Call, path: DrawPath) -> Result:
    """The panel: sealed until the rulebook's time, usually half an hour before the expected start."""
    return await call.services.draws.results.read(call.actor, path.draw_id)


@api.get("/draws/{draw_id}/record", "抽取记录", action="draw.read", media_type="application/json")
async def record(call: Call, path: DrawPath) -> Download:
    """The verifiable record for `pbt verify-draw`; while the draw runs, a prefix without candidate lists."""
    document = await call.services.draws.public_records.read(call.actor, path.draw_id)
    content = json.dumps(document, ensure_ascii=False, indent=1).encode()
    return Download(content, "application/json; charset=utf-8", f"draw-{path.draw_id}.json")


@api.post("/draws/{draw_id}/record/leaves/{leaf}/opening", "查看抽取凭证", action="draw.open_leaf", keyed="no")
async def open_leaf(call: Call, path: LeafPath) -> LeafOut:
    """Salt and expert of a leaf, after unsealing, for that expert or a supervisor. Each call is logged."""
    salt, expert = await call.services.draws.public_records.open_leaf(call.actor, path.draw_id, path.leaf)
    return LeafOut(salt=salt, expert=expert)


@api.post("/draws/{draw_id}/reason-audit", "稽核抽取理由", action="draw.audit", keyed="no")
async def reason_audit(call: Call, path: DrawPath) -> AuditOut:
    """Judge every candidate, skip and call again by the facts stored at that time. From unsealing on; each call is
    logged."""
    return AuditOut.of(await call.services.draws.audits.run(call.actor, path.draw_id))


@api.get("/draws/{draw_id}/notice-ledger", "通知台账", action="draw.read")
async def delivery_stats(call: Call, path: DrawPath) -> Listing[DeliveryStats]:
    """Messages and calls to experts of this draw by kind, channel and outcome; counts only."""
    return Listing(items=await call.services.draws.results.delivery_stats(call.actor, path.draw_id))


@api.post("/draws/{draw_id}/links", "分享链接", action="draw.read")
async def share(call: Call, path: DrawPath, body: ShareIn) -> ShareOut:
    """A signed link to a page of this draw that needs no log-in. It shows no names."""
    token = await call.services.draws.public_links.share(call.actor, path.draw_id, body.screen)
    page = {"board": "draw", "record": "record"}[body.screen]
    return ShareOut(url=f"{call.services.deps.public_url}/{page}/{token}")
