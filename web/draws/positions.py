"""The position in a form, filled in by ``static/draws/position.js``."""

from __future__ import annotations

import math

from domain.positions import Position


def read_position(fields: dict[str, str]) -> Position | None:
    """The browser's position, WGS-84 degrees; None without a valid one."""
    try:
        latitude, longitude = float(fields.get("latitude", "")), float(fields.get("longitude", ""))
    except ValueError:
        return None
    if not (math.isfinite(latitude) and math.isfinite(longitude)) or abs(latitude) > 90 or abs(longitude) > 180:
        return None
    return Position(latitude, longitude)
