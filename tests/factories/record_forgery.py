"""Tampering with a record as the owner of the database can: any entry changed, every hash computed again."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta

from domain.draws import record as draw_record
from domain.draws.random_draw import digest
from domain.draws.verify_draw import Finding
from tests.factories.draw_records import DRAW, POOL, Script

Facts = dict[str, object]
_CHAINED = ("seq", "prev", "hash")
VOCABULARY = (
    "",
    "first",
    "aborted",
    "widened",
    "exhausted",
    "agency",
    "supervisor",
    "main",
    "alternative",
    "accepted",
    "declined",
    "silent",
    "left",
    "absent",
    "recused",
    "cancelled",
    "leave",
    "overlap",
    "inactive",
    "too_late",
    "force_ended",
    "permanent",
    "A08",
    "A09",
    "440100",
    "440300",
    "normal",
    "redraw",
    "recall",
    "met",
    "not_met",
    "released",
    "terminated",
    *draw_record.ACTS,
)


class Body:
    """An entry without its place in the chain; its canonical text is made once and used for every forgery."""

    def __init__(self, facts: Facts) -> None:
        self.facts = facts
        text = json.dumps({**facts, "prev": "@", "seq": 0}, sort_keys=True, separators=(",", ":"), ensure_ascii=False)
        self._before, rest = text.split('"prev":"@"', 1)
        self._between, self._after = rest.rsplit('"seq":0', 1)

    def chained(self, seq: int, prev: bytes) -> tuple[Facts, bytes, str]:
        """The entry, its hash, and the entry as JSON."""
        text = f'{self._before}"prev":"{prev.hex()}"{self._between}"seq":{seq}{self._after}'
        own = digest("entry", prev, text.encode())
        return (
            {**self.facts, "seq": seq, "prev": prev.hex(), "hash": own.hex()},
            own,
            f'{text[:-1]},"hash":"{own.hex()}"}}',
        )


@dataclass(frozen=True)
class Written:
    """A forged record; its first ``keep`` entries are the original's, ``rest`` are the others as JSON."""

    record: Facts
    keep: int
    rest: tuple[str, ...]


@dataclass
class Forgery:
    """A record in the forger's hands."""

    bodies: list[Body]
    lists: dict[str, object]
    receipts: tuple[str, ...]
    number: str = DRAW
    pools: dict[int, list[str]] = field(default_factory=dict)
    whole: list[tuple[Body, Facts, bytes]] = field(default_factory=list)
    """The honest log with its chain: entries before the first change need not be hashed again."""

    def record(self) -> Facts:
        return self.write().record

    def write(self) -> Written:
        prev, log = draw_record.empty_head(POOL, self.number).hash, []
        for (honest, entry, own), body in zip(self.whole, self.bodies, strict=False):
            if honest is not body:
                break
            log.append(entry)
            prev = own
        keep, rest = len(log), []
        for number, body in enumerate(self.bodies[keep:], keep + 1):
            entry, prev, text = body.chained(number, prev)
            log.append(entry)
            rest.append(text)
        named: Facts = {"format": draw_record.FORMAT, "pool": POOL, "draw": self.number}
        return Written({**named, "head": prev.hex(), "lists": self.lists, "log": log}, keep, tuple(rest))

    def copy(self) -> Forgery:
        return Forgery(list(self.bodies), dict(self.lists), self.receipts, self.number, self.pools, self.whole)


def forgery_of(script: Script) -> Forgery:
    """``receipts`` are those of one honest device: the supervisor's commitments and reveals."""
    return forgery_of_record(script.record())


def forgery_of_record(record: Facts) -> Forgery:
    log = [entry for entry in record["log"] if isinstance(entry, dict)]  # type: ignore[attr-defined]
    receipts = (e["hash"] for e in log if e["act"].startswith("participant") and e["role"] == "supervisor")
    bodies = [Body({key: value for key, value in entry.items() if key not in _CHAINED}) for entry in log]
    pools = {size: sorted({text for text in _texts(log) if _is_hex(text, size)}) for size in (32, 64)}
    whole = [(body, entry, bytes.fromhex(entry["hash"])) for body, entry in zip(bodies, log, strict=True)]
    lists = dict(record["lists"])  # type: ignore[call-overload]
    return Forgery(bodies, lists, tuple(receipts), str(record["draw"]), pools, whole)


def _texts(value: object) -> Iterable[str]:
    if isinstance(value, str):
        yield value
    elif isinstance(value, Mapping):
        for item in value.values():
            yield from _texts(item)
    elif isinstance(value, list):
        for item in value:
            yield from _texts(item)


def _is_hex(text: str, size: int) -> bool:
    return len(text) == size and all(digit in "0123456789abcdef" for digit in text)


# Mutations


def mutate(forged: Forgery, dice: random.Random) -> str:
    """One change to the log or a list, in place; returns its name."""
    kind = dice.choices(("change", "drop", "duplicate", "swap", "move", "truncate", "list"), (60, 12, 8, 8, 4, 2, 6))[0]
    log = forged.bodies
    at = dice.randrange(len(log))
    if kind == "change" or (kind == "list" and not forged.lists):
        log[at] = Body(_forged_facts(log[at].facts, forged, dice))
    elif kind == "drop":
        del log[at]
    elif kind == "duplicate":
        log.insert(dice.randint(at, len(log)), log[at])
    elif kind == "swap":
        other = dice.randrange(len(log))
        log[at], log[other] = log[other], log[at]
    elif kind == "move":
        log.insert(dice.randrange(len(log)), log.pop(at))
    elif kind == "truncate":
        del log[max(1, at) :]
    else:
        key = dice.choice(sorted(forged.lists))
        forged.lists[key] = _forged_value(forged.lists[key], forged, dice)
    return kind


def _forged_facts(facts: Facts, forged: Forgery, dice: random.Random) -> Facts:
    key = dice.choice(sorted(facts))
    if dice.random() < 0.02:
        return {name: value for name, value in facts.items() if name != key}
    return {**facts, key: _forged_value(facts[key], forged, dice)}


def _forged_value(value: object, forged: Forgery, dice: random.Random) -> object:
    """Another value of the same kind, as a forger would choose it."""
    if isinstance(value, Mapping):
        key = dice.choice(sorted(value))
        return {**value, key: _forged_value(value[key], forged, dice)}
    if isinstance(value, list):
        return _changed_list(value, forged, dice)
    if isinstance(value, int):
        return dice.choice((value + 1, value - 1, 0, value * 60, 1, 2, 99))
    text = str(value)
    if (pool := forged.pools.get(len(text))) and _is_hex(text, len(text)):
        return dice.choice([*pool, dice.randbytes(len(text) // 2).hex()])
    if text.endswith("Z"):
        moved = datetime.fromisoformat(text) + timedelta(
            seconds=dice.choice((-9000, -300, -70, -1, 1, 70, 2000, 20000))
        )
        return draw_record.print_moment(moved)
    return dice.choice(VOCABULARY)


def _changed_list(value: list[object], forged: Forgery, dice: random.Random) -> list[object]:
    items = list(value)
    if not items or dice.random() < 0.2:
        return [*items, dice.choice(VOCABULARY)] if not items else [*items, items[0]]
    at = dice.randrange(len(items))
    if dice.random() < 0.3:
        return items[:at] + items[at + 1 :]
    items[at] = _forged_value(items[at], forged, dice)
    return items


# Findings of a check


def verdict(findings: Sequence[Finding], known: frozenset[tuple[str, int | None]]) -> str:
    """``error``, ``receipt`` (only a kept receipt reveals it), ``warning`` (not among the ``known``) or ""."""
    errors = {finding.code for finding in findings if finding.severity == "error"}
    if errors - {"receipt"}:
        return "error"
    if errors:
        return "receipt"
    return "warning" if {finding.code for finding in findings} - {code for code, _ in known} else ""


# Damaged files


def garble(text: str, dice: random.Random) -> bytes:
    """One change to a record's file; some leave its content the same: blanks, another escape of a letter."""
    way = dice.choice(("blank", "spell", "byte", "cut", "twice", "number", "key", "case", "order"))
    if way == "blank":
        return _replace_letter(
            text, dice, ":,[{", lambda letter: letter + dice.choice((" ", "\n", "\t", "\u3000", "\ufeff"))
        )
    if way == "spell":
        return _replace_letter(text, dice, "abcdef", lambda letter: f"\\u{ord(letter):04x}")
    if way == "number":
        forms = ("1.0", "1e0", "-0", "01", "9" * 18, "1.5", "-1", "NaN", "true", "null", '"1"', "１", "2")
        return _replace_letter(text, dice, "123", lambda _: dice.choice(forms))
    if way == "case":
        return _replace_letter(text, dice, "abcdef", str.upper)
    if way == "twice":
        return text.replace('"act":', f'"act":"{dice.choice(VOCABULARY)}","act":', 1).encode()
    if way == "key":
        return text.replace(
            "{", f'{{"{dice.choice(("note", "名", "😀", "__proto__", "Z"))}":{{}},', dice.randint(1, 3)
        ).encode()
    if way == "order":
        return json.dumps(dict(reversed(json.loads(text).items())), indent=dice.choice((None, 1))).encode()
    return _garbled_bytes(bytearray(text.encode()), dice, way)


def _replace_letter(text: str, dice: random.Random, letters: str, change: Callable[[str], str]) -> bytes:
    """Another text for one letter, the next of these from a place of chance on."""
    start = dice.randrange(len(text) // 2)
    at = min((place for letter in letters if (place := text.find(letter, start)) >= 0), default=0)
    return f"{text[:at]}{change(text[at])}{text[at + 1 :]}".encode()


def _garbled_bytes(content: bytearray, dice: random.Random, way: str) -> bytes:
    at = dice.randrange(len(content))
    if way == "cut":
        return bytes(content[:at] if dice.random() < 0.3 else content[:at] + content[at + 1 :])
    content[at] = dice.randrange(256)
    return bytes(content)
