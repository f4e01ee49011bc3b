"""Supervision reads reports, asks their reporters, and closes them. Each reading is recorded, and shown to all who
read."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import Literal
from uuid import UUID

from domain.errors import NotFound
from domain.reports.lifecycles import REPORT, ReportEvent, ReportState
from models.reports import Report, ReportFile, ReportMessage
from services.core.base import Actor, Deps, Page, record, rows, transaction
from services.core.crypto import REPORT as SEALED
from services.files import EvidenceFiles, FileLost
from services.reports.forms import MESSAGE_MAX, OUTCOME_MAX, ReportContent, Reporter, check_long
from services.reports.readers import READER, ReportReaders

_READINGS = """
SELECT e.at, coalesce(a.real_name, '') AS name, e.action FROM audit_entry e LEFT JOIN account a ON a.id = e.actor_id
 WHERE e.pool = $1 AND e.subject = 'report' AND e.subject_id = $2 AND e.actor_id IS NOT NULL
 ORDER BY e.at DESC, e.id DESC LIMIT 50
"""
_WAITING = f"""
SELECT EXISTS ({READER}) AS reads,
  (SELECT count(*) FROM report WHERE pool = $1 AND state = 'received') AS n
"""
_ACTS = {
    "report.read": "查看",
    "report.file_read": "打开文件",
    "report.asked": "询问举报人",
    "report.examined": "开始核查",
    "report.closed": "办结",
    "report.reopened": "重新核查",
}
_STATES: dict[ReportEvent, Literal["report.examined", "report.closed", "report.reopened"]] = {
    ReportEvent.EXAMINE: "report.examined",
    ReportEvent.CLOSE: "report.closed",
    ReportEvent.REOPEN: "report.reopened",
}


@dataclass(frozen=True)
class ReportLine:
    """A report in the list, which tells nothing of its contents but whether the reporter has answered since."""

    id: UUID
    number: str
    state: ReportState
    received_at: datetime
    is_named: bool
    unread: bool
    """The newest message is the reporter's, or nobody has begun."""


@dataclass(frozen=True)
class ReadMessage:
    """``by_supervision``: a question; else what the reporter added."""

    by_supervision: bool
    text: str
    at: datetime


@dataclass(frozen=True)
class ReadFile:
    id: UUID
    name: str
    at: datetime


@dataclass(frozen=True)
class Reading:
    """Who of supervision did what, and when."""

    name: str
    act: str
    at: datetime


@dataclass(frozen=True)
class ReadReport:
    """A report in full. ``reporter`` None: anonymous."""

    id: UUID
    number: str
    state: ReportState
    received_at: datetime
    closed_at: datetime | None
    content: ReportContent
    reporter: Reporter | None
    outcome: str
    messages: tuple[ReadMessage, ...]
    files: tuple[ReadFile, ...]
    readings: tuple[Reading, ...]


@dataclass(frozen=True)
class Examination:
    deps: Deps
    evidence: EvidenceFiles
    readers: ReportReaders

    async def page(self, actor: Actor, *, state: str = "", offset: int = 0, limit: int = 20) -> Page[ReportLine]:
        """Newest first. Raises Forbidden for who may not read reports."""
        await self.readers.check(actor)
        chosen = Report.filter(pool=actor.pool)
        if state:
            chosen = chosen.filter(state=state)
        reports = await chosen.order_by("-received_at", "-id").offset(offset).limit(min(limit, 100))
        answered = {
            row["report_id"]: row["author_id"] is None
            for row in await ReportMessage.filter(report_id__in=[report.id for report in reports])
            .order_by("at", "id")
            .values("report_id", "author_id")
        }
        return Page(
            tuple(
                ReportLine(
                    report.id,
                    report.number,
                    ReportState(report.state),
                    report.received_at,
                    bool(report.reporter_sealed),
                    report.state == ReportState.RECEIVED or answered.get(report.id, False),
                )
                for report in reports
            ),
            await chosen.count(),
        )

    async def count_waiting(self, actor: Actor) -> int | None:
        """Reports that nobody has begun to examine; None for who reads none."""
        [counted] = await rows(_WAITING, actor.pool, actor.account_id)
        return counted["n"] if counted["reads"] else None

    async def read(self, actor: Actor, report_id: UUID) -> ReadReport:
        """A report in full; recorded before it is shown. Raises NotFound, Forbidden."""
        await self.readers.check(actor)
        async with transaction():
            report = await _get(actor, report_id)
            await record(actor, self.deps.now(), "report.read", "report", report.id)
        keys = self.deps.keys
        messages = await ReportMessage.filter(report_id=report.id).order_by("at", "id")
        files = await ReportFile.filter(report_id=report.id).order_by("at", "id")
        return ReadReport(
            report.id,
            report.number,
            ReportState(report.state),
            report.received_at,
            report.closed_at,
            ReportContent.decode(keys.open_text(report.content_sealed, SEALED)),
            Reporter.decode(keys.open_text(report.reporter_sealed, SEALED)) if report.reporter_sealed else None,
            keys.read(report.outcome_sealed, SEALED),
            tuple(
                ReadMessage(row.author_id is not None, keys.open_text(row.text_sealed, SEALED), row.at)
                for row in messages
            ),
            tuple(ReadFile(row.id, keys.open_text(row.name_sealed, SEALED), row.at) for row in files),
            tuple(
                Reading(row["name"], _ACTS.get(row["action"], row["action"]), row["at"])
                for row in await rows(_READINGS, actor.pool, report.id)
            ),
        )

    async def read_file(self, actor: Actor, report_id: UUID, file_id: UUID) -> tuple[str, str, bytes]:
        """Name, media type and content of a file; recorded. Raises NotFound, Forbidden, Unavailable."""
        await self.readers.check(actor)
        async with transaction():
            report = await _get(actor, report_id)
            row = await ReportFile.get_or_none(id=file_id, report_id=report.id)
            if row is None:
                raise NotFound("找不到这个文件，请返回后刷新。", code="file_unknown")
            await record(actor, self.deps.now(), "report.file_read", "report", report.id, file=str(row.id))
        try:
            content = await self.evidence.read(row.key)
        except FileLost as error:
            raise NotFound("这个文件已丢失，请举报人再交一次。", code="file_lost") from error
        return self.deps.keys.open_text(row.name_sealed, SEALED), row.media_type, content

    async def examine(self, actor: Actor, report_id: UUID) -> None:
        """Begin to examine it. A repetition is harmless."""
        async with transaction():
            report = await self._lock(actor, report_id)
            if report.state != ReportState.EXAMINED:
                await self._move(actor, report, ReportEvent.EXAMINE)

    async def ask(self, actor: Actor, report_id: UUID, text: str, *, key: str | None) -> None:
        """Write to the reporter, who reads it by the code; begins the examination. Raises InvalidInput."""
        words = check_long(text, "text", "给举报人的话", MESSAGE_MAX)
        async with transaction():
            report, now = await self._lock(actor, report_id), self.deps.now()
            sent_hash = self.deps.keys.lookup_hash("report_question", f"{report.id} {actor.account_id} {key}")
            if key is not None and await ReportMessage.exists(sent_hash=sent_hash):
                return
            if report.state == ReportState.RECEIVED:
                await self._move(actor, report, ReportEvent.EXAMINE)
            await ReportMessage.create(
                report_id=report.id,
                text_sealed=self.deps.keys.seal(words, SEALED),
                at=now,
                author_id=actor.account_id,
                sent_hash=sent_hash,
            )
            await record(actor, now, "report.asked", "report", report.id)

    async def close(self, actor: Actor, report_id: UUID, outcome: str) -> None:
        """Close it with the outcome for the reporter. Raises InvalidInput, Conflict for a closed one."""
        words = check_long(outcome, "outcome", "告知举报人的结果", OUTCOME_MAX)
        async with transaction():
            report = await self._lock(actor, report_id)
            report.outcome_sealed, report.closed_at = self.deps.keys.seal(words, SEALED), self.deps.now()
            await self._move(actor, report, ReportEvent.CLOSE)

    async def reopen(self, actor: Actor, report_id: UUID) -> None:
        """Examine a closed one again; its outcome is taken back. A repetition is harmless."""
        async with transaction():
            report = await self._lock(actor, report_id)
            if report.state == ReportState.EXAMINED:
                return
            report.outcome_sealed, report.closed_at = "", None
            await self._move(actor, report, ReportEvent.REOPEN)

    async def _lock(self, actor: Actor, report_id: UUID) -> Report:
        await self.readers.check(actor)
        report = await Report.select_for_update().get_or_none(id=report_id, pool=actor.pool)
        if report is None:
            raise _unknown()
        return report

    async def _move(self, actor: Actor, report: Report, event: ReportEvent) -> None:
        report.state = REPORT.next(ReportState(report.state), event)
        await report.save(update_fields=["state", "outcome_sealed", "closed_at"])
        await record(actor, self.deps.now(), _STATES[event], "report", report.id)


async def _get(actor: Actor, report_id: UUID) -> Report:
    report = await Report.get_or_none(id=report_id, pool=actor.pool)
    if report is None:
        raise _unknown()
    return report


def _unknown() -> NotFound:
    return NotFound("找不到这件举报，可能已到期删除，请返回列表。", code="report_unknown")
