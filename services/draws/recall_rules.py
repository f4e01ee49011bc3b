"""Rules of a recall (复评、通知原专家): its day, and its unchangeable parts. Pure."""

from __future__ import annotations

from datetime import datetime, timedelta

from domain.clock import local
from domain.errors import Conflict, InvalidInput
from models.draws import Draw


def check_conditions_changeable(draw: Draw) -> None:
    """Conditions of a recall can't change, since no expert is drawn by them. Raises Conflict."""
    if draw.kind == "recall":
        raise Conflict("复评通知的是原专家，抽取条件不能修改；要更换专家请重新抽取。", code="conditions_fixed")


def check_recusals_changeable(draw: Draw) -> None:
    """A recall keeps the recusals of its original: the agency knows the panel, so a new one would put a known expert
    out, and one that is gone would let him in. Raises Conflict."""
    if draw.kind == "recall":
        message = "复评沿用原活动的回避信息，不能修改；专家本人应当回避的，由本人答复不参加，或到场后登记现场回避。"
        raise Conflict(message, code="recusals_fixed")


def check_same_day(draw: Draw, gathering_at: datetime) -> None:
    """Evaluation and gathering of a recall are on the same day. Raises InvalidInput."""
    if draw.kind == "recall" and local(gathering_at).date() != local(draw.starts_at).date():
        raise InvalidInput("复评的集合时间应与评标开始时间在同一天。", field="gathering_at")


def shifted_gathering_time(starts_at: datetime, *, earlier_start: datetime, earlier_gathering: datetime) -> datetime:
    """As long before the start as the gathering of the other evaluation, on the day of the start and not after it."""
    lead = max(earlier_start - earlier_gathering, timedelta())
    midnight = local(starts_at).replace(hour=0, minute=0, second=0, microsecond=0)
    return max(local(starts_at) - lead, midnight)
