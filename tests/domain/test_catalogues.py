"""Catalogues are read row by row; every bad row is reported with its line number."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.rulebook_files import load_catalogues, parse_catalogue
from domain.catalogues import FILES, KINDS, CatalogueError, CatalogueItem, Kind, region_prefix

FOLDER = Path("config/catalogues")
HEAD = "code,name,parent\n"


def problems(text: str, kind: Kind = "specialty") -> list[str]:
    with pytest.raises(CatalogueError) as caught:
        parse_catalogue(text, kind)
    return caught.value.problems


def test_rows_keep_their_order_and_parents_may_follow() -> None:
    assert parse_catalogue(f"{HEAD}A08,工程施工,A\nA,工程类,\n", "specialty") == [
        CatalogueItem("specialty", "A08", "工程施工", "A"),
        CatalogueItem("specialty", "A", "工程类", ""),
    ]


def test_a_file_saved_by_excel_is_read_too() -> None:
    text = "\ufeff" + f'{HEAD}A,"工程类, 甲",\n\n A08 , 工程施工 ,A\n'.replace("\n", "\r\n")
    assert [entry.name for entry in parse_catalogue(text, "specialty")] == ["工程类, 甲", "工程施工"]


@pytest.mark.parametrize(
    ("body", "told"),
    [
        ("A,工程类,\nA,工程,\n", "line 3: A stands twice"),
        ("A08,工程施工,A\n", "line 2: A08 has the unknown parent 'A'"),
        ("a08,工程施工,\n", "line 2: 'a08' is no code of a specialty"),
        ("A1,x,\n", "line 2: 'A1' is no code of a specialty"),
        ("A,,\n", "line 2: A has no name"),
        (f"A,{'长' * 101},\n", "line 2: A has a name longer than 100 characters"),
        ("A,工程类\n", "line 2: has 2 cells instead of 3"),
        ("A,工程类,\nA08,工程施工,\n", "line 3: A08 lacks its parent"),
        ("A,工程类,\nB,货物类,\nA08,工程施工,B\n", "line 4: A08 can't lie under 'B'"),
        ("A,工程类,A\n", "line 2: A can't lie under 'A'"),
        ("", "line 2: must hold at least one entry"),
        ('A,"工程类,\n', "is no CSV"),
    ],
)
def test_a_bad_row_is_reported_with_its_line(body: str, told: str) -> None:
    assert told in problems(HEAD + body)[0]


def test_all_bad_rows_are_reported_at_once() -> None:
    assert [p.split(":")[0] for p in problems(f"{HEAD}A,,\nA,x,\nA,y,\nzz,x,\n")] == ["line 2", "line 4", "line 5"]


def test_a_wrong_heading_is_refused() -> None:
    assert problems("name,code,parent\n") == ["line 1: must be the heading code,name,parent"]
    assert problems("") == ["line 1: must be the heading code,name,parent"]


def test_a_region_lies_under_its_city_or_province() -> None:
    rows = "440000,广东省,\n440100,广州市,440000\n440106,天河区,440100\n441900,东莞市,440000\n659001,石河子市,650000\n"
    assert len(parse_catalogue(f"{HEAD}{rows}650000,新疆维吾尔自治区,\n", "region")) == 6
    assert problems(f"{HEAD}{rows}", "region") == ["line 6: 659001 has the unknown parent '650000'"]
    assert problems(f"{HEAD}440000,广东省,\n440100,广州市,\n", "region") == ["line 3: 440100 lacks its parent"]


@pytest.mark.parametrize("region", ["430000", "650000", "220000", "440000"])
def test_every_catalogue_of_every_province_is_well(region: str) -> None:
    loaded = load_catalogues(FOLDER, region)
    assert set(loaded) == set(KINDS)
    assert all(entry.code.startswith(region[:2]) for entry in loaded["region"])


def test_the_country_has_all_its_provinces_and_cities() -> None:
    regions = parse_catalogue((FOLDER / "common" / FILES["region"]).read_text(encoding="utf-8"), "region")
    assert sum(entry.parent == "" for entry in regions) == 34
    cities = {r: sum(e.code.endswith("00") and e.parent == r for e in regions) for r in ("430000", "220000", "440000")}
    assert cities == {"430000": 14, "220000": 9, "440000": 21}
    assert sum(entry.code.startswith("6590") for entry in regions) == 12


@pytest.mark.parametrize(
    ("kind", "code", "name"),
    [
        ("specialty", "A01", "规划"),
        ("specialty", "A08", "工程施工"),
        ("specialty", "A0401", "建筑工程"),
        ("specialty", "A0201", "项目建议、可行性研究、评估及后评价"),
        ("region", "440103", "荔湾区"),
        ("region", "650200", "克拉玛依市"),
        ("region", "220122", "农安县"),
        ("title_level", "20", "副高级"),
        ("qualification", "Q09", "一级注册建造师"),
    ],
)
def test_what_the_manuals_show_is_there(kind: Kind, code: str, name: str) -> None:
    entries = parse_catalogue((FOLDER / "common" / FILES[kind]).read_text(encoding="utf-8"), kind)
    assert [entry.name for entry in entries if entry.code == code] == [name]


def test_a_region_s_codes_begin_as_its_own_by_pairs_of_digits() -> None:
    codes = ("440000", "440100", "440106", "442000", "500000", "501000")
    assert [region_prefix(code) for code in codes] == ["44", "4401", "440106", "4420", "50", "5010"]


def test_a_pool_may_have_a_catalogue_of_its_own(tmp_path: Path) -> None:
    (tmp_path / "common").symlink_to((FOLDER / "common").resolve())
    (tmp_path / "jilin").mkdir()
    (tmp_path / "jilin" / "specialties.csv").write_text(f"{HEAD}C,服务类,\n", encoding="utf-8")
    loaded = load_catalogues(tmp_path, "220000", "jilin")
    assert [entry.code for entry in loaded["specialty"]] == ["C"]
    assert len(loaded["department"]) > 20


def test_a_bad_file_is_named(tmp_path: Path) -> None:
    (tmp_path / "common").mkdir()
    (tmp_path / "common" / "regions.csv").write_text(f"{HEAD}44,广东,\n", encoding="utf-8")
    with pytest.raises(CatalogueError, match=r"^common/regions.csv: line 2: '44' is no code of a region$"):
        load_catalogues(tmp_path, "440000")
    with pytest.raises(CatalogueError, match=r"^common/regions.csv: can't be read: "):
        load_catalogues(tmp_path / "nowhere", "440000")
