"""Log-ins of legal entities (法人), and links to their agents (经办人)."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime, timedelta
from uuid import UUID

from stdnum.cn import uscc

from domain.clock import print_date
from domain.errors import Conflict, Forbidden, InvalidInput, NotFound, RuleViolation
from domain.faults import Faults
from domain.ids import new_id
from domain.person_names import person_name, spell_name
from domain.typed_text import half_width
from models.accounts import Account
from models.organisations import AgentLink, Organisation
from services.accounts import account_by_mobile, check_mobile, notify_role_changed
from services.core.base import Actor, Deps, record, rows, transaction
from services.core.idempotency import once
from services.core.limits import DAY, advisory_lock, check_below
from services.core.permissions import check
from services.notifications import Notices
from services.organisations.agent_queries import Agent, AgentQueries, organisation_of, state_of, weak_accounts
from services.ports import IdentityClaims

_RECENT_REQUESTS = """
SELECT at, details->>'account' AS account FROM audit_entry
WHERE subject = 'organisation' AND subject_id = $1 AND action = 'organisation.ask_agent' AND at > $2 ORDER BY at DESC
"""


@dataclass(frozen=True)
class Registered:
    """A log-in by the identity platform; ``role`` is organisation or agent.

    ``organisation_id`` is None for a person who must first choose or answer a request, or whose enterprise has too low
    an assurance level.
    """

    account_id: UUID
    organisation_id: UUID | None
    role: str


@dataclass(frozen=True)
class LegalEntities:
    deps: Deps
    notices: Notices
    agents: AgentQueries

    async def register(self, pool: str, claims: IdentityClaims, *, account_id: UUID | None = None) -> Registered:
        """Store the identity platform's claims: the person, the organisation, and their relation.

        ``account_id`` is the person already logged in, if any. An assurance level below the rulebook's suspends acting
        for organisations at once; a sufficient one restores it. Raises RuleViolation for too low a level and for a
        natural person whom no organisation has linked, Forbidden for an agent whom the organisation has revoked.
        """
        now = self.deps.now()
        await self._note_level(pool, claims, now)
        if claims.user_type == "person":
            return await self._register_linked_person(pool, claims, now)
        self._check_claims(pool, claims)
        async with transaction():
            account = await account_by_mobile(self.deps, pool, claims.mobile)
            if account.disabled_at is not None:
                hotline = self.deps.book(pool).pool.hotline
                raise Forbidden(f"此账号已停用，请拨打{hotline}咨询。", code="account_disabled")
            if account_id is not None and account_id != account.id:
                raise Conflict(
                    "统一身份认证平台登记的手机号与当前登录的不一致，请改用同一手机号。", code="mobile_differs"
                )
            name = spell_name(claims.name)
            if name and account.registered_at is None and account.real_name != name:
                account.real_name = name
                await account.save(update_fields=["real_name"])
            organisation = await self._save_organisation(pool, claims, account.id, now)
            role = "organisation" if claims.user_type == "legal" else "agent"
            if role == "agent":
                await self._link_vouched_agent(pool, organisation, account.id, now)
            actor = Actor(pool, role, account.id, organisation_id=organisation.id)
            await record(actor, now, "organisation.register", "organisation", organisation.id, level=claims.level)
            paused = role == "agent" and await weak_accounts({organisation.legal_account_id})
            return Registered(account.id, None if paused else organisation.id, role)

    async def _note_level(self, pool: str, claims: IdentityClaims, now: datetime) -> None:
        """Store whether the person's assurance level suffices, even if the log-in is refused for it."""
        is_weak = claims.level < self.deps.book(pool).login.assurance_level_minimum
        async with transaction():
            accounts = Account.filter(pool=pool, mobile_hash=self.deps.keys.lookup_hash("mobile", claims.mobile))
            account = await accounts.select_for_update().first()
            if account is None or (account.weak_identity_at is not None) is is_weak:
                return
            account.weak_identity_at = now if is_weak else None
            await account.save(update_fields=["weak_identity_at"])
            action = "account.identity_weak" if is_weak else "account.identity_proven"
            await record(Actor(pool, "guest", account.id), now, action, "account", account.id, level=claims.level)

    async def _register_linked_person(self, pool: str, claims: IdentityClaims, now: datetime) -> Registered:
        """A person without an organisation on the platform (个人登录), whom one has linked here or asks to be its
        agent."""
        check_mobile(claims.mobile)
        account = await Account.get_or_none(
            pool=pool, mobile_hash=self.deps.keys.lookup_hash("mobile", claims.mobile), disabled_at=None
        )
        links = AgentLink.filter(account_id=account.id, revoked_at=None, declined_at=None) if account else None
        current_links = await links.filter(valid_until__gt=now).prefetch_related("organisation") if links else []
        if account is None or not current_links:
            raise self._natural_person_error(pool)
        self._check_level(pool, claims.level)
        weak_ids = await weak_accounts({link.organisation.legal_account_id for link in current_links})
        active = [
            link
            for link in current_links
            if state_of(link, now) == "active" and link.organisation.legal_account_id not in weak_ids
        ]
        return Registered(
            account.id, active[0].organisation_id if len(current_links) == len(active) == 1 else None, "agent"
        )

    async def link_agent(
        self,
        actor: Actor,
        *,
        mobile: str,
        name: str,
        valid_from: datetime | None = None,
        valid_until: datetime | None = None,
        key: str | None = None,
    ) -> Agent:
        """Ask a person to act for the actor's organisation; linking again renews the period.

        A person who has not agreed, or whose link has ended, is asked again, at most once a day.
        """
        check(actor, "organisation.link_agent")
        organisation_id = organisation_of(actor)
        now, faults = self.deps.now(), Faults()
        begin = valid_from or now
        end = valid_until or begin + self.deps.book(actor.pool).login.agent_link_default
        number = faults.check(check_mobile, mobile)
        name = faults.check(person_name, name, field="name", label="经办人姓名") or ""
        faults.check(self._check_period, actor.pool, begin, end, now)
        faults.raise_any()

        async def run() -> Agent:
            organisation = await Organisation.get(id=organisation_id, pool=actor.pool)
            account = await self._agent_account(organisation, number, name)
            link = await self._set_link(organisation.id, account.id, begin, end, accepted_at=None, now=now)
            await record(
                actor, now, "organisation.link_agent", "organisation", organisation.id, account=str(account.id)
            )
            if link.accepted_at is None:
                await self._request_consent(actor, link, organisation, now)
            return await self.agents.view_link(link, organisation, account, now)

        request = f"{self.deps.keys.lookup_hash('mobile', number)} {name} {valid_from} {valid_until}"
        return await once(
            owner=f"link_agent:{actor.account_id}", key=key, deps=self.deps, answer=Agent, run=run, request=request
        )

    async def _agent_account(self, organisation: Organisation, mobile: str, name: str) -> Account:
        """The person's account, with this name if it has none. Raises Conflict for the legal entity's own account."""
        account = await account_by_mobile(self.deps, organisation.pool, mobile)
        if organisation.legal_account_id == account.id:
            raise Conflict("法人账号本身即可办理，无需再关联为经办人。", code="is_legal_account")
        if not account.real_name:
            account.real_name = name
            await account.save(update_fields=["real_name"])
        return account

    async def _request_consent(self, actor: Actor, link: AgentLink, organisation: Organisation, now: datetime) -> None:
        """Notify the person, with the page for accepting; once a day, however often he is added.

        Raises TooMany when the organisation has asked its daily number of persons.
        """
        # requests made at the same moment would otherwise all count the same earlier ones, and exceed the limit
        await advisory_lock(f"agent_asks:{organisation.id}")
        recent_requests = await rows(_RECENT_REQUESTS, organisation.id, now - DAY)
        if str(link.account_id) in {request["account"] for request in recent_requests}:
            return
        limit = self.deps.book(actor.pool).login.agent_asks_per_day
        check_below(
            limit,
            [request["at"] for request in recent_requests],
            DAY,
            now,
            f"一天最多请{limit}位经办人，今天的次数已用完",
        )
        until = print_date(link.valid_until)
        await self.notices.notify(
            pool=actor.pool,
            kind="agent_asked",
            dedupe_key=f"agent_asked:{link.id}:{now.timestamp():.6f}",
            params={"organisation": organisation.name, "until": until, "day": until.partition("年")[2]},
            account_id=link.account_id,
        )
        account = str(link.account_id)
        await record(actor, now, "organisation.ask_agent", "organisation", organisation.id, account=account)

    async def accept(self, actor: Actor, link_id: UUID) -> Agent:
        """The person agrees to act for the organisation. A repetition is harmless."""
        now = self.deps.now()
        async with transaction():
            link = await AgentLink.select_for_update().get_or_none(id=link_id, account_id=actor.account_id)
            if link is None or actor.account_id is None:
                raise NotFound("找不到这条关联申请，请让企业重新发起。")
            if link.revoked_at is not None:
                raise Conflict("企业已取消这条关联申请，请联系企业重新发起。", code="link_revoked")
            if link.declined_at is not None:
                raise Conflict("您已选择不担任这家企业的经办人，需要办理的请联系企业重新发起。", code="link_declined")
            if link.valid_until <= now:
                raise Conflict("这条关联申请已过有效期，请联系企业重新发起。", code="link_expired")
            if link.accepted_at is None:
                link.accepted_at = now
                await link.save(update_fields=["accepted_at"])
                await record(actor, now, "organisation.accept_agent", "organisation", link.organisation_id)
            organisation = await Organisation.get(id=link.organisation_id)
            return await self.agents.view_link(link, organisation, await Account.get(id=link.account_id), now)

    async def decline(self, actor: Actor, link_id: UUID) -> Agent:
        """The person refuses, or stops acting for the organisation. A repetition is harmless."""
        now = self.deps.now()
        async with transaction():
            link = await AgentLink.select_for_update().get_or_none(id=link_id, account_id=actor.account_id)
            if link is None or actor.account_id is None:
                raise NotFound("找不到这条关联申请，请刷新后重试。")
            if link.declined_at is None and link.revoked_at is None:
                link.declined_at = now
                await link.save(update_fields=["declined_at"])
                await record(actor, now, "organisation.decline_agent", "organisation", link.organisation_id)
            organisation = await Organisation.get(id=link.organisation_id)
            return await self.agents.view_link(link, organisation, await Account.get(id=link.account_id), now)

    async def revoke(self, actor: Actor, link_id: UUID) -> Agent:
        """The organisation revokes an agent, at once. A repetition is harmless."""
        check(actor, "organisation.revoke_agent")
        now = self.deps.now()
        async with transaction():
            link = await AgentLink.select_for_update().get_or_none(id=link_id, organisation_id=organisation_of(actor))
            if link is None:
                raise NotFound("找不到这位经办人，请刷新列表。")
            if link.revoked_at is None:
                was_agent = link.accepted_at is not None and link.declined_at is None
                link.revoked_at = now
                await link.save(update_fields=["revoked_at"])
                await record(actor, now, "organisation.revoke_agent", "organisation", link.organisation_id)
                if was_agent:  # who never agreed loses nothing, and a stranger's phone is not written to
                    await notify_role_changed(self.deps, actor.pool, link.account_id, "不再担任一家企业的经办人")
            organisation = await Organisation.get(id=link.organisation_id)
            return await self.agents.view_link(link, organisation, await Account.get(id=link.account_id), now)

    def _natural_person_error(self, pool: str) -> RuleViolation:
        return RuleViolation(
            "个人不能发起抽取；请用法人账号登录，或请企业将您关联为经办人后再登录。",
            rule="login.natural_person_may_draw",
            source=self.deps.book(pool).source("login.natural_person_may_draw"),
            code="natural_person",
        )

    def _check_claims(self, pool: str, claims: IdentityClaims) -> None:
        if claims.user_type not in ("legal", "agent") or not claims.credit_code or not claims.organisation_name:
            raise self._natural_person_error(pool)
        self._check_level(pool, claims.level)
        check_credit_code(claims.credit_code)
        check_mobile(claims.mobile)

    def _check_level(self, pool: str, level: int) -> None:
        book = self.deps.book(pool)
        minimum = book.login.assurance_level_minimum
        if level < minimum:
            raise RuleViolation(
                f"实名等级为{level}级，需达到{minimum}级；请到统一身份认证平台升级后重新登录。",
                rule="login.assurance_level_minimum",
                source=book.source("login.assurance_level_minimum"),
                code="assurance_level",
                params={"level": level, "minimum": minimum},
            )

    def _check_period(self, pool: str, begin: datetime, end: datetime, now: datetime) -> None:
        longest = self.deps.book(pool).login.agent_link_max
        if end <= begin or end <= now:
            raise InvalidInput("有效期的截止日期应晚于开始日期和今天。", field="valid_until")
        if end - begin > longest:
            last = print_date(begin + longest)
            raise RuleViolation(
                f"经办人有效期最长{longest // timedelta(days=1)}天，请选择{last}或更早。",
                rule="login.agent_link_max",
                source=self.deps.book(pool).source("login.agent_link_max"),
                field="valid_until",
            )

    async def _save_organisation(
        self, pool: str, claims: IdentityClaims, account_id: UUID, now: datetime
    ) -> Organisation:
        """Create the organisation, or update its name and level; only its legal account may change the legal
        account."""
        code = half_width(claims.credit_code).upper()
        # the first log-ins of two agents may come together: the second must find the row of the first, not fail
        await rows(
            "INSERT INTO organisation (id, pool, name, credit_code, assurance_level, created_at) "
            "VALUES ($1, $2, $3, $4, $5, $6) ON CONFLICT (pool, credit_code) DO NOTHING RETURNING id",
            new_id(),
            pool,
            claims.organisation_name,
            code,
            claims.level,
            now,
        )
        organisation = await Organisation.select_for_update().get(pool=pool, credit_code=code)
        organisation.name = claims.organisation_name
        if claims.user_type == "legal":
            organisation.assurance_level = claims.level
            organisation.legal_account_id = account_id
        await organisation.save(update_fields=["name", "assurance_level", "legal_account_id"])
        return organisation

    async def _link_vouched_agent(self, pool: str, organisation: Organisation, account_id: UUID, now: datetime) -> None:
        """The platform states that this person acts for the organisation: that creates a link, unless ours was
        revoked."""
        link = await AgentLink.select_for_update().get_or_none(organisation_id=organisation.id, account_id=account_id)
        if link is None:
            until = now + self.deps.book(pool).login.agent_link_default
            await self._set_link(organisation.id, account_id, now, until, accepted_at=now, now=now)
            return
        if link.revoked_at is not None or link.declined_at is not None or link.valid_until <= now:
            raise Forbidden(
                f"{organisation.name}对您的经办授权已取消或到期，请联系企业重新关联。", code="agent_link_ended"
            )
        if link.accepted_at is None:
            link.accepted_at = now
            await link.save(update_fields=["accepted_at"])

    async def _set_link(
        self,
        organisation_id: UUID,
        account_id: UUID,
        begin: datetime,
        end: datetime,
        *,
        accepted_at: datetime | None,
        now: datetime,
    ) -> AgentLink:
        link = await AgentLink.select_for_update().get_or_none(organisation_id=organisation_id, account_id=account_id)
        if link is None:
            return await AgentLink.create(
                organisation_id=organisation_id,
                account_id=account_id,
                valid_from=begin,
                valid_until=end,
                accepted_at=accepted_at,
                created_at=now,
            )
        has_ended = link.revoked_at or link.declined_at or link.valid_until <= now
        if has_ended:  # an ended link must be accepted again; a running one is prolonged
            link.accepted_at, link.revoked_at, link.declined_at = None, None, None
        link.valid_from, link.valid_until = begin, end
        await link.save(update_fields=["valid_from", "valid_until", "accepted_at", "revoked_at", "declined_at"])
        return link


def is_credit_code(code: str) -> bool:
    return bool(uscc.is_valid(half_width(code).upper()))


def check_credit_code(code: str, field: str = "credit_code") -> str:
    """A unified social credit code (统一社会信用代码) in capitals. Raises InvalidInput."""
    compact = half_width(code).upper()
    if not uscc.is_valid(compact):
        raise InvalidInput(
            "统一社会信用代码不正确，应为18位且校验位相符，请核对。", code="credit_code_invalid", field=field
        )
    return compact
