"""The three-party draw (三方摇号) as screens show it: three numbers, and the order that they fixed."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass

from domain.draws.record import Json
from services.draws import ROUND_ACTS

WHO = {"system": "系统", "agency": "代理机构", "supervisor": "监督人"}
WHY = "没有人能挑选专家：三方各出一个随机数，先锁定、后公开，缺一方、改一位，结果都对不上。"
"""The explanation on the share card."""
_SHOWN = 8


@dataclass(frozen=True)
class Number:
    """One party's number. ``state`` is waiting, locked or open; ``value`` hex once it is open."""

    role: str
    who: str
    state: str = "waiting"
    value: str = ""

    @property
    def text(self) -> str:
        return {"waiting": "等待", "locked": "已锁定"}.get(self.state) or short(self.value)


@dataclass(frozen=True)
class Roll:
    """One round. ``seed`` is hex once it is fixed, ``at`` the time of the last act as in the log."""

    number: int
    numbers: tuple[Number, ...]
    seed: str = ""
    at: str = ""
    aborted: bool = False

    @property
    def state(self) -> str:
        if self.aborted:
            return "本轮已中止，需重新摇号"
        if self.seed:
            return "专家顺序已确定"
        waiting = [number.who for number in self.numbers if number.state == "waiting"]
        return f"等待{'、'.join(waiting)}提交随机数" if waiting else "正在公开随机数"


def read_rolls(log: Iterable[Mapping[str, Json]]) -> list[Roll]:
    """Every round of a record, in order; ``log`` may leave out entries of other acts than ``ROUND_ACTS``."""
    rolls: list[Roll] = []
    for entry in log:
        if entry["act"] == "round_opened":
            roles = entry["roles"] if isinstance(entry["roles"], list) else []
            numbers = tuple(Number(role, who) for role, who in WHO.items() if role == "system" or role in roles)
            rolls.append(Roll(len(rolls) + 1, numbers))
        elif entry["act"] in ROUND_ACTS and rolls:
            rolls[-1] = _apply_entry(rolls[-1], entry)
    return rolls


def _apply_entry(roll: Roll, entry: Mapping[str, Json]) -> Roll:
    role, numbers = str(entry.get("role", "system")), roll.numbers
    steps = {
        "system_committed": ("locked", ""),
        "participant_committed": ("locked", ""),
        "participant_revealed": ("open", str(entry.get("value", ""))),
        "seed_fixed": ("open", str(entry.get("secret", ""))),
    }
    if step := steps.get(str(entry["act"])):
        numbers = tuple(Number(number.role, number.who, *step) if number.role == role else number for number in numbers)
    return Roll(
        roll.number, numbers, str(entry.get("seed", roll.seed)), str(entry["at"]), entry["act"] == "round_aborted"
    )


def short(digits: str) -> str:
    """The first digits, for reading aloud."""
    return f"{digits[:4]} {digits[4:_SHOWN]}".upper()
