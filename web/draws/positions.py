"""The position that a page's form brings, which ``static/draws/position.js`` fills in."""

from __future__ import annotations

import math

from domain.positions import Position


def read_position(fields: dict[str, str]) -> Position | None:
    """The position that the browser sent, WGS-84 degrees; None when it sent nothing usable."""
    try:
        latitude, longitude = float(fields.get("latitude", "")), float(fields.get("longitude", ""))
    except ValueError:
        return None
    if not (math.isfinite(latitude) and math.isfinite(longitude)) or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    return Position(latitude, longitude)
