"""Finds active parts of an office document: fields that run programs, external relations, formulas that fetch."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import dataclass
from xml.parsers import expat

from services.inspection.link_targets import is_dangerous_target
from services.spreadsheets.xml_parts import DEPTH_MAX

_FIELDS = frozenset(
    (
        "DDE",
        "DDEAUTO",
        "INCLUDE",
        "INCLUDETEXT",
        "INCLUDEPICTURE",
        "IMPORT",
        "LINK",
        "EMBED",
        "RD",
        "DATABASE",
        "MACROBUTTON",
        "CONTROL",
        "HTMLCONTROL",
    )
)
"""Kinds of fields that execute something or fetch it from elsewhere."""
_RELATIONS = frozenset(
    (
        "vbaproject",
        "wordvbadata",
        "activexcontrol",
        "activexcontrolbinary",
        "control",
        "oleobject",
        "package",
        "attachedtemplate",
        "afchunk",
        "subdocument",
        "frame",
        "externallink",
        "externallinkpath",
        "xlexternallinkpath",
        "connections",
        "querytable",
        "xlmacrosheet",
        "xlintlmacrosheet",
        "dialogsheet",
        "extensibility",
        "mailmergesource",
        "mailmergeheadersource",
        "recipientdata",
        "attachedtoolbars",
        "keymapcustomizations",
        "webextension",
        "webextensiontaskpanes",
    )
)
_CONTENTS = re.compile(
    r"macroenabled|vbaproject|activex|oleobject|externallink|connections|macrosheet|dialogsheet|webextension",
    re.IGNORECASE,
)
"""Kinds of content that execute, embed or fetch something."""
_ELEMENTS = frozenset(("altChunk", "ddeLink", "oleLink", "externalBook", "OLEObject", "object", "control", "dbPr"))
_FORMULA = re.compile(r"\b(?:WEBSERVICE|CALL|REGISTER(?:\.ID)?|EXEC|RTD|IMAGE|FILTERXML)\s*\(|\|\s*'", re.IGNORECASE)
_FIRST = re.compile(r"[^\s\"\\]+")


class Damaged(Exception):
    """Not XML as office programs write it."""


@dataclass
class _Field:
    """A field whose instruction is not complete yet, since Word splits it into runs."""

    instruction: str = ""
    complete: bool = False


def has_active_content(xml: bytes) -> bool:
    """Whether a part executes a program, or fetches something from elsewhere. Raises Damaged for invalid XML."""
    return _Part().read(xml)


class _Part:
    def __init__(self) -> None:
        self._fields: list[_Field] = []
        self._text_sink: Callable[[str], None] | None = None
        self._formula: list[str] = []
        self._depth = 0
        self._is_active = False

    def read(self, xml: bytes) -> bool:
        parser = expat.ParserCreate(namespace_separator=" ")
        parser.buffer_text = True
        parser.StartElementHandler, parser.EndElementHandler = self._start, self._end
        parser.CharacterDataHandler = lambda text: self._text_sink(text) if self._text_sink else None
        parser.StartDoctypeDeclHandler = _refuse_doctype
        try:
            parser.Parse(xml, True)
        except expat.ExpatError as error:
            raise Damaged from error
        return self._is_active or any(_is_active_field(field.instruction) for field in self._fields)

    def _start(self, name: str, attributes: dict[str, str]) -> None:
        self._depth += 1
        if self._depth > DEPTH_MAX:
            raise Damaged
        local = name.rpartition(" ")[2]
        values = {key.rpartition(" ")[2]: value for key, value in attributes.items()}
        match local:
            case "Relationship":
                self._is_active |= _is_active_relation(values)
            case "Default" | "Override":
                self._is_active |= _CONTENTS.search(values.get("ContentType", "")) is not None
            case "fldSimple":
                self._is_active |= _is_active_field(values.get("instr", ""))
            case "fldChar":
                self._note_field_boundary(values.get("fldCharType", ""))
            case "instrText" | "delInstrText":
                self._text_sink = self._add_instruction
            case "f" | "definedName" | "formula1" | "formula2" | "formula":
                self._formula = []
                self._text_sink = self._formula.append
            case _ if local in _ELEMENTS:
                self._is_active |= local not in ("object", "control") or "wordprocessingml" in name

    def _end(self, name: str) -> None:
        self._depth -= 1
        local = name.rpartition(" ")[2]
        if local in ("instrText", "delInstrText"):
            self._text_sink = None
        elif self._text_sink is not None and local in ("f", "definedName", "formula1", "formula2", "formula"):
            self._text_sink = None
            self._is_active |= _FORMULA.search("".join(self._formula)) is not None

    def _note_field_boundary(self, kind: str) -> None:
        """A field begins, has its instruction, or ends. A field that begins before the outer one has named its kind
        computes that kind, which real workbooks never do."""
        if kind == "begin":
            outer = self._fields[-1] if self._fields else None
            self._is_active |= outer is not None and not outer.complete and not outer.instruction.strip()
            self._fields.append(_Field())
        elif self._fields:
            self._fields[-1].complete = True
            self._is_active |= _is_active_field(self._fields[-1].instruction)
            if kind == "end":
                self._fields.pop()

    def _add_instruction(self, text: str) -> None:
        if not self._fields:
            self._fields.append(_Field())  # without a beginning: judged at the end
        self._fields[-1].instruction += text


def _is_active_field(instruction: str) -> bool:
    kind = _FIRST.search(instruction)
    return kind is not None and kind[0].upper() in _FIELDS


def _is_active_relation(values: dict[str, str]) -> bool:
    """Whether a relation is dangerous. A link that a person follows isn't, if it leads to a page."""
    kind, target = values.get("Type", "").rpartition("/")[2].lower(), values.get("Target", "")
    if values.get("TargetMode", "").lower() == "external":
        return kind != "hyperlink" or is_dangerous_target(target)
    return kind in _RELATIONS


def _refuse_doctype(*_args: object) -> None:
    raise Damaged
