"""我的档案: all that the pool holds of an expert, since when and from what, and how each field can be changed."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from typing import cast, get_args
from uuid import UUID

from domain.applications.lifecycles import ApplicationState
from domain.errors import AppError, NotFound
from domain.experts.file import FileChange
from domain.forms.checking import PersonFacts, account_values, fields_of, person_facts
from domain.forms.display import show_masked, show_value
from domain.rulebook.book import Rulebook
from domain.rulebook.form import EntryType, FormField
from models.accounts import Account
from models.applications import Application
from models.experts import Expert
from services.applications.applicants import today
from services.applications.may_apply import check_person
from services.applications.repository import page_of
from services.catalogue_codes import CatalogueCodes, load_codes
from services.core.base import Actor, Deps
from services.core.permissions import check
from services.expert_files import file_of


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
    number: str
    term_until: datetime | None
    parts: tuple[FilePart, ...]
    ways: tuple[Way, ...]
    """Each way once, in the order of the fields."""
    applications: tuple[EarlierApplication, ...]


@dataclass(frozen=True)
class OwnFiles:
    deps: Deps

    async def read(self, actor: Actor) -> OwnFile:
        """The actor's own file. Raises Forbidden, NotFound for a person who is not in the pool."""
        check(actor, "expert.self.read")
        expert = await Expert.get_or_none(id=actor.expert_id, pool=actor.pool, left_at=None)
        if expert is None:
            raise NotFound("入库成为专家后才有专家档案。", code="no_expert")
        book = self.deps.book(actor.pool)
        applications = await Application.filter(account_id=actor.account_id).order_by("-created_at")
        change = await self._find_way_to_change(book, actor, applications)
        shown = await _Shown.of(self.deps, book, expert, applications, change)
        paper = book.form.of_file()
        parts = tuple(
            FilePart(section.title, tuple(shown.line(code, paper.fields[code]) for code in section.fields))
            for section in paper.sections.values()
        )
        return OwnFile(
            number=expert.number,
            term_until=expert.term_until,
            parts=parts,
            ways=tuple(dict.fromkeys(line.way for part in parts for line in part.lines)),
            applications=tuple(_earlier(book, application) for application in applications),
        )

    async def _find_way_to_change(self, book: Rulebook, actor: Actor, applications: list[Application]) -> Way:
        """Whether the pool takes changes of this person now, by the rules that the application itself goes by."""
        name = book.campaigns.change_title
        live = (application for application in applications if application.ended_at is None)
        for change in (application for application in live if application.entry_type == "change"):
            return Way("变更办理中", f"{name}正在办理，查看进度", f"/h5/{actor.pool}/{page_of(change, 'status')}")
        try:
            account = await Account.get(id=actor.account_id)
            await check_person(self.deps, account, "change", None, self.deps.now())
        except AppError as refused:
            return Way("暂不能变更", refused.message)
        return Way("可申请变更", f"办理{name}", f"/h5/{actor.pool}/apply?entry_type=change")


@dataclass(frozen=True)
class _Shown:
    """What is needed to show a field, read once."""

    book: Rulebook
    pool: str
    values: Mapping[str, object]
    since: Mapping[str, FileChange]
    of_account: Mapping[str, str]
    codes: CatalogueCodes
    numbers: Mapping[UUID, str]
    change: Way

    @classmethod
    async def of(
        cls, deps: Deps, book: Rulebook, expert: Expert, applications: list[Application], change: Way
    ) -> _Shown:
        file = await file_of(deps, expert.id)
        employer = file.values.get("employer")
        codes = await load_codes(book, file.values, retired=[employer] if isinstance(employer, str) else [])
        names = {
            application.id: f"{book.campaigns.name_of(cast(EntryType, application.entry_type))}申请{application.number}"
            for application in applications
        }
        own = account_values(book.form.of_file(), _person(deps, expert), today(deps), "first")
        return cls(book, expert.pool, file.values, file.since, own, codes, names, change)

    def line(self, code: str, field: FormField) -> FileLine:
        change = self.since.get(field.account or code)
        return FileLine(
            code=code,
            label=field.label,
            value=self._value(code, field),
            since=change.at if change else None,
            source=self._source(change) if change else "",
            way=self._way(code, field),
        )

    def _value(self, code: str, field: FormField) -> str:
        if field.kind == "file":
            files = self.values.get(code)
            return f"{len(files)}个文件" if isinstance(files, list) and files else ""
        text = self.of_account.get(code, "") if field.account else show_value(field, self.values.get(code), self.codes)
        return show_masked(field, text) if field.sensitive and text else text

    def _source(self, change: FileChange) -> str:
        number = self.numbers.get(change.source_id) if change.source_id else None
        return number or change.source.label

    def _way(self, code: str, field: FormField) -> Way:
        if field.account == "mobile":
            return Way("可更换", "更换手机号", f"/h5/{self.pool}/account/mobile")
        hotline = self.book.pool.hotline
        if field.account:
            return Way("不能修改", f"取自实名信息，不能修改；有误的请拨打{hotline}更正。")
        if code in fields_of(self.book.form, "change") and "change" in self.book.campaigns.entry_types:
            return self.change
        names = [
            self.book.campaigns.name_of(entry_type)
            for entry_type in get_args(EntryType)
            if entry_type in self.book.campaigns.entry_types
            and entry_type in ("renewal", "education")
            and code in fields_of(self.book.form, entry_type)
            and not field.kept_at_renewal
        ]
        if names:
            later = f"{'或'.join(names)}时可改"
            return Way(later, f"办理{'或'.join(names)}时可以修改；现在需要更正的，请拨打{hotline}。")
        return Way("请联系管理机构", f"需要更正的，请拨打{hotline}。")


def _person(deps: Deps, expert: Expert) -> PersonFacts:
    keys = deps.keys
    number = keys.open_text(expert.id_number_sealed, "id_number")
    return person_facts(expert.name, number, keys.open_text(expert.mobile_sealed, "mobile"))


def _earlier(book: Rulebook, application: Application) -> EarlierApplication:
    return EarlierApplication(
        id=application.id,
        number=application.number,
        name=book.campaigns.name_of(cast(EntryType, application.entry_type)),
        state=ApplicationState(application.state).label,
        at=application.ended_at or application.submitted_at or application.created_at,
        page=f"/h5/{application.pool}/apply/status?number={application.number}",
    )
