"""Ownership of a data folder: a lock held by the running process, and a note for other commands."""

from __future__ import annotations

import fcntl
import json
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from pathlib import Path

from app.embedded.errors import EmbeddedError, explain

LOCK_NAME = "owner.lock"
NOTE_NAME = "instance.json"


@dataclass(frozen=True)
class Instance:
    """The note of a running instance. The URLs carry passwords, so the file is readable by its owner only."""

    pid: int
    database_url: str
    redis_url: str


@contextmanager
def lock_data_dir(data_dir: Path) -> Iterator[None]:
    """Lock ``data_dir``; EmbeddedError when another running process holds it. Creates the folder."""
    try:
        data_dir.mkdir(parents=True, exist_ok=True)
        handle = os.open(data_dir / LOCK_NAME, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    except OSError as error:
        raise explain(error, data_dir) from error
    try:
        if not _lock(handle):
            raise EmbeddedError(_already_running_text(data_dir))
        os.ftruncate(handle, 0)
        os.write(handle, str(os.getpid()).encode())
        yield
    finally:
        os.close(handle)


def _lock(handle: int) -> bool:
    """Take the lock; retries for half a second, because ``find_instance`` holds it briefly."""
    for _ in range(10):
        try:
            fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except BlockingIOError:
            time.sleep(0.05)
        else:
            return True
    return False


def _already_running_text(data_dir: Path) -> str:
    pid = (data_dir / LOCK_NAME).read_text().strip()
    who = f"（进程号 {pid}）" if pid else ""
    return f"评标通已经在目录 {data_dir} 上运行{who}，请先停止它，或用 PBT_DATA_DIR 指定另一个目录。"


def publish(data_dir: Path, instance: Instance) -> None:
    """Write the note atomically, so that no reader sees half of it."""
    write_private(data_dir / NOTE_NAME, json.dumps(asdict(instance)))


def withdraw(data_dir: Path) -> None:
    (data_dir / NOTE_NAME).unlink(missing_ok=True)


def find_instance(data_dir: Path) -> Instance | None:
    """The instance running on ``data_dir``; the note of a killed one does not count."""
    try:
        note = json.loads((data_dir / NOTE_NAME).read_text())
        with (data_dir / LOCK_NAME).open("rb") as lock:
            try:
                fcntl.flock(lock, fcntl.LOCK_SH | fcntl.LOCK_NB)
            except BlockingIOError:
                return Instance(**note)
    except (FileNotFoundError, ValueError, TypeError):
        return None
    return None


def write_private(path: Path, text: str) -> None:
    """Replace ``path`` by a file that only our user can read."""
    draft = path.with_name(path.name + ".new")
    handle = os.open(draft, os.O_WRONLY | os.O_CREAT | os.O_TRUNC | os.O_CLOEXEC, 0o600)
    with os.fdopen(handle, "w") as file:
        file.write(text)
        file.flush()
        os.fsync(file.fileno())
    draft.replace(path)
