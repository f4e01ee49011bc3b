"""ID numbers, and fakes of identity verification and of face verification."""

from __future__ import annotations

from dataclasses import dataclass, field

from stdnum.cn.ric import calc_check_digit

from services.ports import FacePerson, IdentityMatch
from tests.factories.numbers import Numbers

_serials = Numbers()


def id_number() -> str:
    """A valid one that no other call returns."""
    body = f"11010519800101{next(_serials):03}"
    return body + str(calc_check_digit(f"{body}0"))


@dataclass
class FakeIdentityVerifier:
    """``answers`` by name, ``match`` for all others; ``fail`` is raised first, one at a time."""

    answers: dict[str, IdentityMatch] = field(default_factory=dict)
    fail: list[Exception] = field(default_factory=list)
    compared: list[tuple[str, str]] = field(default_factory=list)

    async def compare(self, name: str, id_number: str) -> IdentityMatch:
        self.compared.append((name, id_number))
        if self.fail:
            raise self.fail.pop(0)
        return self.answers.get(name, "match")


@dataclass
class FakeFaces:
    """``passes``: what the platform's server says; ``fail`` is raised first, one at a time."""

    passes: bool = True
    fail: list[Exception] = field(default_factory=list)
    begun: list[tuple[str, FacePerson]] = field(default_factory=list)

    async def begin(self, pool: str, number: str, person: FacePerson) -> str:
        if self.fail:
            raise self.fail.pop(0)
        self.begun.append((number, person))
        return f"check-{len(self.begun)}"

    async def verdict(self, pool: str, number: str, check: str, person: FacePerson) -> bool:
        if self.fail:
            raise self.fail.pop(0)
        return self.passes and (number, person) in self.begun and check == f"check-{len(self.begun)}"
