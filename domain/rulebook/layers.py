"""A rulebook's files as layers, each split into values and their provenance.

A value stands plainly (``x = 5``) or as ``{ value = 5, source = "…", effective_from = 2027-01-01, before = 3, note =
"…" }``; ``{ none = true, note = "…" }`` says why there is none. Layers are laid over each other: tables merge,
everything else is replaced together with its source.
"""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from datetime import date, datetime

from domain.errors import RulebookError

_KEYS = frozenset({"value", "source", "effective_from", "before", "note"})
_WITHOUT = frozenset({"none", "source", "note"})

Tree = dict[str, object]


@dataclass(frozen=True)
class Provenance:
    """Origin of a value: ``source`` names manual and line or a legal article, ``note`` explains our decision."""

    file: str
    source: str | None = None
    effective_from: date | None = None
    note: str | None = None


@dataclass(frozen=True)
class Layer:
    """One file: its plain values, and the provenance of each by dotted key."""

    tree: Tree
    provenance: Mapping[str, Provenance] = field(default_factory=dict)


def split_layer(table: Mapping[str, object], file: str, on: date | None) -> Layer:
    """The values of one file and their provenance. ``on`` picks between ``value`` and ``before``; None: ``value``."""
    provenance: dict[str, Provenance] = {}
    return Layer(_strip_table(table, "", file, on, provenance), provenance)


def merge_layers(layers: list[Layer]) -> Layer:
    """Later layers win."""
    tree: Tree = {}
    provenance: dict[str, Provenance] = {}
    for layer in layers:
        _lay_over(tree, provenance, layer, layer.tree, "")
    return Layer(tree, provenance)


def _strip_table(
    raw: Mapping[str, object], prefix: str, file: str, on: date | None, out: dict[str, Provenance]
) -> Tree:
    tree: Tree = {}
    for name, value in raw.items():
        key = f"{prefix}{name}"
        if isinstance(value, dict) and "value" in value and value.keys() <= _KEYS:
            out[key] = _provenance(value, key, file)
            tree[name] = _value_in_force(value, key, file, on)
        elif isinstance(value, dict) and value.get("none") is True and value.keys() <= _WITHOUT:
            out[key], tree[name] = _provenance(value, key, file), None
        elif isinstance(value, dict):
            tree[name] = _strip_table(value, f"{key}.", file, on, out)
        else:
            out[key] = Provenance(file)
            tree[name] = value
    return tree


def _provenance(raw: Mapping[str, object], key: str, file: str) -> Provenance:
    source, note, since = raw.get("source"), raw.get("note"), raw.get("effective_from")
    if not isinstance(source, str | None) or source == "":
        raise RulebookError(f"{file}: {key}: source must be a text that names manual and line or a legal article")
    if not isinstance(note, str | None) or note == "":
        raise RulebookError(f"{file}: {key}: note must be a text")
    if isinstance(since, datetime) or not isinstance(since, date | None):
        raise RulebookError(f"{file}: {key}: effective_from must be a date such as 2027-01-01")
    return Provenance(file, source, since, note)


def _value_in_force(raw: Mapping[str, object], key: str, file: str, on: date | None) -> object:
    since = raw.get("effective_from")
    if not isinstance(since, date) or on is None or on >= since:
        return raw["value"]
    if "before" not in raw:
        raise RulebookError(f"{file}: {key}: takes effect only on {since}; say in `before` what holds until then")
    return raw["before"]


def _lay_over(
    tree: Tree, provenance: dict[str, Provenance], layer: Layer, part: Mapping[str, object], prefix: str
) -> None:
    for name, value in part.items():
        key = f"{prefix}{name}"
        below = tree.get(name)
        if isinstance(value, dict) and key not in layer.provenance:
            if not isinstance(below, dict) or key in provenance:
                if name in tree:
                    _forget_provenance(provenance, key)
                tree[name] = below = {}
            _lay_over(below, provenance, layer, value, f"{key}.")
        else:
            if isinstance(below, dict):
                _forget_provenance(provenance, key)
            tree[name] = value
            provenance.pop(key, None)  # re-inserted, so that it has the position of the latest file
            provenance[key] = layer.provenance[key]


def _forget_provenance(provenance: dict[str, Provenance], key: str) -> None:
    for known in [k for k in provenance if k == key or k.startswith(f"{key}.")]:
        del provenance[known]
