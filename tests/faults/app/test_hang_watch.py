"""A process whose loop hangs is ended."""

from __future__ import annotations

import subprocess
import sys

HANGING = """
import asyncio
from app.hang_watch import HangWatch

async def hang():
    with HangWatch(["tick"], timeout=2):
        await asyncio.Event().wait()

asyncio.run(hang())
"""


def test_a_hanging_process_logs_where_its_tasks_wait_and_exits() -> None:
    done = subprocess.run([sys.executable, "-c", HANGING], capture_output=True, text=True, timeout=60, check=False)
    assert done.returncode == 1
    assert "loop_hangs" in done.stdout
    assert "locks.py" in done.stdout, "the task waits in asyncio.Event.wait"
