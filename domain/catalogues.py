"""Catalogues of code, name, parent: regions, specialties (评标专业), title levels, qualifications, departments.

Regions are the Ministry of Civil Affairs' codes of administrative divisions (GB/T 2260), specialties the national
评标专家专业分类标准（试行）（发改法规〔2010〕1538号）, qualifications the national list of vocational qualifications.
A code covers its children: drawing from A08 draws from A0801 and A080101 too.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import Literal, Protocol, get_args

Kind = Literal["region", "specialty", "title_level", "qualification", "department"]
KINDS: tuple[Kind, ...] = get_args(Kind)

FILES: Mapping[Kind, str] = {
    "region": "regions.csv",
    "specialty": "specialties.csv",
    "title_level": "title_levels.csv",
    "qualification": "qualifications.csv",
    "department": "departments.csv",
}

_CODES: Mapping[Kind, re.Pattern[str]] = {
    "region": re.compile(r"[1-9]\d{5}"),
    "specialty": re.compile(r"[A-Z](\d{2}){0,3}"),
    "title_level": re.compile(r"\d{2}(\d{2})?"),
    "qualification": re.compile(r"Q\d{2}(\d{2})?"),
    "department": re.compile(r"D\d{2}(\d{2})?"),
}
_HEADER = ["code", "name", "parent"]
_NAME_MAX = 100


@dataclass(frozen=True)
class CatalogueItem:
    """One row; ``parent`` is a code of the same kind, empty at the top."""

    kind: Kind
    code: str
    name: str
    parent: str


class Names(Protocol):
    """Names and parents of codes; both are empty for a code that does not exist."""

    def name(self, kind: str, code: str) -> str: ...

    def parent(self, kind: str, code: str) -> str: ...


def region_prefix(code: str) -> str:
    """The common prefix of the codes of a region and of all below it: 440000 → 44, 440100 → 4401, 440106 → 440106.

    By pairs of digits, not by zeros: 500000 (Chongqing) is 50, not 5.
    """
    for ending in ("0000", "00"):
        if code.endswith(ending):
            return code.removesuffix(ending)
    return code


def full_name(kind: str, code: str, known: Names) -> str:
    """The name shown for a code: 设计 › 建筑工程 › 结构, 长沙市岳麓区; the code itself when it is unknown.

    Without the province of a region and the class (大类) of a specialty, unless that is all there is. Names of the
    other kinds are clear by themselves.
    """
    if kind not in _JOINTS:
        return known.name(kind, code) or code
    names: list[str] = []
    at, seen = code, set[str]()
    while at not in seen and (above := known.parent(kind, at)):
        names.insert(0, known.name(kind, at))
        seen.add(at)
        at = above
    return _JOINTS[kind].join(names) or known.name(kind, code) or code


_JOINTS: Mapping[str, str] = {"region": "", "specialty": " › "}


class CatalogueError(Exception):
    """An invalid catalogue. ``problems`` has a sentence for every bad row, each with its line."""

    def __init__(self, problems: list[str]) -> None:
        super().__init__("; ".join(problems))
        self.problems = problems


def read_entries(table: Sequence[tuple[int, list[str]]], kind: Kind) -> list[CatalogueItem]:
    """Parse a table's rows with their line numbers, heading first; a parent may come after its children.

    Raises CatalogueError with every bad row.
    """
    if not table or table[0][1] != _HEADER:
        raise CatalogueError([f"line 1: must be the heading {','.join(_HEADER)}"])
    body = [(line, row) for line, row in table[1:] if any(row)]
    codes = {row[0] for _, row in body}
    problems: list[str] = []
    entries: dict[str, CatalogueItem] = {}
    for line, row in body:
        row_problems = [f"line {line}: {reason}" for reason in _problems(row, kind, codes, entries)]
        if not row_problems:
            entries[row[0]] = CatalogueItem(kind, row[0], row[1], row[2])
        problems += row_problems
    if not body:
        problems.append("line 2: must hold at least one entry")
    if problems:
        raise CatalogueError(problems)
    return list(entries.values())


def _problems(row: list[str], kind: Kind, codes: set[str], entries: Mapping[str, CatalogueItem]) -> Iterator[str]:
    if len(row) != len(_HEADER):
        yield f"has {len(row)} cells instead of {len(_HEADER)}"
        return
    code, name, parent = row
    if not _CODES[kind].fullmatch(code):
        yield f"{code!r} is no code of a {kind}"
        return
    if code in entries:
        yield f"{code} stands twice"
    if not name:
        yield f"{code} has no name"
    elif len(name) > _NAME_MAX:
        yield f"{code} has a name longer than {_NAME_MAX} characters"
    if parent and parent not in codes:
        yield f"{code} has the unknown parent {parent!r}"
    elif not _may_be_parent(code, parent, kind):
        yield f"{code} can't lie under {parent!r}" if parent else f"{code} lacks its parent"


def is_code(kind: Kind, code: str) -> bool:
    """Whether a code has the form of its kind."""
    return bool(_CODES[kind].fullmatch(code))


def possible_parents(kind: Kind, code: str) -> list[str]:
    """Codes under which a code may lie, the nearest first; none for one at the top."""
    if kind == "region":
        above = [f"{code[:4]}00", f"{code[:2]}0000"]
    else:
        above = [code[:length] for length in range(len(code) - 1, 0, -1)]
    return [parent for parent in dict.fromkeys(above) if parent != code and _may_be_parent(code, parent, kind)]


def _may_be_parent(code: str, parent: str, kind: Kind) -> bool:
    """Whether a code can have this parent. Codes imply their place in the tree, so this detects wrong parents and
    thereby every cycle."""
    if kind == "region":
        if code.endswith("0000"):
            return parent == ""
        province = f"{code[:2]}0000"
        return parent == province or (not code.endswith("00") and parent == f"{code[:4]}00")
    above = code[0] if kind == "specialty" and len(code) == 3 else code[:-2]
    is_top = len(code) == 1 if kind == "specialty" else not _CODES[kind].fullmatch(above)
    return parent == "" if is_top else parent == above
