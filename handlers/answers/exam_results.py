"""Answers about the rules of examinations, their results, and sitting one again."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from bot.router import Answer, Handler
from bot.turn import Turn
from domain.applications.lifecycles import ApplicationState
from domain.clock import print_until
from domain.exams.purposes import Purpose
from domain.payments.money import yuan
from domain.rulebook.reading import print_length
from handlers import commands, courses, exams, texts, wording
from handlers.answers.exams import (
    exam_link,
    for_candidates,
    has_exams,
    hotline_of,
    most_urgent,
    name_of,
)
from services.core.base import Actor
from services.courses import EnrolmentView
from services.exams import OwnExam, OwnResult

RULES_OF_EXAM = "“{name}”：{minutes}分钟，满分的{percent}%合格，还可作答{tries}次，取最好成绩。"
RULES_IN_GENERAL = "本库的考试一般是这样："
RULES_OF_POOL = "一般{minutes}分钟，满分的{percent}%合格，可考{tries}次，取最好成绩；以考试通知为准。"
MARKING = "{marking}。"
NOTICE_BEGINS = "考试须知：{lines}……全文在考试页面。"
CONTENT = "考试内容以培训资料和课程为准，题库不公开，每人的题随机抽取，题数和题型考前不公布。"
EXEMPTION = "能否免考由管理机构决定，请拨打{hotline}。"

GUEST_SCORE = "成绩公布后会通知本人，只能查自己的。查成绩，"
SCORE = "“{name}”{number}：{score}分（合格线{line}分），{outcome}。"
NUMBER = "第{number}次"
OUTCOME = {True: "合格", False: "未合格"}
MARKED_WITHIN = "“{name}”已交卷，成绩还没有公布，公布后会通知您；通常在考后{within}内评完。"
NO_SCORE = "“{name}”没有您的成绩。参加过考试的，请拨打{hotline}核实。"
NOT_HANDED_IN = "“{name}”还没有交卷，没有成绩：{span}。"
PAPER_OPEN = "试卷与答案可以在考试页面查看。"
APPEAL_UNTIL = "对成绩有疑问的，{until}前可以在考试页面申请复核。"
APPEAL_WAITS = "您的复核申请正在办理。"
APPEAL_ANSWERED = "复核答复：{answer}"
COURSE_RESULT = "“{name}”的考试：{result}。"
COURSE_RESULTS = {"pending": "等待成绩", "passed": "合格", "failed": "不合格"}
NO_RESULT = "近期没有您的考试成绩。"
ONLY_OWN = "只能查本人的成绩，不公布排名和他人成绩。"

GUEST_RETAKE = "考试次数和能否再考，以考试通知为准。查自己的考试，"
TRY_AGAIN = "“{name}”还可作答{tries}次{again}，取最好成绩，不另收费，不用报名。"
TRY_AGAIN_AT = "，{at}起"
STILL_AHEAD = "“{name}”还没有考：{span}。请按时参加。"
STILL_RUNNING = "“{name}”正在答题，请马上点下面的链接继续。"
RESULT_FIRST = "“{name}”已交卷，成绩公布后才知道要不要再考，会通知您。"
PASSED = "“{name}”已合格，不用补考。"
APPLICATION_WAITS = "“{name}”没有合格成绩，但您的申请保留：下一次考试安排好会通知您，不用重新申报。"
APPLICATION_ENDED = "“{name}”没有合格成绩，本次申请已结束，可以在征集期内重新申报。"
OFFICE_DECIDES = "“{name}”没有合格成绩。因住院、出差、故障等没考成的，能否补考由管理机构决定，请拨打{hotline}。"
MAKE_UP_PAID = "“{name}”缴费补学后可以再考，{amount}元："
MAKE_UP_FREE = "“{name}”可以补学后再考，不收费："
STUDY_ON = "“{name}”可以继续学习到{until}，再考的安排会通知您："
NO_LECTURE = "“{name}”有面授或直播没有签到，补学也不能再签到，请拨打{hotline}，由管理机构登记或另行安排。"
NO_MAKE_UP = "“{name}”的考试已结束，能否补考请拨打{hotline}。"
TRIES_IN_ALL = "一共可以作答{tries}次，没有通过的可以再考，取最好成绩。"
NOTHING_FAILED = "没有您未通过的考试。"

_GRADED = ("marking", "passed", "failed", "over")
_ENDED_WITHOUT_PASS = ("failed", "over", "left")
_SHOWN = 2
_NOTICE_LINES = 2


async def _tell_rules(turn: Turn, own: tuple[OwnExam, ...]) -> Answer:
    ahead = [exam for exam in own if exam.phase in exams.AHEAD]
    if not ahead and not has_exams(turn):
        return f"{exams.NO_ENTRY_EXAM}\n{commands.tap_lines(commands.PROGRESS, commands.GUIDE)}"
    if ahead:
        lines = _rules_of_exam(turn, most_urgent(ahead))
    else:
        lines = [*([f"{texts.NO_EXAM}{RULES_IN_GENERAL}"] if turn.user.bound else []), *_rules_of_pool(turn)]
    studying = [commands.COURSES] if turn.services.deps.book(turn.user.pool).course.offered else []
    exemption = EXEMPTION.format(hotline=hotline_of(turn))
    return "\n".join([*lines, CONTENT, exemption, commands.tap_lines(commands.MATERIALS, *studying, commands.EXAM)])


def _rules_of_exam(turn: Turn, exam: OwnExam) -> list[str]:
    facts = RULES_OF_EXAM.format(
        name=name_of(exam), minutes=exam.minutes, percent=exam.pass_percent, tries=exam.tries_left
    )
    return [f"{facts}{MARKING.format(marking=exam.marking)}", _notice_begin(exam.notice), exam_link(turn, exam)]


def _rules_of_pool(turn: Turn) -> list[str]:
    rules = turn.services.deps.book(turn.user.pool).exam
    minutes = int(rules.length.total_seconds() // 60)
    facts = RULES_OF_POOL.format(minutes=minutes, percent=rules.pass_percent, tries=rules.tries)
    return [f"{facts}{MARKING.format(marking=rules.marking_text)}", _notice_begin(rules.notice)]


def _notice_begin(notice: str) -> str:
    return NOTICE_BEGINS.format(lines="".join(notice.splitlines()[:_NOTICE_LINES]))


async def _tell_score(turn: Turn, own: tuple[OwnExam, ...]) -> Answer:
    if not own:
        return await _tell_course_results(turn)
    graded = [exam for exam in own if exam.phase in _GRADED or exam.handed_in]
    lines = [line for exam in graded[:_SHOWN] for line in await _score_lines(turn, exam)]
    if not graded:
        exam = most_urgent(own)
        lines = [NOT_HANDED_IN.format(name=name_of(exam), span=exam.span), exam_link(turn, exam)]
    return "\n".join([*lines, ONLY_OWN, commands.tap_lines(commands.PROGRESS)])


async def _score_lines(turn: Turn, exam: OwnExam) -> list[str]:
    """The results of an examination, each try's, with what can be done about the last."""
    actor = Actor(turn.user.pool, "applicant", turn.user.account_id)
    results = await turn.services.exams.scores.own(actor, exam.candidate_id)
    if not results:
        return [_missing_score(turn, exam), exam_link(turn, exam)]
    scores = [_score_text(exam, result, numbered=len(results) > 1) for result in results]
    return [*scores, *_appeal_lines(turn, results[-1]), exam_link(turn, exam)]


def _score_text(exam: OwnExam, result: OwnResult, *, numbered: bool) -> str:
    number = NUMBER.format(number=result.number) if numbered else ""
    outcome = OUTCOME[result.passed]
    return SCORE.format(name=name_of(exam), number=number, score=result.score, line=result.line, outcome=outcome)


def _missing_score(turn: Turn, exam: OwnExam) -> str:
    if exam.handed_in or exam.phase == "marking":
        within = print_length(turn.services.deps.book(turn.user.pool).exam.result_within)
        return MARKED_WITHIN.format(name=name_of(exam), within=within)
    if exam.phase in ("passed", "failed"):
        return COURSE_RESULT.format(name=name_of(exam), result=texts.EXAM_STATES[exam.phase])
    return NO_SCORE.format(name=name_of(exam), hotline=hotline_of(turn))


def _appeal_lines(turn: Turn, result: OwnResult) -> list[str]:
    lines = [PAPER_OPEN] if result.review == "now" else []
    if result.appeal == "open":
        lines.append(APPEAL_WAITS)
    elif result.appeal:
        lines.append(APPEAL_ANSWERED.format(answer=wording.plain_text(result.answer)))
    elif result.appeal_until is not None:
        lines.append(APPEAL_UNTIL.format(until=print_until(result.appeal_until, turn.services.deps.now())))
    return lines


async def _tell_course_results(turn: Turn) -> str:
    """Results that the office recorded of courses; else why there are none."""
    lines = [
        COURSE_RESULT.format(name=wording.plain_text(course.name), result=COURSE_RESULTS[course.exam_state])
        for course in await courses.find_own_courses(turn, turn.user.account_id)
        if course.exam_state
    ]
    if lines:
        return "\n".join([*lines[:_SHOWN], ONLY_OWN, commands.tap_lines(commands.COURSES)])
    return f"{NO_RESULT}{await exams.explain_none(turn)}"


async def _tell_retake(turn: Turn, own: tuple[OwnExam, ...]) -> Answer:
    if not own:
        return await _retake_after_courses(turn) or f"{NOTHING_FAILED}{await exams.explain_none(turn)}"
    exam = most_urgent(own)
    if exam.phase in _ENDED_WITHOUT_PASS:
        later = next((other for other in own if other.phase == "passed" and other.starts_at > exam.starts_at), None)
        if later is None:
            return await _after_failing(turn, exam)
        exam = later
    return "\n".join([_retake_text(turn, exam), exam_link(turn, exam), commands.tap_lines(commands.EXAM)])


def _retake_text(turn: Turn, exam: OwnExam) -> str:
    """What is true of an examination that isn't over for the person."""
    if exam.handed_in and exam.phase in ("open", "resting"):
        again = print_until(exam.again_at, turn.services.deps.now()) if exam.again_at else ""
        resting = TRY_AGAIN_AT.format(at=again) if exam.phase == "resting" else ""
        return TRY_AGAIN.format(name=name_of(exam), tries=exam.tries_left, again=resting)
    if exam.phase in exams.AHEAD and exam.phase != "running":
        return f"{STILL_AHEAD.format(name=name_of(exam), span=exam.span)}{TRIES_IN_ALL.format(tries=exam.tries_left)}"
    ahead = STILL_RUNNING if exam.phase == "running" else STILL_AHEAD
    text = {"marking": RESULT_FIRST, "passed": PASSED}.get(exam.phase, ahead)
    return text.format(name=name_of(exam), span=exam.span)


async def _after_failing(turn: Turn, exam: OwnExam) -> str:
    """The way on is that of the application, or of the course, for which the examination was held."""
    name, account_id = name_of(exam), turn.user.account_id
    text, taps = OFFICE_DECIDES, [commands.PROGRESS]
    if exam.purpose != Purpose.ENTRY:
        if (after_course := await _retake_after_courses(turn)) is not None:
            return after_course
    elif account_id is not None:
        applications = await turn.services.applications.to_dos.progress(account_id)
        if any(application.state == ApplicationState.EXAM for application in applications):
            text = APPLICATION_WAITS
        elif any(application.state == ApplicationState.REFUSED for application in applications):
            text, taps = APPLICATION_ENDED, [commands.APPLY]
    lines = [text.format(name=name, hotline=hotline_of(turn)), exam_link(turn, exam)]
    return "\n".join([*lines, commands.tap_lines(*taps)])


async def _retake_after_courses(turn: Turn) -> str | None:
    """The further period of study of a course whose examination was not passed; None without such a course."""
    own = await courses.find_own_courses(turn, turn.user.account_id)
    missing = [course for course in own if course.make_up or course.exam_state == "failed"]
    if not missing:
        return None
    return "\n".join([*_make_up_lines(turn, missing), commands.tap_lines(commands.COURSES)])


def _make_up_lines(turn: Turn, missing: Sequence[EnrolmentView]) -> list[str]:
    lines = []
    for course in missing[:_SHOWN]:
        amount = yuan(course.amount) if course.amount is not None else ""
        until = print_until(course.closes_at, turn.services.deps.now())
        text = _make_up_template(course).format(
            name=wording.plain_text(course.name), amount=amount, until=until, hotline=hotline_of(turn)
        )
        lines += [text, courses.course_link(turn, course)]
    return lines


def _make_up_template(course: EnrolmentView) -> str:
    if course.make_up == "paid":
        return MAKE_UP_PAID
    if course.make_up == "free":
        return MAKE_UP_FREE
    if course.make_up == "lecture_over":
        return NO_LECTURE
    return STUDY_ON if course.access == "open" else NO_MAKE_UP


ANSWERS: Mapping[str, Handler] = {
    "exam_rules": for_candidates(_tell_rules),
    "exam_score": for_candidates(_tell_score, GUEST_SCORE),
    "exam_retake": for_candidates(_tell_retake, GUEST_RETAKE),
}
