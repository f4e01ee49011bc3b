"""The demonstration's RSA keys are made once, by the first program that needs them."""

from __future__ import annotations

import json
import os
import stat
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import pytest

from app.command_error import CommandError
from app.sandbox_keys import FILE, demo_keys, public_pem
from config.settings import load_private_key


def test_keys_are_made_once_and_kept_from_others(tmp_path: Path) -> None:
    folder = tmp_path / "new"
    first = demo_keys(folder, ("demo",))
    assert set(first) == {"platform", "certificate", "demo"}
    assert len({public_pem(pem) for pem in first.values()}) == 3
    assert all(load_private_key(pem).key_size == 2048 for pem in first.values())
    assert demo_keys(folder, ("demo",)) == first
    assert stat.S_IMODE((folder / FILE).stat().st_mode) == 0o600
    assert [path.name for path in folder.iterdir()] == [FILE]


def test_processes_that_start_together_agree(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """No process sees the file before all have made their keys."""
    monkeypatch.setattr(Path, "exists", lambda _: False)
    with ThreadPoolExecutor(4) as pool:
        key_sets = list(pool.map(lambda _: demo_keys(tmp_path, ("demo",)), range(4)))
    assert all(keys == key_sets[0] for keys in key_sets)


@pytest.mark.parametrize("content", ["", "[]", "{}", json.dumps({"platform": "x", "certificate": "x", "demo": "x"})])
def test_a_damaged_file_is_named(tmp_path: Path, content: str) -> None:
    (tmp_path / FILE).write_text(content)
    with pytest.raises(CommandError, match=FILE):
        demo_keys(tmp_path, ("demo",))


def test_a_folder_that_cannot_be_written_is_named(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def full(*_args: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(os, "link", full)
    with pytest.raises(CommandError, match=r"No space left"):
        demo_keys(tmp_path, ("demo",))
