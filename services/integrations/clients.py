"""Clients of the integrators' API (对接系统): issued by the office, accepted and ended by the organisation."""

from __future__ import annotations

import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.exceptions import IntegrityError

from domain.errors import Conflict, InvalidInput, NotFound
from domain.faults import Faults
from domain.integrations import (
    SCOPES,
    SECRET_OVERLAP,
    check_webhook_url,
    new_signing_secret,
    read_networks,
)
from models.accounts import Account
from models.integrations import IntegrationClient, IntegrationSecret
from models.organisations import Organisation
from services.accounts import check_mobile, find_role, notify_role_changed
from services.core.base import Actor, Deps, execute, record, transaction
from services.core.permissions import check
from services.core.short_texts import check_no_link, check_text
from services.integrations.event_rows import EVENT_TTL, GIVE_UP_CLIENT, TEST_EVENT
from services.notifications import Notices
from services.organisations import check_credit_code
from services.ports.webhooks import WebhookSender

SIGNING = "webhook"
"""Purpose of the encryption of signing secrets."""


@dataclass(frozen=True)
class ClientForm:
    """What the office enters. ``networks``: addresses with blanks, commas or lines between them."""

    name: str
    credit_code: str
    mobile: str
    projects: bool
    draws: bool
    results: bool
    networks: str
    webhook_url: str

    @property
    def scopes(self) -> list[str]:
        return [scope for scope in SCOPES if getattr(self, scope)]


@dataclass(frozen=True)
class ClientChange:
    """What can change later: neither whose client it is, nor who answers for it."""

    projects: bool
    draws: bool
    results: bool
    networks: str
    webhook_url: str

    @property
    def scopes(self) -> list[str]:
        return [scope for scope in SCOPES if getattr(self, scope)]


@dataclass(frozen=True)
class NewSecrets:
    """Shown once. ``signing``: empty for a client without an address for events, and where it did not change."""

    client_id: UUID
    secret: str = ""
    signing: str = ""


@dataclass(frozen=True)
class IntegrationClients:
    deps: Deps
    webhooks: WebhookSender

    # ---- the office

    async def issue(self, actor: Actor, form: ClientForm) -> NewSecrets:
        """A client with its first secret. It does nothing until the organisation accepts it.

        Raises InvalidInput with all faults, Conflict for a name that the organisation has already.
        """
        check(actor, "integration.manage")
        faults, now = Faults(), self.deps.now()
        name = faults.check(check_text, form.name, "name", "系统名称", 60, required=True)
        faults.check(check_no_link, name or "", "name", "系统名称")
        code = faults.check(check_credit_code, form.credit_code, "credit_code")
        mobile = faults.check(check_mobile, form.mobile)
        networks, url = self._check_change(form, faults)
        organisation = await Organisation.get_or_none(pool=actor.pool, credit_code=code) if code else None
        if code and organisation is None:
            message = "没有找到这个单位，请先由该单位登录一次。"
            faults.add(InvalidInput(message, code="unknown_organisation", field="credit_code"))
        agent = await self._find_agent(actor.pool, organisation, mobile, now) if organisation and mobile else None
        if organisation and mobile and agent is None:
            message = "这个手机号不是该单位现任的经办人或法人，请核对。"
            faults.add(InvalidInput(message, code="not_an_agent", field="mobile"))
        faults.raise_any()
        client = IntegrationClient(
            pool=actor.pool,
            name=name,
            scopes=form.scopes,
            networks=networks,
            webhook_url=url,
            webhook_secret_sealed="",
            former_secret_sealed="",
            created_by_id=actor.account_id,
            created_at=now,
            organisation=organisation,
            agent=agent,
        )
        async with transaction():
            signing = self._new_signing(client, now) if url else ""
            try:
                async with transaction():
                    await client.save(force_create=True)
            except IntegrityError as error:
                message = "该单位已有同名的对接系统，请换一个名称。"
                raise Conflict(message, code="client_name_taken") from error
            secret = await self._add_secret(client, now)
            await self._record(actor, now, "issued", client, name=client.name)
            await self._ask_for_consent(client, now)
        return NewSecrets(client.id, secret, signing)

    async def change(self, actor: Actor, client_id: UUID, form: ClientChange) -> NewSecrets:
        """Change scopes and addresses; ``signing`` is set if this is the first address for events.

        The organisation must accept a wider scope again. Raises InvalidInput, NotFound, Conflict for an ended client.
        """
        check(actor, "integration.manage")
        faults, now = Faults(), self.deps.now()
        networks, url = self._check_change(form, faults)
        faults.raise_any()
        async with transaction():
            client = await self._lock(actor, client_id)
            if set(form.scopes) - set(client.scopes):
                client.accepted_at = None
                await self._ask_for_consent(client, now)
            client.scopes, client.networks, client.webhook_url = form.scopes, networks, url
            signing = self._new_signing(client, now) if url and not client.webhook_secret_sealed else ""
            await client.save()
            if not url:
                await execute(GIVE_UP_CLIENT, client.id)
            await self._record(actor, now, "changed", client, scopes=client.scopes, networks=networks)
        return NewSecrets(client.id, signing=signing)

    async def rotate_secret(self, actor: Actor, client_id: UUID) -> NewSecrets:
        """A further secret; the former one remains valid for ``SECRET_OVERLAP``, older ones end at once."""
        check(actor, "integration.manage")
        now = self.deps.now()
        async with transaction():
            client = await self._lock(actor, client_id)
            valid = IntegrationSecret.filter(client_id=client_id)
            secrets_of_client = [row for row in await valid.order_by("-created_at", "-id") if is_valid(row, now)]
            for place, row in enumerate(secrets_of_client):
                until = now + SECRET_OVERLAP if place == 0 else now
                row.ends_at = min(row.ends_at or until, until)
                await row.save(update_fields=["ends_at"])
            secret = await self._add_secret(client, now)
            await self._record(actor, now, "rotated", client)
        return NewSecrets(client.id, secret)

    async def rotate_signing(self, actor: Actor, client_id: UUID) -> NewSecrets:
        """Another signing secret; events are signed with both for ``SECRET_OVERLAP``."""
        check(actor, "integration.manage")
        now = self.deps.now()
        async with transaction():
            client = await self._lock(actor, client_id)
            if not client.webhook_url:
                raise Conflict("没有填写接收事件的网址，请先填写。", code="no_webhook")
            signing = self._new_signing(client, now)
            await client.save()
            await self._record(actor, now, "signing_rotated", client)
        return NewSecrets(client.id, signing=signing)

    async def end_former_secret(self, actor: Actor, client_id: UUID) -> None:
        """End the secret before the present one at once: it may have been lost."""
        check(actor, "integration.manage")
        now = self.deps.now()
        async with transaction():
            client = await self._lock(actor, client_id)
            for row in await IntegrationSecret.filter(client_id=client_id, ends_at__gt=now):
                row.ends_at = now
                await row.save(update_fields=["ends_at"])
            await self._record(actor, now, "former_ended", client)

    async def send_test(self, actor: Actor, client_id: UUID) -> None:
        """Post a test event. Raises Conflict where events are not posted."""
        check(actor, "integration.manage")
        async with transaction():
            client = await self._lock(actor, client_id)
            if not client.webhook_url or client.accepted_at is None:
                raise Conflict("先填写接收事件的网址，并由对接单位确认后再试。", code="no_webhook")
            await execute(TEST_EVENT, client_id)

    async def repeat_given_up(self, actor: Actor, client_id: UUID) -> None:
        """Post the events again that were given up."""
        check(actor, "integration.manage")
        async with transaction():
            client = await self._lock(actor, client_id)
            await execute(
                "UPDATE integration_event SET next_at = clock_timestamp(), attempts = 0 WHERE client_id = $1 "
                "AND delivered_at IS NULL AND next_at IS NULL AND happened_at > clock_timestamp() - $2::interval",
                client_id,
                EVENT_TTL,
            )
            await self._record(actor, self.deps.now(), "events_repeated", client)

    # ---- the organisation

    async def accept(self, actor: Actor, client_id: UUID) -> None:
        """By the responsible agent or the legal entity: from now on the client works. A repetition is harmless."""
        check(actor, "integration.own")
        async with transaction():
            client = await self._lock(actor, client_id)
            if client.accepted_at is None:
                now = self.deps.now()
                client.accepted_at = now
                await client.save(update_fields=["accepted_at"])
                await self._record(actor, now, "accepted", client)

    async def _ask_for_consent(self, client: IntegrationClient, now: datetime) -> None:
        organisation = await Organisation.get(id=client.organisation_id)
        await Notices(self.deps).notify(
            pool=client.pool,
            kind="platform_asked",
            dedupe_key=f"platform_asked:{client.id}:{now.timestamp():.6f}",
            params={"platform": client.name, "organisation": organisation.name},
            account_id=client.agent_id,
        )

    # ---- both

    async def revoke(self, actor: Actor, client_id: UUID) -> None:
        """End a client at once and for good, with its tokens, secrets and events."""
        check(actor, "integration.own" if actor.organisation_id else "integration.manage")
        async with transaction():
            client, now = await self._lock(actor, client_id), self.deps.now()
            client.revoked_at = now
            await client.save(update_fields=["revoked_at"])
            await execute(GIVE_UP_CLIENT, client_id)
            await self._record(actor, now, "revoked", client)
            if actor.account_id != client.agent_id:
                await notify_role_changed(self.deps, client.pool, client.agent_id, "代您办理的对接系统已停用")

    async def _lock(self, actor: Actor, client_id: UUID) -> IntegrationClient:
        """Of the pool for the office; of the own organisation for its legal entity, his own for an agent."""
        clients = IntegrationClient.select_for_update().filter(id=client_id, pool=actor.pool)
        if actor.organisation_id is not None:
            clients = clients.filter(organisation_id=actor.organisation_id)
        if actor.role == "agent":
            clients = clients.filter(agent_id=actor.account_id)
        client = await clients.first()
        if client is None:
            raise NotFound("找不到这个对接系统，请刷新列表。")
        if client.revoked_at is not None:
            raise Conflict("这个对接系统已停用；需要再用的，请另行签发。", code="client_revoked")
        return client

    def _check_change(self, form: ClientForm | ClientChange, faults: Faults) -> tuple[list[str], str]:
        if not form.scopes:
            faults.add(InvalidInput("请至少勾选一项权限。", code="missing", field="scopes"))
        networks = faults.check(read_networks, form.networks)
        url = faults.check(check_webhook_url, form.webhook_url) or ""
        if url and (refusal := self.webhooks.refuse(url)):
            faults.add(InvalidInput(refusal, code="bad_url", field="webhook_url"))
        return networks or [], url

    async def _find_agent(self, pool: str, organisation: Organisation, mobile: str, now: datetime) -> Account | None:
        """The organisation's agent or legal entity with this mobile, if it may act now."""
        account = await Account.get_or_none(pool=pool, mobile_hash=self.deps.keys.lookup_hash("mobile", mobile))
        if account is None or account.disabled_at is not None:
            return None
        for role in ("agent", "organisation"):
            if await find_role(account.id, role, now, organisation_id=organisation.id):
                return account
        return None

    async def _add_secret(self, client: IntegrationClient, now: datetime) -> str:
        secret = f"pbts_{secrets.token_urlsafe(32)}"
        await IntegrationSecret.create(
            client_id=client.id,
            secret_hash=hash_secret(self.deps, secret),
            ending=secret[-4:],
            created_at=now,
        )
        return secret

    def _new_signing(self, client: IntegrationClient, now: datetime) -> str:
        signing = new_signing_secret(os.urandom(32))
        client.former_secret_sealed, client.secret_changed_at = client.webhook_secret_sealed, now
        client.webhook_secret_sealed = self.deps.keys.seal(signing, SIGNING)
        return signing

    async def _record(
        self, actor: Actor, now: datetime, what: str, client: IntegrationClient, **details: str | list[str]
    ) -> None:
        await record(actor, now, f"integration.{what}", "integration_client", client.id, **details)


def hash_secret(deps: Deps, secret: str) -> str:
    return deps.keys.lookup_hash("integration_secret", secret)


def is_valid(secret: IntegrationSecret, now: datetime) -> bool:
    return secret.ends_at is None or secret.ends_at > now


def signing_secrets(deps: Deps, client: IntegrationClient, now: datetime) -> list[str]:
    """The present signing secret, and the one before it while it signs, too."""
    recent = client.secret_changed_at is not None and now < client.secret_changed_at + SECRET_OVERLAP
    sealed = [client.webhook_secret_sealed, *([client.former_secret_sealed] if recent else [])]
    return [deps.keys.open_text(part, SIGNING) for part in sealed if part]
