"""The system's limit of open files: ``pbt doctor`` reports it, a process raises it."""

from __future__ import annotations

import resource
from pathlib import Path

import pytest

from app import file_limit
from app.file_limit import check_limits, raise_file_limit
from tests.factories.settings import make_settings


async def findings_of(
    monkeypatch: pytest.MonkeyPatch, folder: Path, *, waiting: int, files: int, backlog: int
) -> list[str]:
    folder.joinpath("somaxconn").write_text(f"{waiting}\n")
    monkeypatch.setattr(file_limit, "SOMAXCONN", folder / "somaxconn")
    monkeypatch.setattr(resource, "getrlimit", lambda _: (1024, files))
    findings = await check_limits(make_settings(http={"backlog": backlog}))
    return [f"{finding.state}：{finding.text}" for finding in findings]


async def test_limits_that_are_too_low_are_named_with_what_to_do(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    first, second = await findings_of(monkeypatch, tmp_path, waiting=128, files=2000, backlog=2048)
    assert "128" in first
    assert "net.core.somaxconn=2048" in first
    assert "至少需要 3048 个" in second
    assert "LimitNOFILE" in second


@pytest.mark.parametrize("files", [4096, resource.RLIM_INFINITY])
async def test_limits_that_suffice(monkeypatch: pytest.MonkeyPatch, tmp_path: Path, files: int) -> None:
    [only] = await findings_of(monkeypatch, tmp_path, waiting=4096, files=files, backlog=2048)
    assert only.startswith("ok：")


def test_a_process_takes_all_that_the_system_grants() -> None:
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (min(soft, 512), hard))
    try:
        raise_file_limit()
        assert resource.getrlimit(resource.RLIMIT_NOFILE) == (hard, hard)
    finally:
        resource.setrlimit(resource.RLIMIT_NOFILE, (soft, hard))
