"""The register of experts who will not sit on the panel: of one draw, and of all places to be filled again (待补抽)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Any
from uuid import UUID

from pydantic import Field

from domain.draws.lifecycles import DrawState
from domain.masking import mask_id_number, mask_name
from services.core import permissions
from services.core.base import Actor, Deps, rows
from services.draws.access import DrawAccess

_VACANT = """((SELECT count(*) FROM absence l WHERE l.condition_id = a.condition_id
  AND (l.registered_at, l.id) > (a.registered_at, a.id)) < c.needed - c.accepted)"""
"""Whether the place of an absence ``a`` is still vacant. The oldest absences of a condition ``c`` are filled first."""
ABSENCES_MAX = 200
"""Maximum listed, newest first."""
_OPEN, _CALLING = "未补抽", "补抽中"


@dataclass(frozen=True)
class AbsenceRow:
    """One entry of the register. Name and ID number are empty before unsealing, then masked (测**, 4113***6933)."""

    id: UUID
    draw_id: UUID
    draw_number: str
    draw_name: str
    draw_state: DrawState
    condition: int
    notice: Annotated[int, Field(description="Number of the call notice")]
    name: Annotated[str, Field(examples=["测**"])]
    id_number: Annotated[str, Field(examples=["4113***6933"])]
    code: str
    gathering_at: datetime
    kind: str
    reason: str
    source: Annotated[
        str,
        Field(
            description="By the `expert`, also since the time was `moved`, or a recusal unit `declared`; "
            "`manual`: registered by agency or venue"
        ),
    ]
    registered_at: datetime
    registered_by: Annotated[str, Field(description="Who registered it; empty: the expert himself")]
    handled: Annotated[bool, Field(description="Filled again, or not to be filled any more")]
    handled_label: Annotated[str, Field(description="To be shown", examples=["未补抽", "补抽中"])]
    missing: Annotated[int, Field(description="Places of the activity that are free now")]


@dataclass(frozen=True)
class AbsenceQueries:
    deps: Deps
    access: DrawAccess

    async def absences_of_draw(self, actor: Actor, draw_id: UUID) -> list[AbsenceRow]:
        """The register of a draw, newest first."""
        permissions.check(actor, "discard.read")
        await self.access.get(actor, draw_id)
        return await self._find_rows("a.draw_id = $1", draw_id)

    async def list_pending(self, actor: Actor) -> list[AbsenceRow]:
        """All places of this organisation that wait for a supplementary draw (待补抽)."""
        permissions.check(actor, "draw.create")
        agent = actor.account_id if actor.role in permissions.OF_AGENT else None
        return await self._find_rows(
            "d.organisation_id = $1 AND ($2::uuid IS NULL OR d.agent_id = $2) AND a.handled_at IS NULL",
            actor.organisation_id,
            agent,
        )

    async def _find_rows(self, where: str, *values: object) -> list[AbsenceRow]:
        absences = await rows(
            "SELECT a.id, a.draw_id, d.number AS draw_number, d.name AS draw_name, d.state AS draw_state, d.pool, "
            "d.kind AS draw_kind, d.starts_at, d.ended_at, c.position AS condition, n.position AS notice, e.name, "
            "(SELECT sum(p.needed - p.accepted)::int FROM draw_condition p WHERE p.draw_id = d.id) AS missing, "
            "coalesce(p.real_name, '') AS registered_by, "
            "e.id_number_sealed, i.code, i.gathering_at, a.kind, a.reason, a.source, a.registered_at, a.handled_at, "
            f"{_VACANT} AS vacant "
            "FROM absence a JOIN draw d ON d.id = a.draw_id JOIN draw_condition c ON c.id = a.condition_id "
            "JOIN invitation i ON i.id = a.invitation_id JOIN expert e ON e.id = i.expert_id "
            "JOIN call_notice n ON n.id = i.notice_id LEFT JOIN account p ON p.id = a.registered_by_id "
            f"WHERE {where} ORDER BY a.registered_at DESC LIMIT {ABSENCES_MAX}",
            *values,
        )
        return [self._row(row) for row in absences]

    def _row(self, row: Any) -> AbsenceRow:
        facts = {name: row[name] for name in AbsenceRow.__dataclass_fields__ if name in row}
        label = _label(row)
        facts |= {"name": "", "id_number": "", "handled": label not in (_OPEN, _CALLING), "handled_label": label}
        facts["draw_state"] = DrawState(row["draw_state"])
        sealed_for = self.deps.book(row["pool"]).draw.result_visible_before
        if self.deps.now() >= row["starts_at"] - sealed_for:
            number = self.deps.keys.open_text(row["id_number_sealed"], "id_number")
            facts |= {"name": mask_name(row["name"]), "id_number": mask_id_number(number)}
        return AbsenceRow(**facts)


def _label(row: Any) -> str:
    """Places never filled are closed at the draw's end; a recall fills none."""
    if row["handled_at"] is None:
        return _OPEN
    ended = row["ended_at"] is not None
    if row["draw_kind"] == "recall" or (ended and (row["vacant"] or row["handled_at"] >= row["ended_at"])):
        return "不再补抽"
    return _CALLING if row["vacant"] else "已补抽"
