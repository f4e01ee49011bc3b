"""The two secrets of a mini-program session: access and refresh token. Only their hashes are stored."""

from __future__ import annotations

import base64
import binascii
import hashlib
import hmac
import os
import secrets
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from models.accounts import Session
from services.core.base import Deps

_REFRESH_TAG = b"pbt-refresh-v1\0"


@dataclass(frozen=True)
class Tokens:
    """Both tokens are secrets of the client. A refresh token is valid once."""

    access: str
    refresh: str
    access_until: datetime
    refresh_until: datetime


def issue(deps: Deps, session: Session, now: datetime) -> Tokens:
    """New tokens, their hashes set on the session, which the caller saves."""
    login = deps.book(session.pool).login
    tokens = Tokens(
        secrets.token_urlsafe(32), _refresh_token(deps, session.id), now + login.access_valid, now + login.refresh_valid
    )
    session.access_hash, session.access_until = hash_token(tokens.access), tokens.access_until
    session.refresh_hash, session.refresh_until = hash_token(tokens.refresh), tokens.refresh_until
    return tokens


def session_of(deps: Deps, refresh_token: str) -> UUID | None:
    """The session named in a refresh token, the newest or an old one; None for a token that isn't ours."""
    try:
        raw = base64.b64decode(refresh_token, altchars=b"-_", validate=True)
    except (binascii.Error, ValueError):
        return None
    body, mac = raw[:32], raw[32:]
    return UUID(bytes=body[:16]) if len(raw) == 48 and hmac.compare_digest(mac, _mac(deps, body)) else None


def _refresh_token(deps: Deps, session_id: UUID) -> str:
    """Contains its session and is signed, so that an old token differs from a forged one."""
    body = session_id.bytes + os.urandom(16)
    return base64.urlsafe_b64encode(body + _mac(deps, body)).decode()


def _mac(deps: Deps, body: bytes) -> bytes:
    return hmac.new(deps.keys.signing, _REFRESH_TAG + body, hashlib.sha256).digest()[:16]


def hash_token(token: str) -> str:
    """The stored form of a token, sufficient to recognise it."""
    return hashlib.sha256(token.encode()).hexdigest()
