"""What an identity number tells of its holder, and how old somebody is."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date


@dataclass(frozen=True)
class PersonFacts:
    """A registered person, as the account knows it. ``birth`` None: nobody has told an identity number yet."""

    name: str
    sex: str
    birth: date | None
    id_number: str
    mobile: str


def person_facts(name: str, id_number: str, mobile: str) -> PersonFacts:
    """Sex and date of birth follow from the number; an empty one leaves both unknown."""
    known = bool(id_number)
    return PersonFacts(
        name, sex_of(id_number) if known else "", birth_of(id_number) if known else None, id_number, mobile
    )


def sex_of(id_number: str) -> str:
    """男 or 女: the 17th digit of an 18-digit number is odd for men (GB 11643)."""
    return "男" if int(id_number[16]) % 2 else "女"


def birth_of(id_number: str) -> date:
    """Digits 7 to 14 of an 18-digit number. Raises ValueError for a day that does not exist."""
    return date(int(id_number[6:10]), int(id_number[10:12]), int(id_number[12:14]))


def age_on(birth: date, day: date) -> int:
    """Completed years (周岁) on ``day``; who was born on 29 February completes one on 1 March of other years."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))
