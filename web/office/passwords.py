"""Initial passwords (初始密码) for experts: shows how many were issued, never the passwords."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from services.accounts import AT_ONCE, InitialPassword
from web.core.form_values import EMPTY
from web.core.pages import Visit, page
from web.office.base import OfficePart

OUTCOMES = {
    "issued": "已设置",
    "kept": "已有自己的密码，未改动",
    "unknown": "没有这个专家编号",
    "mobile_shared": "预留手机号与他人相同，请先更正",
}


@dataclass(frozen=True)
class _Experts:
    """``numbers`` of experts, separated by blanks, commas or lines."""

    numbers: str

    def split(self) -> list[str]:
        return [number for number in re.split(r"[\s,，、;；]+", self.numbers) if number]


class PasswordPages(OfficePart):
    code = "passwords"
    action = "person.manage"

    @page("/office/passwords", "office/passwords.html")
    async def passwords(self, visit: Visit) -> Mapping[str, object]:
        length = self.book(visit.actor).registration.password.initial_from_id
        return {"most": AT_ONCE, "outcomes": OUTCOMES, "length": length, **_result(())}

    @passwords.command(_Experts)
    async def issue(self, visit: Visit, form: _Experts) -> Mapping[str, object]:
        """The page shows the result."""
        issued = await self.services.accounts.initial_passwords.issue(visit.actor, form.split(), key=visit.key)
        return {"f": EMPTY, **_result(issued)}


def _result(issued: Sequence[InitialPassword]) -> Mapping[str, object]:
    counts = {code: sum(password.outcome == code for password in issued) for code in OUTCOMES}
    return {"done": issued, "counts": counts}
