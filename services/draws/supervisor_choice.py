"""Supervisors of a draw: chosen from the office's register, never from the agency's side."""

from __future__ import annotations

from collections.abc import Sequence
from uuid import UUID

from domain.draws.record import SupervisorFacts
from domain.errors import Conflict, InvalidInput
from models.accounts import Account
from models.draws import Draw, Supervisor, SupervisorEntry
from services.draws.scopes import acts_for_agency

_AGAIN = "请在活动信息中从监督人名册重新选择。"


async def find_supervisors(draw: Draw, chosen: Sequence[UUID]) -> Sequence[SupervisorEntry]:
    """The entries of the register that may supervise the draw, each once. Raises InvalidInput."""
    entries = {
        entry.id: entry
        for entry in await SupervisorEntry.filter(id__in=list(chosen), pool=draw.pool, active_until=None)
    }
    if entries.keys() != set(chosen):
        raise InvalidInput("所选监督人不在名册中或已停用，请重新选择。", field="supervisors")
    for entry in entries.values():
        if await _is_on_agencys_side(draw, entry.mobile_hash):
            raise InvalidInput("监督人不能是本单位法人或经办人，请选择其他人员。", field="supervisors")
    return [entries[entry_id] for entry_id in dict.fromkeys(chosen)]


async def choose_supervisors(draw: Draw, chosen: Sequence[UUID]) -> None:
    """Replace the draw's supervisors by entries of the register. Raises InvalidInput."""
    entries = await find_supervisors(draw, chosen)
    await Supervisor.filter(draw_id=draw.id).delete()
    for entry in entries:
        await Supervisor.create(
            draw_id=draw.id,
            entry_id=entry.id,
            name=entry.name,
            department=entry.department,
            phone_sealed=entry.mobile_sealed,
            mobile_hash=entry.mobile_hash,
        )


async def check_supervisors(draw: Draw) -> None:
    """Whether the chosen ones may still supervise; checked at submission and when a round is opened.

    Raises Conflict.
    """
    for supervisor in await Supervisor.filter(draw_id=draw.id):
        if not await SupervisorEntry.exists(id=supervisor.entry_id, active_until=None):
            raise Conflict(
                f"监督人{supervisor.name}已不在名册中，{_AGAIN}", code="supervisor_ended", field="supervisors"
            )
        if await _is_on_agencys_side(draw, supervisor.mobile_hash):
            raise Conflict(
                f"监督人{supervisor.name}现在代表本单位办理业务，{_AGAIN}",
                code="supervisor_of_agency",
                field="supervisors",
            )


async def supervisor_facts(draw: Draw) -> SupervisorFacts:
    """The supervisors' entry in the record."""
    count = await Supervisor.filter(draw_id=draw.id).count()
    return SupervisorFacts("register" if count else "none", count)


async def _is_on_agencys_side(draw: Draw, mobile_hash: str) -> bool:
    account = await Account.get_or_none(pool=draw.pool, mobile_hash=mobile_hash)
    return account is not None and await acts_for_agency(draw, account.id)


async def supervisor_account(pool: str, mobile_hash: str) -> UUID | None:
    """The account of a supervisor's telephone, if it has registered."""
    account = await Account.get_or_none(pool=pool, mobile_hash=mobile_hash)
    return account.id if account else None
