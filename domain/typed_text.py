"""Text that people type, paste or fill into sheets, as all edges take it: forms, chat, mini-program, sheets, GIFT, XML.

What nobody sees goes, blanks of all kinds are blanks, and what can't be stored or read is named with its place.
"""

from __future__ import annotations

import re
import unicodedata

NAMED_MAX = 3
"""Characters that a refusal names."""
_CONTEXT = 4
"""Characters shown before a named one."""
_LINE_BREAK = re.compile("\r\n|[\n\r\x0b\x0c\x85\u2028\u2029]")
"""U+000B is the line break of Word, U+0085 that of mainframes."""
_UNSEEN_LETTERS = re.compile("[\u034f\u115f\u1160\u3164\uffa0]")
"""Fillers without a shape that Unicode counts as letters or marks; people make empty names of them."""
_BLANK = "\u2800"
"""The empty pattern of Braille, the only blank among the symbols."""
_WIDE_BLANK = "\u3000"
"""Stays: a gap is written （　　）, a paragraph is indented with it."""
_DASHES = str.maketrans(dict.fromkeys("‐‑‒–—―−﹣－", "-"))
_OLD_CODES = range(0xE815, 0xE865)
"""Where Chinese systems kept the rare characters of GBK's last rows before Unicode had them: 䶮 was U+E863."""
_SINCE_2022 = {
    0xE816: 0x20087,
    0xE817: 0x20089,
    0xE818: 0x200CC,
    0xE81E: 0x9FB4,
    0xE826: 0x9FB5,
    0xE82B: 0x9FB6,
    0xE82C: 0x9FB7,
    0xE831: 0x215D7,
    0xE832: 0x9FB8,
    0xE83B: 0x2298F,
    0xE843: 0x9FB9,
    0xE854: 0x9FBA,
    0xE855: 0x241FE,
    0xE864: 0x9FBB,
}
"""Those that the codec of Python, which is GB 18030-2000, still keeps there; from GB 18030-2022."""


def tidy_text(text: str, *, lines: bool = False) -> str:
    """Composed (NFC), without blanks around it, zero-width characters and marks of direction; blanks of other widths
    than the usual and the wide one become usual ones. ``lines``: line breaks stay, as ``\\n``; else each is a blank.

    What remains may be illegal: see ``name_illegal``.
    """
    if text.isprintable() and unicodedata.is_normalized("NFC", text) and _UNSEEN_LETTERS.search(text) is None:
        return text.replace(_BLANK, " ").strip()
    text = _LINE_BREAK.sub("\n" if lines else " ", _UNSEEN_LETTERS.sub("", text)).translate(_GBK)
    text = unicodedata.normalize("NFC", "".join(map(_tidy_character, text)))
    return text.strip() if text.isascii() or text.isprintable() else unicodedata.normalize("NFC", text.strip())


def half_width(text: str) -> str:
    """Tidy, with the digits, letters and signs of a number or code in half width (NFKC), and any dash as a hyphen."""
    return unicodedata.normalize("NFKC", tidy_text(text)).translate(_DASHES).strip()


def name_illegal(text: str, *, lines: bool = False) -> str:
    """Characters of a tidy text that can't be stored or are not the same to every reader, as Chinese words with their
    places: ``“张三”后面的U+0007``. Empty: none.

    These are control characters, halves of surrogate pairs, and codes that Unicode leaves to private agreement.
    """
    if text.isprintable():
        return ""
    places = [at for at, character in enumerate(text) if _is_illegal(character) and not (lines and character == "\n")]
    named = "、".join(_name(text, at) for at in places[:NAMED_MAX])
    return f"{named}等{len(places)}处" if len(places) > NAMED_MAX else named


def _tidy_character(character: str) -> str:
    category = unicodedata.category(character)
    if category == "Cf":
        return ""
    if character in ("\t", _BLANK) or (category == "Zs" and character != _WIDE_BLANK):
        return " "
    return character


def _is_illegal(character: str) -> bool:
    code = ord(character)
    return unicodedata.category(character) in ("Cc", "Cs", "Co") or code & 0xFFFE == 0xFFFE or 0xFDD0 <= code <= 0xFDEF


def _name(text: str, at: int) -> str:
    before = "".join(character for character in text[max(0, at - _CONTEXT) : at] if character.isprintable()).strip()
    place = f"“{before}”后面的" if before else "开头的" if at == 0 else ""
    return f"{place}U+{ord(text[at]):04X}"


def _gbk_characters() -> dict[int, int]:
    """The present code of each character that Chinese systems kept at a private one."""
    trails = [trail for trail in range(0x50, 0xA1) if trail != 0x7F]
    present = [ord(bytes((0xFE, trail)).decode("gb18030")) for trail in trails]
    return dict(zip(_OLD_CODES, present, strict=True)) | _SINCE_2022


_GBK = _gbk_characters()
