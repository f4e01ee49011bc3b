"""Parsers of typed values. Each function raises InvalidInput with a sentence that says what to type.

Parsers are pure functions of the text and, for dates, of the moment at which it was typed.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import datetime

from stdnum import luhn
from stdnum.cn import uscc
from stdnum.exceptions import ValidationError

from domain.date_ranges import read_span
from domain.errors import InvalidInput
from domain.identity import is_id_number
from domain.person_names import name_key, spell_name
from domain.spans import Span
from domain.typed_text import half_width

_MOBILE = re.compile(r"1[3-9]\d{9}")
_EMAIL = re.compile(r"[A-Za-z0-9._%+\-]{1,64}@(?:[A-Za-z0-9](?:[A-Za-z0-9\-]{0,61}[A-Za-z0-9])?\.)+[A-Za-z]{2,24}")
_BANK_ACCOUNT = re.compile(r"[0-9]{12,30}")
_UNIONPAY = re.compile(r"62[0-9]{14,17}")
_COUNTRY = re.compile(r"^(?:\+|00)86|^86(?=1[3-9]\d{9}$)")
"""Keyboards of digits drop the + of a pasted number."""
_FILED_ID_NUMBER = re.compile(r"\d{15}|\d{17}[\dX]", re.ASCII)
"""One whose check digit is wrong may be filed, too."""
_IN_NUMBERS = r"[\s\-]"
_INSIDE_MOBILE = r"[\s\-()·.]"
NUMBER_LONGEST = 60
"""Characters of a typed or pasted number that are read, with what stands around its digits. Inputs hold as many."""
_DATES_LONGEST = 60
_YES = frozenset(
    (
        "1",
        "是",
        "是的",
        "是滴",
        "对",
        "对的",
        "好",
        "好的",
        "好滴",
        "好嘞",
        "嗯",
        "嗯嗯",
        "嗯好",
        "恩",
        "行",
        "行的",
        "可以",
        "可以的",
        "确认",
        "确定",
        "同意",
        "我同意",
        "保存",
        "没错",
        "没问题",
        "正确",
        "y",
        "yes",
        "ok",
    )
)
_NO = frozenset(
    (
        "2",
        "否",
        "不",
        "不是",
        "不是的",
        "不对",
        "不要",
        "不了",
        "不用",
        "不用了",
        "不同意",
        "我不同意",
        "不确认",
        "不保存",
        "不可以",
        "不行",
        "拒绝",
        "错",
        "错了",
        "n",
        "no",
    )
)
_POLITE = frozenset(
    (
        "谢谢",
        "谢谢你",
        "谢谢您",
        "谢谢老师",
        "多谢",
        "感谢",
        "谢了",
        "辛苦",
        "辛苦了",
        "您辛苦了",
        "麻烦了",
        "麻烦您",
        "麻烦您了",
        "麻烦你了",
        "不好意思",
        "不用谢",
        "不客气",
        "您好",
        "你好",
        "老师",
        "老师好",
        "老师您好",
        "老师你好",
        "请",
        "thanks",
    )
)
"""Polite words beside an answer; without effect on it."""
_THANKS = re.compile(r"(?<=.)(?:谢谢|多谢|感谢|辛苦|麻烦)(?:了|你|您|老师)*$")
"""Thanks that follow an answer without punctuation."""
_SOUNDS = "啊呀哦噢喔哈哇呵~"
_MARKS = re.compile(r"[\s,.!~、;:。…]+")


def fold(text: str) -> str:
    """Half-width, lower case, without blanks and punctuation at either end, which phones' keyboards add."""
    return half_width(text).casefold().strip(" .。!,、~…'\"“”‘’【】[]()")


def is_mobile(digits: str) -> bool:
    """Whether 11 digits, as ``mobile_number`` returns them, are a mobile of mainland China."""
    return _MOBILE.fullmatch(digits) is not None


def mobile_number(text: str) -> str:
    """A mobile of mainland China as 11 digits; accepts blanks, hyphens, +86 and full-width digits."""
    digits = _mobile_digits(text)
    if not is_mobile(digits):
        raise InvalidInput("手机号应为11位数字，请重新输入，例如13800138000。", code="bad_mobile")
    return digits


def bank_account(text: str, label: str = "银行账号") -> str:
    """An account number as digits; accepts blanks and hyphens. A UnionPay card must have a valid check digit."""
    digits = _remove_characters(text, _IN_NUMBERS)
    if not _BANK_ACCOUNT.fullmatch(digits):
        raise InvalidInput(
            f"{label}应为12至30位数字，请核对后重新填写。", code="bad_bank_account", field="bank_account"
        )
    if _UNIONPAY.fullmatch(digits) and not luhn.is_valid(digits):
        raise InvalidInput(
            f"{label}有一位数字不对，请对照银行卡重新填写。", code="bad_bank_account", field="bank_account"
        )
    return digits


def email_address(text: str, label: str = "电子邮箱") -> str:
    """An address as mail servers accept it; full-width characters are converted."""
    narrow = half_width(text)
    if not _EMAIL.fullmatch(narrow) or ".." in narrow:
        raise InvalidInput(
            f"{label}格式有误，请核对后重新填写，例如name@example.com。", code="bad_email", field="email"
        )
    return narrow


def id_number(text: str) -> str:
    """A resident's 18-digit identity number; blanks, hyphens and full-width characters are understood."""
    number = _remove_characters(text, _IN_NUMBERS).upper()
    if not is_id_number(number):
        raise InvalidInput("身份证号有误，请核对后输入18位号码，末位可能是X。", code="bad_id_number")
    return number


@dataclass(frozen=True)
class PersonSearch:
    """What was typed to look a person up. ``word`` is a name in its one spelling or any number, ``key`` the key of the
    name; ``mobile`` and ``id_number`` are as filed, empty for a word that is none."""

    word: str
    key: str
    mobile: str
    id_number: str


def person_search(text: str) -> PersonSearch:
    """Reads numbers as people copy them: with blanks, hyphens, +86, full-width digits. The text is not shortened."""
    word = " ".join(half_width(text).split())
    if not any(character.isdecimal() for character in word):
        word = spell_name(text)
    mobile, id_number = _mobile_digits(word), re.sub(r"[\s\-]", "", word).upper()
    return PersonSearch(
        word,
        name_key(word),
        mobile if is_mobile(mobile) else "",
        id_number if _FILED_ID_NUMBER.fullmatch(id_number) else "",
    )


def credit_code(text: str) -> str:
    """A unified social credit code (GB 32100), 18 characters with the right check digit."""
    try:
        return str(uscc.validate(_remove_characters(text, _IN_NUMBERS).upper()))
    except ValidationError as error:
        message = "统一社会信用代码有误，请核对后输入18位代码，其中没有字母I、O、S、V、Z。"
        raise InvalidInput(message, code="bad_credit_code") from error


def yes_or_no(text: str) -> bool:
    """The answer to a read-back question. Only plain words and politeness count."""
    words = {_plain_word(piece) for piece in _MARKS.split(fold(text))} - _POLITE - {""}
    if words and words <= _YES:
        return True
    if words and words <= _NO:
        return False
    raise InvalidInput("请回复 1 确认，或回复 2 取消。", code="bad_choice")


def _plain_word(piece: str) -> str:
    """One word of an answer, without attached thanks or interjections."""
    if piece in _POLITE:
        return piece
    word = _THANKS.sub("", fold(piece))
    return word[:1] + word[1:].rstrip(_SOUNDS)


def date_range(text: str, asked_at: datetime) -> Span:
    """From–to in days or half days, as people say it: 11月25日到12月3日, 明天到下周三, 25号下午.

    ``asked_at`` is aware. The span is half-open, aware UTC, whole days of Asia/Shanghai unless a half day was named.
    """
    return read_span(fold(text[:_DATES_LONGEST]), asked_at)


def _mobile_digits(text: str) -> str:
    return _COUNTRY.sub("", _remove_characters(text, _INSIDE_MOBILE), count=1)


def _remove_characters(text: str, unwanted: str) -> str:
    return re.sub(unwanted, "", half_width(text[:NUMBER_LONGEST]))
