"""What counts as presence at the venue: its changing code, registration by its staff, or a position near it."""

from __future__ import annotations

from datetime import datetime

from domain.clock import print_time
from domain.draws.agreed_times import check_in_opens
from domain.errors import Conflict, InvalidInput
from domain.positions import Position, distance
from domain.rulebook.book import Rulebook
from models.draws import CallNotice
from models.invitations import Invitation
from services.core.base import violation


def venue_position(book: Rulebook, venue_name: str) -> Position | None:
    """The venue's position; None for a free-form place or one without coordinates."""
    venue = book.find_venue(venue_name)
    return venue.position if venue else None


def check_time(book: Rulebook, invitation: Invitation, now: datetime) -> None:
    """Raises RuleViolation before check-in opens, Conflict once the panel is over."""
    opens = check_in_opens(invitation, book.attendance)
    if now < opens:
        advice = f"还未到签到时间，请在{print_time(opens)}后签到。"
        if invitation.proposed_gathering_at is not None:
            advice += "集合时间有改动、专家本人还没有同意：已到场的，请专家先在邀请页或聊天中同意改期，再签到。"
        raise violation(book, "attendance.check_in_opens", advice)
    if now > invitation.ends_at:
        raise Conflict("评标已结束，不能再签到。", code="panel_over")


def is_near(book: Rulebook, call_notice: CallNotice, position: Position | None) -> bool:
    """Whether the position shows presence; false without a position or reference.

    Raises RuleViolation for a position outside the radius.
    """
    venue = venue_position(book, call_notice.venue)
    if position is None or venue is None:
        return False
    away = distance(position, venue)
    if away > book.attendance.radius_m:
        raise violation(
            book,
            "attendance.radius_m",
            f"您距集合地点约{away / 1000:.1f}公里，请到场后再签到。已经到场的，请把验证码告诉现场工作人员登记。",
        )
    return True


def check_scan(book: Rulebook, call_notice: CallNotice, position: Position | None) -> None:
    """A scan with a position counts inside the radius only; a pool may require a position.

    Raises RuleViolation outside the radius, InvalidInput without a required position.
    """
    wanted = book.attendance.location_required and venue_position(book, call_notice.venue) is not None
    if not is_near(book, call_notice, position) and wanted:
        raise InvalidInput(
            "本场签到还要核对位置：请回复“签到”并发送位置，或把验证码告诉现场工作人员登记。", field="position"
        )


def advice(book: Rulebook, call_notice: CallNotice, code: str) -> str:
    """What an expert whose claim of presence doesn't count has to do."""
    position = "，或在聊天中回复“签到”并发送位置" if venue_position(book, call_notice.venue) else ""
    return f"还不算签到：请扫描现场二维码{position}，或把验证码{code}告诉现场工作人员登记。"
