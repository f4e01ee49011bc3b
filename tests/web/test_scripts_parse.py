"""Every script of the pages can be read by a browser: a slip in one stops its page without a word."""

from __future__ import annotations

from pathlib import Path

import pytest

from tests.drivers import programs

STATIC = Path(__file__).parents[2] / "web" / "static"


@pytest.mark.parametrize("path", sorted(STATIC.rglob("*.js")), ids=lambda path: path.name)
def test_a_script_parses(path: Path, tmp_path: Path) -> None:
    module = tmp_path / f"{path.stem}.mjs"
    module.write_bytes(path.read_bytes())
    done = programs.run([programs.require("node"), "--check", module], timeout=30)
    assert done.returncode == 0, done.stderr
