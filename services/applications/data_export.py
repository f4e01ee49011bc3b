"""A person's applications: complete export for that person, and deletion with the account."""

from __future__ import annotations

from datetime import datetime
from typing import Any
from uuid import UUID

from domain.applications.office_acts import ActKind
from models.applications import Application, ApplicationAct, ApplicationSection, Attachment, PrintedForm
from models.campaigns import EmployerRequest
from models.helpdesk import FeedbackMessage
from models.payments import Fee
from models.reviews import Objection, ReviewEntry
from services.applications.documents import print_key
from services.applications.office_acts import act_text
from services.applications.repository import read_values
from services.core.base import Deps
from services.core.crypto import TEXT
from services.files import schedule_removal


async def collect(deps: Deps, account_id: UUID) -> dict[str, list[dict[str, Any]]]:
    """Applications with their values in clear, and all other data and debts of the person; rows by noun.

    Files are listed by name; the person downloads each separately. Of the office's notes only the times are told: what
    they say is for those who decide.
    """
    employer_requests = EmployerRequest.filter(account_id=account_id).order_by("created_at")
    feedback = FeedbackMessage.filter(feedback__account_id=account_id).order_by("at", "id")
    objected = Objection.filter(account_id=account_id).order_by("created_at")
    fees = Fee.filter(account_id=account_id).order_by("created_at")
    applied = Application.filter(account_id=account_id).order_by("created_at")
    return {
        "applications": [await _application(deps, application) for application in await applied],
        "fees": await fees.values("expert_number", "amount", "state", "opens_at", "closes_at", "paid_at"),
        "objections": [
            _with_text(deps, row)
            for row in await objected.values("text_sealed", "state", "answer", "created_at", "decided_at")
        ],
        "feedback": [
            {
                "number": message.feedback.number,
                "subject": message.feedback.subject,
                "state": message.feedback.state,
                "by": "office" if message.office_id else "person",
                "text": message.text or deps.keys.read(message.text_sealed, TEXT),
                "at": message.at,
            }
            for message in await feedback.prefetch_related("feedback")
        ],
        "employer_requests": await employer_requests.values(
            "name", "credit_code", "note", "state", "answer", "created_at"
        ),
    }


def _with_text(deps: Deps, row: dict[str, Any]) -> dict[str, Any]:
    return {"text": deps.keys.read(row.pop("text_sealed"), TEXT), **row}


async def _application(deps: Deps, application: Application) -> dict[str, Any]:
    files = Attachment.filter(application_id=application.id, state="ready").order_by("field", "row", "ready_at")
    log = ReviewEntry.filter(application_id=application.id).order_by("at", "id")
    acts = await ApplicationAct.filter(application_id=application.id).order_by("begun_at", "id")
    return {
        "number": application.number,
        "entry_type": application.entry_type,
        "state": application.state,
        "created_at": application.created_at.isoformat(),
        "values": await read_values(deps, application.id),
        "files": await files.values_list("filename", flat=True),
        "log": [
            {**line, "at": line["at"].isoformat()}
            for line in await log.values("at", "event", "who", "step_name", "specialty", "opinion")
        ],
        "messages": [
            {"at": act.begun_at.isoformat(), "text": act_text(deps, act)} for act in acts if act.kind == ActKind.MESSAGE
        ],
        "office_notes": [{"at": act.begun_at.isoformat()} for act in acts if act.kind == ActKind.NOTE],
    }


async def erase_unsent(account_id: UUID, now: datetime) -> None:
    """Delete applications that were cancelled before submission; inside the caller's transaction.

    The next sweep deletes files and prints; a file reused in a submitted application stays with that one. Submitted
    applications are archives of the authority.
    """
    unsent = await Application.filter(account_id=account_id, ended_at__not_isnull=True, submitted_at=None)
    ids = [application.id for application in unsent]
    await ApplicationSection.filter(application_id__in=ids).delete()
    await ApplicationAct.filter(application_id__in=ids).delete()
    await Attachment.filter(application_id__in=ids).exclude(state="removed").update(state="removed", removed_at=now)
    for row in await PrintedForm.filter(application_id__in=ids).prefetch_related("application"):
        await schedule_removal(print_key(row.application.pool, row), now)
        await row.delete()
    await Application.filter(id__in=ids).update(name="", name_sort="")
