"""The mini-program: its types are the service's, pages that the service opens exist, and its own tests pass.

Those run on Node.js. Where it or its packages can't be had they fail in CI, and are skipped elsewhere.
"""

from __future__ import annotations

import json
import re
import subprocess
from pathlib import Path

import pytest

from miniapp_api import types
from services.notifications.actions import ACTIONS
from tests.drivers import programs
from tests.drivers.programs import give_up, require

ROOT = Path(__file__).parents[2]
MINI = ROOT / "miniprogram"
PAGES = json.loads((MINI / "app.json").read_text("utf-8"))["pages"]
LINES = 2300
_QUIET = ("--no-audit", "--no-fund", "--loglevel=error", "--no-package-lock", "--ignore-scripts")
_INSTALL = ("install", *_QUIET, "--fetch-retries=1", "--fetch-retry-mintimeout=1000", "--fetch-timeout=20000")
_TRIES, _TIMEOUT = 3, 90
"""A registry that is slow or away once is asked again; seconds for each time."""
_NAMED = re.compile(r"\"(pages/[a-z0-9_/]+)")


def own_files(*endings: str) -> list[Path]:
    """Files of the mini-program itself: without tools, tests and what is written by a command."""
    paths = [path for path in MINI.rglob("*") if path.suffix in endings and "node_modules" not in path.parts]
    return [path for path in paths if path.parent.name != "tests" and path.name not in ("api.d.ts", "palette.wxss")]


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
    assert sum(len(path.read_text("utf-8").splitlines()) for path in own_files(".js", ".wxml", ".wxss", ".ts")) < LINES


@pytest.fixture(scope="module")
def tools() -> Path:
    return get_tools()


def get_tools() -> Path:
    """The folder with the packages of ``package.json``; installed once, and again when that file changes."""
    require("node")
    npm = require("npm")
    wanted, stamp = (MINI / "package.json").read_text("utf-8"), MINI / "node_modules" / ".installed"
    if not stamp.exists() or stamp.read_text("utf-8") != wanted:
        faults = []
        while fault := _install(npm):
            faults.append(fault)
            if len(faults) == _TRIES:
                give_up(f"npm could not install the mini-program's tools: {'; '.join(faults)}")
        stamp.write_text(wanted, "utf-8")
    return MINI / "node_modules"


def _install(npm: str) -> str:
    """Install the packages; returns the error, or ""."""
    try:
        done = programs.run([npm, *_INSTALL], cwd=MINI, timeout=_TIMEOUT)
    except subprocess.TimeoutExpired:
        return f"no end within {_TIMEOUT} seconds"
    return done.stderr.strip()[-200:] or f"exit {done.returncode}" if done.returncode else ""


@pytest.mark.parametrize("ci", ["true", ""])
def test_a_registry_that_is_away_is_asked_again_and_fails_in_ci_only(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path, ci: str
) -> None:
    npm, requests_log = tmp_path / "npm", tmp_path / "asked"
    npm.write_text(f"#!/bin/sh\necho again >> {requests_log}\necho away >&2\nexit 1\n", "utf-8")
    npm.chmod(0o755)
    (tmp_path / "node").symlink_to(npm)
    (tmp_path / "package.json").write_text("{}", "utf-8")
    monkeypatch.setattr("tests.miniprogram.test_miniprogram.MINI", tmp_path)
    monkeypatch.setenv("PATH", f"{tmp_path}:/usr/bin:/bin")
    monkeypatch.setenv("CI", ci)
    with pytest.raises((pytest.fail.Exception, pytest.skip.Exception)) as given_up:
        get_tools()
    assert given_up.type is (pytest.fail.Exception if ci else pytest.skip.Exception)
    assert "away; away; away" in str(given_up.value)
    assert requests_log.read_text("utf-8").splitlines() == ["again"] * _TRIES
    npm.unlink()
    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises((pytest.fail.Exception, pytest.skip.Exception)) as missing:
        get_tools()
    assert (missing.type is given_up.type, "not installed" in str(missing.value)) == (True, True)


def _run(*command: str | Path) -> None:
    done = programs.run(command, cwd=MINI)
    assert done.returncode == 0, (done.stdout + done.stderr)[-6000:]


@pytest.mark.timeout(400)
def test_its_types_hold(tools: Path) -> None:
    _run(tools / ".bin" / "tsc", "-p", "jsconfig.json")


@pytest.mark.timeout(400)
def test_its_pages_do_what_they_say(tools: Path) -> None:
    _run("node", "--test", "tests/all.test.js")
