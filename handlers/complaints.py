"""Complaints and appeals (投诉, 申诉): first what has an act of its own, with the person's own case; else a thread with
the office. Threads: read, written back to, closed."""

from __future__ import annotations

import re
from dataclasses import dataclass
from uuid import UUID

from bot.replies import shorten
from bot.router import Answer, Router
from bot.talk import Talk, conversation
from bot.turn import Turn
from domain.chat_links import link
from domain.clock import print_date
from domain.errors import InvalidInput
from domain.notifications.lifecycles import FeedbackState, FeedbackSubject
from handlers import commands, people, pools, texts, wording
from handlers.helpdesk import feedback_text
from handlers.picking import MOST, PickOption, pick_option
from handlers.read_back import confirm_text
from handlers.remuneration import answer_remuneration
from services.core.base import Actor
from services.notifications import FEEDBACK_MAX, FeedbackThread
from services.sanctions import TEXT_MAX
from services.workflows import OwnCase

_ABOUT = [subject for subject in FeedbackSubject if subject != FeedbackSubject.ADVICE]
_MESSAGE_BYTES = 500
_ANNOUNCES = re.compile(
    "投诉|申诉|举报|反映|维权|意见|我们?|你们?|他们?|要|想|怎么|怎样|如何|哪里|哪儿|在哪|去哪|电话|渠道|入口|一下|请问|老师|您好|你好|"
    "可以|能不能|向谁|找谁|[吗呢吧的啊了]"
)
_ASKS_WHAT_BECAME_OF_IT = re.compile(
    "结果|进展|进度|回音|答复|回复|处理(?:得|的)?怎么?样|处理完|办得怎|到哪一步|没人理|没人管|没反应|没动静|受理了没|多久|几天|什么时候"
)
_CONTENT_MIN = 6
"""Characters besides words that only announce a complaint."""
_SHORT = 25
"""A longer sentence says what happened, whatever it asks."""
_APPEAL_MIN = 10


@dataclass(frozen=True)
class CaseOption:
    """A case as it was offered; ``until`` is empty where nothing ends it soon."""

    kind: str
    id: UUID
    title: str
    act: str
    path: str
    until: str


def register(router: Router) -> None:
    for talk in (complain, choose_case, write_complaint, appeal_sanction, go_on_with_thread):
        router.remember(talk)
    router.keyword(begin_complaint, commands.COMPLAINT, "我要投诉", "我要投拆", "投诉与申诉", "投诉前先办", "写投诉")
    router.keyword(list_threads, commands.MY_FEEDBACK, "我的投诉", "投诉进度", "我的意见", texts.FEEDBACK_PAGE)


def me_of(turn: Turn) -> Actor:
    """The person as expert, applicant, or neither."""
    if (expert := people.find_expert(turn)) is not None:
        return expert.actor
    return Actor(turn.user.pool, "applicant", turn.user.account_id)


async def begin_complaint(turn: Turn) -> Answer:
    """Raises Forbidden for a closed account."""
    return await begin_with_sentence(turn, "")


async def begin_with_sentence(turn: Turn, sentence: str) -> Answer:
    """``sentence`` becomes the complaint's text if it says what happened."""
    if turn.user.account_id is None:
        text = texts.COMPLAINT_UNBOUND.format(hotline=pools.hotline(turn))
        return f"{text}\n{commands.tap_lines(commands.BIND, commands.REGISTER)}"
    if len(sentence) <= _SHORT and _ASKS_WHAT_BECAME_OF_IT.search(sentence):
        return await list_threads(turn)
    return complain.start(sentence if says_what_happened(sentence) else "")


def says_what_happened(sentence: str) -> bool:
    """False for a sentence that only announces a complaint, or is none that can be sent."""
    try:
        feedback_text(sentence)
    except InvalidInput:
        return False
    return len(re.sub(r"\W", "", _ANNOUNCES.sub("", sentence))) >= _CONTENT_MIN


@conversation(commands.COMPLAINT)
async def complain(talk: Talk, sentence: str) -> Answer:
    question = texts.COMPLAINT_ABOUT.format(hotline=pools.hotline(talk))
    subject = await talk.choose(question, {subject.label: subject.value for subject in _ABOUT})
    cases = await talk.services.workflows.own_cases.list_open(me_of(talk))
    if options := tuple([_option(case) for case in cases if case.subject == subject][: MOST - 2]):
        return choose_case.start(options, subject, sentence)
    if subject == FeedbackSubject.RESULT and talk.services.deps.book(talk.user.pool).notice is not None:
        page = pools.page_line(talk, texts.COMPLAINT_NOTICE_PAGE, "notice")
        await talk.say(f"{texts.COMPLAINT_NOTICE}\n{page}\n")
    return begin_writing(talk, subject, sentence)


def begin_writing(turn: Turn, subject: str, sentence: str = "") -> Answer:
    """Raises RuleViolation where the pool takes no feedback, before anything is written in vain."""
    turn.services.notifications.helpdesk.check_open(turn.user.pool)
    return write_complaint.start(subject, sentence)


@conversation("投诉前先办")
async def choose_case(talk: Talk, cases: tuple[CaseOption, ...], subject: str, sentence: str) -> Answer:
    labels = [texts.COMPLAINT_CASE.format(title=wording.plain_text(case.title), act=case.act) for case in cases]
    options = {**{label: index for index, label in enumerate(labels)}, texts.COMPLAINT_OTHER: -1, texts.NEVER_MIND: -2}
    chosen = await talk.choose(texts.COMPLAINT_CASES, options)
    if chosen == -1:
        return begin_writing(talk, subject, sentence)
    if chosen == -2:
        return texts.COMPLAINT_STOPPED
    case = cases[chosen]
    if case.kind == "sanction":
        introduction = texts.APPEAL_INTRODUCTION.format(title=case.title, until=case.until)
        return appeal_sanction.start(case.id, introduction, case.title)
    if case.kind == "remuneration":
        return answer_remuneration.start((PickOption(case.id, case.title),))
    page = f"▸ {link(case.act, talk.services.deps.public_url + case.path)}"
    return f"{texts.CASE_PAGE.format(title=wording.plain_text(case.title))}\n{page}"


@conversation("写投诉")
async def write_complaint(talk: Talk, subject: str, sentence: str) -> None:
    text = sentence or await _ask_complaint(talk, subject)
    label = FeedbackSubject(subject).label
    confirmed = await confirm_text(
        talk,
        text,
        lambda shown: texts.COMPLAINT_READ_BACK.format(subject=label, text=shown),
        lambda: _ask_complaint(talk, subject),
        longest=FEEDBACK_MAX,
    )
    if confirmed is None:
        await talk.say(texts.COMPLAINT_STOPPED)
        return
    receipt = await talk.once(talk.services.notifications.helpdesk.write, me_of(talk), confirmed, subject)
    await talk.say(texts.FEEDBACK_TAKEN, number=receipt.number, days=receipt.days)
    await talk.say(commands.tap_lines(commands.MY_FEEDBACK))


async def _ask_complaint(talk: Talk, subject: str) -> str:
    days = talk.services.deps.book(talk.user.pool).help.feedback_answer_days
    question = texts.ASK_COMPLAINT_STAFF if subject == FeedbackSubject.STAFF else texts.ASK_COMPLAINT
    return await talk.ask(question, parse=feedback_text, days=days)


# ---- appeals against what the office imposed


@conversation("写申诉")
async def appeal_sanction(talk: Talk, sanction_id: UUID, introduction: str, title: str) -> None:
    """``introduction`` says what can be appealed, and until when."""
    page = pools.page_line(talk, texts.SANCTIONS_PAGE, "sanctions")
    options = {texts.APPEAL_WRITE: True, texts.APPEAL_LATER: False}
    if not await talk.choose(f"{introduction}\n{page}", options):
        await talk.say(texts.APPEAL_NOT_MADE)
        return
    confirmed = await confirm_text(
        talk,
        await _ask_appeal(talk),
        lambda shown: texts.APPEAL_READ_BACK.format(title=title, text=shown),
        lambda: _ask_appeal(talk),
        longest=TEXT_MAX,
    )
    if confirmed is None:
        await talk.say(texts.APPEAL_NOT_MADE)
        return
    await talk.once(talk.services.sanctions.appeals.appeal, me_of(talk), sanction_id, confirmed)
    await talk.say(texts.APPEAL_TAKEN)


async def _ask_appeal(talk: Talk) -> str:
    return await talk.ask(texts.ASK_APPEAL, parse=appeal_text, longest=TEXT_MAX)


def appeal_text(text: str) -> str:
    words = text.strip()
    if not _APPEAL_MIN <= len(words) <= TEXT_MAX or not any(map(str.isalnum, words)):
        raise InvalidInput(texts.APPEAL_FORM.format(longest=TEXT_MAX), code="bad_appeal")
    return words


# ---- threads with the office


async def list_threads(turn: Turn) -> Answer:
    """The newest threads that are not closed; of one, what was written last, and what can be done."""
    if turn.user.account_id is None:
        text = texts.COMPLAINT_UNBOUND.format(hotline=pools.hotline(turn))
        return f"{text}\n{commands.tap_lines(commands.BIND, commands.REGISTER)}"
    threads = await turn.services.notifications.helpdesk_queries.list_own(me_of(turn))
    if not threads:
        days = turn.services.deps.book(turn.user.pool).help.feedback_answer_days
        return f"{texts.NO_FEEDBACK.format(days=days)}\n{commands.tap_lines(commands.COMPLAINT, commands.FEEDBACK)}"
    going_on = [thread for thread in threads if thread.state != FeedbackState.CLOSED] or list(threads[:1])
    options = tuple(
        PickOption(
            thread.id,
            texts.FEEDBACK_OPTION.format(number=thread.number, subject=thread.subject.label, state=thread.state.label),
        )
        for thread in going_on[:MOST]
    )
    return go_on_with_thread.start(options)


@conversation(commands.MY_FEEDBACK)
async def go_on_with_thread(talk: Talk, offered: tuple[PickOption, ...]) -> None:
    thread_id = await pick_option(talk, texts.FEEDBACK_WHICH, offered)
    thread = await talk.read(talk.services.notifications.helpdesk_queries.get_own, me_of(talk), thread_id)
    if not thread.may_write:
        await talk.say(_thread_text(talk, thread))
        await talk.say(commands.tap_lines(commands.COMPLAINT, commands.FEEDBACK))
        return
    options = {texts.FEEDBACK_GO_ON: "write", texts.FEEDBACK_DONE: "close", texts.FEEDBACK_LATER: "later"}
    choice = await talk.choose(_thread_text(talk, thread), options)
    helpdesk = talk.services.notifications.helpdesk
    if choice == "write":
        text = await talk.ask(texts.ASK_MORE, parse=feedback_text)
        receipt = await talk.once(helpdesk.write_back, me_of(talk), thread_id, text)
        await talk.say(texts.FEEDBACK_TAKEN, number=receipt.number, days=receipt.days)
    elif choice == "close":
        number = await talk.once(helpdesk.close, me_of(talk), thread_id)
        await talk.say(texts.FEEDBACK_ENDED, number=number)
    else:
        await talk.say(texts.FEEDBACK_UNCHANGED)


def _thread_text(talk: Talk, thread: FeedbackThread) -> str:
    """The newest message of each side, where it stands, and the page with all."""
    line = thread.line
    written = [message.text for message in thread.messages if not message.from_office][-1]
    lines = [
        texts.FEEDBACK_OWN.format(number=line.number, subject=line.subject.label, at=print_date(line.created_at)),
        texts.FEEDBACK_LAST_OWN.format(text=shorten(wording.plain_text(written), _MESSAGE_BYTES)),
    ]
    if thread.answer:
        answer = shorten(wording.plain_text(thread.answer), _MESSAGE_BYTES)
        lines.append(texts.FEEDBACK_LAST_OFFICE.format(text=answer))
    if line.due_at is not None:
        text = texts.FEEDBACK_OVERDUE if line.overdue else texts.FEEDBACK_DUE
        lines.append(text.format(due=print_date(line.due_at), hotline=pools.hotline(talk)))
    elif line.closes_at is not None:
        lines.append(texts.FEEDBACK_CLOSES.format(until=print_date(line.closes_at)))
    else:
        lines.append(texts.FEEDBACK_CLOSED)
    lines.append(pools.page_line(talk, texts.FEEDBACK_PAGE, f"feedback/{line.id}"))
    return "\n".join(lines)


def _option(case: OwnCase) -> CaseOption:
    until = print_date(case.until) if case.until is not None else ""
    return CaseOption(case.kind, case.id, case.title, case.act, case.path, until)
