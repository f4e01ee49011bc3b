"""Texts that the office words itself: what holds, publishing, history, and how every process learns of an edit."""

from __future__ import annotations

import json
from dataclasses import dataclass
from datetime import datetime
from typing import Any
from uuid import UUID

import structlog

from domain.clock import local, print_date
from domain.errors import AppError, Conflict, InvalidInput, NotFound
from domain.faults import Faults
from domain.rulebook.book import Rulebook
from domain.rulebook.office_texts import TEXTS, Edit, OfficeText, Value, lay_edit, texts_of, value_of
from models.office_texts import OfficeTextEdit
from services.core.base import Actor, Deps, record, rows
from services.core.idempotency import once
from services.core.limits import advisory_lock
from services.core.permissions import check
from services.core.short_texts import check_text
from services.office_texts.checking import check_value

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)
REASON_MAX = 200
_VERSIONS = "SELECT pool, max(version) AS version FROM office_text_edit GROUP BY pool"
_NEWEST = (
    "SELECT DISTINCT ON (pool, code) pool, code, value, version, at FROM office_text_edit ORDER BY 1, 2, version DESC"
)
_HISTORY = """
SELECT e.id, e.version, e.code, e.value, e.reason, e.at, coalesce(a.real_name, '') AS name
  FROM office_text_edit e LEFT JOIN account a ON a.id = e.actor_id
 WHERE e.pool = $1 AND ($2 = '' OR e.code = $2) ORDER BY e.version DESC
"""


@dataclass(frozen=True)
class PublishedEdit:
    """An edit with who published it. ``value`` None: the rulebook's holds again; ``before``: what held until then."""

    id: UUID
    version: int
    value: Value | None
    before: Value
    reason: str
    at: datetime
    by: str


@dataclass(frozen=True)
class TextView:
    """A text with the ``value`` that holds, the rulebook's own ``original``, and its edits, newest first."""

    text: OfficeText
    value: Value
    original: Value
    edits: tuple[PublishedEdit, ...]

    @property
    def version(self) -> int:
        """The newest edit; 0: never edited."""
        return self.edits[0].version if self.edits else 0

    @property
    def is_edited(self) -> bool:
        return bool(self.edits) and self.edits[0].value is not None


@dataclass(frozen=True)
class OfficeTexts:
    deps: Deps

    async def refresh(self) -> None:
        """Lay edits over the rulebooks that this process doesn't know of yet. Called every few seconds in each process:
        an index look-up as long as nothing is new."""
        live = self.deps.live_rulebooks
        versions = {row["pool"]: int(row["version"]) for row in await rows(_VERSIONS)}
        if versions == live.versions:
            return
        edits: dict[str, dict[str, Edit]] = {}
        for row in await rows(_NEWEST):
            edits.setdefault(row["pool"], {})[row["code"]] = _edit_of(row)
        for pool, codes in live.lay(edits, versions).items():
            log.error("office_texts_unfit", pool=pool, codes=codes)

    async def list(self, actor: Actor) -> list[TextView]:
        """All texts of the pool, each with its newest edit only."""
        check(actor, "text.manage")
        live, original = self.deps.book(actor.pool), self._original(actor.pool)
        newest: dict[str, PublishedEdit] = {}
        for row in await rows(_HISTORY, actor.pool, ""):
            newest.setdefault(row["code"], _published(row, None))
        return [
            TextView(
                text,
                value_of(live, text),
                value_of(original, text),
                (newest[text.code],) if text.code in newest else (),
            )
            for text in texts_of(original)
        ]

    async def get(self, actor: Actor, code: str) -> TextView:
        """One text with all its edits. Raises NotFound for a text that this pool doesn't have."""
        check(actor, "text.manage")
        text, original = self._text(actor.pool, code), self._original(actor.pool)
        before, edits = value_of(original, text), []
        for row in reversed(await rows(_HISTORY, actor.pool, code)):
            edits.append(_published(row, before))
            before = edits[-1].value if edits[-1].value is not None else value_of(original, text)
        return TextView(text, value_of(self.deps.book(actor.pool), text), value_of(original, text), tuple(edits[::-1]))

    def preview(self, actor: Actor, code: str, value: Value) -> Rulebook:
        """The rulebook as it would be with this value. Raises InvalidInput with all faults of the value."""
        check(actor, "text.manage")
        text = self._text(actor.pool, code)
        return self._fit(actor.pool, text, Edit(check_value(text, value), _privacy_version(self.deps.now(), 0)))

    async def publish(
        self, actor: Actor, code: str, value: Value | None, *, reason: str, seen: int, key: str | None = None
    ) -> int:
        """Let a text hold from now on, or without a ``value`` the rulebook's again; returns the edit's version.

        ``seen``: the newest version of this text that the editor read. Raises InvalidInput with all faults, NotFound,
        Conflict when another edit came first or nothing would change.
        """
        check(actor, "text.manage")
        text, faults = self._text(actor.pool, code), Faults()
        checked = faults.check(check_value, text, value) if value is not None else None
        words = faults.check(check_text, reason, "reason", "修改原因", REASON_MAX, required=True)
        faults.raise_any()

        async def run() -> int | AppError:
            return await self._append(actor, text, checked, words, seen)

        version = await once(
            owner=f"office_text:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=int,
            run=run,
            request=json.dumps([code, checked, seen], ensure_ascii=False),
        )
        await self.refresh()
        return version

    async def restore(self, actor: Actor, code: str, edit_id: UUID, *, seen: int, key: str | None = None) -> int:
        """Publish an earlier value once more. Raises as ``publish``."""
        view = await self.get(actor, code)
        edit = next((edit for edit in view.edits if edit.id == edit_id), None)
        if edit is None:
            raise NotFound("找不到这个版本，请刷新后重试。", code="edit_unknown")
        reason = f"恢复{print_date(edit.at)}的版本{edit.version}"
        return await self.publish(actor, code, edit.value, reason=reason, seen=seen, key=key)

    # ---- helpers

    def _original(self, pool: str) -> Rulebook:
        return self.deps.live_rulebooks.files[pool]

    def _text(self, pool: str, code: str) -> OfficeText:
        text = TEXTS.get(code)
        if text is None or text not in texts_of(self._original(pool)):
            raise NotFound("本专家库没有这项文字，请返回列表。", code="text_unknown")
        return text

    def _fit(self, pool: str, text: OfficeText, edit: Edit) -> Rulebook:
        try:
            return lay_edit(self._original(pool), text, edit)
        except ValueError as error:
            raise InvalidInput(
                f"{text.name}不符合本专家库的规则：{error.args[0].splitlines()[-1].strip()}", field="value"
            ) from error

    async def _append(self, actor: Actor, text: OfficeText, value: Value | None, reason: str, seen: int) -> int:
        """In the running transaction. One edit after the other, so that versions are committed in their order."""
        now = self.deps.now()
        await advisory_lock(f"office_texts:{actor.pool}")
        newest = await OfficeTextEdit.filter(pool=actor.pool, code=text.code).order_by("-version").first()
        if seen != (newest.version if newest else 0):
            raise Conflict("这项文字刚刚被修改过。请先看现在的内容，再决定是否发布您的修改。", code="text_changed")
        holds = _decoded(newest.value) if newest else None
        if value == holds or (holds is None and value == value_of(self._original(actor.pool), text)):
            raise Conflict("内容没有变化，不用发布。", code="text_same")
        last = await OfficeTextEdit.filter(pool=actor.pool).order_by("-version").first()
        version = last.version + 1 if last else 1
        if value is not None:
            self._fit(actor.pool, text, Edit(value, _privacy_version(now, version)))
        edit = await OfficeTextEdit.create(
            pool=actor.pool,
            version=version,
            code=text.code,
            value=None if value is None else json.dumps(value, ensure_ascii=False),
            reason=reason,
            at=now,
            actor_id=actor.account_id,
        )
        await record(actor, now, "text.publish", "office_text", edit.id, code=text.code, version=version)
        return version


def _privacy_version(at: datetime, version: int) -> str:
    """What people consent to: no two edits of the privacy text share one."""
    return f"{local(at):%Y-%m-%d}-{version}"


def _edit_of(row: Any) -> Edit:
    return Edit(_decoded(row["value"]), _privacy_version(row["at"], row["version"]))


def _published(row: Any, before: Value) -> PublishedEdit:
    return PublishedEdit(
        row["id"], row["version"], _decoded(row["value"]), before, row["reason"], row["at"], row["name"] or "管理员"
    )


def _decoded(stored: str | None) -> Value | None:
    return None if stored is None else json.loads(stored)
