"""Conversations: coroutines that are replayed from a journal.

A file in ``handlers/`` reads like the talk itself::

    @conversation("绑定", "绑定身份", menu_key="BIND")
    async def bind(talk: Talk) -> None:
        agreed = await talk.choose(texts.PRIVACY, {"同意": True, "不同意": False})
        if not agreed:
            return await talk.say(texts.NOT_AGREED)
        mobile = await talk.ask(texts.ASK_MOBILE, parse=mobile_number)    # re-asks until it parses
        await talk.once(talk.services.accounts.send_code, talk.user.pool, mobile, "bind")    # runs once
        while True:
            code = await talk.ask(texts.ASK_CODE, parse=six_digits)
            try:
                bound = await talk.once(talk.services.accounts.bind, talk.user.appid, ...)
            except InvalidInput as error:
                await talk.say(error.message)
            else:
                return await talk.say(texts.BOUND, name=bound.masked_name)

    def register(router: Router) -> None:
        router.conversation(bind)

How it works. At each message the coroutine runs again from its first line. ``ask``, ``choose`` and ``once`` that are
already over answer from the journal; the first ``ask`` that isn't takes the new message; the next one sends everything
said since, with its own text, as one reply, and the coroutine is dropped. So:

- the path may depend on answers, ``once`` results, arguments and ``talk.now``, never on the wall clock or chance;
- what changes the world goes through ``once``, which hands the service method ``key=…`` if it takes one: the same at
  every replay and after a crash, so that the service does it once. Its result must be plain data or a frozen dataclass;
- ``read`` looks up again at every message: use it for texts and for the options of ``choose`` (which remembers what it
  offered), not to decide which question comes next;
- an AppError that isn't caught becomes the reply and ends the talk. ``Unavailable`` and outages leave the talk where it
  was, so that the person just says it again;
- return to end; an answer returned (``bot.router.Answer``) follows the texts. 取消, 帮助 and 菜单 work at any time;
  after 30 minutes of silence the talk is over, and says so. One with ``gives_way`` ends in silence at whatever doesn't
  answer its question, which is then a message of its own.

When the flow of questions changes, raise ``version``: open talks then start again.
"""

from __future__ import annotations

import hashlib
import inspect
import json
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime
from functools import lru_cache
from typing import TYPE_CHECKING, Concatenate, Generic, NoReturn, ParamSpec, TypeAlias, TypeVar, cast, overload

from bot.journal import Journal, JournalEntry, Pending
from bot.journal_values import Json, decode, encode
from bot.messages import Location, Message
from bot.turn import Turn, WechatUser
from domain.chat_links import choice
from domain.errors import AppError, InvalidInput, Unavailable
from domain.parsing import fold, yes_or_no

if TYPE_CHECKING:
    from bot.router import Answer

__all__ = ["FIRST_TAP", "Conversation", "Start", "Talk", "Turn", "WechatUser", "conversation"]

P = ParamSpec("P")
T = TypeVar("T")
R = TypeVar("R")

Parser: TypeAlias = "Callable[[str], T] | Callable[[str, datetime], T]"
"""Pure: from the text (and the time it was sent, aware UTC) to a value; raises InvalidInput that says what to type."""

FIRST_TAP = 8_000_000_000_000_000
"""Ids of the engine's choices start here and stay below 2**53; ids of other choices lie below."""

ONLY_TEXT = "请用文字回复上面的问题；不办了请回复“取消”。"
CHOOSE_AGAIN = "没有看懂您的选择，请点选下面的一项，或回复序号。"
EXPIRED_TAP = "这个选项已经失效，请按最新的一条选择。"
STUCK = "还是没有看懂，您可以拨打{contact}找人工；不办了请回复“取消”。"
_MISSES = 3
"""After this many answers that could not be parsed each reply names a contact. The question stays open."""


class TalkWaiting(BaseException):
    """Unwinds the coroutine, past any ``except Exception``, while a question waits for an answer."""


class TalkEnded(BaseException):
    """Raised by ``Talk.end``."""


class Changed(BaseException):
    """The journal doesn't fit the coroutine any more."""


class CommandGiven(BaseException):
    """The answer was no answer to the question but is a command."""


@dataclass(frozen=True)
class Start:
    """Returned by a one-shot handler to begin a conversation."""

    conversation: Conversation[...]
    arguments: tuple[object, ...]


@dataclass(frozen=True)
class Conversation(Generic[P]):
    """A named talk; ``keywords`` (the name included) and ``menu_key`` begin it without arguments."""

    run: Callable[Concatenate[Talk, P], Awaitable[Answer]]
    name: str
    keywords: tuple[str, ...]
    menu_key: str | None
    version: int
    gives_way: bool = False

    def start(self, *args: P.args, **kwargs: P.kwargs) -> Start:
        """Begin it with positional arguments. Raises TypeError when the journal can't hold one of them."""
        if kwargs:
            raise TypeError("a conversation takes positional arguments only")
        for value in args:
            encode(value)
        return Start(self, args)


def conversation(
    name: str, *keywords: str, menu_key: str | None = None, version: int = 1, gives_way: bool = False
) -> Callable[[Callable[Concatenate[Talk, P], Awaitable[Answer]]], Conversation[P]]:
    """Make a coroutine function a conversation. ``name`` is shown to people and a keyword itself."""

    def wrap(run: Callable[Concatenate[Talk, P], Awaitable[Answer]]) -> Conversation[P]:
        return Conversation(run, name, (name, *keywords), menu_key, version, gives_way)

    return wrap


def is_no_command(_text: str) -> bool:
    return False


@dataclass
class Talk(Turn):
    """The argument of a conversation. ``message`` is its trigger; ``now`` moves with the answers."""

    journal: Journal
    answer: Message | None = None
    """The new message, until a question takes it."""
    is_command: Callable[[str], bool] = is_no_command
    contact: str = ""
    """The contact named after answers that could not be parsed, who knows this matter; empty: the pool's hotline."""
    reply_texts: list[str] = field(default_factory=list)
    """Texts collected for the reply."""
    missed: bool = False
    """The new message did not answer the question, which is repeated."""
    _step: int = 0

    async def say(self, text: str, **params: object) -> None:
        """Add ``text`` to the reply; ``params`` fill its ``{…}``."""
        self.reply_texts.append(text.format(**params) if params else text)

    async def ask(self, text: str, *, parse: Parser[T], **params: object) -> T:
        """Ask until ``parse`` accepts the answer."""

        def understand(message: Message) -> T:
            if message.kind != "text":
                raise InvalidInput(ONLY_TEXT)
            return _call_parser(parse, message)

        question = text.format(**params) if params else text
        return await self._ask_question("ask", question, understand, Pending(self._step + 1, "ask"))

    async def ask_location(self, text: str, **params: object) -> Location | None:
        """Ask for a place: the phone's 发送位置, or any text (for instance 跳过) for None."""

        def understand(message: Message) -> Location | None:
            if message.location is None and message.kind != "text":
                raise InvalidInput("请点“+”发送位置，或回复“跳过”。")
            return message.location

        question = text.format(**params) if params else text
        return await self._ask_question("location", question, understand, Pending(self._step + 1, "location"))

    @overload
    async def choose(
        self, text: str, options: Sequence[str], *, words: Callable[[str], str | None] | None = None
    ) -> str: ...

    @overload
    async def choose(
        self,
        text: str,
        options: Mapping[str, T],
        *,
        words: Callable[[str], T | None] | None = None,
        plain: tuple[T, T] | None = None,
        position: Callable[[Location], T] | None = None,
    ) -> T: ...

    async def choose(
        self,
        text: str,
        options: Sequence[str] | Mapping[str, T],
        *,
        words: Callable[[str], T | None] | Callable[[str], str | None] | None = None,
        plain: tuple[T, T] | None = None,
        position: Callable[[Location], T] | None = None,
    ) -> T | str:
        """Offer ``options`` (label → value) to tap; the number, the label, or a text that ``words`` parses count too.

        ``plain`` holds the values of a plain yes (对, 好的，谢谢) and a plain no; by default True and False. The
        options offered last apply, even if the coroutine would offer others by now. ``position``: what a place means
        that is sent instead.
        """
        values: Mapping[str, object] = options if isinstance(options, Mapping) else {label: label for label in options}
        pending = self._make_choices(values)
        if plain is None and set(map(type, values.values())) == {bool}:
            plain = cast("tuple[T, T]", (True, False))
        question = _append_choices(text, pending)

        def understand(message: Message) -> T | str:
            offered = self.journal.pending if self._is_waiting else pending
            assert offered is not None  # noqa: S101  (a question is only answered while it waits)
            if position is not None and message.location is not None:
                return position(message.location)
            return cast("T", _chosen_value(message, offered, words, plain))

        return await self._ask_question("choose", question, understand, pending)

    async def once(self, fn: Callable[P, Awaitable[R]], *args: P.args, **kwargs: P.kwargs) -> R:
        """Call a service method that changes something, with ``key=`` if it takes one, so that it happens once.

        A method without one is harmless when it is repeated.
        Its result, or the AppError it raised, is journaled and returned at every replay. ``Unavailable`` isn't
        journaled.
        """
        label = getattr(fn, "__qualname__", type(fn).__qualname__)
        entry = self._replay_entry(("result", "error"), label)
        if entry is not None:
            value = decode(entry.value)
            if isinstance(value, AppError):
                raise value
            return cast("R", value)
        try:
            once = {"key": self._step_key()} if _takes_key(fn) else {}
            result = await cast("Callable[..., Awaitable[R]]", fn)(*args, **kwargs, **once)
        except Unavailable:
            raise
        except AppError as error:
            self._record_entry("error", label, encode(error))
            raise
        self._record_entry("result", label, encode(result))
        return result

    async def end(self) -> NoReturn:
        """End the talk here; collected texts are sent."""
        raise TalkEnded

    def repeat_question(self, reason: str) -> None:
        """Repeat the open question with ``reason`` before it, instead of the collected texts."""
        pending = self.journal.pending
        self.reply_texts = [reason if pending is None or not pending.taps else _append_choices(reason, pending)]

    @property
    def _is_waiting(self) -> bool:
        return self.journal.pending is not None and self.journal.pending.step == self._step

    async def _ask_question(self, label: str, question: str, understand: Callable[[Message], T], pending: Pending) -> T:
        entry = self._replay_entry(("answer",), label)
        if entry is not None:
            self.reply_texts.clear()
            self.now = entry.at
            return cast("T", decode(entry.value))
        if not self._is_waiting or self.answer is None:
            self.journal.pending = pending
            self.reply_texts.append(question)
            raise TalkWaiting
        message, self.answer = self.answer, None
        self.reply_texts.clear()
        self.now = message.received_at
        value = self._parse_answer(message, understand)
        self.journal.pending = None
        self._record_entry("answer", label, encode(value))
        return value

    def _parse_answer(self, message: Message, understand: Callable[[Message], T]) -> T:
        waiting = cast("Pending", self.journal.pending)
        try:
            if message.tap is not None and message.tap >= FIRST_TAP and message.tap not in waiting.taps:
                raise InvalidInput(EXPIRED_TAP)
            return understand(message)
        except InvalidInput as error:
            if message.tap is None and self.is_command(message.text):
                raise CommandGiven from error
            self.missed = True
            self.journal.pending = replace(waiting, failed=waiting.failed + 1)
            self.repeat_question(error.message)
            if waiting.failed + 1 >= _MISSES:
                self.reply_texts.append(STUCK.format(contact=self.contact or self._hotline()))
            raise TalkWaiting from error

    def _hotline(self) -> str:
        return self.services.deps.book(self.user.pool).pool.hotline

    def _make_choices(self, options: Mapping[str, object]) -> Pending:
        """Ids are unique per talk and question, so an old tap differs from a new one."""
        digest = hashlib.sha256(f"{self.journal.talk_id}:{self._step + 1}".encode()).digest()
        first = FIRST_TAP + int.from_bytes(digest[:8], "big") % 10**13 * 100
        taps = {first + index: encode(value) for index, value in enumerate(options.values())}
        return Pending(self._step + 1, "choose", 0, taps, tuple(options))

    def _replay_entry(self, kinds: tuple[str, ...], label: str) -> JournalEntry | None:
        """The journal's entry of this step, or None for a step beyond its end."""
        self._step += 1
        if self._step > len(self.journal.entries):
            if self._is_waiting and self.journal.pending is not None and self.journal.pending.label != label:
                raise Changed
            return None
        entry = self.journal.entries[self._step - 1]
        if entry.kind not in kinds or entry.label != label:
            raise Changed
        return entry

    def _record_entry(self, kind: str, label: str, value: Json) -> None:
        self.journal.entries.append(JournalEntry(kind, label, value, self.now))  # type: ignore[arg-type]  # one of the three

    def _step_key(self) -> str:
        """Idempotency key of a step: the same for the same step after the same answers, so a crash repeats it and a
        corrected answer doesn't."""
        answers = [entry.value for entry in self.journal.entries]
        digest = hashlib.sha256(json.dumps(answers, sort_keys=True).encode()).hexdigest()[:12]
        return f"{self.journal.talk_id}:{self._step}-{digest}"


def _takes_key(fn: Callable[..., object]) -> bool:
    return "key" in inspect.signature(fn).parameters


def _append_choices(text: str, pending: Pending) -> str:
    lines = [
        f"{number}. {choice(label, tap)}"
        for number, (tap, label) in enumerate(zip(pending.taps, pending.labels, strict=True), 1)
    ]
    return "\n".join([text, *lines])


def is_choice(message: Message, pending: Pending | None) -> bool:
    """Whether the message takes one of the options that wait, by tap, number or label."""
    if pending is None:
        return False
    try:
        _chosen_value(message, pending, None, None)
    except InvalidInput:
        return False
    return True


def _chosen_value(
    message: Message, offered: Pending, words: Callable[[str], object] | None, plain: tuple[object, object] | None
) -> object:
    values = list(offered.taps.values())
    if message.tap is not None and message.tap in offered.taps:
        return decode(offered.taps[message.tap])
    text = fold(message.text)
    if text.isascii() and text.isdigit() and len(text) < 4 and 1 <= int(text) <= len(values):
        return decode(values[int(text) - 1])
    for label, value in zip(offered.labels, values, strict=True):
        if text == fold(label):
            return decode(value)
    understood = words(message.text) if words is not None and message.kind == "text" else None
    if understood is None and plain is not None and (agreed := _yes_or_no_answer(message)) is not None:
        understood = plain[0] if agreed else plain[1]
    if understood is None:
        raise InvalidInput(CHOOSE_AGAIN)
    return understood


def _yes_or_no_answer(message: Message) -> bool | None:
    try:
        return yes_or_no(message.text)
    except InvalidInput:
        return None


def is_number(text: str) -> bool:
    """Digits alone, however they were typed."""
    normalised = fold(text)
    return normalised.isascii() and normalised.isdigit()


def _call_parser(parse: Parser[T], message: Message) -> T:
    if _takes_time(parse):
        return cast("Callable[[str, object], T]", parse)(message.text, message.received_at)
    return cast("Callable[[str], T]", parse)(message.text)


@lru_cache(maxsize=256)
def _takes_time(parse: Callable[..., object]) -> bool:
    try:
        parameters = inspect.signature(parse).parameters.values()
    except ValueError:  # raised by a built-in such as int
        return False
    kinds = (inspect.Parameter.POSITIONAL_ONLY, inspect.Parameter.POSITIONAL_OR_KEYWORD)
    return sum(item.kind in kinds and item.default is inspect.Parameter.empty for item in parameters) > 1
