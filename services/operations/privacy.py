"""A person's own data: export, and deletion as far as the law allows."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import date, datetime
from typing import Any
from uuid import UUID

from tortoise.expressions import Q

from domain.clock import local, print_date
from domain.errors import AppError, Conflict, Unauthenticated
from domain.experts.file import FileChange
from domain.identity import IdentityVerificationResult
from models.accounts import (
    Account,
    FormDraft,
    KnownBrowser,
    RoleGrant,
    Session,
    VerificationCode,
    WechatIdentity,
    WrongTry,
)
from models.applications import Application
from models.attendance import Attendance, LateArrival, PresenceClaim
from models.draws import Draw
from models.experts import Employment, Expert, Unavailability
from models.incoming_calls import IncomingCall
from models.invitations import Invitation
from models.notices import Notice
from models.organisations import AgentLink, Organisation
from models.remuneration import Remuneration
from models.reviews import ReviewAssignment, ReviewSubstitution
from models.sanctions import Sanction
from services.accounts import Source, VerificationCodes, forget_identities
from services.applications import collect, erase_unsent
from services.certificates import collect_certificates
from services.core.base import Actor, Deps, execute, record
from services.core.crypto import TEXT
from services.core.idempotency import once
from services.corrections import collect_corrections, erase_corrections
from services.courses import collect_courses
from services.exams import collect_exams
from services.expert_file_views import FileWords, find_record
from services.expert_files import changes_of
from services.experts import remove_expert
from services.notifications import FAREWELL, Notices
from services.operations.readable_data import DataSection, readable_data
from services.reports import collect_contact_answers, collect_reports

KEPT = (
    "专家档案：依法存档，只作存档；注销即退库，不会再抽取或通知您，重新入库须重新申请",
    "抽取、答复、签到记录：依法存档，到期前不能删除",
    "已提交的入库申请、审核和缴费记录：依法存档，到期前不能删除",
    "举报和评标后的回答：密封保存，只有监督人能看到，到期删除",
    "操作留痕：依法存档，不含身份证号和手机号明文",
)
"""Data that the law makes us keep, shown to the person (招标投标法实施条例 archives, 个人信息保护法 article 47)."""

_SANCTION_TIMES = ("decided_at", "starts_at", "ends_at", "lifted_at", "appealed_at", "answered_at")
CLOSED_BY_SELF = "本人注销账号"

REMOVED = (
    "微信标识和订阅状态",
    "手机号、姓名与身份证号（账号）",
    "登录状态、密码与验证码",
    "同意记录以外的账号资料",
    "未提交就放弃的入库申请及其附件、打印的表格",
    "通知中的手机号（注销短信发出后）",
)


@dataclass(frozen=True)
class Deleted:
    """Sentences for the person: what was deleted, and what the law makes us keep."""

    removed: tuple[str, ...]
    retained: tuple[str, ...]


@dataclass(frozen=True)
class Privacy:
    deps: Deps
    codes: VerificationCodes
    notices: Notices

    async def export(self, actor: Actor, code: str) -> dict[str, Any]:
        """All stored data about the person, JSON-able, in clear.

        ``code`` is an SMS code with purpose ``privacy``, so that a lent phone doesn't reveal the ID number. Raises the
        errors of a wrong code.
        """

        async def run() -> dict[str, Any] | AppError:
            account = await self._lock_account(actor)
            if refusal := await self._redeem_code(account, code):
                return refusal
            await record(actor, self.deps.now(), "privacy.export", "account", account.id)
            return await self._collect_account(account)

        return await once(owner="privacy.export", key=None, deps=self.deps, answer=dict[str, Any], run=run)

    async def read(self, actor: Actor, code: str) -> tuple[DataSection, ...]:
        """The same in words, for the person to read. ``code`` as for ``export``."""
        data, account_id = await self.export(actor, code), _account_id(actor)
        expert = await Expert.get_or_none(account_id=account_id, left_at=None)
        filed = await find_record(self.deps, actor.pool, expert.id, account_id) if expert else None
        file = await FileWords.of(self.deps, filed) if filed else None
        return await readable_data(self.deps.book(actor.pool), data, file)

    async def delete(self, actor: Actor, code: str, *, key: str | None = None) -> Deleted:
        """Delete the account's data; draw records stay. ``code`` as for ``export``.

        Raises Conflict while the person has panels ahead, draws or an application under way, since he could not be
        reached any more.
        """
        account_id = _account_id(actor)

        async def run() -> Deleted | AppError:
            account = await self._lock_account(actor)
            now = self.deps.now()
            # with the expert records locked no call can be opened, so the check sees all calls
            files = await Expert.filter(account_id=account.id, left_at=None).order_by("id").select_for_update()
            await self._check_free(account.id, now)
            if refusal := await self._redeem_code(account, code):
                return refusal
            for expert in files:
                await remove_expert(self.deps, actor, expert, CLOSED_BY_SELF, now)
            mobile = self.deps.keys.open_text(account.mobile_sealed, "mobile")
            await self._erase_account(account, now)
            await self._say_farewell(account, mobile, now)
            await record(actor, now, "privacy.delete", "account", account.id)
            return Deleted(REMOVED, KEPT)

        return await once(owner=f"privacy.delete:{account_id}", key=key, deps=self.deps, answer=Deleted, run=run)

    async def _lock_account(self, actor: Actor) -> Account:
        account = await Account.select_for_update().get_or_none(id=_account_id(actor), disabled_at=None)
        if account is None:
            raise Unauthenticated("请先登录并绑定手机号。")
        return account

    async def _redeem_code(self, account: Account, code: str) -> AppError | None:
        mobile = self.deps.keys.open_text(account.mobile_sealed, "mobile")
        return await self.codes.redeem(account.pool, mobile, "privacy", code, Source(account_id=account.id))

    async def _check_free(self, account_id: UUID, now: datetime) -> None:
        busy = Invitation.filter(expert__account_id=account_id, state__in=["open", "accepted"], ends_at__gt=now)
        if await busy.exists():
            raise Conflict("您还有未结束的评标活动或待答复的邀请，请结束或请假后再注销。", code="panels_ahead")
        if await Application.exists(account_id=account_id, ended_at=None):
            raise Conflict("您还有办理中的入库申请，请办结或放弃申请后再注销。", code="application_under_way")
        if await Draw.filter(agent_id=account_id, started_at__not_isnull=True, ended_at=None).exists():
            raise Conflict("您还有未结束的抽取活动，请结束后再注销。", code="draws_under_way")

    async def _erase_account(self, account: Account, now: datetime) -> None:
        identities = await WechatIdentity.filter(account_id=account.id).values_list("id", flat=True)
        await forget_identities([UUID(str(identity_id)) for identity_id in identities], now)
        await execute("UPDATE session SET revoked_at = COALESCE(revoked_at, $2) WHERE account_id = $1", account.id, now)
        codes = VerificationCode.filter(pool=account.pool, mobile_hash=account.mobile_hash)
        sent = [f"code:{code.id}" for code in await codes]
        notices = Notice.filter(Q(account_id=account.id) | Q(pool=account.pool, dedupe_key__in=sent)).exclude(
            state="active"
        )
        await notices.update(mobile_sealed="")
        await codes.delete()
        await RoleGrant.filter(account_id=account.id, revoked_at=None).update(revoked_at=now)
        await ReviewAssignment.filter(account_id=account.id, revoked_at=None).update(revoked_at=now)
        for side in ("account_id", "substitute_id"):
            await ReviewSubstitution.filter(**{side: account.id}, ended_at=None).update(ended_at=now)
        await erase_unsent(account.id, now)
        await AgentLink.filter(account_id=account.id, revoked_at=None).update(revoked_at=now)
        await Organisation.filter(legal_account_id=account.id).update(legal_account_id=None)
        await Expert.filter(account_id=account.id).update(account_id=None)
        await WrongTry.filter(pool=account.pool, subject__in=[str(account.id), account.mobile_hash]).delete()
        await IncomingCall.filter(caller_hash=account.mobile_hash).delete()
        await KnownBrowser.filter(account_id=account.id).delete()
        await FormDraft.filter(account_id=account.id).delete()
        await erase_corrections(account.id, now)
        # the hash is unique in its pool and can't be empty: the number may register again
        account.mobile_sealed, account.mobile_hash, account.real_name = "", f"deleted:{account.id}", ""
        account.id_number_sealed, account.id_number_hash, account.registered_at = "", None, None
        account.identity_verification = ""
        account.identity_verified_at = account.identity_verification_due_at = None
        account.password_hash, account.password_initial = "", False
        account.disabled_at = now
        await account.save()

    async def _say_farewell(self, account: Account, mobile: str, now: datetime) -> None:
        """To the number itself: a stranger who has closed the account is noticed."""
        await self.notices.notify(
            pool=account.pool,
            kind=FAREWELL,
            dedupe_key=f"{FAREWELL}:{account.id}",
            mobile=mobile,
            params={
                "at": f"{print_date(now)} {local(now):%H:%M}",
                "hotline": self.deps.book(account.pool).pool.hotline,
            },
        )

    async def _collect_account(self, account: Account) -> dict[str, Any]:
        keys = self.deps.keys
        expert = await Expert.get_or_none(account_id=account.id, left_at=None)
        identities = await WechatIdentity.filter(account_id=account.id).values("app", "openid", "unionid", "bound_at")
        links = await AgentLink.filter(account_id=account.id).values(
            "organisation__name", "valid_from", "valid_until", "revoked_at", "declined_at"
        )
        applied = await collect(self.deps, account.id)
        return {
            "account": {
                "mobile": keys.open_text(account.mobile_sealed, "mobile"),
                "name": account.real_name,
                "id_number": keys.read(account.id_number_sealed, "id_number"),
                "registered_at": _iso(account.registered_at),
                "person_check": IdentityVerificationResult(account.identity_verification).label,
                "person_checked_at": _iso(account.identity_verified_at),
                "mobile_changed_at": _iso(account.mobile_changed_at),
                "password_set_at": _iso(account.password_set_at),
                "created_at": _iso(account.created_at),
                "privacy_version": account.privacy_version,
                "privacy_accepted_at": _iso(account.privacy_accepted_at),
            },
            "wechat": [_as_json(row) for row in identities],
            "log_ins": [
                _as_json(row) for row in await Session.filter(account_id=account.id).values("device", "created_at")
            ],
            "organisations": [_as_json(row) for row in links],
            "notices": [
                _as_json(row)
                for row in await Notice.filter(account_id=account.id).values("kind", "params", "created_at")
            ],
            "expert": await self._collect_expert(expert) if expert else None,
            "sanctions": await self._collect_sanctions(account),
            "certificates": [_as_json(row) for row in await collect_certificates(account.id)],
            "courses": [_as_json(row) for row in await collect_courses(account.id)],
            "exams": await collect_exams(account.id),
            "reports": [_as_json(row) for row in await collect_reports(self.deps, account.id)],
            "contact_answers": [_as_json(row) for row in await collect_contact_answers(self.deps, account.id)],
            "corrections": [_as_json(row) for row in await collect_corrections(account.id)],
            **{noun: [_as_json(row) for row in records] for noun, records in applied.items()},
        }

    async def _collect_sanctions(self, account: Account) -> list[dict[str, Any]]:
        """What the office imposed on the person, also before he left the pool."""
        imposed = Sanction.filter(expert__account_id=account.id, state__in=["imposed", "lifted"]).order_by("decided_at")
        return [
            {
                **{name: getattr(sanction, name) for name in ("kind", "state", "reason", "lift_reason", "answer")},
                **{name: _iso(getattr(sanction, name)) for name in _SANCTION_TIMES},
                "appeal": self.deps.keys.read(sanction.appeal_sealed, TEXT),
            }
            for sanction in await imposed
        ]

    async def _collect_expert(self, expert: Expert) -> dict[str, Any]:
        keys = self.deps.keys
        jobs = Employment.filter(expert_id=expert.id).values("unit_name", "credit_code", "since", "until")
        away = Unavailability.filter(expert_id=expert.id).values(
            "starts_at", "ends_at", "weekdays", "from_minute", "to_minute", "reason", "cancelled_at"
        )
        return {
            "number": expert.number,
            "name": expert.name,
            "id_number": keys.open_text(expert.id_number_sealed, "id_number"),
            "mobile": keys.open_text(expert.mobile_sealed, "mobile"),
            "membership_status": expert.membership_status,
            "permanent_region": expert.permanent_region,
            "willing_regions": list(expert.willing_regions),
            "specialties": list(expert.specialties),
            "title_level": expert.title_level,
            "qualifications": list(expert.qualifications),
            "department": expert.department,
            "file": [_change_as_json(change) for change in (await changes_of(self.deps, [expert.id]))[expert.id]],
            "employments": [_as_json(row) for row in await jobs],
            "unavailable": [_as_json(row) for row in await away],
            **await _collect_panels(expert.id),
        }


async def _collect_panels(expert_id: UUID) -> dict[str, Any]:
    """Invitations of an expert, and what followed from them."""
    called = (
        Invitation.filter(expert_id=expert_id)
        .order_by("created_at")
        .values("id", "state", "created_at", "answered_at", "answered_by", "gathering_at")
    )
    came = Attendance.filter(invitation__expert_id=expert_id).values("invitation_id", "direction", "at", "method")
    owed = Remuneration.filter(expert_id=expert_id).values(
        "invitation_id",
        "state",
        "amount",
        "lines",
        "reason",
        "dispute",
        "reply",
        "proposed_at",
        "paid_on",
        "paid_way",
    )
    claimed = PresenceClaim.filter(invitation__expert_id=expert_id).values("invitation_id", "at")
    announced = LateArrival.filter(invitation__expert_id=expert_id).order_by("stated_at")
    return {
        "invitations": [_as_json(row) for row in await called],
        "attendance": [_as_json(row) for row in await came],
        "presence_claims": [_as_json(row) for row in await claimed],
        "late_arrivals": [
            _as_json(row)
            for row in await announced.values("invitation_id", "stated_at", "minutes", "reason", "told_by", "ending")
        ],
        "remunerations": [_as_json(row) for row in await owed],
    }


def _change_as_json(change: FileChange) -> dict[str, Any]:
    """A change of the file: when, by what, and the fields that it set, null for an emptied one."""
    return {"at": change.at.isoformat(), "source": change.source.value, "values": dict(change.values)}


def _account_id(actor: Actor) -> UUID:
    if actor.account_id is None:
        raise Unauthenticated("请先登录并绑定手机号。")
    return actor.account_id


def _iso(at: datetime | None) -> str | None:
    return at.isoformat() if at else None


def _as_json(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: value.isoformat() if isinstance(value, date) else str(value) if isinstance(value, UUID) else value
        for name, value in row.items()
    }
