"""Consents to the mini-program's messages (一次性订阅消息): each acceptance of a template permits one message of it, at
any later time. Decides which templates to ask for and when, and records the choices.

WeChat permits the mini-program to ask only directly after a tap or a payment, for three templates at most, of different
titles. So a page gets the useful templates beforehand, and reports the person's choices. A person who always accepts
sees no question; after a refusal the person isn't asked for a while.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import Annotated, Literal

from pydantic import Field

from domain.errors import InvalidInput
from models.accounts import Session, WechatIdentity
from services.core.base import Actor, Deps, transaction
from services.core.permissions import AGENCY, APPLICANT, EXPERT, REVIEWER, SUPERVISOR, VENUE, VERIFIER
from services.ports import SubscribeTemplates

Occasion = Literal[
    "applying",
    "paying",
    "learning",
    "invitation",
    "submission",
    "drawing",
    "supervising",
    "verifying",
    "at_the_door",
    "reviewing",
]
Answer = Literal["accept", "acceptWithAudio", "acceptWithAlert", "reject", "ban", "filter"]

MOST = 3
_MOST_LEFT = 50
_PAUSE_AFTER: Mapping[str, timedelta] = {"reject": timedelta(days=7), "ban": timedelta(days=30)}
"""How long a template is not asked for after a refusal, or after it was switched off in WeChat."""


@dataclass(frozen=True)
class _OccasionRule:
    """Who is asked on an occasion, and for which kinds of notice, most needed first."""

    roles: frozenset[str]
    kinds: tuple[str, ...]


OCCASIONS: Mapping[Occasion, _OccasionRule] = {
    "applying": _OccasionRule(
        APPLICANT,
        (
            "application_sent_back",
            "fee_open",
            "application_progress",
            "application_exam",
            "exam_called",
            "exam_reminder",
            "application_entered",
            "application_refused",
            "application_ended",
            "employer_answered",
            "objection_answered",
            "campaign_changed",
            "application_extended",
            "application_reinstated",
            "application_message",
        ),
    ),
    "paying": _OccasionRule(
        APPLICANT, ("fee_paid", "invoice_sent", "fee_refunded", "fee_redirected", "invoice_reversed")
    ),
    "learning": _OccasionRule(
        APPLICANT,
        (
            "exam_called",
            "exam_reminder",
            "course_called",
            "course_opened",
            "course_reminder",
            "exam_changed",
            "exam_place",
            "exam_cancelled",
            "exam_passed",
            "exam_failed",
            "exam_again",
            "course_make_up",
            "course_changed",
            "course_cancelled",
            "course_finished",
            "course_unfinished",
            "appeal_answered",
            "evidence_answered",
        ),
    ),
    "invitation": _OccasionRule(
        EXPERT,
        (
            "check_in_reminder",
            "gathering_changed",
            "draw_cancelled",
            "remuneration_proposed",
            "remuneration_paid",
            "contact_question",
        ),
    ),
    "submission": _OccasionRule(AGENCY, ("agency_verified", "agency_refused", "agency_full")),
    "drawing": _OccasionRule(
        AGENCY,
        (
            "agency_full",
            "agency_short",
            "agency_leave",
            "agency_late",
            "agency_unsealed",
            "agency_agreed",
            "agency_checked_in",
            "agency_news",
            "agency_kept",
            "draw_terminated",
            "agency_remuneration",
            "draw_news",
            "draw_ended",
        ),
    ),
    "supervising": _OccasionRule(
        SUPERVISOR,
        (
            "commitment_wanted",
            "reveal_wanted",
            "recusal_waiting",
            "supervisor_discard",
            "draw_news",
            "supervisors_changed",
            "evaluation_postponed",
            "draw_terminated",
            "supervisor_removed",
            "draw_ended",
        ),
    ),
    "verifying": _OccasionRule(
        VERIFIER,
        (
            "verification_waiting",
            "recusal_waiting",
            "draw_news",
            "evaluation_postponed",
            "supervisors_changed",
            "remuneration_disputed",
        ),
    ),
    "at_the_door": _OccasionRule(
        VENUE, ("venue_news", "remuneration_disputed", "evaluation_postponed", "draw_news", "draw_ended")
    ),
    "reviewing": _OccasionRule(REVIEWER, ("review_waiting",)),
}
_SEVERAL: Mapping[str, int] = {
    "application_progress": 3,
    "agency_agreed": 3,
    "agency_checked_in": 3,
    "draw_news": 3,
    "venue_news": 3,
    "verification_waiting": 3,
}
"""Kinds of which one matter brings several notices; for others one consent in stock is enough."""


@dataclass(frozen=True)
class RequestableConsent:
    """`ask`: show the question. Other templates may be asked for without it if the person always accepts."""

    template_id: str
    title: Annotated[str, Field(examples=["申请进度通知"])]
    left: Annotated[int, Field(description="Messages still allowed")]
    ask: bool


@dataclass(frozen=True)
class Consents:
    deps: Deps
    template_of: SubscribeTemplates

    async def list_requestable(self, actor: Actor, occasion: Occasion) -> tuple[RequestableConsent, ...]:
        """Templates to ask for at the taps of an occasion, most needed first; at most ``MOST``.

        Leaves out kinds that the official account delivers first. Empty for other roles, and for a log-in without
        WeChat account.
        """
        identity = await self._identity(actor)
        if identity is None or actor.role not in OCCASIONS[occasion].roles:
            return ()
        in_chat = await WechatIdentity.exists(account_id=actor.account_id, app="oa", following=True, blocked=False)
        needed: dict[str, int] = {}
        titles: dict[str, str] = {}
        for kind, template, title in self._templates(actor.pool, OCCASIONS[occasion].kinds):
            spare = in_chat and self._chat_is_enough(actor.pool, kind)
            needed[template] = needed.get(template, 0) + (0 if spare else _SEVERAL.get(kind, 1))
            titles.setdefault(template, title)
        now, requestable = self.deps.now(), list[RequestableConsent]()
        requested_titles: set[str] = set()
        for template, title in titles.items():
            left = int(identity.subscribe_credits.get(template, 0))
            ask = left < needed[template] and not _was_refused_recently(identity, template, now)
            # of equal titles WeChat shows only the first
            ask = ask and title not in requested_titles and len(requested_titles) < MOST
            requested_titles |= {title} if ask else set()
            requestable.append(RequestableConsent(template, title, left, ask))
        return tuple(requestable)

    async def save_answers(self, actor: Actor, answers: Mapping[str, Answer]) -> None:
        """Record the person's choices. Raises InvalidInput for a template that is none of the pool's."""
        known = {template for _, template, _ in self._templates(actor.pool, self.deps.book(actor.pool).ladder)}
        if not answers.keys() <= known:
            raise InvalidInput("没有这个订阅消息模板，请更新小程序后重试。", code="template_unknown", field="answers")
        own_identity = await self._identity(actor)
        if own_identity is None:
            return
        now = self.deps.now()
        async with transaction():
            identity = await WechatIdentity.select_for_update().get_or_none(id=own_identity.id)
            if identity is not None:
                _apply_answers(identity, answers, now)
                await identity.save(update_fields=["subscribe_credits", "subscribe_refusals"])

    async def _identity(self, actor: Actor) -> WechatIdentity | None:
        session = await Session.get_or_none(id=actor.session_id) if actor.session_id else None
        if session is None or session.identity_id is None:
            return None
        return await WechatIdentity.get_or_none(id=session.identity_id, app="mini")

    def _chat_is_enough(self, pool: str, kind: str) -> bool:
        """Whether a person whom the official account reaches no longer gets this kind over the mini-program."""
        ladder = self.deps.book(pool).ladder[kind]
        channels = [step.channel for step in ladder.steps]
        return ladder.until == "delivered" and "wechat" in channels[: channels.index("mini")]

    def _templates(self, pool: str, kinds: Sequence[str] | Mapping[str, object]) -> Iterator[tuple[str, str, str]]:
        """Kind, template and title of notices that this pool sends over the mini-program."""
        book = self.deps.book(pool)
        for kind in kinds:
            card = book.texts[kind].subscribe
            if card is not None and any(step.channel == "mini" for step in book.ladder[kind].steps):
                yield kind, self.template_of(pool, kind), card.title


def _was_refused_recently(identity: WechatIdentity, template: str, now: datetime) -> bool:
    refusal = identity.subscribe_refusals.get(template)
    return refusal is not None and now < datetime.fromisoformat(refusal["at"]) + _PAUSE_AFTER[refusal["how"]]


def _apply_answers(identity: WechatIdentity, answers: Mapping[str, Answer], now: datetime) -> None:
    """A refusal doesn't remove earlier consents; only switching off in WeChat's settings does."""
    left, refused = dict(identity.subscribe_credits), dict(identity.subscribe_refusals)
    for template, answer in answers.items():
        if answer.startswith("accept"):
            left[template] = min(left.get(template, 0) + 1, _MOST_LEFT)
            refused.pop(template, None)
        elif answer in _PAUSE_AFTER:
            refused[template] = {"at": now.isoformat(), "how": answer}
    identity.subscribe_credits, identity.subscribe_refusals = left, refused


async def apply_consent_events(
    appid: str, openid: str, consents: Sequence[tuple[str, bool]], *, withdrawn: bool, now: datetime
) -> None:
    """Consents reported by WeChat, as (template id, accepted). Unknown openids are ignored.

    ``withdrawn``: switched off in WeChat's settings, which also removes earlier consents.
    """
    if not consents:
        return
    async with transaction():
        identity = await WechatIdentity.select_for_update().get_or_none(appid=appid, openid=openid)
        if identity is None:
            return
        _apply_answers(identity, {template: "accept" if yes else "reject" for template, yes in consents}, now)
        if withdrawn:
            gone = {template: 0 for template, yes in consents if not yes}
            identity.subscribe_credits = {**identity.subscribe_credits, **gone}
        await identity.save(update_fields=["subscribe_credits", "subscribe_refusals"])
