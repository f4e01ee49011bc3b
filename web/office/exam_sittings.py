"""Sittings of an examination that candidates book: added, changed, removed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated

from domain.errors import InvalidInput
from domain.typed_text import half_width
from services.exams import SittingForm, SittingView
from web.core.form_values import EMPTY, FormValues, print_moment
from web.core.pages import Visit, page
from web.core.typed_forms import Moment, ReasonForm
from web.office.base import OfficePart

_EXAM, _SITTING = "这场考试", "这个场次"


class _Capacity:
    """A number of places; None, no limit, where the field is empty."""

    def read(self, sent: Mapping[str, str], name: str) -> int | None:
        text = half_width(sent.get(name, ""))
        if text and not (text.isascii() and text.isdigit() and len(text) < 8):
            raise InvalidInput("名额应为整数，不限请留空。", code="bad_capacity", field=name)
        return int(text) if text else None


@dataclass(frozen=True)
class _Sitting:
    starts_at: Annotated[datetime | None, Moment("开始时间")]
    ends_at: Annotated[datetime | None, Moment("结束时间")]
    capacity: Annotated[int | None, _Capacity()]
    place: str

    @property
    def data(self) -> SittingForm:
        return SittingForm(self.starts_at, self.ends_at, self.capacity, self.place)


class ExamSittingPages(OfficePart):
    code = "exams"
    action = "exam.manage"

    @page("/office/exams/{id}/sittings", "office/exam_sittings.html")
    async def sittings(self, visit: Visit) -> Mapping[str, object]:
        exams, exam_id, form = self.services.exams, visit.id(_EXAM), visit.form
        sittings = await exams.sitting_queries.list(visit.actor, exam_id)
        return {
            "view": await exams.queries.get(visit.actor, exam_id),
            "blank": EMPTY if form.row else form,
            "rows": [
                (sitting, form if form.row == str(sitting.id) else FormValues(_stored_values(sitting)))
                for sitting in sittings
            ],
            "now": self.services.deps.now(),
        }

    @sittings.command(_Sitting, "add", note="场次已添加。")
    async def add(self, visit: Visit, form: _Sitting) -> None:
        await self.services.exams.sittings.add(visit.actor, visit.id(_EXAM), form.data, key=visit.key)

    @sittings.command(_Sitting, "save", note="场次已修改，并通知已预约的人。")
    async def save(self, visit: Visit, form: _Sitting) -> None:
        await self.services.exams.sittings.edit(visit.actor, visit.id(_EXAM), visit.row_id(_SITTING), form.data)

    @sittings.command(ReasonForm, "remove", note="场次已取消，并通知已预约的人。")
    async def remove(self, visit: Visit, form: ReasonForm) -> None:
        await self.services.exams.sittings.remove(visit.actor, visit.id(_EXAM), visit.row_id(_SITTING), form.reason)


def _stored_values(sitting: SittingView) -> dict[str, str]:
    return {
        "starts_at": print_moment(sitting.data.starts_at),
        "ends_at": print_moment(sitting.data.ends_at),
        "capacity": "" if sitting.data.capacity is None else str(sitting.data.capacity),
        "place": sitting.data.place,
    }
