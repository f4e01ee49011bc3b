"""The plugins of pytest that decide what runs where: workers, stories, repetitions; each in a run of its own."""

from __future__ import annotations

import os
import re
import subprocess
import sys
from collections import Counter
from pathlib import Path

import pytest

from tests.plugins.browsers import OLDEST, check_version

ROOT = Path(__file__).parents[2]
PLUGINS = ("tests.plugins.workers", "tests.plugins.stories")
STORY = """
import pytest

pytestmark = pytest.mark.asyncio(loop_scope="module")

async def test_first(): pass
async def test_second(): assert False
async def test_third(): pass
"""
ALONE = "import os\n\ndef test_one(): pass\ndef test_two(): assert os.getpid() == 0\ndef test_three(): pass\n"
DIES = "import os\n\ndef test_before(): pass\ndef test_dying(): os._exit(7)\ndef test_after(): pass\n"
SESSION = """
import pytest, os

@pytest.fixture(scope="session")
def ended():
    yield
    open(f"ended-{os.getpid()}", "x").close()
"""
TIMES_OUT = """
import pytest

class TimeoutError(Exception): pass
tries = []

@pytest.mark.flaky(reruns=1, only_rerun=["TimeoutError"])
def test_times_out_once():
    tries.append(1)
    if len(tries) == 1: raise TimeoutError("30 s")

@pytest.mark.flaky(reruns=1, only_rerun=["TimeoutError"])
def test_fails(): assert False
"""


def run(folder: Path, files: dict[str, str], *options: str) -> tuple[int, str]:
    """The exit status and the output of pytest over these files, without the project's own settings."""
    for name, text in files.items():
        (folder / name).write_text(text, "utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nasyncio_default_fixture_loop_scope = function\n")
    plugins = [option for name in PLUGINS for option in ("-p", name)]
    command = [sys.executable, "-m", "pytest", "-rAR", "-p", "no:cacheprovider", *plugins, *options]
    done = subprocess.run(
        command, cwd=folder, env={**os.environ, "PYTHONPATH": str(ROOT)}, capture_output=True, text=True, check=False
    )
    return done.returncode, done.stdout + done.stderr


def outcomes(output: str) -> Counter[str]:
    return Counter(re.findall(r"^(PASSED|FAILED|ERROR|RERUN) ", output, re.MULTILINE))


@pytest.mark.parametrize("workers", ["0", "2", "9"])
def test_forked_workers_report_what_one_process_would(tmp_path: Path, workers: str) -> None:
    files = {f"test_{number}.py": ALONE for number in range(5)}
    status, output = run(tmp_path, files, "--workers", workers)
    assert (status, outcomes(output)) == (1, Counter(PASSED=10, FAILED=5)), output
    assert "assert os.getpid() == 0" in output


def test_a_worker_that_dies_fails_its_test_and_the_rest_of_its_file_and_the_others_go_on(tmp_path: Path) -> None:
    files = {"test_dies.py": DIES} | {f"test_{number}.py": "def test_it(): pass\n" for number in range(6)}
    status, output = run(tmp_path, files, "--workers", "2")
    assert (status, outcomes(output)) == (1, Counter(PASSED=7, FAILED=2)), output
    assert "the worker ended with 7 in this test" in output
    assert "not run: its worker had ended" in output


def test_each_worker_tears_down_what_it_set_up(tmp_path: Path) -> None:
    files = {f"test_{number}.py": "def test_it(ended): pass\n" for number in range(4)}
    status, output = run(tmp_path, {"conftest.py": SESSION, **files}, "--workers", "2")
    assert status == 0, output
    assert 1 <= len(list(tmp_path.glob("ended-*"))) <= 2


def test_the_first_failure_ends_the_run_where_that_is_asked(tmp_path: Path) -> None:
    files = {f"test_{number:02}.py": ALONE for number in range(40)}
    _, output = run(tmp_path, files, "--workers", "2", "-x")
    assert outcomes(output)["FAILED"] < 10, output


def test_the_rest_of_a_story_is_not_run_after_a_failure(tmp_path: Path) -> None:
    status, output = run(tmp_path, {"test_story.py": STORY, "test_other.py": ALONE})
    assert (status, outcomes(output)) == (1, Counter(PASSED=3, FAILED=2)), output
    assert "1 not run" in output


@pytest.mark.parametrize("workers", ["0", "2"])
def test_only_a_time_out_is_tried_again_and_listed(tmp_path: Path, workers: str) -> None:
    files = {"test_a_browser.py": TIMES_OUT, "test_another.py": TIMES_OUT}
    status, output = run(tmp_path, files, "--workers", workers)
    assert (status, "2 failed, 2 passed, 2 rerun" in output) == (1, True), output
    assert outcomes(output)["RERUN"] == 2, output


def test_an_old_browser_ends_the_run() -> None:
    check_version(f"Chromium {OLDEST}.0.1 built on Debian\n")
    for printed in (f"Chromium {OLDEST - 1}.9.9\n", "command not found"):
        with pytest.raises(pytest.exit.Exception, match="newer"):
            check_version(printed)
