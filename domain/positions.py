"""Positions on the earth: the two coordinate systems that phones in China use, and distances.

Browsers give WGS-84, the system of GPS. WeChat's own location messages and ``wx.getLocation({type: "gcj02"})`` give
GCJ-02 (国测局坐标), which maps in China must use; the two lie 100 to 700 m apart. The offset is not published. The
formula here is the public approximation of "eviltransform" (github.com/googollee/eviltransform), from which the test
values come.
"""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import Literal

System = Literal["wgs84", "gcj02"]
_AXIS = 6_378_137.0
"""Half the equator's diameter, metres."""
_ECCENTRICITY = 0.00669342162296594323
"""Of the Krasovsky ellipsoid, squared."""
_EARTH_RADIUS = 6_371_000
"""Metres, mean."""


@dataclass(frozen=True)
class Position:
    """Degrees, in the coordinate system that the sender names."""

    latitude: float
    longitude: float
    system: System = "wgs84"


def in_china(position: Position) -> bool:
    """Within the rectangle in which GCJ-02 is taken to differ from WGS-84; elsewhere they are the same."""
    return 0.8293 <= position.latitude <= 55.8271 and 72.004 <= position.longitude <= 137.8347


def map_link(position: Position) -> str:
    """The address of a map that shows this WGS-84 position, and finds the way to it."""
    return f"https://uri.amap.com/marker?position={position.longitude:.6f},{position.latitude:.6f}&coordinate=wgs84"


def to_wgs84(position: Position) -> Position:
    """The same place in WGS-84, to about 2 m."""
    if position.system == "wgs84" or not in_china(position):
        return Position(position.latitude, position.longitude)
    north, east = _offset(position.latitude, position.longitude)
    for _ in range(2):  # the offset is that at the sought place, which the first guess misses by a few metres
        north, east = _offset(position.latitude - north, position.longitude - east)
    return Position(position.latitude - north, position.longitude - east)


def to_gcj02(position: Position) -> Position:
    """The same place in GCJ-02, for maps in China."""
    if position.system == "gcj02" or not in_china(position):
        return Position(position.latitude, position.longitude, "gcj02")
    north, east = _offset(position.latitude, position.longitude)
    return Position(position.latitude + north, position.longitude + east, "gcj02")


def _offset(latitude: float, longitude: float) -> tuple[float, float]:
    """How far GCJ-02 lies north and east of a WGS-84 position, in degrees."""
    x, y = longitude - 105.0, latitude - 35.0
    common = 20 * math.sin(6 * x * math.pi) + 20 * math.sin(2 * x * math.pi)
    root = math.sqrt(abs(x))
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += (
        (common + _waves(y, 20, 40, 3) + 160 * math.sin(y * math.pi / 12) + 320 * math.sin(y * math.pi / 30)) * 2 / 3
    )
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += (
        (common + _waves(x, 20, 40, 3) + 150 * math.sin(x * math.pi / 12) + 300 * math.sin(x * math.pi / 30)) * 2 / 3
    )
    radians = math.radians(latitude)
    bend = 1 - _ECCENTRICITY * math.sin(radians) ** 2
    meridian = _AXIS * (1 - _ECCENTRICITY) / (bend * math.sqrt(bend))
    parallel = _AXIS / math.sqrt(bend) * math.cos(radians)
    return math.degrees(north / meridian), math.degrees(east / parallel)


def _waves(at: float, first: float, second: float, period: float) -> float:
    return first * math.sin(at * math.pi) + second * math.sin(at * math.pi / period)


def distance(position: Position, other: Position) -> float:
    """Metres between two positions on a sphere (haversine), whatever their systems."""
    here, there = to_wgs84(position), to_wgs84(other)
    lat1, lat2 = math.radians(here.latitude), math.radians(there.latitude)
    north, east = lat2 - lat1, math.radians(there.longitude - here.longitude)
    a = math.sin(north / 2) ** 2 + math.cos(lat1) * math.cos(lat2) * math.sin(east / 2) ** 2
    return 2 * _EARTH_RADIUS * math.asin(math.sqrt(a))
