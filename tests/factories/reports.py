"""Reports (举报), the supervisors who read them, and all rows of a database as text."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from dataclasses import replace as replaced
from typing import Any
from urllib.parse import quote
from uuid import UUID

from app.players.puzzles import solve
from domain.reports.codes import make_number
from domain.reports.lifecycles import ReportOccasion
from models.accounts import Account
from models.reports import Report, ReportFile, ReportMessage
from services.core.base import Actor, Deps, rows
from services.core.crypto import REPORT
from services.registry import Services
from services.reports import HandedReport, ReportForm, ReportUpload
from services.reports.forms import ReportContent, Reporter
from tests.factories.people import make_account, make_grant

TEXT = "11月20日晚上八点有人打电话问我是不是评委，说事成给两万元，号码13911112222。"
ADDRESS = "203.0.113.77"
FORM = ReportForm("bribe", TEXT, draw="CQSQ202611200001", happened="11月20日晚，电话")
NAMED = replaced(FORM, named=True, name="林冲", mobile="13922223333")
OTHER_MATTER = ReportForm("other", "另一件事情，也请监督人看一看。")
_TABLES = """
SELECT tablename FROM pg_tables WHERE schemaname = 'public' ORDER BY tablename
"""


async def make_reader(deps: Deps, *, pool: str = "demo", name: str = "宋监督") -> Actor:
    """A supervisor of the whole pool, who holds no other office."""
    account = await make_account(deps, pool=pool, real_name=name)
    await make_grant(account, "supervisor")
    return Actor(pool, "supervisor", account.id)


async def make_report(deps: Deps, text: str = TEXT, *, key: str = "") -> tuple[UUID, UUID]:
    """A named report with an answered question, a file of this key, and their ids; nobody is told of it."""
    keys, now = deps.keys, deps.now()
    content = ReportContent(ReportOccasion.OTHER, text, text, text)
    report = await Report.create(
        pool="demo",
        number=make_number(now, keys.lookup_hash("report_number", text)),
        code_hash=keys.lookup_hash("report", text),
        content_sealed=keys.seal(content.encode(), REPORT),
        reporter_sealed=keys.seal(Reporter(text, text).encode(), REPORT),
        state="received",
        received_at=now,
        outcome_sealed="",
    )
    message = {"report_id": report.id, "text_sealed": keys.seal(text, REPORT), "at": now}
    await ReportMessage.create(**message, sent_hash=keys.lookup_hash("report_message", text))
    name = keys.seal("a.pdf", REPORT)
    stored = await ReportFile.create(
        report_id=report.id, key=key, name_sealed=name, media_type="application/pdf", at=now
    )
    return report.id, stored.id


@dataclass
class ReportsScene:
    """A pool with somebody who reads reports."""

    services: Services
    reader: Actor
    numbers: list[int] = field(default_factory=list)

    def key(self) -> str:
        """A form's random key."""
        self.numbers.append(len(self.numbers))
        return f"form-of-a-reporter-{len(self.numbers):08}"

    def proof(self) -> str:
        return solve(self.services.accounts.puzzles.issue(ADDRESS))

    async def hand_in(
        self,
        form: ReportForm = FORM,
        *,
        key: str = "",
        upload: ReportUpload | None = None,
        proof: str = "",
        pool: str = "demo",
    ) -> HandedReport:
        return await self.services.reports.reporting.hand_in(
            pool,
            form,
            key=key or self.key(),
            address=ADDRESS,
            proof=proof or self.proof(),
            upload=upload or ReportUpload(),
        )

    async def id_of(self, handed: HandedReport) -> UUID:
        [line] = [
            line
            for line in (await self.services.reports.examination.page(self.reader)).items
            if line.number == handed.number
        ]
        return line.id


async def dump(*, but: tuple[str, ...] = ()) -> str:
    """Every row of every table, jobs included, as one text."""
    parts = []
    for table in [row["tablename"] for row in await rows(_TABLES)]:
        if table not in but:
            parts += [f"{table} {row['content']}" for row in await rows(f'SELECT t::text AS content FROM "{table}" t')]
    return "\n".join(parts)


def traces(account: Account, *texts: str) -> list[str]:
    """What would say that this person wrote these texts: in clear, escaped, in an address."""
    spelled = [spelling for text in texts for spelling in (text, json.dumps(text)[1:-1], quote(text))]
    return [str(account.id), account.mobile_hash, *spelled]


def none_in(text: str, *parts: str) -> list[Any]:
    """Those of the parts that the text contains."""
    return [part for part in parts if part in text]
