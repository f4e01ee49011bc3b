"""What happens twice is told twice, also within a second: a repetition that is dropped may be the one that counts."""

from __future__ import annotations

import re
from datetime import timedelta
from pathlib import Path

import pytest

from domain.clock import FixedClock
from models.notices import Notice
from services.core.base import Deps
from services.notifications import Notices
from tests.factories.people import make_account

SERVICES = Path(__file__).parents[3] / "services"
ROUNDED = re.compile(r"now(\(\))?\.timestamp\(\):\.0f")


def test_no_message_is_told_apart_by_a_rounded_moment() -> None:
    rounded = [
        f"{path.name}:{number}"
        for path in sorted(SERVICES.rglob("*.py"))
        for number, line in enumerate(path.read_text(encoding="utf-8").splitlines(), start=1)
        if ROUNDED.search(line)
    ]
    assert rounded == []


@pytest.mark.usefixtures("db")
async def test_a_key_that_is_longer_than_its_column_still_tells_messages_apart(deps: Deps, clock: FixedClock) -> None:
    """Real moments have microseconds, those of tests seldom: a key of two ids and a moment grew too long by them."""
    clock.move(timedelta(microseconds=123456))
    account = await make_account(deps)
    keys = [
        f"review_absence:{account.id}:{account.id}:{deps.now().isoformat()}:{ending}" for ending in ("began", "ended")
    ]
    for key in (*keys, keys[0]):
        await Notices(deps).notify(
            pool="demo", kind="role_changed", dedupe_key=key, params={"what": "走查"}, account_id=account.id
        )
    assert min(map(len, keys)) > 120
    assert await Notice.all().count() == 2
