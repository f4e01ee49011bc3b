"""What a text of the office may hold: no markup, no control characters, and no more than its readers' screens take."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping, Sequence

from domain.errors import InvalidInput
from domain.faults import Faults
from domain.rulebook.office_texts import QUESTION_MAX, WORD_MAX, WORDS_MAX, OfficeText, Value
from services.core.short_texts import check_text

_PHONE = re.compile(r"\d(?:-?\d){2,}")
_PHONE_FORM = "请填写电话号码，只用数字和“-”，如020-12345678或12345。"
FIELD = "value"
ADDRESS_MAX = 200


def check_value(text: OfficeText, value: Value) -> Value:
    """The value as it is stored; empty entries are left out.

    Raises InvalidInput with all faults, each at its field: ``value``, and of questions
    ``question-N``, ``answer-N`` and ``words-N``."""
    return _CHECKS[text.form](text, value)


def _check_line(text: OfficeText, value: Value) -> Value:
    return _checked(str(value).strip(), FIELD, text.name, text.longest, required=text.required)


def _check_phone(text: OfficeText, value: Value) -> Value:
    phone = _checked(str(value), FIELD, text.name, text.longest, required=True)
    if not _PHONE.fullmatch(phone):
        raise InvalidInput(_PHONE_FORM, code="no_phone", field=FIELD)
    return phone


def _check_paragraphs(text: OfficeText, value: Value) -> Value:
    lines = [_checked(line, FIELD, text.name, text.longest).rstrip() for line in str(value).splitlines()]
    whole = "\n".join(lines).strip()
    if text.required and not whole:
        raise InvalidInput(f"请填写{text.name}。", code="missing", field=FIELD)
    if len(whole) > text.longest:
        raise _too_long(text.name, text.longest)
    if text.bytes_max and len(whole.encode()) > text.bytes_max:
        raise _too_long(text.name, text.bytes_max // 3)
    return whole


def _check_lines(text: OfficeText, value: Value) -> Value:
    lines = [line.strip() for line in _texts(value) if line.strip()]
    for number, line in enumerate(lines, 1):
        _checked(line, FIELD, f"第{number}行", text.longest)
    if repeated := next((line for line in lines if lines.count(line) > 1), None):
        raise InvalidInput(f"“{repeated[:20]}”写了两遍，请删去一行。", code="repeated", field=FIELD)
    if text.required and not lines:
        raise InvalidInput(f"请至少填写一行{text.name}。", code="missing", field=FIELD)
    if len(lines) > text.count_max:
        raise InvalidInput(f"最多{text.count_max}行，请合并或删去一些。", code="too_many", field=FIELD)
    return lines


def _check_regions(text: OfficeText, value: Value) -> Value:
    """Contacts by code of a region; whether there is such a region is checked where its name is read."""
    contacts = {str(code): str(line).strip() for code, line in _items(value)}
    for line in contacts.values():
        _checked(line, FIELD, f"“{line[:12]}”", text.longest, required=True)
    if len(contacts) > text.count_max:
        raise InvalidInput(f"最多{text.count_max}个地区。", code="too_many", field=FIELD)
    return contacts


def _check_questions(text: OfficeText, value: Value) -> Value:
    faults, questions = Faults(), []
    for number, entry in enumerate(_records(value), 1):
        if not any(entry.values()):
            continue
        words = [word.strip() for word in _texts(entry.get("words")) if word.strip()]
        question = {
            "question": faults.check(
                _checked, str(entry.get("question", "")), f"question-{number}", "问题", QUESTION_MAX, required=True
            ),
            "answer": faults.check(_checked_answer, str(entry.get("answer", "")), f"answer-{number}", text.longest),
            "words": faults.check(_checked_words, words, f"words-{number}"),
        }
        questions.append(question)
    if len(questions) > text.count_max:
        faults.add(InvalidInput(f"最多{text.count_max}个问题。", code="too_many", field=FIELD))
    faults.raise_any()
    return questions


def _check_venues(text: OfficeText, value: Value) -> Value:
    """The fields of the last refused venue: ``name``, ``address``, ``latitude``."""
    venues = _records(value)
    names = [name for venue in venues for name in (venue["name"], *_texts(venue.get("former_names")))]
    for venue in venues:
        faults = Faults()
        faults.check(_checked, str(venue["name"]), "name", "名称", text.longest, required=True)
        faults.check(_checked, str(venue["address"]), "address", "地址", ADDRESS_MAX, required=True)
        if names.count(venue["name"]) > 1:
            message = f"已有叫“{str(venue['name'])[:30]}”的场所（含曾用名），请换一个名称。"
            faults.add(InvalidInput(message, code="name_taken", field="name"))
        if (venue.get("latitude") is None) != (venue.get("longitude") is None):
            faults.add(InvalidInput("纬度和经度请一起填写，或都不填。", code="half_position", field="latitude"))
        faults.raise_any()
    if len(venues) > text.count_max:
        raise InvalidInput(f"最多{text.count_max}个场所。", code="too_many", field="name")
    return [dict(venue) for venue in venues]


def _checked_answer(answer: str, field: str, longest: int) -> str:
    lines = [_checked(line, field, "回答", longest) for line in answer.splitlines()]
    whole = "\n".join(lines).strip()
    return _checked_length(whole, field, "回答", longest)


def _checked_length(text: str, field: str, label: str, longest: int) -> str:
    if not text:
        raise InvalidInput(f"请填写{label}。", code="missing", field=field)
    if len(text) > longest:
        raise InvalidInput(f"{label}最多{longest}个字，请缩短后再提交。", code="too_long", field=field)
    return text


def _checked_words(words: Sequence[str], field: str) -> list[str]:
    """At least two characters each: a shorter one would answer nearly every message."""
    for word in words:
        _checked(word, field, "识别词", WORD_MAX)
    if not words:
        raise InvalidInput("请填写识别词：对方的话里含有哪些词时用这条回答，用空格分开。", code="missing", field=field)
    if short := next((word for word in words if len(word) < 2), None):
        raise InvalidInput(f"识别词“{short}”太短，至少两个字，否则许多话都会答成这条。", code="too_short", field=field)
    if len(words) > WORDS_MAX:
        raise InvalidInput(f"最多{WORDS_MAX}个识别词。", code="too_many", field=field)
    return list(dict.fromkeys(words))


def _checked(value: str, field: str, label: str, longest: int, *, required: bool = False) -> str:
    """One line without blanks around it; a ``<`` would begin a link in the chat."""
    line = check_text(value, field, label, longest, required=required)
    if "<" in line or ">" in line:
        raise InvalidInput(f"{label}中不能有“<”和“>”，请改用“〈”“〉”或文字。", code="markup", field=field)
    return line


def _too_long(label: str, longest: int) -> InvalidInput:
    return InvalidInput(f"{label}最多{longest}个字，请缩短后再提交。", code="too_long", field=FIELD)


def _texts(value: Value) -> list[str]:
    if isinstance(value, str):
        return value.splitlines()
    return [str(element) for element in value] if isinstance(value, list | tuple) else []


def _items(value: Value) -> list[tuple[object, object]]:
    return list(value.items()) if isinstance(value, Mapping) else []


def _records(value: Value) -> list[Mapping[str, object]]:
    return [entry for entry in value if isinstance(entry, Mapping)] if isinstance(value, list | tuple) else []


_CHECKS: Mapping[str, Callable[[OfficeText, Value], Value]] = {
    "line": _check_line,
    "phone": _check_phone,
    "paragraphs": _check_paragraphs,
    "lines": _check_lines,
    "regions": _check_regions,
    "questions": _check_questions,
    "venues": _check_venues,
}
