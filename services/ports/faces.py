"""Verifies that the person before the phone is the one with our name and ID number."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class FacePerson:
    """The expected person. ``openid``: in the pool's official account, in which the page runs."""

    name: str
    id_number: str
    openid: str


class FaceChecker(Protocol):
    """We get no image: the platform takes it on the phone, compares, and returns its result."""

    async def begin(self, pool: str, number: str, person: FacePerson) -> str:
        """The platform's id of the check, which the phone runs. ``number``: our number, 5 to 32 of
        ``[0-9A-Za-z_-]``."""
        ...

    async def verdict(self, pool: str, number: str, check: str, person: FacePerson) -> bool:
        """Whether it was passed, regardless of the phone's report. Querying again changes nothing."""
        ...
