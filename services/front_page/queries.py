"""The changing part of a pool's first page, by one statement; all else on it is the rulebook's."""

from __future__ import annotations

import json
from dataclasses import dataclass

from domain.applications.lifecycles import ApplicationState
from models.campaigns import Campaign
from models.materials import Material
from services.applications import CampaignView, RegionAdvice, advice_lines, announced_of, name_regions
from services.catalogue_codes import CatalogueCode, CatalogueCodes
from services.core.base import Deps, from_row, rows
from services.files import MaterialQueries, MaterialView

_MATERIALS_MAX = 3
_READ = f"""
WITH RECURSIVE announced AS (
  SELECT g AS campaign FROM campaign g WHERE g.pool = $1 AND g.published_at IS NOT NULL
    AND least(g.enrol_until, g.closed_at) > $2),
named AS (SELECT unnest($3::text[]) AS code
  UNION SELECT jsonb_object_keys((campaign).advice) FROM announced),
region AS (SELECT e.pool, e.code, e.name, e.parent FROM named
    JOIN catalogue_entry e ON e.pool = ANY($4::text[]) AND e.kind = 'region' AND e.code = named.code
  UNION SELECT e.pool, e.code, e.name, e.parent FROM region
    JOIN catalogue_entry e ON e.pool = ANY($4::text[]) AND e.kind = 'region' AND e.code = region.parent),
shown AS (SELECT m AS material FROM material m WHERE m.pool = $1 AND m.shown_from <= $2
    AND (m.shown_until IS NULL OR m.shown_until > $2))
SELECT ARRAY(SELECT campaign FROM announced ORDER BY (campaign).enrol_from, (campaign).id) AS campaigns,
  (SELECT jsonb_agg(jsonb_build_array(code, name, parent) ORDER BY pool) FROM region)::text AS regions,
  ARRAY(SELECT material FROM shown ORDER BY (material).changed_at DESC, (material).id
    LIMIT {_MATERIALS_MAX}) AS newest,
  (SELECT count(*) FROM shown) AS materials,
  (SELECT count(*) FROM application a WHERE a.pool = $1 AND a.state = $5 AND a.notice_until IS NOT NULL) AS on_notice
"""
"""``least`` ignores a missing end. Of two entries of one code the pool's own comes last and counts."""


@dataclass(frozen=True)
class FrontPage:
    """``campaigns`` are open or upcoming, soonest first; ``newest`` some of all ``materials``; ``on_notice`` counts the
    persons of the public notice (入库公示); ``contacts`` are those of the regions."""

    campaigns: tuple[CampaignView, ...]
    on_notice: int
    newest: tuple[MaterialView, ...]
    materials: int
    contacts: tuple[RegionAdvice, ...]


@dataclass(frozen=True)
class FrontPageQueries:
    deps: Deps
    files: MaterialQueries

    async def read(self, pool: str) -> FrontPage:
        """Of a known pool."""
        book, now = self.deps.book(pool), self.deps.now()
        [row] = await rows(_READ, pool, now, [*book.help.advice], ["", pool], ApplicationState.NOTICE.value)
        campaigns = announced_of([from_row(Campaign, campaign) for campaign in row["campaigns"]], now)
        regions = {
            ("region", code): CatalogueCode(name, parent, has_children=False)
            for code, name, parent in json.loads(row["regions"] or "[]")
        }
        return FrontPage(
            campaigns,
            row["on_notice"] if book.notice is not None else 0,
            tuple(self.files.view_of(from_row(Material, material)) for material in row["newest"]),
            row["materials"],
            name_regions(advice_lines(book, campaigns), CatalogueCodes(regions)),
        )
