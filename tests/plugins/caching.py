"""Caches slow work that is the same in every test, so that each process does it once.

The service does these things once too, at its start; the tests start it thousands of times.
"""

from __future__ import annotations

import re
import signal
from collections.abc import Callable, Hashable, Iterator
from functools import lru_cache
from types import CodeType
from typing import Any, NoReturn

import pytest
import structlog
from aiohttp import web_urldispatcher
from cryptography.hazmat.primitives import serialization
from jinja2 import Environment
from tortoise.apps import Apps

from web.core import static_files

_OPTIONS = ("autoescape", "trim_blocks", "lstrip_blocks", "undefined", "optimized", "sandboxed")
"""Options of a template environment that, with the source, determine the compiled template."""


@pytest.fixture(autouse=True, scope="session")
def _keys_are_checked_once() -> Iterator[None]:
    """Loading a private key checks it for 40 ms."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(serialization, "load_pem_private_key", lru_cache(64)(serialization.load_pem_private_key))
        yield


@pytest.fixture(autouse=True, scope="session")
def _models_are_built_once() -> Iterator[None]:
    """Tortoise works out columns and filters of all models, which are global, for 50 ms at every start."""
    build, built = Apps._build_initial_querysets, set[Hashable]()

    def build_once(self: Apps) -> None:
        models = frozenset(self.get_models_iterable())
        if models not in built:
            build(self)
            built.add(models)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Apps, "_build_initial_querysets", build_once)
        yield


@pytest.fixture(autouse=True, scope="session")
def _templates_are_compiled_once() -> Iterator[None]:
    """A page's template takes 20 ms to compile, and every application has an environment of its own."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(Environment, "compile", _compiled_once(Environment.compile))
        yield


@pytest.fixture(autouse=True, scope="session")
def _patterns_are_compiled_once() -> Iterator[None]:
    """Each application makes a pattern of each of its addresses, which are more than Python keeps: 10 ms a start."""
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(re, "_MAXCACHE", 10_000)
        yield


@pytest.fixture(autouse=True, scope="session")
def _addresses_and_files_of_pages_are_read_once() -> Iterator[None]:
    """Each application quotes all its addresses and reads all files of its pages: 8 ms a start."""
    with pytest.MonkeyPatch.context() as patch:
        for module, name in (
            (web_urldispatcher, "_quote_path"),
            (web_urldispatcher, "_requote_path"),
            (static_files, "_load_all"),
        ):
            patch.setattr(module, name, lru_cache(10_000)(getattr(module, name)))
        yield


def _compiled_once(compiled: Callable[..., Any]) -> Callable[..., Any]:
    known: dict[Hashable, CodeType] = {}

    def compile_once(self: Environment, source: Any, name: str | None = None, *more: Any, **options: Any) -> Any:
        if not isinstance(source, str) or name is None:
            return compiled(self, source, name, *more, **options)
        shape = tuple(getattr(self, option) for option in _OPTIONS)
        key = (source, name, more, tuple(options.items()), shape, tuple(self.filters), tuple(self.extensions))
        if key not in known:
            known[key] = compiled(self, source, name, *more, **options)
        return known[key]

    return compile_once


@pytest.fixture(autouse=True, scope="session")
def _tracebacks_are_plain() -> Iterator[None]:
    """By default structlog has rich lay out the local variables of every frame of a logged error, which takes long."""
    renderer = structlog.dev.ConsoleRenderer.get_active()
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(renderer, "exception_formatter", structlog.dev.plain_traceback)
        yield


@pytest.fixture(autouse=True)
def _ctrl_c_is_handled_here() -> None:
    """asyncio, at every start of a loop, takes over the default handler only; on the way Python prints the result of
    each fixture into an error that no one reads, for up to 100 ms."""
    if signal.getsignal(signal.SIGINT) is signal.default_int_handler:
        signal.signal(signal.SIGINT, _interrupt)


def _interrupt(_number: int, _frame: object) -> NoReturn:
    raise KeyboardInterrupt
