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
    pairs = [("demo", "agency_full"), ("demo", "other"), ("hunan", "agency_full")]
    assert [template(*pair).id for pair in pairs] == [
        "T-1",
        "other",
        "agency_full",
    ]


def test_each_template_is_of_the_kind_that_the_settings_name() -> None:
    program = {"appid": "wx1", "secret": "s", "templates": {"fee_open": "T-1", "fee_paid": "T-2"}, "long_term": ["T-2"]}
    settings = make_settings(wechat={"mini_programs": {"demo": program}})
    ports = make_ports(settings, cast("Gateways", MagicMock()), cast("Windows", MagicMock()))
    kinds = ("fee_open", "fee_paid", "other")
    assert [ports.subscribe_template("demo", kind).long_term for kind in kinds] == [False, True, False]
    assert ports.account_subscription("demo", "fee_open") is None
