"""Examinations (考试): when, how long, what to bring, status, the signed link; and booking a sitting."""

from __future__ import annotations

from uuid import UUID

from bot.router import Answer, Router
from bot.talk import Talk, conversation
from bot.turn import Turn
from domain.applications.lifecycles import ApplicationState
from domain.chat_links import link
from domain.clock import print_time
from domain.errors import Conflict
from handlers import commands, texts, wording
from handlers.picking import MOST, PickOption, pick
from services.core.base import Actor
from services.exams import Booked, Booking, OwnExam, SittingView

_SHOWN = 2
"""Examinations in one bubble, with a long link each."""
_AHEAD = ("to_book", "ahead", "lobby", "open", "running", "resting")
"""Phases in which the candidate can still act."""
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
        return f"{texts.BIND_FIRST}\n{commands.tappable(commands.BIND)}"
    found = await _called_to(turn)
    if not found:
        return await _none(turn, turn.user.account_id)
    taps = [commands.BOOK_EXAM] if any(one.booking and one.phase in _AHEAD for one in found) else []
    blocks = [_block(turn, one) for one in found[:_SHOWN]]
    return "\n\n".join([*blocks, commands.tappable(*taps, commands.PROGRESS)])


async def exam_lines(turn: Turn, account_id: UUID | None) -> list[str]:
    """Examinations ahead, for the overview; empty without any."""
    found = await _called_to(turn, account_id)
    ahead = [texts.EXAM_TO_DO.format(name=one.name, span=one.span) for one in found if one.phase in _AHEAD]
    return [*ahead[:_SHOWN], commands.tappable(commands.EXAM)] if ahead else []


async def _called_to(turn: Turn, account_id: UUID | None = None) -> tuple[OwnExam, ...]:
    """The examinations of a person. ``account_id`` when this message bound the person; else the sender's account."""
    if turn.user.person is not None and not turn.user.person.sits:
        return ()
    return await turn.services.exams.own_exams.list(_actor(turn, account_id))


async def begin_booking(turn: Turn) -> Answer:
    if turn.user.account_id is None:
        return f"{texts.BIND_FIRST}\n{commands.tappable(commands.BIND)}"
    found = [one for one in await _called_to(turn) if one.booking and one.phase in _AHEAD]
    if not found:
        return f"{texts.NOTHING_TO_BOOK}\n{commands.tappable(commands.EXAM, commands.PROGRESS)}"
    return book_sitting.start(tuple(PickOption(one.candidate_id, one.name) for one in found[:MOST]))


@conversation(commands.BOOK_EXAM)
async def book_sitting(talk: Talk, exams: tuple[PickOption, ...]) -> None:
    """Book, change, join a waiting list, or cancel. A sitting that filled up meanwhile is asked for again."""
    candidate_id = await pick(talk, texts.EXAM_WHICH, exams)
    actor, sittings = _actor(talk), talk.services.exams.sittings
    while True:
        seen = await talk.read(talk.services.exams.sitting_queries.get_booking, actor, candidate_id)
        wanted = await _ask(talk, seen)
        if wanted == _KEEP:
            await talk.say(texts.NOTHING_CHANGED)
            return
        try:
            if wanted == _GIVE_BACK:
                await talk.once(sittings.cancel_booking, actor, candidate_id)
                await talk.say(texts.PLACE_GIVEN_BACK)
                return
            what, _, sitting = wanted.partition(":")
            act = sittings.join_waiting_list if what == "wait" else sittings.book
            await _say_booked(talk, await talk.once(act, actor, candidate_id, UUID(sitting)))
            return
        except Conflict as full:
            await talk.say(full.message)


async def _ask(talk: Talk, seen: Booking) -> str:
    """``book:`` or ``wait:`` and a sitting, or one of the words above; ends when nothing can be changed."""
    held, waited = seen.find_sitting(seen.booked), seen.find_sitting(seen.waiting)
    if seen.fixed and held is not None:
        await talk.say(texts.BOOK_FIXED, name=seen.exam, span=held.span)
        await talk.end()
    options = _options(seen)
    if not options and held is None and waited is None:
        hotline = talk.services.deps.book(talk.user.pool).pool.hotline
        await talk.say(texts.BOOK_NO_SITTING, name=seen.exam, hotline=hotline)
        await talk.end()
    places = [texts.BOOK_HELD.format(span=held.span)] if held else [texts.BOOK_NONE]
    places += [texts.BOOK_WAITED.format(span=waited.span)] if waited else []
    if held is not None or waited is not None:
        options[texts.GIVE_PLACE_BACK] = _GIVE_BACK
    options[texts.KEEP_PLACE] = _KEEP
    question = texts.BOOK_WHICH.format(name=seen.exam, places="，".join(places))
    return await talk.choose(question, options)


def _options(seen: Booking) -> dict[str, str]:
    """Soonest first, without the sitting that is booked already."""
    mine = (seen.booked, seen.waiting)
    open_ones = [one for one in seen.sittings if one.open and one.id not in mine]
    return {_label(one): f"{'wait' if one.full else 'book'}:{one.id}" for one in open_ones[:MOST]}


def _label(sitting: SittingView) -> str:
    place = f" {wording.plain(sitting.data.place)}" if sitting.data.place else ""
    text = texts.SITTING_FULL if sitting.full else texts.SITTING_FREE if sitting.left is None else texts.SITTING_LEFT
    return text.format(span=f"{sitting.span}{place}", left=sitting.left)


async def _say_booked(talk: Talk, done: Booked) -> None:
    if done.state == "waiting":
        await talk.say(texts.PLACE_WAITING, span=done.span)
        return
    place = f"\n地点：{wording.plain(done.place)}" if done.place else ""
    await talk.say(texts.PLACE_BOOKED, span=done.span, place=place, until=done.until)
    await talk.say(commands.tappable(commands.EXAM))


async def _none(turn: Turn, account_id: UUID) -> str:
    progress = await turn.services.applications.to_dos.progress(account_id)
    if progress is not None and progress.state == ApplicationState.EXAM:
        return f"{texts.EXAM_WAITING}\n{commands.tappable(commands.MATERIALS, commands.PROGRESS)}"
    return f"{texts.NO_EXAM}\n{commands.tappable(commands.PROGRESS)}"


def _block(turn: Turn, exam: OwnExam) -> str:
    lines = [texts.EXAM_IS.format(name=wording.plain(exam.name)), texts.EXAM_TIME.format(span=exam.span)]
    if exam.place:
        lines.append(texts.EXAM_PLACE.format(place=wording.plain(exam.place)))
    lines += _facts(exam) if exam.phase in _AHEAD else []
    lines.append(texts.EXAM_STATE.format(state=_state(exam)))
    label = texts.EXAM_ENTER if exam.phase in _AHEAD else texts.EXAM_LOOK
    lines.append(f"▸ {link(label, f'{turn.services.deps.public_url}{exam.path}')}")
    if exam.mock is not None and exam.phase in _AHEAD:
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
    again = print_time(exam.again_at) if exam.again_at else ""
    return texts.EXAM_STATES[exam.phase].format(lobby=int(exam.lobby.total_seconds() // 60), again=again)


def _actor(turn: Turn, account_id: UUID | None = None) -> Actor:
    return Actor(turn.user.pool, "applicant", account_id or turn.user.account_id)
