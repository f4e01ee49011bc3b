"""Starts one program so that it never outlives its owner.

Runs as a program of its own (``python -I launcher.py SPEC PROGRAM ARGUMENT…``) and needs the standard library alone.
SPEC is JSON: ``owner`` (process id of the starter), ``signal`` (number to send when the owner is gone), ``watch`` (true
where the kernel can't do it), ``set`` (environment variables to add), and for a change of user ``uid`` and ``gid``.

On Linux the launcher replaces itself by the program: the kernel sends ``signal`` when the owner dies
(PR_SET_PDEATHSIG). Elsewhere the launcher stays as a parent and watches its standard input, a pipe whose other end the
owner holds.
"""

from __future__ import annotations

import ctypes
import json
import os
import select
import signal
import subprocess
import sys
from types import FrameType

PR_SET_PDEATHSIG = 1
OWNER_GONE = 75
"""Exit status when the owner died before the program could start (EX_TEMPFAIL)."""


def main(arguments: list[str]) -> int:
    spec = json.loads(arguments[0])
    command = arguments[1:]
    os.environ.update(spec["set"])
    _drop_privileges(spec)
    if spec["watch"]:
        return _watch(command, spec["signal"])
    return _exec_command(command, spec["owner"], spec["signal"])


def _exec_command(command: list[str], owner: int, owner_gone: int) -> int:
    """Replace this process by ``command``; returns only when the owner is gone already."""
    # After setuid, which clears it; then check whether the owner died in between.
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.prctl(PR_SET_PDEATHSIG, owner_gone, 0, 0, 0) != 0:
        raise OSError(ctypes.get_errno(), "prctl(PR_SET_PDEATHSIG) failed")
    if os.getppid() == owner:
        os.execv(command[0], command)  # noqa: S606 (no shell is the point)
    return OWNER_GONE


def _drop_privileges(spec: dict[str, int]) -> None:
    if "uid" not in spec:
        return
    os.setgroups([])
    os.setgid(spec["gid"])
    os.setuid(spec["uid"])


def _watch(command: list[str], owner_gone: int) -> int:
    """Run ``command`` until it ends or standard input closes."""
    child = subprocess.Popen(command, stdin=subprocess.DEVNULL)

    def forward(number: int, _frame: FrameType | None) -> None:
        child.send_signal(number)

    for number in (signal.SIGTERM, signal.SIGINT, signal.SIGQUIT, signal.SIGHUP):
        signal.signal(number, forward)
    while child.poll() is None:
        readable, _, _ = select.select([sys.stdin.buffer], [], [], 0.2)
        if readable and not os.read(0, 4096):
            child.send_signal(owner_gone)
            return child.wait()
    return child.returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
