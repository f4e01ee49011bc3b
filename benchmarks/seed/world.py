"""What all parts of the seed use: the pool's codes, its staff, names, the present moment."""

from __future__ import annotations

import random
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime
from functools import cached_property
from pathlib import Path
from typing import cast
from uuid import UUID

from stdnum.cn import uscc

from app.demo.data import CITIES, POOL, STYLES, TRADES, invent_name, pool_catalogues
from app.players.people import CAST, REVIEWERS
from domain.catalogues import Kind
from domain.rulebook.book import Rulebook
from models.accounts import Account
from models.campaigns import Campaign, Employer
from models.organisations import Organisation
from services.catalogues import path_of
from services.core.base import Deps
from services.core.pinyin import sort_name

_NAMES = 20_000
_FORMS = ("有限公司", "集团有限公司", "股份有限公司")


@dataclass(frozen=True)
class Sizes:
    """Number of rows of each kind to seed."""

    experts: int = 100_000
    applications: int = 20_000
    invitations: int = 50_000
    draws: int = 5_000
    orders: int = 20_000
    notices: int = 100_000

    def __post_init__(self) -> None:
        if self.experts < 2 * self.applications // 3 or self.experts < 3 * self.invitations // max(self.draws, 1):
            raise ValueError("seed more experts: half of all applications are theirs, and each draw calls others")


@dataclass(frozen=True, slots=True)
class Person:
    """An account with its WeChat; ``expert_id`` and ``number`` of an expert only."""

    account_id: UUID
    name: str
    mobile_sealed: str
    region: str
    openid: str
    expert_id: UUID | None = None
    number: str = ""
    specialties: tuple[str, ...] = ()


@dataclass
class World:
    deps: Deps
    sizes: Sizes
    now: datetime
    appid: str
    parents: Mapping[Kind, Mapping[str, str]]
    employers: Sequence[UUID]
    campaign_id: UUID
    organisation_id: UUID
    staff: Mapping[str, UUID]
    """Accounts of the demonstration's cast by mobile."""
    rng: random.Random = field(default_factory=lambda: random.Random(1))
    experts: list[Person] = field(default_factory=list)
    applicants: list[Person] = field(default_factory=list)
    _paths: dict[tuple[Kind, str], list[str]] = field(default_factory=dict)

    @classmethod
    async def of(cls, deps: Deps, catalogues: Path, sizes: Sizes, appid: str) -> World:
        """Read from the database, which must hold the demonstration's staff, campaign and employers."""
        hashes = {deps.keys.lookup_hash("mobile", person.mobile): person.mobile for person in CAST}
        accounts = await Account.filter(pool=POOL, mobile_hash__in=list(hashes))
        loaded = pool_catalogues(deps.book(POOL), catalogues)
        return cls(
            deps=deps,
            sizes=sizes,
            now=deps.now(),
            appid=appid,
            parents={kind: {entry.code: entry.parent for entry in entries} for kind, entries in loaded.items()},
            employers=[employer.id for employer in await Employer.filter(pool=POOL).order_by("id")],
            campaign_id=(await Campaign.get(pool=POOL)).id,
            organisation_id=(await Organisation.get(pool=POOL)).id,
            staff={hashes[account.mobile_hash]: account.id for account in accounts},
        )

    @property
    def book(self) -> Rulebook:
        return self.deps.book(POOL)

    @property
    def reviewers(self) -> list[UUID]:
        """In the order of the review's steps."""
        return [self.staff[person.mobile] for person in REVIEWERS]

    def cast(self, role: str) -> UUID:
        """The account of the cast's person with a role of staff."""
        return next(self.staff[person.mobile] for person in CAST if person.role == role)

    def exists(self, kind: str, code: str) -> bool:
        return code in self.parents[cast(Kind, kind)]

    def path(self, kind: str, code: str) -> list[str]:
        """The code and its ancestors, the lowest first."""
        if (kind, code) not in self._paths:
            self._paths[kind, code] = path_of(code, self.parents[cast(Kind, kind)])
        return self._paths[kind, code]

    @cached_property
    def districts(self) -> list[str]:
        """Regions without subordinate ones; a third of them in the capital."""
        leaves = self._leaves("region")
        capital = [code for code in leaves if code.startswith("4401")]
        return leaves + capital * (len(leaves) // (2 * len(capital)) + 1)

    @cached_property
    def specialties(self) -> list[str]:
        """Specialties without subordinate ones; every twentieth is one of building, which the benchmarks draw."""
        leaves = [code for code in self._leaves("specialty") if not code.startswith("A08")]
        building = [code for code in self._leaves("specialty") if code.startswith("A08")]
        return leaves + building * (len(leaves) // (20 * len(building)) + 1)

    def some_specialties(self) -> list[str]:
        """One to three that differ."""
        return list(dict.fromkeys(self.rng.choices(self.specialties, k=self.rng.choice((1, 2, 2, 3)))))

    def _leaves(self, kind: Kind) -> list[str]:
        above = set(self.parents[kind].values())
        return [code for code in self.parents[kind] if code not in above]

    @cached_property
    def names(self) -> list[tuple[str, str]]:
        """Names of persons with their sort keys. Some occur more than once."""
        names = [invent_name(self.rng) for _ in range(min(_NAMES, self.sizes.experts + self.sizes.applications))]
        return [(name, sort_name(name)) for name in names]

    @cached_property
    def units(self) -> list[tuple[str, str]]:
        """Employers with their credit codes."""
        names = [c + s + t + f for f in _FORMS for c in CITIES for s in STYLES for t in TRADES]
        return [(name, _credit_code(serial)) for serial, name in enumerate(names)]


def _credit_code(serial: int) -> str:
    first = f"91440101MA6{serial:06}"
    return first + str(uscc.calc_check_digit(first))
