"""``/desk/{draw}/round``, ``/log``, ``/release`` and ``/audit``: a supervisor's actions on and views of a draw."""

from __future__ import annotations

import re
from collections.abc import Mapping
from dataclasses import asdict, dataclass

import aiohttp.web as http

from domain.errors import AppError, InvalidInput
from domain.notifications.lifecycles import ContactAttemptState
from services.core.permissions import check, may
from services.draws import OPERATIONS_MAX, RoundView
from web.core.pages import Visit, page, resource
from web.core.site import ON_PAGE
from web.draws.base import DeskPages
from web.draws.facts import CALLED_SOON

_SUPERVISOR = "supervisor"
_LEAF = re.compile(r"[0-9a-f]{64}")
CHANNELS = {"voice": "语音", "wechat": "微信", "mini": "小程序", "sms": "短信"}
STATES = {state.value: state.label for state in ContactAttemptState}
VERDICTS = {"holds": ("good", "属实"), "wrong": ("bad", "不符"), "unknown": ("warn", "无法复核")}


class RoundPages(DeskPages):
    form_name = "round"

    def add_routes(self) -> None:
        super().add_routes()
        self.site.post("/desk/{draw_id}/round", self.take_part)

    @resource("/desk/{draw_id}/round")
    async def round(self, visit: Visit) -> http.Response:
        """The newest round, for the script of the draw's page."""
        draw = await self.draw(visit)
        check(visit.actor, "draw.commit_supervisor")
        return round_response(await self.services.draws.rounds.view(visit.actor, draw.id, _SUPERVISOR))

    async def take_part(self, request: http.Request) -> http.Response:
        """The browser's ``commitment``, or its ``value``. A refusal is JSON, too."""
        actor = await self.actor(request)
        draw = await self.draw(Visit(actor, request))
        check(actor, "draw.commit_supervisor")
        rounds = self.services.draws.rounds
        try:
            fields = await self.fields(request, actor)
            if "value" in fields:
                return round_response(await rounds.reveal(actor, draw.id, _SUPERVISOR, fields["value"]))
            return round_response(await rounds.commit(actor, draw.id, _SUPERVISOR, fields.get("commitment", "")))
        except AppError as error:
            return http.json_response({"detail": error.message}, status=error.status)


@dataclass(frozen=True)
class _Leaf:
    leaf: str

    @property
    def clean(self) -> str:
        return self.leaf.strip().lower()[:64]


class DrawRecordPages(DeskPages):
    """Log, release and audit of a draw."""

    form_name = "audit"
    on_page = ON_PAGE | {404}

    @page("/desk/{draw_id}/log", "draws/log.html")
    async def log(self, visit: Visit) -> Mapping[str, object]:
        """Log of operations, and delivery statistics for experts: counts only."""
        draw = await self.draw(visit)
        return {
            "width": "middle",
            "draw": draw,
            "operations": await self.services.draws.queries.operations(visit.actor, draw.id),
            "most": OPERATIONS_MAX,
            "delivery_stats": await self.services.draws.results.delivery_stats(visit.actor, draw.id),
            "kinds": self._titles(draw.pool),
            "channels": CHANNELS,
            "states": STATES,
        }

    def _titles(self, pool: str) -> dict[str, str]:
        """Titles of the kinds of notice."""
        texts = self.services.deps.book(pool).texts
        return {kind: text.wechat.title for kind, text in texts.items() if text.wechat is not None}

    @page("/desk/{draw_id}/release", "draws/release.html")
    async def release(self, visit: Visit) -> Mapping[str, object]:
        """Which experts of a released panel know of the release."""
        draw = await self.draw(visit)
        release = await self.services.draws.release_queries.view(visit.actor, draw.id)
        soon = self.services.deps.now() + CALLED_SOON
        return {"width": "middle", "draw": draw, "release": release, "soon": soon}

    @page("/desk/{draw_id}/audit", "draws/audit.html")
    async def audit(self, visit: Visit) -> Mapping[str, object]:
        draw = await self.draw(visit)
        check(visit.actor, "draw.audit")
        return {
            "width": "middle",
            "draw": draw,
            "report": None,
            "verdicts": VERDICTS,
            "opened": None,
            "leaf": _Leaf(visit.form.value("leaf")).clean,
            "may_open": may(visit.actor, "draw.open_leaf"),
        }

    @audit.command(name="audit")
    async def judge_again(self, visit: Visit) -> Mapping[str, object]:
        """Judge all reasons again, which is logged."""
        draw = await self.draw(visit)
        check(visit.actor, "draw.audit")
        return {"report": await self.services.draws.audits.run(visit.actor, draw.id)}

    @audit.command(_Leaf, "open")
    async def open_leaf(self, visit: Visit, form: _Leaf) -> Mapping[str, object]:
        """Show the expert of a leaf, which is logged."""
        draw = await self.draw(visit)
        check(visit.actor, "draw.audit")
        if not _LEAF.fullmatch(form.clean):
            raise InvalidInput("请输入抽取记录中的64位编号。", code="bad_leaf", field="leaf")
        return {"opened": await self.services.draws.public_records.open_leaf(visit.actor, draw.id, form.clean)}


def round_response(view: RoundView | None) -> http.Response:
    """A round as JSON for the page's script."""
    if view is None:
        return http.json_response({"round": None})
    facts = asdict(view)
    times = {name: facts[name].isoformat() if facts[name] else None for name in ("reveal_until", "start_by")}
    return http.json_response({"round": facts | times})
