"""Staff of a pool (工作人员): verifiers, supervisors, venue staff and administrators, granted by administrators."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, Literal, get_args
from uuid import UUID

from pydantic import Field

from domain.errors import Conflict, InvalidInput, NotFound
from domain.faults import Faults
from domain.masking import mask_mobile
from domain.person_names import person_name
from domain.rulebook.book import Rulebook
from models.accounts import Account, RoleGrant
from services.accounts.verification_codes import check_mobile
from services.accounts.wechat_binding import account_by_mobile
from services.core.base import Actor, Deps, Page, record, rows
from services.core.idempotency import once
from services.core.limits import advisory_lock
from services.core.permissions import check, role_name
from services.notifications import Notices, Recipient

Office = Literal["verifier", "supervisor", "venue", "pool_admin"]
OFFICES: tuple[Office, ...] = get_args(Office)

_ADMINS = """
SELECT count(*) AS n FROM role_grant g JOIN account a ON a.id = g.account_id
 WHERE a.pool = $1 AND g.role = 'pool_admin' AND g.revoked_at IS NULL AND a.disabled_at IS NULL AND g.id <> $2
"""


async def notify_role_changed(deps: Deps, pool: str, account_id: UUID, what: str) -> None:
    """Tell a person that another one gave or took a role: ``what`` holds at most 20 characters."""
    await Notices(deps).notify(
        pool=pool,
        kind="role_changed",
        dedupe_key=f"role_changed:{account_id}:{what}:{deps.now().timestamp():.6f}",
        params={"what": what},
        account_id=account_id,
    )


async def _notify_supervisors(deps: Deps, grant: RoleGrant, what: str, now: datetime) -> None:
    """Tell the pool's other supervisors, who read reports (举报), so that nobody joins or replaces them unseen."""
    pool = (await Account.get(id=grant.account_id)).pool
    others = RoleGrant.filter(role="supervisor", revoked_at=None, account__pool=pool, account__disabled_at=None)
    accounts = await others.exclude(account_id=grant.account_id).order_by("account_id").values_list("account_id")
    occasion = f"{grant.id}:{'given' if grant.revoked_at is None else 'taken'}:{now.timestamp():.6f}"
    recipients = [
        Recipient(f"report_readers:{occasion}:{other}", {"what": what}, account_id=other) for (other,) in accounts
    ]
    await Notices(deps).notify_many(pool=pool, kind="report_readers", recipients=recipients, bulk=False)


@dataclass(frozen=True)
class StaffMember:
    """A person with one staff role. ``scope``: terminal or venue; empty: the whole pool."""

    grant_id: UUID
    account_id: UUID
    name: str
    masked_mobile: str
    role: Office
    role_name: Annotated[str, Field(examples=["核验人员"])]
    scope: str
    granted_at: datetime
    active: bool


@dataclass(frozen=True)
class Staff:
    deps: Deps

    async def grant(
        self, actor: Actor, *, mobile: str, name: str, role: str, scope: str = "", key: str | None = None
    ) -> StaffMember:
        """Grant a staff role; the account is created if necessary. A repetition is harmless.

        Raises InvalidInput with all faults, also for an unknown role or scope.
        """
        check(actor, "person.manage")
        now, faults = self.deps.now(), Faults()
        number = faults.check(check_mobile, mobile)
        shown = faults.check(person_name, name, field="name")
        faults.check(_check_role, role, scope, self.deps.book(actor.pool))
        faults.raise_any()

        async def run() -> StaffMember:
            account = await account_by_mobile(self.deps, actor.pool, number)
            if not account.real_name:
                account.real_name = shown
                await account.save(update_fields=["real_name"])
            grant = await RoleGrant.get_or_none(account_id=account.id, role=role, scope=scope)
            is_new = grant is None or grant.revoked_at is not None
            if grant is None:
                grant = RoleGrant(account_id=account.id, role=role, scope=scope, granted_at=now)
            elif grant.revoked_at is not None:
                grant.revoked_at, grant.granted_at = None, now
            await grant.save()
            await record(actor, now, "staff.grant", "account", account.id, role=role, scope=scope)
            if is_new and actor.account_id is not None:  # nobody is told by the set-up of a pool
                await notify_role_changed(self.deps, actor.pool, account.id, f"担任{role_name(role)}")
            if is_new and role == "supervisor":
                await _notify_supervisors(self.deps, grant, "增加一位可查看举报的监督人", now)
            return self._show(grant, account)

        return await once(
            owner=f"staff:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=StaffMember,
            run=run,
            request=f"{self.deps.keys.lookup_hash('mobile', number)} {shown} {role} {scope}",
        )

    async def revoke(self, actor: Actor, grant_id: UUID) -> StaffMember:
        """Revoke at once, also in running sessions. A repetition is harmless.

        Raises Conflict for the last administrator, without whom no one could grant roles.
        """
        check(actor, "person.manage")
        now = self.deps.now()

        async def run() -> StaffMember:
            await advisory_lock(f"staff:{actor.pool}")
            grant = await RoleGrant.select_for_update().get_or_none(id=grant_id, account__pool=actor.pool)
            if grant is None:
                raise NotFound("找不到这项授权，请刷新列表。")
            if grant.revoked_at is None:
                if grant.role == "pool_admin" and not (await rows(_ADMINS, actor.pool, grant.id))[0]["n"]:
                    raise Conflict("不能取消最后一位管理员，请先添加另一位管理员。", code="last_admin")
                grant.revoked_at = now
                await grant.save(update_fields=["revoked_at"])
                await record(
                    actor, now, "staff.revoke", "account", grant.account_id, role=grant.role, scope=grant.scope
                )
                await notify_role_changed(self.deps, actor.pool, grant.account_id, f"不再担任{role_name(grant.role)}")
                if grant.role == "supervisor":
                    await _notify_supervisors(self.deps, grant, "一位监督人已停用，不再查看举报", now)
            return self._show(grant, await Account.get(id=grant.account_id))

        return await once(owner="staff", key=None, deps=self.deps, answer=StaffMember, run=run)

    async def grants_of(self, actor: Actor, mobile: str, role: Office) -> list[StaffMember]:
        """Grants of one role that the person with a mobile holds now."""
        check(actor, "person.manage")
        hashed = self.deps.keys.lookup_hash("mobile", mobile)
        grants = RoleGrant.filter(
            account__pool=actor.pool, account__mobile_hash=hashed, role=role, revoked_at__isnull=True
        )
        return [self._show(grant, grant.account) for grant in await grants.prefetch_related("account")]

    async def page(
        self, actor: Actor, *, role: str = "", active: bool = True, offset: int = 0, limit: int = 50
    ) -> Page[StaffMember]:
        """Staff by role, newest first; ``active`` false: revoked grants."""
        check(actor, "person.manage")
        roles = [role] if role else list(OFFICES)
        all_grants = RoleGrant.filter(account__pool=actor.pool, role__in=roles, revoked_at__isnull=active)
        chosen = all_grants.order_by("role", "-granted_at", "-id").offset(offset).limit(min(limit, 100))
        grants = await chosen.prefetch_related("account")
        return Page(tuple(self._show(grant, grant.account) for grant in grants), await all_grants.count())

    def _show(self, grant: RoleGrant, account: Account) -> StaffMember:
        mobile = self.deps.keys.read(account.mobile_sealed, "mobile")
        role = next(office for office in OFFICES if office == grant.role)
        return StaffMember(
            grant.id,
            account.id,
            account.real_name,
            mask_mobile(mobile),
            role,
            role_name(role),
            grant.scope,
            grant.granted_at,
            grant.revoked_at is None,
        )


def _check_role(role: str, scope: str, book: Rulebook) -> None:
    if role not in OFFICES:
        raise InvalidInput("没有这种身份，请从列表中选择。", code="no_office", field="role")
    _check_scope(book, role, scope)


def _check_scope(book: Rulebook, role: str, scope: str) -> None:
    """Verifiers may be limited to a terminal, venue staff to a venue; other roles apply to the whole pool."""
    places = {
        "verifier": list(book.draw.terminals),
        "venue": [v for venue in book.offered_venues for v in (venue.code, venue.name)],
    }
    if scope and scope not in places.get(role, []):
        raise InvalidInput("没有这个场所，请从列表中选择，或留空表示全库。", code="no_scope", field="scope")
