"""What happens to an expert over two years: each kind of entry of the time line, with draws that are over."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta

from domain.experts.file import FileChange, FileSource
from domain.ids import new_id
from models.accounts import Account
from models.applications import Application
from models.attendance import Attendance
from models.draws import Absence, Draw
from models.exams import Exam, ExamCandidate
from models.experts import Expert, Unavailability
from models.invitations import Invitation
from models.remuneration import Remuneration
from services.core.base import Deps
from services.core.crypto import TEXT
from services.expert_files import change_file
from tests.factories.certificates import make_trained
from tests.factories.draws import make_draw, make_invitation, make_project
from tests.factories.people import OTHER_CREDIT_CODE, make_account, make_organisation, make_sanction
from tests.factories.reviews import make_application

DAY = timedelta(days=1)
_LEFT = {"left": ("生病住院", "expert"), "moved": ("当天另有安排", "moved"), "declared": ("申报回避", "declared")}
"""Reason and source of the absence, by why an expert left a panel."""
_BY = {"declared": "recusal"}


@dataclass(frozen=True)
class Career:
    """``panels`` by the state of the invitation, or by why it was left: ``moved``, ``declared``. All draws are over."""

    expert: Expert
    account: Account
    panels: dict[str, Invitation]
    entered: Application


async def make_career(deps: Deps, expert: Expert, account: Account) -> Career:
    """Of an expert with a file, whose account is ``account``."""
    now = deps.now()
    entered = await make_application(
        deps, account, state="entered", expert_id=expert.id, ended_at=now - 500 * DAY, submitted_at=now - 520 * DAY
    )
    admin = await make_account(deps, real_name="周管理")
    for days, source, values in (
        (300, FileSource.APPLICATION, {"employer": "演示市建筑设计院", "address": "示范路88号"}),
        (200, FileSource.OFFICE, {"active": False}),
        (150, FileSource.OFFICE, {"active": True, "term_until": (now + 700 * DAY).isoformat()}),
        (90, FileSource.SELF, {"email": "ouyang@example.cn", "employer": "演示省建筑科学研究院"}),
    ):
        by = admin.id if source is FileSource.OFFICE else account.id
        source_id = entered.id if source is FileSource.APPLICATION else None
        await change_file(deps, expert, FileChange(now - days * DAY, source, values, source_id, by))
    suspended = now - 96 * DAY
    await make_sanction(
        expert,
        state="lifted",
        starts_at=suspended,
        ends_at=suspended + 30 * DAY,
        decided_at=suspended,
        decided_by=admin.id,
        appeal_sealed=deps.keys.seal("当日在外地评标，有签到记录。", TEXT),
        appealed_at=suspended + DAY,
        answer="签到记录属实",
        answered_at=suspended + 2 * DAY,
        answered_by=admin.id,
        lifted_at=suspended + 2 * DAY,
        lifted_by=admin.id,
        lift_reason="签到记录属实",
    )
    organisation = await make_organisation(name="演示招标代理有限公司", credit_code=OTHER_CREDIT_CODE)
    panels = {}
    states = ("accepted", "declined", "silent", "left", "absent", "recused", "cancelled", "moved", "declared")
    for place, state in enumerate(states):
        starts_at = now - (40 + 30 * place) * DAY
        panels[state] = await _panel(deps, expert, organisation.id, admin.id, state, starts_at)
    await _paid(expert, panels["accepted"])
    await make_trained(deps, account, expert, title="继续教育合格证书", expert_id=expert.id)
    exam = await Exam.create(
        pool=expert.pool,
        name="2026年度培训考试",
        purpose="single",
        state="closed",
        opens_at=now - 9 * DAY,
        closes_at=now - 8 * DAY,
        created_at=now - 20 * DAY,
        published_at=now - 15 * DAY,
        closed_at=now - 8 * DAY,
    )
    await ExamCandidate.create(
        exam_id=exam.id,
        account_id=account.id,
        expert_id=expert.id,
        state="passed",
        called_at=now - 15 * DAY,
        concluded_at=now - 7 * DAY,
    )
    await _away(expert, now, now - 33 * DAY, starts_at=now - 30 * DAY, ends_at=now - 25 * DAY, reason="休假")
    weekly = {"weekdays": [3], "from_minute": 720, "to_minute": 1440}
    await _away(expert, now, now - 20 * DAY, starts_at=now - 20 * DAY, reason="上课", **weekly)
    await _away(expert, now, now - 15 * DAY, starts_at=now - 15 * DAY, reason="生病", cancelled_at=now - 12 * DAY)
    return Career(expert, account, panels, entered)


async def _panel(
    deps: Deps, expert: Expert, organisation_id: object, agent_id: object, state: str, starts_at: datetime
) -> Invitation:
    draw = await make_draw(
        await make_project(organisation_id, agent_id),
        starts_at=starts_at,
        state="ended",
        started_at=starts_at - DAY,
        finished_at=starts_at - DAY,
        ended_at=starts_at + timedelta(hours=8),
    )
    answered = {"answered_at": starts_at - timedelta(hours=20), "answered_by": _BY.get(state, "chat")}
    invitation = await make_invitation(draw, expert, state="left" if state in _LEFT else state, **answered)
    if state == "accepted":
        for direction, hours in (("in", -0.25), ("out", 6)):
            await Attendance.create(
                invitation_id=invitation.id,
                draw_id=draw.id,
                direction=direction,
                at=starts_at + timedelta(hours=hours),
                method="qr",
            )
    if state == "absent" or state in _LEFT:
        reason, source = _LEFT.get(state, ("电话无人接听", "manual"))
        await Absence.create(
            draw_id=draw.id,
            invitation_id=invitation.id,
            condition_id=invitation.condition_id,
            kind="leave" if state in _LEFT else "absence",
            reason=reason,
            source=source,
            registered_at=starts_at - timedelta(hours=20),
            handled_at=starts_at,
        )
    return invitation


async def _away(expert: Expert, now: datetime, created_at: datetime, **times: object) -> None:
    remind_at = None if "ends_at" in times else now + 30 * DAY
    await Unavailability.create(expert_id=expert.id, created_at=created_at, remind_at=remind_at, **times)


async def _paid(expert: Expert, invitation: Invitation) -> None:
    draw = await Draw.get(id=invitation.draw_id)
    await Remuneration.create(
        pool=expert.pool,
        draw_id=draw.id,
        invitation_id=invitation.id,
        expert_id=expert.id,
        state="paid",
        lines=[{"code": "by_hand", "amount": 120000, "words": "按约定"}],
        amount=120000,
        proposed_by_id=new_id(),
        proposed_at=draw.ends_at + timedelta(hours=1),
        paid_on=(draw.ends_at + 10 * DAY).date(),
        paid_way="银行转账",
    )
