"""Where a panel gathers, in words."""

from __future__ import annotations

ELSEWHERE = "其他"
"""The venue (评标场所) of a gathering at none of the pool's venues that was given no name: its address says where."""


def name_venue(venue: str) -> str:
    """Empty where there is no name."""
    return "" if venue == ELSEWHERE else venue


def print_place(venue: str, address: str) -> str:
    return f"{name_venue(venue)} {address}".strip()
