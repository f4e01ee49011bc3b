"""Sealed reports (举报): how a reporter hands one in, follows it by its code, and answers supervision.

No act here is recorded with an account, and nothing of the request but its form is read: an anonymous report says of
nobody that he wrote it, in no table and in no log.
"""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime

from domain.errors import Conflict, InvalidInput, NotFound, TooMany
from domain.reports.codes import make_code, make_number, read_code
from domain.reports.lifecycles import ReportState
from models.accounts import Account
from models.reports import Report, ReportFile, ReportMessage
from services.accounts import Puzzles
from services.core.base import Actor, Deps, record, transaction, violation
from services.core.crypto import REPORT
from services.core.limits import DAY, advisory_lock, seconds_until
from services.files import NO_EVIDENCE, EvidenceFiles, StoredEvidence
from services.reports.forms import MESSAGE_MAX, ReportForm, check_form, check_long
from services.reports.hashes import reporter_hash
from services.reports.readers import ReportReaders

FILES_MAX = 10
"""Files of a report, those added later included."""
MESSAGES_MAX = 50
"""Messages of a report."""
OWN_PER_DAY = 5
"""Reports that a person hands in in the chat within a day."""
_SHORTEST_KEY = 16
NEWS = "收到一件举报"
UNNAMED = "未登记姓名"
"""Of an account that has a mobile only."""
ADDED = "举报有新的补充"


@dataclass(frozen=True)
class HandedReport:
    """``code`` opens the report for its reporter; it is shown once."""

    number: str
    code: str


@dataclass(frozen=True)
class FollowedMessage:
    """``by_supervision``: a question; else what the reporter added."""

    by_supervision: bool
    text: str
    at: datetime


@dataclass(frozen=True)
class FollowedReport:
    """What the code shows: how it stands and what was asked. The report itself isn't shown again, nor who it was."""

    number: str
    state: ReportState
    received_at: datetime
    closed_at: datetime | None
    outcome: str
    messages: tuple[FollowedMessage, ...]
    files: int
    """How many are stored."""
    is_named: bool


@dataclass(frozen=True)
class ReportUpload:
    content: bytes = b""
    filename: str = ""


NO_REPORT_UPLOAD = ReportUpload()


@dataclass(frozen=True)
class Reporting:
    deps: Deps
    evidence: EvidenceFiles
    puzzles: Puzzles
    readers: ReportReaders

    async def is_open(self, pool: str) -> bool:
        """Whether somebody would read a report."""
        return bool(await self.readers.find(pool))

    async def hand_in(
        self,
        pool: str,
        form: ReportForm,
        *,
        key: str | None,
        address: str,
        proof: str,
        upload: ReportUpload = NO_REPORT_UPLOAD,
    ) -> HandedReport:
        """From the public page. The same form again (``key`` and all that was typed) is the same report and code.

        ``address`` and ``proof`` solve the page's puzzle; neither is stored. Raises InvalidInput with all faults,
        RuleViolation where nobody would read it: then nothing is stored.
        """
        await self._check_open(pool)
        content, reporter = check_form(form)
        sealed = (content.encode(), reporter.encode() if reporter else "")
        code = self._make_code(pool, key, *sealed)
        if earlier := await Report.get_or_none(code_hash=self._hash(code)):
            return HandedReport(earlier.number, code)
        evidence = await self._keep(pool, upload, is_named=reporter is not None)
        async with transaction():
            await advisory_lock(f"report:{self._hash(code)}")  # the same form, sent twice at once
            if earlier := await Report.get_or_none(code_hash=self._hash(code)):
                return HandedReport(earlier.number, code)
            await self.puzzles.redeem(address, proof)
            report = self._build(pool, code, *sealed)
            await self._save(report, evidence)
        return HandedReport(report.number, code)

    async def hand_in_own(self, actor: Actor, form: ReportForm, *, key: str | None = None) -> HandedReport:
        """From the chat, under the person's own name. Raises as ``hand_in``, NotFound for who is not bound, TooMany."""
        await self._check_open(actor.pool)
        account = await Account.get_or_none(id=actor.account_id, pool=actor.pool, disabled_at=None)
        if account is None:
            raise NotFound("请先绑定手机号。", code="not_bound")
        mobile = self.deps.keys.open_text(account.mobile_sealed, "mobile")
        name = account.real_name or UNNAMED
        content, reporter = check_form(
            ReportForm(form.occasion, form.text, form.draw, form.happened, named=True, name=name, mobile=mobile)
        )
        sealed = (content.encode(), reporter.encode() if reporter else "")
        code = self._make_code(actor.pool, f"{account.id} {key}" if key else None, *sealed)
        async with transaction():
            own = reporter_hash(self.deps.keys, account.id)
            await advisory_lock(f"report:{own}")
            if earlier := await Report.get_or_none(code_hash=self._hash(code)):
                return HandedReport(earlier.number, code)
            await self._check_number(own)
            report = self._build(actor.pool, code, *sealed)
            report.reporter_hash = own
            await self._save(report, NO_EVIDENCE)
        return HandedReport(report.number, code)

    async def follow(self, pool: str, code: str) -> FollowedReport:
        """Raises InvalidInput for what is no code, NotFound for an unknown one."""
        report = await self._find(pool, code)
        messages = await ReportMessage.filter(report_id=report.id).order_by("at", "id")
        return FollowedReport(
            report.number,
            ReportState(report.state),
            report.received_at,
            report.closed_at,
            self.deps.keys.read(report.outcome_sealed, REPORT),
            tuple(
                FollowedMessage(row.author_id is not None, self.deps.keys.open_text(row.text_sealed, REPORT), row.at)
                for row in messages
            ),
            await ReportFile.filter(report_id=report.id).count(),
            bool(report.reporter_sealed),
        )

    async def add(
        self, pool: str, code: str, text: str, *, key: str | None, upload: ReportUpload = NO_REPORT_UPLOAD
    ) -> None:
        """What the reporter answers or adds, also to a closed report: words, a file or both. A repetition is harmless.

        Raises InvalidInput, NotFound, Conflict beyond the number of files or messages.
        """
        report = await self._find(pool, code)
        words = "" if upload.content and not text.strip() else check_long(text, "text", "补充内容", MESSAGE_MAX)
        sent_hash = self.deps.keys.lookup_hash("report_message", f"{report.id} {_check_key(key)}")
        if await ReportMessage.exists(sent_hash=sent_hash):
            return
        evidence = await self._keep(pool, upload, is_named=bool(report.reporter_sealed))
        async with transaction():
            now = self.deps.now()
            locked = await Report.select_for_update().get(id=report.id)
            if await ReportMessage.exists(sent_hash=sent_hash):
                return
            await self._check_room(locked, evidence)
            await ReportMessage.create(
                report_id=report.id,
                text_sealed=self.deps.keys.seal(words or "（只有文件）", REPORT),
                at=now,
                sent_hash=sent_hash,
            )
            await self._save_file(locked, evidence, now)
            await record(Actor(pool, "guest"), now, "report.added", "report", report.id)
            await self.readers.notify(pool, ADDED, report.number, now)

    async def _check_open(self, pool: str) -> None:
        if not await self.is_open(pool):
            book = self.deps.book(pool)
            message = f"本专家库还没有受理举报的监督人，这里没有收下任何内容。{book.reports.elsewhere}"
            raise violation(book, "reports.elsewhere", message)

    def _make_code(self, pool: str, key: str | None, content: str, reporter: str) -> str:
        """Derived from the form's random key and all that was typed, so that the code of a form that is sent twice is
        shown twice although it is stored nowhere."""
        sent = "\0".join((pool, _check_key(key), content, reporter))
        return make_code(self.deps.keys.lookup_hash("report_code", sent))

    def _hash(self, code: str) -> str:
        return self.deps.keys.lookup_hash("report", code)

    def _build(self, pool: str, code: str, content: str, reporter: str) -> Report:
        now, keys, code_hash = self.deps.now(), self.deps.keys, self._hash(code)
        return Report(
            pool=pool,
            number=make_number(now, keys.lookup_hash("report_number", code_hash)),
            code_hash=code_hash,
            content_sealed=keys.seal(content, REPORT),
            reporter_sealed=keys.seal(reporter, REPORT) if reporter else "",
            state=ReportState.RECEIVED,
            received_at=now,
            outcome_sealed="",
        )

    async def _save(self, report: Report, evidence: StoredEvidence) -> None:
        now = report.received_at
        await report.save(force_create=True)
        await self._save_file(report, evidence, now)
        await record(Actor(report.pool, "guest"), now, "report.received", "report", report.id)
        await self.readers.notify(report.pool, NEWS, report.number, now)

    async def _save_file(self, report: Report, evidence: StoredEvidence, now: datetime) -> None:
        if evidence.key:
            await ReportFile.create(
                report_id=report.id,
                key=evidence.key,
                name_sealed=self.deps.keys.seal(evidence.name, REPORT),
                media_type=evidence.media_type,
                at=now,
            )

    async def _keep(self, pool: str, upload: ReportUpload, *, is_named: bool) -> StoredEvidence:
        if not upload.content:
            return NO_EVIDENCE
        return await self.evidence.keep(pool, upload.content, upload.filename, without_traces=not is_named)

    async def _find(self, pool: str, code: str) -> Report:
        plain = read_code(code)
        if plain is None:
            message = "查询码是20位字母和数字，提交举报时显示过一次，请核对后再填。"
            raise InvalidInput(message, code="no_code", field="code")
        report = await Report.get_or_none(pool=pool, code_hash=self._hash(plain))
        if report is None:
            message = "没有这个查询码，请核对后再填。办结满规定时间的举报已经删除。"
            raise InvalidInput(message, code="code_unknown", field="code")
        return report

    async def _check_number(self, reporter_hash: str) -> None:
        now = self.deps.now()
        recent = Report.filter(reporter_hash=reporter_hash, received_at__gt=now - DAY).order_by("-received_at")
        times = [report.received_at for report in await recent.limit(OWN_PER_DAY)]
        if len(times) >= OWN_PER_DAY:
            wait = seconds_until(times[-1] + DAY, now)
            message = f"一天最多提交{OWN_PER_DAY}件。补充已提交的举报，请用查询码在网页上补充。"
            raise TooMany(message, retry_after=wait, code="report_limit")

    async def _check_room(self, report: Report, evidence: StoredEvidence) -> None:
        if evidence.key and await ReportFile.filter(report_id=report.id).count() >= FILES_MAX:
            raise Conflict(
                f"一件举报最多{FILES_MAX}个文件。请写明还有什么，由监督人与您约定怎么交。", code="files_full"
            )
        if await ReportMessage.filter(report_id=report.id).count() >= MESSAGES_MAX:
            raise Conflict("这件举报的补充已达上限，请另外提交一件，写明原来的编号。", code="messages_full")


def _check_key(key: str | None) -> str:
    """Raises InvalidInput for a key that could be guessed: the code is derived from it."""
    if key is None or len(key) < _SHORTEST_KEY:
        raise InvalidInput("页面已过期，请刷新页面，再提交一次。", code="form_stale")
    return key
