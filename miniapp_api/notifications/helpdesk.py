"""Guide, questions and feedback."""

from __future__ import annotations

from typing import Literal
from uuid import UUID

from pydantic import Field

from miniapp_api.http.call import Call
from miniapp_api.http.idempotency import read_key
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input, Listing, Output, PageOut, PageQuery, Params, PoolPath
from services.notifications import FeedbackView

api = Api("help", "帮助与反馈", "The pool's guide (办理指南), questions, hotlines, and feedback (意见反馈).")


class HelpSearchQuery(Params):
    q: str = Field("", max_length=50, description="What the person asks; empty: all questions")


class QuestionOut(Output):
    question: str
    answer: str


class HelpOut(Output):
    """`version` identifies the edition of the guide."""

    guide: str
    version: str
    hotlines: tuple[str, ...]
    media: tuple[str, ...] = Field(description="Manuals and videos elsewhere")
    disclaimer: str
    feedback: bool = Field(description="Whether feedback is taken")
    questions: tuple[QuestionOut, ...]


class FeedbackIn(Input):
    text: str = Field(max_length=2000, examples=["建议在申请页显示审核部门的咨询电话。"])


class FeedbackAnswerIn(Input):
    text: str = Field(max_length=1000, examples=["已增加，感谢您的建议。"])


class FeedbackQuery(PageQuery):
    state: Literal["open", "answered"] | None = None


class FeedbackPath(PoolPath):
    feedback_id: UUID


@api.get("/help", "办理指南与常见问题", access="public")
async def show(call: Call, query: HelpSearchQuery) -> HelpOut:
    """All information for newcomers; with `q` the matching questions, at most three."""
    rules = call.book.help
    questions = (
        call.services.notifications.helpdesk_queries.search(call.pool, query.q) if query.q.strip() else rules.faq
    )
    return HelpOut(
        guide=rules.guide,
        version=rules.version,
        hotlines=tuple(rules.hotlines),
        media=tuple(rules.media),
        disclaimer=rules.disclaimer,
        feedback=rules.feedback,
        questions=tuple(QuestionOut(question=one.question, answer=one.answer) for one in questions),
    )


@api.get("/feedback/mine", "我的意见")
async def mine(call: Call) -> Listing[FeedbackView]:
    """This person's feedback, newest first."""
    return Listing(items=await call.services.notifications.helpdesk_queries.mine(call.actor))


@api.post("/feedback", "提交意见", keyed="service", status=201)
async def write(call: Call, body: FeedbackIn) -> FeedbackView:
    """Send an opinion or question; the rulebook limits the number per day."""
    return await call.services.notifications.helpdesk.write(call.actor, body.text, key=read_key(call.request))


@api.get("/feedback", "意见列表", action="feedback.answer")
async def everybody(call: Call, query: FeedbackQuery) -> PageOut[FeedbackView]:
    """All feedback, open ones first."""
    found = await call.services.notifications.helpdesk_queries.list_all(
        call.actor, state=query.state, offset=query.offset, limit=query.size
    )
    return PageOut.of_query(found, query)


@api.post("/feedback/{feedback_id}/answer", "答复意见", action="feedback.answer")
async def answer(call: Call, path: FeedbackPath, body: FeedbackAnswerIn) -> FeedbackView:
    """Answer once; the person is notified on the phone."""
    return await call.services.notifications.helpdesk.answer(call.actor, path.feedback_id, body.text)
