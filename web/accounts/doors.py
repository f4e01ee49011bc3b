"""Where a browser logs in: the pool, and the role in which its person worked last.

It permits nothing: a remembered role is taken only by a person who holds it.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import timedelta
from typing import Any
from urllib.parse import urlsplit

import aiohttp.web as http

from services.accounts import RoleOption
from services.core.base import Actor
from services.core.permissions import AGENCY, APPLICANT

COOKIE = "pbt_door"
DOOR_TTL = timedelta(days=400)
"""The longest time for which browsers keep a cookie."""
PERSON, AGENCIES, STAFF = "person", "agency", "staff"
GROUPS: Mapping[str, str] = {PERSON: "申请人、专家", AGENCIES: "招标人、代理", STAFF: "工作人员"}
"""Groups of roles that log in alike, with the names of their log-ins."""


@dataclass(frozen=True)
class Door:
    """``role`` is a role, or a group before any was chosen; ``organisation`` the id of the organisation as text."""

    pool: str = ""
    role: str = ""
    scope: str = ""
    organisation: str = ""

    @property
    def group(self) -> str:
        return group_of(self.role)

    def choose(self, options: Sequence[RoleOption]) -> RoleOption | None:
        """The role chosen last, else the only one of the group; None where the person has to choose."""
        same = [option for option in options if door_to(self.pool, option) == self]
        fitting = same or [option for option in options if self.group and group_of(option.role) == self.group]
        return fitting[0] if len(fitting) == 1 else None


def group_of(role: str) -> str:
    """The group of a role or group; empty for none."""
    if role in GROUPS or not role or role == "guest":
        return role if role in GROUPS else ""
    if role in APPLICANT:
        return PERSON
    return AGENCIES if role in AGENCY else STAFF


def group_of_page(target: str) -> str:
    """Who works on a page of ours; empty where several groups do."""
    part = urlsplit(target).path.strip("/").partition("/")[0]
    return {"agency": AGENCIES, "office": STAFF, "review": STAFF, "h5": PERSON}.get(part, "")


def door_to(pool: str, held: RoleOption | Actor) -> Door:
    return Door(pool, held.role, held.scope, str(held.organisation_id or ""))


def read_door(request: http.Request) -> Door:
    """The remembered one; an empty one where nothing, or something else, is stored."""
    try:
        stored: Any = json.loads(base64.urlsafe_b64decode(request.cookies.get(COOKIE, "").encode()))
        door = Door(**stored)
    except (ValueError, TypeError):  # no base64, no JSON, other fields
        return Door()
    return door if all(isinstance(value, str) for value in asdict(door).values()) else Door()


def remember_door(response: http.Response, door: Door, *, secure: bool) -> None:
    stored = base64.urlsafe_b64encode(json.dumps(asdict(door)).encode()).decode()
    response.set_cookie(
        COOKIE,
        stored,
        max_age=int(DOOR_TTL.total_seconds()),
        httponly=True,
        samesite="Lax",
        secure=secure,
    )
