"""Matches experts' records with accounts. The authority's record decides: it names the person and his mobile."""

from __future__ import annotations

from datetime import datetime
from uuid import UUID

from domain.errors import Conflict
from domain.identity import IdentityVerificationResult
from models.accounts import Account
from models.applications import Application
from models.experts import Expert
from services.core.base import Actor, Deps, record


async def link_expert(deps: Deps, account: Account, now: datetime) -> Expert | None:
    """The expert whose file names this account's mobile, which is proven, is this person: make the file his.

    Inside the caller's transaction, with the account locked. Nothing is linked if the account is registered under
    another ID number, since mobile numbers change hands. Raises Conflict when several records have the mobile.
    """
    experts = await Expert.filter(pool=account.pool, mobile_hash=account.mobile_hash, left_at=None).select_for_update()
    if account.id_number_hash is not None:
        experts = [expert for expert in experts if expert.id_number_hash == account.id_number_hash]
    if not experts:
        return await Expert.get_or_none(account_id=account.id, left_at=None)
    if len(experts) > 1:
        hotline = deps.book(account.pool).pool.hotline
        raise Conflict(f"有多位专家登记了这个手机号，请拨打{hotline}核实后再绑定。", code="mobile_shared")
    expert = experts[0]
    if expert.account_id != account.id:
        moved = expert.account_id is not None
        if expert.account_id is not None:
            await _withdraw(expert.account_id, expert)
        await Expert.filter(account_id=account.id).update(account_id=None)
        expert.account_id = account.id
        await expert.save(update_fields=["account_id"])
        await record(
            Actor(account.pool, "expert", account.id, expert.id), now, "expert.link", "expert", expert.id, moved=moved
        )
    await register_from_file(account, expert, now)
    return expert


async def _withdraw(account_id: UUID, expert: Expert) -> None:
    """Remove data that the record gave to an account which turns out to be another person's; data entered by that
    person stay."""
    if await Application.exists(account_id=account_id):
        return
    await Account.filter(id=account_id, id_number_hash=expert.id_number_hash, password_hash="").update(
        real_name="",
        registered_at=None,
        id_number_sealed="",
        id_number_hash=None,
        identity_verification="",
        identity_verified_at=None,
        identity_verification_due_at=None,
    )


async def register_from_file(account: Account, expert: Expert, now: datetime) -> None:
    """Register an expert by name and ID number of his record. Does nothing while another account has them."""
    if account.id_number_hash is not None:
        return
    if await Account.exists(pool=account.pool, id_number_hash=expert.id_number_hash):
        return
    account.real_name, account.registered_at = expert.name, now
    account.id_number_sealed, account.id_number_hash = expert.id_number_sealed, expert.id_number_hash
    account.identity_verification = IdentityVerificationResult.ON_FILE.value
    await account.save(
        update_fields=["real_name", "registered_at", "id_number_sealed", "id_number_hash", "identity_verification"]
    )
