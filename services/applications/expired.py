"""Applications whose campaign window has closed: finding them, and carrying them into the next campaign."""

from __future__ import annotations

from datetime import datetime

from domain.applications.lifecycles import IN_HAND, ApplicationEvent, ApplicationState
from domain.errors import Conflict
from domain.rulebook.book import Rulebook
from models.applications import Application
from models.campaigns import Campaign
from services.applications.campaign_windows import review_end, submission_end
from services.applications.open_tasks import cancel_open_tasks
from services.applications.repository import lock, log, move
from services.core.base import Actor, record

APPLICANT = "申请人"
_S, _E = ApplicationState, ApplicationEvent


async def ended_since(application: Application, book: Rulebook, now: datetime) -> datetime | None:
    """Since when an application can't continue in its campaign, since it can't be submitted or decided any more.

    None: it still can, or review is finished.
    """
    if application.state not in (*IN_HAND, _S.REVIEWING):
        return None
    campaign = await Campaign.get(id=application.campaign_id) if application.campaign_id else None
    end_of = review_end if application.state == _S.REVIEWING else submission_end
    end = end_of(campaign, application, book)
    return end if end is not None and end <= now else None


async def carry_forward(
    actor: Actor, left: Application, entry_type: str, campaign: Campaign | None, now: datetime
) -> Application:
    """Make room for an application in a campaign that is open now; inside the caller's transaction.

    An application that was never submitted moves there unchanged, to be printed again; any other that waits for the
    applicant ends. The returned row's state shows which. Raises Conflict for one still under review.
    """
    application = await lock(left.id)
    state = _S(application.state)
    if state not in IN_HAND:
        raise Conflict(
            "您上一次的申请没有在审核期内办结。请先在“申请进度”中放弃它，再重新申请。",
            code="application_left_over",
            params={"application_id": str(application.id)},
        )
    if state in (_S.DRAFT, _S.LOCKED) and application.entry_type == entry_type:
        await _carry_over(actor, application, campaign, now)
        return application
    await move(application, _E.CANCEL, now)
    await cancel_open_tasks(application, now)
    await log(application, now, _E.CANCEL.value, APPLICANT, opinion="未在期限内提交，已另行申请。")
    await record(actor, now, "application.cancel", "application", application.id, left_over=True)
    return application


async def _carry_over(actor: Actor, application: Application, campaign: Campaign | None, now: datetime) -> None:
    if application.state == _S.LOCKED:
        application.locked_version = None
        await move(application, _E.UNLOCK, now)
        await log(application, now, _E.UNLOCK.value, APPLICANT, opinion="转入新的征集，请核对后重新打印。")
    application.campaign_id = campaign.id if campaign else None
    application.version += 1
    await application.save(update_fields=["campaign_id", "locked_version", "version"])
    await record(
        actor, now, "application.carry_over", "application", application.id, campaign=str(application.campaign_id)
    )
