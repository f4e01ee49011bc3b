"""Coordinates of WeChat and of browsers. The pairs are those of eviltransform's own tests (github.com/googollee)."""

from __future__ import annotations

import pytest

from domain.positions import Position, distance, in_china, to_gcj02, to_wgs84

PAIRS = [
    ((31.1774276, 121.5272106), (31.17530398364597, 121.531541859215)),  # Shanghai
    ((22.543847, 113.912316), (22.540796131694766, 113.9171764808363)),  # Shenzhen
    ((39.911954, 116.377817), (39.91334545536069, 116.38404722455657)),  # Beijing
]


@pytest.mark.parametrize(("wgs84", "gcj02"), PAIRS)
def test_a_position_of_wechat_is_turned_into_that_of_gps_within_a_metre(
    wgs84: tuple[float, float], gcj02: tuple[float, float]
) -> None:
    assert distance(to_wgs84(Position(*gcj02, "gcj02")), Position(*wgs84)) < 1
    assert distance(Position(*gcj02, "gcj02"), Position(*wgs84)) < 1
    assert 400 < distance(Position(*gcj02), Position(*wgs84)) < 700


def test_abroad_both_are_the_same() -> None:
    denver = Position(39.7392, -104.9903, "gcj02")
    assert not in_china(denver)
    assert to_wgs84(denver) == Position(39.7392, -104.9903)


def test_a_position_of_gps_stays_as_it_is() -> None:
    assert to_wgs84(Position(39.911954, 116.377817)) == Position(39.911954, 116.377817)


def test_a_degree_north_is_111_kilometres() -> None:
    assert distance(Position(30, 114), Position(31, 114)) == pytest.approx(111_195, abs=1)


@pytest.mark.parametrize(("wgs84", "gcj02"), PAIRS)
def test_a_position_of_gps_is_shown_on_a_map_in_its_place(
    wgs84: tuple[float, float], gcj02: tuple[float, float]
) -> None:
    shown = to_gcj02(Position(*wgs84))
    assert shown.system == "gcj02"
    assert (shown.latitude, shown.longitude) == pytest.approx(gcj02, abs=1e-5)
    assert to_gcj02(shown) == shown


def test_abroad_both_systems_name_the_same_degrees() -> None:
    assert to_gcj02(Position(39.7392, -104.9903)) == Position(39.7392, -104.9903, "gcj02")
