"""Use cases of the first page, as edges receive them."""

from __future__ import annotations

from dataclasses import dataclass

from services.front_page.queries import FrontPageQueries


@dataclass(frozen=True)
class FrontPageServices:
    queries: FrontPageQueries
