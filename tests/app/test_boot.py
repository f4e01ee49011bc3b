"""A setting that is wrong is named as the operator wrote it."""

from __future__ import annotations

from pathlib import Path

import pytest

from app.boot import read_settings
from app.command_error import CommandError


def test_an_unknown_key_of_the_file_and_a_wrong_value_are_named_as_they_stand_there(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.chdir(tmp_path)
    Path(".env").write_text("PBT_NO_SUCH=1\nPBT_HTTP__PORT=high\n", "utf-8")
    with pytest.raises(CommandError) as refused:
        read_settings()
    assert "  · PBT_NO_SUCH：" in str(refused.value)
    assert "  · PBT_HTTP__PORT：" in str(refused.value)
