"""Single-use tokens: a log-in link, a puzzle's solution. A used token is kept until its expiry."""

from __future__ import annotations

from datetime import datetime

from domain.ids import new_id
from models.accounts import SpentToken
from services.accounts.tokens import hash_token
from services.core.base import rows

_SPEND = "INSERT INTO spent_token (id, digest, until) VALUES ($1, $2, $3) ON CONFLICT (digest) DO NOTHING RETURNING id"


async def spend(token: str, until: datetime) -> bool:
    """Use up a token in the caller's transaction; False: it was used before. A concurrent second use waits."""
    return bool(await rows(_SPEND, new_id(), hash_token(token), until))


async def is_spent(token: str) -> bool:
    return await SpentToken.exists(digest=hash_token(token))
