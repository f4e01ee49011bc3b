"""The parts of a workbook (ECMA-376, transitional and strict) around its rows: sheets, looks of cells, shared texts."""

from __future__ import annotations

import io
import posixpath
import re
import zipfile
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass, field
from xml.parsers import expat

from domain.raised_text import lower_text, raise_text
from services.spreadsheets.formats import SheetError
from services.spreadsheets.number_formats import BUILT_IN, GENERAL, SINCE_1904, NumberFormat, parse_format
from services.spreadsheets.xml_parts import AddText, End, Start, Suspicious, TooMuch, XmlParts, attribute

NO_XLSX = "这不是有效的 .xlsx 文件，请用表格软件另存为 .xlsx 后再导入。"
DAMAGED = "文件内容已损坏，请用表格软件重新保存后再导入。"
TOO_MUCH = "文件解压后过大，请新建表格，只粘贴名单的文字后再导入。"
STRUCK = "有删除线，请删除划掉的内容，或去掉删除线"
TRUE = ("1", "true", "on")
_BROKEN = (
    zipfile.BadZipFile,
    zlib.error,
    expat.ExpatError,
    EOFError,
    LookupError,
    ValueError,
    OSError,
    NotImplementedError,
    RuntimeError,
)
_OTHERS: Mapping[str, str] = {
    "word/document.xml": "Word文档",
    "ppt/presentation.xml": "PPT",
    "xl/workbook.bin": ".xlsb表格",
    "content.xml": "ODS表格",
    "index/document.iwa": "Numbers表格",
}
"""Parts by which other files in the same container are recognised."""
_ENCODED = re.compile(r"_x([0-9A-Fa-f]{4})_")
_SURROGATE = re.compile("[\ud800-\udfff]")


@dataclass(frozen=True)
class Sheet:
    title: str
    part: str
    is_hidden: bool


@dataclass(frozen=True)
class Style:
    """How a cell looks. ``shift``: superscript, subscript or empty."""

    form: NumberFormat
    is_struck: bool = False
    shift: str = ""

    @property
    def is_plain(self) -> bool:
        return not self.is_struck and not self.shift and self.form.code in (GENERAL, "@")


@contextmanager
def sheet_errors() -> Iterator[None]:
    """Damage and excess as SheetError."""
    try:
        yield
    except TooMuch as error:
        raise SheetError(TOO_MUCH) from error
    except (Suspicious, *_BROKEN) as error:
        raise SheetError(DAMAGED) from error


def _ignore(_text: str) -> None:
    """A handler for parts of which only the beginnings of elements matter."""


class Package:
    """Raises SheetError with the reason for a file that is no workbook or that can't be read."""

    def __init__(self, content: bytes, unpacked_max: int, elements_max: int) -> None:
        try:
            archive = zipfile.ZipFile(io.BytesIO(content))
        except _BROKEN as error:
            raise SheetError(NO_XLSX) from error
        names = {name.replace("\\", "/").lower(): name for name in archive.namelist()}
        _refuse_others(archive, names)
        self._names = names
        self.days_added = 0
        with sheet_errors():
            self.parts = XmlParts(archive, unpacked_max, elements_max)
            workbook = next(iter(self._relations("", "officeDocument").values()), "xl/workbook.xml")
            if not self._find(workbook):
                raise SheetError(NO_XLSX)
            self.sheets = self._read_sheets(workbook)
            styles, strings = (
                next(iter(self._relations(workbook, kind).values()), f"xl/{kind}.xml")
                for kind in ("styles", "sharedStrings")
            )
            self.styles = self._read_styles(styles)
            self.strings, self.string_faults = self._read_strings(strings)

    def _find(self, part: str) -> str:
        """The name in the archive: some programs write it with other letters or strokes; empty: there is none."""
        return self._names.get(part.lower(), "")

    def _relations(self, part: str, kind: str) -> dict[str, str]:
        """Parts by the identifier of their relation to ``part``, the package for an empty one."""
        folder, name = posixpath.split(part)
        targets = dict[str, str]()

        def start(local: str, attributes: Mapping[str, str]) -> None:
            is_inside = attributes.get("TargetMode") != "External"
            if local == "Relationship" and is_inside and attributes.get("Type", "").endswith(f"/{kind}"):
                target = attributes.get("Target", "").replace("\\", "/")
                inside = posixpath.normpath(posixpath.join("/", folder, target)).lstrip("/")
                targets[attributes.get("Id", "")] = inside

        self._read(posixpath.join(folder, "_rels", f"{name}.rels"), start)
        return targets

    def _read(self, part: str, start: Start, end: End = _ignore, add_text: AddText = _ignore) -> None:
        """A part that is missing is empty."""
        if name := self._find(part):
            for _ in self.parts.stream(name, start, end, add_text):
                pass

    def _read_sheets(self, workbook: str) -> tuple[Sheet, ...]:
        """Without sheets that have no cells."""
        worksheets, sheets = self._relations(workbook, "worksheet"), list[Sheet]()

        def start(local: str, attributes: Mapping[str, str]) -> None:
            if local == "workbookPr" and attributes.get("date1904") in TRUE:
                self.days_added = SINCE_1904
            elif local == "sheet" and (part := self._find(worksheets.get(attribute(attributes, "id"), ""))):
                is_hidden = attributes.get("state", "visible") != "visible"
                sheets.append(Sheet(attributes.get("name", "")[:31], part, is_hidden))

        self._read(workbook, start)
        return tuple(sheets)

    def _read_styles(self, part: str) -> list[Style]:
        """In the order of the numbers by which cells name them."""
        codes, fonts, styles = dict(BUILT_IN), list[dict[str, str]](), list[Style]()
        section = ""
        forms = dict[str, NumberFormat]()

        def start(local: str, attributes: Mapping[str, str]) -> None:
            nonlocal section
            match local:
                case "numFmts" | "fonts" | "cellXfs" | "cellStyleXfs" | "dxfs" | "fills" | "borders" | "cellStyles":
                    section = local
                case "numFmt" if section == "numFmts":
                    codes[int(attributes["numFmtId"])] = attributes.get("formatCode", GENERAL)
                case "font" if section == "fonts":
                    fonts.append({})
                case "strike" | "vertAlign" if section == "fonts" and fonts:
                    fonts[-1][local] = attributes.get("val", "1")
                case "xf" if section == "cellXfs":
                    code = codes.get(int(attributes.get("numFmtId", "0")), GENERAL)
                    at = int(attributes.get("fontId", "0"))
                    font = fonts[at] if 0 <= at < len(fonts) else {}
                    form = forms.setdefault(code, parse_format(code))
                    styles.append(Style(form, font.get("strike", "0") in TRUE, _shift(font.get("vertAlign", ""))))

        self._read(part, start)
        return styles or [Style(parse_format(GENERAL))]

    def _read_strings(self, part: str) -> tuple[list[str], dict[int, str]]:
        """The shared texts, and for numbers of those that can't be read the reason."""
        texts, faults, reader = list[str](), dict[int, str](), TextReader()

        def start(local: str, attributes: Mapping[str, str]) -> None:
            if local == "si":
                reader.begin()
            else:
                reader.start(local, attributes)

        def end(local: str) -> None:
            if local != "si":
                reader.end(local)
                return
            text, fault = reader.text()
            if fault:
                faults[len(texts)] = fault
            texts.append(text)

        self._read(part, start, end, reader.add)
        return texts, faults


@dataclass
class TextReader:
    """Puts the runs of a text together: raised and lowered ones as such characters, without phonetic ones (拼音)."""

    _runs: list[str] = field(default_factory=list)
    _pieces: list[str] = field(default_factory=list)
    _fault: str = ""
    _shift: str = ""
    _is_text: bool = False
    _is_phonetic: bool = False

    def begin(self) -> None:
        self._runs, self._pieces = [], []
        self._fault = self._shift = ""
        self._is_text = self._is_phonetic = False

    def start(self, local: str, attributes: Mapping[str, str]) -> None:
        if local == "t":
            self._is_text = not self._is_phonetic
        elif local == "rPh":
            self._is_phonetic = True
        elif local == "r":
            self._shift = ""
        elif local == "vertAlign":
            self._shift = _shift(attributes.get("val", ""))
        elif local == "strike" and attributes.get("val", "1") in TRUE:
            self._fault = STRUCK

    def add(self, text: str) -> None:
        if self._is_text:
            self._pieces.append(text)

    def end(self, local: str) -> None:
        if local == "t" and self._is_text:
            text, self._pieces, self._is_text = decode("".join(self._pieces)), [], False
            if self._shift:
                text, fault = shift_text(text, self._shift)
                self._fault = self._fault or fault
            self._runs.append(text)
        elif local == "rPh":
            self._is_phonetic = False

    def text(self) -> tuple[str, str]:
        """The text, and why it can't be used; empty: it can."""
        return "".join(self._runs), self._fault


def decode(text: str) -> str:
    """``_x000D_`` is how files write a character that XML has no place for."""
    if "_x" in text:
        text = _ENCODED.sub(lambda match: chr(int(match[1], 16)), text)
        if _SURROGATE.search(text):
            text = text.encode("utf-16", "surrogatepass").decode("utf-16", "replace")
    return text.replace("\r\n", "\n").replace("\r", "\n") if "\r" in text else text


def shift_text(text: str, shift: str) -> tuple[str, str]:
    """The raised or lowered text, and why there is none; empty: there is one."""
    shifted = raise_text(text) if shift == "superscript" else lower_text(text)
    if shifted is not None:
        return shifted, ""
    name = "上标" if shift == "superscript" else "下标"
    return text, f"有{name}“{text[:20]}”，无法作为普通文字保存，请改写"


def _shift(text: str) -> str:
    return text if text in ("superscript", "subscript") else ""


def _refuse_others(archive: zipfile.ZipFile, names: Mapping[str, str]) -> None:
    if any(part.flag_bits & 1 for part in archive.infolist()):
        raise SheetError("文件已加密，请取消密码后另存为 .xlsx 再导入。")
    for part, other in _OTHERS.items():
        if part in names and "xl/workbook.xml" not in names:
            raise SheetError(f"这是{other}，请另存（或导出）为 .xlsx 后再导入。")
