"""A draw and its parts as plain records, for pages, endpoints and the chat.

A field named ``…_sealed`` is ciphertext; the code that displays it decrypts it with the keys.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass, fields
from datetime import datetime
from typing import Annotated, TypeVar
from uuid import UUID

from pydantic import Field

from models.base import Row
from models.draws import Draw

V = TypeVar("V")


@dataclass(frozen=True)
class DrawView:
    """Columns of a draw, documented in ``models.draws.Draw``."""

    id: UUID
    pool: str
    number: str
    kind: str
    original_id: UUID | None
    state: str
    project_id: UUID
    organisation_id: UUID
    agent_id: UUID
    name: str
    medium: str
    opening_at: datetime
    bid_closing_at: datetime | None
    opening_place: str
    needed: int
    starts_at: datetime
    ends_at: datetime
    on_site: bool
    remark: str
    operator_name: str
    operator_phone_sealed: str
    operator_id_sealed: str
    terminal: str
    created_at: datetime
    started_at: datetime | None
    finished_at: datetime | None
    ended_at: datetime | None
    lead_seconds: int
    previews: int
    log_head: str
    log_length: int


ReadDraw = Draw | DrawView
"""A draw for reading, from either source."""


@dataclass(frozen=True)
class ConditionView:
    """A condition (抽取条件) and its progress."""

    id: UUID
    notice_id: UUID
    position: int
    region_mode: str
    regions: list[str]
    specialty: str
    alternative: str
    title_level: str
    qualification: str
    department: str
    emergency: bool
    planned: int
    needed: int
    open: int
    accepted: int
    round_number: int
    tier: str
    exhausted: bool


@dataclass(frozen=True)
class CallNoticeView:
    """A call notice (语音通知); ``position`` is its number."""

    id: UUID
    position: int
    venue: str
    address: str
    room: str
    gathering_at: datetime
    contact: str
    contact_phone_sealed: str
    remark: str


@dataclass(frozen=True)
class SupervisorView:
    """A supervisor (监督人), copied from the office's register."""

    id: UUID
    entry_id: UUID | None
    name: str
    phone_sealed: str
    department: str


@dataclass(frozen=True)
class RecusalUnitView:
    """``fixed``: tenderee or agency, can't be removed."""

    id: UUID
    name: str
    credit_code: str
    reason: str
    evidence: Annotated[str, Field(description="Class of evidence; empty for fixed ones")]
    fixed: bool


@dataclass(frozen=True)
class RecusalPersonView:
    """The ID number is stored as a hash only and never shown."""

    id: UUID
    name: str
    unit_name: str
    reason: str
    evidence: str


@dataclass(frozen=True)
class DrawLotView:
    """``lot_id`` is None, and the rest empty, where the project itself is the lot; ``investment`` in fen."""

    lot_id: UUID | None
    name: str = ""
    number: str = ""
    investment: int = 0


@dataclass(frozen=True)
class EarlierDraw:
    """A draw whose experts are recused here, or may be."""

    id: UUID
    number: str
    name: str


@dataclass(frozen=True)
class DrawParts:
    """The parts of a draw besides its conditions, in the order of entry."""

    supervisors: tuple[SupervisorView, ...]
    recusal_units: tuple[RecusalUnitView, ...]
    recusal_persons: tuple[RecusalPersonView, ...]
    notices: tuple[CallNoticeView, ...]
    lots: tuple[DrawLotView, ...]
    avoided: tuple[EarlierDraw, ...]


def view_of(shape: type[V], row: Row) -> V:
    """The fields of ``shape`` with the row's present values."""
    return shape(**{field.name: getattr(row, field.name) for field in fields(shape)})  # type: ignore[arg-type]


def views_of(shape: type[V], rows: Iterable[Row]) -> tuple[V, ...]:
    return tuple(view_of(shape, row) for row in rows)
