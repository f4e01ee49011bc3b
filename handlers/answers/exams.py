"""Answers about sitting an examination: when, how to book and to enter, what goes wrong in it.

Each for the person's most urgent examination in its present phase. Rules, results and retakes: ``exam_results.py``.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping, Sequence
from typing import TypeAlias

from bot.router import Answer, Handler
from bot.turn import Turn
from domain.chat_links import link
from domain.clock import print_until
from handlers import commands, exams, texts, wording
from services.core.base import Actor
from services.exams import OwnEvidence, OwnExam

GUEST_WHEN = "考试时间定了会通知本人。查自己的考试，"
GUEST_BOOK = "需要预约的考试，接到通知后可以在这里选场次。查自己的考试，"
GUEST_TROUBLE = "考试断线、退出后，请马上重新打开考试继续：已存的答案都在，计时不停，到时自动交卷。查自己的考试，"

NO_TICKET = "不用准考证，也没有准考证号。"
NOT_BOOKED_BY_CANDIDATES = (
    "“{name}”统一安排，不用预约，也不能自选或改换场次：{span}{place}。"
    "在这段时间里开始即可，请在截止前留足{minutes}分钟。确实不能参加的，请在考前拨打{hotline}说明。"
)
AT_PLACE = "，地点：{place}"

ENTER = {
    "to_book": "“{name}”要先预约场次，才能进入。",
    "ahead": "“{name}”还没到时间：{span}，开考前{lobby}分钟可以进入。",
    "lobby": "“{name}”可以进入候考，{starts}开始。",
    "open": "“{name}”现在可以进入。",
    "running": "“{name}”正在答题，计时不停，请马上点下面的链接继续。",
    "resting": "“{name}”{again}起可以再次作答。",
}
STATE = "“{name}”：{state}。"
DEVICES = "手机、电脑和平板都能考，用微信或浏览器打开链接即可，不用装软件；换设备打开同一链接，用本人手机号登录。"
DEVICES_WITH_FACE = "这场考试要人脸核身，请用手机微信打开。"
TICK_NOTICE = "进入后请先阅读并勾选考试须知。"
STILL_SHUT = "还进不去的，请换网络或换一台设备重试；仍不行请马上拨打{hotline}。"

GO_ON = (
    "请马上重新打开“{name}”继续：已存的答案都在，计时不停。换一台设备也可以继续，原来的设备就不能再答。\n"
    "离开页面的次数只是记录，由工作人员核实，不会自动作废。按钮没反应的请刷新页面；因故障时间不够的，马上拨打{hotline}。"
)
HANDED_IN = "“{name}”已于{at}交卷，不能撤回或再改。"
HANDED_IN_BY_TIME = "“{name}”已于{at}到时自动交卷。"
UPLOAD_UNTIL = "断网没能上传的答案，请在{until}前到考试页面提交离线作答。"
UPLOADED = "您提交的离线作答等待管理机构核实。"
UPLOAD_ANSWERED = "离线作答的核实结果请看考试页面。"
TRIES_LEFT = "还可作答{tries}次。"
NOT_BEGUN = "“{name}”还没有开始作答。开始后计时不停，答案自动保存，断线后重新打开可以继续，到时自动交卷。"
NO_PAPER = "“{name}”考试时间已过，没有您的答卷。请拨打{hotline}说明情况，能否补考由管理机构决定。"
NO_EXAM_RUNNING = "没有正在进行的考试。"

NO_FACE_CHECK = "本专家库的考试目前不要求人脸识别。别的页面或软件要您刷脸的，不是我们的，请先拨打{hotline}核实。"
EXAM_WITHOUT_FACE = "“{name}”不要求人脸识别，或已经通过。"
FACE_HINTS = (
    "人脸核身由微信完成：请在手机微信里打开考试，允许微信使用相机，光线充足、正对屏幕、摘下口罩再试。只在开考前做一次。"
)
FACE_OTHER_WAY = "不愿意或通不过的：{way}"
FACE_HURRY = "马上要开考的，请直接拨打{hotline}。"

GUEST_ENTER = f"{DEVICES}查自己的考试，"
CandidateAnswer: TypeAlias = Callable[[Turn, tuple[OwnExam, ...]], Awaitable[Answer]]
_MOST_URGENT = (
    "running",
    "open",
    "lobby",
    "resting",
    "to_book",
    "ahead",
    "marking",
    "over",
    "failed",
    "passed",
    "left",
)
_UNDER_WAY = ("lobby", "open", "running")


def for_candidates(answer: CandidateAnswer, guest_text: str = "") -> Handler:
    """A handler that gives ``answer`` for the person's examinations, which may be none.

    Who is not bound gets ``guest_text``, with the tap to bind, or if it is empty the answer to who has none.
    """

    async def handler(turn: Turn) -> Answer:
        if not turn.user.bound and guest_text:
            text = guest_text if has_exams(turn) else f"{exams.NO_ENTRY_EXAM}\n"
            return f"{text}{texts.BIND_FIRST}\n{commands.tap_lines(commands.BIND, commands.GUIDE)}"
        return await answer(turn, await exams.find_own_exams(turn) if turn.user.bound else ())

    return handler


def has_exams(turn: Turn) -> bool:
    """Whether the pool examines anybody."""
    book = turn.services.deps.book(turn.user.pool)
    return "exam" in book.entry.stages or book.course.offered


def most_urgent(own: Sequence[OwnExam]) -> OwnExam:
    return min(own, key=lambda exam: _MOST_URGENT.index(exam.phase))


def exam_link(turn: Turn, exam: OwnExam) -> str:
    label = texts.EXAM_ENTER if exam.phase in exams.AHEAD else texts.EXAM_LOOK
    return f"▸ {link(label, f'{turn.services.deps.public_url}{exam.path}')}"


def hotline_of(turn: Turn) -> str:
    return turn.services.deps.book(turn.user.pool).pool.hotline


def name_of(exam: OwnExam) -> str:
    return wording.plain_text(exam.name)


async def _tell_when(turn: Turn, own: tuple[OwnExam, ...]) -> Answer:
    if not own:
        return await exams.explain_none(turn)
    ahead = any(exam.phase in exams.AHEAD for exam in own)
    taps = [commands.BOOK_EXAM] if exams.start_booking(own) else []
    blocks = [exams.exam_block(turn, exam) for exam in own[: exams.SHOWN]]
    return "\n\n".join([*blocks, *([NO_TICKET] if ahead else []), commands.tap_lines(*taps, commands.PROGRESS)])


async def _begin_booking(turn: Turn, own: tuple[OwnExam, ...]) -> Answer:
    if (start := exams.start_booking(own)) is not None:
        return start
    if not own:
        return f"{texts.NOTHING_TO_BOOK}{await exams.explain_none(turn)}"
    exam = most_urgent(own)
    if exam.phase not in exams.AHEAD:
        return _describe_state(turn, exam)
    place = AT_PLACE.format(place=wording.plain_text(exam.place)) if exam.place else ""
    text = NOT_BOOKED_BY_CANDIDATES.format(
        name=name_of(exam), span=exam.span, place=place, minutes=exam.minutes, hotline=hotline_of(turn)
    )
    return f"{text}\n{exam_link(turn, exam)}\n{commands.tap_lines(commands.EXAM)}"


def _describe_state(turn: Turn, exam: OwnExam) -> str:
    if exam.phase == "over" and not exam.handed_in:
        text = NO_PAPER.format(name=name_of(exam), hotline=hotline_of(turn))
    else:
        text = STATE.format(name=name_of(exam), state=texts.EXAM_STATES[exam.phase])
    return f"{text}\n{exam_link(turn, exam)}\n{commands.tap_lines(commands.PROGRESS)}"


async def _tell_how_to_enter(turn: Turn, own: tuple[OwnExam, ...]) -> Answer:
    if not own:
        return await exams.explain_none(turn)
    exam, now = most_urgent(own), turn.services.deps.now()
    if exam.phase not in exams.AHEAD:
        return _describe_state(turn, exam)
    head = ENTER[exam.phase].format(
        name=name_of(exam),
        span=exam.span,
        lobby=int(exam.lobby.total_seconds() // 60),
        starts=print_until(exam.starts_at, now),
        again=print_until(exam.again_at, now) if exam.again_at else "",
    )
    lines = [head, exam_link(turn, exam), DEVICES_WITH_FACE if exam.face_wanted else DEVICES]
    if exam.phase in _UNDER_WAY:
        lines += [] if exam.notice_read else [TICK_NOTICE]
        lines.append(STILL_SHUT.format(hotline=hotline_of(turn)))
    taps = [commands.BOOK_EXAM] if exam.phase == "to_book" else []
    return "\n".join([*lines, commands.tap_lines(*taps, commands.EXAM)])


async def _help_in_trouble(turn: Turn, own: tuple[OwnExam, ...]) -> Answer:
    if not own:
        return f"{NO_EXAM_RUNNING}{await exams.explain_none(turn)}"
    exam = most_urgent(own)
    if exam.phase == "running":
        text = GO_ON.format(name=name_of(exam), hotline=hotline_of(turn))
        return f"{exam_link(turn, exam)}\n{text}"
    if exam.handed_in:
        return "\n".join(await _handed_in_lines(turn, exam))
    if exam.phase not in exams.AHEAD:
        return _describe_state(turn, exam)
    text = NOT_BEGUN.format(name=name_of(exam))
    return f"{text}\n{exam_link(turn, exam)}\n{commands.tap_lines(commands.EXAM)}"


async def _handed_in_lines(turn: Turn, exam: OwnExam) -> list[str]:
    """How the last paper ended, and what can still be done."""
    now, last = turn.services.deps.now(), exam.handed_in[-1]
    text = HANDED_IN if last.by_hand else HANDED_IN_BY_TIME
    lines = [text.format(name=name_of(exam), at=print_until(last.at, now))]
    if not last.by_hand:
        actor = Actor(turn.user.pool, "applicant", turn.user.account_id)
        uploads = await turn.services.exams.evidence.own(actor, exam.candidate_id)
        lines += [_upload_text(turn, upload) for upload in uploads if upload.attempt_id == last.attempt_id]
    if exam.tries_left and exam.phase in ("open", "resting"):
        lines.append(TRIES_LEFT.format(tries=exam.tries_left))
    return [*lines, exam_link(turn, exam), commands.tap_lines(commands.EXAM)]


def _upload_text(turn: Turn, upload: OwnEvidence) -> str:
    if upload.until is not None:
        return UPLOAD_UNTIL.format(until=print_until(upload.until, turn.services.deps.now()))
    return UPLOADED if upload.state == "open" else UPLOAD_ANSWERED


async def _help_with_face(turn: Turn, own: tuple[OwnExam, ...]) -> Answer:
    rules, hotline = turn.services.deps.book(turn.user.pool).exam, hotline_of(turn)
    ahead = [exam for exam in own if exam.phase in exams.AHEAD]
    wanted = [exam for exam in ahead if exam.face_wanted]
    if wanted:
        exam = most_urgent(wanted)
        other_way = FACE_OTHER_WAY.format(way=exam.face_other_way)
        lines = [FACE_HINTS, exam_link(turn, exam), other_way, FACE_HURRY.format(hotline=hotline)]
        return "\n".join(lines)
    if ahead:
        exam = most_urgent(ahead)
        text = EXAM_WITHOUT_FACE.format(name=name_of(exam))
        return f"{text}\n{exam_link(turn, exam)}\n{commands.tap_lines(commands.EXAM)}"
    if rules.face_check == "none":
        return f"{NO_FACE_CHECK.format(hotline=hotline)}\n{commands.tap_lines(commands.EXAM)}"
    other_way = FACE_OTHER_WAY.format(way=rules.face_other_way)
    return f"{FACE_HINTS}\n{other_way}\n{commands.tap_lines(commands.EXAM)}"


ANSWERS: Mapping[str, Handler] = {
    "exam_when": for_candidates(_tell_when, GUEST_WHEN),
    "exam_book": for_candidates(_begin_booking, GUEST_BOOK),
    "exam_enter": for_candidates(_tell_how_to_enter, GUEST_ENTER),
    "exam_trouble": for_candidates(_help_in_trouble, GUEST_TROUBLE),
    "exam_face": for_candidates(_help_with_face),
}
