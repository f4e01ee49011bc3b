"""Whether a backup can be made with the programs of this machine."""

from __future__ import annotations

import pytest

from app.backup import read_tool_version
from app.command_error import CommandError
from app.doctor import backups
from app.doctor.backups import check_backup_tools
from tests.factories.settings import make_settings


async def test_the_embedded_programs_tell_their_version() -> None:
    assert await read_tool_version("pg_dump") == 18


@pytest.mark.parametrize(("version", "state"), [(15, "problem"), (18, "ok"), (19, "ok")])
async def test_programs_older_than_the_server_are_a_problem(
    version: int, state: str, empty_database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def read(_name: str) -> int:
        return version

    monkeypatch.setattr(backups, "read_tool_version", read)
    (finding,) = await check_backup_tools(make_settings(database_url=empty_database))
    assert (finding.state, str(version) in finding.text) == (state, True)


async def test_missing_programs_are_a_problem(monkeypatch: pytest.MonkeyPatch) -> None:
    async def read(name: str) -> int:
        raise CommandError(f"这台机器上没有 {name}")

    monkeypatch.setattr(backups, "read_tool_version", read)
    (finding,) = await check_backup_tools(make_settings())
    assert (finding.state, finding.text) == ("problem", "这台机器上没有 pg_dump")
