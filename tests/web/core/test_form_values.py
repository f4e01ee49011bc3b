"""Values of inputs, and addresses to which a form leads."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta

import pytest

from web.core.form_values import keep_stored, redirect

STORED = datetime(2026, 11, 21, 4, 0, 7, tzinfo=UTC)


@pytest.mark.parametrize(
    ("path", "query", "address"),
    [
        ("/agency", {}, "/agency"),
        ("/agency", {"note": "saved", "q": ""}, "/agency?note=saved"),
        ("/agency?list=persons", {"note": "saved"}, "/agency?list=persons&note=saved"),
        ("/agency#agents", {"note": "saved"}, "/agency?note=saved#agents"),
    ],
)
def test_a_redirect_keeps_the_query_of_its_path(path: str, query: dict[str, str], address: str) -> None:
    assert redirect(path, **query).location == address


def test_an_input_that_still_shows_the_stored_time_keeps_its_seconds() -> None:
    assert keep_stored(STORED.replace(second=0), STORED) == STORED
    later = STORED + timedelta(minutes=1)
    assert keep_stored(later, STORED) == keep_stored(later, None) == later
    assert keep_stored(None, STORED) is None
