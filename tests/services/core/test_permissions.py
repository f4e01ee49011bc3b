"""The table of permissions."""

from __future__ import annotations

import ast
from pathlib import Path

import pytest

from domain.errors import Forbidden, Unauthenticated
from domain.ids import new_id
from services.core.base import Actor
from services.core.permissions import PERMISSIONS, check, may, role_name

ROLES = ("expert", "agent", "organisation", "verifier", "supervisor", "venue", "pool_admin", "system", "guest")
SERVICES = Path(__file__).parents[3] / "services"


@pytest.mark.parametrize("action", PERMISSIONS)
@pytest.mark.parametrize("role", ROLES)
def test_every_role_is_admitted_or_gets_a_reason(action: str, role: str) -> None:
    actor = Actor("demo", role, new_id())
    if role in PERMISSIONS[action]:
        check(actor, action)
        assert may(actor, action)
    else:
        with pytest.raises(Forbidden, match="身份"):
            check(actor, action)


def test_a_visitor_is_asked_to_log_in_first() -> None:
    with pytest.raises(Unauthenticated, match="绑定手机号"):
        check(Actor("demo", "guest"), "draw.create")


def test_an_agency_may_not_verify_or_supervise_its_own_draws() -> None:
    for role in ("agent", "organisation"):
        actor = Actor("demo", role, new_id())
        assert not any(may(actor, action) for action in ("draw.verify", "draw.commit_supervisor", "draw.open_leaf"))


def test_the_one_who_supervises_or_verifies_starts_nothing() -> None:
    for role in ("verifier", "supervisor", "venue", "pool_admin", "guest", "expert"):
        actor = Actor("demo", role, new_id())
        assert not any(may(actor, action) for action in ("draw.start", "draw.commit_agency", "draw.force_end"))


def test_every_action_that_a_service_asks_for_stands_in_the_table() -> None:
    checked_actions = set()
    for path in SERVICES.rglob("*.py"):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if isinstance(node, ast.Call) and len(node.args) == 2 and isinstance(node.args[1], ast.Constant):
                name = node.func.attr if isinstance(node.func, ast.Attribute) else getattr(node.func, "id", "")
                if name == "check" and isinstance(node.args[0], ast.Name) and node.args[0].id == "actor":
                    checked_actions.add(node.args[1].value)
    assert len(checked_actions) > 10
    assert checked_actions <= PERMISSIONS.keys()


def test_roles_have_chinese_names() -> None:
    assert role_name("agent") == "经办人"
    assert role_name("whoever") == "访客"
