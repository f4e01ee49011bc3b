"""The mini-program: its types are the service's, what the service opens is there, and its own tests pass.

Those run on Node.js; where it or its packages can't be had, they are skipped.
"""

from __future__ import annotations

import json
import re
import shutil
import subprocess
from pathlib import Path

import pytest

from miniapp_api import types
from services.notifications.actions import ACTIONS

ROOT = Path(__file__).parents[2]
MINI = ROOT / "miniprogram"
PAGES = json.loads((MINI / "app.json").read_text("utf-8"))["pages"]
LINES = 2000
_QUIET = ("--no-audit", "--no-fund", "--loglevel=error", "--no-package-lock", "--ignore-scripts")
_INSTALL = ("install", *_QUIET, "--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=20000")
_NAMED = re.compile(r"\"(pages/[a-z0-9_/]+)")


def _own(*endings: str) -> list[Path]:
    """Files of the mini-program itself: without tools, tests and what is written by a command."""
    found = [path for path in MINI.rglob("*") if path.suffix in endings and "node_modules" not in path.parts]
    return [path for path in found if path.parent.name != "tests" and path.name != "api.d.ts"]


def test_its_types_are_those_of_the_service() -> None:
    written = (MINI / "types" / "api.d.ts").read_text("utf-8")
    assert written == types.render(), "write them anew: python -m miniapp_api.types > miniprogram/types/api.d.ts"


def test_every_page_that_the_service_opens_is_there() -> None:
    named = {action.mini.partition("?")[0] for action in ACTIONS.values() if action.mini}
    sources = [ROOT / "services/office/staff_work.py", ROOT / "services/notifications/sending.py"]
    for path in (*sources, *(ROOT / "config" / "menus").glob("*.toml")):
        named |= set(_NAMED.findall(path.read_text("utf-8")))
    assert {"pages/index/index", "pages/draw", "pages/verifier"} <= named
    assert named - set(PAGES) == set()


def test_it_stays_small() -> None:
    assert sum(len(path.read_text("utf-8").splitlines()) for path in _own(".js", ".wxml", ".wxss", ".ts")) < LINES


@pytest.fixture(scope="module")
def tools() -> Path:
    """The folder with the packages of ``package.json``; installed once, and again when that file changes."""
    npm = shutil.which("npm")
    if shutil.which("node") is None or npm is None:
        pytest.skip("Node.js and npm are not here: the mini-program's own tests need them")
    wanted, stamp = (MINI / "package.json").read_text("utf-8"), MINI / "node_modules" / ".installed"
    if not stamp.exists() or stamp.read_text("utf-8") != wanted:
        try:
            done = subprocess.run([npm, *_INSTALL], cwd=MINI, capture_output=True, text=True, check=False, timeout=120)
        except subprocess.TimeoutExpired:
            pytest.skip("npm did not get the mini-program's tools within two minutes")
        if done.returncode:
            pytest.skip(f"npm could not install the mini-program's tools: {done.stderr.strip()[-200:]}")
        stamp.write_text(wanted, "utf-8")
    return MINI / "node_modules"


def _run(*command: str | Path) -> None:
    done = subprocess.run(command, cwd=MINI, capture_output=True, text=True, check=False)
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]


@pytest.mark.timeout(240)
def test_its_types_hold(tools: Path) -> None:
    _run(tools / ".bin" / "tsc", "-p", "jsconfig.json")


@pytest.mark.timeout(240)
def test_its_pages_do_what_they_say(tools: Path) -> None:
    _run("node", "--test", "tests/all.test.js")
