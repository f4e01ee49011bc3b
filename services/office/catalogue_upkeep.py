"""Catalogues (目录) kept by the office: entries from and until a day, and an ended code's successors in all files."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from datetime import date, datetime
from typing import Any, get_args
from uuid import UUID

from domain.catalogues import Kind, is_code, possible_parents
from domain.clock import local
from domain.errors import Conflict, InvalidInput, NotFound
from domain.experts.code_mapping import ONE_SUCCESSOR, mapped_values
from domain.experts.file import FileChange, FileSource
from domain.faults import Faults
from domain.typed_text import half_width
from models.experts import CatalogueEntry, CatalogueMapping, Expert
from services.catalogues import Catalogues
from services.core.base import Actor, Deps, record, rows, transaction
from services.core.idempotency import once
from services.core.limits import advisory_lock
from services.core.permissions import check
from services.core.short_texts import check_text
from services.expert_files import change_file, file_of, lock_files

KIND_NAMES: Mapping[Kind, str] = {
    "specialty": "评标专业",
    "region": "地区",
    "title_level": "职称",
    "qualification": "执业资格",
    "department": "行业部门",
}
REASON_MAX = 200
NAME_MAX = 100
SUCCESSORS_MAX = 5
_BATCH = 100
_SHOWN = 300
_IN_POOL = "e.pool = $1 AND e.left_at IS NULL"
_ABOVE = "SELECT c.parent FROM catalogue_entry c WHERE c.pool = $1 AND c.kind = 'title_level' AND c.code = $2"
"""Of a title a draw knows the level above only."""
_HOLDERS: Mapping[Kind, str] = {
    "specialty": "e.specialty_path && ARRAY[$2::text]",
    "region": "e.region_path && ARRAY[$2::text] OR $2 = ANY(e.willing_regions)",
    "title_level": "e.title_level = $2 OR e.title_level = (" + _ABOVE + ")",
    "qualification": "$2 = ANY(e.qualifications)",
    "department": "e.department = $2",
}
"""Experts who may hold a code: some hold one below it instead."""
_OWN: Mapping[Kind, str] = {
    "specialty": "$2 = ANY(e.specialties)",
    "region": "e.permanent_region = $2 OR $2 = ANY(e.willing_regions)",
    **{kind: _HOLDERS[kind] for kind in ("title_level", "qualification", "department")},
}
_LEVEL = """
SELECT c.code, c.name, c.parent, c.starts_on, c.ends_on, EXISTS (SELECT 1 FROM catalogue_entry b
   WHERE b.pool = c.pool AND b.kind = c.kind AND b.parent = c.code) AS has_children
  FROM catalogue_entry c WHERE c.pool = $1 AND c.kind = $2
   AND CASE WHEN $4 = '' THEN c.parent = $3 ELSE starts_with(c.code, upper($4)) OR strpos(c.name, $4) > 0 END
 ORDER BY c.position, c.code LIMIT $5
"""


@dataclass(frozen=True)
class EntryView:
    """An entry. ``state``: coming, in_force or ended, on the day of the question."""

    code: str
    name: str
    parent: str
    starts_on: date | None
    ends_on: date | None
    has_children: bool
    state: str


@dataclass(frozen=True)
class EntryPage:
    """One entry with the number of files in the pool that hold it, and its mappings, newest first."""

    entry: EntryView
    full_name: str
    files: int
    mappings: tuple[CatalogueMapping, ...]


@dataclass(frozen=True)
class MappingPreview:
    """``files`` that would change, some of their experts by number and name, and the successors' full names."""

    files: int
    experts: tuple[tuple[str, str], ...]
    successors: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class CatalogueUpkeep:
    deps: Deps
    catalogues: Catalogues

    async def level(self, actor: Actor, kind: str, parent: str = "", word: str = "") -> list[EntryView]:
        """The pool's own entries below ``parent``, or those that ``word`` finds; also coming and ended ones."""
        check(actor, "catalogue.manage")
        entry_rows = await rows(_LEVEL, actor.pool, _kind(kind), parent, word.strip()[:50], _SHOWN)
        return [self._view(row) for row in entry_rows]

    async def get(self, actor: Actor, kind: str, code: str) -> EntryPage:
        """Raises NotFound for a code that the pool's own catalogue lacks."""
        check(actor, "catalogue.manage")
        entry = await self._entry(actor.pool, _kind(kind), code)
        has_children = await CatalogueEntry.exists(pool=actor.pool, kind=kind, parent=code)
        names = await self.catalogues.names(actor.pool, kind, [code])
        mappings = await CatalogueMapping.filter(pool=actor.pool, kind=kind, code=code).order_by("-at", "-id")
        view = self._view({**_columns(entry), "has_children": has_children})
        return EntryPage(view, names.get(code, code), await self._count(actor.pool, _kind(kind), code), tuple(mappings))

    async def add(
        self, actor: Actor, kind: str, code: str, name: str, starts_on: date | None, *, reason: str
    ) -> EntryView:
        """Add an entry, offered from a day on (None: from today). Raises InvalidInput with all faults."""
        check(actor, "catalogue.manage")
        now, faults = self.deps.now(), Faults()
        of_kind, entered = _kind(kind), half_width(code).upper()
        if not is_code(of_kind, entered):
            faults.add(InvalidInput("代码的写法不对，请按同级代码的写法填写。", code="bad_code", field="code"))
        shown = faults.check(check_text, name, "name", "名称", NAME_MAX, required=True)
        words = faults.check(check_text, reason, "reason", "原因", REASON_MAX, required=True)
        begins = starts_on or local(now).date()
        if begins < local(now).date():
            faults.add(InvalidInput("生效日期不能早于今天。", code="too_early", field="starts_on"))
        faults.raise_any()
        async with transaction():
            await advisory_lock(f"catalogue:{actor.pool}")
            if await CatalogueEntry.exists(pool__in=["", actor.pool], kind=kind, code=entered):
                raise InvalidInput("已有这个代码，请换一个，或到那一条修改。", code="code_taken", field="code")
            parent = await self._parent(actor.pool, of_kind, entered)
            last = await CatalogueEntry.filter(pool=actor.pool, kind=kind).order_by("-position").first()
            entry = await CatalogueEntry.create(
                pool=actor.pool,
                kind=kind,
                code=entered,
                name=shown,
                parent=parent,
                position=last.position + 1 if last else 1,
                starts_on=begins,
            )
            await self._record(actor, now, "catalogue.add", entry, begins=begins.isoformat(), reason=words)
        return self._view({**_columns(entry), "has_children": False})

    async def end(self, actor: Actor, kind: str, code: str, ends_on: date | None, *, reason: str) -> None:
        """Offer an entry until the day before ``ends_on`` only; None takes its end back. Its name stays known.

        Raises InvalidInput, NotFound, Conflict while entries below it go on.
        """
        check(actor, "catalogue.manage")
        now, faults = self.deps.now(), Faults()
        today = local(now).date()
        words = faults.check(check_text, reason, "reason", "原因", REASON_MAX, required=True)
        if ends_on is not None and ends_on < today:
            faults.add(InvalidInput("停用日期不能早于今天。", code="too_early", field="ends_on"))
        faults.raise_any()
        async with transaction():
            await advisory_lock(f"catalogue:{actor.pool}")
            entry = await self._entry(actor.pool, _kind(kind), code)
            if ends_on is not None and entry.starts_on is not None and ends_on <= entry.starts_on:
                raise InvalidInput("停用日期应晚于生效日期。", code="too_early", field="ends_on")
            if ends_on is not None:
                await self._check_below(entry, ends_on)
            entry.ends_on = ends_on
            await entry.save(update_fields=["ends_on"])
            until = ends_on.isoformat() if ends_on else ""
            await self._record(actor, now, "catalogue.end", entry, ends=until, reason=words)

    async def preview_mapping(self, actor: Actor, kind: str, code: str, successors: Sequence[str]) -> MappingPreview:
        """What a mapping would change. Raises as ``map``."""
        check(actor, "catalogue.manage")
        of_kind = _kind(kind)
        await self._check_mapping(actor.pool, of_kind, code, successors)
        names = await self.catalogues.names(actor.pool, kind, list(successors))
        sql = f"SELECT e.number, e.name FROM expert e WHERE {_IN_POOL} AND ({_OWN[of_kind]}) ORDER BY 1 LIMIT 10"
        experts = await rows(sql, actor.pool, code)
        return MappingPreview(
            await self._count(actor.pool, of_kind, code),
            tuple((row["number"], row["name"]) for row in experts),
            tuple((successor, names.get(successor, successor)) for successor in successors),
        )

    async def map(
        self, actor: Actor, kind: str, code: str, successors: Sequence[str], *, reason: str, key: str | None = None
    ) -> UUID:
        """Write an ended code's successors into all files that hold it, by a job; returns the mapping's id.

        Raises InvalidInput with all faults, NotFound, Conflict for a code that is in force or is being mapped.
        """
        check(actor, "catalogue.manage")
        of_kind, now, faults = _kind(kind), self.deps.now(), Faults()
        words = faults.check(check_text, reason, "reason", "原因", REASON_MAX, required=True)
        with faults.part("successors"):
            await self._check_mapping(actor.pool, of_kind, code, successors)
        faults.raise_any()

        async def run() -> UUID:
            await advisory_lock(f"catalogue:{actor.pool}")
            if await CatalogueMapping.exists(pool=actor.pool, kind=kind, code=code, done_at=None):
                raise Conflict("这个代码正在对应，完成后再试。", code="mapping_runs")
            mapping = await CatalogueMapping.create(
                pool=actor.pool,
                kind=kind,
                code=code,
                successors=list(successors),
                reason=words,
                at=now,
                actor_id=actor.account_id,
            )
            await record(
                actor, now, "catalogue.map", "catalogue", mapping.id, kind=kind, code=code, successors=list(successors)
            )
            await self.deps.jobs.defer("catalogue.map", mapping_id=str(mapping.id))
            return mapping.id

        return await once(
            owner=f"catalogue.map:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=UUID,
            run=run,
            request=f"{kind} {code} {successors!r}",
        )

    async def carry_out(self, mapping_id: UUID) -> None:
        """Go on with a mapping to its end, a batch of experts per transaction; a repetition is harmless."""
        while await self._map_batch(mapping_id):
            pass

    # ---- helpers

    async def _map_batch(self, mapping_id: UUID) -> bool:
        """Whether experts may be left. Progress is committed with the files that it counts."""
        now = self.deps.now()
        async with transaction():
            mapping = await CatalogueMapping.select_for_update().get(id=mapping_id)
            if mapping.done_at is not None:
                return False
            kind = _kind(mapping.kind)
            sql = (
                f"SELECT e.id FROM expert e WHERE {_IN_POOL} AND ({_HOLDERS[kind]}) "
                f"AND e.id > $3 ORDER BY e.id LIMIT {_BATCH}"
            )
            reached = mapping.reached or UUID(int=0)
            ids = [row["id"] for row in await rows(sql, mapping.pool, mapping.code, reached)]
            for expert in await lock_files(ids):
                mapping.files += await self._map_file(expert, mapping, kind, now)
            if len(ids) == _BATCH:
                mapping.reached = ids[-1]
            else:
                mapping.done_at = now
            await mapping.save(update_fields=["files", "reached", "done_at"])
        return mapping.done_at is None

    async def _map_file(self, expert: Expert, mapping: CatalogueMapping, kind: Kind, now: datetime) -> int:
        """1 where the file held the code."""
        file = await file_of(self.deps, expert.id)
        book = self.deps.book(expert.pool)
        values = mapped_values(book, file.values, kind, mapping.code, mapping.successors)
        if not values or expert.left_at is not None:
            return 0
        change = FileChange(now, FileSource.OFFICE, values, source_id=mapping.id, by=mapping.actor_id)
        return 1 if await change_file(self.deps, expert, change) else 0

    async def _check_mapping(self, pool: str, kind: Kind, code: str, successors: Sequence[str]) -> None:
        entry, today = await self._entry(pool, kind, code), local(self.deps.now()).date()
        if entry.ends_on is None or entry.ends_on > today:
            raise Conflict("这一条还在使用，停用之后才能对应到其他代码。", code="still_in_force")
        if not successors:
            raise InvalidInput("请填写对应到的代码。", code="missing", field="successors")
        if code in successors:
            raise InvalidInput("不能对应到自己。", code="itself", field="successors")
        most = 1 if kind in ONE_SUCCESSOR else SUCCESSORS_MAX
        if len(successors) > most:
            raise InvalidInput(f"最多对应到{most}个代码。", code="too_many", field="successors")
        offered = CatalogueEntry.filter(pool__in=["", pool], kind=kind, code__in=list(successors))
        good = {item.code for item in await offered if _state(item.starts_on, item.ends_on, today) == "in_force"}
        if missing := next((successor for successor in successors if successor not in good), None):
            message = f"“{missing[:20]}”不在使用中，请填写目录中正在使用的代码。"
            raise InvalidInput(message, code="unknown_code", field="successors")

    async def _check_below(self, entry: CatalogueEntry, ends_on: date) -> None:
        """Nothing may go on below an entry that has ended."""
        for below in await CatalogueEntry.filter(pool=entry.pool, kind=entry.kind, parent=entry.code):
            if below.ends_on is None or below.ends_on > ends_on:
                raise Conflict(f"下级“{below.name}”还在使用，请先停用下级。", code="below_in_force")

    async def _parent(self, pool: str, kind: Kind, code: str) -> str:
        """Raises InvalidInput where the level above is missing."""
        parents = possible_parents(kind, code)
        known = {entry.code for entry in await CatalogueEntry.filter(pool__in=["", pool], kind=kind, code__in=parents)}
        parent = next((candidate for candidate in parents if candidate in known), "")
        if parents and not parent:
            raise InvalidInput(f"目录中没有上级代码“{parents[0]}”，请先添加上级。", code="no_parent", field="code")
        return parent

    async def _entry(self, pool: str, kind: Kind, code: str) -> CatalogueEntry:
        entry = await CatalogueEntry.get_or_none(pool=pool, kind=kind, code=code)
        if entry is None:
            raise NotFound("本专家库的目录中没有这一条，请返回列表。", code="entry_unknown")
        return entry

    async def _count(self, pool: str, kind: Kind, code: str) -> int:
        sql = f"SELECT count(*) AS n FROM expert e WHERE {_IN_POOL} AND ({_OWN[kind]})"
        counted = await rows(sql, pool, code)
        return int(counted[0]["n"])

    async def _record(self, actor: Actor, now: datetime, action: str, entry: CatalogueEntry, **details: str) -> None:
        await record(actor, now, action, "catalogue", entry.id, kind=entry.kind, code=entry.code, **details)

    def _view(self, row: Mapping[str, Any]) -> EntryView:
        names = ("code", "name", "parent", "starts_on", "ends_on", "has_children")
        state = _state(row["starts_on"], row["ends_on"], local(self.deps.now()).date())
        return EntryView(**{name: row[name] for name in names}, state=state)


def _state(starts_on: date | None, ends_on: date | None, today: date) -> str:
    if starts_on is not None and today < starts_on:
        return "coming"
    return "ended" if ends_on is not None and ends_on <= today else "in_force"


def _columns(entry: CatalogueEntry) -> dict[str, Any]:
    return {name: getattr(entry, name) for name in ("code", "name", "parent", "starts_on", "ends_on")}


def _kind(kind: str) -> Kind:
    """Raises NotFound."""
    known: Kind | None = next((known for known in get_args(Kind) if known == kind), None)
    if known is None:
        raise NotFound("没有这种目录，请返回列表。", code="kind_unknown")
    return known
