"""Number formats of spreadsheets (ECMA-376, 18.8.31): the text that a person sees for the number in a cell."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime, timedelta
from decimal import ROUND_HALF_UP, Context, Decimal

GENERAL = "General"
BUILT_IN: Mapping[int, str] = {
    0: GENERAL,
    1: "0",
    2: "0.00",
    3: "#,##0",
    4: "#,##0.00",
    5: '"¥"#,##0;"¥"-#,##0',
    6: '"¥"#,##0;"¥"-#,##0',
    7: '"¥"#,##0.00;"¥"-#,##0.00',
    8: '"¥"#,##0.00;"¥"-#,##0.00',
    9: "0%",
    10: "0.00%",
    11: "0.00E+00",
    12: "# ?/?",
    13: "# ??/??",
    14: "yyyy/m/d",
    15: "d-mmm-yy",
    16: "d-mmm",
    17: "mmm-yy",
    18: "h:mm AM/PM",
    19: "h:mm:ss AM/PM",
    20: "h:mm",
    21: "h:mm:ss",
    22: "yyyy/m/d h:mm",
    27: 'yyyy"年"m"月"',
    28: 'm"月"d"日"',
    29: 'm"月"d"日"',
    30: "m/d/yy",
    31: 'yyyy"年"m"月"d"日"',
    32: 'h"时"mm"分"',
    33: 'h"时"mm"分"ss"秒"',
    34: '上午/下午h"时"mm"分"',
    35: '上午/下午h"时"mm"分"ss"秒"',
    36: 'yyyy"年"m"月"',
    37: "#,##0;-#,##0",
    38: "#,##0;-#,##0",
    39: "#,##0.00;-#,##0.00",
    40: "#,##0.00;-#,##0.00",
    41: "#,##0;-#,##0;-",
    42: '"¥"#,##0;"¥"-#,##0;-',
    43: "#,##0.00;-#,##0.00;-",
    44: '"¥"#,##0.00;"¥"-#,##0.00;-',
    45: "mm:ss",
    46: "[h]:mm:ss",
    47: "mm:ss.0",
    48: "##0.0E+0",
    49: "@",
    50: 'yyyy"年"m"月"',
    51: 'm"月"d"日"',
    52: 'yyyy"年"m"月"',
    53: 'm"月"d"日"',
    54: 'm"月"d"日"',
    55: '上午/下午h"时"mm"分"',
    56: '上午/下午h"时"mm"分"ss"秒"',
    57: 'yyyy"年"m"月"',
    58: 'm"月"d"日"',
}
"""Formats that files name by number only, as Excel shows them in China."""
DIGITS_LOST = Decimal(10) ** 15
"""From here on a spreadsheet no longer stores every digit of a number."""
SINCE_1904 = 1462
"""Days between the two epochs of spreadsheets."""
_DAY_ZERO = datetime(1899, 12, 30)  # noqa: DTZ001  # a day of a calendar, at no place
_LAST_DAY = 2_958_466
_LEAP_DAY = 60
"""The 29th of February 1900, which spreadsheets count although it never was."""
_FIFTEEN = Context(prec=15, rounding=ROUND_HALF_UP)
_EXACT = Context(prec=60, rounding=ROUND_HALF_UP)
_GENERAL_WIDTH = 11
_DIGITS_MAX = 30
"""Decimal places, of a value and of a format."""
_CODE_MAX = 255
"""Characters of a format that Excel permits."""
_TOKEN = re.compile(
    r"""(?P<text>"[^"]*"?|\\.)
    |(?P<blank>_.)|(?P<fill>\*.)
    |(?P<elapsed>\[(?:h+|m+|s+)\])
    |(?P<bracket>\[[^\]]*\])
    |(?P<general>General|G/通用格式)
    |(?P<half>AM/PM|A/P|上午/下午)
    |(?P<exponent>E[+-]0+)
    |(?P<date>y+|m+|d+|h+|s+(?:\.0+)?|e+|g+|b+|aaaa?)
    |(?P<digit>[0#?])|(?P<point>\.)|(?P<comma>,)|(?P<percent>%)|(?P<at>@)
    |(?P<other>.)""",
    re.VERBOSE | re.IGNORECASE | re.DOTALL,
)
_CONDITION = re.compile(r"\[(<=|>=|<>|<|>|=)(-?\d+(?:\.\d+)?)\]")
_CURRENCY = re.compile(r"\[\$([^\-\]]*)(?:-[^\]]*)?\]")
_COMPARE: Mapping[str, Callable[[Decimal, Decimal], bool]] = {
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
    "=": lambda a, b: a == b,
    "<>": lambda a, b: a != b,
}


class Unreadable(Exception):
    """What is shown has no text that means the same. The text goes on after the name of the cell: what stands there and
    what to write instead."""


@dataclass(frozen=True)
class _Token:
    kind: str
    text: str


@dataclass(frozen=True)
class _Section:
    """One of the parts that semicolons separate."""

    tokens: tuple[_Token, ...]
    condition: tuple[str, Decimal] | None = None

    def has(self, *kinds: str) -> bool:
        return any(token.kind in kinds for token in self.tokens)


@dataclass(frozen=True)
class NumberFormat:
    """``code`` as it stands in the file."""

    code: str
    sections: tuple[_Section, ...]

    @property
    def shows_dates(self) -> bool:
        return self.sections[0].has("date", "elapsed", "half")

    def show(self, number: str, days_added: int = 0) -> str:
        """The text for a number as it stands in the file; ``days_added``: SINCE_1904 in a book that counts from then.

        Raises Unreadable.
        """
        try:
            value = _FIFTEEN.create_decimal(number.strip())
            if not value.is_finite():
                raise Unreadable(f"是“{number[:30]}”，请直接填写内容")
        except ArithmeticError as error:
            raise Unreadable(f"是“{number[:30]}”，无法识别，请直接填写内容") from error
        if abs(value) >= DIGITS_LOST:
            raise Unreadable(f"是数字{value:.5E}，15位以后的数字已丢失，请把该列设为文本格式后重新填写完整")
        if value and value.adjusted() < -_DIGITS_MAX:
            raise Unreadable(f"显示为科学计数{value:.5E}，请把该列设为文本格式后重新填写")
        section, is_signed = self._section_of(value)
        if section.has("date", "elapsed", "half"):
            return _show_moment(section, value + days_added)
        return _show_number(section, value if is_signed else abs(value))

    def show_text(self, text: str) -> str:
        """Raises Unreadable where the format hides or changes texts in a way that can't be told."""
        section = self.sections[3] if len(self.sections) > 3 else None
        if section is None and self.sections[-1].has("at"):
            section = self.sections[-1]
        if section is None or not text:
            return text
        if not section.has("at"):
            raise Unreadable(f"被显示格式“{self.code}”盖住了内容，请把该列设为文本格式后重新填写")
        return "".join(_literal(token, text) for token in section.tokens)

    def _section_of(self, value: Decimal) -> tuple[_Section, bool]:
        """The section for a value, and whether the sign is still to be shown."""
        sections = self.sections[:3]
        if any(section.condition for section in sections):
            for section in sections:
                if section.condition is None or _COMPARE[section.condition[0]](value, section.condition[1]):
                    return section, True
            raise Unreadable(f"显示为######，数字{value.normalize():f}没有对应的显示格式，请直接填写内容")
        if value < 0 and len(sections) > 1:
            return sections[1], False
        if value == 0 and len(sections) > 2:
            return sections[2], True
        return sections[0], True


def parse_format(code: str) -> NumberFormat:
    sections, tokens = list[_Section](), list[_Token]()
    condition: tuple[str, Decimal] | None = None
    for match in _TOKEN.finditer(code[:_CODE_MAX] or GENERAL):
        kind, text = match.lastgroup or "", match[0]
        if kind == "other" and text == ";":
            sections.append(_Section(tuple(tokens), condition))
            tokens, condition = [], None
        elif kind == "bracket":
            if compared := _CONDITION.fullmatch(text):
                condition = (compared[1], Decimal(compared[2]))
            elif currency := _CURRENCY.fullmatch(text):
                tokens.append(_Token("text", currency[1]))
            elif text.upper().startswith("[DBNUM"):
                tokens.append(_Token("numerals", text))
        elif kind == "text":
            tokens.append(_Token(kind, text[1:].removesuffix('"') if text[0] == '"' else text[1:]))
        else:
            tokens.append(_Token(kind, text))
    return NumberFormat(code, (*sections, _Section(tuple(tokens), condition)))


# ---- numbers


def _show_number(section: _Section, value: Decimal) -> str:
    tokens = section.tokens
    if not tokens:
        raise Unreadable(f"的显示格式隐藏了数字{value.normalize():f}，请把该列设为文本格式后重新填写")
    if section.has("numerals"):
        raise Unreadable(f"把数字{value.normalize():f}显示为中文数字，请把该列设为文本格式后按看到的填写")
    if section.has("exponent"):
        raise Unreadable(f"显示为科学计数{value:.2E}，请把该列设为文本格式后重新填写完整")
    if any(token == _Token("other", "/") for token in tokens) and section.has("digit"):
        raise Unreadable(f"把数字{value.normalize():f}显示为分数，请把该列设为文本格式后按看到的填写")
    if section.has("general", "at"):
        shown = show_general(abs(value))
        text = "".join(shown if token.kind in ("general", "at") else _literal(token) for token in tokens)
        return f"-{text}" if value < 0 else text
    if not section.has("digit"):
        return "".join(map(_literal, tokens)).strip()
    return _show_digits(tokens, value)


def show_general(value: Decimal) -> str:
    """Whole numbers with all digits; others rounded to the eleven characters that a cell shows."""
    if value == value.to_integral_value():
        return f"{value:f}".partition(".")[0]
    whole = len(f"{abs(value):f}".partition(".")[0])
    places = max(0, _GENERAL_WIDTH - 1 - whole)
    rounded = value.quantize(Decimal(1).scaleb(-places), context=_EXACT)
    if not rounded:
        raise Unreadable(f"显示为科学计数{value:.5E}，请把该列设为文本格式后重新填写")
    text = f"{rounded:f}"
    return text.rstrip("0").rstrip(".") if "." in text else text


def _show_digits(tokens: Sequence[_Token], value: Decimal) -> str:
    last_digit = max(at for at, token in enumerate(tokens) if token.kind == "digit")
    point = next((at for at, token in enumerate(tokens) if token.kind == "point"), len(tokens))
    places = sum(token.kind == "digit" for token in tokens[point:])
    percents = sum(token.kind == "percent" for token in tokens)
    thousands = 0
    for token in tokens[last_digit + 1 :]:
        if token.kind != "comma":
            break
        thousands += 1
    if places > _DIGITS_MAX or percents + thousands > 5:
        raise Unreadable(f"的显示格式无法识别，数字是{value.normalize():f}，请把该列设为文本格式后重新填写")
    grouped = any(token.kind == "comma" for token in tokens[: min(point, last_digit)])
    scaled = abs(value).scaleb(2 * percents - 3 * thousands, context=_EXACT)
    rounded = scaled.quantize(Decimal(1).scaleb(-places), context=_EXACT)
    whole, _, fraction = f"{rounded:f}".partition(".")
    text = _fill_whole(tokens[:point], whole.lstrip("0"), grouped=grouped) + _fill_fraction(tokens[point:], fraction)
    sign = "-" if value < 0 and rounded else ""
    return f"{sign}{text.strip()}"


def _fill_whole(tokens: Sequence[_Token], digits: str, *, grouped: bool) -> str:
    """From the right; the first placeholder takes all digits that remain."""
    first = next((at for at, token in enumerate(tokens) if token.kind == "digit"), -1)
    shown, left, count = list[str](), list(digits), 0

    def add(digit: str) -> None:
        nonlocal count
        if grouped and count and count % 3 == 0:
            shown.append(",")
        shown.append(digit)
        count += 1

    for at in range(len(tokens) - 1, -1, -1):
        token = tokens[at]
        if token.kind != "digit":
            shown.extend(reversed(_literal(token)))
            continue
        if left:
            add(left.pop())
        elif token.text == "0":
            add("0")
        while at == first and left:
            add(left.pop())
    return "".join(reversed(shown))


def _fill_fraction(tokens: Sequence[_Token], fraction: str) -> str:
    shown, at = list[str](), 0
    for token in tokens:
        if token.kind == "digit":
            needed = token.text == "0" or any(digit != "0" for digit in fraction[at:])
            shown.append(fraction[at] if needed else "")
            at += 1
        elif token.kind == "point":
            shown.append(".")
        else:
            shown.append(_literal(token))
    return "".join(shown)


def _literal(token: _Token, text: str = "") -> str:
    if token.kind == "at":
        return text
    if token.kind == "percent":
        return "%"
    return token.text if token.kind in ("text", "other") else " " if token.kind == "blank" else ""


# ---- dates and times


def _show_moment(section: _Section, value: Decimal) -> str:
    seconds = int((value * 86_400).to_integral_value(ROUND_HALF_UP))
    parts = tuple(_parts_of_moment(section.tokens))
    kinds = [part.kind for part in parts]
    if "elapsed" in kinds:
        return _show_elapsed(parts, seconds)
    moment = _moment(seconds, any(kind in ("year", "month", "day") for kind in kinds))
    if {"year", "month", "day"} <= set(kinds):
        return _show_full_date(parts, kinds, moment)
    shown = [_show_part(part, moment, kinds) for part in parts]
    if section.has("numerals") or None in shown:
        raise Unreadable(f"是日期{moment:%Y-%m-%d}，显示格式中有无法识别的写法，请把该列设为文本格式后重新填写")
    return "".join(filter(None, shown)).strip()


def _moment(seconds: int, is_dated: bool) -> datetime:
    days = seconds // 86_400
    if seconds < 0 or days >= _LAST_DAY:
        raise Unreadable("显示为######，不是有效的日期，请重新填写，如2026-03-05")
    if is_dated and (days < 1 or days == _LEAP_DAY):
        raise Unreadable("显示为1900年前后的日期，请核对后重新填写，如2026-03-05")
    return _DAY_ZERO + timedelta(days=1 if days < _LEAP_DAY else 0, seconds=seconds)


def _parts_of_moment(tokens: Sequence[_Token]) -> Iterator[_Token]:
    """Tokens by what they show: an m beside hours or seconds is minutes."""
    clocks = [at for at, token in enumerate(tokens) if token.kind in ("date", "elapsed")]
    for at, token in enumerate(tokens):
        letter = token.text[0].lower() if token.text else ""
        if token.kind == "date" and letter == "m" and len(token.text) <= 2:
            place = clocks.index(at)
            before = tokens[clocks[place - 1]].text if place else ""
            after = tokens[clocks[place + 1]].text if place + 1 < len(clocks) else ""
            is_minute = before.lower().startswith(("h", "[h")) or after.lower().startswith("s")
            yield _Token("minute" if is_minute else "month", token.text)
        elif token.kind == "date":
            named = {"y": "year", "e": "year", "m": "month", "h": "hour", "s": "second"}.get(letter, "other_date")
            yield _Token("day" if letter == "d" and len(token.text) <= 2 else named, token.text)
        else:
            yield token


def _show_full_date(parts: Sequence[_Token], kinds: Sequence[str], moment: datetime) -> str:
    """As shown where year, month and day follow each other in figures, else 2026-03-05: other orders and names of
    months mean the same day, but are read in different ways."""
    order = [kind for kind in kinds if kind in ("year", "month", "day")]
    shown = [_show_part(part, moment, kinds) for part in parts]
    is_plain = order == ["year", "month", "day"] and None not in shown and "numerals" not in kinds
    if is_plain and all(part.kind != "year" or len(part.text) > 2 or part.text[0] in "eE" for part in parts):
        return "".join(filter(None, shown)).strip()
    if "second" in kinds:
        return f"{moment:%Y-%m-%d %H:%M:%S}"
    return f"{moment:%Y-%m-%d %H:%M}" if "hour" in kinds else f"{moment:%Y-%m-%d}"


def _show_part(part: _Token, moment: datetime, kinds: Sequence[str]) -> str | None:
    """None for what can't be told in figures."""
    size = len(part.text)
    hour = (moment.hour + 11) % 12 + 1 if "half" in kinds else moment.hour
    numbers = {"month": moment.month, "day": moment.day, "hour": hour, "minute": moment.minute, "second": moment.second}
    if part.kind in numbers:
        is_plain = "." not in part.text and (part.kind != "month" or size <= 2)
        return _padded(numbers[part.kind], size) if is_plain else None
    match part.kind:
        case "year":
            return f"{moment.year:04}" if size > 2 or part.text[0] in "eE" else f"{moment.year % 100:02}"
        case "half":
            return part.text.split("/")[moment.hour >= 12]
        case "other_date":
            return None
        case "comma" | "point":
            return part.text
    return _literal(part)


def _show_elapsed(parts: Sequence[_Token], seconds: int) -> str:
    if seconds < 0:
        raise Unreadable("显示为######，不是有效的时间，请直接填写内容")
    left, shown = seconds, list[str]()
    for part in parts:
        unit = {"h": 3600, "m": 60, "s": 1}.get(part.text.strip("[]")[:1].lower(), 0)
        if part.kind in ("elapsed", "hour", "minute", "second") and unit:
            shown.append(_padded(left // unit, len(part.text.strip("[]"))))
            left %= unit
        else:
            shown.append(_literal(part))
    return "".join(shown).strip()


def _padded(number: int, size: int) -> str:
    return str(number).zfill(min(size, 2))


def serial_of(text: str) -> Decimal:
    """The number of days for a date that a file holds as ISO 8601. Raises Unreadable."""
    try:
        moment = datetime.fromisoformat(text.strip().removesuffix("Z"))
    except ValueError as error:
        raise Unreadable(f"是“{text[:30]}”，不是有效的日期，请重新填写，如2026-03-05") from error
    passed = moment.replace(tzinfo=None) - _DAY_ZERO
    days = Decimal(passed.days) + Decimal(passed.seconds) / 86_400
    return days if moment.date() >= date(1900, 3, 1) else days - 1
