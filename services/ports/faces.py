"""Whether the person before the phone is the one whose name and ID number we have."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Protocol


@dataclass(frozen=True)
class FacePerson:
    """Who must be before the phone. ``openid``: in the pool's official account, which the page runs in."""

    name: str
    id_number: str
    openid: str


class FaceChecker(Protocol):
    """No picture comes to us: the platform takes it on the phone, compares, and tells its verdict."""

    async def begin(self, pool: str, number: str, person: FacePerson) -> str:
        """The platform's id of the check, which the phone runs. ``number``: ours, 5 to 32 of ``[0-9A-Za-z_-]``."""
        ...

    async def verdict(self, pool: str, number: str, check: str, person: FacePerson) -> bool:
        """Whether it was passed, whatever the phone says. Asking again changes nothing."""
        ...
