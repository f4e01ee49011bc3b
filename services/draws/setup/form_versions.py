"""Versions of forms, so that one person's form doesn't overwrite what another person saved meanwhile."""

from __future__ import annotations

from collections.abc import Iterable
from hashlib import sha256
from uuid import UUID

from domain.errors import Conflict
from models.draws import AvoidedDraw, CallNotice, Condition, Draw, DrawLot, Supervisor
from services.draws.views import CallNoticeView, ConditionView, DrawView

_BASIC = (
    "name",
    "medium",
    "opening_at",
    "bid_closing_at",
    "opening_place",
    "needed",
    "starts_at",
    "ends_at",
    "on_site",
    "remark",
    "operator_name",
    "operator_phone_sealed",
    "operator_id_sealed",
)
_NOTICE = ("venue", "address", "room", "gathering_at", "contact", "contact_phone_sealed", "remark")
_CONDITION = (
    "notice_id",
    "region_mode",
    "regions",
    "specialty",
    "alternative",
    "title_level",
    "qualification",
    "department",
    "emergency",
    "planned",
)


def basic_version(
    draw: Draw | DrawView, lots: Iterable[UUID | None], supervisors: Iterable[UUID | None], avoided: Iterable[UUID]
) -> str:
    """Version of the basic data, including the ids of ticked lots, supervisors and avoided draws."""
    return _digest(*_values(draw, _BASIC), *(sorted(map(str, ids)) for ids in (lots, supervisors, avoided)))


async def read_basic_version(draw: Draw) -> str:
    """The same, read under the draw's lock."""
    return basic_version(
        draw,
        [lot.lot_id for lot in await DrawLot.filter(draw_id=draw.id)],
        [supervisor.entry_id for supervisor in await Supervisor.filter(draw_id=draw.id)],
        [avoided.earlier_id for avoided in await AvoidedDraw.filter(draw_id=draw.id)],
    )


def part_version(part: CallNotice | CallNoticeView | Condition | ConditionView) -> str:
    return _digest(*_values(part, _NOTICE if isinstance(part, CallNotice | CallNoticeView) else _CONDITION))


def check_version(filled_from: str, present: str) -> None:
    """``filled_from`` empty: the caller overwrites the present values. Raises Conflict."""
    if filled_from and filled_from != present:
        raise Conflict(
            "这一页刚刚被其他人改过，您填写的内容还没有保存。请先核对现在的内容；仍要以您填写的为准，请再点一次保存。",
            code="changed_meanwhile",
        )


def _values(row: object, names: Iterable[str]) -> list[object]:
    values = (getattr(row, name) for name in names)
    return [str(value) if isinstance(value, UUID) else value for value in values]


def _digest(*values: object) -> str:
    return sha256(repr(values).encode()).hexdigest()[:24]
