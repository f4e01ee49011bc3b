"""Use cases of statistics, as other packages and edges receive them."""

from __future__ import annotations

from dataclasses import dataclass

from services.statistics.coverage import SpecialtyCoverage
from services.statistics.figures import Figures
from services.statistics.open_data import OpenData


@dataclass(frozen=True)
class StatisticsServices:
    figures: Figures
    coverage: SpecialtyCoverage
    open_data: OpenData
