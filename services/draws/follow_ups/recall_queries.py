"""Queries of recalls (复评、通知原专家评标): the original panel, what each answered, and what the agency said."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import copy
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from domain.draws.lifecycles import DrawState, InvitationState, VirtualCallState
from domain.draws.record import SKIP_REASONS, SkipReason
from domain.errors import Conflict
from domain.masking import mask_id_number
from domain.rulebook.sections import DrawRules
from models.draws import Condition, Draw, RecalledExpert
from services.core import permissions
from services.core.base import Actor, Deps, record, rows, transaction
from services.core.crypto import PHONE
from services.draws.access import DrawAccess
from services.draws.call_order.eligibility import find_hindrances, recusals
from services.draws.calls.sms_states import SMS_LABELS, sms_state
from services.draws.recall_record import BY_CALL, find_lost, print_lost
from services.draws.virtual_calls import CallLine, VirtualCalls

HEARD = f"""EXISTS (SELECT 1 FROM virtual_call v WHERE v.draw_id = r.draw_id AND v.expert_id = r.expert_id
    AND v.purpose = 'recall' AND v.state = '{VirtualCallState.TALKED}' AND v.closed_at <= r.recorded_at)"""
"""SQL: a call of the platform was answered by the recalled expert ``r`` before the agency's statement."""
_PANEL = f"""
SELECT r.id, r.expert_id, r.earlier_id, e.name, e.id_number_sealed, c.position AS condition, n.venue,
  btrim(n.address || ' ' || n.room) AS place, n.gathering_at AS proposed, r.called_at, r.takes_part AS stated,
  r.gathering_at AS stated_gathering, r.recorded_at AS stated_at, i.id AS invitation_id, i.code, i.state, i.answered_by,
  i.answer_until, coalesce(i.proposed_gathering_at, i.gathering_at) AS gathering_at,
  i.state = 'accepted' AS holds_place, {HEARD} AS heard,
  {sms_state("draw_accepted", "i.id")} AS sms,
  (SELECT count(*)::int - 1 FROM notice t WHERE t.invitation_id = i.id AND t.kind = 'draw_accepted') AS resent,
  (SELECT count(*)::int FROM notice t WHERE t.pool = e.pool AND t.kind = 'recall_asked' AND t.expert_id = e.id
    AND starts_with(t.dedupe_key, 'recall_asked:' || r.id || ':')) AS times_asked,
  NOT EXISTS (SELECT 1 FROM attendance a WHERE a.invitation_id = r.earlier_id AND a.direction = 'in')
    AND EXISTS (SELECT 1 FROM attendance a WHERE a.draw_id = p.draw_id AND a.direction = 'in') AS stayed_away
FROM recalled_expert r JOIN expert e ON e.id = r.expert_id JOIN draw_condition c ON c.id = r.condition_id
JOIN call_notice n ON n.id = c.notice_id JOIN invitation p ON p.id = r.earlier_id
LEFT JOIN invitation i ON i.draw_id = r.draw_id AND i.expert_id = r.expert_id
WHERE r.draw_id = $1 ORDER BY c.position, e.name, r.id
"""


_LABELS: Mapping[str, str] = {
    "": "未通知",
    "open": "未确认",
    "accepted": "参评",
    "declined": "不参评",
    "silent": "逾期未答复",
    "hindered": "不能参评",
}
"""Other states have the label of the invitation."""
_SOURCES: Mapping[str, str] = {"": "", "system": "系统", BY_CALL: "平台接通的电话"}
"""Whose word an answer is; any other channel: the expert's own."""
_STATED = {True: "参评", False: "不参评"}


@dataclass(frozen=True)
class RecallRow:
    """An expert of the original panel.

    `proposed` is the notice's gathering time, `gathering_at` that of the invitation, which the expert agrees to by
    answering; `stated` is what the agency noted, and decides nothing by itself.
    """

    id: UUID
    name: str
    id_number: Annotated[str, Field(description="Masked")]
    condition: int
    venue: str
    place: str
    proposed: datetime
    called_at: datetime | None
    times_asked: Annotated[int, Field(description="How often the expert was asked to call back")]
    state: Annotated[str, Field(description="Of the invitation; empty before it, hindered: none is made")]
    gathering_at: datetime | None
    state_label: Annotated[str, Field(description="未确认, 参评, 不参评 and others, to be shown", examples=["参评"])]
    source_label: Annotated[str, Field(description="Whose word the answer is; may be empty", examples=["专家本人"])]
    answer_until: Annotated[datetime | None, Field(description="While the answer is awaited")]
    stated_label: Annotated[str, Field(description="The agency's statement; may be empty", examples=["不参评"])]
    stated_gathering: datetime | None
    stated_at: datetime | None
    counts_at: Annotated[
        datetime | None, Field(description="When the stated refusal counts; null: it doesn't by itself")
    ]
    calls: Annotated[tuple[CallLine, ...], Field(description="The virtual calls, newest first (拨打记录)")]
    sms_label: Annotated[str, Field(description="Of the message with time, place and code; empty before it is due")]
    unwritten: Annotated[bool, Field(description="That message failed: send it again or tell the expert by a call")]
    may_resend: Annotated[bool, Field(description="That message failed and may be sent again")]
    stayed_away: Annotated[bool, Field(description="Never entered the original, while others did (原场未到)")]
    hindrance: Annotated[str, Field(description="Why the expert can't take part; empty: nothing", examples=["已退库"])]


@dataclass(frozen=True)
class RecallPanel:
    """`begun`: the experts are being notified. `final`: confirmed for good. `staff_phone` is the agency
    contact's phone as typed last, kept until the draw's end; may be empty.

    `virtual_calls`: the pool offers calls that hide both numbers. `awaited`: how many answers keep it from being
    confirmed, `awaited_until`: when the last of them counts as not given. `drawn`: experts of the panel that was drawn,
    `lost_label`: what became of those whom an earlier recall lost; empty: of none.
    """

    staff_phone: str
    begun: bool
    final: bool
    virtual_calls: bool
    rows: tuple[RecallRow, ...]
    awaited: int
    awaited_until: datetime | None
    drawn: int
    lost_label: str


@dataclass(frozen=True)
class RecallQueries:
    deps: Deps
    access: DrawAccess
    calls: VirtualCalls

    async def panel(self, actor: Actor, draw_id: UUID) -> RecallPanel:
        """The panel to be phoned. Names were unsealed with the original; each reading is logged all the same."""
        permissions.check(actor, "draw.start")
        async with transaction():
            draw = await self.access.get(actor, draw_id)
            check_recall(draw)
            await record(actor, self.deps.now(), "recall.panel_read", "draw", draw_id)
            panel_rows = await rows(_PANEL, draw_id)
            calls = await self.calls.log_of(draw_id, "recall")
            hindrances = await self._find_hindrances(draw) if draw.state == DrawState.VERIFIED else {}
        phone = self.deps.keys.read(draw.staff_phone_sealed, PHONE) if draw.staff_phone_sealed else ""
        begun, final = draw.started_at is not None, draw.finished_at is not None
        shown = tuple(
            self._row(draw, row, calls.get(row["expert_id"], ()), hindrances.get(row["id"], "")) for row in panel_rows
        )
        untils = [
            row.answer_until for row in shown if row.answer_until and not counts_by(row.counts_at, self.deps.now())
        ]
        offered = self.calls.is_offered(draw.pool)
        lost = await find_lost(draw)
        drawn = len(shown) + sum(facts.count for facts in lost)
        awaited = len(untils), max(untils, default=None)
        return RecallPanel(phone, begun, final, offered, shown, *awaited, drawn, print_lost(lost))

    def _row(self, draw: Draw, row: Mapping[str, Any], calls: tuple[CallLine, ...], hindrance: str) -> RecallRow:
        rules = self.deps.book(draw.pool).draw
        number = self.deps.keys.open_text(row["id_number_sealed"], "id_number")
        shown = {name: row[name] for name in RecallRow.__dataclass_fields__ if name in row}
        state = row["state"] or ("hindered" if draw.started_at is not None else "")
        is_open = state == InvitationState.OPEN
        shown |= {"state": state, "answer_until": row["answer_until"] if is_open else None}
        unwritten = bool(row["holds_place"]) and row["sms"] == "failed"
        return RecallRow(
            **shown,
            id_number=mask_id_number(number),
            state_label=_LABELS.get(state) or InvitationState(state).label,
            source_label=_SOURCES.get(row["answered_by"] or "", "专家本人"),
            stated_label=_STATED.get(row["stated"], ""),
            counts_at=refusal_counts_at(row, rules) if is_open else None,
            calls=calls,
            sms_label=SMS_LABELS[row["sms"]] if row["code"] else "",
            unwritten=unwritten,
            may_resend=unwritten and row["resent"] < rules.recall.resends_max,
            hindrance=hindrance if state in ("", "hindered") else "",
        )

    async def find_rows(self, draw: Draw) -> list[Mapping[str, Any]]:
        """The panel as stored: statements, invitations and their states."""
        return list(await rows(_PANEL, draw.id))

    async def find_unreached(self, draw: Draw) -> dict[UUID, Mapping[str, Any]]:
        """Rows of experts whom the message with time, place and code did not reach, by id."""
        if self.deps.now() >= draw.starts_at:
            return {}
        panel_rows = await rows(_PANEL, draw.id)
        return {row["id"]: row for row in panel_rows if row["holds_place"] and row["sms"] == "failed"}

    async def _find_hindrances(self, draw: Draw) -> Mapping[UUID, str]:
        panel = await RecalledExpert.filter(draw_id=draw.id).order_by("id")
        hindrances = await self.find_hindrances_of(draw, panel)
        return {row_id: SKIP_REASONS[reason] if reason else "" for row_id, reason in hindrances.items()}

    async def find_hindrances_of(self, draw: Draw, panel: Sequence[RecalledExpert]) -> Mapping[UUID, SkipReason | None]:
        """By row, why its expert can't take part at the stated or proposed time; None: no hindrance.

        Registered leave doesn't count: the expert knows of it when answering.
        """
        book, hindrances = self.deps.book(draw.pool), dict[UUID, SkipReason | None]()
        sources = await recusals(draw, book.draw.employment_recusal_years)
        conditions = Condition.filter(draw_id=draw.id).prefetch_related("notice")
        notices = {condition.id: condition.notice async for condition in conditions}
        gatherings = {row.id: (row.condition_id, row.gathering_at) for row in panel}
        for condition_id, at in set(gatherings.values()):
            call_notice = copy(notices[condition_id])
            call_notice.gathering_at = at or call_notice.gathering_at
            affected = [row for row in panel if gatherings[row.id] == (condition_id, at)]
            experts = [row.expert_id for row in affected]
            hindered = await find_hindrances(experts, draw, call_notice, sources, book, self.deps.now(), by_leave=False)
            for row in affected:
                hindrance = hindered[row.expert_id]
                hindrances[row.id] = hindrance.reason if hindrance else None
        return hindrances


def refusal_counts_at(row: Mapping[str, Any], rules: DrawRules) -> datetime | None:
    """From when a refusal that the agency noted counts without the expert's own answer; None: never.

    Only after an answered call of the platform, and once the expert, who was notified of it, had time to contradict,
    not counting the night before.
    """
    if row["stated"] is not False or not row["heard"]:
        return None
    stated_at: datetime = row["stated_at"]
    return rules.calling.hours.next_open(stated_at) + rules.recall.contradict_within


def counts_by(counts_at: datetime | None, now: datetime) -> bool:
    """Whether a noted refusal counts by now."""
    return counts_at is not None and now >= counts_at


def check_recall(draw: Draw) -> None:
    if draw.kind != "recall":
        raise Conflict("该活动不是通知原专家项目，没有需要通知的原专家。", code="no_recall")
