"""An expert's file for the office: all fields with what they were before, account, units, applications, and the time
line. Every opening is logged, and a masked value is shown for a reason only."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import datetime
from typing import cast
from uuid import UUID

from domain.applications.lifecycles import ApplicationState
from domain.clock import local
from domain.errors import NotFound
from domain.experts.drawability import BARS, Reason, reasons_of
from domain.experts.file import history_of
from domain.experts.timeline import TimelineEntry
from domain.identity import age_on
from domain.masking import mask_mobile
from domain.rulebook.form import EntryType
from models.applications import Attachment
from models.experts import Employment
from services.core.base import Actor, Deps, Page, record, transaction
from services.core.permissions import check
from services.core.short_texts import check_text
from services.expert_file_views.fields import FileWords, change_values
from services.expert_file_views.reading import FileRecord, find_record
from services.expert_file_views.timeline import WHOLE, TimelineChoice, read_timeline
from services.expert_file_views.timeline_words import TimelineReader

REASON_MAX = 200
_APPS: Mapping[str, str] = {"oa": "公众号", "mini": "小程序"}


@dataclass(frozen=True)
class FormerLine:
    """A value that a field had from ``at`` until ``until``. ``author``: the member of the office who filed it."""

    value: str
    at: datetime
    until: datetime | None
    source: str
    author: str


@dataclass(frozen=True)
class FiledAttachment:
    """``covered``: sensitive, to be loaded only on request, since every opening is logged."""

    id: UUID
    application_id: UUID | None
    filename: str
    size: int
    picture: bool
    taken_over: bool
    covered: bool


@dataclass(frozen=True)
class OfficeFileLine:
    """A field. ``value`` empty: nothing is filed. ``former`` values newest first, without the present one; ``hidden``:
    all of them are masked."""

    code: str
    label: str
    value: str
    hidden: bool
    since: datetime | None
    source: str
    author: str
    former: tuple[FormerLine, ...]
    files: tuple[FiledAttachment, ...]


@dataclass(frozen=True)
class OfficeFilePart:
    title: str
    lines: tuple[OfficeFileLine, ...]


@dataclass(frozen=True)
class FiledUnit:
    """An employer; ``until`` None: the present one."""

    name: str
    credit_code: str
    since: datetime | None
    until: datetime | None


@dataclass(frozen=True)
class FiledApplication:
    id: UUID
    number: str
    name: str
    state: str
    at: datetime


@dataclass(frozen=True)
class AccountOfExpert:
    """``mobile`` masked. ``wechat``: where the expert's WeChat is bound; empty: nowhere."""

    mobile: str
    since: datetime
    registered_at: datetime | None
    disabled_at: datetime | None
    wechat: tuple[str, ...]


@dataclass(frozen=True)
class OfficeFile:
    """``standing``: 正式专家, 临时专家 …, in the pool's words; ``hindrances``: why he is not drawn now, in short.

    ``recusals``: the units by which a draw recuses him, in words, beside his employers of the past ``recusal_years``.
    """

    id: UUID
    number: str
    name: str
    standing: str
    emergency: str
    hindrances: tuple[str, ...]
    age: int | None
    term_until: datetime | None
    entered_at: datetime
    left_at: datetime | None
    left_reason: str
    account: AccountOfExpert | None
    parts: tuple[OfficeFilePart, ...]
    employers: tuple[FiledUnit, ...]
    recusals: tuple[str, ...]
    recusal_years: int
    applications: tuple[FiledApplication, ...]
    timeline: Page[TimelineEntry]


@dataclass(frozen=True)
class RevealedField:
    """A sensitive field in clear; ``former`` are its earlier values, newest first."""

    code: str
    value: str
    former: tuple[str, ...]


@dataclass(frozen=True)
class OfficeFiles:
    deps: Deps

    async def read(self, actor: Actor, expert_id: UUID, choice: TimelineChoice = WHOLE) -> OfficeFile:
        """The file of an expert of the pool, also of one who has left; the access is logged. Raises NotFound."""
        check(actor, "expert.read")
        filed = await self._find(actor, expert_id)
        async with transaction():
            await record(actor, self.deps.now(), "expert.file.read", "expert", expert_id)
        words = await FileWords.of(self.deps, filed, further=change_values(filed.changes))
        expert, book, now = filed.expert, words.book, self.deps.now()
        attachments = await _read_attachments(words)
        membership = book.membership
        return OfficeFile(
            id=expert.id,
            number=expert.number,
            name=expert.name,
            standing=membership.temporary if expert.membership_status == "temporary" else membership.formal,
            emergency=membership.emergency if expert.emergency else "",
            hindrances=_hindrances(reasons_of(filed.standing, book, now)) if expert.left_at is None else (),
            age=age_on(expert.born_on, local(now).date()) if expert.born_on else None,
            term_until=expert.term_until,
            entered_at=expert.created_at,
            left_at=expert.left_at,
            left_reason=expert.left_reason,
            account=_account(self.deps, filed),
            parts=tuple(
                OfficeFilePart(part.title, tuple(_line(words, code, attachments) for code in part.codes))
                for part in words.parts
            ),
            employers=tuple(_unit(job) for job in filed.employments),
            recusals=tuple(_key_words(key) for key in expert.recusal_keys),
            recusal_years=book.draw.employment_recusal_years,
            applications=tuple(_applications(words)),
            timeline=await read_timeline(self.deps, words, TimelineReader.OFFICE, choice),
        )

    async def reveal(self, actor: Actor, expert_id: UUID, code: str, reason: str) -> RevealedField:
        """A sensitive field in clear; the audit trail records who saw which one, and why. Raises NotFound for a field
        that isn't masked, InvalidInput without a reason."""
        check(actor, "expert.manage")
        reason = check_text(" ".join(reason.split()), "reason", "查看原因", REASON_MAX, required=True)
        filed = await self._find(actor, expert_id)
        words = await FileWords.of(self.deps, filed, further=change_values(filed.changes))
        shown = {name for part in words.parts for name in part.codes}
        value = words.present(code, masked=False)
        former = tuple(line.value for line in _former(words, code, masked=False))
        if code not in shown or not words.is_sensitive(code) or not (value or former):
            raise NotFound("这一项没有隐藏内容，请刷新页面。", code="nothing_hidden")
        async with transaction():
            await record(actor, self.deps.now(), "expert.file.reveal", "expert", expert_id, field=code, reason=reason)
        return RevealedField(code, value, former)

    async def _find(self, actor: Actor, expert_id: UUID) -> FileRecord:
        filed = await find_record(self.deps, actor.pool, expert_id, None)
        if filed is None:
            raise NotFound("找不到这位专家，请返回列表后刷新。", code="expert_unknown")
        return filed


def _hindrances(reasons: Sequence[Reason]) -> tuple[str, ...]:
    return tuple(dict.fromkeys(BARS[reason.code] for reason in reasons if reason.code in BARS))


def _account(deps: Deps, filed: FileRecord) -> AccountOfExpert | None:
    account = filed.account
    if account is None:
        return None
    return AccountOfExpert(
        mobile=mask_mobile(deps.keys.read(account.mobile_sealed, "mobile")),
        since=account.created_at,
        registered_at=account.registered_at,
        disabled_at=account.disabled_at,
        wechat=tuple(_APPS[app] for app in filed.wechat),
    )


def _line(words: FileWords, code: str, attachments: Mapping[UUID, Attachment]) -> OfficeFileLine:
    changed, value = words.changed_at(code), words.present(code, masked=True)
    covered, former = words.is_sensitive(code), tuple(_former(words, code, masked=True))
    files = tuple(
        _attachment(attachments[file_id], covered=covered) for file_id in words.files(code) if file_id in attachments
    )
    return OfficeFileLine(
        code=code,
        label=words.label(code),
        value=value,
        hidden=covered and bool(value or former) and not files,
        since=changed.at if changed else None,
        source=words.source(changed) if changed else "",
        author=words.author(changed) if changed else "",
        former=former,
        files=files,
    )


def _former(words: FileWords, code: str, *, masked: bool) -> list[FormerLine]:
    """Earlier values of a field, newest first; none of a field that only follows from another (性别)."""
    field = words.field(code)
    if field is not None and field.account in ("sex", "birth", "age"):
        return []
    steps = history_of(words.record.changes, words.filed_as(code))[:-1]
    shown = [(step, words.show(words.filed_as(code), step.value, masked=masked)) for step in reversed(steps)]
    return [
        FormerLine(value, step.change.at, step.until, words.source(step.change), words.author(step.change))
        for step, value in shown
        if value
    ]


def _attachment(attachment: Attachment, *, covered: bool) -> FiledAttachment:
    return FiledAttachment(
        id=attachment.id,
        application_id=attachment.application_id,
        filename=attachment.filename,
        size=attachment.size,
        picture=attachment.media_type.startswith("image/"),
        taken_over=attachment.taken_from is not None,
        covered=covered,
    )


async def _read_attachments(words: FileWords) -> dict[UUID, Attachment]:
    """The files of the present file that the store still has, by id."""
    ids = [file_id for part in words.parts for code in part.codes for file_id in words.files(code)]
    stored = Attachment.filter(id__in=ids, state="ready", draw_id=None)
    return {attachment.id: attachment for attachment in await stored} if ids else {}


def _unit(job: Employment) -> FiledUnit:
    return FiledUnit(job.unit_name, job.credit_code, job.since, job.until)


def _key_words(key: str) -> str:
    kind, _, text = key.partition(":")
    return f"统一社会信用代码{text}" if kind == "code" else f"单位名称“{text}”"


def _applications(words: FileWords) -> list[FiledApplication]:
    return [
        FiledApplication(
            application.id,
            application.number,
            f"{words.book.campaigns.name_of(cast(EntryType, application.entry_type))}申请",
            ApplicationState(application.state).label,
            application.ended_at or application.submitted_at or application.created_at,
        )
        for application in words.record.applications
    ]
