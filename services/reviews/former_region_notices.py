"""Notifies the reviewers of the region that an expert applies to leave, where the rulebook tells them."""

from __future__ import annotations

from domain.forms.display import show_region
from models.applications import Application
from services.catalogue_codes import load_codes
from services.core.base import Deps, rows
from services.notifications import Notices, Recipient
from services.reviews.scope import PREFIX
from services.reviews.steps import former_region, task_region

_REVIEWERS = f"""
SELECT DISTINCT a.account_id FROM (
  SELECT a.account_id, {PREFIX} AS prefix FROM review_assignment a JOIN account c ON c.id = a.account_id
   WHERE a.pool = $1 AND a.step = $2 AND a.revoked_at IS NULL AND c.disabled_at IS NULL OFFSET 0) a
 WHERE starts_with($3, a.prefix) AND NOT starts_with($4, a.prefix) AND a.account_id <> $5
 ORDER BY a.account_id
"""
"""Reviewers of the step in the region ``$3``, but not in ``$4``, whose tasks show it anyway."""


async def notify_former_region(deps: Deps, notices: Notices, application: Application) -> None:
    """Inside the caller's transaction. A corrected application is no news unless it goes elsewhere."""
    book = deps.book(application.pool)
    former, step = await former_region(application, book), book.review.steps[0]
    if not former:
        return
    codes = await load_codes(book, [application.moves_from, application.region])
    old, new = show_region(application.moves_from, codes), show_region(application.region, codes)
    to = task_region(step, application, book)
    reviewers = await rows(_REVIEWERS, application.pool, step.code, former, to, application.account_id)
    params = {"number": application.number, "what": f"{application.name}由{old}变更到{new}"}
    recipients = [
        Recipient(
            f"review_moved:{application.number}:{application.region}:{row['account_id']}",
            params,
            account_id=row["account_id"],
        )
        for row in reviewers
    ]
    await notices.notify_many(pool=application.pool, kind="review_moved", recipients=recipients, bulk=False)
