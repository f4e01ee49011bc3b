"""Group notices as the office follows them, with preview, progress and delivery report; and as a person reads one."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Any, Literal
from uuid import UUID

from domain.errors import NotFound
from domain.rulebook.notice_texts import count_parts, render_text
from models.notices import GroupNotice
from services.core.base import Actor, Deps, Page, rows
from services.core.permissions import check
from services.office.group_notices import KIND, find_group, params_of
from services.ports import Prices

NOT_REACHED_SHOWN = 100
_NOTICES = """
FROM group_notice_person p JOIN notice n ON n.pool = $1 AND n.dedupe_key = 'group:' || p.id::text
WHERE p.group_notice_id = $2
"""
_REPORT = f"""
SELECT count(*) FILTER (WHERE n.state = 'done')::int AS reached,
  count(*) FILTER (WHERE n.state = 'failed')::int AS failed, count(*) FILTER (WHERE n.state = 'active')::int AS waiting,
  coalesce(sum(t.wechat), 0)::int AS wechat, coalesce(sum(t.sms), 0)::int AS sms, coalesce(sum(t.cost), 0)::int AS cost
FROM (SELECT n.* {_NOTICES}) n LEFT JOIN LATERAL (
  SELECT count(*) FILTER (WHERE channel IN ('wechat', 'mini') AND state = 'delivered') AS wechat,
    count(*) FILTER (WHERE channel = 'sms' AND state = 'delivered') AS sms, sum(cost) AS cost
  FROM attempt t WHERE t.notice_id = n.id) t ON TRUE
"""
_NOT_REACHED = f"""
SELECT coalesce(e.name, a.real_name) AS name, e.number, e.id AS expert_id
FROM (SELECT p.account_id, p.expert_id, n.state {_NOTICES}) p
  LEFT JOIN expert e ON e.id = p.expert_id LEFT JOIN account a ON a.id = p.account_id
WHERE p.state = 'failed' ORDER BY 1, 2 LIMIT {NOT_REACHED_SHOWN}
"""
_MINE = """
SELECT g.title, g.text, g.started_at, g.created_by = $2 AS own FROM group_notice g
WHERE g.id = $1 AND g.pool = $3 AND (g.created_by = $2 OR g.started_at IS NOT NULL AND EXISTS (
  SELECT FROM group_notice_person p LEFT JOIN expert e ON e.id = p.expert_id
   WHERE p.group_notice_id = g.id AND $2 IN (p.account_id, e.account_id)))
"""
_FOLLOWING = """
SELECT count(*)::int AS n FROM group_notice_person p LEFT JOIN expert e ON e.id = p.expert_id
WHERE p.group_notice_id = $1 AND EXISTS (SELECT FROM wechat_identity w
  WHERE w.account_id = coalesce(e.account_id, p.account_id) AND w.app = 'oa' AND w.following)
"""

State = Literal["draft", "sending", "stopped", "done", "dropped"]


@dataclass(frozen=True)
class GroupNoticeLine:
    id: UUID
    title: str
    audience: str
    state: State
    persons: int
    sent: int
    created_at: datetime


@dataclass(frozen=True)
class GroupReport:
    """``waiting``: written, and not delivered on any channel yet. ``cost`` so far, in fen."""

    reached: int
    failed: int
    waiting: int
    wechat: int
    sms: int
    cost: int


@dataclass(frozen=True)
class NotReached:
    """``number`` and ``expert_id`` of experts only."""

    name: str
    number: str | None
    expert_id: UUID | None


@dataclass(frozen=True)
class GroupNoticeView:
    """``chat``, ``card`` and ``sms`` as the persons get them; ``cost_most`` in fen, if all need an SMS."""

    id: UUID
    title: str
    text: str
    audience: str
    state: State
    persons: int
    sent: int
    skipped: int
    following: int
    chat: str
    sms: str
    cost_most: int
    created_at: datetime
    tried_at: datetime | None
    started_at: datetime | None
    ended_at: datetime | None
    report: GroupReport
    not_reached: tuple[NotReached, ...]


@dataclass(frozen=True)
class Announcement:
    """What a person reads of it."""

    title: str
    text: str
    at: datetime | None


@dataclass(frozen=True)
class GroupReports:
    deps: Deps
    prices: Prices

    async def page(self, actor: Actor, *, offset: int = 0, limit: int = 20) -> Page[GroupNoticeLine]:
        """Newest first, without those that were given up."""
        check(actor, "notice.group")
        listed = GroupNotice.filter(pool=actor.pool).exclude(state="dropped")
        groups = await listed.order_by("-created_at").offset(offset).limit(min(limit, 100))
        lines = tuple(
            GroupNoticeLine(row.id, row.title, row.audience, _state(row), row.persons, row.sent, row.created_at)
            for row in groups
        )
        return Page(lines, await listed.count())

    async def get(self, actor: Actor, group_id: UUID) -> GroupNoticeView:
        """With its preview, progress and delivery report. Raises NotFound."""
        check(actor, "notice.group")
        group = await find_group(actor, group_id)
        [following] = await rows(_FOLLOWING, group.id)
        [report] = await rows(_REPORT, group.pool, group.id)
        failed = await rows(_NOT_REACHED, group.pool, group.id) if report["failed"] else []
        texts, facts = self.deps.book(group.pool).texts[KIND], self._facts(group)
        sms = render_text(texts.sms or "", facts)
        return GroupNoticeView(
            id=group.id,
            title=group.title,
            text=group.text,
            audience=group.audience,
            state=_state(group),
            persons=group.persons,
            sent=group.sent,
            skipped=group.skipped,
            following=following["n"],
            chat=render_text(texts.chat or "", facts),
            sms=sms,
            cost_most=group.persons * count_parts(sms) * self.prices.get("sms", 0),
            created_at=group.created_at,
            tried_at=group.tried_at,
            started_at=group.started_at,
            ended_at=group.ended_at,
            report=GroupReport(**report),
            not_reached=tuple(NotReached(**row) for row in failed),
        )

    async def read_own(self, actor: Actor, group_id: UUID) -> Announcement:
        """The text, for a person to whom it was sent, or who wrote it. Raises NotFound for all others."""
        own = await rows(_MINE, group_id, actor.account_id, actor.pool)
        if not own:
            raise NotFound("找不到这条通知，可能不是发给您的。", code="no_announcement")
        return Announcement(own[0]["title"], own[0]["text"], own[0]["started_at"])

    def _facts(self, group: GroupNotice) -> dict[str, str]:
        """Params with a link as long as a real one, for the preview."""
        link = f"{self.deps.public_url}/n/{'x' * 9}"
        hotline = self.deps.book(group.pool).pool.hotline
        return {**params_of(group, self.deps.now()), "link": link, "hotline": hotline}


def _state(row: Any) -> State:
    return row.state  # type: ignore[no-any-return]  # a column
