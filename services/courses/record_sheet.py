"""The record of study (学习记录) of a whole course as XLSX, for the office."""

from __future__ import annotations

from collections.abc import AsyncIterator, Sequence
from dataclasses import dataclass
from uuid import UUID

from services.core.base import Actor, Deps, record, transaction
from services.core.permissions import check
from services.courses.queries import CourseQueries, EnrolmentView
from services.courses.repository import get_course
from services.spreadsheets.export import ExportColumn, Value, write_sheet

_BATCH = 500
_MARKS = {"": "", "pending": "待批阅", "passed": "合格", "failed": "不合格"}
_COLUMNS = (
    ExportColumn("专家编号", 14),
    ExportColumn("姓名", 12),
    ExportColumn("状态", 12),
    ExportColumn("开始时间", 20),
    ExportColumn("结束时间", 20),
    ExportColumn("学习进度（%）", 12),
    ExportColumn("批阅状态", 10),
    ExportColumn("批阅时间", 20),
    ExportColumn("补学次数", 10),
    ExportColumn("培训完毕", 20),
    ExportColumn("暂停抽取", 10),
)


@dataclass(frozen=True)
class RecordSheet:
    deps: Deps
    queries: CourseQueries

    async def make(self, actor: Actor, course_id: UUID) -> bytes:
        """All participants by expert number, names in full; logged. Raises NotFound."""
        check(actor, "course.manage")
        course = await get_course(actor, course_id)
        async with transaction():
            await record(actor, self.deps.now(), "course.export", "course", course.id)
        return await write_sheet("学习记录", _COLUMNS, self._batches(actor, course.id))

    async def _batches(self, actor: Actor, course_id: UUID) -> AsyncIterator[Sequence[Sequence[Value]]]:
        page = 1
        while True:
            participants = await self.queries.participants(actor, course_id, page=page, size=_BATCH, masked=False)
            yield [_line(enrolment) for enrolment in participants.items]
            if page * _BATCH >= participants.total:
                return
            page += 1


def _line(enrolment: EnrolmentView) -> Sequence[Value]:
    return (
        enrolment.expert_number,
        enrolment.expert_name,
        enrolment.state.label,
        enrolment.opens_at,
        enrolment.closes_at,
        enrolment.progress // 10,
        _MARKS[enrolment.exam_state],
        enrolment.marked_at,
        enrolment.make_ups,
        enrolment.finished_at,
        "是" if enrolment.excluded else "",
    )
