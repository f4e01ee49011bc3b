"""Consents to WeChat's messages (订阅消息). Decides which templates to ask for and when, and records the choices.

A template is of one of two kinds, set by the installation. A consent of the one-time kind (一次性订阅) permits one
message, at any later time; one of the long-term kind (长期订阅) holds until it is withdrawn.

WeChat permits the mini-program to ask only directly after a tap or a payment, for three templates at most, of different
titles and of one kind. So a page gets the useful templates beforehand, and reports the person's choices. A person who
always accepts sees no question; after a refusal the person isn't asked for a while.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal

from pydantic import Field

from domain.errors import InvalidInput
from domain.rulebook.notice_texts import OPENABLE
from models.accounts import Session, WechatIdentity
from services.core.base import Actor, Deps, transaction
from services.core.permissions import AGENCY, APPLICANT, EXPERT, REVIEWER, SUPERVISOR, VENUE, VERIFIER
from services.notifications.consent_records import (
    Answer,
    ConsentState,
    apply_answer,
    count_left,
    end_consent,
    state_of,
    was_refused_recently,
)
from services.ports import AccountSubscriptions, SubscribeTemplate, SubscribeTemplates

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

MOST = 3
_STORED = ("subscribe_credits", "subscribe_refusals", "subscribe_accepts")


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
            "exam_decided",
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
            "agency_round",
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
    left: Annotated[int, Field(description="Messages still allowed; of the long-term kind 1 or 0")]
    long_term: Annotated[bool, Field(description="Never to be asked for together with one of the other kind")]
    ask: bool


@dataclass(frozen=True)
class OwnConsent:
    """A template of the person's role, for the page on which reminders are switched on."""

    template_id: str
    title: Annotated[str, Field(examples=["申请进度通知"])]
    long_term: bool
    left: int
    state: Annotated[ConsentState, Field(description="`ended`: withdrawn in WeChat, or refused by it")]


@dataclass(frozen=True)
class Consents:
    deps: Deps
    template_of: SubscribeTemplates
    account_template_of: AccountSubscriptions

    async def list_requestable(self, actor: Actor, occasion: Occasion) -> tuple[RequestableConsent, ...]:
        """Templates to ask for at the taps of an occasion, most needed first; at most ``MOST``, all of one kind.

        Leaves out kinds that the official account delivers first. Empty for other roles, and for a log-in without
        WeChat account.
        """
        identity = await self._identity(actor)
        if identity is None or actor.role not in OCCASIONS[occasion].roles:
            return ()
        in_chat = await WechatIdentity.exists(account_id=actor.account_id, app="oa", following=True, blocked=False)
        needed: dict[SubscribeTemplate, int] = {}
        titles: dict[SubscribeTemplate, str] = {}
        for kind, template, title in self._templates(actor.pool, OCCASIONS[occasion].kinds):
            spare = in_chat and self._chat_is_enough(actor.pool, kind)
            needed[template] = needed.get(template, 0) + (0 if spare else _SEVERAL.get(kind, 1))
            titles.setdefault(template, title)
        now, requestable = self.deps.now(), list[RequestableConsent]()
        requested: list[RequestableConsent] = []
        for template, title in titles.items():
            left = count_left(identity, template)
            enough = min(needed[template], 1) if template.long_term else needed[template]
            ask = left < enough and not was_refused_recently(identity, template, now) and len(requested) < MOST
            # of equal titles WeChat shows only the first, and it refuses a question for both kinds
            ask = ask and all(title != r.title and template.long_term == r.long_term for r in requested)
            requestable.append(RequestableConsent(template.id, title, left, template.long_term, ask))
            requested += requestable[-1:] if ask else []
        return tuple(requestable)

    async def list_own(self, actor: Actor) -> tuple[OwnConsent, ...]:
        """All templates of the person's role, most needed first; empty for a log-in without WeChat account."""
        identity = await self._identity(actor)
        if identity is None:
            return ()
        kinds = [kind for rule in OCCASIONS.values() if actor.role in rule.roles for kind in rule.kinds]
        titles: dict[SubscribeTemplate, str] = {}
        for _, template, title in self._templates(actor.pool, kinds):
            titles.setdefault(template, title)
        return tuple(_own_consent(identity, template, title) for template, title in titles.items())

    async def list_of_account(self, actor: Actor) -> tuple[OwnConsent, ...]:
        """Subscription notices of the official account that the person may get; empty where it sends none, and for a
        person who isn't bound."""
        subscriptions = {kind: self.account_template_of(actor.pool, kind) for kind in self._kinds(actor.pool)}
        wanted = {kind: template for kind, template in subscriptions.items() if template and _receives(actor, kind)}
        own = WechatIdentity.filter(account_id=actor.account_id, app="oa", following=True).order_by("-bound_at")
        identity = await own.first() if wanted and actor.account_id else None
        if identity is None:
            return ()
        texts, titles = self.deps.book(actor.pool).texts, dict[SubscribeTemplate, str]()
        for kind, template in wanted.items():
            card = texts[kind].wechat
            titles.setdefault(template, card.title if card else kind)
        return tuple(_own_consent(identity, template, title) for template, title in titles.items())

    async def save_answers(self, actor: Actor, answers: Mapping[str, Answer]) -> None:
        """Record the person's choices. Raises InvalidInput for a template that is none of the pool's."""
        templates = {template.id: template for _, template, _ in self._templates(actor.pool, self._kinds(actor.pool))}
        if not answers.keys() <= templates.keys():
            raise InvalidInput("没有这个订阅消息模板，请更新小程序后重试。", code="template_unknown", field="answers")
        own_identity = await self._identity(actor)
        if own_identity is None:
            return
        now = self.deps.now()
        async with transaction():
            identity = await WechatIdentity.select_for_update().get_or_none(id=own_identity.id)
            if identity is not None:
                for template_id, answer in answers.items():
                    apply_answer(identity, templates[template_id], answer, now)
                await identity.save(update_fields=_STORED)

    async def take_events(
        self, appid: str, openid: str, consents: Sequence[tuple[str, bool]], *, withdrawn: bool, sent_at: datetime
    ) -> None:
        """Consents reported by WeChat, as (template id, accepted). Unknown openids and templates are ignored.

        ``withdrawn``: switched off in WeChat's settings, which also removes earlier consents. An event older than what
        is known changes nothing; ``sent_at`` counts at most as the present.
        """
        if not consents:
            return
        at = min(sent_at, self.deps.now())
        async with transaction():
            identity = await WechatIdentity.select_for_update().get_or_none(appid=appid, openid=openid)
            if identity is None:
                return
            templates = self._templates_of(identity)
            for template, accepted in ((templates[name], yes) for name, yes in consents if name in templates):
                if withdrawn and not accepted:
                    end_consent(identity, template, at)
                else:
                    apply_answer(identity, template, "accept" if accepted else "reject", at)
            await identity.save(update_fields=_STORED)

    def _templates_of(self, identity: WechatIdentity) -> dict[str, SubscribeTemplate]:
        """Templates of the identity's app, by id."""
        pool = identity.pool
        if identity.app == "mini":
            return {template.id: template for _, template, _ in self._templates(pool, self._kinds(pool))}
        subscriptions = (self.account_template_of(pool, kind) for kind in self._kinds(pool))
        return {template.id: template for template in subscriptions if template is not None}

    async def _identity(self, actor: Actor) -> WechatIdentity | None:
        session = await Session.get_or_none(id=actor.session_id) if actor.session_id else None
        if session is None or session.identity_id is None:
            return None
        return await WechatIdentity.get_or_none(id=session.identity_id, app="mini")

    def _kinds(self, pool: str) -> Sequence[str]:
        return list(self.deps.book(pool).ladder)

    def _chat_is_enough(self, pool: str, kind: str) -> bool:
        """Whether a person whom the official account reaches no longer gets this kind over the mini-program."""
        ladder = self.deps.book(pool).ladder[kind]
        channels = [step.channel for step in ladder.steps]
        return ladder.until == "delivered" and "wechat" in channels[: channels.index("mini")]

    def _templates(self, pool: str, kinds: Sequence[str]) -> Iterator[tuple[str, SubscribeTemplate, str]]:
        """Kind, template and title of notices that this pool sends over the mini-program."""
        book = self.deps.book(pool)
        for kind in kinds:
            card = book.texts[kind].subscribe
            if card is not None and any(step.channel == "mini" for step in book.ladder[kind].steps):
                yield kind, self.template_of(pool, kind), card.title


def _own_consent(identity: WechatIdentity, template: SubscribeTemplate, title: str) -> OwnConsent:
    left = count_left(identity, template)
    return OwnConsent(template.id, title, template.long_term, left, state_of(identity, template))


def _receives(actor: Actor, kind: str) -> bool:
    """Whether a kind is sent to the actor's role; kinds of no certain role are sent to everybody."""
    roles = {role for rule in OCCASIONS.values() if kind in rule.kinds for role in rule.roles}
    roles |= EXPERT if kind in OPENABLE else set()
    return not roles or actor.role in roles
