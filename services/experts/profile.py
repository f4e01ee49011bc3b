"""An expert's own record, masked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.catalogues import full_name
from domain.masking import mask_id_number, mask_mobile, mask_name
from services.core.base import Actor, Deps, rows
from services.core.permissions import check
from services.experts.availability import Period, period_of
from services.experts.away import times_of
from services.experts.membership_status import MembershipStatus, membership_status_of, not_in_pool, status_of
from services.experts.suspension import suspension_columns

_PROFILE = f"""
WITH RECURSIVE file AS (SELECT * FROM expert WHERE id = $1 AND pool = $2 AND left_at IS NULL),
wanted (kind, code) AS (
  SELECT 'region', unnest(array_append(willing_regions, permanent_region::text)) FROM file
  UNION SELECT 'specialty', unnest(specialties) FROM file UNION SELECT 'qualification', unnest(qualifications) FROM file
  UNION SELECT 'title_level', title_level FROM file UNION SELECT 'department', department FROM file),
found AS (
  SELECT e.* FROM wanted w CROSS JOIN LATERAL (SELECT pool, kind, code, name, parent FROM catalogue_entry
    WHERE pool IN ('', $2) AND kind = w.kind AND code = w.code OFFSET 0) e
  UNION SELECT e.* FROM found f CROSS JOIN LATERAL (SELECT pool, kind, code, name, parent FROM catalogue_entry
    WHERE pool IN ('', $2) AND kind = f.kind AND code = f.parent OFFSET 0) e)
SELECT file.*, {suspension_columns("file", "$3")},
  ARRAY(SELECT ROW(kind, code, name, parent) FROM found ORDER BY pool) AS names,
  ARRAY(SELECT m.unit_name FROM employment m WHERE m.expert_id = file.id AND (m.until IS NULL OR m.until > $3)
    ORDER BY m.since DESC) AS employers,
  ARRAY(SELECT u FROM unavailability u WHERE u.expert_id = file.id AND u.cancelled_at IS NULL
    AND (u.ends_at IS NULL OR u.ends_at > $3) ORDER BY u.starts_at) AS periods
FROM file
"""
"""An expert's record ($1 of the pool $2) with names of its codes, units and absences that are not over at $3.

OFFSET 0 makes PostgreSQL look each code up by index instead of scanning the catalogue at each level.
"""


@dataclass(frozen=True)
class Named:
    """A catalogue code and its name; the name is empty when the catalogue lacks it."""

    code: str
    name: str


@dataclass(frozen=True)
class ExpertProfile:
    """An expert's own record."""

    id: UUID
    number: str
    masked_name: str
    masked_id_number: str
    masked_mobile: str
    membership_status: MembershipStatus
    permanent_region: Named
    willing_regions: tuple[Named, ...] | None
    """None: the pool draws by the permanent region only."""
    specialties: tuple[Named, ...]
    title_level: Named
    qualifications: tuple[Named, ...]
    department: Named
    employers: tuple[str, ...]
    unavailable: tuple[Period, ...]


@dataclass(frozen=True)
class ExpertProfiles:
    deps: Deps

    async def has_left(self, account_id: UUID) -> bool:
        """Whether the person was an expert of the pool, and is not now."""
        return (await membership_status_of(self.deps, account_id)).kind == "left"

    async def profile(self, actor: Actor) -> ExpertProfile:
        """The actor's own record; numbers are masked even for the owner, since phones are lent and photographed."""
        check(actor, "expert.self.read")
        now = self.deps.now()
        profile_rows = await rows(_PROFILE, actor.expert_id, actor.pool, now)
        if not profile_rows:
            raise not_in_pool()
        row, keys = profile_rows[0], self.deps.keys
        willing = self.deps.book(actor.pool).draw.by_willing_region
        names = _Names({(kind, code): (name, parent) for kind, code, name, parent in row["names"]})
        return ExpertProfile(
            id=row["id"],
            number=row["number"],
            masked_name=mask_name(row["name"]),
            masked_id_number=mask_id_number(keys.open_text(row["id_number_sealed"], "id_number")),
            masked_mobile=mask_mobile(keys.open_text(row["mobile_sealed"], "mobile")),
            membership_status=status_of(row, self.deps.book(actor.pool), actor.pool, now),
            permanent_region=names.of("region", row["permanent_region"]),
            willing_regions=names.all("region", row["willing_regions"]) if willing else None,
            specialties=names.all("specialty", row["specialties"]),
            title_level=names.of("title_level", row["title_level"]),
            qualifications=names.most_special("qualification", row["qualifications"]),
            department=names.of("department", row["department"]),
            employers=tuple(row["employers"]),
            unavailable=tuple(period_of(period["id"], times_of(period), now) for period in row["periods"]),
        )


@dataclass(frozen=True)
class _Names:
    """Name and parent by kind and code, for an expert's codes and their ancestors."""

    entries: Mapping[tuple[str, str], tuple[str, str]]

    def name(self, kind: str, code: str) -> str:
        return self.entries.get((kind, code), ("", ""))[0]

    def parent(self, kind: str, code: str) -> str:
        return self.entries.get((kind, code), ("", ""))[1]

    def of(self, kind: str, code: str) -> Named:
        return Named(code, full_name(kind, code, self) if (kind, code) in self.entries else "")

    def all(self, kind: str, codes: Iterable[str]) -> tuple[Named, ...]:
        return tuple(self.of(kind, code) for code in codes)

    def most_special(self, kind: str, codes: Sequence[str]) -> tuple[Named, ...]:
        """Without codes that are only there as ancestors of others."""
        above = {self.parent(kind, code) for code in codes}
        return self.all(kind, [code for code in codes if code not in above])
