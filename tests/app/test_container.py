"""What is wired to what."""

from __future__ import annotations

from typing import cast
from unittest.mock import MagicMock

from app.container import Gateways, make_services
from bot.windows import Windows
from domain.clock import SystemClock
from domain.rulebook import load_rulebooks
from tests.factories.settings import make_settings


def test_subscription_credits_are_counted_under_the_templates_that_people_accept() -> None:
    program = {"appid": "wx1", "secret": "s", "templates": {"agency_full": "T-1"}}
    settings = make_settings(wechat={"mini_programs": {"demo": program}})
    books = load_rulebooks(settings.rulebooks, settings.pools)
    gateways, windows = cast("Gateways", MagicMock()), cast("Windows", MagicMock())
    services = make_services(settings, books, SystemClock(), gateways, windows)
    template = services.delivery._subscribe_template
    assert [template("demo", "agency_full"), template("demo", "other"), template("hunan", "agency_full")] == [
        "T-1",
        "other",
        "agency_full",
    ]
