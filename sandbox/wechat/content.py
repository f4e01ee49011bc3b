"""What an account's messages look like on a phone: texts with links, menus, cards."""

from __future__ import annotations

import html
import re
from urllib.parse import parse_qs, urlsplit

from sandbox import jsons
from sandbox.jsons import Json
from sandbox.phones import PhoneLink, Segment

_ANCHOR = re.compile(r"<a\b([^>]*)>(.*?)</a>", re.IGNORECASE | re.DOTALL)
_ATTRIBUTE = re.compile(r"""([\w-]+)\s*=\s*("[^"]*"|'[^']*')""")
_BARE_URL = re.compile(r"https?://[^\s<>\"'，。；、）】》]+")


def segments_of(text: str) -> list[Segment]:
    """Plain pieces and links of a text message: anchors, choice links, mini-program links, bare addresses."""
    segments: list[Segment] = []
    end = 0
    for match in _ANCHOR.finditer(text):
        segments += _with_bare_urls(text[end : match.start()])
        label = html.unescape(match.group(2))
        segments.append(Segment(label, link_of(label, _attributes(match.group(1)))))
        end = match.end()
    segments += _with_bare_urls(text[end:])
    return segments


def _attributes(raw: str) -> dict[str, str]:
    return {name.lower(): html.unescape(value[1:-1]) for name, value in _ATTRIBUTE.findall(raw)}


def link_of(label: str, attributes: dict[str, str]) -> PhoneLink | None:
    """None for an anchor without an address."""
    href = attributes.get("href", "")
    if attributes.get("data-miniprogram-appid"):
        page = attributes.get("data-miniprogram-path", "")
        return PhoneLink(label, "mini", url=href, appid=attributes["data-miniprogram-appid"], pagepath=page)
    parts = urlsplit(href)
    if parts.scheme == "weixin" and parts.netloc == "bizmsgmenu":
        query = parse_qs(parts.query, keep_blank_values=True)
        content = query.get("msgmenucontent", [""])[0]
        return PhoneLink(label, "menu", menu_id=query.get("msgmenuid", [""])[0], content=content or label)
    return PhoneLink(label, "url", url=href) if href else None


def _with_bare_urls(text: str) -> list[Segment]:
    segments: list[Segment] = []
    end = 0
    for match in _BARE_URL.finditer(text):
        if match.start() > end:
            segments.append(Segment(text[end : match.start()]))
        segments.append(Segment(match.group(), PhoneLink(match.group(), "url", url=match.group())))
        end = match.end()
    if end < len(text):
        segments.append(Segment(text[end:]))
    return segments


def menu_segments(menu: Json) -> list[Segment]:
    """A msgmenu: head, one choice a line, tail. Ids that are not digits are sent back as ``0``, as by WeChat."""
    segments = [Segment(jsons.text(menu, "head_content"))]
    for item in jsons.objects(menu, "list"):
        content, menu_id = jsons.text(item, "content"), jsons.text(item, "id")
        sent_id = menu_id if menu_id.isascii() and menu_id.isdigit() else "0"
        segments += [Segment("\n"), Segment(content, PhoneLink(content, "menu", menu_id=sent_id, content=content))]
    if tail := jsons.text(menu, "tail_content"):
        segments += [Segment("\n"), Segment(tail)]
    return segments


def article_segments(articles: list[Json]) -> list[Segment]:
    """News cards."""
    segments: list[Segment] = []
    for article in articles:
        title, url = jsons.text(article, "title"), jsons.text(article, "url")
        text = jsons.text(article, "description")
        if segments:
            segments.append(Segment("\n"))
        segments.append(Segment(title, PhoneLink(title, "url", url=url) if url else None))
        if text:
            segments.append(Segment("\n" + text))
    return segments
