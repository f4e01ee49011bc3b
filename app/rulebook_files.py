"""Rulebooks (TOML) and catalogues (CSV) read from ``config/``."""

from __future__ import annotations

import csv
import io
import tomllib
from collections.abc import Callable, Iterable, Mapping
from datetime import date
from functools import cache
from pathlib import Path

from domain.catalogues import FILES, KINDS, CatalogueError, CatalogueItem, Kind, read_entries
from domain.rulebook.book import Parsed, Rulebook, RulebookError, build_rulebook
from domain.rulebook.layers import Layer, split_layer

ReadLayer = Callable[[str, str, date | None], Layer]

SHARED = ("_defaults.toml", "_entry_defaults.toml", "_notice_texts.toml")
"""Files shared by all pools, lowest layer first."""


def load_rulebooks(folder: Path, pools: Iterable[str], *, on: date | None = None) -> dict[str, Rulebook]:
    """The rulebooks of ``pools`` by code. Raises RulebookError for the first invalid one."""
    read = cache(read_layer)
    return {pool: _book(_load(folder / f"{pool}.toml", on, read)) for pool in pools}


def check_rulebooks(folder: Path, *, on: date | None = None) -> list[str]:
    """Every problem of every pool's file in ``folder``, one sentence each; empty: all is well."""
    files = sorted(path for path in folder.glob("*.toml") if not path.name.startswith("_"))
    if not files:
        return [f"{folder}: holds no rulebook"]
    read = cache(read_layer)
    return list(dict.fromkeys(problem for path in files for problem in _problems(path, on, read)))


def _book(parsed: Parsed) -> Rulebook:
    if parsed.book is None:
        raise RulebookError(parsed.problems[0])
    return parsed.book


def _problems(path: Path, on: date | None, read: ReadLayer) -> list[str]:
    """Problems of the file or, without any, of the catalogues that it refers to."""
    parsed = _load(path, on, read)
    catalogues = path.parent.parent / "catalogues"
    if parsed.book is None or not catalogues.is_dir():
        return parsed.problems
    try:
        load_catalogues(catalogues, parsed.book.pool.region, parsed.book.pool.catalogue)
    except CatalogueError as error:
        return error.problems
    return []


def _load(path: Path, on: date | None, read: ReadLayer) -> Parsed:
    texts: dict[str, str] = {}
    for file in (*(path.with_name(name) for name in SHARED), path):
        if file == path or file.exists():
            try:
                texts[file.name] = file.read_text(encoding="utf-8")
            except (OSError, UnicodeDecodeError) as error:
                return Parsed(None, [f"{file.name}: can't be read: {error}"])
    parsed = parse_rulebook(texts, path.name, on, read)
    if parsed.book is not None and parsed.book.pool.code != path.stem:
        return Parsed(None, [f"{path.name}: pool.code: must be the file's name {path.stem!r}"])
    return parsed


def parse_rulebook(texts: Mapping[str, str], name: str, on: date | None, read: ReadLayer) -> Parsed:
    """The files ``texts`` (name to text), lowest first, laid over each other; ``name`` is the pool's own file.

    ``on`` decides which of two dated values applies; None takes the newest. ``read`` may be a cached ``read_layer``,
    for pools that share files.
    """
    try:
        layers = [read(text, file, on) for file, text in texts.items()]
    except RulebookError as error:
        return Parsed(None, [str(error)])
    return build_rulebook(layers, name)


def read_layer(text: str, file: str, on: date | None) -> Layer:
    """Raises RulebookError."""
    try:
        table = tomllib.loads(text)
    except tomllib.TOMLDecodeError as error:
        raise RulebookError(f"{file}: is not valid TOML: {error}") from error
    return split_layer(table, file, on)


def load_catalogues(folder: Path, region: str, own: str | None = None) -> dict[Kind, list[CatalogueItem]]:
    """Every catalogue of a pool: from ``folder/own`` where that has the file, else from ``folder/common``.

    Regions are those of the province ``region`` (its six-digit code). Raises CatalogueError, each problem with its
    file in front.
    """
    loaded: dict[Kind, list[CatalogueItem]] = {}
    for kind in KINDS:
        path = folder / (own or "common") / FILES[kind]
        if not path.exists():
            path = folder / "common" / FILES[kind]
        loaded[kind] = _read(path, kind)
    loaded["region"] = [entry for entry in loaded["region"] if entry.code[:2] == region[:2]]
    if not any(entry.code == region for entry in loaded["region"]):
        raise CatalogueError([f"{FILES['region']}: has no region {region}"])
    return loaded


def _read(path: Path, kind: Kind) -> list[CatalogueItem]:
    try:
        return parse_catalogue(path.read_text(encoding="utf-8"), kind)
    except (OSError, UnicodeDecodeError) as error:
        raise CatalogueError([f"{path.parent.name}/{path.name}: can't be read: {error}"]) from error
    except CatalogueError as error:
        raise CatalogueError([f"{path.parent.name}/{path.name}: {problem}" for problem in error.problems]) from error


def parse_catalogue(text: str, kind: Kind) -> list[CatalogueItem]:
    """Entries in the order of the file. Raises CatalogueError with every bad row."""
    rows = csv.reader(io.StringIO(text.removeprefix("\ufeff"), newline=""), strict=True)
    try:
        table = [(rows.line_num, [cell.strip() for cell in row]) for row in rows]
    except csv.Error as error:
        raise CatalogueError([f"line {rows.line_num}: is no CSV: {error}"]) from error
    return read_entries(table, kind)
