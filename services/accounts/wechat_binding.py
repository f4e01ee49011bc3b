"""Binding WeChat identities to persons: consent, binding by SMS code, unbinding, unfollowing."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.clock import local, print_date
from domain.errors import AppError, Conflict, Forbidden, NotFound
from domain.ids import new_id
from domain.masking import mask_mobile, mask_name
from models.accounts import Account, Session, WechatIdentity
from services.accounts.expert_matching import link_expert
from services.accounts.role_menus import RoleMenus
from services.accounts.roles import RoleOption, find_holder, roles_of
from services.accounts.sources import Source
from services.accounts.verification_codes import CodeSent, Purpose, VerificationCodes, check_mobile
from services.core.base import Actor, Deps, execute, record, rows, transaction
from services.core.idempotency import once
from services.core.limits import advisory_lock
from services.corrections import settle_mobile
from services.notifications import Notices

App = Literal["oa", "mini"]
ACCOUNT_DISABLED = "此账号已停用，请联系专家库管理机构。"


@dataclass(frozen=True)
class Bound:
    """A bound WeChat identity. ``roles`` are the codes of the person's roles."""

    account_id: UUID
    masked_name: str
    masked_mobile: str
    roles: tuple[str, ...]


@dataclass(frozen=True)
class Unbound:
    """`was_bound` false: nothing was bound."""

    was_bound: bool


@dataclass(frozen=True)
class Who:
    """The person bound to a WeChat identity; all empty while unbound."""

    identity_id: UUID | None = None
    account_id: UUID | None = None
    expert_id: UUID | None = None
    masked_name: str = ""
    masked_mobile: str = ""
    roles: tuple[RoleOption, ...] = ()


@dataclass(frozen=True)
class WechatBinding:
    deps: Deps
    notices: Notices
    codes: VerificationCodes
    role_menus: RoleMenus

    async def ensure_identity(
        self, pool: str, app: App, appid: str, openid: str, *, unionid: str | None = None
    ) -> WechatIdentity:
        """The row of an openid, created at first contact; a newly learnt unionid is added."""
        async with transaction():
            await execute(
                "INSERT INTO wechat_identity (id, pool, app, appid, openid, unionid, following, blocked, "
                "subscribe_credits, created_at) VALUES ($1, $2, $3, $4, $5, $6, TRUE, FALSE, '{}', $7) "
                "ON CONFLICT (appid, openid) "
                "DO UPDATE SET unionid = COALESCE(wechat_identity.unionid, EXCLUDED.unionid)",
                new_id(),
                pool,
                app,
                appid,
                openid,
                unionid,
                self.deps.now(),
            )
            return await WechatIdentity.get(appid=appid, openid=openid)

    async def send_code(
        self,
        pool: str,
        mobile: str,
        purpose: Purpose = "bind",
        *,
        source: Source,
        proof: str = "",
        key: str | None = None,
    ) -> CodeSent:
        """Send an SMS code; one for a password reset is sent to known mobiles only, without revealing which are known.

        ``proof`` is the solution of a puzzle, where the ``source`` is not familiar. Raises InvalidInput for a bad
        mobile or proof, TooMany beyond the rulebook's limits.
        """
        mobile = check_mobile(mobile)
        mobile_hash = self.codes.mobile_hash(mobile)

        async def run() -> CodeSent:
            really = purpose != "password" or await Account.exists(pool=pool, mobile_hash=mobile_hash)
            return await self.codes.send(pool, mobile, purpose, mask_mobile(mobile), source, really=really, proof=proof)

        return await once(
            owner=f"send_code:{mobile_hash}",
            key=key,
            deps=self.deps,
            answer=CodeSent,
            run=run,
            request=f"{pool} {purpose}",
        )

    # journals of conversations hold this method's name: renaming it restarts those under way
    async def bind(
        self, identity_id: UUID, pool: str, mobile: str, code: str, privacy_version: str, *, key: str | None = None
    ) -> Bound:
        """Bind a WeChat identity to the person of a mobile, verified by the newest SMS code with purpose ``bind``.

        Raises InvalidInput for a wrong code (which counts), TooMany once the mobile is locked, Conflict when the
        privacy text has changed or the identity is bound to another person.
        """
        mobile = check_mobile(mobile)

        async def run() -> Bound | AppError:
            return await self.redeem_and_attach(identity_id, pool, mobile, code, privacy_version)

        return await once(
            owner=f"bind:{identity_id}",
            key=key,
            deps=self.deps,
            answer=Bound,
            run=run,
            request=f"{pool} {self.codes.mobile_hash(mobile)} {code} {privacy_version}",
        )

    async def redeem_and_attach(
        self, identity_id: UUID, pool: str, mobile: str, code: str, privacy_version: str
    ) -> Bound | AppError:
        """The body of ``bind``, for a caller that holds a transaction; a returned refusal must be committed."""
        await self._check_attachable(identity_id, pool, mobile, privacy_version)
        refusal = await self.codes.redeem(pool, mobile, "bind", code, Source(identity_id=identity_id))
        if refusal is not None:
            return refusal
        await settle_mobile(self.deps, pool, mobile)
        return await self.attach(identity_id, pool, mobile, privacy_version)

    async def attach(
        self, identity_id: UUID, pool: str, mobile: str, privacy_version: str, *, on_page: bool = False
    ) -> Bound:
        """Bind to a verified mobile, inside the caller's transaction.

        ``on_page``: by a person logged in on a page, perhaps by password; then the mobile is notified too.
        """
        now = self.deps.now()
        identity = await self._check_attachable(identity_id, pool, mobile, privacy_version)
        account = await account_by_mobile(self.deps, pool, mobile)
        if account.disabled_at is not None:
            raise Forbidden(f"此账号已停用，请拨打{self.deps.book(pool).pool.hotline}咨询。", code="account_disabled")
        if account.privacy_version != privacy_version:
            account.privacy_version, account.privacy_accepted_at = privacy_version, now
            await account.save(update_fields=["privacy_version", "privacy_accepted_at"])
        first = identity.account_id != account.id
        if first:
            identity.account_id, identity.bound_at = account.id, now
            await identity.save(update_fields=["account_id", "bound_at"])
        expert = await link_expert(self.deps, account, now)
        actor = Actor(pool, "expert" if expert else "guest", account.id, expert.id if expert else None)
        await record(
            actor, now, "account.bind", "account", account.id, app=identity.app, privacy_version=privacy_version
        )
        if first:
            await self._notify_bound(account, mobile, identity, now, on_page=on_page)
        await self._request_menu(identity)
        roles = await roles_of(account.id, now)
        name = expert.name if expert else account.real_name
        return Bound(account.id, mask_name(name), mask_mobile(mobile), _codes_of(roles))

    async def unbind(self, identity_id: UUID, *, key: str | None = None) -> Unbound:
        """Undo a binding and end its sessions; the expert's record stays. Harmless when nothing is bound."""

        async def run() -> Unbound:
            identity = await WechatIdentity.select_for_update().get_or_none(id=identity_id)
            if identity is None or identity.account_id is None:
                return Unbound(False)
            await self._release(identity)
            return Unbound(True)

        return await once(owner=f"unbind:{identity_id}", key=key, deps=self.deps, answer=Unbound, run=run)

    async def unbind_mini_programs(self, account_id: UUID, *, key: str | None = None) -> Unbound:
        """The person denies having bound a mini-program: unbind all of the account.

        Chat and mobile stay bound. Harmless when there is none.
        """

        async def run() -> Unbound:
            identities = (
                await WechatIdentity.filter(account_id=account_id, app="mini").order_by("id").select_for_update()
            )
            for identity in identities:
                await self._release(identity)
            return Unbound(bool(identities))

        return await once(owner=f"disown_mini:{account_id}", key=key, deps=self.deps, answer=Unbound, run=run)

    async def _release(self, identity: WechatIdentity) -> None:
        """Unbind a locked identity, inside the caller's transaction."""
        now = self.deps.now()
        actor = Actor(identity.pool, "guest", identity.account_id)
        await record(actor, now, "account.unbind", "account", identity.account_id, app=identity.app)
        identity.account_id, identity.bound_at = None, None
        await identity.save(update_fields=["account_id", "bound_at"])
        await Session.filter(identity_id=identity.id, revoked_at=None).update(revoked_at=now)
        await self._request_menu(identity)

    async def _request_menu(self, identity: WechatIdentity) -> None:
        """The menu below the chat, after the person behind it has changed."""
        if identity.app == "oa":
            await self.role_menus.request(identity.pool, identity.id)

    async def follow(self, pool: str, appid: str, openid: str) -> UUID:
        """Record that a person follows the official account (again); returns the identity's id."""
        identity = await self.ensure_identity(pool, "oa", appid, openid)
        if not identity.following or identity.blocked:
            async with transaction():
                await WechatIdentity.filter(id=identity.id).update(following=True, blocked=False)
        return identity.id

    async def unfollow(self, appid: str, openid: str) -> bool:
        """Delete the openid and WeChat's data about it; the account and the expert's record stay.

        Returns whether there was anything.
        """
        async with transaction():
            identity = await WechatIdentity.select_for_update().get_or_none(appid=appid, openid=openid)
            if identity is None:
                return False
            now = self.deps.now()
            await forget_identities([identity.id], now)
            await record(
                Actor(identity.pool, "guest", identity.account_id),
                now,
                "account.unfollow",
                "account",
                identity.account_id,
                app=identity.app,
            )
            return True

    async def who(self, identity_id: UUID) -> Who:
        """The person bound to an identity. Raises NotFound for an unknown one, Forbidden for a disabled one."""
        identity = await WechatIdentity.get_or_none(id=identity_id)
        if identity is None:
            raise NotFound("找不到此微信账号，请重新关注公众号后再试。")
        if identity.account_id is None:
            return Who(identity_id)
        return await self.get_person_of_account(identity.account_id, identity_id)

    async def get_person_of_account(self, account_id: UUID, identity_id: UUID | None = None) -> Who:
        """The account's person, masked. Raises NotFound, and Forbidden for a disabled one."""
        holder = await find_holder(account_id, self.deps.now())
        if holder is None:
            raise NotFound("找不到此微信账号，请重新关注公众号后再试。")
        if holder.disabled:
            raise Forbidden(ACCOUNT_DISABLED, code="account_disabled")
        expert_id = next((role.expert_id for role in holder.roles if role.expert_id), None)
        name = mask_name(holder.expert_name if expert_id is not None else holder.real_name)
        mobile = mask_mobile(self.deps.keys.open_text(holder.mobile_sealed, "mobile"))
        return Who(identity_id, account_id, expert_id, name, mobile, holder.roles)

    async def find_reader(self, pool: str, openid: str) -> Who:
        """The person of a visitor in WeChat's own browser; all empty for an unbound openid."""
        identity = await WechatIdentity.get_or_none(pool=pool, app="oa", openid=openid)
        return await self.who(identity.id) if identity else Who()

    async def needs_consent(self, account_id: UUID) -> bool:
        """Whether the privacy text has changed since the person accepted it."""
        [account] = await rows("SELECT pool, privacy_version FROM account WHERE id = $1", account_id)
        return bool(account["privacy_version"] != self.deps.book(account["pool"]).pool.privacy_version)

    async def _check_attachable(
        self, identity_id: UUID, pool: str, mobile: str, privacy_version: str
    ) -> WechatIdentity:
        """Lock the mobile and the identity, in this order everywhere, and check what must be refused without using up a
        code."""
        if privacy_version != self.deps.book(pool).pool.privacy_version:
            raise Conflict("隐私说明已更新，请重新阅读并同意后再绑定。", code="privacy_changed")
        await advisory_lock(f"account:{pool}:{self.codes.mobile_hash(mobile)}")
        identity = await WechatIdentity.select_for_update().get_or_none(id=identity_id, pool=pool)
        if identity is None:
            raise NotFound("找不到此微信账号，请重新关注公众号后再试。")
        if identity.account_id is not None:
            owner = await Account.get(id=identity.account_id)
            if owner.mobile_hash != self.codes.mobile_hash(mobile):
                bound = mask_mobile(self.deps.keys.open_text(owner.mobile_sealed, "mobile"))
                raise Conflict(f"此微信已绑定手机号{bound}，请先解绑再绑定新的手机号。", code="already_bound")
        return identity

    async def _notify_bound(
        self, account: Account, mobile: str, identity: WechatIdentity, now: datetime, *, on_page: bool
    ) -> None:
        """Notify of a binding; a person who binds in chat reads it in the conversation's reply."""
        kind = "account_joined" if on_page else "account_bound"
        await self.notices.notify(
            pool=account.pool,
            kind="mini_program_bound" if identity.app == "mini" else kind,
            dedupe_key=f"bound:{identity.id}:{now.isoformat()}",
            params={"at": f"{print_date(now)} {local(now):%H:%M}", "mobile": mask_mobile(mobile)},
            account_id=account.id,
            notified_channel="wechat" if identity.app == "oa" and not on_page else "",
        )


async def account_by_mobile(deps: Deps, pool: str, mobile: str) -> Account:
    """The locked account of a mobile, created if necessary; inside the caller's transaction.

    A new account has accepted nothing yet: its ``privacy_version`` is empty.
    """
    mobile_hash = deps.keys.lookup_hash("mobile", mobile)
    await rows(
        "INSERT INTO account (id, pool, mobile_sealed, mobile_hash, real_name, id_number_sealed, password_hash, "
        "password_initial, privacy_version, created_at) VALUES ($1, $2, $3, $4, '', '', '', FALSE, '', $5) "
        "ON CONFLICT (pool, mobile_hash) DO NOTHING RETURNING id",
        new_id(),
        pool,
        deps.keys.seal(mobile, "mobile"),
        mobile_hash,
        deps.now(),
    )
    return await Account.select_for_update().get(pool=pool, mobile_hash=mobile_hash)


async def forget_identities(identity_ids: list[UUID], now: datetime) -> None:
    """End their sessions and delete the openids, inside the caller's transaction."""
    await Session.filter(identity_id__in=identity_ids, revoked_at=None).update(revoked_at=now)
    await Session.filter(identity_id__in=identity_ids).update(identity_id=None)
    await WechatIdentity.filter(id__in=identity_ids).delete()


def _codes_of(roles: list[RoleOption]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(role.role for role in roles))
