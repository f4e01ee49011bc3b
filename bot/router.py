"""Which handler takes a message. Files in ``handlers/`` register here::

    def register(router: Router) -> None:
        router.conversation(bind)                            # its name, keywords and menu key
        router.keyword(my_status, "状态", "我的状态")
        router.menu("MY_PANELS", my_panels)
        router.tap(answer_invitation)                        # bizmsgmenuid below bot.talk.FIRST_TAP
        router.scene("venue:", check_in_by_scan)             # QR scenes, also when the scan makes a new follower
        router.event("subscribe", welcome)                   # lower-case event names
        router.kind("location", somewhere)                   # location, image, voice, video, link, unsupported
        router.text(understand_answer)                       # free text, in order of registration
        router.newer(find_newer_question)                    # typed while a talk is open that a notice has overtaken
        router.aside(answer_in_passing)                      # free text that doesn't answer the open question
        router.stale(answer_stale_offer)                     # a tapped choice of a talk that has ended
        router.label(answer_label)                           # typed words that mean something else for this person
        router.fallback(did_not_understand)

A handler is ``async def my_status(turn: Turn) -> Answer``; those of ``tap`` and ``scene`` get the id, or the scene's
rest after the prefix, as second argument. An ``Answer`` is a text, a reply object of ``bot.replies``,
``some_conversation.start(…)``, ``WordAnswer(word)``, ``Settled(…)`` or None. For ``tap``, ``scene`` and ``text`` None
means "not mine": the next one is asked. An AppError raised becomes the reply. Several ``event`` handlers of one name
all run; the first answer is sent.

Order for what a person sends: 取消 / 帮助 / 菜单, tapped id, the open talk, keyword, free text, fallback. Menu clicks
and scans come before an open talk, which stays open unless a new one starts.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from datetime import datetime
from typing import TypeAlias, TypeVar

from bot.replies import Reply
from bot.talk import Conversation, Start
from bot.turn import Turn
from domain.parsing import fold

T = TypeVar("T")


@dataclass(frozen=True)
class Settled:
    """An answer that makes open talks obsolete: the talks named in ``talks`` end, any other stays open, unmentioned."""

    text: str
    talks: tuple[str, ...]


@dataclass(frozen=True)
class WordAnswer:
    """Answered as this registered word is; ``note`` follows its answer if that is a text."""

    word: str
    note: str = ""


@dataclass(frozen=True)
class Hint:
    """Said below the question that is put once more, to who may have asked something else. Only of ``aside``."""

    text: str


Answer: TypeAlias = "Reply | str | Start | WordAnswer | Settled | Hint | None"


@dataclass(frozen=True)
class NewerQuestion:
    """What a notice asked after the open talk's question: ``answer`` to the message if it answers the notice, else
    None; ``hint`` says how to answer it."""

    answer: Answer
    hint: str


Handler: TypeAlias = Callable[[Turn], Awaitable[Answer]]
NewerHandler: TypeAlias = Callable[[Turn, datetime], Awaitable[NewerQuestion | None]]
TapHandler: TypeAlias = Callable[[Turn, int], Awaitable[Answer]]
SceneHandler: TypeAlias = Callable[[Turn, str], Awaitable[Answer]]
Target: TypeAlias = "Handler | Conversation[[]]"

CANCEL = "取消"
HELP = "帮助"
MENU = "菜单"


class Router:
    """Registered handlers. Registering a name twice is a ValueError at start-up."""

    def __init__(self) -> None:
        self.conversations: dict[str, Conversation[...]] = {}
        self.keywords: dict[str, Target] = {}
        self.menus: dict[str, Target] = {}
        self.events: dict[str, list[Handler]] = {}
        self.kinds: dict[str, Handler] = {}
        self.scenes: dict[str, SceneHandler] = {}
        self.taps: list[TapHandler] = []
        self.texts: list[Handler] = []
        self.newer_handler: NewerHandler | None = None
        self.aside_handler: Handler | None = None
        self.stale_handler: Handler | None = None
        self.label_handler: Handler | None = None
        self.fallback_handler: Handler | None = None

    def conversation(self, conversation: Conversation[[]]) -> None:
        """Register a conversation that anyone may begin by its keywords and menu key."""
        self.remember(conversation)
        for word in conversation.keywords:
            self._add_keyword(word, conversation)
        if conversation.menu_key is not None:
            self.menu(conversation.menu_key, conversation)

    def remember(self, conversation: Conversation[...]) -> None:
        """Register a conversation that only ``start(…)`` begins: one that takes arguments."""
        _put_once(self.conversations, conversation.name, conversation)

    def keyword(self, handler: Handler, *words: str) -> None:
        for word in words:
            self._add_keyword(word, handler)

    def menu(self, key: str, target: Target) -> None:
        """``key`` of a menu button of type click or scancode_waitmsg."""
        _put_once(self.menus, key, target)

    def event(self, name: str, handler: Handler) -> None:
        self.events.setdefault(name.lower(), []).append(handler)

    def kind(self, kind: str, handler: Handler) -> None:
        _put_once(self.kinds, kind, handler)

    def scene(self, prefix: str, handler: SceneHandler) -> None:
        _put_once(self.scenes, prefix, handler)

    def tap(self, handler: TapHandler) -> None:
        self.taps.append(handler)

    def text(self, handler: Handler) -> None:
        self.texts.append(handler)

    def newer(self, handler: NewerHandler) -> None:
        """Called with the time of the talk's last message before the talk gets a typed one: people answer the question
        that they read last, and must not confirm another that stands above it."""
        self.newer_handler = handler

    def aside(self, handler: Handler) -> None:
        """Called for a text that a question could not use, before the question is repeated. After a text the question
        stays open; another talk replaces the open one."""
        self.aside_handler = handler

    def stale(self, handler: Handler) -> None:
        """Called for a choice that is tapped after its talk: it must do nothing, but may be answered."""
        self.stale_handler = handler

    def label(self, handler: Handler) -> None:
        """Called for typed text before keywords, which are the same for everybody: 撤回 undoes an expert's answer, and
        withdraws an agency's request."""
        self.label_handler = handler

    def fallback(self, handler: Handler) -> None:
        self.fallback_handler = handler

    def find_keyword(self, text: str) -> Target | None:
        return self.keywords.get(fold(text)) if len(text) <= 40 else None

    def is_command(self, text: str) -> bool:
        return self.find_keyword(text) is not None

    def find_scene(self, scene: str) -> tuple[SceneHandler, str] | None:
        """The handler with the longest matching prefix, and the rest of the scene."""
        fitting = [prefix for prefix in self.scenes if scene.startswith(prefix)]
        if not fitting:
            return None
        prefix = max(fitting, key=len)
        return self.scenes[prefix], scene[len(prefix) :]

    def _add_keyword(self, word: str, target: Target) -> None:
        if word == CANCEL:
            raise ValueError(f"{CANCEL} belongs to the engine")
        _put_once(self.keywords, fold(word), target)


def _put_once(table: dict[str, T], key: str, value: T) -> None:
    if key in table:
        raise ValueError(f"{key!r} is registered twice")
    table[key] = value
