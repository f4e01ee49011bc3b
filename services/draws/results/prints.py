"""Printed result, arrivals and record of a draw, with a QR code that opens the public verification of the record."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

import structlog

from domain.clock import local, print_time
from domain.draws.lifecycles import DrawState, state_label
from domain.draws.record import Json
from domain.errors import GatewayError, Unavailable
from services.applications import PdfDocument
from services.core.base import Actor, Deps, violation
from services.draws.queries import DrawQueries
from services.draws.results.public_record import PublicRecords
from services.draws.results.results import DrawResults, Result, ResultRow
from services.draws.views import DrawView
from services.ports import DocumentRenderer

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

_RELEASED = "本活动已退选，以下专家不再参评。"
_PANEL = ("条件", "验证码", "姓名", "身份证号", "工作单位", "集合时间", "状态")
_ARRIVALS = ("条件", "验证码", "姓名", "集合时间", "进场", "离场")
_RECORD = ("序号", "时间", "事项", "说明", "编号", "摘要")
_LINES_MAX = 400
"""Lines of a printed record; a longer one is complete in its file only."""
DescribeEntry = Callable[[Mapping[str, Json]], Sequence[str]]
"""Describes an entry of the record as a line of the table, with the page's texts."""


@dataclass(frozen=True)
class DrawPrints:
    """Names are printed only from unsealing on; every print is logged as a reading."""

    deps: Deps
    renderer: DocumentRenderer
    queries: DrawQueries
    results: DrawResults
    records: PublicRecords

    async def result(self, actor: Actor, draw_id: UUID) -> PdfDocument:
        """The panel. Raises NotFound, Forbidden, RuleViolation while it is sealed, Unavailable."""
        draw, panel, supervisors = await self._read_unsealed(actor, draw_id)
        lines = [
            [*_seat(row), row.id_number, row.employer or "—", _clock(row.gathering_at), row.state.label]
            for row in panel.rows
        ]
        signatures = ["招标人（代理机构）签字", f"监督人（{'、'.join(supervisors)}）签字"]
        return await self._print(draw, "评标专家抽取结果", "result", (_PANEL, lines), self._notes(draw), signatures)

    async def attendance(self, actor: Actor, draw_id: UUID) -> PdfDocument:
        """Arrivals and exits of experts. Raises as ``result``."""
        draw, panel, _ = await self._read_unsealed(actor, draw_id)
        lines = [
            [*_seat(row), _clock(row.gathering_at), _arrival_text(row), _clock(row.left_at) if row.left_at else "—"]
            for row in panel.rows
        ]
        notes = [*self._notes(draw), "“自报到场”未经核实，不计为进场。"]
        return await self._print(draw, "专家出入场记录", "attendance", (_ARRIVALS, lines), notes, ["现场工作人员签字"])

    async def record(self, actor: Actor, draw_id: UUID, describe: DescribeEntry) -> PdfDocument:
        """The verifiable record so far, without names. Raises NotFound, Forbidden, Conflict, Unavailable."""
        draw = (await self.queries.detail(actor, draw_id)).draw
        document = await self.records.read(actor, draw_id)
        entries = [entry for entry in _as_list(document["log"]) if isinstance(entry, dict)]
        notes = [
            f"记录摘要：{document['head']}",
            f"共{len(entries)}条。扫右下角的二维码，可以由浏览器重新计算整份记录。",
        ]
        if len(entries) > _LINES_MAX:
            notes.append(f"这里印出前{_LINES_MAX}条，其余请下载记录查看。")
        if draw.ended_at is None:
            notes.append("活动尚未结束，二维码在活动结束后才能打开。")
        lines = [list(describe(entry)) for entry in entries[:_LINES_MAX]]
        return await self._print(draw, "评标专家抽取记录", "record", (_RECORD, lines), notes, [])

    async def _read_unsealed(self, actor: Actor, draw_id: UUID) -> tuple[DrawView, Result, list[str]]:
        detail = await self.queries.detail(actor, draw_id)
        panel = await self.results.read(actor, draw_id)
        if not panel.unsealed:
            at = print_time(panel.unseals_at)
            raise violation(self.deps.book(actor.pool), "draw.result_visible_before", f"名单尚未解密，{at}后可打印。")
        return detail.draw, panel, [supervisor.name for supervisor in detail.parts.supervisors]

    def _notes(self, draw: DrawView) -> list[str]:
        mark = self.deps.book(draw.pool).draw.supplement.mark
        head = f"抽取记录摘要：{draw.log_head}。活动结束后，扫右下角的二维码核对抽取记录。"
        released = [_RELEASED] if draw.state == DrawState.RELEASED else []
        return [*released, f"验证码前的“{mark}”表示该专家由补抽产生。", head]

    async def _print(
        self,
        draw: DrawView,
        title: str,
        name: str,
        table: tuple[Sequence[str], Sequence[Sequence[str]]],
        notes: Sequence[str],
        signatures: Sequence[str],
    ) -> PdfDocument:
        pool = self.deps.book(draw.pool).pool.name
        state = state_label(DrawState(draw.state), draw.kind, started=draw.started_at is not None)
        content = {
            "title": title,
            "pool": pool,
            "qr": f"{self.deps.public_url}/record/{draw.pool}/{draw.number}",
            "foot": [pool, f"{draw.number} · 打印于{_clock(self.deps.now())}"],
            "facts": [["活动编号", draw.number], ["状态", state]],
            "rows": _facts(draw),
            "columns": list(table[0]),
            "lines": [list(line) for line in table[1]],
            "notes": list(notes),
            "signatures": list(signatures),
        }
        try:
            return PdfDocument(await self.renderer.render_pdf("draw_print", content), f"{draw.number}-{name}.pdf")
        except GatewayError as error:
            log.error("document_not_printed", document="draw_print", error=type(error).__name__)
            raise Unavailable("暂时无法生成文件，请稍后重试。", code="printer_away") from error


def _facts(draw: DrawView) -> list[dict[str, object]]:
    return [
        {"label": "活动名称", "value": draw.name, "wide": True},
        {"label": "评标开始", "value": _clock(draw.starts_at), "wide": False},
        {"label": "评标结束", "value": _clock(draw.ends_at), "wide": False},
        {"label": "需要人数", "value": f"{draw.needed}人", "wide": False},
        {"label": "经办人", "value": draw.operator_name, "wide": False},
    ]


def _seat(row: ResultRow) -> list[str]:
    return [str(row.condition), f"{row.mark}{row.code}", row.name]


def _arrival_text(row: ResultRow) -> str:
    if row.entered_at:
        return _clock(row.entered_at)
    return f"自报{_clock(row.claimed_at)}" if row.claimed_at else "—"


def _clock(at: datetime) -> str:
    return f"{local(at):%Y-%m-%d %H:%M}"


def _as_list(value: Json) -> list[Json]:
    return value if isinstance(value, list) else []
