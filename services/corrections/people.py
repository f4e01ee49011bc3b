"""Finds a person by number, name, mobile or ID number, and shows what the office may correct of him."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from datetime import datetime
from uuid import UUID

from tortoise.expressions import Q

from domain.errors import InvalidInput
from domain.experts.corrections import SECOND_LOOK, CorrectionKind, CorrectionState
from domain.identity import IdentityVerificationResult
from domain.masking import mask_id_number, mask_mobile
from domain.parsing import NUMBER_LONGEST, person_search
from models.accounts import Account, WechatIdentity
from models.corrections import Correction
from models.experts import Expert
from services.core.base import Actor, Deps, Page, record, rows, transaction
from services.core.permissions import check
from services.corrections.ledger import values_of
from services.corrections.merges import MERGED, check_chosen
from services.corrections.persons import Person, find_person, is_released
from services.files import schedule_removal

SEARCH_MAX = NUMBER_LONGEST
FOUND_MAX = 20
LISTED_MAX = 50
_APPS = {"oa": "公众号", "mini": "小程序"}
_SEARCH = """
WITH owner AS (
  SELECT id FROM account WHERE pool = $1 AND person_key(real_name) = $6 AND real_name <> '' AND $6 <> ''
  UNION SELECT id FROM account WHERE pool = $1 AND mobile_hash = $3
  UNION SELECT id FROM account WHERE pool = $1 AND id_number_hash = $4),
filed AS (
  SELECT id FROM expert WHERE pool = $1 AND number = $2
  UNION SELECT id FROM expert WHERE pool = $1 AND grams(person_key(name)) @> grams($6) AND person_key(name) = $6
    AND $6 <> ''
  UNION SELECT id FROM expert WHERE pool = $1 AND mobile_hash = $3
  UNION SELECT id FROM expert WHERE pool = $1 AND id_number_hash = $4
  UNION SELECT e.id FROM expert e JOIN owner ON owner.id = e.account_id)
SELECT e.id, e.name, e.number, e.left_at IS NOT NULL AS gone, a.mobile_sealed AS account_mobile,
    e.mobile_sealed AS file_mobile
  FROM filed JOIN expert e ON e.id = filed.id LEFT JOIN account a ON a.id = e.account_id
UNION ALL
SELECT a.id, a.real_name, '', FALSE, a.mobile_sealed, NULL FROM owner JOIN account a ON a.id = owner.id
 WHERE NOT EXISTS (SELECT 1 FROM expert e WHERE e.account_id = a.id)
 ORDER BY 4, 2, 1 LIMIT $5
"""
"""One look-up in an index each."""


@dataclass(frozen=True)
class PersonLine:
    """``number`` empty: no expert. ``gone``: an expert who has left the pool."""

    id: UUID
    name: str
    number: str
    gone: bool
    masked_mobile: str


@dataclass(frozen=True)
class CorrectionLine:
    """``what``: the new values in short, masked. ``author`` began it, ``second`` confirmed, refused or withdrew it.

    ``late``: it waited too long, and will not take effect. ``own``: the reader began it; ``second_look``: another
    member of the office has to confirm it.
    """

    id: UUID
    person_id: UUID
    person: str
    kind: CorrectionKind
    state: CorrectionState
    what: str
    reason: str
    note: str
    author: str
    second: str
    begun_at: datetime
    ended_at: datetime | None
    until: datetime | None
    evidence: str
    late: bool
    own: bool
    second_look: bool


@dataclass(frozen=True)
class PersonView:
    """``expert_id`` None: not an expert; ``in_pool`` false: one who has left. ``wechat``: apps that are bound.

    ``disabled_at`` and what follows are those of the account; without one, ``has_account`` is false. ``deleted`` by its
    owner, or ``merged`` into another one; ``released``: without a mobile until the office files another.
    """

    id: UUID
    name: str
    number: str
    expert_id: UUID | None
    in_pool: bool
    masked_id_number: str
    masked_mobile: str
    has_account: bool
    registered_at: datetime | None
    disabled_at: datetime | None
    deleted: bool
    merged: bool
    released: bool
    password_initial: bool
    wechat: tuple[str, ...]
    verification: IdentityVerificationResult
    corrections: tuple[CorrectionLine, ...]

    @property
    def waiting(self) -> tuple[CorrectionLine, ...]:
        return tuple(line for line in self.corrections if line.state is CorrectionState.WAITING)


@dataclass(frozen=True)
class People:
    deps: Deps

    async def search(self, actor: Actor, text: str) -> tuple[PersonLine, ...]:
        """Persons with this number, whole name, mobile or ID number; the first twenty. The search is logged, without
        what was typed. Raises InvalidInput."""
        check(actor, "person.manage")
        typed = person_search(text)
        if len(typed.word) > SEARCH_MAX:
            raise InvalidInput(f"最多{SEARCH_MAX}个字，请缩短。", field="search")
        if not typed.word:
            raise InvalidInput("请填写专家编号、姓名、手机号或身份证号。", code="missing", field="search")
        keys = self.deps.keys
        hashes = keys.lookup_hash("mobile", typed.mobile), keys.lookup_hash("id_number", typed.id_number)
        lines = await rows(_SEARCH, actor.pool, typed.word, *hashes, FOUND_MAX, typed.key)
        async with transaction():
            await record(actor, self.deps.now(), "person.search", "account", actor.account_id, results=len(lines))
        return tuple(
            PersonLine(
                line["id"],
                line["name"],
                line["number"],
                line["gone"],
                mask_mobile(keys.read(line["account_mobile"] or line["file_mobile"] or "", "mobile")),
            )
            for line in lines
        )

    async def find_other(self, actor: Actor, person_id: UUID, text: str) -> UUID:
        """The page of the only other person whom a search finds. Raises InvalidInput."""
        if not text.strip():
            raise InvalidInput("请填写另一个账号的手机号、身份证号或专家编号。", code="missing", field="other")
        own = (await find_person(actor.pool, person_id)).page_id
        return check_chosen([line.id for line in await self.search(actor, text)], own)

    async def read(self, actor: Actor, person_id: UUID) -> PersonView:
        """A person by the id of expert or account; the access is logged. Raises NotFound."""
        check(actor, "person.manage")
        person = await find_person(actor.pool, person_id)
        account, expert, keys = person.account, person.expert, self.deps.keys
        async with transaction():
            subject = "account" if account else "expert"
            await record(actor, self.deps.now(), "person.read", subject, person.account_id or person.expert_id)
        apps = await WechatIdentity.filter(account_id=account.id).values_list("app", flat=True) if account else []
        mobile_sealed = account.mobile_sealed if account else expert.mobile_sealed if expert else ""
        return PersonView(
            id=person.page_id,
            name=person.name,
            number=expert.number if expert else "",
            expert_id=person.expert_id,
            in_pool=person.in_pool,
            masked_id_number=mask_id_number(keys.read(person.id_number_sealed(), "id_number")),
            masked_mobile=mask_mobile(keys.read(mobile_sealed, "mobile")),
            has_account=account is not None,
            registered_at=account.registered_at if account else None,
            disabled_at=account.disabled_at if account else None,
            deleted=account is not None and not account.mobile_sealed and not is_released(account),
            merged=account is not None and account.mobile_hash.startswith(MERGED),
            released=account is not None and is_released(account),
            password_initial=account is not None and account.password_initial,
            wechat=tuple(_APPS[str(app)] for app in sorted(set(map(str, apps)), reverse=True)),
            verification=IdentityVerificationResult(account.identity_verification if account else ""),
            corrections=tuple(await self._lines(actor, await _corrections_of(person), opened=True)),
        )

    async def waiting(self, actor: Actor) -> Page[CorrectionLine]:
        """What waits in the pool and can still take effect, oldest first: the first fifty."""
        check(actor, "person.manage")
        waiting = Correction.filter(
            Q(until=None) | Q(until__gt=self.deps.now()), pool=actor.pool, state=CorrectionState.WAITING.value
        )
        lines = await self._lines(actor, await waiting.order_by("begun_at", "id").limit(LISTED_MAX))
        return Page(tuple(lines), await waiting.count())

    async def _lines(
        self, actor: Actor, corrections: Sequence[Correction], *, opened: bool = False
    ) -> list[CorrectionLine]:
        """``opened``: numbers that wait for a second look are shown in clear, to be compared with the evidence."""
        staff = {by for correction in corrections for by in (correction.begun_by, correction.ended_by) if by}
        names = {account.id: account.real_name for account in await Account.filter(id__in=staff)} if staff else {}
        experts = {correction.expert_id for correction in corrections if correction.expert_id}
        accounts = {correction.account_id for correction in corrections if correction.account_id}
        persons = {account.id: account.real_name for account in await Account.filter(id__in=accounts)}
        persons |= {expert.id: expert.name for expert in await Expert.filter(id__in=experts)}
        return [self._line(actor, correction, names, persons, opened=opened) for correction in corrections]

    def _line(
        self,
        actor: Actor,
        correction: Correction,
        names: dict[UUID, str],
        persons: dict[UUID, str],
        *,
        opened: bool,
    ) -> CorrectionLine:
        state, person_id = CorrectionState(correction.state), correction.expert_id or correction.account_id
        assert person_id is not None  # noqa: S101  # a constraint of the table
        return CorrectionLine(
            id=correction.id,
            person_id=person_id,
            person=persons.get(person_id, ""),
            kind=CorrectionKind(correction.kind),
            state=state,
            what=_words(values_of(self.deps.keys, correction), clear=opened and state is CorrectionState.WAITING),
            reason=correction.reason,
            note=correction.note,
            author=names.get(correction.begun_by, "") if correction.begun_by else "",
            second=names.get(correction.ended_by, "") if correction.ended_by else "",
            begun_at=correction.begun_at,
            ended_at=correction.ended_at,
            until=correction.until,
            evidence=correction.evidence_name,
            late=state is CorrectionState.WAITING
            and correction.until is not None
            and correction.until <= self.deps.now(),
            own=correction.begun_by == actor.account_id,
            second_look=state is CorrectionState.WAITING and correction.kind in SECOND_LOOK,
        )


async def erase_corrections(account_id: UUID, now: datetime) -> None:
    """Forget what was corrected of a person who has his account deleted: values and evidence; that it was done stays.

    Inside the caller's transaction.
    """
    for correction in await Correction.filter(account_id=account_id).order_by("id").select_for_update():
        await schedule_removal(correction.evidence_key, now)
        correction.values_sealed = correction.evidence_key = correction.evidence_name = correction.mobile_hash = ""
        if correction.state == CorrectionState.WAITING:
            correction.state, correction.ended_at = CorrectionState.WITHDRAWN.value, now
        await correction.save()


async def collect_corrections(account_id: UUID) -> list[dict[str, object]]:
    """For the export of a person's data: what was corrected of him, when and why."""
    corrections = Correction.filter(account_id=account_id).order_by("begun_at", "id")
    return [dict(row) for row in await corrections.values("kind", "state", "reason", "begun_at", "ended_at")]


async def _corrections_of(person: Person) -> list[Correction]:
    """Newest first, the first fifty."""
    own = [Correction.filter(expert_id=person.expert_id)] if person.expert else []
    own += [Correction.filter(account_id=person.account_id)] if person.account else []
    corrections = {correction.id: correction for query in own for correction in await query}
    return sorted(corrections.values(), key=lambda correction: (correction.begun_at, correction.id), reverse=True)[
        :LISTED_MAX
    ]


def _words(values: dict[str, object], *, clear: bool) -> str:
    """What is new; ``clear``: an ID number too, others are masked."""
    parts = []
    if "mobile" in values:
        parts.append(f"新手机号{mask_mobile(str(values['mobile']))}")
    if values.get("unbinds"):
        parts.append("同时解除微信绑定")
    if "name" in values:
        parts.append(f"姓名{values['name']}")
    if "id_number" in values:
        number = str(values["id_number"])
        parts.append(f"身份证号{number if clear else mask_id_number(number)}")
    if "label" in values:
        parts.append(str(values["label"]))
    return "，".join(parts)
