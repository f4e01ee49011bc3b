"""The picture of layers and packages agrees with the imports in the source."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.house_picture import PICTURE, draw_house, find_arrows, find_rows, read_imports


def test_the_picture_is_up_to_date() -> None:
    assert PICTURE.read_text(encoding="utf-8") == draw_house(), "run: python -m app.house_picture"


def test_imports_are_read_in_every_form(tmp_path: Path) -> None:
    for name, text in {
        "a": "import services.b",
        "b": "from services.c import x\nfrom services import d",
        "c": "def f():\n    from services.d.inner import y",
        "d": "",
    }.items():
        (tmp_path / "services" / name).mkdir(parents=True)
        (tmp_path / "services" / name / "__init__.py").write_text(text)
    imports = read_imports(tmp_path, "services")
    assert imports == {"a": {"b"}, "b": {"c", "d"}, "c": {"d"}, "d": set()}
    assert find_rows(imports) == [["a"], ["b"], ["c"], ["d"]]
    assert find_arrows(imports) == [("a", "b"), ("b", "c"), ("c", "d")]


def test_packages_that_import_each_other_have_no_rows() -> None:
    with pytest.raises(ValueError, match="'a', 'b'"):
        find_rows({"a": frozenset("b"), "b": frozenset("a"), "c": frozenset()})
