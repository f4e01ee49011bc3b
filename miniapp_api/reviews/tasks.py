"""A reviewer's work: the queue by age, one application, and the decision (审核)."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from domain.applications.lifecycles import ApplicationState, TaskState
from domain.rulebook.reviews import OPINION_MAX
from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input, Output, PageQuery, Params, PoolPath
from services.reviews import Decided, Decision, StepCount, TaskCard, TaskFilter, TaskView

api = Api(
    "reviews",
    "审核",
    "A reviewer sees the open tasks of the own step, region and branch of specialties, oldest first; never an own "
    "application. A decision stands at once and can't be taken back.",
)


class TaskPath(PoolPath):
    task_id: UUID


class ReviewQueueQuery(PageQuery):
    step: str = Field("", max_length=20, description="Code of a step; empty: all")
    overdue: bool = Field(False, description="Only what waits longer than usual")
    search: str = Field("", max_length=50, description="Part of a number or name")
    specialty: str = Field("", max_length=32, description="A branch of the catalogue", examples=["A04"])


class NextQuery(Params):
    after: UUID | None = Field(None, description="The task just decided")


class ReviewOpinionIn(Input):
    opinion: str = Field("", max_length=OPINION_MAX, examples=["材料齐全，同意。"])


class ReviewApprovalIn(ReviewOpinionIn):
    admitted: tuple[str, ...] | None = Field(
        None,
        max_length=100,
        description="Codes of the alternative specialties that enter the pool, where the task's "
        "`alternatives` ask for it",
        examples=[["A0402"]],
    )


class ReturnIn(Input):
    opinion: str = Field(min_length=1, max_length=OPINION_MAX, examples=["职称证书不清晰，请重新上传。"])
    whole: bool = Field(False, description="The whole application instead of the task's specialty alone")


class ReviewRefusalIn(Input):
    opinion: str = Field(min_length=1, max_length=OPINION_MAX, examples=["从业年限不足八年。"])


class RevelationIn(Input):
    field: str = Field(min_length=1, max_length=40, examples=["id_number"])


class ReviewQueueOut(Output):
    """`counts` cover all tasks within the reviewer's scope, regardless of the filter; `phrases` are quick opinions."""

    items: tuple[TaskCard, ...]
    total: int
    page: int
    size: int
    counts: tuple[StepCount, ...]
    phrases: tuple[str, ...]


class DecidedOut(Output):
    """`next_task` is the next task to open; null: all are done."""

    task_id: UUID
    application_id: UUID
    state: TaskState
    application_state: ApplicationState
    next_task: UUID | None


class NextOut(Output):
    next_task: UUID | None


class RevelationOut(Output):
    text: str


@api.get("/reviews", "待审核", action="review.decide")
async def queue(call: Call, query: ReviewQueueQuery) -> ReviewQueueOut:
    """Open tasks within the reviewer's scope, oldest first."""
    wanted = TaskFilter(query.step, query.overdue, query.search, query.specialty)
    queue = call.services.reviews.queue
    cards, counts = await queue.overview(call.actor, wanted, offset=query.offset, limit=query.size)
    return ReviewQueueOut(
        items=cards.items,
        total=cards.total,
        page=query.page,
        size=query.size,
        counts=counts,
        phrases=call.services.deps.book(call.actor.pool).review.phrases,
    )


@api.get("/reviews/next", "下一件", action="review.decide")
async def find_next(call: Call, query: NextQuery) -> NextOut:
    """The oldest task after `after`, or the oldest of all."""
    return NextOut(next_task=await call.services.reviews.queue.next(call.actor, query.after))


@api.get("/reviews/{task_id}", "审核任务", action="review.decide")
async def detail(call: Call, path: TaskPath) -> TaskView:
    """The application by section, sensitive values masked, with files and log."""
    return await call.services.reviews.queue.get(call.actor, path.task_id)


@api.post("/reviews/{task_id}/approval", "通过", action="review.decide")
async def approve(call: Call, path: TaskPath, body: ReviewApprovalIn) -> DecidedOut:
    """Approve; when all tasks of the step are approved the application moves on.

    The last step also decides which alternative specialties enter the pool.
    """
    return await _decide(call, path.task_id, "approve", body.opinion, body.admitted)


@api.post("/reviews/{task_id}/return", "退回修改", action="review.decide")
async def send_back(call: Call, path: TaskPath, body: ReturnIn) -> DecidedOut:
    """Send back the task's specialty, or the whole application, if the step permits it."""
    return await _decide(call, path.task_id, "send_back_whole" if body.whole else "send_back", body.opinion)


@api.post("/reviews/{task_id}/refusal", "不通过", action="review.decide")
async def refuse(call: Call, path: TaskPath, body: ReviewRefusalIn) -> DecidedOut:
    """Refuse the application for good, if the step permits it."""
    return await _decide(call, path.task_id, "refuse", body.opinion)


@api.post("/reviews/{task_id}/revelations", "显示隐藏内容", action="review.decide", keyed="no")
async def reveal(call: Call, path: TaskPath, body: RevelationIn) -> RevelationOut:
    """A masked value in clear; each access is logged."""
    return RevelationOut(text=await call.services.reviews.queue.reveal(call.actor, path.task_id, body.field))


async def _decide(
    call: Call, task_id: UUID, decision: Decision, opinion: str, admitted: tuple[str, ...] | None = None
) -> DecidedOut:
    done: Decided = await call.services.workflows.reviews.decide(
        call.actor, task_id, decision, opinion, admitted=admitted
    )
    return DecidedOut(
        task_id=done.task_id,
        application_id=done.application_id,
        state=done.state,
        application_state=done.application_state,
        next_task=await call.services.reviews.queue.next(call.actor, task_id),
    )
