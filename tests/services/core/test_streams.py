"""No client holds all live streams: its oldest ends first, and the client with most streams loses one first."""

from __future__ import annotations

from contextlib import ExitStack

import pytest

from domain.errors import Unavailable
from services.accounts import network_of
from services.core.streams import OpenStreams, Stream

CAPS = {"link": 3, "session": 2, "address": 4}
CAPACITY = 600
"""Most screens of one draw at one process; see docs/reference/performance.md."""


def flags(streams: list[Stream]) -> list[bool]:
    return [stream.replaced for stream in streams]


@pytest.mark.parametrize(("kind", "most"), CAPS.items())
def test_the_oldest_of_the_same_party_gives_way(kind: str, most: int) -> None:
    streams = OpenStreams(100, CAPS)
    with ExitStack() as stack:
        opened = [stack.enter_context(streams.open(**{kind: "one"})) for _ in range(most + 2)]
        other = stack.enter_context(streams.open(**{kind: "another"}))
        assert flags(opened) == [True, True, *[False] * most]
        assert not other.replaced
        stack.enter_context(streams.open(**{kind: "one"}))
        assert flags(opened) == [True, True, True, *[False] * (most - 1)], "who has given way is not counted again"


def test_a_hall_behind_one_address_watches_one_draw_as_a_whole() -> None:
    streams = OpenStreams()
    with ExitStack() as stack:
        hall = [stack.enter_context(streams.open(link="draw", address="hall")) for _ in range(CAPACITY)]
        assert not any(flags(hall))


def test_a_network_that_took_all_of_a_link_gives_way_to_its_other_watchers() -> None:
    streams = OpenStreams(100, {"link": 5, "address": 5})
    with ExitStack() as stack:
        room = stack.enter_context(streams.open(link="draw", address="room"))
        greedy = [stack.enter_context(streams.open(link="draw", address="greedy")) for _ in range(6)]
        assert (room.replaced, flags(greedy)) == (False, [True, True, *[False] * 4])
        other = stack.enter_context(streams.open(link="draw", address="other"))
        assert (room.replaced, other.replaced, flags(greedy)) == (False, False, [True, True, True, *[False] * 3])


def test_the_client_with_all_streams_loses_one_to_a_new_client() -> None:
    streams = OpenStreams(8, {"link": 100, "address": 8})
    with ExitStack() as stack:
        greedy = [stack.enter_context(streams.open(link=f"l{n}", address="greedy")) for n in range(8)]
        room = stack.enter_context(streams.open(link="room", address="room"))
        assert flags(greedy) == [True, *[False] * 7]
        more = [stack.enter_context(streams.open(link=f"m{n}", address="greedy")) for n in range(8)]
        assert not room.replaced, "the greedy one displaces only itself"
        assert not more[-1].replaced


def test_a_new_client_is_refused_while_every_client_has_one_stream() -> None:
    streams = OpenStreams(3, CAPS)
    with ExitStack() as stack:
        opened = [stack.enter_context(streams.open(link=f"l{n}", address=f"a{n}")) for n in range(3)]
        with pytest.raises(Unavailable):
            stack.enter_context(streams.open(link="late", address="late"))
        assert not any(flags(opened))
    with streams.open(link="late", address="late") as late:
        assert not late.replaced, "those that ended count no more"


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("203.0.113.7", "203.0.113.7"),
        ("::ffff:203.0.113.7", "203.0.113.7"),
        ("2001:db8:1:2:aaaa::1", "2001:db8:1:2::/64"),
        ("2001:db8:1:2:ffff::9", "2001:db8:1:2::/64"),
        ("fe80::1%eth0", "fe80::/64"),
        ("unknown", "unknown"),
    ],
)
def test_an_ipv6_network_counts_as_one(address: str, network: str) -> None:
    assert network_of(address) == network
