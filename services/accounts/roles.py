"""Roles that a person holds now, from the expert's record, registration, organisations, grants, draws and reviews."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

from services.core.base import rows
from services.core.permissions import role_name


@dataclass(frozen=True)
class RoleOption:
    """A role in which a person may act. ``organisation_id`` for agents and legal entities, ``expert_id`` for
    experts."""

    role: str
    scope: str = ""
    organisation_id: UUID | None = None
    organisation_name: str = ""
    expert_id: UUID | None = None

    @property
    def label(self) -> str:
        """``经办人 · 某某公司``, for a list to choose from."""
        return " · ".join(part for part in (role_name(self.role), self.organisation_name, self.scope) if part)


_KNOWN_ENOUGH = "NOT EXISTS (SELECT 1 FROM account w WHERE w.id IN ({0}) AND w.weak_identity_at IS NOT NULL)"
"""Excludes agents whose own assurance level, or whose organisation's legal account's, is too low on the identity
platform."""
_EXPERT = "SELECT 'expert', '', NULL::uuid, '', id FROM expert WHERE account_id = {person} AND left_at IS NULL"
_LEGAL = (
    "SELECT 'organisation', '', id, name, NULL::uuid FROM organisation WHERE legal_account_id = {person} AND "
    + _KNOWN_ENOUGH.format("legal_account_id")
)
_AGENT = (
    "SELECT 'agent', '', o.id, o.name, NULL::uuid FROM agent_link l JOIN organisation o ON o.id = l.organisation_id "
    "WHERE l.account_id = {person} AND l.accepted_at IS NOT NULL AND l.revoked_at IS NULL "
    "AND l.declined_at IS NULL AND l.valid_from <= $2 AND l.valid_until > $2 AND "
    + _KNOWN_ENOUGH.format("l.account_id, o.legal_account_id")
)
_GRANT = (
    "SELECT role, scope, NULL::uuid, '', NULL::uuid FROM role_grant WHERE account_id = {person} AND revoked_at IS NULL"
)
_APPLICANT = (
    "SELECT 'applicant', '', NULL::uuid, '', NULL::uuid FROM account a WHERE a.id = {person} "
    "AND a.registered_at IS NOT NULL "
    "AND NOT EXISTS (SELECT 1 FROM expert e WHERE e.account_id = a.id AND e.left_at IS NULL)"
)
"""An expert may do all that an applicant may, so the applicant's role isn't offered to him."""
_REVIEWER = (
    "SELECT 'reviewer', '', NULL::uuid, '', NULL::uuid FROM account a WHERE a.id = {person} AND EXISTS "
    "(SELECT 1 FROM review_assignment r WHERE r.account_id = a.id AND r.pool = a.pool AND r.revoked_at IS NULL "
    "UNION ALL SELECT 1 FROM review_substitution s JOIN review_assignment r ON r.account_id = s.account_id "
    "AND r.pool = s.pool AND r.revoked_at IS NULL WHERE s.substitute_id = a.id AND s.pool = a.pool "
    "AND s.ended_at IS NULL AND s.ends_at > $2)"
)
"""By an own assignment, or in the place of an absent reviewer; before it begins he can decline, and has no tasks."""
_STILL_SUPERVISES = """(d.ended_at IS NULL OR EXISTS
  (SELECT 1 FROM supervisor_entry e WHERE e.id = n.entry_id AND e.active_until IS NULL))"""
"""For a draw ``d`` and its supervisor ``n``: it runs, or it is over and the person is still in the office's
register."""
_NAMED_SUPERVISOR = (
    "SELECT 'supervisor', '', NULL::uuid, '', NULL::uuid WHERE EXISTS (SELECT 1 FROM draw_supervisor n "
    f"JOIN draw d ON d.id = n.draw_id WHERE {_STILL_SUPERVISES} "
    "AND n.mobile_hash = (SELECT mobile_hash FROM account WHERE id = {person}) "
    "AND d.pool = (SELECT pool FROM account WHERE id = {person}))"
)
"""A draw's named supervisor may act as supervisor; for that draw only, which draws check."""

MAY_ACT_FOR = (
    "EXISTS (SELECT 1 FROM ({union}) AS held (role, scope, organisation_id, name, expert_id) "
    "WHERE held.organisation_id = {{organisation}})"
).format(union=f"{_LEGAL} UNION ALL {_AGENT}")
"""SQL: whether ``{person}`` acts for ``{organisation}`` at the moment ``$2``."""
MAY_WORK = f"""coalesce(
  (SELECT TRUE FROM role_grant g WHERE g.account_id = a.id AND g.revoked_at IS NULL LIMIT 1),
  (SELECT TRUE FROM agent_link l WHERE l.account_id = a.id AND l.revoked_at IS NULL AND l.declined_at IS NULL LIMIT 1),
  (SELECT TRUE FROM organisation o WHERE o.legal_account_id = a.id LIMIT 1),
  (SELECT TRUE FROM review_assignment r WHERE r.account_id = a.id AND r.revoked_at IS NULL LIMIT 1),
  (SELECT TRUE FROM review_substitution s WHERE s.substitute_id = a.id AND s.ended_at IS NULL LIMIT 1),
  (SELECT TRUE FROM draw_supervisor n JOIN draw d ON d.id = n.draw_id
    WHERE n.mobile_hash = a.mobile_hash AND {_STILL_SUPERVISES} LIMIT 1), FALSE)"""
"""SQL for an account ``a``: whether one of the sources below, except the person's own, can give it a role."""

_SOURCES: Mapping[str, tuple[str, ...]] = {
    "expert": (_EXPERT,),
    "applicant": (_APPLICANT,),
    "organisation": (_LEGAL,),
    "agent": (_AGENT,),
    "supervisor": (_GRANT, _NAMED_SUPERVISOR),
    "verifier": (_GRANT,),
    "venue": (_GRANT,),
    "reviewer": (_REVIEWER,),
    "pool_admin": (_GRANT,),
}
_ALL = (_EXPERT, _APPLICANT, _LEGAL, _AGENT, _GRANT, _NAMED_SUPERVISOR, _REVIEWER)


def held_by(person: str, sources: Sequence[str] = _ALL) -> str:
    """FROM item ``held``: the roles of ``person`` (SQL) at the moment ``$2``."""
    union = " UNION ALL ".join(sources).format(person=person)
    return f"({union}) AS held (role, scope, organisation_id, organisation_name, expert_id)"


_HOLDER = f"""
SELECT a.disabled_at IS NOT NULL AS disabled, a.real_name, a.mobile_sealed, e.name AS expert_name, held.*
FROM account a CROSS JOIN (SELECT $2::timestamptz) AS moment LEFT JOIN {held_by("$1")} ON true
LEFT JOIN expert e ON e.id = held.expert_id WHERE a.id = $1
"""


_SUPERVISES = (
    "SELECT 1 AS found FROM draw_supervisor n JOIN draw d ON d.id = n.draw_id "
    f"WHERE n.mobile_hash = $2 AND d.pool = $1 AND {_STILL_SUPERVISES} LIMIT 1"
)


async def supervises(pool: str, mobile_hash: str) -> bool:
    """Whether a draw names the person with this mobile as supervisor, with or without an account."""
    return bool(await rows(_SUPERVISES, pool, mobile_hash))


@dataclass(frozen=True)
class Holder:
    """An account and its present roles. ``expert_name`` is empty for a person who is no expert."""

    disabled: bool
    real_name: str
    mobile_sealed: str
    expert_name: str
    roles: tuple[RoleOption, ...]


async def find_holder(account_id: UUID, now: datetime) -> Holder | None:
    """An account with its roles sorted as by ``roles_of``, by one statement; None for an unknown account."""
    holdings = await rows(_HOLDER, account_id, now)
    if not holdings:
        return None
    head = holdings[0]
    names = [row["expert_name"] for row in holdings if row["expert_name"] is not None]
    options = [{name: row[name] for name in RoleOption.__dataclass_fields__} for row in holdings if row["role"]]
    return Holder(
        head["disabled"],
        head["real_name"],
        head["mobile_sealed"],
        next(iter(names), ""),
        tuple(_sorted_options(options)),
    )


async def roles_of(account_id: UUID, now: datetime) -> list[RoleOption]:
    """All roles of the person, each once; expert first, then organisations by name, then staff roles."""
    return await _find_roles(_ALL, account_id, now)


async def find_role(
    account_id: UUID, role: str, now: datetime, *, scope: str = "", organisation_id: UUID | None = None
) -> RoleOption | None:
    """The role with exactly this scope and organisation, if the person holds it now."""
    for option in await _find_roles(_SOURCES.get(role, ()), account_id, now):
        if (option.role, option.scope, option.organisation_id) == (role, scope, organisation_id):
            return option
    return None


async def _find_roles(sources: Sequence[str], account_id: UUID, now: datetime) -> list[RoleOption]:
    if not sources:
        return []
    moment = "(SELECT $2::timestamptz) AS moment"  # not every source uses it
    return _sorted_options(await rows(f"SELECT held.* FROM {moment}, {held_by('$1', sources)}", account_id, now))


def _sorted_options(holdings: Sequence[Mapping[str, Any]]) -> list[RoleOption]:
    options = {RoleOption(**row) for row in holdings if row["role"] in _SOURCES}
    order = list(_SOURCES)
    return sorted(options, key=lambda o: (order.index(o.role), o.organisation_name, o.scope))
