"""The register of supervisors (监督人名册): the office adds persons and ends their entries."""

from __future__ import annotations

from dataclasses import dataclass
from uuid import UUID

from domain.errors import Conflict, NotFound
from domain.faults import Faults
from domain.person_names import person_name
from models.draws import SupervisorEntry
from services.accounts import check_mobile
from services.core.base import Actor, Deps, record, transaction
from services.core.idempotency import once
from services.core.limits import advisory_lock
from services.core.permissions import check
from services.core.short_texts import check_text
from services.draws.setup.supervisor_queries import RegisteredSupervisor, supervisor_view


@dataclass(frozen=True)
class SupervisorRegister:
    deps: Deps

    async def add(
        self, actor: Actor, *, mobile: str, name: str, department: str, key: str | None = None
    ) -> RegisteredSupervisor:
        """Raises InvalidInput with all faults, Conflict when the mobile is in the register already."""
        check(actor, "supervisor.manage")
        faults = Faults()
        shown = faults.check(person_name, name, field="name")
        office = faults.check(check_text, department, "department", "单位或部门", 100, required=True)
        number = faults.check(check_mobile, mobile)
        faults.raise_any()
        now, hashed = self.deps.now(), self.deps.keys.lookup_hash("mobile", number)

        async def run() -> RegisteredSupervisor:
            await advisory_lock(f"supervisors:{actor.pool}")
            if await SupervisorEntry.exists(pool=actor.pool, mobile_hash=hashed, active_until=None):
                raise Conflict("这个手机号已在监督人名册中，不用重复添加。", code="in_register")
            entry = await SupervisorEntry.create(
                pool=actor.pool,
                name=shown,
                department=office,
                mobile_sealed=self.deps.keys.seal(number, "mobile"),
                mobile_hash=hashed,
                active_from=now,
                entered_by_id=actor.account_id,
            )
            await record(actor, now, "supervisor.added", "supervisor", entry.id)
            return supervisor_view(self.deps.keys, entry)

        return await once(
            owner=f"supervisors:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=RegisteredSupervisor,
            run=run,
            request=f"{hashed} {shown} {office}",
        )

    async def end(self, actor: Actor, entry_id: UUID) -> None:
        """The person can't be chosen any more, and draws with this supervisor must choose again. A repetition is
        harmless."""
        check(actor, "supervisor.manage")
        async with transaction():
            entry = await SupervisorEntry.select_for_update().get_or_none(id=entry_id, pool=actor.pool)
            if entry is None:
                raise NotFound("名册中没有这位监督人，请刷新列表。")
            if entry.active_until is None:
                now = self.deps.now()
                entry.active_until, entry.ended_by_id = now, actor.account_id
                await entry.save(update_fields=["active_until", "ended_by_id"])
                await record(actor, now, "supervisor.ended", "supervisor", entry_id)
