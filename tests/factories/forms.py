"""Forms filled in well, for the three provinces with a manual for applicants and the demo."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cache
from pathlib import Path

from app.rulebook_files import load_catalogues
from domain.forms.checking import CatalogueView, PersonFacts, fields_of, person_facts
from domain.rulebook.book import Rulebook
from domain.rulebook.form import EntryType
from tests.factories.people import BANK_ACCOUNT
from tests.factories.rulebooks import load_rulebook

RULEBOOKS = Path("config/rulebooks")
CATALOGUES = Path("config/catalogues")
EMPLOYER = "0193a5c2-7d1e-7c3a-9b1f-2d3e4f5a6b7c"
CREDIT_CODE = "91310110076408176P"

STUDIES = {"education": "大专及以下", "degree": "无", "school": "乌鲁木齐职业大学", "major": "工民建"} | {
    "since": "2001-03-01",
    "until": "2002-07-02",
}
REGIONS = {"hunan": "430104", "xinjiang": "650200", "jilin": "220122", "demo": "440106", "guangdong": "440106"}
"""岳麓区, 克拉玛依市, 农安县, 天河区."""


@dataclass(frozen=True)
class FileCatalogues:
    """A ``CatalogueView`` over the CSV files of a pool, with one employer."""

    names: dict[tuple[str, str], str]
    parents: dict[tuple[str, str], str]
    above: frozenset[tuple[str, str]]

    def exists(self, kind: str, code: str) -> bool:
        return (kind, code) in self.names

    def has_children(self, kind: str, code: str) -> bool:
        return (kind, code) in self.above

    def name(self, kind: str, code: str) -> str:
        return self.names.get((kind, code), "")

    def parent(self, kind: str, code: str) -> str:
        return self.parents.get((kind, code), "")


@cache
def book_of(pool: str) -> Rulebook:
    return load_rulebook(RULEBOOKS / f"{pool}.toml")


@cache
def catalogue_of(pool: str) -> CatalogueView:
    book = book_of(pool)
    loaded = load_catalogues(CATALOGUES, book.pool.region, book.pool.catalogue)
    entries = [entry for kind in loaded.values() for entry in kind]
    return FileCatalogues(
        {(e.kind, e.code): e.name for e in entries} | {("employer", EMPLOYER): "湖南省建筑设计院集团股份有限公司"},
        {(e.kind, e.code): e.parent for e in entries},
        frozenset((e.kind, e.parent) for e in entries if e.parent),
    )


def applicant(id_number: str = "430104197506150010") -> PersonFacts:
    return person_facts("苏航", id_number, "13873112345")


def good_values(pool: str, entry_type: EntryType = "first") -> dict[str, object]:
    """A value for every field of the pool's form that is typed or chosen."""
    return {
        code: _value(pool, code)
        for code, field in fields_of(book_of(pool).form, entry_type).items()
        if not field.account and field.kind != "file"
    }


def good_attachments(pool: str, entry_type: EntryType = "first") -> dict[str, int]:
    """One file for every place that asks for one, rows of records included."""
    counts: dict[str, int] = {}
    for code, field in fields_of(book_of(pool).form, entry_type).items():
        if field.kind == "file":
            counts[code] = 1
        for part, column in field.parts.items():
            if column.kind == "file":
                counts[f"{code}[0].{part}"] = 1
    return counts


def _value(pool: str, code: str) -> object:
    known: dict[str, object] = {
        "political_status": "民主党派",
        "region": REGIONS[pool],
        "address": "解放路1号",
        "email": "suhang@example.com",
        "employer": EMPLOYER if book_of(pool).form.employer_from_list else "新疆建筑设计研究院有限公司",
        "employer_code": CREDIT_CODE,
        "office_phone": "0991-8837410",
        "work_history": [{"unit": "湖南省建筑设计院", "position": "总工程师", "since": "2008-07"}],
        "career": "2008年7月起在设计院从事结构设计。",
        "education": "硕士研究生",
        "degree": "硕士",
        "school": "湖南大学",
        "major": "土木工程",
        "title_level": "2001",
        "further_titles": [{"code": "3001"}],
        "qualifications": [{"code": "Q0301", "number": "S20094300123"}],
        "field_of_work": "A0401",
        "years_in_field": 18,
        "remote_evaluation": True,
        "emergency": False,
        "backup_mobile": "13973112345",
        "specialties": [{"code": "A080101", "choice": "preferred"}],
        "strengths": "大跨结构。",
        "experience": "无",
        "entry_kind": "续聘",
        "studies": [STUDIES],
        "bank_name": "中国银行乌鲁木齐天山区支行",
        "bank_account": BANK_ACCOUNT,
        "recusal_units": [{"name": "某某建设集团有限公司", "code": CREDIT_CODE, "note": "配偶任职"}],
    }
    return known[code]
