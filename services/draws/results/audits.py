"""The audit of reasons (稽核): decrypts stored facts and judges every candidate, skip and call of a draw again."""

from __future__ import annotations

import asyncio
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any, Literal
from uuid import UUID

from pydantic import Field

from domain.clock import print_time
from domain.draws import random_draw
from domain.draws.lifecycles import InvitationState
from domain.draws.record import SKIP_REASONS
from domain.errors import Conflict, NotFound
from models.draws import CandidateList, Draw, LogEntry, RecusalCommitment
from models.invitations import Invitation
from services.core import permissions
from services.core.base import Actor, Deps, record, rows, transaction, violation
from services.draws.access import DrawAccess
from services.draws.call_order.recusal_commitment import SealedRecusal, current_recusals, open_commitment
from services.draws.call_order.snapshots import OpenedFacts, open_list, open_skips
from services.draws.results.judging import condition_of, find_wrongly_listed, recusals_of, skip_reasons_of, span_of
from services.experts import concerns, covers, overlaps

Verdict = Literal["holds", "wrong", "unknown"]
_SHOWN = 20
"""Wrong candidates of one list that are shown by their leaf."""
_TIERS = {"main": "主选", "alternative": "备选"}

_AWAY_AT_CALL = f"""
SELECT 1 FROM unavailability u JOIN invitation i ON i.expert_id = u.expert_id JOIN draw d ON d.id = i.draw_id
 WHERE i.draw_id = $1 AND i.leaf = $2 AND u.created_at < i.created_at AND {concerns("u", "i.starts_at", "d.ends_at")}
   AND (u.cancelled_at IS NULL OR u.cancelled_at > i.created_at)
"""
_GONE_AT_CALL = """
SELECT 1 FROM expert e JOIN invitation i ON i.expert_id = e.id
 WHERE i.draw_id = $1 AND i.leaf = $2 AND e.left_at IS NOT NULL AND e.left_at < i.created_at
"""
_SUSPENDED_AT_CALL = f"""
SELECT 1 FROM sanction s JOIN invitation i ON i.expert_id = s.expert_id
 WHERE i.draw_id = $1 AND i.leaf = $2 AND s.kind = 'suspension' AND s.decided_at < i.created_at
   AND (s.state = 'imposed' OR s.state = 'lifted' AND s.lifted_at > i.created_at)
   AND ({covers("i.created_at")} OR {overlaps("i.starts_at", "i.ends_at")})
"""


@dataclass(frozen=True)
class AuditLine:
    """One check and its result."""

    verdict: Verdict
    entry: Annotated[int, Field(description="Number of the record's entry; 0: none")]
    text: str


@dataclass(frozen=True)
class AuditReport:
    draw_number: str
    lines: tuple[AuditLine, ...]

    @property
    def verdict(self) -> Verdict:
        """The worst of all lines."""
        verdicts = {line.verdict for line in self.lines}
        return "wrong" if "wrong" in verdicts else "unknown" if "unknown" in verdicts else "holds"


@dataclass
class _OpenedList:
    """A frozen list with its decrypted facts."""

    row: CandidateList
    published: Mapping[str, Any]
    snapshot: OpenedFacts | None
    leaves: list[bytes]
    salts: list[bytes]
    experts: list[UUID]


@dataclass(frozen=True)
class DrawAudits:
    deps: Deps
    access: DrawAccess

    async def run(self, actor: Actor, draw_id: UUID) -> AuditReport:
        """Run the audit, from unsealing on; it is logged. Raises Forbidden, NotFound, RuleViolation, Conflict."""
        permissions.check(actor, "draw.audit")
        draw = await Draw.get_or_none(id=draw_id) if actor.role == "system" else await self.access.get(actor, draw_id)
        if draw is None:
            raise NotFound("找不到这个抽取活动，请返回列表后刷新。")
        at = self.access.unseals_at(draw)
        if self.deps.now() < at:
            book = self.deps.book(draw.pool)
            raise violation(book, "draw.result_visible_before", f"名单尚未解密，{print_time(at)}后可稽核。")
        async with transaction():
            await record(actor, self.deps.now(), "draw.audited", "draw", draw_id)
        return AuditReport(draw.number, tuple(await self._lines(draw)))

    async def _lines(self, draw: Draw) -> list[AuditLine]:
        log = [entry.facts for entry in await LogEntry.filter(draw_id=draw.id).order_by("seq")]
        if not log:
            raise Conflict("抽取还没有开始，没有可稽核的内容。", code="no_record")
        committed = await self._open_commitments(draw)
        lines = await self._recusal_lines(draw, log, committed)
        if draw.kind == "recall":
            return [*lines, await _recall_line(draw, log)]
        opened = await self._open_lists(draw, log)
        for opened_list in opened:
            lines.append(await self._list_line(draw, opened_list, committed, _frozen_digest(log, opened_list)))
        return lines + await self._walk_lines(draw, log, opened, committed)

    # ---- recusals

    async def _open_commitments(self, draw: Draw) -> dict[int, list[SealedRecusal]]:
        commitments = await RecusalCommitment.filter(draw_id=draw.id)
        return {commitment.round_number: open_commitment(self.deps.keys, commitment) for commitment in commitments}

    async def _recusal_lines(
        self, draw: Draw, log: Sequence[Mapping[str, Any]], committed: Mapping[int, Sequence[SealedRecusal]]
    ) -> list[AuditLine]:
        lines, today = [], await current_recusals(draw)
        for entry in (logged for logged in log if logged["act"] == "recusals_committed"):
            number, items = entry["round"], committed.get(entry["round"])
            if items is None:
                lines.append(AuditLine("wrong", entry["seq"], f"第{number}轮：锁定的回避名单没有留存，无法打开。"))
            elif random_draw.recusals_root(item.digest for item in items).hex() != entry["root"]:
                lines.append(AuditLine("wrong", entry["seq"], f"第{number}轮：留存的回避名单与抽取记录中锁定的不符。"))
            elif sorted(item.content for item in items) != today:
                lines.append(AuditLine("wrong", entry["seq"], f"第{number}轮：现在的回避名单与锁定时不同。"))
            else:
                lines.append(
                    AuditLine("holds", entry["seq"], f"第{number}轮：回避名单共{len(items)}项，与锁定时一致。")
                )
        return lines

    # ---- lists

    async def _open_lists(self, draw: Draw, log: Sequence[Mapping[str, Any]]) -> list[_OpenedList]:
        rounds = {entry["round"]: entry for entry in log if entry["act"] == "round_opened"}
        candidate_lists = await CandidateList.filter(draw_id=draw.id).prefetch_related("round")
        keys, opened = self.deps.keys, []
        for row in sorted(
            candidate_lists, key=lambda item: (item.round.number, item.condition_position, item.tier != "main")
        ):
            conditions = {condition["no"]: condition for condition in rounds[row.round.number]["conditions"]}
            salts, experts = keys.open(row.salts_sealed, "salts"), keys.open(row.experts_sealed, "experts")
            snapshot = await open_list(keys, row)
            opened.append(
                _OpenedList(
                    row,
                    conditions[row.condition_position],
                    snapshot,
                    [row.leaves[i : i + 32] for i in range(0, len(row.leaves), 32)],
                    [salts[i : i + 32] for i in range(0, len(salts), 32)],
                    [UUID(bytes=experts[i : i + 16]) for i in range(0, len(experts), 16)],
                )
            )
        return opened

    async def _list_line(
        self,
        draw: Draw,
        opened_list: _OpenedList,
        committed: Mapping[int, Sequence[SealedRecusal]],
        frozen: tuple[int, str],
    ) -> AuditLine:
        seq, digest = frozen
        row, snapshot = opened_list.row, opened_list.snapshot
        name = f"第{row.round.number}轮条件{row.condition_position}{_TIERS[row.tier]}名单（{row.count}人）"
        if snapshot is None:
            return AuditLine("unknown", seq, f"{name}：没有封存依据，无法复核。")
        if snapshot.digest.hex() != digest:
            return AuditLine("wrong", seq, f"{name}：封存的依据与抽取记录中的摘要不符。")
        facts = snapshot.facts
        if [UUID(given["expert"]) for given in facts["candidates"]] != opened_list.experts or not _leaves_fit(
            opened_list
        ):
            return AuditLine("wrong", seq, f"{name}：名单上的人与封存的依据不是同一批人。")
        avoided = await _find_avoided_draws(draw, committed.get(row.round.number, ()))
        setting = facts["setting"]
        # a list may have 20,000 candidates, and other requests must be served meanwhile
        wrong = await asyncio.to_thread(
            find_wrongly_listed,
            draw.pool,
            facts["candidates"],
            condition_of(draw.pool, opened_list.published, row.tier, setting),
            recusals_of(draw.id, committed.get(row.round.number, ()), avoided, setting),
            span_of(setting),
        )
        if wrong:
            shown = "、".join(f"{opened_list.leaves[place].hex()[:12]}（{reason}）" for place, reason in wrong[:_SHOWN])
            return AuditLine("wrong", seq, f"{name}：{len(wrong)}人不符合条件：{shown}。")
        return AuditLine("holds", seq, f"{name}：每人都符合条件，且不在回避名单中。")

    # ---- the walk

    async def _walk_lines(
        self,
        draw: Draw,
        log: Sequence[Mapping[str, Any]],
        opened: Sequence[_OpenedList],
        committed: Mapping[int, Sequence[SealedRecusal]],
    ) -> list[AuditLine]:
        place = {leaf.hex(): (opened_list, at) for opened_list in opened for at, leaf in enumerate(opened_list.leaves)}
        skips = await open_skips(self.deps.keys, draw.id)
        lines, called = [], 0
        for entry in (logged for logged in log if logged["act"] in ("skipped", "called")):
            if entry["leaf"] not in place:
                lines.append(AuditLine("wrong", entry["seq"], f"第{entry['seq']}条：名单上没有这名专家。"))
            elif entry["act"] == "skipped":
                opened_list, at = place[entry["leaf"]]
                items = committed.get(opened_list.row.round.number, ())
                lines.append(
                    await self._skip_line(
                        draw, entry, opened_list, opened_list.experts[at], skips.get(entry["leaf"]), items
                    )
                )
            elif problem := await self._call_problem(draw, entry["leaf"]):
                lines.append(AuditLine("wrong", entry["seq"], f"第{entry['seq']}条通知：{problem}"))
            else:
                called += 1
        lines.append(AuditLine("holds", 0, f"{called}次通知：通知时没有登记的请假、暂停抽取或退库。"))
        return lines

    async def _skip_line(
        self,
        draw: Draw,
        entry: Mapping[str, Any],
        opened_list: _OpenedList,
        expert: UUID,
        skip: OpenedFacts | None,
        committed: Sequence[SealedRecusal],
    ) -> AuditLine:
        seq, reason = entry["seq"], entry["reason"]
        name = f"第{seq}条跳过（{SKIP_REASONS[reason]}）"
        if skip is None:
            return AuditLine("unknown", seq, f"{name}：没有封存依据，无法复核。")
        if skip.digest.hex() != entry["fact"]:
            return AuditLine("wrong", seq, f"{name}：封存的依据与抽取记录中的摘要不符。")
        facts, setting = skip.facts["facts"], skip.facts["setting"]
        if not facts:
            return AuditLine("unknown", seq, f"{name}：专家档案当时已不存在，没有可复核的依据。")
        if UUID(facts["expert"]) != expert:
            return AuditLine("wrong", seq, f"{name}：封存的依据说的是另一名专家。")
        condition = condition_of(draw.pool, opened_list.published, entry["tier"], setting)
        recusals = recusals_of(draw.id, committed, await _find_avoided_draws(draw, committed), setting)
        if reason not in skip_reasons_of(draw.pool, facts, condition, recusals, span_of(setting)):
            return AuditLine("wrong", seq, f"{name}：封存的依据不支持这个理由。")
        if problem := await _contradiction(reason, facts, _moment(entry["at"])):
            return AuditLine("wrong", seq, f"{name}：{problem}")
        return AuditLine("holds", seq, f"{name}：理由属实。")

    async def _call_problem(self, draw: Draw, leaf: str) -> str:
        """Present data that contradict a call; empty: none."""
        if await rows(_AWAY_AT_CALL, draw.id, leaf):
            return "通知时该专家已请假，应当跳过。"
        if await rows(_GONE_AT_CALL, draw.id, leaf):
            return "通知时该专家已退库，应当跳过。"
        if await rows(_SUSPENDED_AT_CALL, draw.id, leaf):
            return "通知时该专家已被暂停抽取，应当跳过。"
        return ""


async def _recall_line(draw: Draw, log: Sequence[Mapping[str, Any]]) -> AuditLine:
    """Whether the recalled experts are exactly the participants at the end of the original."""
    took_part = Invitation.filter(draw_id=draw.original_id, state=InvitationState.ACCEPTED)
    leaves = sorted([invitation.leaf async for invitation in took_part])
    for entry in (logged for logged in log if logged["act"] == "recalled"):
        if sorted(seat["leaf"] for seat in entry["panel"]) == leaves:
            return AuditLine("holds", entry["seq"], f"原专家名单共{len(leaves)}人，与原活动结束时的参评专家一致。")
        return AuditLine("wrong", entry["seq"], "原专家名单与原活动结束时的参评专家不符。")
    return AuditLine("unknown", 0, "还没有提交最终确认结果，没有可稽核的内容。")


async def _contradiction(reason: str, facts: Mapping[str, Any], at: datetime) -> str:
    """Whether rows named by the facts have changed since; empty: unchanged."""
    if reason == "leave":
        ids = [UUID(leave["id"]) for leave in facts["leaves"]]
        earlier_rows = await rows(
            "SELECT id FROM unavailability WHERE id = ANY($1::uuid[]) AND created_at <= $2", ids, at
        )
        return "" if earlier_rows else "登记中没有这次请假，或请假晚于跳过。"
    if reason == "inactive" and facts.get("suspensions"):
        ids = [UUID(given["id"]) for given in facts["suspensions"]]
        earlier_rows = await rows("SELECT id FROM sanction WHERE id = ANY($1::uuid[]) AND decided_at <= $2", ids, at)
        return "" if earlier_rows else "登记中没有这次暂停抽取，或暂停晚于跳过。"
    if reason in ("overlap", "called_before"):
        ids = [UUID(call["id"]) for call in facts["calls"]]
        earlier_rows = await rows("SELECT id FROM invitation WHERE id = ANY($1::uuid[]) AND created_at <= $2", ids, at)
        return "" if earlier_rows else "没有这次通知，或通知晚于跳过。"
    return ""


async def _find_avoided_draws(draw: Draw, committed: Sequence[SealedRecusal]) -> list[UUID]:
    numbers = [recusal.facts["number"] for recusal in committed if recusal.facts["kind"] == "draw"]
    return [earlier.id for earlier in await Draw.filter(pool=draw.pool, number__in=numbers)] if numbers else []


def _leaves_fit(opened_list: _OpenedList) -> bool:
    pairs = zip(opened_list.salts, opened_list.experts, opened_list.leaves, strict=True)
    return all(random_draw.leaf(salt, expert) == leaf for salt, expert, leaf in pairs)


def _frozen_digest(log: Sequence[Mapping[str, Any]], opened_list: _OpenedList) -> tuple[int, str]:
    """Sequence number of the freeze and its digest for a list; an empty one when the list is not in it."""
    for entry in log:
        if entry["act"] == "lists_frozen" and entry["round"] == opened_list.row.round.number:
            for item in entry["lists"]:
                if (item["condition"], item["tier"]) == (opened_list.row.condition_position, opened_list.row.tier):
                    return entry["seq"], item["snapshot"]
    return 0, ""


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)
