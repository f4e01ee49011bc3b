"""What is wired to what."""

from __future__ import annotations

from typing import cast
from unittest.mock import MagicMock

from app.container import Gateways, make_ports
from bot.windows import Windows
from tests.factories.settings import make_settings


def test_subscription_credits_are_counted_under_the_templates_that_people_accept() -> None:
    program = {"appid": "wx1", "secret": "s", "templates": {"agency_full": "T-1"}}
    settings = make_settings(wechat={"mini_programs": {"demo": program}})
    ports = make_ports(settings, cast("Gateways", MagicMock()), cast("Windows", MagicMock()))
    template = ports.subscribe_template
    assert [template("demo", "agency_full"), template("demo", "other"), template("hunan", "agency_full")] == [
        "T-1",
        "other",
        "agency_full",
    ]
