"""Unsaved input of forms, stored so that another device can continue."""

from __future__ import annotations

import json
from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any

from domain.errors import Conflict
from domain.ids import new_id
from models.accounts import FormDraft
from services.accounts.single_use import is_spent, spend
from services.core.base import Actor, Deps, execute, transaction
from services.core.limits import advisory_lock

DRAFT_TTL = timedelta(days=30)
_PURPOSE = "form_draft"
_LONGEST = 16_000
_LISTED = 50
_KEEP = (
    "INSERT INTO form_draft (id, account_id, name, values_sealed, saved_at) VALUES ($1, $2, $3, $4, $5) "
    "ON CONFLICT (account_id, name) DO UPDATE SET values_sealed = EXCLUDED.values_sealed, saved_at = EXCLUDED.saved_at"
)


@dataclass(frozen=True)
class FormDraftView:
    """``within`` is the id of the object that contains the form's subject, ``about`` its name."""

    name: str
    values: Mapping[str, str]
    saved_at: datetime
    within: str = ""
    about: str = ""


@dataclass(frozen=True)
class FormDrafts:
    """Drafts of a person; ``name`` identifies form and subject.

    ``generation`` identifies one rendering of the form: its input is refused after the form was saved or cleared.
    """

    deps: Deps

    async def keep(
        self,
        actor: Actor,
        name: str,
        values: Mapping[str, str],
        *,
        generation: str = "",
        within: str = "",
        about: str = "",
    ) -> None:
        """Replace the draft; input longer than any form is dropped. Raises Conflict once the ``generation`` was saved
        or cleared. ``version`` among the values: the version that the form was filled from.
        """
        held = {
            "organisation": str(actor.organisation_id or ""),
            "within": within,
            "about": about,
            "values": {key: value for key, value in values.items() if value},
        }
        text = json.dumps(held, ensure_ascii=False)
        if actor.account_id is None or len(text) > _LONGEST:
            return
        sealed = self.deps.keys.seal(text, _PURPOSE)
        async with transaction():
            await advisory_lock(_lock_of(actor, name))
            if generation and await is_spent(_token(actor, generation)):
                raise Conflict("这份表单已经保存或清空，请刷新后再填写。", code="form_done")
            await execute(_KEEP, new_id(), actor.account_id, name, sealed, self.deps.now())

    async def find(self, actor: Actor, name: str) -> dict[str, str]:
        """The draft's values; empty without one."""
        draft = await FormDraft.get_or_none(account_id=actor.account_id, name=name)
        return dict(self._open(draft).get("values", {})) if draft else {}

    async def list(self, actor: Actor) -> list[FormDraftView]:
        """The person's drafts for the organisation he now acts for, newest first."""
        drafts = []
        for row in await FormDraft.filter(account_id=actor.account_id).order_by("-saved_at", "id").limit(_LISTED):
            held = self._open(row)
            if held.get("organisation") == str(actor.organisation_id or ""):
                view = FormDraftView(row.name, held["values"], row.saved_at, held["within"], held["about"])
                drafts.append(view)
        return drafts

    def _open(self, row: FormDraft) -> dict[str, Any]:
        return dict(json.loads(self.deps.keys.open_text(row.values_sealed, _PURPOSE)))

    async def forget(self, actor: Actor, name: str, *, generation: str = "") -> None:
        async with transaction():
            await advisory_lock(_lock_of(actor, name))
            if generation:
                await spend(_token(actor, generation), self.deps.now() + DRAFT_TTL)
            await FormDraft.filter(account_id=actor.account_id, name=name).delete()


def _lock_of(actor: Actor, name: str) -> str:
    return f"form_draft:{actor.account_id}:{name}"


def _token(actor: Actor, generation: str) -> str:
    return f"form_draft:{actor.account_id}:{generation}"
