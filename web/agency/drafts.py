"""``/agency/drafts/{kind}/{id}``: what was typed into a form before its first save, kept for any other device."""

from __future__ import annotations

from collections.abc import Mapping

import aiohttp.web as http

from domain.errors import NotFound
from web.agency.base import AgencyPart, draft_name, generation_of
from web.office.base import redirect, uuid_of

PAGES: Mapping[str, str] = {
    "project": "/agency/projects/new",
    "basic": "/agency/draws/new?project={id}",
    "notice": "/agency/draws/{id}/notices/new",
    "condition": "/agency/draws/{id}/conditions/new",
    "submit": "/agency/draws/{id}/submit",
}
"""The form of each kind; ``id`` is what it belongs to: organisation, project or draw."""
_LEFT_OUT = frozenset(
    ("form", "key", "command", "quiet", "file", "version", "last", "operator_id_number", "supervisor_q", "earlier_q")
)


class DraftPages(AgencyPart):
    here = "home"

    def add_routes(self) -> None:
        self.site.post("/agency/drafts/{kind}/{id}", self.keep)

    async def keep(self, request: http.Request) -> http.Response:
        """``command`` forget empties the form; all else keeps it. ``quiet``: the page's script, which stays there."""
        actor, kind = await self.actor(request), request.match_info["kind"]
        if kind not in PAGES:
            raise NotFound("没有这个表单，请返回工作台。", code="unknown")
        subject_id = uuid_of(request.match_info["id"], "这个表单")
        fields = await self.fields(request, actor)
        drafts, name = self.services.accounts.form_drafts, draft_name(kind, subject_id)
        if fields.get("command") == "forget":
            await drafts.forget(actor, name, generation=generation_of(fields))
        else:
            typed = {key: fields[key] for key in fields if key not in _LEFT_OUT}
            await drafts.keep(actor, name, typed, generation=generation_of(fields))
        if fields.get("quiet"):
            return http.Response(status=204)
        path, _, query = PAGES[kind].format(id=subject_id).partition("?project=")
        raise redirect(path, project=query, note="" if fields.get("command") == "forget" else "kept")
