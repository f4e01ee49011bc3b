"""A person's identity: result of its verification, check of an ID number and the facts in it, and the age on a day."""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import date

from stdnum.cn import ric

from domain.lifecycle import Labelled

_ID_NUMBER = re.compile(r"[1-9]\d{16}[\dX]", re.ASCII)


class IdentityVerificationResult(Labelled):
    """Whether a registered name and ID number belong together (实名核验), with labels for reviewers."""

    NONE = "", "未核验，请核对身份证件"
    """The register was not queried: the pool does not use it, or has not queried it yet."""
    MATCHED = "matched", "姓名与身份证号一致"
    ON_FILE = "on_file", "与专家库档案一致"
    WAITING = "waiting", "未核验（核验服务暂时没有答复，将自动重试）"
    NO_RECORD = "no_record", "查无记录，请核对身份证件"
    DIFFERS = "differs", "姓名与身份证号不一致"


@dataclass(frozen=True)
class PersonFacts:
    """Facts of a registered person from the account. ``birth`` None: no ID number is stored yet."""

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


def is_id_number(number: str) -> bool:
    """Whether 18 characters are a resident's ID number (GB 11643): its check digit is right, its date of birth exists.

    The region is not checked: it is that of issue, so python-stdnum's comparison with the year of birth refuses
    people who are older than their district, and it lacks the regions of residence permits.
    """
    if not _ID_NUMBER.fullmatch(number) or ric.calc_check_digit(number) != number[17]:
        return False
    try:
        birth_of(number)
    except ValueError:
        return False
    return True


def sex_of(id_number: str) -> str:
    """男 or 女: the 17th digit of an 18-digit number is odd for men (GB 11643)."""
    return "男" if int(id_number[16]) % 2 else "女"


def birth_of(id_number: str) -> date:
    """Date in digits 7 to 14 of an 18-digit number. Raises ValueError for a day that does not exist."""
    return date(int(id_number[6:10]), int(id_number[10:12]), int(id_number[12:14]))


def age_on(birth: date, day: date) -> int:
    """Completed years (周岁) on ``day``; a person born on 29 February completes one on 1 March in other years."""
    return day.year - birth.year - ((day.month, day.day) < (birth.month, birth.day))


def born_after(day: date, age_max: int) -> date:
    """A person born after this day has completed at most ``age_max`` years on ``day``."""
    year = day.year - age_max - 1
    try:
        return day.replace(year=year)
    except ValueError:
        return date(year, 2, 28)
