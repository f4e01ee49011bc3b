"""How an expert renews the term (续聘) now: by the campaigns, and by an application that is under way."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import Any

from domain.clock import print_until
from domain.rulebook.book import Rulebook

_END = "least(g.enrol_until, coalesce(g.closed_at, g.enrol_until))"
NEXT_CAMPAIGN = f"""(SELECT json_build_object('from', g.enrol_from, 'until', {_END}) FROM campaign g
  WHERE g.pool = {{expert}}.pool AND g.published_at IS NOT NULL AND 'renewal' = ANY(g.entry_types) AND {_END} > {{now}}
  ORDER BY g.enrol_from, g.id LIMIT 1)"""
"""The next campaign that takes renewals, of the row ``expert`` and the moment ``now`` of a statement."""
IS_RENEWING = """EXISTS (SELECT 1 FROM application p
  WHERE p.account_id = {expert}.account_id AND p.ended_at IS NULL AND p.entry_type = 'renewal')"""


@dataclass(frozen=True)
class Renewal:
    """The next step. ``action`` and ``route`` are empty where there is none yet."""

    advice: str
    action: str = ""
    route: str = ""
    until: datetime | None = None


def renewal_of(row: Mapping[str, Any], book: Rulebook, pool: str, now: datetime) -> Renewal:
    """By the columns ``next_campaign`` and ``is_renewing``."""
    name, hotline, page = book.campaigns.name_of("renewal"), book.pool.hotline, f"/h5/{pool}/apply"
    if row["is_renewing"]:
        return Renewal(f"您的{name}正在办理", "查看进度", f"{page}/status")
    if "renewal" not in book.campaigns.entry_types:
        return Renewal(f"本库不在线办理{name}，请拨打{hotline}")
    form = f"{page}?entry_type=renewal"
    if not book.campaigns.required:
        return Renewal(f"{name}全年均可办理", f"去{name}", form)
    if row["next_campaign"] is None:
        return Renewal(f"现在没有接受{name}的征集，开始后会列在待办事项里；急需办理的请拨打{hotline}")
    campaign = {name: datetime.fromisoformat(at) for name, at in json.loads(row["next_campaign"]).items()}
    if campaign["from"] > now:
        return Renewal(f"{print_until(campaign['from'], now)}起可以办理{name}")
    return Renewal(f"请在{print_until(campaign['until'], now)}前办理{name}", f"去{name}", form, campaign["until"])
