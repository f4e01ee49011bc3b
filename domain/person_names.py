"""Names of persons: one spelling that is stored, and one key by which two spellings are compared.

阿卜杜热合曼·买买提艾力 is typed with •, ‧, ・, ．, a full stop, a hyphen, a blank or nothing between its parts; sheets
line names up with blanks (张　三); rare characters lie beyond the BMP (𠮷) or at the private codes of older systems;
foreigners write O'Neill, Jean-Pierre, or with a comma as on their card (SMITH, JOHN).
"""

from __future__ import annotations

import re
import unicodedata

from domain.errors import InvalidInput
from domain.typed_text import half_width, name_illegal, tidy_text

LONGEST = 50
"""Characters of a name. The longest on a card has about thirty."""
_READ = 4 * LONGEST
_HAN = "〇㐀-鿿豈-﫿𠀀-𳑿"
_LATIN = "A-Za-zÀ-ɏḀ-ỿ"
_DOTS = str.maketrans(dict.fromkeys("•‧∙⋅・･ㆍ᛫⸱⸳˙●。｡", "·"))
"""Characters that keyboards and other systems have for the dot in names."""
_APOSTROPHES = str.maketrans(dict.fromkeys("’‘ʼʻ`´′", "'"))
_SELECTORS = re.compile("[\ufe00-\ufe0f\U000e0100-\U000e01ef\u180b-\u180d\u180f]")
"""Choose among shapes of one character; many fonts lack them."""
_FULL_STOP = re.compile(rf"(?<![{_LATIN}])[.．]|[.．](?![\s{_LATIN},，.．]|$)")
"""A full stop that stands for the dot: not after an initial or an abbreviation, as in J. R. Smith Jr."""
_HYPHEN = re.compile(f"(?<=[{_HAN}]) ?- ?(?=[{_HAN}])")
_AROUND_DOT = re.compile(" ?·[ ·]*")
_BETWEEN_HAN = re.compile(f"(?<=[{_HAN}]) (?=[{_HAN}])")
_COMMA = re.compile(rf"(?<=[{_LATIN}]) ?, ?(?=[{_LATIN}])")
MARKS = "· .,'-་"
"""What parts of a name stand between, U+0F0B in Tibetan; none of it counts where names are compared."""
_BETWEEN_PARTS = re.compile(r"(?<=[^\W\d_])(?:·|, |\. ?| ?[' -])(?=[^\W\d_])|(?<=[^\W\d_])\.$|(?<=[ༀ-࿿])་")
_REFUSAL = "请填写与身份证一致的真实姓名，不含数字和符号。"


def spell_name(text: str) -> str:
    """The one spelling of a name. What is no name comes back nearly as it was typed."""
    name = _SELECTORS.sub("", tidy_text(text[:_READ])).translate(_DOTS).translate(_APOSTROPHES)
    name = half_width(_FULL_STOP.sub("·", name))
    name = _AROUND_DOT.sub("·", _HYPHEN.sub("·", " ".join(name.split())))
    return _COMMA.sub(", ", _BETWEEN_HAN.sub("", name)).rstrip(" ·,").lstrip(" ")


def person_name(text: str, *, field: str | None = None, label: str = "姓名") -> str:
    """A person's name in its one spelling: letters of any script, and between them the dot, a blank, or what names of
    foreigners have. Raises InvalidInput, which names what is no part of a name.

    Blanks between Chinese characters, with which sheets are lined up (张　三), are no part of the name.
    """
    name = spell_name(text)
    if len(text) > _READ or len(name) > LONGEST:
        raise InvalidInput(f"{label}最多{LONGEST}个字，{_REFUSAL}", code="bad_name", field=field)
    if wrong := name_illegal(name) or _find_symbol(name):
        raise InvalidInput(f"{label}中不能有{wrong}，{_REFUSAL}", code="bad_name", field=field)
    if not name:
        raise InvalidInput(f"请填写{label}，应为与身份证一致的真实姓名。", code="missing", field=field)
    if len(name) < 2:
        raise InvalidInput(_REFUSAL, code="bad_name", field=field)
    return name


def name_key(name: str) -> str:
    """Equal for two spellings of one name: letters only, in small ones. ``person_key`` of the database is the same for
    a stored name."""
    spelt = spell_name(name).lower()
    return "".join(character for character in spelt if _is_part(character) or character.isdecimal())


def is_same_name(name: str, other: str) -> bool:
    return name_key(name) == name_key(other)


def _find_symbol(name: str) -> str:
    """The first character that is no part of a name, in quotation marks. Empty: none."""
    bare = _BETWEEN_PARTS.sub("", name)
    wrong = next((character for character in bare if not _is_part(character)), "")
    if not wrong and bare and unicodedata.category(bare[0])[0] == "M":
        wrong = bare[0]
    return f"“{wrong}”" if wrong else ""


def _is_part(character: str) -> bool:
    """A letter, or a mark on one. Unicode counts 〇 as a number, and Python 3.11 lacks the newest characters."""
    return unicodedata.category(character)[0] in "LM" or character == "〇" or 0x20000 <= ord(character) < 0x33480
