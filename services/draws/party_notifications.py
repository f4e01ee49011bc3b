"""Notices about a draw to its agency, supervisors, venue and verifiers.

Totals and times only, never who was called, accepted or left: names are sealed until shortly before the panel begins.
Who announces a late arrival (晚到) is named by code alone, since the venue's desk waits for him.
"""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, Literal
from uuid import UUID

from domain.draws.places import ELSEWHERE, name_venue
from domain.rulebook.book import Rulebook
from models.attendance import Attendance
from models.draws import CallNotice, Draw
from services.core.base import Deps, rows
from services.draws.draw_notices import agency_notices, draw_params
from services.notifications import NoticeRequest, Notices, Recipient

Side = Literal["agency", "supervisor", "venue", "verifier"]
Event = Literal[
    "started",
    "supplement",
    "paused",
    "resumed",
    "stopped",
    "full",
    "short",
    "left",
    "missing",
    "gone",
    "recused",
    "kept",
    "recalling",
    "answered",
    "recalled",
    "moved",
    "postponed",
    "aborted",
    "own_commitment",
    "own_reveal",
    "round_late",
    "order_fixed",
    "unsealed",
    "sent_by_platform",
    "withdrawn",
    "corrected",
    "terminated",
    "dropped",
    "ended",
    "over",
    "owed",
    "unreplied",
    "release_asked",
    "release_approved",
    "release_verified",
    "release_refused",
    "release_due",
    "release_lapsed",
    "release_unused",
    "release_withdrawn",
    "released",
    "unreached",
    "late_announced",
    "late_withdrawn",
]


@dataclass(frozen=True)
class _Notification:
    """``what`` fits a field of a template message (20 characters) when it is filled.

    ``kind`` is the kind of notice; ``kinds``: other kinds for certain sides.
    """

    what: str
    to: tuple[Side, ...]
    kind: str = "draw_news"
    kinds: Mapping[Side, str] = field(default_factory=dict)

    def kind_for(self, side: Side) -> str:
        return self.kinds.get(side, self.kind)


_AT_THE_DOOR: Mapping[Side, str] = {"venue": "venue_news"}
"""Events for which the venue must prepare: by SMS, too, where it has no WeChat account."""
_ARRIVALS: Mapping[Side, str] = {"agency": "agency_news", **_AT_THE_DOOR}
"""Events for which the agency, too, may have to act before the panel begins."""
_NOTIFICATIONS: Mapping[Event, _Notification] = {
    "started": _Notification("抽取已启动", ("agency", "supervisor", "venue")),
    "supplement": _Notification("补抽已启动", ("agency", "supervisor", "venue")),
    "paused": _Notification("抽取已暂停", ("agency", "supervisor")),
    "resumed": _Notification("抽取继续进行", ("agency", "supervisor")),
    "stopped": _Notification("抽取已强制结束", ("agency", "supervisor", "venue", "verifier")),
    "full": _Notification("抽取完成，共{needed}人", ("supervisor", "venue"), kinds=_AT_THE_DOOR),
    "short": _Notification("专家不足，{agreed}/{needed}人", ("supervisor", "venue", "verifier"), kinds=_AT_THE_DOOR),
    "left": _Notification("专家{cause}，缺{missing}人", ("supervisor", "venue")),
    "missing": _Notification("专家{cause}，缺{missing}人", ("venue",)),
    "gone": _Notification("专家{cause}，缺{missing}人", ("agency", "supervisor", "venue")),
    "recused": _Notification("现场回避已确认，名额空出", ("supervisor", "venue"), kinds=_AT_THE_DOOR),
    "kept": _Notification("现场回避未确认，专家仍参评", ("supervisor", "venue"), kinds=_AT_THE_DOOR),
    "recalling": _Notification("开始通知原专家", ("supervisor", "venue")),
    "answered": _Notification("原专家均已答复，请提交确认结果", ("agency",), kind="agency_news"),
    "recalled": _Notification(
        "原专家{agreed}/{needed}人参评", ("agency", "supervisor", "venue", "verifier"), kinds=_AT_THE_DOOR
    ),
    "moved": _Notification("集合改到{gathering_short}", ("agency", "supervisor", "venue"), kinds=_AT_THE_DOOR),
    "postponed": _Notification("评标推迟到{starts}", ("supervisor", "venue", "verifier"), kind="evaluation_postponed"),
    "aborted": _Notification("{cause}，第{count}次共{most}次", ("agency", "supervisor", "verifier")),
    "own_commitment": _Notification("请在{until}前打开抽取页提交随机数", ("agency",), kind="agency_round"),
    "own_reveal": _Notification("请在{until}前打开抽取页公开随机数", ("agency",), kind="agency_round"),
    "round_late": _Notification(
        "{who}未{verb}随机数，请终止本轮", ("agency", "verifier"), kinds={"agency": "agency_round"}
    ),
    "order_fixed": _Notification("顺序已定，请在{until}前启动抽取", ("agency",), kind="agency_round"),
    "unsealed": _Notification("名单已解密", ("supervisor", "venue")),
    "sent_by_platform": _Notification("对接平台已提交审核", ("agency",), kind="agency_news"),
    "withdrawn": _Notification("申请已撤回，无需核验", ("verifier",)),
    "corrected": _Notification("核验后修改了语音通知", ("verifier",)),
    "terminated": _Notification("活动已终止", ("venue", "verifier"), kinds=_AT_THE_DOOR),
    "dropped": _Notification("活动已终止，无需核验", ("verifier",)),
    "release_asked": _Notification("已申请退选，等待核验", ("agency", "supervisor", "venue")),
    "release_approved": _Notification("退选核验通过，请启动退选", ("agency",), kind="agency_news"),
    "release_verified": _Notification("退选核验通过，等待启动", ("supervisor", "venue")),
    "release_refused": _Notification(
        "退选申请未通过核验", ("agency", "supervisor", "venue"), kinds={"agency": "agency_news"}
    ),
    "release_due": _Notification("请于{until}前启动退选", ("agency",), kind="agency_news"),
    "release_lapsed": _Notification("退选已逾期，请联系核验人员终止", ("agency",), kind="agency_news"),
    "release_unused": _Notification("退选逾期未启动，活动照常进行", ("supervisor", "venue", "verifier")),
    "release_withdrawn": _Notification("退选申请已撤回", ("agency", "supervisor", "venue", "verifier")),
    "released": _Notification("活动已退选", ("agency", "supervisor", "venue", "verifier"), kinds=_AT_THE_DOOR),
    "unreached": _Notification("有专家未接退选电话，请人工确认", ("agency",), kind="agency_news"),
    "late_announced": _Notification(
        "专家{code}晚{minutes}分约{at}到", ("agency", "supervisor", "venue"), kinds=_ARRIVALS
    ),
    "late_withdrawn": _Notification("专家{code}将按时到", ("agency", "supervisor", "venue"), kinds=_ARRIVALS),
    "ended": _Notification("活动已结束", ("agency", "supervisor"), kind="draw_ended"),
    "over": _Notification("活动已结束", ("venue",), kind="draw_ended"),
    "owed": _Notification("活动已结束，请提出专家酬劳", ("venue",), kinds=_AT_THE_DOOR),
    "unreplied": _Notification("专家酬劳异议待答复", ("venue",)),
}
"""``missing`` is ``left`` where the supervisors already know that it was registered; ``dropped`` is ``terminated``
before its venue was notified of it; ``recused`` and ``kept`` settle a recusal that supervisors were asked to confirm
and the venue may have registered; ``gone`` is ``left`` in a recall, whose places can't be filled again, and
``recalled`` its final confirmation when a member of the original panel doesn't come; ``release_verified`` and
``release_unused`` are ``release_approved`` and ``release_lapsed`` for recipients who can't begin the release.

By which other kinds the agency, supervisors and verifiers are notified: ``agency_…``, ``supervisor_discard``,
``commitment_wanted``, ``reveal_wanted``, ``draw_terminated``, ``verification_waiting``, ``supervisors_changed``,
``supervisor_removed``.
"""
_OFFICES = """
SELECT 'supervisor' AS side, s.id AS key, a.id AS account_id, s.phone_sealed, s.mobile_hash FROM draw_supervisor s
  LEFT JOIN account a ON a.pool = $2 AND a.mobile_hash = s.mobile_hash
 WHERE s.draw_id = $1 AND 'supervisor' = ANY($3::text[])
UNION ALL
SELECT DISTINCT g.role, a.id, a.id, '', '' FROM role_grant g JOIN account a ON a.id = g.account_id
 WHERE a.pool = $2 AND a.disabled_at IS NULL AND g.revoked_at IS NULL AND g.role = ANY($3::text[])
   AND (g.role = 'verifier' AND g.scope IN ('', $4) OR g.role = 'venue' AND g.scope = ANY($5::text[]))
ORDER BY side, key
"""


Params = Mapping[str, str | int]
_NOTHING: Params = {}


@dataclass(frozen=True)
class PartyNotifications:
    deps: Deps
    notices: Notices

    async def notify(
        self, draw: Draw, event: Event, facts: Params = _NOTHING, *, by: UUID | None = None, occasion: str = ""
    ) -> None:
        """In the transaction of the event. Notifies each recipient once, except ``by``, who caused it.

        ``occasion`` distinguishes events that can happen to a draw twice; by default the length of its log.
        """
        notification = _NOTIFICATIONS[event]
        once = f"{event}:{occasion or draw.log_length}"
        event_params = {**facts, "what": notification.what.format_map(facts)}
        params = {**draw_params(draw), **event_params}
        requests = (
            await agency_notices(draw, notification.kind_for("agency"), once, **event_params)
            if "agency" in notification.to
            else []
        )
        requests = [request for request in requests if request.to.account_id != by]
        known = {by, *(request.to.account_id for request in requests)} - {None}
        for row in await self._find_offices(draw, notification.to):
            if row["account_id"] is None or row["account_id"] not in known:
                known.add(row["account_id"])
                requests.append(self._notice_request(draw, notification.kind_for(row["side"]), once, params, row))
        await self.notices.notify_each(draw.pool, requests)

    async def notify_ended(self, draw: Draw, *, by: UUID | None = None) -> None:
        """The draw is over; its venue is asked to propose the experts' remuneration."""
        await self.notify(draw, "ended", by=by, occasion="once")
        came = await Attendance.exists(draw_id=draw.id, direction="in")
        await self.notify(draw, "owed" if came else "over", by=None if came else by, occasion="once")

    async def supervisors_of(self, draw: Draw) -> list[Any]:
        """A draw's supervisors, for a later comparison."""
        return await self._find_offices(draw, ("supervisor",))

    async def notify_supervisors_changed(
        self, draw: Draw, before: Sequence[Any], *, by: UUID | None, occasion: str
    ) -> None:
        """To new, former and remaining supervisors, and to the verifiers; ``before``: result of ``supervisors_of``."""
        now = await self._find_offices(draw, ("supervisor", "verifier"))
        earlier, later = ({row["mobile_hash"] for row in people} - {""} for people in (before, now))
        if earlier == later:
            return
        params, known, requests = draw_params(draw), {by}, list[NoticeRequest]()
        for row in (*(person for person in before if person["mobile_hash"] not in later), *now):
            if row["account_id"] is None or row["account_id"] not in known:
                known.add(row["account_id"])
                kind, what = _supervision_notice(row, earlier, later)
                requests.append(self._notice_request(draw, kind, occasion, {**params, "what": what}, row))
        await self.notices.notify_each(draw.pool, requests)

    def _notice_request(
        self, draw: Draw, kind: str, once: str, params: Mapping[str, str | int], row: Any
    ) -> NoticeRequest:
        mobile = self.deps.keys.open_text(row["phone_sealed"], "mobile") if row["phone_sealed"] else None
        key = f"{kind}:{draw.number}:{once}:{row['key'].hex}"
        return NoticeRequest(kind, Recipient(key, params, account_id=row["account_id"], mobile=mobile))

    async def _find_offices(self, draw: Draw, sides: tuple[Side, ...]) -> list[Any]:
        """Supervisors of the draw, with or without an account; staff of its venue and of its terminal."""
        venues = await self._find_venue_scopes(draw) if "venue" in sides else []
        return await rows(_OFFICES, draw.id, draw.pool, list(sides), draw.terminal, venues)

    async def _find_venue_scopes(self, draw: Draw) -> list[str]:
        named = await CallNotice.filter(draw_id=draw.id).values_list("venue", flat=True)
        return _venue_scopes(self.deps.book(draw.pool), {str(name) for name in named} - {"", ELSEWHERE})


def _supervision_notice(row: Any, earlier: Collection[str], later: Collection[str]) -> tuple[str, str]:
    """Kind and words for a person notified that supervisors changed from ``earlier`` to ``later``."""
    if row["side"] == "supervisor" and row["mobile_hash"] not in later:
        return "supervisor_removed", "您不再担任监督人"
    came = row["side"] == "supervisor" and row["mobile_hash"] not in earlier
    return "supervisors_changed", "请您担任监督人" if came else "监督人已更换"


def _venue_scopes(book: Rulebook, venues: set[str]) -> list[str]:
    """The places for which a venue's staff may have been granted their role; none for a bare address."""
    known = [venue for venue in map(book.find_venue, venues) if venue is not None]
    scopes = {scope for venue in known for scope in (venue.code, *venue.names)}
    return sorted({"", *venues, *scopes}) if venues else []


def venue_urging_text(venue: str, address: str, contact: str, phone: str) -> str:
    """Who urges while arrivals are sealed for the agency."""
    return f"解密前请由评标场地催促（{name_venue(venue) or address}，{contact} {phone}）"
