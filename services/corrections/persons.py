"""The person whom a correction is about: an account, an expert of the pool, or both."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from domain.errors import Conflict, Forbidden, NotFound
from models.accounts import Account, Session, WechatIdentity
from models.experts import Expert
from services.core.base import Actor, Deps
from services.core.limits import advisory_lock
from services.notifications import NoticeRequest, Notices, Recipient

RELEASED = "released:"
"""Begins the hash of an account whose mobile the office has released; the account is disabled until it gets another."""
UNKNOWN = "找不到这个人，请返回后重新查找。"


@dataclass(frozen=True)
class Person:
    """At least one of both. ``expert`` may have left the pool."""

    account: Account | None
    expert: Expert | None

    @property
    def account_id(self) -> UUID | None:
        return self.account.id if self.account else None

    @property
    def expert_id(self) -> UUID | None:
        return self.expert.id if self.expert else None

    @property
    def page_id(self) -> UUID:
        """The id under which the person's page stands."""
        return self.expert.id if self.expert else self.own_account.id

    @property
    def own_account(self) -> Account:
        """Raises Conflict for an expert who has never logged in."""
        if self.account is None:
            raise Conflict("这位专家还没有账号，首次登录后才能办理。", code="no_account")
        return self.account

    @property
    def filed_expert(self) -> Expert:
        """Raises Conflict for a person who is not in the pool."""
        if self.expert is None or self.expert.left_at is not None:
            raise Conflict("这个人不在库中，没有可以更正的专家档案。", code="not_in_pool")
        return self.expert

    @property
    def in_pool(self) -> bool:
        return self.expert is not None and self.expert.left_at is None

    @property
    def name(self) -> str:
        """That of the file; of who is not in the pool, that of the account."""
        if self.expert is not None and (self.in_pool or self.account is None or not self.account.real_name):
            return self.expert.name
        return self.own_account.real_name

    def id_number_sealed(self) -> str:
        """The same of the ID number; empty where none is registered."""
        if self.expert is not None and (self.in_pool or self.account is None or not self.account.id_number_sealed):
            return self.expert.id_number_sealed
        return self.own_account.id_number_sealed

    @property
    def pool(self) -> str:
        return self.account.pool if self.account else self.filed_expert.pool

    def mobile_sealed(self) -> str:
        """Of the account; of an expert without one, that of the file."""
        return self.account.mobile_sealed if self.account else self.filed_expert.mobile_sealed


async def find_person(pool: str, person_id: UUID) -> Person:
    """By the id of an expert or of an account. Raises NotFound."""
    expert = await Expert.get_or_none(id=person_id, pool=pool)
    account_id = expert.account_id if expert else person_id
    account = await Account.get_or_none(id=account_id, pool=pool) if account_id else None
    if expert is None and account is not None:
        expert = await Expert.filter(account_id=account.id).order_by("left_at", "-created_at").first()
    if expert is None and account is None:
        raise NotFound(UNKNOWN, code="person_unknown")
    return Person(account, expert)


async def lock_person(pool: str, person_id: UUID) -> Person:
    """The same with both rows locked, the account first, as calling does. Raises NotFound; Conflict when the two have
    just been linked otherwise."""
    seen = await find_person(pool, person_id)
    if seen.account is not None:  # before the rows, as a binding of WeChat does
        await advisory_lock(f"account:{pool}:{seen.account.mobile_hash}")
    account = await Account.select_for_update().get(id=seen.account.id) if seen.account else None
    expert = await Expert.select_for_update().get(id=seen.expert.id) if seen.expert else None
    if expert is not None and expert.account_id != (account.id if account else None):
        raise Conflict("资料刚刚有变动，请刷新页面后再办理。", code="person_changed")
    return Person(account, expert)


def check_not_own(actor: Actor, person: Person) -> None:
    """Nobody corrects his own file for the office. Raises Forbidden."""
    if actor.account_id is not None and actor.account_id == person.account_id:
        message = "不能更正自己的档案，请由其他管理员办理；没有其他管理员的，请先在“工作人员”中添加。"
        raise Forbidden(message, code="own_file")


def is_released(account: Account) -> bool:
    return account.mobile_hash.startswith(RELEASED)


async def end_sessions(account_id: UUID, now: datetime) -> int:
    """All log-ins of the account end; returns how many."""
    return await Session.filter(account_id=account_id, revoked_at=None).update(revoked_at=now)


async def unbind_wechat(account_id: UUID, now: datetime) -> int:
    """Unbind all WeChat identities of the account, and end their log-ins; returns how many."""
    identities = await WechatIdentity.filter(account_id=account_id).order_by("id").select_for_update()
    for identity in identities:
        identity.account_id, identity.bound_at = None, None
        await identity.save(update_fields=["account_id", "bound_at"])
        await Session.filter(identity_id=identity.id, revoked_at=None).update(revoked_at=now)
    return len(identities)


async def tell(deps: Deps, person: Person, what: str, now: datetime, *, phones: tuple[str, ...] = ()) -> None:
    """Tell the person, and further ``phones``, what the office has done; ``what`` has at most 20 characters."""
    owner = person.account_id or person.expert_id
    requests = [
        NoticeRequest(
            "person_corrected",
            Recipient(
                f"corrected:{owner}:{what}:{now.isoformat()}:{place}",
                {"what": what},
                account_id=person.account_id if not phone else None,
                expert_id=person.expert_id if not phone and person.account is None else None,
                mobile=phone or None,
            ),
        )
        for place, phone in enumerate(("", *phones))
    ]
    await Notices(deps).notify_each(person.pool, requests)
