"""API tokens for our own pages: the browser's session gets a token while the page is open.

The token is derived, not stored, so that two pages of one browser share it; the API finds the session by its hash.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from domain.errors import Forbidden, Unauthenticated
from models.accounts import Session
from services.accounts.tokens import hash_token
from services.core.base import Actor, Deps, transaction

_TAG = b"pbt-page-token-v1\0"
_TOKEN_TTL = timedelta(minutes=30)
_RENEWED = timedelta(minutes=10)
"""A token that ends sooner than this is replaced by the next."""
_OWN = ("", "applicant", "expert")
"""The person's own roles; an applicant's session survives the entry that makes him an expert."""


@dataclass(frozen=True)
class PageToken:
    """A bearer token; ``until`` is when the page must ask for the next one."""

    token: str
    until: datetime


async def issue_page_token(deps: Deps, person: Actor) -> PageToken:
    """A token that acts as ``person``: an applicant or expert whose session has no other chosen role.

    Raises Forbidden for a session in a staff role, in whose name the token would act.
    """
    now = deps.now()
    async with transaction():
        session = await Session.select_for_update().get_or_none(id=person.session_id, revoked_at=None)
        if session is None or session.refresh_until <= now:
            raise Unauthenticated("登录已过期，请重新登录。", code="session_expired")
        if session.role not in _OWN:
            raise Forbidden("您正以其他身份登录，请先切换为申请人或专家身份。", code="other_role")
        until = session.access_until.replace(microsecond=0)
        if session.access_hash != hash_token(_derive(deps, session.id, until)) or until <= now + _RENEWED:
            until = min(now + _TOKEN_TTL, session.refresh_until).replace(microsecond=0)
        session.access_hash, session.access_until = hash_token(_derive(deps, session.id, until)), until
        session.role = person.role
        await session.save(update_fields=["access_hash", "access_until", "role"])
    return PageToken(_derive(deps, session.id, until), until)


def _derive(deps: Deps, session_id: UUID, until: datetime) -> str:
    message = _TAG + session_id.bytes + int(until.timestamp()).to_bytes(8, "big")
    return base64.urlsafe_b64encode(hmac.new(deps.keys.signing, message, hashlib.sha256).digest()).decode()
