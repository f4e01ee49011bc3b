"""What a reporter fills in, and how it is checked: all faults at once."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass

from domain.errors import InvalidInput
from domain.faults import Faults
from domain.reports.lifecycles import ReportOccasion
from services.accounts import check_mobile
from services.core.short_texts import check_text

TEXT_MAX, MESSAGE_MAX, OUTCOME_MAX = 3000, 1000, 1000
TEXT_MIN = 10
DRAW_MAX, HAPPENED_MAX, NAME_MAX = 40, 60, 50


@dataclass(frozen=True)
class ReportForm:
    """``draw`` and ``happened`` (when and where) are what the reporter says, unchecked. ``named``: with ``name`` and
    ``mobile``, which are dropped otherwise."""

    occasion: str
    text: str
    draw: str = ""
    happened: str = ""
    named: bool = False
    name: str = ""
    mobile: str = ""


@dataclass(frozen=True)
class ReportContent:
    """What is sealed of a report."""

    occasion: ReportOccasion
    text: str
    draw: str
    happened: str

    def encode(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def decode(cls, plain: str) -> ReportContent:
        values = json.loads(plain)
        return cls(ReportOccasion(values["occasion"]), values["text"], values["draw"], values["happened"])


@dataclass(frozen=True)
class Reporter:
    """Who reports under the own name; sealed apart from the content."""

    name: str
    mobile: str

    def encode(self) -> str:
        return json.dumps(asdict(self), ensure_ascii=False)

    @classmethod
    def decode(cls, plain: str) -> Reporter:
        return cls(**json.loads(plain))


def check_form(form: ReportForm) -> tuple[ReportContent, Reporter | None]:
    """The report, and who reports: None for an anonymous one. Raises InvalidInput with all faults."""
    faults = Faults()
    occasion = faults.check(_check_occasion, form.occasion)
    text = faults.check(check_long, form.text, "text", "举报内容", TEXT_MAX, TEXT_MIN)
    draw = faults.check(check_text, form.draw, "draw", "活动编号", DRAW_MAX)
    happened = faults.check(check_text, form.happened, "happened", "时间和地点", HAPPENED_MAX)
    name = faults.check(check_text, form.name, "name", "姓名", NAME_MAX, required=True) if form.named else ""
    mobile = faults.check(check_mobile, form.mobile) if form.named else ""
    faults.raise_any()
    content = ReportContent(ReportOccasion(occasion), str(text), str(draw), str(happened))
    return content, Reporter(str(name), str(mobile)) if form.named else None


def check_long(value: str, field: str, label: str, longest: int, shortest: int = 1) -> str:
    """Text of several lines, each checked like any short text. Raises InvalidInput."""
    words = "\n".join(check_text(line, field, label, longest) for line in value.strip().splitlines())
    if len(words) < shortest:
        message = f"请写明{label}，至少{shortest}个字。" if shortest > 1 else f"请填写{label}。"
        raise InvalidInput(message, code="too_short", field=field)
    if len(words) > longest:
        raise InvalidInput(f"{label}最多{longest}个字，请缩短后再提交。", code="too_long", field=field)
    return words


def _check_occasion(code: str) -> ReportOccasion:
    if code not in list(ReportOccasion):
        raise InvalidInput("请选择发生了什么。", code="no_choice", field="occasion")
    return ReportOccasion(code)
