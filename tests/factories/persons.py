"""ID numbers, and a register of persons that answers as told."""

from __future__ import annotations

from dataclasses import dataclass, field

from stdnum.cn.ric import calc_check_digit

from services.ports import PersonMatch
from tests.factories.numbers import Numbers

_serials = Numbers()


def id_number() -> str:
    """A valid one that no other call returns."""
    body = f"11010519800101{next(_serials):03}"
    return body + str(calc_check_digit(f"{body}0"))


@dataclass
class FakeRegister:
    """``answers`` by name, ``match`` for all others; ``fail`` is raised first, one at a time."""

    answers: dict[str, PersonMatch] = field(default_factory=dict)
    fail: list[Exception] = field(default_factory=list)
    asked: list[tuple[str, str]] = field(default_factory=list)

    async def compare(self, name: str, id_number: str) -> PersonMatch:
        self.asked.append((name, id_number))
        if self.fail:
            raise self.fail.pop(0)
        return self.answers.get(name, "match")
