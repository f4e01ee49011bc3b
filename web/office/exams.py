"""Examinations: list, draft with its check list, publishing, moving, cancelling, ending; the live board."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated
from uuid import UUID

from domain.clock import print_until
from domain.exams.purposes import Purpose
from domain.faults import Faults
from services.exams import ExamForm, ExamView
from web.core.form_values import FormValues, moment, print_moment
from web.core.pages import Redirect, Visit, page
from web.core.typed_forms import Moment, OneOf, OptionalId, ReasonForm
from web.office.base import OfficePart

TONES = {"draft": "warn", "published": "good"}
"""Tone of the tag that shows the state."""
_EXAM = "这场考试"


@dataclass(frozen=True)
class _Exam:
    name: str
    purpose: Annotated[str, OneOf(tuple(Purpose), "请选择考试用途。", "missing")]
    opens_at: Annotated[datetime | None, Moment("开始时间")]
    closes_at: Annotated[datetime | None, Moment("结束时间")]
    campaign_id: Annotated[UUID | None, OptionalId("这次征集")]
    blueprint_id: Annotated[UUID | None, OptionalId("这个组卷方案")]

    @property
    def data(self) -> ExamForm:
        return ExamForm(
            self.name, Purpose(self.purpose), self.opens_at, self.closes_at, self.campaign_id, self.blueprint_id
        )


@dataclass(frozen=True)
class _NewTime:
    """Times as typed: those that are not changed keep seconds that the inputs don't show."""

    opens_at: str
    closes_at: str
    reason: str

    def window(self, exam: ExamView) -> tuple[datetime | None, datetime | None]:
        """Raises InvalidInput."""
        faults = Faults()
        opens = faults.check(moment, self.opens_at, "opens_at", "开始时间", exam.opens_at)
        closes = faults.check(moment, self.closes_at, "closes_at", "结束时间", exam.closes_at)
        faults.raise_any()
        return opens, closes


class OfficeExamPages(OfficePart):
    code = "exams"
    action = "exam.manage"

    @page("/office/exams", "office/exams.html")
    async def exams(self, visit: Visit) -> Mapping[str, object]:
        entry = self.book(visit.actor).entry
        return {
            "exams": await self.services.exams.queries.list(visit.actor),
            "tones": TONES,
            "stage": entry.names.exam,
            "held_elsewhere": "exam" in entry.stages,
        }

    # ---- a new examination

    @page("/office/exams/new", "office/exam.html")
    async def blank(self, visit: Visit) -> Mapping[str, object]:
        purpose = Purpose.ENTRY if "exam" in self.book(visit.actor).entry.stages else Purpose.CAMPAIGN
        form = visit.form if visit.fields else FormValues({"purpose": purpose.value})
        return {"f": form, **await self._values(visit, None)}

    @blank.command(_Exam, "save", note="草稿已保存。请按下面的检查结果补全，再发布。")
    async def create(self, visit: Visit, form: _Exam) -> Redirect:
        exam_id = await self.services.exams.setup.create(visit.actor, form.data, key=visit.key)
        return Redirect(f"/office/exams/{exam_id}")

    # ---- one

    @page("/office/exams/{id}", "office/exam.html")
    async def exam(self, visit: Visit) -> Mapping[str, object]:
        view = await self._view(visit)
        form = FormValues({**_stored_values(view), **visit.fields}, visit.form.error)
        return {"f": form, **await self._values(visit, view)}

    @exam.command(_Exam, "save", note="已保存。")
    async def save(self, visit: Visit, form: _Exam) -> None:
        await self.services.exams.setup.edit(visit.actor, visit.id(_EXAM), form.data)

    @exam.command(name="publish", note="已发布，正在通知考生。")
    async def publish(self, visit: Visit) -> None:
        await self.services.exams.setup.publish(visit.actor, visit.id(_EXAM))

    @exam.command(name="delete", note="草稿已删除。")
    async def delete(self, visit: Visit) -> Redirect:
        await self.services.exams.setup.delete(visit.actor, visit.id(_EXAM))
        return Redirect("/office/exams")

    @exam.command(_NewTime, "move", note="已改期，并通知考生。")
    async def reschedule(self, visit: Visit, form: _NewTime) -> None:
        view = await self._view(visit)
        await self.services.exams.setup.reschedule(visit.actor, view.id, *form.window(view), form.reason)

    @exam.command(ReasonForm, "cancel", note="已取消，并通知考生；他们继续等待下一场考试。")
    async def cancel(self, visit: Visit, form: ReasonForm) -> None:
        await self.services.exams.setup.cancel(visit.actor, visit.id(_EXAM), form.reason)

    @exam.command(name="end", note="已停止进入。正在答题的人答完后，考试自动结束。")
    async def end_admission(self, visit: Visit) -> None:
        await self.services.exams.setup.end_admission(visit.actor, visit.id(_EXAM))

    async def _values(self, visit: Visit, view: ExamView | None) -> Mapping[str, object]:
        """The examination, and what its form offers."""
        exams, draft = self.services.exams, view is None or view.state == "draft"
        campaigns = await self.services.applications.campaign_queries.choices(visit.actor)
        blueprints = await exams.blueprint_queries.list(visit.actor) if draft else ()
        return {
            "view": view,
            "draft": draft,
            "tones": TONES,
            "now": self.services.deps.now(),
            "checks": await exams.setup.check_list(visit.actor, view.id) if view and draft else (),
            "purposes": [(purpose.value, purpose.label) for purpose in Purpose],
            "campaigns": [(str(campaign.id), campaign.data.name) for campaign in campaigns],
            "blueprints": [(str(blueprint.id), blueprint.name) for blueprint in blueprints],
            "sittings": await exams.sitting_queries.list(visit.actor, view.id) if view else (),
            "stage": self.book(visit.actor).entry.names.exam,
        }

    # ---- live

    @page("/office/exams/{id}/board", "office/exam_board.html")
    async def board(self, visit: Visit) -> Mapping[str, object]:
        """The page reloads it every few seconds."""
        return await self._board(visit, None)

    @page("/office/exams/{id}/board/{sitting}", "office/exam_board.html")
    async def sitting_board(self, visit: Visit) -> Mapping[str, object]:
        return await self._board(visit, visit.id("这个场次", "sitting"))

    async def _board(self, visit: Visit, sitting_id: UUID | None) -> Mapping[str, object]:
        """Of the whole examination, or of one sitting."""
        view = await self._view(visit)
        sittings = await self.services.exams.sitting_queries.list(visit.actor, view.id)
        board = await self.services.exams.queries.board(visit.actor, view.id, sitting_id)
        return {
            "view": view,
            "board": board,
            "sitting": next((sitting for sitting in sittings if sitting.id == sitting_id), None),
            "sittings": sittings if view.rules.booking else (),
            "at": print_until(board.at, board.at),
        }

    async def _view(self, visit: Visit) -> ExamView:
        return await self.services.exams.queries.get(visit.actor, visit.id(_EXAM))


def _stored_values(view: ExamView) -> dict[str, str]:
    return {
        "name": view.name,
        "purpose": view.purpose.value,
        "campaign_id": str(view.campaign_id or ""),
        "blueprint_id": str(view.blueprint_id or ""),
        "opens_at": print_moment(view.opens_at),
        "closes_at": print_moment(view.closes_at),
    }
