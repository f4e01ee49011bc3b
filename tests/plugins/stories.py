"""No cascades: once a test of a story has failed, its rest is not run, since it would fail for the same reason.

A story is what the tests of a module tell together, over one running service: they share the module's event loop.
"""

from __future__ import annotations

from collections.abc import Iterator

import pytest

_FAILED = pytest.StashKey[str]()
_NOT_RUN = "not run: "


def is_story(item: pytest.Item) -> bool:
    marker = item.get_closest_marker("asyncio")
    return marker is not None and marker.kwargs.get("loop_scope") == "module"


def pytest_runtest_setup(item: pytest.Item) -> None:
    module = item.getparent(pytest.Module)
    if module is not None and is_story(item) and (failed := module.stash.get(_FAILED, "")):
        pytest.skip(f"{_NOT_RUN}{failed} failed")


@pytest.hookimpl(wrapper=True)
def pytest_runtest_makereport(item: pytest.Item) -> Iterator[None]:
    report: pytest.TestReport = yield  # type: ignore[assignment]  # what the other implementations return
    module = item.getparent(pytest.Module)
    if report.failed and module is not None and is_story(item):
        module.stash.setdefault(_FAILED, item.name)
    return report  # type: ignore[return-value]


def pytest_report_teststatus(report: pytest.TestReport) -> tuple[str, str, str] | None:
    if report.skipped and isinstance(report.longrepr, tuple) and _NOT_RUN in report.longrepr[2]:
        return "not run", "n", "NOT RUN"
    return None
