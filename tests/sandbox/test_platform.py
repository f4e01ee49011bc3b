"""The sandbox's trading platform checks its events as the guide says."""

from __future__ import annotations

import base64
import hashlib
import hmac

import pytest

from sandbox.platform.client import TOLERANCE, is_genuine

SECRET = "whsec_" + base64.b64encode(b"k" * 32).decode()
BODY, NOW = b'{"id": "e1"}', 1_795_766_400


def _headers(at: int = NOW, key: bytes = b"k" * 32, body: bytes = BODY) -> dict[str, str]:
    signed = f"e1.{at}.".encode() + body
    signature = base64.b64encode(hmac.new(key, signed, hashlib.sha256).digest()).decode()
    return {"webhook-id": "e1", "webhook-timestamp": str(at), "webhook-signature": f"v1,other v1,{signature}"}


def test_an_event_of_this_moment_signed_with_our_secret_is_genuine() -> None:
    assert is_genuine(SECRET, _headers(), BODY, NOW)
    assert is_genuine(SECRET, _headers(NOW - TOLERANCE), BODY, NOW)


@pytest.mark.parametrize(
    "headers",
    [
        _headers(NOW - TOLERANCE - 1),
        _headers(NOW + TOLERANCE + 1),
        _headers(key=b"x" * 32),
        _headers(body=b"{}"),
        _headers() | {"webhook-id": "e2"},
        _headers() | {"webhook-timestamp": "soon"},
        {},
    ],
    ids=["old", "ahead", "another key", "another body", "another id", "no time", "no headers"],
)
def test_anything_else_is_not(headers: dict[str, str]) -> None:
    assert not is_genuine(SECRET, headers, BODY, NOW)
