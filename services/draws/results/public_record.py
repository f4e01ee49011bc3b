"""The verifiable record of a draw, and the experts of its leaves."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.clock import print_time
from domain.draws.record import Ended, Json, draw_document, list_key
from domain.errors import Conflict, Forbidden, NotFound, Unauthenticated
from models.draws import (
    CandidateList,
    Draw,
    LogEntry,
)
from models.invitations import Invitation
from services.core import permissions
from services.core.base import Actor, Deps, record, rows, transaction, violation
from services.draws.access import DrawAccess
from services.draws.lot_holding import find_ancestors

_OWN = """
SELECT i.id, i.draw_id, d.number, i.gathering_at, i.leaf, l.act = $3 AS is_public
FROM invitation i JOIN draw d ON d.id = i.draw_id JOIN draw_log l ON l.draw_id = d.id AND l.seq = d.log_length
WHERE i.expert_id = $1 AND d.starts_at <= $2 ORDER BY i.gathering_at DESC, i.id LIMIT 20
"""


@dataclass(frozen=True)
class OwnLeaf:
    """The leaf of a draw's record by which its expert was called. ``is_public``: the record is public."""

    id: UUID
    """Id of the invitation."""
    draw_id: UUID
    number: str
    gathering_at: datetime
    leaf: str
    is_public: bool


@dataclass(frozen=True)
class PublicRecords:
    """A record contains no names; a leaf is opened after unsealing only."""

    deps: Deps
    access: DrawAccess

    async def read(self, actor: Actor, draw_id: UUID) -> dict[str, Json]:
        """The verifiable record; before the draw has ended a prefix without its lists. No names in it."""
        return await self.document_of(await self.access.get(actor, draw_id))

    async def read_unsealed(self, actor: Actor, draw_id: UUID) -> dict[str, Json]:
        """The same, once the panel is unsealed. Raises RuleViolation before."""
        draw = await self.access.get(actor, draw_id)
        self._check_unsealed(draw)
        return await self.document_of(draw)

    async def document_of(self, draw: Draw) -> dict[str, Json]:
        """The same for a caller that has checked the permission."""
        log = await LogEntry.filter(draw_id=draw.id).order_by("seq")
        if not log:
            raise Conflict("抽取还没有开始，暂无抽取记录。", code="no_record")
        lists = await published_lists(draw) if log[-1].act == Ended.name else {}
        return draw_document(draw.pool, draw.number, [entry.facts for entry in log], lists)

    async def own_leaves(self, actor: Actor) -> list[OwnLeaf]:
        """The expert's own leaves, newest first, of unsealed draws, with any outcome of the invitation."""
        permissions.check(actor, "draw.open_leaf")
        if actor.expert_id is None:
            raise Unauthenticated("请先以评标专家身份登录。")
        starts = self.deps.now() + self.deps.book(actor.pool).draw.result_visible_before
        return [OwnLeaf(**row) for row in await rows(_OWN, actor.expert_id, starts, Ended.name)]

    async def open_leaf(self, actor: Actor, draw_id: UUID, leaf: str) -> tuple[str, str]:
        """Salt and expert id of a leaf, hex; every opening is logged.

        From unsealing on, for that expert or a supervisor: before, a leaf would reveal an expert's place in the order.
        Raises Forbidden, NotFound, RuleViolation.
        """
        permissions.check(actor, "draw.open_leaf")
        async with transaction():
            draw = (
                await self.access.get(actor, draw_id)
                if actor.role == "supervisor"
                else await self._get_visible_draw(actor, draw_id)
            )
            self._check_unsealed(draw)
            salt, expert = await self._find_leaf(draw, leaf)
            if actor.role == "expert" and expert != actor.expert_id:
                raise Forbidden("只能查看本人的抽取凭证。")
            await record(actor, self.deps.now(), "leaf.opened", "draw", draw_id, leaf=leaf)
        return salt.hex(), expert.hex

    async def _get_visible_draw(self, actor: Actor, draw_id: UUID) -> Draw:
        """Before unsealing an expert who was not called gets no information about a draw, not even its time."""
        draw = await Draw.get_or_none(id=draw_id, pool=actor.pool)
        sealed = draw is not None and self.deps.now() < self.access.unseals_at(draw)
        if draw is None or (sealed and not await Invitation.exists(draw_id=draw_id, expert_id=actor.expert_id)):
            raise NotFound("找不到这个抽取活动，请返回列表后刷新。")
        return draw

    def _check_unsealed(self, draw: Draw) -> None:
        at = self.access.unseals_at(draw)
        if self.deps.now() < at:
            book = self.deps.book(draw.pool)
            raise violation(book, "draw.result_visible_before", f"名单尚未解密，{print_time(at)}后可查看。")

    async def _find_leaf(self, draw: Draw, leaf: str) -> tuple[bytes, UUID]:
        """The leaf of a candidate; a recalled expert keeps that of the original draw."""
        searched = [draw.id, *(await find_ancestors(draw.id) if draw.kind == "recall" else ())]
        for item in await CandidateList.filter(draw_id__in=searched):
            leaves = [item.leaves[i : i + 32].hex() for i in range(0, len(item.leaves), 32)]
            if leaf in leaves:
                index = leaves.index(leaf)
                salts = self.deps.keys.open(item.salts_sealed, "salts")
                experts = self.deps.keys.open(item.experts_sealed, "experts")
                return salts[index * 32 : index * 32 + 32], UUID(bytes=experts[index * 16 : index * 16 + 16])
        raise NotFound("抽取记录中没有这个编号，请核对后重新输入。")


async def published_lists(draw: Draw) -> dict[str, tuple[bytes, list[bytes]]]:
    """The frozen lists with their blinds, for a completed record."""
    return {
        list_key(item.condition_position, item.tier, item.round.number): (
            bytes.fromhex(item.blind),
            [item.leaves[i : i + 32] for i in range(0, len(item.leaves), 32)],
        )
        for item in await CandidateList.filter(draw_id=draw.id).prefetch_related("round")
    }
