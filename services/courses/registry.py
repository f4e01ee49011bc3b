"""Use cases of courses, as other packages and edges receive them, and what becomes due."""

from __future__ import annotations

from dataclasses import dataclass

from services.core.due_tasks import DueTask
from services.courses.completion import LEARNS_DUE, PASSES_DUE, CourseCompletion
from services.courses.lectures import Lectures
from services.courses.media import CourseMedia
from services.courses.participant_calls import CALLS_DUE, LEAVES_DUE, ParticipantCalls
from services.courses.queries import CourseQueries
from services.courses.record_sheet import RecordSheet
from services.courses.setup import CLOSES_DUE, CourseSetup
from services.courses.study import Study
from services.courses.study_periods import ENDS_DUE, REMINDERS_DUE, StudyPeriods


@dataclass(frozen=True)
class CourseServices:
    setup: CourseSetup
    media: CourseMedia
    lectures: Lectures
    participant_calls: ParticipantCalls
    study_periods: StudyPeriods
    completion: CourseCompletion
    study: Study
    queries: CourseQueries
    record_sheet: RecordSheet

    @property
    def due_tasks(self) -> tuple[DueTask, ...]:
        return (
            DueTask("course_call", CALLS_DUE, self.participant_calls.call_due),
            DueTask("course_leave", LEAVES_DUE, self.participant_calls.leave_due),
            DueTask("course_learned", LEARNS_DUE, self.completion.learn_due),
            DueTask("course_pass", PASSES_DUE, self.completion.pass_due),
            DueTask("course_reminder", REMINDERS_DUE, self.study_periods.remind_due),
            DueTask("course_end", ENDS_DUE, self.study_periods.end_due),
            DueTask("course_close", CLOSES_DUE, self.setup.close_due),
        )


@dataclass(frozen=True)
class CourseAuthoring:
    """Services to set a course up, for programs that fill a database before the service starts."""

    setup: CourseSetup
    media: CourseMedia
    participant_calls: ParticipantCalls
