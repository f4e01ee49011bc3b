"""Analysis of an examination (考试分析): each item over its candidates, the whole, distribution of scores; XLSX."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.exams.analysis import flags_of, kr20, sem
from domain.exams.lifecycles import ExamAttemptState
from domain.exams.marking import print_marks
from services.core.base import Actor, Deps, record, rows, transaction
from services.core.permissions import check
from services.exams.repository import get_exam
from services.spreadsheets.export import ExportColumn, Value, write_sheet

BANDS = 10
_MARKED = "t.exam_id = $1 AND t.state IN ('graded', 'released')"
_ITEMS = f"""
SELECT a.version_id, i.code, v.stem, count(*) AS seen, avg(a.marks::float8 / t.marks[a.slot + 1]) AS facility,
       corr(a.marks, t.score - a.marks) AS rest, avg((a.marks = t.marks[a.slot + 1])::int)::float8 AS right
  FROM exam_attempt t JOIN exam_answer a ON a.attempt_id = t.id
  JOIN exam_item_version v ON v.id = a.version_id JOIN exam_item i ON i.id = v.item_id
 WHERE {_MARKED} GROUP BY a.version_id, i.code, v.stem ORDER BY i.code
"""
_WHOLE = f"""
SELECT count(*) AS papers, avg(t.score)::float8 AS mean, stddev_pop(t.score)::float8 AS deviation,
       count(*) FILTER (WHERE t.passed) AS passed FROM exam_attempt t WHERE {_MARKED}
"""
_RIGHT = f"""
SELECT var_pop(n)::float8 AS variance FROM (
    SELECT count(*) FILTER (WHERE a.marks = t.marks[a.slot + 1]) AS n FROM exam_attempt t
      JOIN exam_answer a ON a.attempt_id = t.id WHERE {_MARKED} GROUP BY t.id) s
"""
_SPREAD = f"""
SELECT least(t.score * {BANDS} / nullif(t.total, 0), {BANDS - 1}) AS band, count(*) AS n
  FROM exam_attempt t WHERE {_MARKED} AND t.total > 0 GROUP BY 1
"""
_PAPERS = f"""
SELECT coalesce(p.number, x.number, '') AS reference, k.real_name, t.number, t.score, t.total, t.passed, t.state,
       t.started_at, t.sealed_at FROM exam_attempt t JOIN exam_candidate c ON c.id = t.candidate_id
  JOIN account k ON k.id = c.account_id LEFT JOIN application p ON p.id = c.application_id
  LEFT JOIN expert x ON x.id = c.expert_id WHERE {_MARKED} ORDER BY t.score DESC, t.id
"""


@dataclass(frozen=True)
class ItemAnalysis:
    """``facility``: mean share of the marks; ``rest``: correlation with the score of all other items."""

    version_id: UUID
    code: str
    stem: str
    seen: int
    exposure: float
    facility: float
    rest: float | None
    flags: tuple[str, ...]


@dataclass(frozen=True)
class Analysis:
    """``reliability`` (KR-20) and ``error`` only if all candidates had the same items. ``bands``: papers by tenth."""

    papers: int
    passed: int
    mean: str
    deviation: str
    reliability: float | None
    error: float | None
    bands: tuple[int, ...]
    items: tuple[ItemAnalysis, ...]


@dataclass(frozen=True)
class ExamAnalysis:
    deps: Deps

    async def get(self, actor: Actor, exam_id: UUID) -> Analysis:
        """Over all marked papers. Raises NotFound."""
        check(actor, "exam.mark")
        exam = await get_exam(actor, exam_id)
        whole = (await rows(_WHOLE, exam.id))[0]
        item_rows = await rows(_ITEMS, exam.id)
        spread = {row["band"]: row["n"] for row in await rows(_SPREAD, exam.id)}
        papers = whole["papers"]
        reliability = error = None
        if papers > 1 and all(row["seen"] == papers for row in item_rows):
            variance = (await rows(_RIGHT, exam.id))[0]["variance"]
            reliability = kr20([row["right"] for row in item_rows], variance)
            error = None if reliability is None else sem(variance, reliability)
        return Analysis(
            papers=papers,
            passed=whole["passed"],
            mean=print_marks(round(whole["mean"] or 0)),
            deviation=print_marks(round(whole["deviation"] or 0)),
            reliability=reliability,
            error=error,
            bands=tuple(spread.get(band, 0) for band in range(BANDS)),
            items=tuple(
                ItemAnalysis(
                    row["version_id"],
                    row["code"],
                    row["stem"],
                    row["seen"],
                    row["seen"] / papers,
                    row["facility"],
                    row["rest"],
                    flags_of(row["facility"], row["rest"]),
                )
                for row in item_rows
            ),
        )

    async def items_sheet(self, actor: Actor, exam_id: UUID) -> bytes:
        """The items as XLSX. Raises NotFound."""
        analysis = await self.get(actor, exam_id)
        columns = [ExportColumn(title, width) for title, width in _ITEM_COLUMNS]
        lines: list[Sequence[Value]] = [
            (
                item.code,
                item.stem,
                item.seen,
                *map(_number, (item.exposure, item.facility, item.rest)),
                "、".join(item.flags),
            )
            for item in analysis.items
        ]
        return await self._write_export(actor, exam_id, "试题分析", columns, lines)

    async def papers_sheet(self, actor: Actor, exam_id: UUID) -> bytes:
        """The results as XLSX. Raises NotFound."""
        check(actor, "exam.mark")
        exam = await get_exam(actor, exam_id)
        lines = [
            (
                row["reference"],
                row["real_name"],
                row["number"],
                print_marks(row["score"]),
                print_marks(row["total"]),
                "合格" if row["passed"] else "不合格",
                ExamAttemptState(row["state"]).label,
                row["started_at"],
                row["sealed_at"],
            )
            for row in await rows(_PAPERS, exam.id)
        ]
        columns = [ExportColumn(title, width) for title, width in _PAPER_COLUMNS]
        return await self._write_export(actor, exam_id, "成绩", columns, lines)

    async def _write_export(
        self, actor: Actor, exam_id: UUID, title: str, columns: Sequence[ExportColumn], lines: Sequence[Sequence[Value]]
    ) -> bytes:
        async def batches() -> AsyncIterator[Sequence[Sequence[Value]]]:
            yield lines

        async with transaction():
            await record(actor, self.deps.now(), "exam.export", "exam", exam_id, what=title, count=len(lines))
        return await write_sheet(title, columns, batches())


_ITEM_COLUMNS = (
    ("试题编号", 14),
    ("题干", 60),
    ("作答人数", 10),
    ("使用率", 10),
    ("得分率", 10),
    ("区分度", 10),
    ("提示", 16),
)
_PAPER_COLUMNS = (
    ("编号", 22),
    ("姓名", 12),
    ("第几次", 8),
    ("成绩", 8),
    ("满分", 8),
    ("结果", 8),
    ("状态", 10),
    ("开始时间", 20),
    ("交卷时间", 20),
)


def _number(value: float | None) -> str:
    return "" if value is None else f"{value:.3f}"
