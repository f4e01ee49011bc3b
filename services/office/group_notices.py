"""Notices of the office to a group (群发通知): written to the persons of an audience, tried on oneself, started,
stopped, given up. ``group_sending`` sends them, ``group_reports`` tells what became of them."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.clock import print_full
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound
from domain.faults import Faults
from domain.ids import new_id
from models.notices import GroupNotice
from services.core.base import Actor, Deps, execute, record, transaction
from services.core.idempotency import once
from services.core.permissions import check
from services.core.short_texts import check_no_link, check_text
from services.notifications import Notices
from services.office.group_audiences import PERSONS_MAX, Audience, AudienceCount, GroupAudiences

TITLE_MAX, TEXT_MAX = 20, 1000
KIND = "office_notice"


@dataclass(frozen=True)
class GroupNoticeForm:
    title: str
    text: str


@dataclass(frozen=True)
class GroupNotices:
    deps: Deps
    notices: Notices
    audiences: GroupAudiences

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

    # ---- starting and stopping

    async def try_out(self, actor: Actor, group_id: UUID) -> None:
        """Send it to the actor alone, as all others will get it. Raises Conflict once it is sent."""
        check(actor, "notice.group")
        now = self.deps.now()
        async with transaction():
            group = await find_group(actor, group_id, lock=True)
            if group.state != "draft":
                raise Conflict("这条通知已经开始发送，不能再试发。", code="group_begun")
            group.tried_at = now
            await group.save(update_fields=["tried_at"])
            await record(actor, now, "group_notice.try", "group_notice", group.id)
            await self.notices.notify(
                pool=group.pool,
                kind=KIND,
                dedupe_key=f"group_try:{group.id}:{now.isoformat()}",
                params=params_of(group, now),
                account_id=actor.account_id,
            )

    async def start(self, actor: Actor, group_id: UUID) -> None:
        """Send it, or go on after a stop; a repetition is harmless. Raises Conflict for one that was given up."""
        check(actor, "notice.group")
        now = self.deps.now()
        async with transaction():
            group = await find_group(actor, group_id, lock=True)
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
            group = await find_group(actor, group_id, lock=True)
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
            group = await find_group(actor, group_id, lock=True)
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


async def find_group(actor: Actor, group_id: UUID, *, lock: bool = False) -> GroupNotice:
    """Raises NotFound."""
    groups = GroupNotice.filter(id=group_id, pool=actor.pool)
    group = await (groups.select_for_update() if lock else groups).first()
    if group is None:
        raise NotFound("找不到这条通知，请返回列表后刷新。", code="no_group_notice")
    return group


def params_of(group: GroupNotice, now: datetime) -> dict[str, str]:
    """Of the notice to each person."""
    return {"title": group.title, "at": print_full(now), "announcement": str(group.id)}


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
