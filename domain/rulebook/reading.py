"""A rulebook as people read it: each rule in Chinese words, with its value and where that comes from.

The walk over all keys serves the reference page of ``app.rulebook_docs``, too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from datetime import date, timedelta
from typing import Literal

from domain.rulebook.book import Rulebook
from domain.rulebook.form import FormField
from domain.rulebook.labels import FIELD_KINDS, HOLIDAYS, LABELS, SECTIONS, WORDS
from domain.rulebook.layers import Provenance
from domain.rulebook.office_texts import OFFICE
from domain.rulebook.people import HelpQuestion
from domain.rulebook.reviews import ReviewStep
from domain.rulebook.sections import Ladder
from domain.rulebook.types import Hours, Section

FORM_TABLES = ("form.fields.", "form.sections.")
"""Keys that are read as the fields of the application form."""
Origin = Literal["source", "decision", "office"]
OURS = "手册未规定，由平台设定，需省级主管部门确认"
_READ_BY_US = "具体做法由平台设定，需省级主管部门确认"
_BY_OFFICE = "办公室发布的内容，见“文字与电话”"
_NONE = "没有规定"
_PLACEHOLDER = re.compile(r"\{\w+\}")
_UNITS = ((86_400, "天"), (3600, "小时"), (60, "分钟"), (1, "秒"))


@dataclass(frozen=True)
class ReadableRule:
    """``origin``: a manual or legal article says so (``source``), it is our own ``decision``, or the office's text."""

    key: str
    name: str
    value: str
    source: str
    origin: Origin


@dataclass(frozen=True)
class RuleGroup:
    """The rules of one section."""

    code: str
    name: str
    rules: tuple[ReadableRule, ...]


def read_rules(book: Rulebook) -> list[RuleGroup]:
    """All rules of a pool, by section; sections that it leaves out are missing."""
    groups = [
        RuleGroup(code, name, tuple(_rules_of(book, code)))
        for code, name in SECTIONS.items()
        if getattr(book, code) is not None
    ]
    return [group for group in groups if group.rules]


def leaves(value: object, key: str) -> Iterator[tuple[str, object]]:
    """Every value below ``key``, with its dotted key."""
    if isinstance(value, Section):
        for name in type(value).model_fields:
            yield from leaves(getattr(value, name), f"{key}.{name}")
    elif isinstance(value, Mapping):
        for name, inner in value.items():
            yield from leaves(inner, f"{key}.{name}")
    else:
        yield key, value


def find_provenance(book: Rulebook, key: str) -> Provenance | None:
    """That of the key, or of the nearest key above it; None where no file sets either."""
    parts, written = key.split("."), set(book.written_keys())
    paths = (".".join(parts[:length]) for length in range(len(parts), 0, -1))
    return next((book.provenance(path) for path in paths if path in written), None)


def _rules_of(book: Rulebook, section: str) -> Iterator[ReadableRule]:
    if section == "ladder":
        yield from _notices(book)
        return
    for key, value in leaves(getattr(book, section), section):
        if key != section and key in LABELS:
            named = _field_labels(book) if key == "review.correction_fields" else value
            yield _rule(book, key, LABELS[key].name, _show(key, named, LABELS[key].unit))
    if section == "form":
        yield from _fields(book)
    if section == "calendar":
        yield from _holidays(book)


def _rule(book: Rulebook, key: str, name: str, value: str, stated: str = "") -> ReadableRule:
    """``stated``: a source that stands beside the value itself."""
    provenance = find_provenance(book, key)
    if provenance is not None and provenance.file == OFFICE:
        return ReadableRule(key, name, value, _BY_OFFICE, "office")
    source = stated or (provenance.source if provenance else None)
    if not source:
        return ReadableRule(key, name, value, OURS, "decision")
    parts = [source]
    if provenance is not None and provenance.effective_from:
        parts.append(f"自{_day(provenance.effective_from)}起")
    if provenance is not None and provenance.note:
        parts.append(_READ_BY_US)
    return ReadableRule(key, name, value, "；".join(parts), "source")


def _holidays(book: Rulebook) -> Iterator[ReadableRule]:
    for key, days in book.calendar.named.items():
        year, _, name = key.partition("-")
        span = f"{_day(days.first)}至{_day(days.last)}" if days.last > days.first else _day(days.first)
        yield _rule(book, f"calendar.named.{key}", f"{year}年{HOLIDAYS.get(name, name)}", span)


def _field_labels(book: Rulebook) -> tuple[str, ...]:
    """What ``review.correction_fields`` opens, as the form calls it."""
    return tuple(book.form.fields[code].label for code in book.review.correction_fields)


def _notices(book: Rulebook) -> Iterator[ReadableRule]:
    """How each kind of notice goes out; its name is the title of its message."""
    for kind, ladder in book.ladder.items():
        texts = book.texts[kind]
        name = texts.wechat.title if texts.wechat else _title_of(texts.chat or texts.sms or kind)
        yield _rule(book, f"ladder.{kind}.steps", name, _steps(ladder))


def _title_of(text: str) -> str:
    """The beginning of a message without a title, its placeholders as dots."""
    return f"“{_PLACEHOLDER.sub('…', text)[:16]}…”"


def _steps(ladder: Ladder) -> str:
    channels = WORDS["ladder.channel"]
    steps = [
        f"{print_length(step.after) + '后' if step.after else ''}{channels[step.channel]}" for step in ladder.steps
    ]
    return f"{'，'.join(steps)}；{WORDS['ladder.until'][ladder.until]}"


def _fields(book: Rulebook) -> Iterator[ReadableRule]:
    for section in book.form.sections.values():
        for code in section.fields:
            field = book.form.fields[code]
            name = f"{section.title}：{field.label}"
            yield _rule(book, f"form.fields.{code}", name, _field(field), field.source)


def _field(field: FormField) -> str:
    if field.account:
        return "取自账号，不能修改"
    limits = [
        FIELD_KINDS[field.kind],
        "必填" if field.required else "部分类型必填" if field.required_for else "选填",
        f"最多{field.length_max}个字" if field.length_max else "",
        f"至少{field.count_min}条" if field.count_min else "",
        f"最多{field.count_max}条" if field.count_max else "",
        _range(field),
        "、".join(field.options),
        f"{'、'.join(field.file.types)}，每份最大{field.file.size_max / 1e6:g}MB" if field.file else "",
        "在库专家可以随时自行修改" if field.at_once else "",
    ]
    return "；".join(limit for limit in limits if limit)


def _range(field: FormField) -> str:
    if field.value_min is None and field.value_max is None:
        return ""
    low, high = field.value_min, field.value_max
    return f"{'' if low is None else low}至{'' if high is None else high}"


# ---- values


def _show(key: str, value: object, unit: str) -> str:
    """A value in words; nothing at all reads 没有规定."""
    if value is None or value in ("", ()):
        return _NONE
    if isinstance(value, bool):
        return "是" if value else "否"
    if isinstance(value, tuple):
        return _show_items(key, value, unit)
    if isinstance(value, str):
        return f"{WORDS.get(key, {}).get(value, value)}{unit}"
    return _show_amount(value, unit)


def _show_items(key: str, items: tuple[object, ...], unit: str) -> str:
    if isinstance(items[0], ReviewStep):
        return "\n".join(_step(step) for step in items if isinstance(step, ReviewStep))
    if isinstance(items[0], HelpQuestion):
        return "\n".join(entry.question for entry in items if isinstance(entry, HelpQuestion))
    if isinstance(items[0], tuple):
        return "；".join("或".join(group) for group in items if isinstance(group, tuple))
    joint = "\n" if any(isinstance(item, str) and len(item) > 12 for item in items) else "、"
    return joint.join(_show(key, item, "") for item in items) + unit


def _step(step: ReviewStep) -> str:
    parts = [
        f"{step.name}：{step.department}（{WORDS['review.acts_in'][step.acts_in]}）",
        "按专业分别审核" if step.per_specialty else "",
        f"可退回{'、'.join(WORDS['review.send_back'][way] for way in step.send_back)}",
        "可以不予通过" if step.may_refuse else "",
        f"一般{print_length(step.expected)}内",
    ]
    return "，".join(part for part in parts if part)


def _show_amount(value: object, unit: str) -> str:
    if isinstance(value, timedelta):
        return print_length(value)
    if isinstance(value, Hours):
        return "全天" if str(value) == "00:00-24:00" else str(value).replace("-", "至")
    if isinstance(value, date):
        return _day(value)
    if isinstance(value, int) and unit == "元":
        return f"{value / 100:.2f}元"
    if isinstance(value, int) and unit == "百分比":
        return f"{value / 100:g}%"
    if isinstance(value, int) and unit == "学时":
        return f"{value / 100:g}学时"
    if isinstance(value, int) and unit == "MB":
        return f"{value / 1e6:g}MB"
    return f"{value:g}{unit}" if isinstance(value, float) else f"{value}{unit}"


def print_length(length: timedelta) -> str:
    """``1小时30分钟``; nothing is ``0分钟``."""
    seconds, parts = int(length.total_seconds()), []
    for size, name in _UNITS:
        count, seconds = divmod(seconds, size)
        if count:
            parts.append(f"{count}{name}")
    return "".join(parts) or "0分钟"


def _day(day: date) -> str:
    return f"{day.year}年{day.month}月{day.day}日"
