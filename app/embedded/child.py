"""One child process that dies with its owner."""

from __future__ import annotations

import asyncio
import json
import os
import pwd
import signal
import sys
import threading
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path
from typing import IO

LAUNCHER = Path(__file__).with_name("launcher.py")
KERNEL_WATCHES = sys.platform == "linux"


@dataclass(frozen=True)
class SystemUser:
    """An operating-system user that a child runs as."""

    name: str
    uid: int
    gid: int


def unprivileged_person() -> SystemUser | None:
    """The user to switch to when we are root (PostgreSQL refuses to run as root); None when we are not."""
    if os.geteuid() != 0:
        return None
    for name in ("postgres", "nobody"):
        try:
            entry = pwd.getpwnam(name)
        except KeyError:
            continue
        return SystemUser(entry.pw_name, entry.pw_uid, entry.pw_gid)
    raise LookupError("neither the user postgres nor the user nobody exists")


class Child:
    """A child process. ``returncode`` is None while it runs."""

    def __init__(self, process: asyncio.subprocess.Process) -> None:
        self._process = process

    @property
    def pid(self) -> int:
        return self._process.pid

    @property
    def returncode(self) -> int | None:
        return self._process.returncode

    async def wait(self) -> int:
        return await self._process.wait()

    def send(self, number: signal.Signals) -> None:
        """Send a signal; nothing happens when the program has ended already."""
        if self._process.returncode is None:
            try:
                self._process.send_signal(number)
            except ProcessLookupError:
                return

    async def stop(self, number: signal.Signals, timeout: float) -> int:
        """Ask with ``number``, kill after ``timeout`` seconds; returns the exit status."""
        self.send(number)
        try:
            async with asyncio.timeout(timeout):
                return await self._process.wait()
        except TimeoutError:
            self.send(signal.SIGKILL)
            return await self._process.wait()


async def spawn(
    command: Sequence[str],
    *,
    owner_gone: signal.Signals,
    log: IO[bytes] | None = None,
    env: Mapping[str, str] | None = None,
    set_env: Mapping[str, str] | None = None,
    cwd: Path | None = None,
    person: SystemUser | None = None,
    own_group: bool = True,
    watch: bool = not KERNEL_WATCHES,
) -> Child:
    """Start ``command``; it gets ``owner_gone`` as soon as this process ends, however that happens.

    ``own_group`` keeps Ctrl-C of the terminal away from the child, so that its owner can end things in order.
    ``env`` replaces the environment, ``set_env`` adds to it; no secrets in ``set_env``: the list of processes shows it
    for a moment.
    Must be called from the main thread: the kernel ties the child's life to the *thread* that started it.
    """
    if threading.current_thread() is not threading.main_thread():
        raise RuntimeError("children are started from the main thread only")
    spec: dict[str, object] = {
        "owner": os.getpid(),
        "signal": int(owner_gone),
        "watch": watch,
        "set": dict(set_env or {}),
    }
    if person is not None:
        spec |= {"uid": person.uid, "gid": person.gid}
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        "-I",
        "-S",
        str(LAUNCHER),
        json.dumps(spec),
        *command,
        stdin=asyncio.subprocess.PIPE if watch else asyncio.subprocess.DEVNULL,
        stdout=log,
        stderr=log,
        env=env,
        cwd=cwd,
        start_new_session=own_group,
    )
    return Child(process)
