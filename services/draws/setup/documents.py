"""Requests for verification as documents to stamp and attach: blank templates, and one filled in from a draw."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Literal, cast
from uuid import UUID

import structlog

from domain.clock import local, print_date
from domain.errors import GatewayError, Unavailable
from models.projects import Project
from services.applications import PdfDocument
from services.catalogues import Catalogues
from services.core.base import Actor, Deps
from services.draws.queries import Detail, DrawQueries
from services.draws.scopes import check_owner
from services.draws.setup.forms import REGION_MODES
from services.draws.views import ConditionView, DrawView, SupervisorView
from services.ports import DocumentRenderer

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

DocumentKind = Literal["draw", "redraw", "recall", "release"]

TITLES: Mapping[DocumentKind, str] = {
    "draw": "评标专家抽取申请表",
    "redraw": "评标专家重新抽取申请表",
    "recall": "通知原评标专家申请表",
    "release": "评标专家退选申请表",
}
"""抽取、重新抽取、复评（通知原专家）、退选."""
_REASONS: Mapping[DocumentKind, str] = {
    "draw": "申请理由",
    "redraw": "重新抽取的理由",
    "recall": "通知原专家评标的理由",
    "release": "退选的理由",
}
_OPINIONS = ("招标人（代理机构）意见", "监督部门意见", "交易中心核验意见")
_ROWS = (
    "抽取活动名称",
    "项目名称",
    "项目编号",
    "标段",
    "招标人",
    "招标代理机构",
    "经办人",
    "经办人电话",
    "截标时间",
    "开标时间",
    "预计评标开始",
    "预计评标结束",
    "抽取人数",
    "监督人",
)
_OF_A_REDRAW = frozenset(("截标时间", "开标时间"))
"""Rows of the application for a redraw only: its agency sets both times again."""
_WIDE = frozenset(("抽取活动名称", "项目名称", "标段", "招标人", "招标代理机构", "监督人"))
_CONDITIONS = ("主专业", "备选专业", "职称等级", "执业资格", "其他要求", "区域方式", "抽取地区", "人数")
_BLANK_LINES = 4


@dataclass(frozen=True)
class DrawDocuments:
    deps: Deps
    renderer: DocumentRenderer
    queries: DrawQueries
    catalogues: Catalogues

    async def template(self, pool: str, kind: DocumentKind) -> PdfDocument:
        """A blank form to fill in by hand. Raises Unavailable."""
        blank = [[""] * len(_CONDITIONS)] * _BLANK_LINES
        content = self._content(pool, kind, {}, blank if kind == "draw" else [], [])
        return PdfDocument(await self._print(content), f"template-{kind}.pdf")

    async def application(self, actor: Actor, draw_id: UUID) -> PdfDocument:
        """The request filled in with the draw's data, for the agency. Raises NotFound, Unavailable."""
        detail = await self.queries.detail(actor, draw_id)
        check_owner(actor, detail.draw)
        draw = detail.draw
        project = await Project.get(id=draw.project_id)
        phone = self.deps.keys.read(draw.operator_phone_sealed, "phone")
        values = _values(draw, project, detail.parts.supervisors) | {"经办人电话": phone}
        values |= {"标段": "、".join(lot.name for lot in detail.parts.lots) or "不分标段"}
        facts = [["活动编号", draw.number], ["打印日期", print_date(self.deps.now())]]
        if detail.original:
            facts.insert(1, ["原活动编号", detail.original.number])
        kind = cast("DocumentKind", "draw" if draw.kind == "normal" else draw.kind)
        content = self._content(actor.pool, kind, values, await self._conditions(actor.pool, detail), facts)
        return PdfDocument(await self._print(content), f"{draw.number}.pdf")

    def _content(
        self,
        pool: str,
        kind: DocumentKind,
        values: Mapping[str, str],
        conditions: Sequence[Sequence[str]],
        facts: Sequence[Sequence[str]],
    ) -> dict[str, object]:
        labels = [label for label in _ROWS if kind == "redraw" or label not in _OF_A_REDRAW]
        rows = [{"label": label, "value": values.get(label, ""), "wide": label in _WIDE} for label in labels]
        lists = [{"label": "抽取条件", "columns": list(_CONDITIONS), "rows": list(conditions)}] if conditions else []
        return {
            "title": TITLES[kind],
            "pool": self.deps.book(pool).pool.name,
            "qr": "",
            "foot": [self.deps.book(pool).pool.name],
            "facts": list(facts),
            "sections": [{"title": "基本信息", "rows": rows, "lists": lists}],
            "opinions": [
                {"title": _REASONS[kind], "said": "", "sign": "经办人签字"},
                *({"title": title, "said": "", "sign": "签字（盖章）"} for title in _OPINIONS),
            ],
        }

    async def _conditions(self, pool: str, detail: Detail) -> list[list[str]]:
        names: dict[str, str] = {}
        for kind, codes in _codes_by_kind(detail.conditions).items():
            names |= await self.catalogues.names(pool, kind, codes)
        return [_condition_line(condition, names) for condition in detail.conditions]

    async def _print(self, content: Mapping[str, object]) -> bytes:
        try:
            return await self.renderer.render_pdf("draw_application", content)
        except GatewayError as error:
            log.error("document_not_printed", document="draw_application", error=type(error).__name__)
            raise Unavailable("暂时无法生成文件，请稍后重试。", code="printer_away") from error


def _codes_by_kind(conditions: Sequence[ConditionView]) -> dict[str, list[str]]:
    return {
        "region": [code for condition in conditions for code in condition.regions],
        "specialty": [
            code for condition in conditions for code in (condition.specialty, condition.alternative) if code
        ],
        "title_level": [condition.title_level for condition in conditions if condition.title_level],
        "qualification": [condition.qualification for condition in conditions if condition.qualification],
        "department": [condition.department for condition in conditions if condition.department],
    }


def _condition_line(condition: ConditionView, names: Mapping[str, str]) -> list[str]:
    def name(code: str) -> str:
        return names.get(code, code)

    others = [name(condition.department), "只抽应急专家" if condition.emergency else ""]
    return [
        name(condition.specialty),
        name(condition.alternative) or "—",
        name(condition.title_level) or "全部",
        name(condition.qualification) or "—",
        "、".join(filter(None, others)) or "—",
        REGION_MODES.get(condition.region_mode, condition.region_mode),
        "、".join(map(name, condition.regions)),
        str(condition.planned),
    ]


def _values(draw: DrawView, project: Project, supervisors: Sequence[SupervisorView]) -> dict[str, str]:
    return {
        "抽取活动名称": draw.name,
        "项目名称": project.name,
        "项目编号": project.number,
        "招标人": project.tenderee_name,
        "招标代理机构": project.agency_name,
        "经办人": draw.operator_name,
        "截标时间": _moment(draw.bid_closing_at) if draw.bid_closing_at else "",
        "开标时间": _moment(draw.opening_at),
        "预计评标开始": _moment(draw.starts_at),
        "预计评标结束": _moment(draw.ends_at),
        "抽取人数": f"{draw.needed}人",
        "监督人": "；".join(f"{supervisor.name}（{supervisor.department}）" for supervisor in supervisors),
    }


def _moment(at: datetime) -> str:
    return f"{local(at):%Y-%m-%d %H:%M}"
