"""Finds and defuses links in texts that one person types and another reads in a chat.

WeChat makes links of addresses with and without ``http``, of ``<a href>``, of its own ``weixin://`` and of the
``#小程序://`` of mini-programs. Full-width letters are read as half-width and invisible characters ignored, as a phone
may do.
"""

from __future__ import annotations

import re
import unicodedata

_LINK = re.compile(
    r"(?<![a-z#小程序])[a-z#小程序]*+:/+\S*"  # any scheme with slashes
    r"|(?:javascript|data|mailto|weixin|wxp|tel|sms):\S*"
    r"|www\.\S*"
    r"|(?<![a-z0-9.-])[a-z0-9.-]*?(?<=[a-z0-9-])\.(?:[a-z]{2,24}|xn--[a-z0-9-]+)(?![a-z0-9])\S*"  # a site, an e-mail
    r"|(?<![\w-])[\w-]++\.(?:中国|公司|网络|网址|集团|在线|商城|网店|我爱你)"
    r"|(?<![\d.])(?:\d{1,3}\.){3}\d{1,3}(?![\d.])\S*",
    re.IGNORECASE,
)
_DOTS = str.maketrans({"。": ".", "｡": ".", "．": ".", "․": ".", "∕": "/", "⁄": "/", "：": ":"})
_BETWEEN = re.compile(r"(?<=[A-Za-z0-9])[。｡](?=[A-Za-z])")
"""A Chinese full stop between Latin letters, which a browser reads as a dot."""
_BRACKETS = str.maketrans({"<": "‹", ">": "›"})
_HARMLESS = str.maketrans({".": "．", ":": "：", "/": "／"})


def find_link(text: str) -> str:
    """The part of a text that a chat could turn into a link; empty: none. A ``<`` counts, since it begins one."""
    plain = _visible_text(text)
    link = _LINK.search(plain)
    return link.group() if link else "<" if "<" in plain else ""


def strip_links(text: str) -> str:
    """The same text without anything tappable, for texts that were stored before links were refused."""
    if not find_link(text):
        return text.translate(_BRACKETS)
    plain = _LINK.sub(lambda link: link.group().translate(_HARMLESS), _visible_text(text))
    return plain.translate(_BRACKETS)


def _visible_text(text: str) -> str:
    """Compatibility forms and dots of any width normalised, invisible characters removed."""
    visible = "".join(letter for letter in text if unicodedata.category(letter) != "Cf")
    plain = unicodedata.normalize("NFKC", _BETWEEN.sub(".", visible))
    return plain.translate({key: value for key, value in _DOTS.items() if key != ord("。")})
