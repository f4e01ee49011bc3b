"""Notices of the office to a group (群发通知): written, tried on oneself, sent batch by batch, stopped, reported.

Persons are written down with the draft. Each batch is one transaction, so a killed worker sends nothing twice.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Any, Literal
from uuid import UUID

from domain.clock import print_full
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from domain.faults import Faults
from domain.ids import new_id
from domain.rulebook.notice_texts import count_parts, render_text
from models.notices import GroupNotice
from services.core.base import Actor, Deps, Page, execute, record, rows, transaction
from services.core.due_rows import not_paused, process_each
from services.core.idempotency import once
from services.core.permissions import check
from services.core.short_texts import check_no_link, check_text
from services.notifications import Notices, Recipient
from services.office.group_audiences import PERSONS_MAX, Audience, AudienceCount, GroupAudiences
from services.ports import Prices

TITLE_MAX, TEXT_MAX = 20, 1000
KIND = "office_notice"
BATCH_PAUSE = timedelta(seconds=10)
NOT_REACHED_SHOWN = 100
_TO_SEND = f"""
FROM group_notice g WHERE g.next_at <= $1 AND {not_paused("group_notice", "g.id")}
"""
BATCHES_DUE = f"EXISTS (SELECT 1 {_TO_SEND})"
_NEXT = f"SELECT g.id {_TO_SEND} ORDER BY g.next_at LIMIT 20"
_BATCH = """
SELECT p.id, p.account_id, p.expert_id,
  (p.expert_id IS NULL OR e.left_at IS NULL) AND a.disabled_at IS NULL AS stays
FROM (SELECT * FROM group_notice_person WHERE group_notice_id = $1 AND sent_at IS NULL ORDER BY id LIMIT $2) p
  LEFT JOIN expert e ON e.id = p.expert_id LEFT JOIN account a ON a.id = p.account_id ORDER BY p.id
"""
_SENT = "UPDATE group_notice_person SET sent_at = $2 WHERE id = ANY($1::uuid[])"
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

State = Literal["draft", "sending", "stopped", "done", "dropped"]


@dataclass(frozen=True)
class GroupNoticeForm:
    title: str
    text: str


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
class GroupNotices:
    deps: Deps
    notices: Notices
    audiences: GroupAudiences
    prices: Prices

    # ---- writing

    async def count(self, actor: Actor, audience: Audience) -> AudienceCount:
        """How many persons it has now. Raises InvalidInput that names what is wrong with it."""
        check(actor, "notice.group")
        return await self.audiences.count(actor, audience)

    async def write(
        self, actor: Actor, form: GroupNoticeForm, audience: Audience, described: str, *, key: str | None = None
    ) -> UUID:
        """A draft to the persons who are in the audience now. Raises InvalidInput with all faults, also where it is
        empty or too large."""
        check(actor, "notice.group")
        faults = Faults()
        title = faults.check(check_text, form.title, "title", "标题", TITLE_MAX, required=True)
        text = faults.check(_check_lines, form.text)
        faults.check(check_no_link, form.title, "title", "标题")
        counted = None
        try:
            counted = await self.audiences.count(actor, audience)
        except InvalidInput as error:
            faults.add(error)
        if counted is not None and not 1 <= counted.persons <= PERSONS_MAX:
            words = "没有符合条件的人" if counted.persons < 1 else f"一次最多发给{PERSONS_MAX}人"
            faults.add(InvalidInput(f"{words}，请改变条件。", code="audience", field="numbers"))
        faults.raise_any()

        async def run() -> UUID:
            if actor.account_id is None:
                raise Forbidden("请先登录。")
            now, persons = self.deps.now(), counted.persons if counted else 0
            draft = await GroupNotice.create(
                id=new_id(),
                pool=actor.pool,
                title=title,
                text=text,
                audience=described[:200],
                persons=persons,
                created_at=now,
                created_by=actor.account_id,
            )
            await self.audiences.write(actor, audience, draft.id)
            await record(actor, now, "group_notice.write", "group_notice", draft.id, persons=persons)
            return draft.id

        return await once(
            owner=f"group_notice:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=UUID,
            run=run,
            request=f"{title} {described} {self.deps.keys.lookup_hash('mobile', text + audience.numbers)}",
        )

    # ---- reading

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
        group = await _find(actor, group_id)
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

    # ---- sending

    async def try_out(self, actor: Actor, group_id: UUID) -> None:
        """Send it to the actor alone, as all others will get it. Raises Conflict once it is sent."""
        check(actor, "notice.group")
        now = self.deps.now()
        async with transaction():
            group = await _find(actor, group_id, lock=True)
            if group.state != "draft":
                raise Conflict("这条通知已经开始发送，不能再试发。", code="group_begun")
            group.tried_at = now
            await group.save(update_fields=["tried_at"])
            await record(actor, now, "group_notice.try", "group_notice", group.id)
            await self.notices.notify(
                pool=group.pool,
                kind=KIND,
                dedupe_key=f"group_try:{group.id}:{now.isoformat()}",
                params=self._params(group, now),
                account_id=actor.account_id,
            )

    async def start(self, actor: Actor, group_id: UUID) -> None:
        """Send it, or go on after a stop; a repetition is harmless. Raises Conflict for one that was given up."""
        check(actor, "notice.group")
        now = self.deps.now()
        async with transaction():
            group = await _find(actor, group_id, lock=True)
            if group.state in ("sending", "done"):
                return
            if group.state == "dropped":
                raise Conflict("这条通知已经放弃，请重新填写。", code="group_dropped")
            group.state, group.next_at, group.started_at = "sending", now, group.started_at or now
            await group.save(update_fields=["state", "next_at", "started_at"])
            await record(actor, now, "group_notice.start", "group_notice", group.id, left=group.persons - group.sent)

    async def stop(self, actor: Actor, group_id: UUID) -> None:
        """Write no further notices; what was written is delivered. A repetition is harmless."""
        check(actor, "notice.group")
        async with transaction():
            group = await _find(actor, group_id, lock=True)
            if group.state == "sending":
                group.state, group.next_at = "stopped", None
                await group.save(update_fields=["state", "next_at"])
                await record(actor, self.deps.now(), "group_notice.stop", "group_notice", group.id, sent=group.sent)

    async def drop(self, actor: Actor, group_id: UUID) -> None:
        """Give a draft up, or what is left of a stopped one. A repetition is harmless. Raises Conflict while it is
        sent."""
        check(actor, "notice.group")
        now = self.deps.now()
        async with transaction():
            group = await _find(actor, group_id, lock=True)
            if group.state in ("sending", "done"):
                raise Conflict("请先停止发送。" if group.state == "sending" else "已经全部发出。", code="group_sent")
            if group.state != "dropped":
                group.state = "done" if group.started_at else "dropped"
                group.ended_at = now
                await group.save(update_fields=["state", "ended_at"])
                await execute(
                    "DELETE FROM group_notice_person WHERE group_notice_id = $1 AND sent_at IS NULL", group.id
                )
                await record(actor, now, "group_notice.drop", "group_notice", group.id, sent=group.sent)

    # ---- by the clock

    async def send_due(self) -> int:
        """The next batch of each group that is being sent; returns how many groups had one."""
        now = self.deps.now()
        return await process_each("group_notice", await rows(_NEXT, now), lambda row: self._send_batch(row["id"], now))

    async def _send_batch(self, group_id: UUID, now: datetime) -> None:
        async with transaction():
            group = await GroupNotice.select_for_update().get(id=group_id)
            if group.next_at is None or group.next_at > now:
                return
            per_minute = self.deps.book(group.pool).group_notices.per_minute
            size = max(1, int(per_minute * BATCH_PAUSE.total_seconds() / 60))
            batch = await rows(_BATCH, group.id, size)
            staying = [row for row in batch if row["stays"]]
            params = self._params(group, now)
            recipients = [
                Recipient(f"group:{row['id']}", params, row["account_id"], row["expert_id"]) for row in staying
            ]
            await self.notices.notify_many(pool=group.pool, kind=KIND, recipients=recipients)
            await execute(_SENT, [row["id"] for row in batch], now)
            group.sent += len(staying)
            group.skipped += len(batch) - len(staying)
            group.next_at = now + BATCH_PAUSE
            if len(batch) < size:
                group.state, group.next_at, group.ended_at = "done", None, now
            await group.save(update_fields=["sent", "skipped", "state", "next_at", "ended_at"])

    def _params(self, group: GroupNotice, now: datetime) -> dict[str, str]:
        return {"title": group.title, "at": print_full(now), "announcement": str(group.id)}

    def _facts(self, group: GroupNotice) -> dict[str, str]:
        """Params with a link as long as a real one, for the preview."""
        link = f"{self.deps.public_url}/n/{'x' * 9}"
        hotline = self.deps.book(group.pool).pool.hotline
        return {**self._params(group, self.deps.now()), "link": link, "hotline": hotline}


_FOLLOWING = """
SELECT count(*)::int AS n FROM group_notice_person p LEFT JOIN expert e ON e.id = p.expert_id
WHERE p.group_notice_id = $1 AND EXISTS (SELECT FROM wechat_identity w
  WHERE w.account_id = coalesce(e.account_id, p.account_id) AND w.app = 'oa' AND w.following)
"""


def _check_lines(text: str) -> str:
    """The text without blanks around it; it may have several lines."""
    lines = [line.rstrip() for line in text.replace("\r\n", "\n").strip().split("\n")]
    for line in lines:
        check_text(line, "text", "正文", TEXT_MAX)
    return check_no_link(_check_length("\n".join(lines)), "text", "正文")


def _check_length(text: str) -> str:
    if not 2 <= len(text) <= TEXT_MAX:
        raise InvalidInput(f"请填写2至{TEXT_MAX}个字的正文。", code="text_length", field="text")
    return text


async def _find(actor: Actor, group_id: UUID, *, lock: bool = False) -> GroupNotice:
    groups = GroupNotice.filter(id=group_id, pool=actor.pool)
    group = await (groups.select_for_update() if lock else groups).first()
    if group is None:
        raise NotFound("找不到这条通知，请返回列表后刷新。", code="no_group_notice")
    return group


def _state(row: Any) -> State:
    return row.state  # type: ignore[no-any-return]  # a column
