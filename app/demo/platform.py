"""The demonstration's trading platform: its access to the integrators' API, whose other side is the sandbox."""

from __future__ import annotations

from urllib.parse import urlsplit

from app.demo.data import POOL
from app.players.people import AGENCY_CODE, CAST
from app.sandbox_platform import DEMO_PLATFORM
from config.settings import Settings
from domain.integrations import SCOPES
from models.accounts import Account
from models.integrations import IntegrationClient, IntegrationSecret
from models.organisations import Organisation
from services.core.base import Deps, transaction
from services.integrations import SIGNING, hash_secret


async def load_platform(deps: Deps, settings: Settings) -> None:
    """Let the platform work for the cast's agency, unless it does. Its events go to the sandbox, which stands at the
    address of WeChat's API."""
    demo = DEMO_PLATFORM
    if await IntegrationClient.exists(id=demo.client_id):
        return
    agent = next(person for person in CAST if person.role == "agency")
    account = await Account.get(pool=POOL, mobile_hash=deps.keys.lookup_hash("mobile", agent.mobile))
    organisation = await Organisation.get(pool=POOL, credit_code=AGENCY_CODE)
    sandbox, now = urlsplit(settings.wechat.api_url), deps.now()
    async with transaction():
        await IntegrationClient.create(
            id=demo.client_id,
            pool=POOL,
            name="演示交易平台",
            scopes=list(SCOPES),
            networks=list(demo.networks),
            webhook_url=f"{sandbox.scheme}://{sandbox.netloc}/platform/events",
            webhook_secret_sealed=deps.keys.seal(demo.signing_secret, SIGNING),
            former_secret_sealed="",
            created_by_id=account.id,
            created_at=now,
            accepted_at=now,
            organisation_id=organisation.id,
            agent_id=account.id,
        )
        await IntegrationSecret.create(
            client_id=demo.client_id,
            secret_hash=hash_secret(deps, demo.secret),
            ending=demo.secret[-4:],
            created_at=now,
        )
