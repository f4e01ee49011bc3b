"""Functions that run in the limited process."""

from __future__ import annotations

import sys

from tests.drivers import programs

_HEAVY = ("asyncio", "pydantic", "structlog", "tortoise")
_SAY = f"import sys; print(*[name for name in {_HEAVY} if name in sys.modules])"


def test_the_children_start_for_every_file_and_so_import_little() -> None:
    children = ", ".join(f"services.inspection.{name}_process" for name in ("file", "sheet", "question"))
    command = [sys.executable, "-c", f"import {children}; {_SAY}"]
    process = programs.run(command)
    assert (process.returncode, process.stdout.strip()) == (0, "")
