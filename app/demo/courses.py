"""The demonstration's course: a video of thirty seconds, for the expert who is also called to the short examination."""

from __future__ import annotations

from datetime import timedelta
from pathlib import Path

from app.demo.data import POOL
from app.demo.exams import EXAMPLE, find_administrator
from models.courses import Course
from models.experts import Expert
from services.core.base import Deps
from services.core.composition import compose
from services.core.crypto import Keyring
from services.courses import CourseAuthoring, CourseData, CourseItemData
from services.inspection.checker import FileChecker
from services.ports import Files

NAME = "演示课程：评标专家继续教育"
OPEN_FOR = timedelta(days=360)


async def call_to_course(deps: Deps, files: Files, film: Path) -> int:
    """Publish the course and call the example expert to it; returns the number called.

    Does nothing if that was done before, or if the expert has not bound a phone yet.
    """
    hashed = deps.keys.lookup_hash("mobile", EXAMPLE.mobile)
    expert = await Expert.get_or_none(pool=POOL, mobile_hash=hashed, left_at=None)
    if expert is None or expert.account_id is None or await Course.exists(pool=POOL):
        return 0
    values = {Deps: deps, Keyring: deps.keys, Files: files, FileChecker: FileChecker()}
    office, courses, now = await find_administrator(deps), compose(CourseAuthoring, values), deps.now()
    form = CourseData(NAME, now, now + OPEN_FOR, "listed", description="看完30秒的视频即培训完毕，并颁发证书。")
    course_id = await courses.setup.create(office, form)
    item_id = await courses.setup.add_item(office, course_id, CourseItemData("video", "评标专家行为规范", 100))
    await courses.media.put_part(office, course_id, item_id, course_id, 0, film.read_bytes())
    await courses.media.finish_upload(office, course_id, item_id, course_id, 1)
    added = await courses.participant_calls.add(office, course_id, expert.number)
    await courses.setup.publish(office, course_id)
    return added.count
