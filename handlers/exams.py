"""Examinations (考试): when, how long, what to bring, status, the signed link; and booking a sitting."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from bot.router import Answer, Router
from bot.talk import Start, Talk, conversation
from bot.turn import Turn
from domain.applications.lifecycles import ApplicationState
from domain.chat_links import link
from domain.clock import print_time
from domain.courses.lifecycles import EnrolmentState
from domain.errors import Conflict
from handlers import commands, courses, texts, wording
from handlers.picking import MOST, PickOption, pick_option
from services.core.base import Actor
from services.exams import Booked, Booking, OwnExam, SittingView

SHOWN = 2
"""Examinations in one bubble, with a long link each."""
AHEAD = ("to_book", "ahead", "lobby", "open", "running", "resting")
"""Phases in which the candidate can still act."""
EXAM_AFTER_REVIEW = "目前还没有安排您的考试：{before}完成后才安排，时间定了会通知您。"
EXAM_AFTER_COURSE = "目前还没有安排您的考试。课程已学完，考试由管理机构安排并通知您。"
COURSE_FIRST = "目前没有安排您的考试。您的课程还没学完，有结业考试的，学完后才能考。"
NO_ENTRY_EXAM = "本专家库入库不设考试。"
_GIVE_BACK, _KEEP = "back", "keep"


def register(router: Router) -> None:
    router.remember(book_sitting)
    router.keyword(
        my_exams, commands.EXAM, "我的考试", "参加考试", "进入考试", "考试时间", "考试通知", "培训考试", "在线考试"
    )
    router.keyword(begin_booking, commands.BOOK_EXAM, "预约场次", "考试预约", "改约", "改约考试", "退回预约", "候补")
    router.menu("EXAM", my_exams)


async def my_exams(turn: Turn) -> str:
    """All examinations of a candidate, in one bubble."""
    if turn.user.account_id is None:
        return f"{texts.BIND_FIRST}\n{commands.tap_lines(commands.BIND)}"
    exams = await find_own_exams(turn)
    if not exams:
        return await explain_none(turn)
    taps = [commands.BOOK_EXAM] if any(exam.booking and exam.phase in AHEAD for exam in exams) else []
    blocks = [exam_block(turn, exam) for exam in exams[:SHOWN]]
    return "\n\n".join([*blocks, commands.tap_lines(*taps, commands.PROGRESS)])


async def exam_lines(turn: Turn, account_id: UUID | None) -> list[str]:
    """Examinations ahead, for the overview; empty without any."""
    exams = await find_own_exams(turn, account_id)
    ahead = [texts.EXAM_TO_DO.format(name=exam.name, span=exam.span) for exam in exams if exam.phase in AHEAD]
    return [*ahead[:SHOWN], commands.tap_lines(commands.EXAM)] if ahead else []


async def find_own_exams(turn: Turn, account_id: UUID | None = None) -> tuple[OwnExam, ...]:
    """The examinations of a person. ``account_id`` when this message bound the person; else the sender's account."""
    if turn.user.person is not None and not turn.user.person.sits:
        return ()
    return await turn.services.exams.own_exams.list(_actor(turn, account_id))


async def begin_booking(turn: Turn) -> Answer:
    if turn.user.account_id is None:
        return f"{texts.BIND_FIRST}\n{commands.tap_lines(commands.BIND)}"
    start = start_booking(await find_own_exams(turn))
    return start or f"{texts.NOTHING_TO_BOOK}\n{commands.tap_lines(commands.EXAM, commands.PROGRESS)}"


def start_booking(exams: Sequence[OwnExam]) -> Start | None:
    """The conversation that books, or None when none of the examinations is booked."""
    booked = [exam for exam in exams if exam.booking and exam.phase in AHEAD]
    options = tuple(PickOption(exam.candidate_id, exam.name) for exam in booked[:MOST])
    return book_sitting.start(options) if options else None


@conversation(commands.BOOK_EXAM)
async def book_sitting(talk: Talk, exams: tuple[PickOption, ...]) -> None:
    """Book, change, join a waiting list, or cancel. A sitting that filled up meanwhile is asked for again."""
    candidate_id = await pick_option(talk, texts.EXAM_WHICH, exams)
    actor, sittings = _actor(talk), talk.services.exams.sittings
    while True:
        booking = await talk.read(talk.services.exams.sitting_queries.get_booking, actor, candidate_id)
        choice = await _ask_sitting(talk, booking)
        if choice == _KEEP:
            await talk.say(texts.NOTHING_CHANGED)
            return
        try:
            if choice == _GIVE_BACK:
                await talk.once(sittings.cancel_booking, actor, candidate_id)
                await talk.say(texts.PLACE_GIVEN_BACK)
                return
            action, _, sitting = choice.partition(":")
            book_or_wait = sittings.join_waiting_list if action == "wait" else sittings.book
            await _say_booking(talk, await talk.once(book_or_wait, actor, candidate_id, UUID(sitting)))
            return
        except Conflict as conflict:
            await talk.say(conflict.message)


async def _ask_sitting(talk: Talk, booking: Booking) -> str:
    """``book:`` or ``wait:`` and a sitting, or one of the words above; ends when nothing can be changed."""
    booked, waiting_for = booking.find_sitting(booking.booked), booking.find_sitting(booking.waiting)
    if booking.fixed and booked is not None:
        await talk.say(texts.BOOK_FIXED, name=booking.exam, span=booked.span)
        await talk.end()
    options = _options(booking)
    if not options and booked is None and waiting_for is None:
        hotline = talk.services.deps.book(talk.user.pool).pool.hotline
        await talk.say(texts.BOOK_NO_SITTING, name=booking.exam, hotline=hotline)
        await talk.end()
    places = [texts.BOOK_HELD.format(span=booked.span)] if booked else [texts.BOOK_NONE]
    places += [texts.BOOK_WAITED.format(span=waiting_for.span)] if waiting_for else []
    if booked is not None or waiting_for is not None:
        options[texts.GIVE_PLACE_BACK] = _GIVE_BACK
    options[texts.KEEP_PLACE] = _KEEP
    question = texts.BOOK_WHICH.format(name=booking.exam, places="，".join(places))
    return await talk.choose(question, options)


def _options(booking: Booking) -> dict[str, str]:
    """Soonest first, without the sitting that is booked already."""
    own_ids = (booking.booked, booking.waiting)
    open_sittings = [sitting for sitting in booking.sittings if sitting.open and sitting.id not in own_ids]
    return {_label(sitting): f"{'wait' if sitting.full else 'book'}:{sitting.id}" for sitting in open_sittings[:MOST]}


def _label(sitting: SittingView) -> str:
    place = f" {wording.plain_text(sitting.data.place)}" if sitting.data.place else ""
    text = texts.SITTING_FULL if sitting.full else texts.SITTING_FREE if sitting.left is None else texts.SITTING_LEFT
    return text.format(span=f"{sitting.span}{place}", left=sitting.left)


async def _say_booking(talk: Talk, booked: Booked) -> None:
    if booked.state == "waiting":
        await talk.say(texts.PLACE_WAITING, span=booked.span)
        return
    place = f"\n地点：{wording.plain_text(booked.place)}" if booked.place else ""
    await talk.say(texts.PLACE_BOOKED, span=booked.span, place=place, until=booked.until)
    await talk.say(commands.tap_lines(commands.EXAM))


async def explain_none(turn: Turn) -> str:
    """Why the person has no examination, with what to do meanwhile."""
    account_id = turn.user.account_id
    if account_id is None:
        return f"{texts.BIND_FIRST}\n{commands.tap_lines(commands.BIND)}"
    entry = turn.services.deps.book(turn.user.pool).entry
    for application in await turn.services.applications.to_dos.progress(account_id):
        stages = entry.stages_of(application.entry_type)
        if application.state == ApplicationState.EXAM:
            return f"{texts.EXAM_WAITING}\n{commands.tap_lines(commands.MATERIALS, commands.PROGRESS)}"
        if application.ended_at is None and "exam" in stages:
            before = "审核、缴费都" if "fee" in stages else "审核"
            text = EXAM_AFTER_REVIEW.format(before=before)
            return f"{text}\n{commands.tap_lines(commands.PROGRESS, commands.MATERIALS)}"
    states = [course.state for course in await courses.find_own_courses(turn, account_id)]
    if EnrolmentState.LEARNED in states:
        return f"{EXAM_AFTER_COURSE}\n{commands.tap_lines(commands.COURSES)}"
    if EnrolmentState.CALLED in states:
        return f"{COURSE_FIRST}\n{commands.tap_lines(commands.COURSES)}"
    no_entry_exam = "" if "exam" in entry.stages else NO_ENTRY_EXAM
    return f"{texts.NO_EXAM}{no_entry_exam}\n{commands.tap_lines(commands.PROGRESS, commands.STATUS)}"


def exam_block(turn: Turn, exam: OwnExam) -> str:
    """Name, time, place, state and link of one examination; what to know before it while it is ahead."""
    lines = [texts.EXAM_IS.format(name=wording.plain_text(exam.name)), texts.EXAM_TIME.format(span=exam.span)]
    if exam.place:
        lines.append(texts.EXAM_PLACE.format(place=wording.plain_text(exam.place)))
    lines += _facts(exam) if exam.phase in AHEAD else []
    lines.append(texts.EXAM_STATE.format(state=_state(exam)))
    label = texts.EXAM_ENTER if exam.phase in AHEAD else texts.EXAM_LOOK
    lines.append(f"▸ {link(label, f'{turn.services.deps.public_url}{exam.path}')}")
    if exam.phase in AHEAD and exam.phase != "running":
        page = f"{turn.services.deps.public_url}/h5/{turn.user.pool}/exams/{exam.candidate_id}/trial"
        lines.append(f"▸ {link(texts.EXAM_TRIAL, page)}")
    if exam.mock is not None and exam.phase in AHEAD:
        page = f"{turn.services.deps.public_url}/h5/{turn.user.pool}/exams/{exam.mock}"
        lines.append(f"▸ {link(texts.EXAM_MOCK, page)}")
    return "\n".join(lines)


def _facts(exam: OwnExam) -> list[str]:
    lines = [
        texts.EXAM_LENGTH.format(minutes=exam.minutes, percent=exam.pass_percent),
        texts.EXAM_BRING.format(bring=exam.bring),
        texts.EXAM_TRIES.format(tries=exam.tries_left),
    ]
    if exam.booking and exam.booked and exam.phase == "ahead":
        lines.append(texts.EXAM_BOOKED.format(until=exam.book_until))
    return [*lines, texts.EXAM_WAITS.format(span=exam.waiting)] if exam.waiting else lines


def _state(exam: OwnExam) -> str:
    again_at = print_time(exam.again_at) if exam.again_at else ""
    return texts.EXAM_STATES[exam.phase].format(lobby=int(exam.lobby.total_seconds() // 60), again=again_at)


def _actor(turn: Turn, account_id: UUID | None = None) -> Actor:
    return Actor(turn.user.pool, "applicant", account_id or turn.user.account_id)
