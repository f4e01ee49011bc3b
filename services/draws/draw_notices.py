"""Notices about a draw to agency, verifiers and supervisors. Totals only, never names of experts."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any
from uuid import UUID

from domain.clock import local, print_time
from models.accounts import Account, RoleGrant
from models.draws import Draw, Supervisor
from services.core.base import Deps, rows
from services.notifications import BEGINS, NoticeRequest, Notices, Recipient


def draw_params(draw: Draw) -> dict[str, str]:
    """Params that identify a draw for those who run it: number, time, and the id in its pages' addresses. Experts don't
    get these.

    ``begins`` lets ladders decide what can't wait for the end of quiet hours.
    """
    begins = local(draw.starts_at)
    return {
        "number": draw.number,
        "draw": str(draw.id),
        "when": print_time(draw.starts_at),
        "day": f"{begins.month}月{begins.day}日",
        BEGINS: begins.isoformat(),
    }


async def notify_agency(notices: Notices, draw: Draw, kind: str, occasion: str, **params: str | int) -> None:
    """Notify the agent, and the legal entity if that is another person. Totals only, never names."""
    await notices.notify_each(draw.pool, await agency_notices(draw, kind, occasion, **params))


async def agency_notices(draw: Draw, kind: str, occasion: str, **params: str | int) -> list[NoticeRequest]:
    """The same as notices, to be sent together with others."""
    [owner] = await rows("SELECT legal_account_id AS legal FROM organisation WHERE id = $1", draw.organisation_id)
    return [
        NoticeRequest(
            kind,
            Recipient(
                f"{kind}:{draw.number}:{occasion}:{account.hex}",
                {**draw_params(draw), "side": "agency", **params},
                account_id=account,
            ),
        )
        for account in sorted({a for a in (draw.agent_id, owner["legal"]) if a is not None})
    ]


async def notify_verifiers(
    notices: Notices,
    draw: Draw,
    terminals: Collection[Any],
    kind: str,
    occasion: str,
    *,
    but: Collection[UUID | None] = (),
    **params: str,
) -> None:
    """Notify the verifiers of these terminals, or all."""
    grants = RoleGrant.filter(
        role="verifier",
        revoked_at=None,
        account__pool=draw.pool,
        account__disabled_at=None,
        scope__in=["", *terminals],
    )
    for account_id in sorted({grant.account_id for grant in await grants} - set(but)):
        await notices.notify(
            pool=draw.pool,
            kind=kind,
            dedupe_key=f"{kind}:{draw.number}:{occasion}:{account_id.hex}",
            params={**draw_params(draw), **params},
            account_id=account_id,
        )


async def notify_supervisors(
    deps: Deps, notices: Notices, draw: Draw, kind: str, occasion: str, **params: str | int
) -> None:
    """Notify the supervisors, with or without an account. Never names of experts."""
    for supervisor in await Supervisor.filter(draw_id=draw.id).order_by("id"):
        account = await Account.get_or_none(pool=draw.pool, mobile_hash=supervisor.mobile_hash)
        await notices.notify(
            pool=draw.pool,
            kind=kind,
            dedupe_key=f"{kind}:{draw.number}:{occasion}:{supervisor.id.hex}",
            params={**draw_params(draw), **params},
            account_id=account.id if account else None,
            mobile=deps.keys.open_text(supervisor.phone_sealed, "mobile"),
        )
