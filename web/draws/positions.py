"""The position in a form, filled in by ``static/draws/position.js``."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

from domain.positions import Position


@dataclass(frozen=True)
class BrowserPosition:
    """The fields ``latitude`` and ``longitude``, WGS-84 degrees; None without a valid position."""

    def read(self, sent: Mapping[str, str], _name: str) -> Position | None:
        try:
            latitude, longitude = float(sent.get("latitude", "")), float(sent.get("longitude", ""))
        except ValueError:
            return None
        if not (math.isfinite(latitude) and math.isfinite(longitude)) or abs(latitude) > 90 or abs(longitude) > 180:
            return None
        return Position(latitude, longitude)


@dataclass(frozen=True)
class CheckInForm:
    """A check-in by the expert's own phone."""

    position: Annotated[Position | None, BrowserPosition()]
