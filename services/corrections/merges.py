"""Two accounts of one person become one: everything of the account that ends goes to the one that stays.

Nothing is deleted: rows change their owner, and the account that ends keeps its id, empty and disabled. What could
contradict itself on one account (two files in the pool, two applications under way) has to end first.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from typing import cast
from uuid import UUID

from domain.errors import Conflict, InvalidInput
from domain.experts.corrections import CorrectionKind
from domain.faults import Faults
from domain.person_names import is_same_name
from models.accounts import Account
from models.corrections import Correction
from models.experts import Expert
from services.core.base import Actor, Deps, execute, rows
from services.core.idempotency import once
from services.core.limits import advisory_lock
from services.core.permissions import check
from services.corrections.ledger import (
    Upload,
    check_reason,
    check_upload,
    values_of,
    write,
)
from services.corrections.persons import Person, end_sessions, find_person, tell
from services.files import EvidenceFiles

MERGED = "merged:"
"""Begins the hash of the mobile of an account that ended in another."""
MOVED: Mapping[tuple[str, str], str] = {
    ("application", "account_id"): "申请",
    ("attachment", "account_id"): "附件",
    ("fee", "account_id"): "缴费",
    ("pay_order", "payer_id"): "支付单",
    ("course_enrolment", "account_id"): "培训",
    ("exam_candidate", "account_id"): "考试",
    ("certificate", "account_id"): "证书",
    ("objection", "account_id"): "公示异议",
    ("feedback", "account_id"): "意见反馈",
    ("employer_request", "account_id"): "申请添加的单位",
    ("notice", "account_id"): "消息",
    ("group_notice_person", "account_id"): "群发通知",
    ("wechat_identity", "account_id"): "微信绑定",
    ("expert", "account_id"): "已退库的专家档案",
}
"""Tables and columns whose rows get the other owner, with their names."""
_LOCKED_FIRST = (
    ("application", "account_id"),
    ("pay_order", "payer_id"),
    ("fee", "account_id"),
    ("course_enrolment", "account_id"),
    ("exam_candidate", "account_id"),
)
"""Moved tables whose rows other acts lock before they tell the person, and by that ask for the account."""
NOT_MOVED: Mapping[tuple[str, str], str] = {
    ("session", "account_id"): "log-ins end",
    ("known_browser", "account_id"): "the browser gets to know the other log-in",
    ("form_draft", "account_id"): "what was typed and never sent",
    ("role_grant", "account_id"): "roles are granted anew, or a merge would give them",
    ("review_assignment", "account_id"): "as roles",
    ("review_substitution", "account_id"): "as roles",
    ("review_substitution", "substitute_id"): "as roles",
    ("agent_link", "account_id"): "the organisation links the person anew",
    ("integration_client", "agent_id"): "ends with the person's link; the office issues another",
    ("organisation", "legal_account_id"): "the identity platform says whose it is",
    ("project", "agent_id"): "who did it, for the organisation",
    ("draw", "agent_id"): "as projects",
    ("employer_import", "account_id"): "who did it, for the office",
    ("exam_sheet", "account_id"): "as imports",
    ("exam_import", "account_id"): "as imports",
}
"""References to an account that stay, each with the reason."""
_BLOCKS = """
SELECT 'applications' AS block, string_agg(number, '、' ORDER BY number) AS names FROM application
 WHERE account_id IN ($1, $2) AND ended_at IS NULL HAVING count(DISTINCT account_id) = 2
UNION ALL SELECT 'entry', string_agg(number, '、' ORDER BY number) FROM application
 WHERE account_id = $2 AND ended_at IS NULL
   AND EXISTS (SELECT 1 FROM expert WHERE account_id = $1 AND left_at IS NULL) HAVING count(*) > 0
UNION ALL SELECT 'exams', string_agg(x.name, '、' ORDER BY x.name) FROM exam_candidate k
  JOIN exam_candidate o ON o.exam_id = k.exam_id AND o.account_id = $2 JOIN exam x ON x.id = k.exam_id
 WHERE k.account_id = $1 HAVING count(*) > 0
UNION ALL SELECT 'employer_requests', string_agg(r.name, '、' ORDER BY r.name) FROM employer_request r
  JOIN employer_request o ON o.name = r.name AND o.account_id = $2 AND o.state = 'open'
 WHERE r.account_id = $1 AND r.state = 'open' HAVING count(*) > 0
UNION ALL SELECT 'objections', string_agg(p.number, '、' ORDER BY p.number) FROM objection r
  JOIN objection o ON o.application_id = r.application_id AND o.account_id = $2 AND o.state = 'open'
  JOIN application p ON p.id = r.application_id
 WHERE r.account_id = $1 AND r.state = 'open' HAVING count(*) > 0
UNION ALL SELECT 'running', string_agg(x.name, '、') FROM exam_attempt t
  JOIN exam_candidate k ON k.id = t.candidate_id JOIN exam x ON x.id = t.exam_id
 WHERE k.account_id = $2 AND t.state = 'running' HAVING count(*) > 0
UNION ALL SELECT 'roles', '' WHERE EXISTS (SELECT 1 FROM role_grant WHERE account_id = $2 AND revoked_at IS NULL)
    OR EXISTS (SELECT 1 FROM review_assignment WHERE account_id = $2 AND revoked_at IS NULL)
UNION ALL SELECT 'organisations', '' WHERE EXISTS (SELECT 1 FROM organisation WHERE legal_account_id = $2)
    OR EXISTS (SELECT 1 FROM agent_link WHERE account_id = $2 AND revoked_at IS NULL AND declined_at IS NULL)
    OR EXISTS (SELECT 1 FROM draw WHERE agent_id = $2 AND started_at IS NOT NULL AND ended_at IS NULL)
UNION ALL SELECT 'corrections', '' WHERE EXISTS (SELECT 1 FROM correction
 WHERE account_id IN ($1, $2) AND state = 'waiting' AND id <> $3 AND (until IS NULL OR until > $4))
"""
"""What has to end before the account ``$2`` goes into ``$1``; ``$3`` is the merge itself, ``$4`` now."""
ONE_OF_EACH: Mapping[str, str] = {
    "application": "applications",
    "exam_candidate": "exams",
    "employer_request": "employer_requests",
    "objection": "objections",
}
"""Moved tables in which an account has one row of a kind, with the block for who has one on both accounts."""
_SENTENCES: Mapping[str, str] = {
    "applications": "两个账号各有办理中的申请（{}），请先办结或放弃其中一份。",
    "entry": "要保留的账号已有在库档案，要并入的账号还有办理中的申请（{}），请先由本人放弃这份申请。",
    "exams": "两个账号都在考试“{}”的考生名单中，请先在考生页释放其中一个。",
    "employer_requests": "两个账号都申请了添加单位“{}”，请先在“单位”中答复。",
    "objections": "两个账号都对申请{}提出了异议，请先在“公示与异议”中答复。",
    "running": "要并入的账号正在参加考试“{}”，交卷后再合并。",
    "roles": "要并入的账号是工作人员或审核人员，请先取消授权，合并后再授予保留的账号。",
    "organisations": "要并入的账号是企业的法人或经办人，请先由企业取消关联，或等抽取结束。",
    "corrections": "两个账号中有待生效的更正，请先办结或撤回。",
}
_NOBODY = UUID(int=0)


@dataclass(frozen=True)
class MovedRows:
    label: str
    count: int


@dataclass(frozen=True)
class MergePreview:
    """``blocks``: sentences that say what has to end first; empty: the merge is possible. ``differs``: what both
    accounts have, and not the same: perhaps they are two persons."""

    stays: Person
    ends: Person
    differs: tuple[str, ...]
    moved: tuple[MovedRows, ...]
    blocks: tuple[str, ...]


@dataclass(frozen=True)
class MergeCorrections:
    deps: Deps
    files: EvidenceFiles

    async def preview(self, actor: Actor, person_id: UUID, other_id: UUID) -> MergePreview:
        """What a merge of ``other_id`` into ``person_id`` would do. Raises NotFound, Conflict for one account."""
        check(actor, "person.manage")
        stays, ends = await self._find(actor.pool, person_id, other_id)
        return MergePreview(
            stays,
            ends,
            tuple(_differences(stays, ends)),
            tuple(await _count(ends)),
            tuple(await self._find_blocks(stays, ends, _NOBODY)),
        )

    async def begin(
        self, actor: Actor, person_id: UUID, other_id: UUID, reason: str, upload: Upload, *, key: str | None = None
    ) -> None:
        """Ask for the merge, which another administrator confirms; both numbers are told. Raises as ``preview``, and
        InvalidInput with all faults."""
        check(actor, "person.manage")
        faults = Faults()
        words = faults.check(check_reason, reason)
        faults.check(check_upload, upload)
        faults.raise_any()
        await self._find(actor.pool, person_id, other_id)
        evidence = await self.files.keep(actor.pool, upload.content, upload.filename)

        async def run() -> bool:
            stays, ends = await self._lock(actor.pool, person_id, other_id)
            await self._check(stays, ends, _NOBODY)
            values: dict[str, object] = {
                "ends": str(ends.account_id),
                "label": f"并入{ends.name or '未实名'}的另一个账号",
            }
            await write(
                self.deps, actor, stays, CorrectionKind.MERGE, words, values=values, evidence=evidence, waits=True
            )
            for person in (stays, ends):
                await tell(self.deps, person, "申请合并您的两个账号", self.deps.now())
            return True

        await once(
            owner=f"correct.merge:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=bool,
            run=run,
            request=f"{person_id} {other_id} {words}",
        )

    async def lock(self, correction: Correction) -> tuple[Person, Person]:
        """Both persons of a merge that waits: who stays, and who ends."""
        ends = UUID(str(values_of(self.deps.keys, correction)["ends"]))
        return await self._lock(correction.pool, cast(UUID, correction.account_id), ends)

    async def apply(self, correction: Correction, stays: Person, ends: Person) -> None:
        """Give everything to the account that stays; the caller has locked both. Raises Conflict for what has to end
        first."""
        await self._check(stays, ends, correction.id)
        now, account = self.deps.now(), ends.own_account
        await tell(self.deps, ends, "合并您的两个账号", now)
        await tell(self.deps, stays, "合并您的两个账号", now)
        await end_sessions(account.id, now)
        for table, column in MOVED:
            await execute(
                f"UPDATE {table} SET {column} = $1 WHERE {column} = $2",  # names of ours
                stays.account_id,
                account.id,
            )
        account.mobile_sealed, account.mobile_hash, account.real_name = "", f"{MERGED}{account.id}", ""
        account.id_number_sealed, account.id_number_hash, account.registered_at = "", None, None
        account.identity_verification = ""
        account.identity_verified_at = account.identity_verification_due_at = None
        account.password_hash, account.password_set_at, account.password_initial = "", None, False
        account.disabled_at = now
        await account.save()

    async def _find(self, pool: str, person_id: UUID, other_id: UUID) -> tuple[Person, Person]:
        stays, ends = await find_person(pool, person_id), await find_person(pool, other_id)
        if stays.own_account.id == ends.own_account.id:
            raise Conflict("这是同一个账号，没有需要合并的。", code="same_account")
        return stays, ends

    async def _lock(self, pool: str, person_id: UUID, other_id: UUID) -> tuple[Person, Person]:
        """What moves, as far as other acts lock it before the account; accounts in the order of their ids; experts."""
        stays, ends = await self._find(pool, person_id, other_id)
        for table, column in _LOCKED_FIRST:
            moved = f"SELECT id FROM {table} WHERE {column} = $1 ORDER BY id FOR UPDATE"  # names of ours
            await rows(moved, ends.own_account.id)
        for digest in sorted((stays.own_account.mobile_hash, ends.own_account.mobile_hash)):
            await advisory_lock(f"account:{pool}:{digest}")
        ids = sorted((stays.own_account.id, ends.own_account.id))
        accounts = {account_id: await Account.select_for_update().get(id=account_id) for account_id in ids}
        experts = [person.expert.id for person in (stays, ends) if person.expert]
        locked = {expert_id: await Expert.select_for_update().get(id=expert_id) for expert_id in sorted(experts)}

        def fresh(person: Person) -> Person:
            return Person(accounts[person.own_account.id], locked[person.expert.id] if person.expert else None)

        return fresh(stays), fresh(ends)

    async def _check(self, stays: Person, ends: Person, correction_id: UUID) -> None:
        blocks = await self._find_blocks(stays, ends, correction_id)
        if blocks:
            raise Conflict("".join(blocks), code="not_mergeable")

    async def _find_blocks(self, stays: Person, ends: Person, correction_id: UUID) -> list[str]:
        """Sentences, each with what has to be done first."""
        here, there = stays.own_account, ends.own_account
        blocks = []
        if here.disabled_at is not None or not here.mobile_sealed or not there.mobile_sealed:
            blocks.append("已停用、已注销或已释放手机号的账号不能合并，请先恢复或登记新手机号。")
        if stays.in_pool and ends.in_pool:
            blocks.append(
                f"两份专家档案都在库中（{stays.filed_expert.number}、{ends.filed_expert.number}），请先办理其中一份退库。"
            )
        elif ends.in_pool:
            blocks.append("要并入的账号有在库的专家档案，请反过来：从那个账号的页面合并，保留它。")
        if here.id_number_hash is None and there.id_number_hash is not None:
            blocks.append("要保留的账号没有实名注册，请反过来：保留已实名注册的账号。")
        blocking = await rows(_BLOCKS, here.id, there.id, correction_id, self.deps.now())
        return blocks + [_SENTENCES[row["block"]].format(row["names"]) for row in blocking]


def _differences(stays: Person, ends: Person) -> Iterator[str]:
    if stays.name and ends.name and not is_same_name(stays.name, ends.name):
        yield "姓名"
    numbers = [person.own_account.id_number_hash for person in (stays, ends)]
    if all(numbers) and numbers[0] != numbers[1]:
        yield "身份证号"


async def _count(ends: Person) -> list[MovedRows]:
    moved = []
    for (table, column), label in MOVED.items():
        [row] = await rows(
            f"SELECT count(*) AS n FROM {table} WHERE {column} = $1",  # names of ours
            ends.account_id,
        )
        moved += [MovedRows(label, row["n"])] if row["n"] else []
    return moved


def check_chosen(ids: list[UUID], person_id: UUID) -> UUID:
    """The only other person of a search. Raises InvalidInput."""
    others = [other for other in ids if other != person_id]
    if len(others) != 1:
        message = "没有找到另一个账号，请核对。" if not others else "找到的不止一个，请填手机号、身份证号或专家编号。"
        raise InvalidInput(message, code="no_other", field="other")
    return others[0]
