"""The values for a notice's texts, and the page that it opens. Pure."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

from domain.links_in_text import strip_links
from domain.rulebook.notice_texts import remark_params, save_number_text
from domain.rulebook.sections import Pool
from services.notifications.actions import ACTIONS, INVITATION

_OUR_OWN = frozenset({"link", "email"})
"""Facts that may contain links; all others may have been typed by a user."""


def facts_of(pool: Pool, number: str, params: object, invitation_link: str | None) -> dict[str, str]:
    """``params`` is the notice's column; its values override the common ones. ``number``: from which the pool calls."""
    given = as_object(params).items()
    facts = {name: str(value) if name in _OUR_OWN else strip_links(str(value)) for name, value in given}
    common = {"pool": pool.code, "hotline": pool.hotline, "save_number": save_number_text(number)}
    facts = common | remark_params("") | facts
    return facts | {"invitation": invitation_link} if invitation_link else facts


def path_of(kind: str, invitation_link: str | None, facts: Mapping[str, str]) -> str:
    """The page that a notice opens; empty: none."""
    action = ACTIONS.get(kind)
    if action is None or (action.route == INVITATION and not invitation_link):
        return ""
    return action.path(facts)


def as_object(value: Any) -> dict[str, Any]:
    """A jsonb column, which the driver returns as text."""
    return value if isinstance(value, dict) else dict(json.loads(value))
