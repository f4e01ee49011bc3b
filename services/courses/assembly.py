"""Builds the services of courses."""

from __future__ import annotations

from dataclasses import dataclass

from services.certificates import Issuing
from services.core.base import Deps
from services.core.due_tasks import DueTask
from services.courses.completion import PASSES_DUE, CourseCompletion
from services.courses.fees import CourseFees
from services.courses.media import CourseMedia
from services.courses.participant_calls import CALLS_DUE, LEAVES_DUE, ParticipantCalls
from services.courses.queries import CourseQueries
from services.courses.record_sheet import RecordSheet
from services.courses.setup import CLOSES_DUE, CourseSetup
from services.courses.study import Study
from services.courses.study_periods import ENDS_DUE, REMINDERS_DUE, StudyPeriods
from services.exams import ExamServices
from services.files import FileServices, SealedFiles
from services.inspection.checker import FileChecker
from services.notifications import Notices
from services.ports import Files


@dataclass(frozen=True)
class CourseServices:
    setup: CourseSetup
    media: CourseMedia
    participant_calls: ParticipantCalls
    study_periods: StudyPeriods
    completion: CourseCompletion
    study: Study
    queries: CourseQueries
    record_sheet: RecordSheet
    due_tasks: tuple[DueTask, ...]


@dataclass(frozen=True)
class CourseAuthoring:
    """Services to set a course up, for programs that fill a database before the service starts."""

    setup: CourseSetup
    media: CourseMedia
    participant_calls: ParticipantCalls


def make_authoring(deps: Deps, files: Files) -> CourseAuthoring:
    notices = Notices(deps)
    participant_calls = ParticipantCalls(deps, notices, CourseFees(deps, notices))
    media = CourseMedia(deps, files, SealedFiles(files, deps.keys), FileChecker())
    return CourseAuthoring(CourseSetup(deps, notices, participant_calls), media, participant_calls)


def build(
    deps: Deps,
    notices: Notices,
    fees: CourseFees,
    certificates: Issuing,
    exams: ExamServices,
    stored: FileServices,
    files: Files,
    checker: FileChecker,
) -> CourseServices:
    participant_calls = ParticipantCalls(deps, notices, fees)
    setup = CourseSetup(deps, notices, participant_calls)
    completion = CourseCompletion(deps, notices, certificates, fees)
    study_periods = StudyPeriods(deps, notices, fees, exams.candidates)
    queries = CourseQueries(deps)
    return CourseServices(
        setup=setup,
        media=CourseMedia(deps, files, stored.store, checker),
        participant_calls=participant_calls,
        study_periods=study_periods,
        completion=completion,
        study=Study(deps, completion),
        queries=queries,
        record_sheet=RecordSheet(deps, queries),
        due_tasks=(
            DueTask("course_call", CALLS_DUE, participant_calls.call_due),
            DueTask("course_leave", LEAVES_DUE, participant_calls.leave_due),
            DueTask("course_pass", PASSES_DUE, completion.pass_due),
            DueTask("course_reminder", REMINDERS_DUE, study_periods.remind_due),
            DueTask("course_end", ENDS_DUE, study_periods.end_due),
            DueTask("course_close", CLOSES_DUE, setup.close_due),
        ),
    )
