"""Acts of the office on an account: disable and enable it, unbind its WeChat, release its mobile."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from uuid import UUID

from domain.errors import Conflict, Forbidden
from domain.experts.corrections import CorrectionKind
from models.accounts import RoleGrant
from services.core.base import Actor, Deps
from services.core.idempotency import once
from services.core.permissions import check
from services.corrections.ledger import check_reason, write
from services.corrections.persons import RELEASED, Person, end_sessions, is_released, lock_person, tell, unbind_wechat


@dataclass(frozen=True)
class AccountCorrections:
    """Every act is undone by its counterpart, or by the person, who binds WeChat again."""

    deps: Deps

    async def disable(self, actor: Actor, person_id: UUID, reason: str, *, key: str | None = None) -> None:
        """Nobody can log in to the account, by any channel; an expert's place in the pool is another matter.

        Raises NotFound; Forbidden for the own account or another administrator's, Conflict for a disabled one.
        """

        async def act(person: Person) -> None:
            account = person.own_account
            if account.id == actor.account_id:
                raise Forbidden("不能停用自己的账号，请由另一位管理员办理。", code="own_account")
            if await RoleGrant.exists(account_id=account.id, role="pool_admin", revoked_at=None):
                raise Conflict("这个人是专家库管理员，请先在“工作人员”中取消授权。", code="is_admin")
            if account.disabled_at is not None:
                raise Conflict("这个账号已经停用。", code="already_disabled")
            account.disabled_at = self.deps.now()
            await account.save(update_fields=["disabled_at"])
            await end_sessions(account.id, account.disabled_at)

        await self._do(actor, person_id, CorrectionKind.DISABLE, reason, "停用您的账号", act, key)

    async def enable(self, actor: Actor, person_id: UUID, reason: str, *, key: str | None = None) -> None:
        """Raises NotFound, Conflict for an account that isn't disabled, or whose owner had it deleted."""

        async def act(person: Person) -> None:
            account = person.own_account
            if account.disabled_at is None:
                raise Conflict("这个账号没有停用。", code="not_disabled")
            if is_released(account):
                raise Conflict("这个账号的手机号已释放，请用“更换手机号”登记新号码，启用后恢复。", code="released")
            if not account.mobile_sealed:
                raise Conflict("这个账号已由本人注销，不能恢复，请本人重新注册。", code="deleted")
            account.disabled_at = None
            await account.save(update_fields=["disabled_at"])

        await self._do(actor, person_id, CorrectionKind.ENABLE, reason, "恢复您的账号", act, key)

    async def unbind(self, actor: Actor, person_id: UUID, reason: str, *, key: str | None = None) -> None:
        """Unbind official account and mini-program. Raises NotFound, Conflict where nothing is bound."""

        async def act(person: Person) -> None:
            if not await unbind_wechat(person.own_account.id, self.deps.now()):
                raise Conflict("这个账号没有绑定微信。", code="not_bound")

        await self._do(actor, person_id, CorrectionKind.UNBIND, reason, "解除账号的微信绑定", act, key)

    async def release_mobile(self, actor: Actor, person_id: UUID, reason: str, *, key: str | None = None) -> None:
        """Release a mobile that now belongs to another person; the account has none until the office files a new one.

        Raises NotFound; Conflict for an expert in the pool, who would be called by nobody: he gets a new number first.
        """

        async def act(person: Person) -> None:
            account = person.own_account
            if person.in_pool:
                message = (
                    "在库专家不能没有手机号：请先为他登记新手机号，启用后原号码自动释放；找不到本人的，先办理退库。"
                )
                raise Conflict(message, code="in_pool")
            if account.id == actor.account_id or await RoleGrant.exists(account_id=account.id, revoked_at=None):
                raise Conflict("工作人员不能没有手机号：请先登记新手机号，或在“工作人员”中取消授权。", code="is_staff")
            if not account.mobile_sealed:
                raise Conflict("这个账号已经没有手机号。", code="no_mobile")
            await tell(self.deps, person, "释放您账号的手机号", self.deps.now())
            account.mobile_sealed, account.mobile_hash = "", f"{RELEASED}{account.id}"
            account.disabled_at = account.disabled_at or self.deps.now()
            await account.save(update_fields=["mobile_sealed", "mobile_hash", "disabled_at"])
            await end_sessions(account.id, self.deps.now())

        await self._do(actor, person_id, CorrectionKind.RELEASE, reason, "", act, key)

    async def _do(
        self,
        actor: Actor,
        person_id: UUID,
        kind: CorrectionKind,
        reason: str,
        what: str,
        act: Callable[[Person], Awaitable[None]],
        key: str | None,
    ) -> None:
        check(actor, "person.manage")
        words = check_reason(reason)

        async def run() -> bool:
            person = await lock_person(actor.pool, person_id)
            await act(person)
            await write(self.deps, actor, person, kind, words)
            if what:
                await tell(self.deps, person, what, self.deps.now())
            return True

        await once(
            owner=f"correct.{kind.value}:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=bool,
            run=run,
            request=f"{person_id} {words}",
        )
