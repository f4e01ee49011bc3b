"""What draws, lists and conditions need of an expert, as it follows from the file: the columns of ``expert``."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Protocol

from domain.experts.employments import ListedEmployers, Unit, employments_of, recusal_keys_of, rows_of
from domain.experts.file import ExpertFile, FileChange, fold
from domain.rulebook.book import Rulebook


class CataloguePaths(Protocol):
    """A pool's catalogues."""

    def exists(self, kind: str, code: str) -> bool: ...

    def path(self, kind: str, code: str) -> list[str]:
        """The code and its ancestors, from the bottom up."""
        ...


@dataclass(frozen=True)
class ExpertFacts:
    """Codes are the catalogue's; each path holds codes and all their ancestors. ``left_at`` None: in the pool."""

    number: str
    name: str
    id_number: str
    mobile: str
    membership_status: str
    permanent_region: str
    region_path: list[str]
    willing_regions: list[str]
    specialties: list[str]
    specialty_path: list[str]
    title_level: str
    qualifications: list[str]
    department: str
    remote_evaluation: bool
    emergency: bool
    term_until: datetime | None
    left_at: datetime | None
    left_reason: str
    recusal_keys: list[str]
    employments: list[Unit]


def facts_of(
    changes: Sequence[FileChange], book: Rulebook, paths: CataloguePaths, listed: ListedEmployers
) -> ExpertFacts:
    """``changes``: all of the file, oldest first. A code that the catalogue lacks has no ancestors."""
    file = fold(changes)
    values = file.values
    employments = employments_of(changes, listed)
    region, specialties = (
        _text(values.get("region")),
        [_text(row.get("code")) for row in rows_of(values.get("specialties"))],
    )
    held = [_text(row.get("code")) for row in rows_of(values.get("qualifications"))]
    left = file.since["left_reason"].at if values.get("left_reason") else None
    return ExpertFacts(
        number=_text(values.get("number")),
        name=_text(values.get("name")),
        id_number=_text(values.get("id_number")),
        mobile=_text(values.get("mobile")),
        membership_status=_text(values.get("membership")) or "formal",
        permanent_region=region,
        region_path=paths.path("region", region),
        willing_regions=_willing_regions(file, book, paths),
        specialties=specialties,
        specialty_path=_all_paths(paths, "specialty", specialties),
        title_level=_title_level(values.get("title_level"), paths),
        qualifications=_all_paths(
            paths, "qualification", [code for code in held if paths.exists("qualification", code)]
        ),
        department=_text(values.get("department")),
        remote_evaluation=values.get("remote_evaluation") is True,
        emergency=values.get("emergency") is True,
        term_until=datetime.fromisoformat(_text(values["term_until"])) if "term_until" in values else None,
        left_at=left,
        left_reason=_text(values.get("left_reason")),
        recusal_keys=recusal_keys_of(values, employments, own_employer_recused=book.form.own_employer_recused),
        employments=employments,
    )


def _willing_regions(file: ExpertFile, book: Rulebook, paths: CataloguePaths) -> list[str]:
    """As imported, until the expert says whether he accepts evaluation elsewhere: then the whole province, or his city
    only."""
    listed, remote = file.since.get("willing_regions"), file.since.get("remote_evaluation")
    imported = file.values.get("willing_regions")
    if isinstance(imported, list) and listed and (remote is None or remote.at <= listed.at):
        return [str(code) for code in imported]
    if file.values.get("remote_evaluation") is True:
        return [book.pool.region]
    region = _text(file.values.get("region"))
    return [next((code for code in paths.path("region", region) if _is_city(code)), region)]


def _title_level(value: object, paths: CataloguePaths) -> str:
    """The level's own code; a title below it (高级工程师) is mapped to it."""
    code = _text(value)
    return paths.path("title_level", code)[-1] if code and paths.exists("title_level", code) else ""


def _all_paths(paths: CataloguePaths, kind: str, codes: Iterable[str]) -> list[str]:
    return sorted({above for code in codes for above in paths.path(kind, code)})


def _is_city(code: str) -> bool:
    return code.endswith("00") and not code.endswith("0000")


def _text(value: object) -> str:
    return "" if value is None else str(value)
