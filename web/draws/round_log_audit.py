"""``/desk/{draw}/round``, ``/log``, ``/release`` and ``/audit``: a supervisor's actions on and views of a draw."""

from __future__ import annotations

import re
from dataclasses import asdict

import aiohttp.web as http

from domain.errors import AppError, InvalidInput
from domain.notifications.lifecycles import ContactAttemptState
from services.core.base import Actor
from services.core.permissions import check, may
from services.draws import OPERATIONS_MAX, AuditReport, DrawView, RoundView
from web.core.site import ON_PAGE
from web.draws.base import DrawPageBase
from web.draws.facts import CALLED_SOON

_SUPERVISOR = "supervisor"
_ON_PAGE = ON_PAGE | {404}
_LEAF = re.compile(r"[0-9a-f]{64}")
CHANNELS = {"voice": "语音", "wechat": "微信", "mini": "小程序", "sms": "短信"}
STATES = {one.value: one.label for one in ContactAttemptState}
VERDICTS = {"holds": ("good", "属实"), "wrong": ("bad", "不符"), "unknown": ("warn", "无法复核")}


class RoundLogAuditPages(DrawPageBase):
    def add_routes(self) -> None:
        self._site.get("/desk/{draw_id}/round", self.round)
        self._site.post("/desk/{draw_id}/round", self.take_part)
        self._site.get("/desk/{draw_id}/log", self.log)
        self._site.get("/desk/{draw_id}/release", self.release)
        self._site.get("/desk/{draw_id}/audit", self.audit)
        self._site.post("/desk/{draw_id}/audit", self.look_into)

    # ---- fixing the order

    async def round(self, request: http.Request) -> http.Response:
        """The newest round, for the script of the draw's page."""
        actor, draw = await self._find(request)
        check(actor, "draw.commit_supervisor")
        return round_response(await self._services.draws.rounds.view(actor, draw.id, _SUPERVISOR))

    async def take_part(self, request: http.Request) -> http.Response:
        """The browser's ``commitment``, or its ``value``."""
        actor, draw = await self._find(request)
        check(actor, "draw.commit_supervisor")
        rounds = self._services.draws.rounds
        try:
            fields = await self._fields(request, actor, "round", draw.id)
            if "value" in fields:
                return round_response(await rounds.reveal(actor, draw.id, _SUPERVISOR, fields["value"]))
            return round_response(await rounds.commit(actor, draw.id, _SUPERVISOR, fields.get("commitment", "")))
        except AppError as error:
            return http.json_response({"detail": error.message}, status=error.status)

    # ---- records

    async def log(self, request: http.Request) -> http.Response:
        """Log of operations, and delivery statistics for experts: counts only."""
        actor, draw = await self._find(request)
        return self._show(
            actor,
            "draws/log.html",
            width="middle",
            draw=draw,
            operations=await self._services.draws.queries.operations(actor, draw.id),
            most=OPERATIONS_MAX,
            delivery_stats=await self._services.draws.results.delivery_stats(actor, draw.id),
            kinds=self._titles(draw.pool),
            channels=CHANNELS,
            states=STATES,
        )

    def _titles(self, pool: str) -> dict[str, str]:
        """Titles of the kinds of notice."""
        texts = self._services.deps.book(pool).texts
        return {kind: text.wechat.title for kind, text in texts.items() if text.wechat is not None}

    async def release(self, request: http.Request) -> http.Response:
        """Which experts of a released panel know of the release."""
        actor, draw = await self._find(request)
        return self._show(
            actor,
            "draws/release.html",
            width="middle",
            draw=draw,
            release=await self._services.draws.release_queries.view(actor, draw.id),
            soon=self._services.deps.now() + CALLED_SOON,
        )

    async def audit(self, request: http.Request) -> http.Response:
        actor, draw = await self._find(request)
        check(actor, "draw.audit")
        return self._audit_page(actor, draw)

    def _audit_page(
        self,
        actor: Actor,
        draw: DrawView,
        *,
        report: AuditReport | None = None,
        opened: tuple[str, str] | None = None,
        error: AppError | None = None,
        leaf: str = "",
    ) -> http.Response:
        return self._show(
            actor,
            "draws/audit.html",
            width="middle",
            status=error.status if error else 200,
            draw=draw,
            report=report,
            verdicts=VERDICTS,
            opened=opened,
            leaf=leaf,
            may_open=may(actor, "draw.open_leaf"),
            error=error.message if error else "",
            form=self._token(actor, "audit", draw.id),
        )

    async def look_into(self, request: http.Request) -> http.Response:
        """``command`` audit: judges all reasons again; or open: the expert of a ``leaf``. Each is logged."""
        actor, draw = await self._find(request)
        check(actor, "draw.audit")
        fields = await self._fields(request, actor, "audit", draw.id)
        leaf = fields.get("leaf", "").strip().lower()[:64]
        try:
            if fields.get("command") == "open":
                if not _LEAF.fullmatch(leaf):
                    raise InvalidInput("请输入抽取记录中的64位编号。", code="bad_leaf", field="leaf")
                opened = await self._services.draws.public_records.open_leaf(actor, draw.id, leaf)
                return self._audit_page(actor, draw, opened=opened, leaf=leaf)
            return self._audit_page(actor, draw, report=await self._services.draws.audits.run(actor, draw.id))
        except AppError as error:
            if error.status not in _ON_PAGE:
                raise
            return self._audit_page(actor, draw, error=error, leaf=leaf)


def round_response(view: RoundView | None) -> http.Response:
    """A round as JSON for the page's script."""
    if view is None:
        return http.json_response({"round": None})
    facts = asdict(view)
    times = {name: facts[name].isoformat() if facts[name] else None for name in ("reveal_until", "start_by")}
    return http.json_response({"round": facts | times})
