"""The agents (经办人) of legal entities, for pages and API."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal
from uuid import UUID

from pydantic import Field

from domain.errors import Forbidden
from domain.masking import mask_mobile, mask_name
from models.accounts import Account
from models.organisations import AgentLink, Organisation
from services.core.base import Actor, Deps
from services.core.permissions import check

LinkState = Literal["waiting", "active", "expired", "future", "revoked", "declined"]
PausedBy = Literal["", "entity", "person"]


@dataclass(frozen=True)
class Agent:
    """A person linked to an organisation. ``waiting``: not accepted yet; ``declined``: refused, or given up."""

    link_id: UUID
    organisation_id: UUID
    organisation_name: str
    masked_name: Annotated[str, Field(examples=["王**"])]
    masked_mobile: Annotated[str, Field(examples=["138****1234"])]
    valid_from: datetime
    valid_until: datetime
    state: LinkState
    paused_by: Annotated[
        PausedBy, Field(description="Whose real-name level at the identity platform is too low for it; empty: nobody's")
    ]


@dataclass(frozen=True)
class AgentQueries:
    deps: Deps

    async def list_agents(self, actor: Actor) -> list[Agent]:
        """The organisation's agents, newest link first."""
        check(actor, "organisation.link_agent")
        organisation = await Organisation.get(id=organisation_of(actor), pool=actor.pool)
        links = (
            await AgentLink.filter(organisation_id=organisation.id)
            .order_by("-created_at", "-id")
            .prefetch_related("account")
        )
        return await self._view_links([(link, organisation, link.account) for link in links], self.deps.now())

    async def list_own_links(self, actor: Actor) -> list[Agent]:
        """Organisations that ask, or asked, the person to act for them; newest first."""
        links = AgentLink.filter(account_id=actor.account_id).order_by("-created_at", "-id")
        links_with_organisations = await links.prefetch_related("account", "organisation") if actor.account_id else []
        return await self._view_links(
            [(link, link.organisation, link.account) for link in links_with_organisations], self.deps.now()
        )

    async def count_unanswered_links(self, actor: Actor) -> int:
        """Number of organisations that wait for the person's answer."""
        if actor.account_id is None:
            return 0
        open_links = AgentLink.filter(account_id=actor.account_id, accepted_at=None, revoked_at=None, declined_at=None)
        return await open_links.filter(valid_until__gt=self.deps.now()).count()

    async def has_weak_identity(self, actor: Actor) -> bool:
        """Whether the person's assurance level was too low at the newest log-in by the identity platform."""
        return await Account.exists(id=actor.account_id, weak_identity_at__isnull=False)

    async def view_link(self, link: AgentLink, organisation: Organisation, account: Account, now: datetime) -> Agent:
        return (await self._view_links([(link, organisation, account)], now))[0]

    async def _view_links(self, links: Sequence[tuple[AgentLink, Organisation, Account]], now: datetime) -> list[Agent]:
        weak_ids = await weak_accounts({organisation.legal_account_id for _, organisation, _ in links})
        return [
            Agent(
                link.id,
                organisation.id,
                organisation.name,
                mask_name(account.real_name),
                mask_mobile(self.deps.keys.read(account.mobile_sealed, "mobile")),
                link.valid_from,
                link.valid_until,
                state_of(link, now),
                _paused_by(organisation, account, weak_ids),
            )
            for link, organisation, account in links
        ]


async def weak_accounts(accounts: Collection[UUID | None]) -> set[UUID]:
    """Accounts whose assurance level was too low at the newest log-in by the identity platform."""
    account_ids = [account_id for account_id in accounts if account_id is not None]
    weak_ids = await Account.filter(id__in=account_ids, weak_identity_at__isnull=False).values_list("id", flat=True)
    return {UUID(str(account_id)) for account_id in weak_ids}


def _paused_by(organisation: Organisation, account: Account, weak_ids: Collection[UUID]) -> PausedBy:
    """Why the role is withheld, as by ``services/accounts/roles.py``."""
    if organisation.legal_account_id in weak_ids:
        return "entity"
    return "person" if account.weak_identity_at is not None else ""


def state_of(link: AgentLink, now: datetime) -> LinkState:
    if link.revoked_at is not None:
        return "revoked"
    if link.declined_at is not None:
        return "declined"
    if link.valid_until <= now:
        return "expired"
    if link.accepted_at is None:
        return "waiting"
    return "active" if link.valid_from <= now else "future"


def organisation_of(actor: Actor) -> UUID:
    if actor.organisation_id is None:
        raise Forbidden("请先选择要代表的企业。", code="organisation_not_chosen")
    return actor.organisation_id
