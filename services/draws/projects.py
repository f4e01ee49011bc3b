"""Tender projects (招标项目) and their lots (标段)."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, fields
from datetime import datetime
from uuid import UUID

from domain.errors import Conflict, Forbidden, InvalidInput, NotFound, RuleViolation
from domain.rulebook.book import Rulebook
from models.draws import Draw, DrawLot
from models.experts import CatalogueEntry
from models.projects import Lot, Project
from services.core.base import Actor, Deps, Page, record, rows, transaction
from services.core.crypto import PHONE
from services.core.idempotency import once
from services.core.pages import contains, read_page
from services.core.permissions import check
from services.core.short_texts import check_no_link, check_text
from services.organisations import check_credit_code

PAGE_MAX = 100
INVESTMENT_MAX = 10**16
"""Fen: 100 trillion yuan, more than any project and well inside a bigint."""


@dataclass(frozen=True)
class ProjectData:
    """The form of a project. ``investment`` in fen; ``region`` six digits.

    The number of an ``on_site`` project has the rulebook's length. ``internal_code`` steers a check and is not kept: a
    military or similar tenderee has an internal code instead of a credit code.
    """

    name: str
    category: str
    region: str
    funding_source: str
    tender_method: str
    organisation_form: str
    tenderee_category: str
    investment: int
    tenderee_name: str
    tenderee_code: str
    contact: str
    contact_phone: str
    agency_name: str = ""
    agency_code: str = ""
    number: str = ""
    approval_number: str = ""
    investment_code: str = ""
    on_site: bool = False
    internal_code: bool = False


@dataclass(frozen=True)
class LotData:
    """``investment`` in fen; 0 when it is not given."""

    name: str
    number: str = ""
    investment: int = 0


@dataclass(frozen=True)
class LotView:
    """`draw_id` and `draw_number` name the activity that owns the lot, if any. `numbers` names all that drew it or want
    to, oldest first: a redraw stands there beside what it follows."""

    id: UUID
    name: str
    number: str
    investment: int
    draw_id: UUID | None
    draw_number: str
    numbers: tuple[str, ...] = ()


@dataclass(frozen=True)
class ProjectView:
    """A project as its form shows it. ``editable`` false: a draw is linked. Without lots the project is one lot."""

    id: UUID
    data: ProjectData
    created_at: datetime
    editable: bool
    lots: tuple[LotView, ...]


@dataclass(frozen=True)
class ProjectLine:
    """`lots` and `draws` are counts."""

    id: UUID
    name: str
    number: str
    tenderee_name: str
    created_at: datetime
    lots: int
    draws: int


_TEXTS: Mapping[str, tuple[str, int]] = {
    "name": ("招标项目名称", 200),
    "number": ("招标项目编号", 60),
    "category": ("招标项目类型", 60),
    "funding_source": ("资金来源", 60),
    "tender_method": ("招标方式", 60),
    "organisation_form": ("招标组织形式", 60),
    "tenderee_category": ("招标人类别", 60),
    "approval_number": ("项目审批文号", 60),
    "investment_code": ("投资项目统一代码", 60),
    "tenderee_name": ("招标人名称", 200),
    "tenderee_code": ("招标人统一社会信用代码", 40),
    "agency_name": ("招标代理机构", 200),
    "agency_code": ("招标代理机构统一社会信用代码", 40),
    "contact": ("项目联系人", 50),
    "contact_phone": ("项目联系方式", 30),
}
_LINE = """
j.id, j.name, j.number, j.tenderee_name, j.created_at, (SELECT count(*) FROM lot l WHERE l.project_id = j.id) AS lots,
  (SELECT count(*) FROM draw d WHERE d.project_id = j.id) AS draws
"""
_DRAWN = """
SELECT l.lot_id, d.number FROM draw_lot l JOIN draw d ON d.id = l.draw_id
 WHERE l.project_id = $1 AND l.lot_id IS NOT NULL AND d.state <> 'terminated' ORDER BY d.created_at, d.number
"""
_READ_BY_OTHERS = frozenset({"name", "tenderee_name", "agency_name", "contact", "contact_phone"})
_ENTRUSTED = "委托"
"""Organisation forms with this word name an agency (委托招标)."""


class Projects:
    def __init__(self, deps: Deps) -> None:
        self._deps = deps

    async def create(self, actor: Actor, data: ProjectData, *, key: str | None = None) -> ProjectView:
        """Raises InvalidInput or RuleViolation that names the field."""
        check(actor, "project.create")
        if actor.organisation_id is None or actor.account_id is None:
            raise Forbidden("请先选择要代表的企业。", code="organisation_not_chosen")
        clean = await self._check(actor.pool, data)
        now = self._deps.now()

        async def run() -> ProjectView:
            project = Project(
                pool=actor.pool,
                organisation_id=actor.organisation_id,
                agent_id=actor.account_id,
                created_at=now,
                **self._columns(clean),
            )
            await project.save(force_create=True)
            await record(actor, now, "project.create", "project", project.id)
            return await self._view(project)

        return await once(
            owner=f"project.create:{actor.account_id}",
            key=key,
            deps=self._deps,
            answer=ProjectView,
            run=run,
            request=repr(data),
        )

    async def edit(self, actor: Actor, project_id: UUID, data: ProjectData, *, key: str | None = None) -> ProjectView:
        """Replace the form. Raises Conflict once a draw is linked."""
        check(actor, "project.edit")
        clean = await self._check(actor.pool, data, (await self.get(actor, project_id)).data)
        now = self._deps.now()

        async def run() -> ProjectView:
            project = await self._locked(actor, project_id)
            if await _is_linked(project_id):
                raise Conflict("该项目已发起抽取，项目信息不能再修改。", code="project_read_only")
            project.update_from_dict(self._columns(clean))
            await project.save()
            await record(actor, now, "project.edit", "project", project_id)
            return await self._view(project)

        return await once(
            owner=f"project.edit:{actor.account_id}",
            key=key,
            deps=self._deps,
            answer=ProjectView,
            run=run,
            request=f"{project_id} {data!r}",
        )

    async def delete(self, actor: Actor, project_id: UUID) -> None:
        """Twice is a NotFound; a project with draws stays."""
        check(actor, "project.delete")
        now = self._deps.now()
        async with transaction():
            project = await self._locked(actor, project_id)
            if await _is_linked(project_id):
                raise Conflict("该项目已发起抽取，不能删除。", code="project_has_draws")
            project.deleted_at = now
            await project.save(update_fields=["deleted_at"])
            await record(actor, now, "project.delete", "project", project_id)

    async def get(self, actor: Actor, project_id: UUID) -> ProjectView:
        """Raises NotFound for what the actor may not see."""
        check(actor, "project.read")
        return await self._view(await self._find(actor, project_id))

    async def list(self, actor: Actor, *, search: str = "", page: int = 1, size: int = 20) -> Page[ProjectLine]:
        """Newest first; ``search`` is a part of the name or the number, ``page`` counts from 1, ``size`` ≤ 100.

        An agent sees his own projects, the legal entity those of all its agents, a verifier those with a draw that was
        handed in at his terminal, pool staff all.
        """
        check(actor, "project.read")
        if not (1 <= page <= 1_000_000 and 1 <= size <= PAGE_MAX):
            raise InvalidInput(f"页码应从1开始，每页最多{PAGE_MAX}条。", field="page")
        where, values = _reach(actor)
        if word := check_text(search, "search", "搜索词", 100):
            values.append(contains(word))
            where += f" AND (j.name ILIKE ${len(values)} OR j.number ILIKE ${len(values)})"
        found, total = await read_page(
            _LINE,
            "j",
            f"project j WHERE {where}",
            "j.created_at DESC, j.id DESC",
            values,
            offset=(page - 1) * size,
            limit=size,
        )
        names = ProjectLine.__dataclass_fields__
        return Page(tuple(ProjectLine(**{name: row[name] for name in names}) for row in found), total)

    async def add_lot(self, actor: Actor, project_id: UUID, data: LotData, *, key: str | None = None) -> LotView:
        """Raises Conflict where the project itself is drawn as one lot, RuleViolation beyond the rulebook's number."""
        check(actor, "project.edit")
        clean = _check_lot(data)
        now, book = self._deps.now(), self._deps.book(actor.pool)

        async def run() -> LotView:
            await self._locked(actor, project_id)
            if await DrawLot.exists(project_id=project_id, lot_id=None, live=True):
                raise Conflict("该项目已作为一个标段发起抽取，不能再新增标段。", code="project_is_lot")
            positions = [lot.position for lot in await Lot.filter(project_id=project_id)]
            if len(positions) >= book.projects.lots_max:
                raise RuleViolation(
                    f"一个项目最多{book.projects.lots_max}个标段。",
                    rule="projects.lots_max",
                    source=book.source("projects.lots_max"),
                )
            await _check_name_free(project_id, clean.name)
            lot = await Lot.create(
                project_id=project_id,
                name=clean.name,
                number=clean.number,
                investment=clean.investment,
                position=max(positions, default=0) + 1,
            )
            await record(actor, now, "lot.create", "project", project_id, lot=str(lot.id))
            return LotView(lot.id, lot.name, lot.number, lot.investment, None, "")

        return await once(
            owner=f"lot.create:{actor.account_id}",
            key=key,
            deps=self._deps,
            answer=LotView,
            run=run,
            request=f"{project_id} {data!r}",
        )

    async def edit_lot(self, actor: Actor, project_id: UUID, lot_id: UUID, data: LotData) -> LotView:
        """Raises Conflict for a lot that belongs to a draw."""
        check(actor, "project.edit")
        clean = _check_lot(data)
        async with transaction():
            lot = await self._free_lot(actor, project_id, lot_id)
            await _check_name_free(project_id, clean.name, but=lot_id)
            lot.name, lot.number, lot.investment = clean.name, clean.number, clean.investment
            await lot.save(update_fields=["name", "number", "investment"])
            await record(actor, self._deps.now(), "lot.edit", "project", project_id, lot=str(lot_id))
            return LotView(lot.id, lot.name, lot.number, lot.investment, None, "")

    async def delete_lot(self, actor: Actor, project_id: UUID, lot_id: UUID) -> None:
        """Raises Conflict for a lot that belongs to a draw."""
        check(actor, "project.edit")
        async with transaction():
            lot = await self._free_lot(actor, project_id, lot_id)
            await lot.delete()
            await record(actor, self._deps.now(), "lot.delete", "project", project_id, lot=str(lot_id))

    async def _check(self, pool: str, data: ProjectData, kept: ProjectData | None = None) -> ProjectData:
        """``kept``: as it stands, whose choices hold though the rulebook may have them no more."""
        book = self._deps.book(pool)
        texts = {name: _check_field(book, data, name) for name in _TEXTS}
        _check_choices(book, texts, kept)
        if not 0 < data.investment <= INVESTMENT_MAX:
            raise InvalidInput("请填写项目投资总额，应大于0。", field="investment")
        if not await CatalogueEntry.exists(pool__in=["", pool], kind="region", code=data.region):
            raise InvalidInput("项目所在地不在地区目录中，请从列表中选择。", field="region")
        if not data.internal_code:
            texts["tenderee_code"] = check_credit_code(texts["tenderee_code"], "tenderee_code")
        if texts["agency_code"]:
            texts["agency_code"] = check_credit_code(texts["agency_code"], "agency_code")
        if data.on_site:
            check_onsite_number(book, texts["number"])
        return ProjectData(
            region=data.region,
            investment=data.investment,
            on_site=data.on_site,
            internal_code=data.internal_code,
            **texts,
        )

    async def _locked(self, actor: Actor, project_id: UUID) -> Project:
        return await self._find(actor, project_id, lock="FOR UPDATE")

    async def _find(self, actor: Actor, project_id: UUID, *, lock: str = "") -> Project:
        where, values = _reach(actor)
        sql = f"SELECT j.id FROM project j WHERE {where} AND j.id = ${len(values) + 1} {lock}"
        if not await rows(sql, *values, project_id):
            raise _unknown_project()
        return await Project.get(id=project_id)

    async def _free_lot(self, actor: Actor, project_id: UUID, lot_id: UUID) -> Lot:
        await self._locked(actor, project_id)
        lot = await Lot.select_for_update().get_or_none(id=lot_id, project_id=project_id)
        if lot is None:
            raise NotFound("找不到这个标段，请刷新后重试。")
        if await DrawLot.exists(lot_id=lot_id):
            raise Conflict("该标段已发起抽取，不能修改或删除。", code="lot_drawn")
        return lot

    def _columns(self, data: ProjectData) -> dict[str, str | int]:
        kept = {f.name for f in fields(data)} - {"internal_code", "contact_phone"}
        sealed = self._deps.keys.seal(data.contact_phone, PHONE) if data.contact_phone else ""
        return {"contact_phone_sealed": sealed} | {name: getattr(data, name) for name in kept}

    async def _view(self, project: Project) -> ProjectView:
        lots = await Lot.filter(project_id=project.id).order_by("position", "id")
        owners = {
            row.lot_id: row.draw
            for row in await DrawLot.filter(project_id=project.id, live=True).select_related("draw")
        }
        drawn = await rows(_DRAWN, project.id)
        views = tuple(
            _lot_view(lot, owners.get(lot.id), [row["number"] for row in drawn if row["lot_id"] == lot.id])
            for lot in lots
        )
        names = {field.name for field in fields(ProjectData)} - {"internal_code", "contact_phone"}
        phone = self._deps.keys.read(project.contact_phone_sealed, PHONE)
        data = ProjectData(contact_phone=phone, **{name: getattr(project, name) for name in names})
        return ProjectView(project.id, data, project.created_at, not await _is_linked(project.id), views)


def check_onsite_number(book: Rulebook, number: str) -> None:
    """The number of an on-site (进场) project. Raises RuleViolation."""
    if wanted := _missing_in_number(book, number):
        message = f"进场项目的项目编号{wanted}，请按交易中心的编号填写。"
        raise _number_violation(book, message, "number")


def check_on_site(book: Rulebook, number: str) -> None:
    """Whether the draw of a project with this number may be on site. Raises RuleViolation, naming both ways out."""
    if wanted := _missing_in_number(book, number):
        message = (
            f"进场项目的项目编号{wanted}，这个项目的编号不符，不能按进场项目抽取。请把“进场项目”改为否；"
            "确需进场的，请先在招标项目中填写交易中心的编号，已发起抽取的请新建项目。"
        )
        raise _number_violation(book, message, "on_site")


def _missing_in_number(book: Rulebook, number: str) -> str:
    """What an on-site project's number should be; empty when it is."""
    length = book.projects.onsite_number_length
    if length is None:
        return "" if number else "不能为空"
    return "" if len(number) == length else f"应为{length}位"


def _reach(actor: Actor) -> tuple[str, list[object]]:
    """Which projects (``j``) this actor may see, as SQL with its values."""
    where, values = "j.pool = $1 AND j.deleted_at IS NULL", [actor.pool]
    if actor.role == "verifier" and actor.scope:
        handed_in = "SELECT d.project_id FROM draw d JOIN draw_application a ON a.draw_id = d.id WHERE a.terminal = $2"
        return f"{where} AND j.id IN ({handed_in})", [*values, actor.scope]
    if actor.role not in ("agent", "organisation"):
        return where, [*values]
    if actor.role == "organisation":
        return f"{where} AND j.organisation_id = $2", [*values, actor.organisation_id]
    return f"{where} AND j.organisation_id = $2 AND j.agent_id = $3", [*values, actor.organisation_id, actor.account_id]


def _number_violation(book: Rulebook, message: str, field: str) -> RuleViolation:
    length = book.projects.onsite_number_length
    source = book.source("projects.onsite_number_length") if length is not None else None
    return RuleViolation(
        message, rule="projects.onsite_number_length", source=source, field=field, params={"length": length}
    )


def _check_field(book: Rulebook, data: ProjectData, name: str) -> str:
    label, longest = _TEXTS[name]
    required = name in book.projects.required
    if name == "agency_name" and _ENTRUSTED in data.organisation_form:
        required = True
    text = check_text(getattr(data, name), name, label, longest, required=required)
    return check_no_link(text, name, label) if name in _READ_BY_OTHERS else text


def _check_choices(book: Rulebook, texts: Mapping[str, str], kept: ProjectData | None) -> None:
    rules = book.projects
    for name, offered in (
        ("category", rules.categories),
        ("funding_source", rules.funding_sources),
        ("tender_method", rules.tender_methods),
        ("organisation_form", rules.organisation_forms),
        ("tenderee_category", rules.tenderee_categories),
    ):
        if texts[name] and texts[name] not in (*offered, getattr(kept, name, "")):
            raise InvalidInput(f"{_TEXTS[name][0]}请从列表中选择：{'、'.join(offered)}。", code="choice", field=name)


def _check_lot(data: LotData) -> LotData:
    if not 0 <= data.investment <= INVESTMENT_MAX:
        raise InvalidInput("标段投资额不能为负数。", field="investment")
    name = check_no_link(check_text(data.name, "name", "标段名称", 100, required=True), "name", "标段名称")
    return LotData(name, check_text(data.number, "number", "标段编号", 60), data.investment)


async def _check_name_free(project_id: UUID, name: str, but: UUID | None = None) -> None:
    if await Lot.filter(project_id=project_id, name=name).exclude(id=but).exists():
        raise Conflict("该项目已有同名标段，请换一个名称。", code="lot_name_taken")


async def _is_linked(project_id: UUID) -> bool:
    return await Draw.exists(project_id=project_id) or await DrawLot.exists(project_id=project_id)


def _lot_view(lot: Lot, draw: Draw | None, numbers: Sequence[str]) -> LotView:
    return LotView(
        lot.id,
        lot.name,
        lot.number,
        lot.investment,
        draw.id if draw else None,
        draw.number if draw else "",
        tuple(numbers),
    )


def _unknown_project() -> NotFound:
    return NotFound("找不到这个项目，请刷新列表后重试。")
