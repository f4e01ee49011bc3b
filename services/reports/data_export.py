"""What a person has reported under the own name in the chat, and answered, for the export of own data."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any
from uuid import UUID

from models.invitations import Invitation
from models.reports import ContactAnswer, Report
from services.core.base import Deps
from services.core.crypto import REPORT
from services.reports.forms import ReportContent
from services.reports.hashes import asked_hash, reporter_hash


async def collect_reports(deps: Deps, account_id: UUID) -> Sequence[dict[str, Any]]:
    """Reports handed in in the chat; those of the page belong to no account."""
    keys, own = deps.keys, Report.filter(reporter_hash=reporter_hash(deps.keys, account_id)).order_by("received_at")
    collected = []
    for report in await own:
        content = ReportContent.decode(keys.open_text(report.content_sealed, REPORT))
        collected.append(
            {
                "number": report.number,
                "received_at": report.received_at,
                "state": report.state,
                "occasion": content.occasion.value,
                "text": content.text,
                "draw": content.draw,
                "happened": content.happened,
                "closed_at": report.closed_at,
                "outcome": keys.read(report.outcome_sealed, REPORT),
            }
        )
    return collected


async def collect_contact_answers(deps: Deps, account_id: UUID) -> Sequence[dict[str, Any]]:
    """Answers to the question after an evaluation."""
    invitations = await Invitation.filter(expert__account_id=account_id, state="accepted").order_by("gathering_at")
    gatherings = {asked_hash(deps.keys, row.id): row.gathering_at for row in invitations}
    answers = await ContactAnswer.filter(asked_hash__in=list(gatherings))
    return sorted(
        (
            {
                "gathering_at": gatherings[answer.asked_hash],
                "answer": deps.keys.open_text(answer.answer_sealed, REPORT),
            }
            for answer in answers
        ),
        key=lambda row: row["gathering_at"],
    )
