"""Texts of questions with markup, as plain text: markup with a meaning becomes characters of the same meaning, or the
question is refused. None is dropped: 10⁶ must not become 106."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass, field
from html import unescape
from typing import Literal, get_args

from domain.raised_text import lower_text, raise_text
from domain.typed_text import tidy_text

TextForm = Literal["html", "moodle", "markdown", "plain"]
"""``moodle`` is HTML in which lines count, and plain text where there is no markup."""
TEXT_FORMS: tuple[TextForm, ...] = get_args(TextForm)
_BLOCKS = frozenset(
    ("p", "br", "div", "h1", "h2", "h3", "h4", "h5", "h6", "ol", "ul", "li", "dl", "dt", "dd")
) | frozenset(("pre", "hr", "blockquote", "section", "article", "header", "footer", "center"))
_INLINE = frozenset(
    ("a", "abbr", "b", "big", "cite", "code", "em", "font", "i", "ins", "kbd", "label", "mark", "q", "samp", "small")
) | frozenset(("span", "strong", "sub", "sup", "tt", "u", "var"))
"""They have to be closed, or a < is part of the text."""
_SHIFTING = frozenset(("sup", "sub", "span", "font"))
_WITHOUT_MEANING = frozenset(("html", "head", "body", "meta", "link", "title", "wbr", "o:p"))
_REFUSED = {
    **dict.fromkeys(["img", "picture", "svg", "canvas", "map"], "图片"),
    **dict.fromkeys(["table", "thead", "tbody", "tr", "td", "th"], "表格"),
    **dict.fromkeys(["audio", "video", "source", "track"], "音视频"),
    **dict.fromkeys(["iframe", "object", "embed"], "嵌入的内容"),
    **dict.fromkeys(["input", "select", "textarea", "button", "form"], "输入框"),
    **dict.fromkeys(["s", "strike", "del"], "删除线"),
    **dict.fromkeys(["ruby", "rt", "rp"], "注音"),
    "math": "公式",
}
_MENTIONED = {
    "划线": frozenset(("u", "ins")),
    "加粗": frozenset(("b", "strong")),
    "粗体": frozenset(("b", "strong")),
    "黑体": frozenset(("b", "strong")),
    "斜体": frozenset(("i", "em")),
}
"""Words of a text that refer to how a part of it looks."""
_RAW_TEXTS = {name: re.compile(f"</{name}(?![a-z])", re.IGNORECASE) for name in ("script", "style")}
"""Elements whose content is no text for people, and their ends."""
_MARKUP = re.compile(r"<(?=[A-Za-z!?]|/[A-Za-z])")
_TAG_NAME = re.compile(r"/?[A-Za-z][A-Za-z0-9:]*")
_TAG_END_OR_QUOTE = re.compile(">|(?<==)[\"']")
_SPACES = re.compile(r"[ \t\n\r\f]+")
_KNOWN_TAG = re.compile(
    rf"</?(?:{'|'.join(sorted((_BLOCKS | _INLINE | set(_REFUSED)) - {'o:p'}))})(?:\s[^<>]*)?/?>", re.IGNORECASE
)
_ENTITY = re.compile(r"&(?:[A-Za-z][A-Za-z0-9]*|#[0-9]+|#[xX][0-9A-Fa-f]+);")
_MARKDOWN = re.compile(r"[*_`#|~^<]|\[[^\[\]]*\]\(|^[ \t]*(?:>|[-+][ \t]|\d+[.)][ \t])", re.MULTILINE)
_SHIFTED = re.compile(r"vertical-align\s*:\s*(super|sub)\b", re.IGNORECASE)
_STRUCK = re.compile(r"line-through", re.IGNORECASE)
_UNSEEN = re.compile(r"display\s*:\s*none|visibility\s*:\s*hidden", re.IGNORECASE)
_ATTRIBUTE = "{}\\s*=\\s*[\"']?([A-Za-z0-9]+)"
_ROMAN = ("i", "ii", "iii", "iv", "v", "vi", "vii", "viii", "ix", "x")


class BadMarkup(Exception):
    """Markup that plain text can't express; the text is the reason."""


def read_markup(text: str, form: TextForm) -> str:
    """The text as it is seen. Raises BadMarkup."""
    if form == "plain":
        return text.strip()
    if form == "markdown":
        if _MARKDOWN.search(text) or _ENTITY.search(text):
            raise BadMarkup("文字用了Markdown标记，不能批量导入，请改为纯文本")
        return text.strip()
    if form == "moodle":
        if not _KNOWN_TAG.search(text) and not _ENTITY.search(text):
            _refuse_formulas(text)
            return text.strip()
        text = text.replace("\n", "<br>")
    reader = _Reader()
    for name, content in _tokens(text):
        if name:
            reader.take_tag(name, content)
        else:
            reader.add(content)
    return reader.finish()


def needs_plain_mark(text: str) -> bool:
    """Whether a reader of ``moodle`` texts would take a plain text for something else."""
    return "<" in text or "&" in text or "$$" in text or "\\" in text


@dataclass
class _List:
    """``kind``: how its items are numbered, empty for none."""

    kind: str
    number: int


@dataclass
class _Reader:
    _parts: list[str] = field(default_factory=list)
    _open: list[tuple[str, str, int]] = field(default_factory=list)
    """Tags that may shift their text: name, how, and how many parts stood before."""
    _lists: list[_List] = field(default_factory=list)
    _balance: Counter[str] = field(default_factory=Counter)
    _seen: set[str] = field(default_factory=set)
    _preformatted: int = 0

    def add(self, text: str) -> None:
        self._parts.append(text if self._preformatted else _SPACES.sub(" ", text))

    def take_tag(self, name: str, attributes: str) -> None:
        bare = name.removeprefix("/")
        if bare in _REFUSED:
            raise BadMarkup(f"本题含{_REFUSED[bare]}，不能批量导入，请在题库中单独新建")
        if bare not in _BLOCKS | _INLINE | _WITHOUT_MEANING and bare not in _RAW_TEXTS:
            raise BadMarkup(f"有无法识别的标记“<{name[:20]}>”，请改为纯文本；小于号请写成&lt;")
        if bare in _INLINE:
            self._balance[bare] += 1 if bare == name else -1
            self._seen.add(bare)
        if bare in ("ol", "ul"):
            self._take_list(name, attributes)
        elif bare == "pre":
            self._preformatted += 1 if bare == name else -1
        elif bare == "q":
            self._parts.append("“" if bare == name else "”")
        if bare in _BLOCKS:
            self._parts.append("\n")
        if name == "li" and self._lists and self._lists[-1].kind:
            self._parts.append(self._label(attributes))
        if bare == name:
            self._begin(name, attributes)
        else:
            self._finish(bare)

    def _begin(self, name: str, attributes: str) -> None:
        if _STRUCK.search(attributes):
            raise BadMarkup("本题含删除线，不能批量导入，请删除划掉的文字")
        if _UNSEEN.search(attributes):
            raise BadMarkup("本题含看不见的文字，不能批量导入，请删除")
        shifted = _SHIFTED.search(attributes)
        if name in _SHIFTING:
            shift = name if name in ("sup", "sub") else shifted[1][:3].lower() if shifted else ""
            self._open.append((name, shift, len(self._parts)))
        elif shifted:
            raise BadMarkup("本题含上标或下标，无法作为普通文字保存，请改写")

    def _finish(self, name: str) -> None:
        if name not in _SHIFTING:
            return
        if not self._open or self._open[-1][0] != name:
            raise _unpaired(name)
        _, shift, start = self._open.pop()
        if not shift:
            return
        text = "".join(self._parts[start:])
        shifted = raise_text(text) if shift == "sup" else lower_text(text)
        if shifted is None:
            kind = "上标" if shift == "sup" else "下标"
            raise BadMarkup(f"有{kind}“{text[:20]}”，无法作为普通文字保存，请改写")
        self._parts[start:] = [shifted]

    def _take_list(self, name: str, attributes: str) -> None:
        if name.startswith("/"):
            if self._lists:
                self._lists.pop()
        elif name == "ul":
            self._lists.append(_List("", 0))
        else:
            kind, start = _find_attribute(attributes, "type"), _find_attribute(attributes, "start")
            if re.search(r"\breversed\b", attributes):
                raise BadMarkup("本题含倒着编号的列表，不能批量导入，请改为纯文本")
            self._lists.append(_List(kind or "1", int(start) if start.isdecimal() else 1))

    def _label(self, attributes: str) -> str:
        top = self._lists[-1]
        value = _find_attribute(attributes, "value")
        number = int(value) if value.isdecimal() else top.number
        top.number = number + 1
        letters = {"a": "abcdefghijklmnopqrstuvwxyz", "i": _ROMAN}.get(top.kind.lower())
        if letters is None:
            return f"{number}. "
        if not 1 <= number <= len(letters):
            raise BadMarkup("列表的编号过大，请改为纯文本")
        label = letters[number - 1]
        return f"{label.upper() if top.kind.isupper() else label}. "

    def finish(self) -> str:
        if unpaired := [name for name, count in self._balance.items() if count]:
            raise _unpaired(unpaired[0])
        lines = tidy_text("".join(self._parts), lines=True).split("\n")
        text = "\n".join(line for raw in lines if (line := " ".join(filter(None, raw.split(" ")))))
        for word, tags in _MENTIONED.items():
            if word in text and tags & self._seen:
                raise BadMarkup(f"题目提到“{word}”的部分，纯文本无法表示，请改写后再导入")
        _refuse_formulas(text)
        return text


def _unpaired(name: str) -> BadMarkup:
    return BadMarkup(f"标记“<{name}>”不成对，请检查；小于号请写成&lt;")


def _refuse_formulas(text: str) -> None:
    """TeX, which Moodle shows as a formula."""
    for opening, closing in (("$$", "$$"), ("\\(", "\\)"), ("\\[", "\\]")):
        begin = text.find(opening)
        if begin >= 0 and text.find(closing, begin + 2) >= 0:
            raise BadMarkup("本题含公式，不能批量导入，请改写为普通文字，如10⁶")


def _find_attribute(attributes: str, name: str) -> str:
    match = re.search(rf"(?<![\w-]){_ATTRIBUTE.format(name)}", attributes, re.IGNORECASE)
    return match[1][:6] if match else ""


def _tokens(html: str) -> Iterator[tuple[str, str]]:
    """Names of tags with their attributes, and texts without a name; that of an end begins with a slash.

    Each character is read once: ``html.parser`` looks for the end of each unclosed tag anew, for 200,000 characters of
    ``<a`` half a minute. Raises BadMarkup for a tag that never ends.
    """
    at = 0
    while at < len(html):
        begin = _find_markup(html, at)
        if begin > at:
            yield "", unescape(html[at:begin])
        if begin == len(html):
            return
        name, attributes, at = _read_tag(html, begin)
        if name:
            yield name, attributes
        if name in _RAW_TEXTS:
            end = _RAW_TEXTS[name].search(html, at)
            at = end.start() if end else len(html)


def _find_markup(html: str, at: int) -> int:
    """Where the next tag, comment or declaration begins; the length of the text if there is none."""
    markup = _MARKUP.search(html, at)
    return markup.start() if markup else len(html)


def _read_tag(html: str, begin: int) -> tuple[str, str, int]:
    """The name of the tag that begins here, empty for a comment, its attributes, and where the text goes on."""
    is_comment = html.startswith("<!--", begin)
    end = html.find("-->", begin + 4) + 3 if is_comment else _find_tag_end(html, begin)
    if end < 3:
        raise BadMarkup(f"标记“{html[begin : begin + 20]}”没有结束，请检查；小于号请写成&lt;")
    if is_comment:
        return "", "", end
    name = _TAG_NAME.match(html, begin + 1)
    return (name[0].lower(), html[name.end() : end - 1], end) if name else ("", "", end)


def _find_tag_end(html: str, at: int) -> int:
    """The position after the next > that stands in no quoted value; 0 if there is none."""
    while mark := _TAG_END_OR_QUOTE.search(html, at):
        if mark[0] == ">":
            return mark.end()
        at = html.find(mark[0], mark.end()) + 1
        if not at:
            break
    return 0
