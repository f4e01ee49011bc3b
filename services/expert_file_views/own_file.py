"""我的档案: all that the pool holds of an expert, since when and from what, how each field can be changed, and what has
happened since."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import cast, get_args
from uuid import UUID

from domain.applications.lifecycles import ApplicationState
from domain.errors import AppError, NotFound
from domain.experts.drawability import Reason, reasons_of
from domain.experts.file import RETIRED
from domain.experts.timeline import TimelineEntry
from domain.forms.checking import fields_of
from domain.rulebook.book import Rulebook
from domain.rulebook.form import EntryType, FormField
from models.applications import Application
from services.applications import BANK, bank_of, check_change, page_of
from services.core.base import Actor, Deps, Page
from services.core.permissions import EXPERTS_ONLY, check
from services.expert_file_views.fields import FileWords, change_values
from services.expert_file_views.reading import FileRecord, find_record
from services.expert_file_views.timeline import WHOLE, TimelineChoice, read_timeline
from services.expert_file_views.timeline_words import TimelineReader


@dataclass(frozen=True)
class Way:
    """How fields are changed. ``route`` empty: ``text`` says why they can't be changed here. ``short`` stands beside
    each field."""

    short: str
    text: str
    route: str = ""


@dataclass(frozen=True)
class FileLine:
    """A field with its present value; ``value`` empty: nothing is filed. Personal numbers are masked for their owner as
    well, since phones are lent."""

    code: str
    label: str
    value: str
    since: datetime | None
    source: str
    way: Way


@dataclass(frozen=True)
class FilePart:
    """A section of the form."""

    title: str
    lines: tuple[FileLine, ...]


@dataclass(frozen=True)
class EarlierApplication:
    """``name``: 新增, 续聘 …; ``at``: when it ended, else when it was handed in or begun; ``page``: its progress."""

    id: UUID
    number: str
    name: str
    state: str
    at: datetime
    page: str


@dataclass(frozen=True)
class OwnFile:
    """``reasons``: why no draw, or not every draw, calls the expert now. ``emergency``: badge of an emergency expert
    and what it means in the pool; both empty for others."""

    number: str
    term_until: datetime | None
    parts: tuple[FilePart, ...]
    ways: tuple[Way, ...]
    """Each way once, in the order of the fields."""
    applications: tuple[EarlierApplication, ...]
    reasons: tuple[Reason, ...]
    emergency: tuple[str, str]
    timeline: Page[TimelineEntry]


@dataclass(frozen=True)
class OwnFiles:
    deps: Deps

    async def read(self, actor: Actor, choice: TimelineChoice = WHOLE) -> OwnFile:
        """The actor's own file. Raises Forbidden, NotFound for a person who is not in the pool."""
        record = await self._find_own(actor)
        words = await FileWords.of(self.deps, record, further=change_values(record.changes))
        change = self._way_to_change(words, record)
        parts = tuple(
            FilePart(part.title, tuple(_line(words, code, change) for code in part.codes)) for part in words.parts
        )
        return OwnFile(
            number=record.expert.number,
            term_until=record.expert.term_until,
            parts=parts,
            ways=tuple(dict.fromkeys(line.way for part in parts for line in part.lines)),
            applications=tuple(_earlier(words.book, application) for application in record.applications),
            reasons=reasons_of(record.standing, words.book, self.deps.now()),
            emergency=_emergency(words.book) if record.expert.emergency else ("", ""),
            timeline=await read_timeline(self.deps, words, TimelineReader.OWNER, choice),
        )

    async def find_way_to_change(self, actor: Actor) -> Way:
        """How what must be reviewed is changed now. Raises Forbidden, NotFound for a person who is not in the pool."""
        record = await self._find_own(actor)
        book = self.deps.book(actor.pool)
        if "change" not in book.campaigns.entry_types:
            return Way("请联系管理机构", f"需要更正的，请拨打{book.pool.hotline}。")
        return self._way_to_change(await FileWords.of(self.deps, record), record)

    async def _find_own(self, actor: Actor) -> FileRecord:
        check(actor, "expert.self.read")
        record = await find_record(self.deps, actor.pool, actor.expert_id, actor.account_id)
        if record is None or record.expert.left_at is not None:
            raise NotFound("入库成为专家后才有专家档案。已退库的，可以查看处理记录、提出申诉。", code=EXPERTS_ONLY)
        return record

    def _way_to_change(self, words: FileWords, record: FileRecord) -> Way:
        """Whether the pool takes changes of this person now, by the rules that the application itself goes by."""
        pool, name = words.book.pool.code, words.book.campaigns.change_title
        live = (application for application in record.applications if application.ended_at is None)
        for change in (application for application in live if application.entry_type == "change"):
            return Way("变更办理中", f"{name}正在办理，查看进度", f"/h5/{pool}/{page_of(change, 'status')}")
        if record.account is None:
            return Way("请联系管理机构", f"需要更正的，请拨打{words.book.pool.hotline}。")
        try:
            check_change(self.deps, record.account, record.expert, record.training)
        except AppError as refused:
            return Way("暂不能变更", refused.message)
        return Way("可申请变更", f"办理{name}", f"/h5/{pool}/apply?entry_type=change")


def _emergency(book: Rulebook) -> tuple[str, str]:
    rules = book.draw.emergency
    if not rules.conditions:
        return (
            book.membership.emergency,
            "您愿意参加应急评标。本专家库目前没有单独抽取应急专家，您与其他专家一样被抽取。",
        )
    text = f"您愿意参加应急评标。{rules.span}内开始的评标可以只抽应急专家；其他评标，您与其他专家一样被抽取。"
    return book.membership.emergency, text


def _line(words: FileWords, code: str, change: Way) -> FileLine:
    changed = words.changed_at(code)
    return FileLine(
        code=code,
        label=words.label(code),
        value=words.present(code, masked=True),
        since=changed.at if changed else None,
        source=words.source(changed) if changed else "",
        way=_way(words, code, change),
    )


def _way(words: FileWords, code: str, change: Way) -> Way:
    """``change``: whether a change can be applied for now."""
    book, field = words.book, words.field(code)
    hotline = book.pool.hotline
    if field is not None and field.account == "mobile":
        return Way("可更换", "更换手机号", f"/h5/{book.pool.code}/account/mobile")
    if way := _way_at_once(book, code, field):
        return way
    if field is not None and field.account:
        return Way("不能修改", f"取自实名信息，不能修改；有误的请拨打{hotline}更正。")
    if code in fields_of(book.form, "change") and "change" in book.campaigns.entry_types:
        return change
    names = [
        book.campaigns.name_of(entry_type)
        for entry_type in get_args(EntryType)
        if entry_type in book.campaigns.entry_types
        and entry_type in ("renewal", "education")
        and code in fields_of(book.form, entry_type)
        and not (field and field.kept_at_renewal)
    ]
    if names:
        later = f"{'或'.join(names)}时可改"
        return Way(later, f"办理{'或'.join(names)}时可以修改；现在需要更正的，请拨打{hotline}。")
    return Way("请联系管理机构", f"需要更正的，请拨打{hotline}。")


def _way_at_once(book: Rulebook, code: str, field: FormField | None) -> Way | None:
    """How the expert changes a field by himself; None: he doesn't."""
    path = f"/h5/{book.pool.code}/file"
    if code == RETIRED:
        return Way("可自行登记", "登记退休", f"{path}/retirement")
    if field is None or not field.at_once:
        return None
    if field.kind == "units":
        return Way("可自行增加，删除须审核", "申报回避单位", f"{path}/recusal")
    if code in BANK:
        return Way("可自行修改，须短信验证", "修改银行账户", f"{path}/bank") if code in bank_of(book) else None
    return Way("可自行修改", "修改联系方式", f"{path}/contacts")


def _earlier(book: Rulebook, application: Application) -> EarlierApplication:
    return EarlierApplication(
        id=application.id,
        number=application.number,
        name=book.campaigns.name_of(cast(EntryType, application.entry_type)),
        state=ApplicationState(application.state).label,
        at=application.ended_at or application.submitted_at or application.created_at,
        page=f"/h5/{application.pool}/apply/status?number={application.number}",
    )
