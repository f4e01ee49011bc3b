"""Counts the steps that a backtracking engine takes, so that a pattern's work on twice the text can be compared.

``re`` tells nothing of its work. This walks the same parsed pattern in the same order, without its shortcuts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Iterator, Sequence
from re import _constants as ops  # type: ignore[attr-defined]  # typeshed has no stub
from re import _parser as parser  # type: ignore[attr-defined]
from typing import Any

Items = Sequence[tuple[Any, Any]]
_UNBOUNDED = 64
"""A repeat that may run this often is taken for one without a limit."""
_LETTERS = "a1 .-_<[\\/0A中:#=@&,，、;年\n\t\"'"
_REPEATS = (ops.MAX_REPEAT, ops.MIN_REPEAT, ops.POSSESSIVE_REPEAT)


class TooManySteps(Exception):
    """The pattern's work is beyond any use."""


class StepCounter:
    """One attempt after another from each position, as ``search`` makes them, or from the first only."""

    def __init__(self, pattern: re.Pattern[Any], limit: int) -> None:
        text = pattern.pattern if isinstance(pattern.pattern, str) else pattern.pattern.decode("latin-1")
        self.items: Items = list(parser.parse(text, pattern.flags & ~re.UNICODE))
        self._flags = pattern.flags
        self._limit = limit
        self._steps = 0
        self._text = ""
        self._groups: dict[int, tuple[int, int]] = {}

    def count(self, text: str, *, anchored: bool) -> int:
        """Steps until the end of the text; from each position on unless ``anchored`` at the first and at the end."""
        self._text, self._steps, at = text, 0, 0
        while at <= len(text):
            ends = list[int]()
            if self._match(self.items, 0, at, lambda end, ends=ends: self._reached(end, ends, anchored)):  # type: ignore[misc]
                at = max(at + 1, ends[-1])
            else:
                at += 1
            if anchored:
                break
        return self._steps

    def _reached(self, end: int, ends: list[int], anchored: bool) -> bool:
        ends.append(end)
        return not anchored or end == len(self._text)

    def _match(self, items: Items, index: int, at: int, then: Callable[[int], bool]) -> bool:  # noqa: PLR0911  # a case each
        self._steps += 1
        if self._steps > self._limit:
            raise TooManySteps
        if index == len(items):
            return then(at)
        op, value = items[index]

        def rest(end: int) -> bool:
            return self._match(items, index + 1, end, then)

        if op in (ops.LITERAL, ops.NOT_LITERAL, ops.ANY, ops.IN):
            return at < len(self._text) and _takes(op, value, self._text[at], self._flags) and rest(at + 1)
        if op is ops.AT:
            return _is_at(value, self._text, at) and rest(at)
        if op is ops.BRANCH:
            return any(self._match(branch, 0, at, rest) for branch in value[1])
        if op is ops.SUBPATTERN:
            return self._match(value[3], 0, at, lambda end: self._remember(value[0], at, end) and rest(end))
        if op is ops.GROUPREF:
            begin, end = self._groups.get(value, (0, 0))
            part = self._text[begin:end]
            return self._text.startswith(part, at) and rest(at + len(part))
        if op in (ops.ASSERT, ops.ASSERT_NOT):
            return self._match_assertion(value)(at) is (op is ops.ASSERT) and rest(at)
        if op is ops.ATOMIC_GROUP:
            return (end := self._first_end(value, at)) is not None and rest(end)
        assert op in _REPEATS, op
        return self._repeat(op, value, at, rest)

    def _remember(self, group: int | None, begin: int, end: int) -> bool:
        if group is not None:
            self._groups[group] = begin, end
        return True

    def _match_assertion(self, value: tuple[int, Any]) -> Callable[[int], bool]:
        direction, items = value
        if direction > 0:
            return lambda at: self._match(items, 0, at, lambda _end: True)
        width = items.getwidth()[0]
        return lambda at: at >= width and self._match(items, 0, at - width, lambda end: end == at)

    def _first_end(self, items: Items, at: int) -> int | None:
        ends = list[int]()
        return ends[0] if self._match(items, 0, at, lambda end: not ends.append(end)) else None  # type: ignore[func-returns-value]

    def _repeat(self, op: Any, value: tuple[int, Any, Items], at: int, rest: Callable[[int], bool]) -> bool:
        least, most, items = value

        def again(count: int, begin: int) -> bool:
            def once_more() -> bool:
                return count < most and self._match(
                    items, 0, begin, lambda end: (end > begin or count < least) and again(count + 1, end)
                )

            def go_on() -> bool:
                return count >= least and rest(begin)

            return (once_more() or go_on()) if op is ops.MAX_REPEAT else (go_on() or once_more())

        if op is not ops.POSSESSIVE_REPEAT:
            return again(0, at)
        count = 0
        while count < most and (end := self._first_end(items, at)) is not None and end > at:
            at, count = end, count + 1
        return count >= least and rest(at)


def attacks(items: Items, length: int) -> Iterator[str]:
    """Texts of about ``length`` characters that make a pattern go back: each repeat without a limit goes on and on and
    then fails, from its beginning or after each repetition of what precedes it."""
    for before, part in dict.fromkeys(
        (before, part) for before, body in _repeats(items, "") for part in _samples(body)
    ):
        for pumped in filter(None, dict.fromkeys((part, before + part, before))):
            yield f"{before}{pumped * max(2, length // len(pumped))}\0"


def _repeats(items: Items, before: str) -> Iterator[tuple[str, Items]]:
    """Each repeat without a limit, and a text that precedes it."""
    for op, value in items:
        if op in _REPEATS:
            if value[1] >= _UNBOUNDED:
                yield before, value[2]
            yield from _repeats(value[2], before)
        elif op is ops.BRANCH:
            for branch in value[1]:
                yield from _repeats(branch, before)
        elif op is ops.SUBPATTERN:
            yield from _repeats(value[3], before)
        elif op is ops.ATOMIC_GROUP:
            yield from _repeats(value, before)
        before += next(iter(_samples([(op, value)])), "")


def _samples(items: Items, most: int = 2) -> list[str]:
    """Some texts that these items take, the shortest ones."""
    texts = [""]
    for op, value in items:
        parts = _item_samples(op, value, most)
        texts = [text + part for text in texts for part in parts][:most] if parts else texts
    return texts


def _item_samples(op: Any, value: Any, most: int) -> list[str]:
    if op in (ops.LITERAL, ops.NOT_LITERAL, ops.ANY, ops.IN):
        own = chr(value) if op is ops.LITERAL else ""
        parts = value if op is ops.IN else []
        listed = [chr(v if o is ops.LITERAL else v[0]) for o, v in parts if o in (ops.LITERAL, ops.RANGE)]
        return [letter for letter in [own, *_LETTERS, *listed] if letter and _takes(op, value, letter, 0)][:most]
    if op is ops.BRANCH:
        return [text for branch in value[1] for text in _samples(branch, 1)][:most]
    if op is ops.SUBPATTERN:
        return _samples(value[3], most)
    if op is ops.ATOMIC_GROUP:
        return _samples(value, most)
    if op in _REPEATS:
        return [text * max(1, value[0]) for text in _samples(value[2], most)] if value[0] else [""]
    return []


def _takes(op: Any, value: Any, letter: str, flags: int) -> bool:
    if flags & re.IGNORECASE and letter.swapcase() != letter and len(letter.swapcase()) == 1:
        return _takes(op, value, letter, 0) or _takes(op, value, letter.swapcase(), 0)
    if op is ops.ANY:
        return bool(flags & re.DOTALL) or letter != "\n"
    if op is ops.LITERAL:
        return ord(letter) == value
    if op is ops.NOT_LITERAL:
        return ord(letter) != value
    negated = value[0][0] is ops.NEGATE
    return any(_is_in(part, part_value, letter) for part, part_value in value) is not negated


def _is_in(op: Any, value: Any, letter: str) -> bool:
    if op is ops.LITERAL:
        return ord(letter) == value
    if op is ops.RANGE:
        return bool(value[0] <= ord(letter) <= value[1])
    if op is ops.CATEGORY:
        return _is_of_category(value, letter)
    return False


def _is_of_category(category: Any, letter: str) -> bool:
    name = str(category).removeprefix("CATEGORY_")
    kind = name.removeprefix("UNI_").removeprefix("NOT_")
    belongs = {
        "DIGIT": unicodedata.category(letter) == "Nd",
        "SPACE": letter.isspace(),
        "WORD": letter.isalnum() or letter == "_",
    }[kind]
    return belongs is not ("NOT_" in name)


def _is_at(where: Any, text: str, at: int) -> bool:
    if where in (ops.AT_BEGINNING, ops.AT_BEGINNING_STRING):
        return at == 0
    if where in (ops.AT_END, ops.AT_END_STRING):
        return at == len(text)
    inside = [0 <= index < len(text) and (text[index].isalnum() or text[index] == "_") for index in (at - 1, at)]
    return (inside[0] != inside[1]) is (where is ops.AT_BOUNDARY)
