"""Computes the reply and the next journal from one message and the journal. No Redis, no HTTP."""

from __future__ import annotations

import hashlib
from dataclasses import dataclass, replace

import structlog
from asyncpg import InterfaceError, InternalClientError, PostgresError
from prometheus_client import Counter
from redis.exceptions import RedisError
from tortoise.exceptions import DBConnectionError, OperationalError

from bot.journal import Journal
from bot.messages import UNSUPPORTED
from bot.replies import SILENCE, Reply, Text
from bot.router import CANCEL, HELP, MENU, Answer, Hint, NewerQuestion, Router, Settled, Target, WordAnswer
from bot.talk import (
    FIRST_TAP,
    Changed,
    CommandGiven,
    Conversation,
    Start,
    Talk,
    TalkEnded,
    TalkWaiting,
    is_choice,
    is_number,
)
from bot.turn import Turn
from config.outage_reports import report_outage
from domain.errors import AppError, GatewayError, InvalidInput, Unavailable
from domain.parsing import fold, yes_or_no

log = structlog.get_logger()

BUSY = "系统繁忙。刚才的操作可能已经办成：请稍后回复“我的状态”查看，没有办成再试。"
BROKEN = "抱歉，这一步出了问题，我们已经记下。请稍后再试，或回复“帮助”联系人工。"
CANCELLED = "已取消“{name}”。"
NOTHING_OPEN = "现在没有正在办理的事项。回复“菜单”看看能做什么。"
STILL_OPEN = "（“{name}”还没有完成，可以接着回复；不办了请回复“取消”。）"
TIMED_OUT = "“{name}”超过 30 分钟没有回复，已经结束；需要时请回复“{again}”重新开始。"
_BEGIN_AGAIN = "没有办理任何事。要办事请回复“菜单”。"
STALE_TAP = f"这个选项已经失效，{_BEGIN_AGAIN}"
NO_QUESTION = f"现在没有等您回答的问题，这条回复{_BEGIN_AGAIN}"
"""Reply to a mere answer when no question is open."""
RESTARTED = "“{name}”刚刚更新过，请重新开始。"
PUT_ASIDE = "“{name}”已放下。"
OVERTAKEN = (
    "您正在办理“{name}”，其间来了新的消息，不能确定您在回答哪一个，还没有办理。\n{hint}\n继续“{name}”请再回答一次："
)
DID_NOT_UNDERSTAND = "没有看懂您的意思。回复“菜单”看看能做什么，回复“帮助”联系人工。"
TEXT_ONLY = "目前只看得懂文字和菜单操作。回复“菜单”看看能做什么。"

OUTAGES = (
    Unavailable,
    GatewayError,
    RedisError,
    PostgresError,
    InterfaceError,
    InternalClientError,
    DBConnectionError,
    OperationalError,
    OSError,
)
"""An outside system is unavailable: nothing was decided, the person may simply repeat the message. OSError covers
time-outs."""

SILENT_EVENTS = frozenset(
    {
        "location",
        "view",
        "view_miniprogram",
        "unsubscribe",
        "templatesendjobfinish",
        "masssendjobfinish",
        "subscribe_msg_popup_event",
        "subscribe_msg_change_event",
        "subscribe_msg_sent_event",
        "user_info_modified",
        "user_authorization_revoke",
        "user_authorization_cancellation",
        "pic_sysphoto",
        "pic_photo_or_album",
        "pic_weixin",
        "location_select",
        "scancode_push",
    }
)
"""Events that show the person nothing, whatever we answer."""

_CLICKS = frozenset({"click", "scancode_waitmsg"})
_MESSAGES = frozenset({"text", "image", "voice", "video", "shortvideo", "location", "link", UNSUPPORTED})

unknown = Counter("bot_unknown_total", "Messages and events without a handler, by kind", ["kind"])
failures = Counter("bot_failures_total", "Messages answered with an apology, by cause", ["cause"])


@dataclass(frozen=True)
class DialogueOutcome:
    """``journal`` is the open talk's; ``keep`` leaves the stored one unchanged."""

    reply: Reply
    journal: Journal | None = None
    keep: bool = False
    outage: bool = False
    """Nothing was decided, since one of our own parts was unavailable."""


BUSY_OUTCOME = DialogueOutcome(Text(BUSY), keep=True, outage=True)


class Dialogue:
    """Runs a router's handlers on messages."""

    def __init__(self, router: Router) -> None:
        self._router = router

    async def answer(self, turn: Turn, journal: Journal | None, timed_out: str | None = None) -> DialogueOutcome:
        """Answer one message; never raises. ``timed_out`` names a talk that expired since the last message."""
        stale = journal is not None and journal.is_stale(turn.now)
        if stale and journal is not None:
            timed_out, journal = journal.conversation, None
        if timed_out is not None and self._gives_way(timed_out):
            timed_out = None
        if journal is not None and self._gives_way(journal.conversation) and not self._is_for(journal, turn):
            stale, journal = True, None
        try:
            outcome = await self._route_message(turn, journal)
        except OUTAGES as error:
            failures.labels("outage").inc()
            if not report_outage("chat", error):
                message = turn.message
                log.warning("bot_outage", error=type(error).__name__, kind=message.kind, bot_event=message.event)
            return BUSY_OUTCOME
        except AppError as error:
            outcome = DialogueOutcome(Text(error.message), keep=True)
        except Exception:
            failures.labels("bug").inc()
            log.exception("bot_handler_failed", kind=turn.message.kind, bot_event=turn.message.event)
            return DialogueOutcome(Text(BROKEN))
        if stale:
            outcome = replace(outcome, keep=False)
        if timed_out is not None and turn.message.event not in SILENT_EVENTS:
            return replace(outcome, reply=self._append_time_out(timed_out, outcome.reply))
        return outcome

    def _append_time_out(self, name: str, reply: Reply) -> Reply:
        """The answer stands first: the talk may have ended a day ago, and the message be urgent."""
        note = TIMED_OUT.format(name=name, again=name if self._router.is_command(name) else MENU)
        return Text(note) if reply in (Text(NO_QUESTION), Text(STALE_TAP)) else _append_note(reply, note)

    def _gives_way(self, name: str) -> bool:
        conversation = self._router.conversations.get(name)
        return conversation is not None and conversation.gives_way

    def _is_for(self, journal: Journal, turn: Turn) -> bool:
        """Whether the message takes one of the open choices, or is one that the person doesn't see."""
        return turn.message.event in SILENT_EVENTS or is_choice(turn.message, journal.pending)

    async def _route_message(self, turn: Turn, journal: Journal | None) -> DialogueOutcome:
        if turn.message.kind == "event":
            return await self._answer_event(turn, journal)
        word = fold(turn.message.text)
        if word in (CANCEL, HELP, MENU) and turn.message.tap is None:
            return await self._answer_command(turn, journal, word)
        if turn.message.tap is not None:
            tapped = await self._answer_tap(turn, journal, turn.message.tap)
            if tapped is not None:
                return tapped
        if journal is not None and turn.message.kind in _MESSAGES:
            newer = await self._find_newer_question(turn, journal)
            if newer is not None:
                return await self._answer_newer_question(turn, journal, newer)
            return await self._continue_talk(turn, journal)
        return await self._answer_without_talk(turn)

    async def _find_newer_question(self, turn: Turn, journal: Journal) -> NewerQuestion | None:
        """A tap says itself which question it answers."""
        if self._router.newer_handler is None or turn.message.kind != "text" or turn.message.tap is not None:
            return None
        return await self._router.newer_handler(turn, journal.touched)

    async def _answer_newer_question(self, turn: Turn, journal: Journal, newer: NewerQuestion) -> DialogueOutcome:
        target = self._router.find_keyword(turn.message.text)
        if target is not None:
            return await self._begin_target(turn, journal, target)
        if newer.answer is not None:
            return await self._apply_answer(turn, journal, newer.answer)
        outcome = await self._continue_talk(turn, journal, repeats=True)
        note = OVERTAKEN.format(name=journal.conversation, hint=newer.hint)
        return replace(outcome, reply=_prepend_note(note, outcome.reply))

    async def _answer_command(self, turn: Turn, journal: Journal | None, word: str) -> DialogueOutcome:
        if word == CANCEL:
            return DialogueOutcome(
                Text(NOTHING_OPEN if journal is None else CANCELLED.format(name=journal.conversation))
            )
        target = self._router.find_keyword(word)
        if target is not None:
            return await self._begin_target(turn, journal, target)
        return _one_shot_outcome(Text(self._help_text()), journal)

    def _help_text(self) -> str:
        names = [item.name for item in self._router.conversations.values() if fold(item.name) in self._router.keywords]
        return "\n".join(["您可以回复：", *names, "取消 — 放弃正在办理的事项"])

    async def _answer_event(self, turn: Turn, journal: Journal | None) -> DialogueOutcome:
        name = turn.message.event
        answer: Answer = None
        for handler in self._router.events.get(name, []):
            answer = _first_answer(answer, await handler(turn))
        if turn.message.scene:
            scene = self._router.find_scene(turn.message.scene)
            answer = answer if scene is None else _first_answer(await scene[0](turn, scene[1]), answer)
        if name in _CLICKS and turn.message.event_key in self._router.menus:
            return await self._begin_target(turn, journal, self._router.menus[turn.message.event_key])
        if name not in self._router.events and name not in SILENT_EVENTS and answer is None:
            unknown.labels(_event_label(name)).inc()
            if name in _CLICKS or name == "scan":
                return _one_shot_outcome(Text(DID_NOT_UNDERSTAND), journal)
        if name in SILENT_EVENTS or answer is None:
            return DialogueOutcome(SILENCE, keep=True)
        return await self._apply_answer(turn, journal, answer)

    async def _answer_tap(self, turn: Turn, journal: Journal | None, tap: int) -> DialogueOutcome | None:
        """A tap on a choice of the engine goes to the open talk, which knows what it offered; other taps go to the
        handlers."""
        if tap >= FIRST_TAP:
            return await self._answer_stale_tap(turn) if journal is None else None
        for handler in self._router.taps:
            answer = await handler(turn, tap)
            if answer is not None:
                return await self._apply_answer(turn, journal, answer)
        return None

    async def _answer_stale_tap(self, turn: Turn) -> DialogueOutcome:
        answer = await self._router.stale_handler(turn) if self._router.stale_handler is not None else None
        return await self._apply_answer(turn, None, answer or STALE_TAP)

    async def _answer_without_talk(self, turn: Turn) -> DialogueOutcome:
        kind = turn.message.kind
        if kind != "text":
            handler = self._router.kinds.get(kind)
            answer = await handler(turn) if handler is not None else None
            if answer is None and kind not in _MESSAGES:
                unknown.labels("other").inc()
            return await self._apply_answer(turn, None, answer or TEXT_ONLY)
        target = self._router.find_keyword(turn.message.text)
        if target is not None:
            return await self._answer_word(turn, None, target)
        return await self._answer_free_text(turn)

    async def _answer_free_text(self, turn: Turn) -> DialogueOutcome:
        for handler in self._router.texts:
            answer = await handler(turn)
            if answer is not None:
                return await self._apply_answer(turn, None, answer)
        if is_mere_answer(turn.message.text):
            return DialogueOutcome(Text(NO_QUESTION))
        answer = await self._router.fallback_handler(turn) if self._router.fallback_handler is not None else None
        return await self._apply_answer(turn, None, answer or DID_NOT_UNDERSTAND)

    async def _answer_word(self, turn: Turn, journal: Journal | None, target: Target) -> DialogueOutcome:
        labelled = await self._router.label_handler(turn) if self._router.label_handler is not None else None
        if labelled is not None:
            return await self._apply_answer(turn, journal, labelled)
        return await self._begin_target(turn, journal, target)

    async def _begin_target(self, turn: Turn, journal: Journal | None, target: Target) -> DialogueOutcome:
        answer: Answer = Start(target, ()) if isinstance(target, Conversation) else await target(turn)
        return await self._apply_answer(turn, journal, answer)

    async def _apply_answer(self, turn: Turn, journal: Journal | None, answer: Answer) -> DialogueOutcome:
        """A one-shot answer leaves an open talk open, and mentions it; a new talk replaces it."""
        if isinstance(answer, Start):
            outcome = await self._start_talk(turn, answer)
            if journal is None or journal.conversation == answer.conversation.name:
                return outcome
            return replace(outcome, reply=_prepend_note(PUT_ASIDE.format(name=journal.conversation), outcome.reply))
        if isinstance(answer, WordAnswer):
            outcome = await self._begin_target(turn, journal, self._router.keywords[fold(answer.word)])
            return replace(outcome, reply=_append_note(outcome.reply, answer.note)) if answer.note else outcome
        if isinstance(answer, Settled):
            ends = journal is not None and journal.conversation in answer.talks
            return DialogueOutcome(Text(answer.text), keep=not ends)
        if isinstance(answer, Hint):
            answer = answer.text
        reply = SILENCE if answer is None else Text(answer) if isinstance(answer, str) else answer
        return _one_shot_outcome(reply, journal)

    async def _start_talk(self, turn: Turn, start: Start, salt: str = "") -> DialogueOutcome:
        """Start a talk. Its id comes from the message that began it, so a repeated delivery begins the same talk, and
        from its name, since one talk may follow another upon the same message."""
        conversation = start.conversation
        talk_id = hashlib.sha256(f"{turn.message.key}{salt}{conversation.name}".encode()).hexdigest()[:24]
        journal = Journal(
            talk_id, conversation.name, conversation.version, turn.message, start.arguments, touched=turn.now
        )
        return await self._advance_talk(Talk(turn.user, turn.services, turn.message, turn.now, journal), conversation)

    async def _continue_talk(self, turn: Turn, journal: Journal, *, repeats: bool = False) -> DialogueOutcome:
        """``repeats``: the message is no answer, and the open question is put once more."""
        conversation = self._router.conversations.get(journal.conversation)
        if conversation is None:
            return DialogueOutcome(Text(RESTARTED.format(name=journal.conversation)))
        if conversation.version != journal.version:
            return await self._restart_talk(turn, journal, conversation)
        trigger = journal.trigger
        talk = Talk(
            turn.user,
            turn.services,
            trigger,
            trigger.received_at,
            replace(journal, entries=list(journal.entries), touched=turn.now),
            answer=None if repeats else turn.message,
            is_command=self._router.is_command,
        )
        try:
            outcome = await self._advance_talk(talk, conversation)
            aside = await self._answer_aside(turn) if talk.missed else None
            if isinstance(aside, Hint):
                return replace(outcome, reply=_append_note(outcome.reply, aside.text))
            if aside is None or (self._begins_talk(aside) and not _is_choice(journal)):
                return outcome
            return await self._apply_answer(turn, journal, aside)
        except Changed:
            return await self._restart_talk(turn, journal, conversation)
        except CommandGiven:
            target = self._router.find_keyword(turn.message.text)
            return (
                await self._answer_word(turn, journal, target)
                if target is not None
                else await self._answer_without_talk(turn)
            )

    def _begins_talk(self, answer: Answer) -> bool:
        target = self._router.keywords.get(fold(answer.word)) if isinstance(answer, WordAnswer) else answer
        return isinstance(target, Start | Conversation)

    async def _answer_aside(self, turn: Turn) -> Answer:
        """To something else that is said in the middle of a talk."""
        if self._router.aside_handler is None or turn.message.kind != "text" or turn.message.tap is not None:
            return None
        return await self._router.aside_handler(turn)

    async def _restart_talk(self, turn: Turn, journal: Journal, conversation: Conversation[...]) -> DialogueOutcome:
        start = Start(conversation, journal.arguments)
        outcome = await self._start_talk(turn, start, salt=journal.talk_id)
        return replace(outcome, reply=_prepend_note(RESTARTED.format(name=journal.conversation), outcome.reply))

    async def _advance_talk(self, talk: Talk, conversation: Conversation[...]) -> DialogueOutcome:
        journal: Journal | None = None
        try:
            answer = await conversation.run(talk, *talk.journal.arguments)
            if talk.answer is not None:
                raise Changed
            if answer is not None:
                return await self._follow_talk(talk, answer)
        except TalkWaiting:
            journal = talk.journal
        except TalkEnded:
            pass
        except OUTAGES:
            raise
        except AppError as error:
            talk.reply_texts.append(error.message)
        return DialogueOutcome(Text("\n\n".join(talk.reply_texts)), journal)

    async def _follow_talk(self, talk: Talk, answer: Answer) -> DialogueOutcome:
        """The answer with which a talk ended, below its own texts."""
        outcome = await self._apply_answer(talk, None, answer)
        outcome = replace(outcome, keep=False)
        texts = "\n\n".join(talk.reply_texts)
        return replace(outcome, reply=_prepend_note(texts, outcome.reply)) if texts else outcome


def is_mere_answer(text: str) -> bool:
    """A number, code or identity number alone, or a plain yes or no: meaningless without its question."""
    if is_number(text.strip().removesuffix("X").removesuffix("x")):
        return True
    try:
        yes_or_no(text)
    except InvalidInput:
        return False
    return True


def _first_answer(answer: Answer, other: Answer) -> Answer:
    return other if answer is None else answer


def _is_choice(journal: Journal) -> bool:
    """Whether the open question offers choices. A text that it asked for may only be too short or too long for it."""
    return journal.pending is not None and journal.pending.label == "choose"


def _one_shot_outcome(reply: Reply, journal: Journal | None) -> DialogueOutcome:
    """Add the reminder of the open talk, which stays as it was, to a one-shot answer."""
    if journal is None:
        return DialogueOutcome(reply, keep=True)
    return DialogueOutcome(_append_note(reply, STILL_OPEN.format(name=journal.conversation)), keep=True)


def _prepend_note(note: str, reply: Reply) -> Reply:
    return Text(f"{note}\n\n{reply.content}") if isinstance(reply, Text) else reply


def _append_note(reply: Reply, note: str) -> Reply:
    return Text(f"{reply.content}\n\n{note}") if isinstance(reply, Text) else reply


def _event_label(event: str) -> str:
    """The event's name as a metric label, of a fixed set: an attacker or a new platform feature can't multiply
    labels."""
    return event if event in _CLICKS or event in {"scan", "subscribe"} else "other"
