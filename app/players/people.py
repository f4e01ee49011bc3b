"""The people of the demonstration: names, phones and identity numbers that belong to no real person.

Mobile numbers lie in 19900000000–19900000099, citizens' numbers are well-formed with an invented serial.
"""

from __future__ import annotations

from dataclasses import dataclass

_WEIGHTS = (7, 9, 10, 5, 8, 4, 2, 1, 6, 3, 7, 9, 10, 5, 8, 4, 2)
"""Weights of GB 11643; the remainder selects the last character."""
_SIGNS = "10X98765432"
AGENCY = "演示招标代理有限公司"
AGENCY_CODE = "91440101MA5000001P"
"""The agency's credit code 统一社会信用代码."""


@dataclass(frozen=True)
class DemoPerson:
    """``role``: expert, agency, verifier, supervisor, venue, applicant, reviewer, legal (the agency's legal entity)
    or admin."""

    name: str
    mobile: str
    id_number: str
    role: str
    pool: str = "demo"

    def as_config(self) -> dict[str, object]:
        """An entry of the sandbox's ``people``; for the agency with the identity platform's assurance level."""
        config: dict[str, object] = {
            "name": self.name,
            "mobile": self.mobile,
            "id_number": self.id_number,
            "role": self.role,
            "pool": self.pool,
        }
        if user_type := {"agency": "agent", "legal": "legal"}.get(self.role):
            config |= {"user_type": user_type, "organisation": {"name": AGENCY, "credit_code": AGENCY_CODE}}
        return config


def check_sign(first_17: str) -> str:
    """The check character of an ID number 公民身份号码."""
    return _SIGNS[sum(int(digit) * weight for digit, weight in zip(first_17, _WEIGHTS, strict=True)) % 11]


def _person(number: int, name: str, role: str) -> DemoPerson:
    first = f"440106{1986 + number % 8}{1 + number % 12:02d}{1 + number % 28:02d}{900 + number:03d}"
    return DemoPerson(name=name, mobile=f"199000000{number:02d}", id_number=first + check_sign(first), role=role)


STAFF = (
    _person(1, "周代理", "agency"),
    _person(2, "郑核验", "verifier"),
    _person(3, "冯监督", "supervisor"),
    _person(4, "陈场地", "venue"),
)
_EXPERTS = (
    *("测一明", "林晓东", "黄志远", "梁美玲", "何建国", "罗思远", "谢婉婷", "邓伟强"),
    *("曾庆华", "彭丽娟", "萧国栋", "蔡文静", "潘志勇", "田春梅", "董海涛", "袁慧敏"),
)
EXPERTS = tuple(_person(11 + index, name, "expert") for index, name in enumerate(_EXPERTS))
APPLICANTS = (
    _person(31, "江申请", "applicant"),
    _person(32, "柳学文", "applicant"),
    _person(33, "唐立新", "applicant"),
)
"""Applicants, without account or expert record at the start."""
REVIEWERS = (
    _person(7, "王初审", "reviewer"),
    _person(8, "李复审", "reviewer"),
)
"""In the order of the demo pool's review steps."""
OFFICES = (
    _person(5, "吴法人", "legal"),
    _person(6, "徐管理", "admin"),
)
"""Roles that are seldom needed; the workspace lists their phones last."""
_NAMED = (*STAFF[:3], EXPERTS[0], *APPLICANTS[:2], *REVIEWERS, STAFF[3])
"""The persons whom the README names, and one expert: the workspace shows their phones at first."""
CAST = (*_NAMED, *EXPERTS[1:], *APPLICANTS[2:], *OFFICES)
"""All people, in the order of the phones."""
