"""Continuing education (继续教育): courses, participants, study, completion.

Rows are locked course first, then enrolment, then order and fee.
"""

from services.courses.data_export import collect_courses
from services.courses.fees import CourseFees
from services.courses.forms import (
    AUDIENCES,
    KINDS,
    CourseData,
    CourseForm,
    CourseItemData,
)
from services.courses.media import PAGE_FILE_MAX, PART
from services.courses.queries import PAGE_SIZE, CourseView, EnrolmentView, ItemView
from services.courses.registry import CourseAuthoring, CourseServices
from services.courses.study import StudyView

__all__ = [
    "AUDIENCES",
    "KINDS",
    "PAGE_FILE_MAX",
    "PAGE_SIZE",
    "PART",
    "CourseAuthoring",
    "CourseData",
    "CourseFees",
    "CourseForm",
    "CourseItemData",
    "CourseServices",
    "CourseView",
    "EnrolmentView",
    "ItemView",
    "StudyView",
    "collect_courses",
]
