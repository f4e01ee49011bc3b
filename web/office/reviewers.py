"""Assignments of reviewers (审核分工): by step, region and branch of specialties."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import ClassVar

import aiohttp.web as http

from domain.errors import AppError, InvalidInput
from services.catalogues import Node
from services.core.base import Actor
from services.reviews import AssignmentForm
from web.core.form_values import EMPTY, PAGE_SIZE, FormValues, last_page, redirect, uuid_of
from web.core.site import page_number
from web.office.base import OfficePart


class ReviewerPages(OfficePart):
    code = "reviewers"
    action = "review.assign"
    notes: ClassVar[Mapping[str, str]] = {
        "granted": "已授权，对方登录后即可审核。",
        "revoked": "已停用授权，立即生效。",
    }

    def add_routes(self) -> None:
        self.site.get("/office/reviewers", self.list)
        self.site.post("/office/reviewers", self.submit)

    async def list(self, request: http.Request) -> http.Response:
        return await self._list(await self.actor(request), request)

    async def _list(self, actor: Actor, request: http.Request, form: FormValues = EMPTY) -> http.Response:
        """``?step=`` filters, ``?ended=1`` shows revoked ones."""
        steps = [(step.code, step.name) for step in self.book(actor).review.steps]
        step = next((code for code, _ in steps if code == request.query.get("step")), "")
        ended, page = request.query.get("ended") == "1", page_number(request)
        found = await self.services.reviews.assignment_queries.page(
            actor, step=step, active=not ended, offset=(page - 1) * PAGE_SIZE, limit=PAGE_SIZE
        )
        return self.show(
            actor,
            "office/reviewers.html",
            request,
            error=form.error,
            f=form,
            found=found.items,
            total=found.total,
            page=page,
            last=last_page(found.total),
            step=step,
            ended=ended,
            steps=steps,
            places=await self.services.office.dashboard.places(actor),
            branches=await self._branches(actor),
            uncovered=await self.services.reviews.assignment_queries.open_places(actor),
        )

    async def submit(self, request: http.Request) -> http.Response:
        """``command`` grant, or revoke with an ``id``."""
        actor = await self.actor(request)
        fields = await self.fields(request, actor)
        try:
            if fields.get("command") == "grant":
                await self.services.reviews.assignments.grant(actor, _form(fields))
            elif fields.get("command") == "revoke":
                await self.services.reviews.assignments.revoke(actor, uuid_of(fields.get("id", ""), "这项授权"))
            else:
                raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")
        except AppError as error:
            return await self._list(actor, request, FormValues(fields, self.shown(error)))
        raise redirect("/office/reviewers", note="granted" if fields["command"] == "grant" else "revoked")

    async def _branches(self, actor: Actor) -> Sequence[Node]:
        """Classes of specialties and their direct children, where a step is per specialty."""
        if not any(step.per_specialty for step in self.book(actor).review.steps):
            return []
        found: list[Node] = []
        for top in await self.services.catalogues.children(actor.pool, "specialty"):
            found += [top, *await self.services.catalogues.children(actor.pool, "specialty", top.code)]
        return found


def _form(fields: dict[str, str]) -> AssignmentForm:
    names = AssignmentForm.__dataclass_fields__
    return AssignmentForm(**{name: fields.get(name, "").strip() for name in names})
