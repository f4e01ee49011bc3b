"""Certificates as rows."""

from __future__ import annotations

from typing import Any

from domain.ids import new_id
from models.accounts import Account
from models.certificates import Certificate
from services.core.base import Deps


async def make_certificate(deps: Deps, account: Account, *, kind: str = "exam", **columns: Any) -> Certificate:
    """A valid one, unless ``columns`` say otherwise."""
    values: dict[str, Any] = dict.fromkeys(("title", "text", "holder", "masked_id_number", "issuer"), "示范")
    values |= {"number": f"C{new_id().hex[-12:]}", "token": new_id().hex, "digest": "0" * 64}
    if columns.get("state", "valid") != "valid":
        values |= {"ended_at": deps.now(), "reason": "示范"}
    return await Certificate.create(
        pool=account.pool,
        kind=kind,
        account_id=account.id,
        source_id=new_id(),
        issued_at=deps.now(),
        **values | columns,
    )
