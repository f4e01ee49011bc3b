"""Addresses, signatures and repetitions of the integrators' API."""

from __future__ import annotations

import pytest

from domain.errors import InvalidInput
from domain.integrations import REPETITIONS, check_webhook_url, is_within, read_networks, sign_event


@pytest.mark.parametrize(
    ("typed", "read"),
    [
        ("203.0.113.7", ["203.0.113.7/32"]),
        ("203.0.113.9/24，198.51.100.1；2001:db8::/48", ["203.0.113.0/24", "198.51.100.1/32", "2001:db8::/48"]),
        ("１０.１.０.０/16\n10.1.0.0/16", ["10.1.0.0/16"]),
    ],
)
def test_networks_as_people_type_them(typed: str, read: list[str]) -> None:
    assert read_networks(typed) == read


@pytest.mark.parametrize(
    "typed", ["", "nowhere", "10.0.0.0/8", "::/0", "0.0.0.0/0", " ".join(f"10.0.0.{n}" for n in range(21))]
)
def test_networks_that_are_none_or_too_many_or_too_large(typed: str) -> None:
    with pytest.raises(InvalidInput):
        read_networks(typed)


def test_an_address_in_its_ipv6_form_and_what_is_no_address() -> None:
    assert is_within("::ffff:203.0.113.7", ["203.0.113.0/24"])
    assert not is_within("203.0.114.7", ["203.0.113.0/24"])
    assert not is_within("unknown", ["203.0.113.0/24"])


@pytest.mark.parametrize(
    "url",
    [
        "ftp://a.example/",
        "https://",
        "https://u:p@a.example/",
        "https://a.example/#x",
        "https://[::1",
        "//a.example",
        "https://中文.example/",
    ],
)
def test_addresses_that_events_are_never_posted_to(url: str) -> None:
    with pytest.raises(InvalidInput):
        check_webhook_url(url)


def test_the_signature_is_that_of_standard_webhooks() -> None:
    """The example of the standard's own documentation."""
    signed = sign_event(
        "whsec_MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw",
        "msg_p5jXN8AQM9LWM0D4loKWxJek",
        1614265330,
        b'{"test": 2432232314}',
    )
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def test_repetitions_grow_and_end_within_two_days() -> None:
    assert list(REPETITIONS) == sorted(REPETITIONS)
    assert 24 * 3600 < sum(REPETITIONS) < 48 * 3600
