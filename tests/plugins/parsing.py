"""No garbage collection while Python source is parsed.

CPython 3.11 counts the depth of its parser once per process (gh-106905): where a collection in the midst of
``ast.parse`` logs a traceback, as of a browser's future that no one awaited, its lines are parsed, too, and the outer
call fails with SystemError. pytest parses every module whose assertions it rewrites.
"""

from __future__ import annotations

import ast
import gc
from functools import wraps
from typing import Any

_parse = ast.parse


@wraps(_parse)
def parse(*args: Any, **options: Any) -> Any:
    collects = gc.isenabled()
    gc.disable()
    try:
        return _parse(*args, **options)
    finally:
        if collects:
            gc.enable()


def pytest_configure() -> None:
    ast.parse = parse
