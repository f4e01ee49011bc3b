"""Initial passwords (初始密码) that the office issues to experts: derived from the ID number, to be changed first."""

from __future__ import annotations

import secrets
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal
from uuid import UUID

from domain.errors import Conflict, InvalidInput, RuleViolation
from domain.experts.corrections import CorrectionKind
from domain.typed_text import half_width
from models.accounts import Account
from models.experts import Expert
from services.accounts.expert_matching import register_from_file
from services.accounts.passwords import Passwords
from services.accounts.pinyin_names import account_name
from services.accounts.wechat_binding import account_by_mobile
from services.core.base import Actor, Deps, record
from services.core.idempotency import once
from services.core.permissions import check
from services.corrections import Person, check_reason, end_sessions, lock_person, tell, write

_LETTERS = "abcdefghjkmnpqrstuvwxyz23456789"
"""Without those that look alike on paper."""
PRINTED_LENGTH = 10
AT_ONCE = 200
"""Passwords issued per request: each takes about a tenth of a second of hashing."""


@dataclass(frozen=True)
class InitialPassword:
    """`kept`: the person has an own password; `mobile_shared`: the record's mobile is also another person's.

    ``account_name``: the pinyin to log in with, if issued, accepted by the pool and unique.
    """

    number: str
    outcome: Literal["issued", "kept", "unknown", "mobile_shared"]
    account_name: str = ""


@dataclass(frozen=True)
class PrintedPassword:
    """A password to hand over on paper; ``account_name`` as in ``InitialPassword``."""

    name: str
    account_name: str
    password: str


@dataclass(frozen=True)
class InitialPasswords:
    deps: Deps
    passwords: Passwords

    async def issue(
        self, actor: Actor, numbers: Sequence[str], *, key: str | None = None
    ) -> tuple[InitialPassword, ...]:
        """Give experts the rulebook's initial password: the last characters of the ID number.

        Others know ID numbers, so such a password only allows setting a new one, which needs an SMS code. Raises
        RuleViolation in a pool without initial passwords.
        """
        check(actor, "person.manage")
        length = self.deps.book(actor.pool).registration.password.initial_from_id
        if length is None:
            raise RuleViolation(
                "本库不使用初始密码，请专家用手机验证码登录后自行设置。",
                rule="registration.password.initial_from_id",
                code="no_initial_passwords",
            )
        wanted = tuple(dict.fromkeys(half_width(number) for number in numbers))
        if not 1 <= len(wanted) <= AT_ONCE:
            raise InvalidInput(f"一次最多为{AT_ONCE}位专家设置初始密码，请分批办理。", field="numbers")
        hashes = {
            expert.id: await self.passwords.hash(self._id_number(expert)[-length:])
            for expert in await Expert.filter(pool=actor.pool, number__in=wanted, left_at=None)
        }

        async def run() -> tuple[InitialPassword, ...]:
            # sorted, since each locks an account: two requests with the same experts don't wait for each other
            return tuple([await self._issue_to_expert(actor, number, hashes) for number in sorted(wanted)])

        return await once(
            owner=f"initial:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=tuple[InitialPassword, ...],
            run=run,
            request=" ".join(wanted),
        )

    async def reissue(self, actor: Actor, person_id: UUID, reason: str, *, key: str | None = None) -> PrintedPassword:
        """Give a person a random password in place of any other, to hand over on paper; all log-ins end.

        It only allows setting a new one, which needs a code sent to the mobile. Raises NotFound, RuleViolation in a
        pool without log-in by password, Conflict for an account that can't be used.
        """
        check(actor, "person.manage")
        words = check_reason(reason)
        if "password" not in self.deps.book(actor.pool).registration.login_ways:
            raise RuleViolation(
                "本库不用密码登录，请本人用手机验证码登录。", rule="registration.login_ways", code="no_passwords"
            )
        password = "".join(secrets.choice(_LETTERS) for _ in range(PRINTED_LENGTH))
        fresh = await self.passwords.hash(password)

        async def run() -> PrintedPassword:
            person = await lock_person(actor.pool, person_id)
            await self._put_printed(actor, person, fresh, words)
            number = person.expert if "pinyin" in self.deps.book(actor.pool).registration.login_names else None
            name = await account_name(number.pool, number.name) if number else ""
            return PrintedPassword(person.name, name, password)

        return await once(
            owner=f"reissue:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=PrintedPassword,
            run=run,
            request=f"{person_id} {words}",
        )

    async def _put_printed(self, actor: Actor, person: Person, fresh: str, reason: str) -> None:
        account, now = person.own_account, self.deps.now()
        if account.disabled_at is not None or account.id_number_hash is None:
            raise Conflict("账号已停用或没有实名注册，不能设置密码。", code="no_password")
        account.password_hash, account.password_set_at, account.password_initial = fresh, now, True
        await account.save(update_fields=["password_hash", "password_set_at", "password_initial"])
        await self.passwords.clear_wrong_tries(account.pool, account.id)
        await end_sessions(account.id, now)
        await write(self.deps, actor, person, CorrectionKind.PASSWORD, reason)
        await tell(self.deps, person, "重设您的登录密码", now)

    def _id_number(self, expert: Expert) -> str:
        return self.deps.keys.open_text(expert.id_number_sealed, "id_number")

    async def _issue_to_expert(self, actor: Actor, number: str, hashes: dict[UUID, str]) -> InitialPassword:
        expert = await Expert.get_or_none(pool=actor.pool, number=number, left_at=None)
        if expert is None or expert.id not in hashes:
            return InitialPassword(number, "unknown")
        account = await self._account_of(expert)
        if account is None:
            return InitialPassword(number, "mobile_shared")
        if account.password_hash and not account.password_initial:
            return InitialPassword(number, "kept")
        now = self.deps.now()
        account.password_hash, account.password_set_at, account.password_initial = hashes[expert.id], now, True
        await account.save(update_fields=["password_hash", "password_set_at", "password_initial"])
        await self.passwords.clear_wrong_tries(account.pool, account.id)
        await record(actor, now, "account.initial_password", "account", account.id)
        return InitialPassword(number, "issued", await self._login_name(expert))

    async def _login_name(self, expert: Expert) -> str:
        takes = "pinyin" in self.deps.book(expert.pool).registration.login_names
        return await account_name(expert.pool, expert.name) if takes else ""

    async def _account_of(self, expert: Expert) -> Account | None:
        """The expert's locked account, created from his record if necessary; None: the mobile is not his alone."""
        if expert.account_id is not None:
            account = await Account.select_for_update().get(id=expert.account_id)
        else:
            if await Expert.filter(pool=expert.pool, mobile_hash=expert.mobile_hash, left_at=None).count() > 1:
                return None
            mobile = self.deps.keys.open_text(expert.mobile_sealed, "mobile")
            account = await account_by_mobile(self.deps, expert.pool, mobile)
            if account.id_number_hash not in (None, expert.id_number_hash):
                return None
            await Expert.filter(id=expert.id, account_id=None).update(account_id=account.id)
        await register_from_file(account, expert, self.deps.now())
        return account
