"""What may be seen of draws: cards, details, progress, the sealed result, the public record."""

from __future__ import annotations

import json
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, timedelta
from typing import Any
from uuid import UUID

from domain.clock import local, print_time
from domain.draws.lifecycles import DrawState, InvitationState
from domain.draws.record import Ended, Json, document, list_key
from domain.errors import Conflict, Forbidden, NotFound
from domain.masking import mask_id_number, mask_mobile, mask_name
from models.accounts import RoleGrant
from models.draws import (
    AvoidedDraw,
    CallNotice,
    CandidateList,
    Condition,
    Draw,
    DrawLot,
    LogEntry,
    RecusalPerson,
    RecusalUnit,
    Round,
    Supervisor,
)
from models.invitations import Invitation
from services.core import permissions
from services.core.base import Actor, Deps, record, rows, transaction, violation
from services.core.permissions import role_name
from services.draws.repository import check_owner, check_scope, venue_names

DRAWING = (DrawState.DRAWING, DrawState.PAUSED, DrawState.ENDING)
"""正在抽取: experts are being called, or calling is held."""
NUMBER_WANTED = """EXISTS (SELECT 1 FROM draw_round r WHERE r.draw_id = d.id AND r.seed = ''
 AND r.aborted_at IS NULL AND NOT r.commitments ? 'supervisor')"""
"""Whether a draw ``d`` waits for its supervisor's random number, in SQL."""
_TOOK_PART = (InvitationState.ACCEPTED, InvitationState.LEFT, InvitationState.ABSENT, InvitationState.RECUSED)


@dataclass(frozen=True)
class Filters:
    """Empty text: no limit. ``number`` and ``project`` search in numbers and names."""

    number: str = ""
    project: str = ""
    state: str = ""
    kind: str = ""
    region: str = ""


@dataclass(frozen=True)
class Card:
    """A draw in a list (16.12)."""

    id: UUID
    number: str
    name: str
    kind: str
    state: DrawState
    accepted: int
    needed: int
    project: str
    region: str
    created_at: datetime
    started_at: datetime | None
    starts_at: datetime
    number_wanted: bool
    """Of the supervisor."""


@dataclass(frozen=True)
class Dashboard:
    """Counters of the entry page (14.1–14.5). ``week`` counts draws begun by day, Monday first.

    ``pending_supplements`` are experts, as the list of 待补抽 has them, not draws.
    """

    today: int
    drawing: int
    completed_today: int
    pending_supplements: int
    present_today: int
    awaited_today: int
    week: tuple[int, ...]


@dataclass(frozen=True)
class Operation:
    """One act on a draw. ``action`` is the audit trail's, ``label`` its Chinese name; ``remark`` free text."""

    at: datetime
    action: str
    label: str
    role: str
    person: str
    remark: str


@dataclass(frozen=True)
class ConditionProgress:
    position: int
    planned: int
    needed: int
    open: int
    accepted: int
    tier: str
    exhausted: bool


@dataclass(frozen=True)
class Progress:
    """A running draw without a name: totals, and in ``waiting`` a Chinese sentence that says why it waits."""

    state: DrawState
    planned: int
    accepted: int
    open: int
    called: int
    declined: int
    silent: int
    started_at: datetime | None
    waiting: str
    estimated_end: datetime | None
    conditions: tuple[ConditionProgress, ...]
    log_head: str


@dataclass(frozen=True)
class ResultRow:
    """One expert of the panel. Before unsealing only ``code``; ``mark`` shows a supplementary draw."""

    code: str
    mark: str
    condition: int
    state: InvitationState
    gathering_at: datetime
    name: str = ""
    id_number: str = ""
    mobile: str = ""
    employer: str = ""
    specialties: tuple[str, ...] = ()
    entered_at: datetime | None = None
    claimed_at: datetime | None = None
    left_at: datetime | None = None


@dataclass(frozen=True)
class Result:
    unsealed: bool
    unseals_at: datetime
    rows: tuple[ResultRow, ...]


@dataclass(frozen=True)
class Detail:
    """Everything an agency or office sees of one draw beside its result."""

    draw: Draw
    conditions: tuple[Condition, ...]
    parts: Mapping[str, list[Any]] = field(default_factory=dict)
    """Rows by table: ``supervisors, recusal_units, recusal_persons, notices, lots, avoided``."""


_OPERATIONS: Mapping[str, str] = {
    "draw.created": "新建抽取",
    "draw.edited": "修改活动信息",
    "draw.supervisors_changed": "更换监督人",
    "draw.submitted": "提交审核",
    "draw.withdrawn": "撤回申请",
    "draw.verified": "通过核验",
    "draw.refused": "退回核验",
    "draw.round_opened": "开始三方摇号",
    "draw.round_aborted": "终止摇号",
    "draw.started": "启动抽取",
    "draw.paused": "暂停抽取",
    "draw.resumed": "继续抽取",
    "draw.force_ended": "强制结束",
    "draw.supplemented": "启动补抽",
    "draw.gathering_changed": "修改集合时间",
    "draw.terminated": "终止活动",
    "draw.ended": "结束活动",
    "discard.asked_leave": "登记请假",
    "discard.asked_recusal": "登记现场回避",
    "discard.absence": "登记缺席",
    "discard.confirmed": "确认移出",
    "discard.refused": "未确认移出",
    "discard.lapsed": "登记逾期失效",
    "result.read": "查看抽取结果",
    "board.shared": "分享抽取看板",
    "record.shared": "分享抽取记录",
    "leaf.opened": "查看抽取凭证",
    "draw.audited": "稽核抽取理由",
}
"""Chinese names of the acts that people do to a draw."""


class DrawQueries:
    """Each method checks who asks; the result's readings are logged."""

    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def get(self, actor: Actor, draw_id: UUID) -> Draw:
        """The draw, if this actor may see it. Raises NotFound, Forbidden."""
        permissions.check(actor, "draw.read")
        draw = await Draw.get_or_none(id=draw_id, pool=actor.pool)
        if draw is None:
            raise NotFound("找不到这个抽取活动，请返回列表后刷新。")
        if actor.role in ("agent", "organisation"):
            check_owner(actor, draw)
        elif actor.role == "supervisor":
            if not await self.is_watched_by(actor, draw) and not await RoleGrant.exists(
                account_id=actor.account_id, role="supervisor", revoked_at=None
            ):
                raise NotFound("找不到这个抽取活动，请返回列表后刷新。")
        else:
            await check_scope(actor, draw, self._deps.book(draw.pool))
        return draw

    async def is_watched_by(self, actor: Actor, draw: Draw) -> bool:
        """Whether a supervisor was named for this draw. One whom the office granted the role reads every draw of the
        pool; committing and confirming is for the named ones."""
        named = await rows(
            "SELECT 1 FROM draw_supervisor s JOIN account a ON a.mobile_hash = s.mobile_hash AND a.pool = $3 "
            "WHERE s.draw_id = $1 AND a.id = $2",
            draw.id,
            actor.account_id,
            draw.pool,
        )
        return bool(named)

    async def detail(self, actor: Actor, draw_id: UUID) -> Detail:
        draw = await self.get(actor, draw_id)
        parts: dict[str, list[Any]] = {
            "supervisors": list(await Supervisor.filter(draw_id=draw_id).order_by("id")),
            "recusal_units": list(await RecusalUnit.filter(draw_id=draw_id).order_by("id")),
            "recusal_persons": list(await RecusalPerson.filter(draw_id=draw_id).order_by("id")),
            "notices": list(await CallNotice.filter(draw_id=draw_id).order_by("position")),
            "lots": list(await DrawLot.filter(draw_id=draw_id).prefetch_related("lot")),
            "avoided": list(await AvoidedDraw.filter(draw_id=draw_id).prefetch_related("earlier")),
        }
        return Detail(draw, tuple(await Condition.filter(draw_id=draw_id).order_by("position")), parts)

    async def cards(
        self, actor: Actor, filters: Filters, *, offset: int = 0, limit: int = 20
    ) -> tuple[list[Card], int]:
        """Draws that this actor may see, newest first, and how many there are in all."""
        permissions.check(actor, "draw.read")
        where, values = self.reach(actor)
        for value, clause in (
            (filters.number, "(d.number ILIKE '%' || {} || '%' OR d.name ILIKE '%' || {} || '%')"),
            (filters.project, "(p.name ILIKE '%' || {} || '%' OR p.number ILIKE '%' || {} || '%')"),
            (filters.state, "d.state = {}"),
            (filters.kind, "d.kind = {}"),
            (filters.region, "p.region LIKE {} || '%'"),
        ):
            if value:
                values.append(value.rstrip("0") if "LIKE {} ||" in clause and value.isdigit() else value)
                where += " AND " + clause.replace("{}", f"${len(values)}")
        base = f"FROM draw d JOIN project p ON p.id = d.project_id WHERE {where}"
        total = (await rows(f"SELECT count(*) AS n {base}", *values))[0]["n"]
        found = await rows(
            "SELECT d.id, d.number, d.name, d.kind, d.state, d.needed, p.name AS project, p.region, d.created_at, "
            "d.started_at, d.starts_at, (SELECT coalesce(sum(c.accepted), 0)::int FROM draw_condition c "
            f"WHERE c.draw_id = d.id) AS accepted, {NUMBER_WANTED} AS number_wanted {base} "
            f"ORDER BY d.created_at DESC, d.id OFFSET {int(offset)} LIMIT {int(limit)}",
            *values,
        )
        return [Card(**{**row, "state": DrawState(row["state"])}) for row in found], total

    def reach(self, actor: Actor) -> tuple[str, list[object]]:
        """Which draws (``d``) this actor may see, as SQL with its values."""
        values: list[object] = [actor.pool]
        where = "d.pool = $1"
        if actor.role in ("agent", "organisation"):
            values.append(actor.organisation_id)
            where += " AND d.organisation_id = $2"
            if actor.role == "agent":
                values.append(actor.account_id)
                where += " AND d.agent_id = $3"
        elif actor.role == "verifier" and actor.scope:
            values.append(actor.scope)
            where += " AND EXISTS (SELECT 1 FROM draw_application a WHERE a.draw_id = d.id AND a.terminal = $2)"
        elif actor.role == "venue" and actor.scope:
            values.append(venue_names(actor, self._deps.book(actor.pool)))
            where += " AND EXISTS (SELECT 1 FROM call_notice n WHERE n.draw_id = d.id AND n.venue = ANY($2::text[]))"
        elif actor.role == "supervisor":
            values.append(actor.account_id)
            where += (
                " AND EXISTS (SELECT 1 FROM draw_supervisor s JOIN account x ON x.mobile_hash = s.mobile_hash "
                "AND x.pool = d.pool WHERE s.draw_id = d.id AND x.id = $2)"
            )
        return where, values

    async def dashboard(self, actor: Actor) -> Dashboard:
        permissions.check(actor, "draw.create")
        where, values = self.reach(actor)
        now = self._deps.now()
        today = local(now).replace(hour=0, minute=0, second=0, microsecond=0)
        monday = today - timedelta(days=today.weekday())
        n = len(values)
        counted = (
            await rows(
                f"SELECT count(*) FILTER (WHERE d.created_at >= ${n + 1}) AS today, "
                f"count(*) FILTER (WHERE d.state = ANY(${n + 2}::text[])) AS drawing, "
                f"count(*) FILTER (WHERE d.finished_at >= ${n + 1} AND d.state IN ('completed', 'ended')) "
                "AS completed_today, "
                "coalesce(sum((SELECT count(*) FROM absence a WHERE a.draw_id = d.id AND a.handled_at IS NULL)), 0)"
                f"::int AS pending_supplements FROM draw d WHERE {where}",
                *values,
                today,
                list(DRAWING),
            )
        )[0]
        attendance = (
            await rows(
                "SELECT count(*) AS awaited, count(*) FILTER (WHERE EXISTS (SELECT 1 FROM attendance t "
                "WHERE t.invitation_id = i.id AND t.direction = 'in')) AS present "
                f"FROM invitation i JOIN draw d ON d.id = i.draw_id WHERE {where} AND i.state = 'accepted' "
                f"AND i.gathering_at >= ${n + 1} AND i.gathering_at < ${n + 1} + interval '1 day'",
                *values,
                today,
            )
        )[0]
        begun = await rows(
            f"SELECT d.started_at FROM draw d WHERE {where} AND d.started_at >= ${n + 1}", *values, monday
        )
        week = [0] * 7
        for row in begun:
            week[local(row["started_at"]).weekday()] += 1
        absent = attendance["awaited"] - attendance["present"]
        return Dashboard(**counted, present_today=attendance["present"], awaited_today=absent, week=tuple(week))

    async def operations(self, actor: Actor, draw_id: UUID) -> list[Operation]:
        """Who did what to a draw, oldest first (操作记录). Nothing of experts: their names are sealed."""
        draw = await self.get(actor, draw_id)
        found = await rows(
            "SELECT e.at, e.action, e.actor_role AS role, a.real_name AS person, e.details FROM audit_entry e "
            "LEFT JOIN account a ON a.id = e.actor_id WHERE e.subject = 'draw' AND e.subject_id = $1 "
            "AND e.actor_role <> 'expert' AND e.action NOT LIKE '%looked_up' ORDER BY e.at, e.id LIMIT 1000",
            draw.id,
        )
        return [_operation(row) for row in found]

    # ---- a running draw

    async def progress(self, actor: Actor, draw_id: UUID) -> Progress:
        return await self.progress_of(await self.get(actor, draw_id))

    async def progress_of(self, draw: Draw) -> Progress:
        """The same for a caller that has checked who asks."""
        conditions = await Condition.filter(draw_id=draw.id).order_by("position")
        counted = {
            row["state"]: row["n"]
            for row in await rows(
                "SELECT state, count(*) AS n FROM invitation WHERE draw_id = $1 GROUP BY state", draw.id
            )
        }
        deadline = await rows(
            "SELECT max(answer_until) AS at FROM invitation WHERE draw_id = $1 AND state = 'open'", draw.id
        )
        state = DrawState(draw.state)
        return Progress(
            state=state,
            planned=draw.needed,
            accepted=sum(c.accepted for c in conditions),
            open=sum(c.open for c in conditions),
            called=sum(counted.values()),
            declined=counted.get(InvitationState.DECLINED, 0),
            silent=counted.get(InvitationState.SILENT, 0),
            started_at=draw.started_at,
            waiting=await self._why_waiting(draw, state, conditions),
            estimated_end=deadline[0]["at"] if state in (DrawState.DRAWING, DrawState.ENDING) else None,
            conditions=tuple(
                ConditionProgress(c.position, c.planned, c.needed, c.open, c.accepted, c.tier, c.exhausted)
                for c in conditions
            ),
            log_head=draw.log_head,
        )

    async def _why_waiting(self, draw: Draw, state: DrawState, conditions: list[Condition]) -> str:
        calling = self._deps.book(draw.pool).draw.calling
        opened = sum(c.open for c in conditions)
        missing = sum(c.needed - c.accepted for c in conditions)
        if state == DrawState.DRAWING and opened:
            return f"正在等待{opened}位专家答复，还缺{missing}人。"
        if state == DrawState.DRAWING and not calling.hours.contains(self._deps.now()):
            return f"当前不在呼叫时段（{calling.hours}），到时自动继续。"
        fixed = await Round.get_or_none(draw_id=draw.id, start_by__isnull=False)
        if state == DrawState.COMMITTING and fixed is not None and fixed.start_by is not None:
            return f"顺序已经确定，请启动抽取；{print_time(fixed.start_by)}仍未启动的，系统自动启动。"
        return {
            DrawState.EDITING: "请完善信息后提交审核。",
            DrawState.SUBMITTED: "等待交易中心核验。",
            DrawState.REFUSED: "核验未通过，请修改后重新提交。",
            DrawState.VERIFIED: "核验已通过，请开始三方摇号。",
            DrawState.COMMITTING: "等待各方手机提交并公开随机数。",
            DrawState.DRAWING: "正在抽取下一位专家。",
            DrawState.PAUSED: f"已暂停，已发出的{opened}个呼叫仍会等待结果。",
            DrawState.ENDING: f"正在等待最后{opened}位专家的结果。",
            DrawState.COMPLETED: f"抽取完成，名单{print_time(self.unseals_at(draw))}解密。",
            DrawState.SHORT: f"专家不足，还缺{missing}人，{_how_to_fill(conditions)}",
            DrawState.SUPPLEMENT_PENDING: f"有{missing}个名额待补抽，{_how_to_fill(conditions)}",
            DrawState.ENDED: "活动已结束。",
            DrawState.TERMINATED: "活动已终止，标段可重新申请抽取。",
            DrawState.RELEASED: "专家已退选。",
        }[state]

    # ---- the result

    def unseals_at(self, draw: Draw) -> datetime:
        return draw.starts_at - self._deps.book(draw.pool).draw.result_visible_before

    async def result(self, actor: Actor, draw_id: UUID) -> Result:
        """The panel. Sealed, everybody sees codes only; unsealed, each reading is logged."""
        permissions.check(actor, "result.read")
        async with transaction():
            draw = await self.get(actor, draw_id)
            now, unseals_at = self._deps.now(), self.unseals_at(draw)
            unsealed = now >= unseals_at
            found = await self._result_rows(draw)
            if unsealed:
                await record(actor, now, "result.read", "draw", draw_id)
        return Result(unsealed, unseals_at, tuple(self._result_row(draw, row, unsealed) for row in found))

    async def _result_rows(self, draw: Draw) -> list[Any]:
        return await rows(
            "SELECT i.code, i.supplementary, c.position AS condition, i.state, i.gathering_at, e.name, "
            "e.id_number_sealed, e.mobile_sealed, e.specialties, "
            "(SELECT m.unit_name FROM employment m WHERE m.expert_id = e.id AND m.until IS NULL LIMIT 1) AS employer, "
            "(SELECT t.at FROM attendance t WHERE t.invitation_id = i.id AND t.direction = 'in') AS entered_at, "
            "(SELECT t.at FROM attendance t WHERE t.invitation_id = i.id AND t.direction = 'out') AS left_at, "
            "(SELECT c.at FROM presence_claim c WHERE c.invitation_id = i.id) AS claimed_at "
            "FROM invitation i JOIN expert e ON e.id = i.expert_id JOIN draw_condition c ON c.id = i.condition_id "
            "WHERE i.draw_id = $1 AND i.state = ANY($2::text[]) ORDER BY c.position, i.code",
            draw.id,
            list(_TOOK_PART),
        )

    def _result_row(self, draw: Draw, row: Any, unsealed: bool) -> ResultRow:
        mark = self._deps.book(draw.pool).draw.supplement.mark if row["supplementary"] else ""
        state = InvitationState(row["state"])
        sealed = ResultRow(row["code"], mark, row["condition"], state, row["gathering_at"])
        if not unsealed:
            return sealed
        keys = self._deps.keys
        accepted = state == InvitationState.ACCEPTED
        return ResultRow(
            code=row["code"],
            mark=mark,
            condition=row["condition"],
            state=state,
            gathering_at=row["gathering_at"],
            name=row["name"] if accepted else mask_name(row["name"]),
            id_number=mask_id_number(keys.open_text(row["id_number_sealed"], "id_number")),
            mobile=mask_mobile(keys.open_text(row["mobile_sealed"], "mobile")),
            employer=(row["employer"] or "") if accepted else "",
            specialties=tuple(row["specialties"]),
            entered_at=row["entered_at"],
            claimed_at=row["claimed_at"],
            left_at=row["left_at"],
        )

    # ---- the record

    async def record_of(self, actor: Actor, draw_id: UUID) -> dict[str, Json]:
        """The verifiable record; before the draw has ended a prefix without its lists. No names in it."""
        return await self.record_of_draw(await self.get(actor, draw_id))

    async def record_of_draw(self, draw: Draw) -> dict[str, Json]:
        """The same for a caller that has checked who asks."""
        log = await LogEntry.filter(draw_id=draw.id).order_by("seq")
        if not log:
            raise Conflict("抽取还没有开始，暂无抽取记录。", code="no_record")
        lists = await published_lists(draw) if log[-1].act == Ended.name else {}
        return document(draw.pool, draw.number, [entry.facts for entry in log], lists)

    async def open_leaf(self, actor: Actor, draw_id: UUID, leaf: str) -> tuple[str, str]:
        """Salt and expert id behind a leaf, hex; every opening is logged.

        From unsealing on, for the expert himself or a supervisor: before that a leaf would tell friends their place in
        the order. Raises Forbidden, NotFound, RuleViolation.
        """
        permissions.check(actor, "draw.open_leaf")
        async with transaction():
            draw = (
                await self.get(actor, draw_id) if actor.role == "supervisor" else await self._existing(actor, draw_id)
            )
            self._check_unsealed(draw)
            salt, expert = await self._find_leaf(draw_id, leaf)
            if actor.role == "expert" and expert != actor.expert_id:
                raise Forbidden("只能查看本人的抽取凭证。")
            await record(actor, self._deps.now(), "leaf.opened", "draw", draw_id, leaf=leaf)
        return salt.hex(), expert.hex

    async def _existing(self, actor: Actor, draw_id: UUID) -> Draw:
        """Before unsealing an expert who was not called learns nothing of a draw, not even when it is."""
        draw = await Draw.get_or_none(id=draw_id, pool=actor.pool)
        sealed = draw is not None and self._deps.now() < self.unseals_at(draw)
        if draw is None or (sealed and not await Invitation.exists(draw_id=draw_id, expert_id=actor.expert_id)):
            raise NotFound("找不到这个抽取活动，请返回列表后刷新。")
        return draw

    def _check_unsealed(self, draw: Draw) -> None:
        at = self.unseals_at(draw)
        if self._deps.now() < at:
            book = self._deps.book(draw.pool)
            raise violation(book, "draw.result_visible_before", f"名单尚未解密，{print_time(at)}后可查看。")

    async def _find_leaf(self, draw_id: UUID, leaf: str) -> tuple[bytes, UUID]:
        for item in await CandidateList.filter(draw_id=draw_id):
            leaves = [item.leaves[i : i + 32].hex() for i in range(0, len(item.leaves), 32)]
            if leaf in leaves:
                index = leaves.index(leaf)
                salts = self._deps.keys.open(item.salts_sealed, "salts")
                experts = self._deps.keys.open(item.experts_sealed, "experts")
                return salts[index * 32 : index * 32 + 32], UUID(bytes=experts[index * 16 : index * 16 + 16])
        raise NotFound("抽取记录中没有这个编号，请核对后重新输入。")


def _how_to_fill(conditions: Sequence[Condition]) -> str:
    spent = all(c.exhausted for c in conditions if c.needed > c.accepted)
    return "名单已抽完，可扩大地区补抽。" if spent else "可按原顺序补抽。"


async def published_lists(draw: Draw) -> dict[str, tuple[bytes, list[bytes]]]:
    """The frozen lists with their blinds, for a record that is at its end."""
    return {
        list_key(item.condition_position, item.tier, item.round.number): (
            bytes.fromhex(item.blind),
            [item.leaves[i : i + 32] for i in range(0, len(item.leaves), 32)],
        )
        for item in await CandidateList.filter(draw_id=draw.id).prefetch_related("round")
    }


def _operation(row: Any) -> Operation:
    details = row["details"] if isinstance(row["details"], dict) else json.loads(row["details"])
    remark = str(details.get("reason") or details.get("opinion") or details.get("terminal") or "")
    label = _OPERATIONS.get(row["action"], row["action"])
    role = "系统" if row["role"] == "system" else role_name(row["role"])
    return Operation(row["at"], row["action"], label, role, row["person"] or "", remark)
