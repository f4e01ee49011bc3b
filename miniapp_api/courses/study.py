"""One's own courses (继续教育), and the reports of a page on which an item is studied."""

from __future__ import annotations

from uuid import UUID

from pydantic import Field

from miniapp_api.http.call import Call
from miniapp_api.http.routes import Api
from miniapp_api.http.schema import Input, PageOut, Params, PoolPath
from services.courses import PAGE_SIZE, EnrolmentView, StudyView

_VIDEO_SECONDS = 24 * 3600
"""Seconds: longer than any video."""
_BEATS = (1200, 60)
"""Reports per address and minute: a player sends six, and a room full of people may share a router."""

api = Api(
    "courses",
    "继续教育课程",
    "Opening an item numbers the player; reports of an older one are 409 `other_player`. What counts is the union of "
    "what was played, at most the time that passed by the service's clock times the rate.",
)


class EnrolmentPath(PoolPath):
    enrolment_id: UUID


class CourseItemPath(EnrolmentPath):
    item_id: UUID


class OwnCoursesQuery(Params):
    search: str = Field("", max_length=40, description="Part of the name")
    page: int = Field(1, ge=1, le=10_000)


class PlayerIn(Input):
    player: int = Field(ge=1, le=30_000, description="播放器编号, from the opening")


class BeatIn(PlayerIn):
    start: int = Field(ge=0, le=_VIDEO_SECONDS, description="起始秒, second of the video from which on it was played")
    end: int = Field(ge=0, le=_VIDEO_SECONDS, description="结束秒")
    rate: float = Field(1.0, ge=0.25, le=4, description="播放速度")


class SeenPageIn(PlayerIn):
    number: int = Field(ge=1, le=1000, description="页码, from 1")


@api.get("/courses", "我的课程", action="course.own")
async def courses(call: Call, query: OwnCoursesQuery) -> PageOut[EnrolmentView]:
    """Own courses, newest first, ten a page."""
    page = await call.services.courses.queries.own(call.actor, query.search, page=query.page)
    return PageOut(items=page.items, total=page.total, page=query.page, size=PAGE_SIZE)


@api.post("/courses/{enrolment_id}/items/{item_id}/opening", "打开学习内容", action="course.own", keyed="no")
async def open_item(call: Call, path: CourseItemPath) -> StudyView:
    """Begin or continue an item; the item that this person had open before stops counting."""
    return await call.services.courses.study.open_item(call.actor, path.enrolment_id, path.item_id)


@api.post("/courses/{enrolment_id}/items/{item_id}/beats", "上报观看", action="course.own", keyed="no", limits=_BEATS)
async def beat(call: Call, path: CourseItemPath, body: BeatIn) -> StudyView:
    """Report that a video was played from `start` to `end` since the last report; 409 from a player that was
    replaced."""
    return await call.services.courses.study.record_beat(
        call.actor,
        path.enrolment_id,
        path.item_id,
        player=body.player,
        start=body.start,
        end=body.end,
        rate=body.rate,
    )


@api.post("/courses/{enrolment_id}/items/{item_id}/presence", "确认正在学习", action="course.own", keyed="no")
async def answer_presence(call: Call, path: CourseItemPath, body: PlayerIn) -> StudyView:
    """Answer the presence check `asked`; nothing counts before."""
    return await call.services.courses.study.confirm_presence(
        call.actor, path.enrolment_id, path.item_id, player=body.player
    )


@api.post("/courses/{enrolment_id}/items/{item_id}/pages", "上报阅读", action="course.own", keyed="no", limits=_BEATS)
async def see_page(call: Call, path: CourseItemPath, body: SeenPageIn) -> StudyView:
    """Report that a page was in view since the last report; it counts once this was long enough."""
    return await call.services.courses.study.see_page(
        call.actor, path.enrolment_id, path.item_id, player=body.player, page=body.number
    )
