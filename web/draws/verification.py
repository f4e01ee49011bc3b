"""``/draws/applications``: the trading centre's queue, and one application with everything in it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Annotated
from uuid import UUID

from domain.draws.lifecycles import VerificationState
from domain.errors import Forbidden, NotFound
from services.applications import AttachmentView
from services.core.permissions import check, may
from services.draws import ApplicationRow, Purpose
from web.core.pages import Choice, Listed, Redirect, Visit, Wanted, Word, list_page, page
from web.core.typed_forms import Lines
from web.draws.base import DrawPages
from web.draws.facts import APPLICATION_KINDS, application_facts

STATES = tuple((state.value, state.label) for state in VerificationState)
_QUEUE = "/draws/applications"


@dataclass(frozen=True)
class _Opinion:
    opinion: Annotated[str, Lines(500)]


class VerificationPages(DrawPages):
    form_name = "verify"

    @list_page(
        _QUEUE,
        "draws/applications.html",
        state=Choice(tuple(dict(STATES)), VerificationState.SUBMITTED.value),
        q=Word(50),
    )
    async def queue(self, visit: Visit, wanted: Wanted) -> Listed:
        """``state``: open applications oldest first, decided ones newest first."""
        actor = visit.actor
        check(actor, "draw.verify")
        applications = await self.services.draws.verification_queries.search(
            actor, wanted["state"], wanted["q"], **wanted.window
        )
        values = {
            "width": "wide",
            "applications": applications.items,
            "states": STATES,
            "kinds": APPLICATION_KINDS,
            "search": wanted["q"],
            "terminals": [actor.scope] if actor.scope else self.services.deps.book(actor.pool).draw.terminals,
        }
        return Listed(applications, values)

    @page("/draws/{draw_id}/application", "draws/application.html")
    async def application(self, visit: Visit) -> Mapping[str, object]:
        """The application, for everyone who supervises the draw; the verifier decides here.

        ``id``: which application of the draw; by default the open one, else the newest.
        """
        actor, draw = visit.actor, await self.draw(visit)
        if actor.role == "venue":
            raise Forbidden("申请内容只供招标人、代理机构、核验人员和监督人查看。")
        chosen = "" if visit.fields else visit.request.query.get("id", "")
        applications = await self.services.draws.verification_queries.applications_of_draw(draw.id)
        waiting = next(
            (application for application in applications if application.state == VerificationState.SUBMITTED), None
        )
        shown = _get_application(applications, chosen) if chosen else waiting or next(iter(applications), None)
        purpose: Purpose = "release" if shown and shown.kind == "release" else "draw"
        attached = await self.services.draws.attachments.find(actor, draw.id, purpose)
        now = self.services.deps.now()
        return {
            "width": "middle",
            **await application_facts(self.services, actor, draw),
            "applications": applications,
            "shown": shown,
            "waiting": waiting if may(actor, "draw.verify") else None,
            "too_late": waiting is not None and waiting.kind != "release" and now >= draw.starts_at,
            "attached": attached if shown and attached and _was_submitted_with(attached, shown) else None,
            "typed": visit.fields,
        }

    @application.command(_Opinion, "approve", note="已通过核验，已通知代理机构。")
    async def approve(self, visit: Visit, form: _Opinion) -> Redirect:
        """The application that was read."""
        await self.services.draws.verification.approve(visit.actor, await self._read_id(visit), form.opinion)
        return Redirect(_QUEUE)

    @application.command(_Opinion, "refuse", note="已退回，代理机构会收到您的意见。")
    async def refuse(self, visit: Visit, form: _Opinion) -> Redirect:
        await self.services.draws.verification.refuse(visit.actor, await self._read_id(visit), form.opinion)
        return Redirect(_QUEUE)

    async def _read_id(self, visit: Visit) -> UUID:
        draw = await self.draw(visit)
        applications = await self.services.draws.verification_queries.applications_of_draw(draw.id)
        return _get_application(applications, visit.form.value("id")).id


def _get_application(applications: Sequence[ApplicationRow], wanted: str) -> ApplicationRow:
    """Raises NotFound for an application of another draw."""
    for application in applications:
        if str(application.id) == wanted:
            return application
    raise NotFound("找不到这份申请，请返回列表后刷新。")


def _was_submitted_with(attached: AttachmentView, application: ApplicationRow) -> bool:
    """Whether the stored file is the one that was submitted, not a later replacement."""
    return attached.ready_at is not None and attached.ready_at <= application.submitted_at
