"""Importing experts from a sheet: all or nothing, with a reason for every invalid cell."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from itertools import product
from uuid import UUID

from tortoise.exceptions import IntegrityError

from domain.catalogues import KINDS
from domain.errors import Conflict
from domain.experts.employments import ListedEmployers, Unit
from domain.experts.facts import facts_of
from domain.experts.file import ExpertFile, FileChange, FileSource, as_last, fold
from domain.ids import new_id
from domain.rulebook.book import Rulebook
from models.experts import CatalogueEntry, Expert
from services.core.base import Actor, Deps, connection, execute, record, rows, transaction
from services.core.limits import advisory_lock
from services.core.permissions import check
from services.expert_files import changes_of, expert_columns, read_listed_employers, seal_values
from services.experts.import_rows import ImportedRow, Lookups, RowReader
from services.experts.import_sheet import COLUMNS, ROWS_MAX
from services.experts.suspended import is_suspended
from services.inspection.checker import IMPORT, FileChecker
from services.spreadsheets.cells import Lookup, RowError
from services.spreadsheets.formats import Format, Line, SheetError

ERRORS_MAX = 1000
"""Parsing stops after this number of reasons."""

_PROGRESS_EVERY = 1000
"""Lines between progress reports."""

Progress = Callable[[str, int, int], None]
"""Called with a stage (``read``, ``check``, ``write``), lines done, and their total (0: unknown)."""

Conclude = Callable[["ImportReport"], Awaitable[None]]

Record = tuple[object, ...]
"""A row in the format of COPY."""

_LABELS = {
    "region": "地区",
    "specialty": "评标专业",
    "title_level": "职称",
    "qualification": "执业资格",
    "department": "行业部门",
}
_STAGE = """
CREATE TEMPORARY TABLE import_expert ON COMMIT DROP AS
    SELECT e.*, 0 AS line, FALSE AS known, FALSE AS suspended FROM expert e WITH NO DATA
"""
_STAGE_JOBS = "CREATE TEMPORARY TABLE import_employment ON COMMIT DROP AS SELECT * FROM employment WITH NO DATA"
_STAGE_CHANGES = "CREATE TEMPORARY TABLE import_change ON COMMIT DROP AS SELECT * FROM expert_file_change WITH NO DATA"
_PORTION = 5_000
"""Experts for whom one statement writes. For all of a long sheet it would outlast the limit of an answer."""
_PORTIONS = """
SELECT first, lead(first) OVER (ORDER BY first) AS next FROM (
  SELECT id_number_hash AS first, row_number() OVER (ORDER BY id_number_hash) AS n FROM import_expert) AS hashes
 WHERE (n - 1) % $1 = 0 ORDER BY first
"""
_OF_PORTION = "i.id_number_hash >= $1 AND ($2::text IS NULL OR i.id_number_hash < $2)"
_OWNERS = """
SELECT 1 FROM account a WHERE a.id IN (
  SELECT $4::uuid UNION ALL SELECT id FROM account WHERE pool = $1 AND mobile_hash = ANY($3::text[])
  UNION ALL SELECT account_id FROM expert WHERE pool = $1 AND id_number_hash = ANY($2::text[]))
 ORDER BY a.id FOR KEY SHARE
"""
"""Accounts of the files in the sheet, those that it may link, and who imports: locked before the files."""
_KNOWN = """
SELECT id, id_number_hash, account_id FROM expert WHERE pool = $1 AND id_number_hash = ANY($2::text[])
 ORDER BY id_number_hash FOR NO KEY UPDATE
"""
_CLASHES = f"""
SELECT i.line, 'number' AS what FROM import_expert i JOIN expert e ON e.pool = i.pool AND e.number = i.number
 WHERE e.id <> i.id AND NOT EXISTS (SELECT 1 FROM import_expert j WHERE j.id = e.id)
UNION ALL
SELECT i.line, 'mobile' FROM import_expert i JOIN expert e ON e.pool = i.pool AND e.mobile_hash = i.mobile_hash
 WHERE e.id <> i.id AND e.left_at IS NULL AND NOT EXISTS (SELECT 1 FROM import_expert j WHERE j.id = e.id)
UNION ALL
SELECT i.line, 'active' FROM import_expert i JOIN expert e ON e.id = i.id
 WHERE i.suspended AND e.left_at IS NULL AND NOT {is_suspended("e", "s.ends_at IS NULL OR s.ends_at > $2")}
ORDER BY line LIMIT $1
"""
_SUSPEND = f"""
INSERT INTO sanction (id, pool, expert_id, kind, state, reason, starts_at, withdraws_calls, files, proposed_at,
    proposed_by, decided_at, decided_by, refusal, lift_reason, appeal_sealed, answer)
SELECT gen_random_uuid(), i.pool, i.id, 'suspension', 'imposed', $5::text, $3::timestamptz, FALSE, '[]', $3, $4::uuid,
    $3, $4, '', '', '', ''
  FROM import_expert i
 WHERE {_OF_PORTION} AND i.suspended AND NOT {is_suspended("i", "s.ends_at IS NULL OR s.ends_at > $3")}
"""
_ID_NUMBER = next(column for column in COLUMNS if column.name == "id_number")
SUSPENDED_BY_IMPORT = "批量导入的名单中状态为暂停"
_NOT_IN_FILES = ("id", "pool", "account_id", "created_at", "term_notified_at")
"""Columns that do not follow from the file."""
_FIELDS = tuple(name for name in Expert._meta.fields_db_projection.values() if name != "account_id")
_FROM_FILES = tuple(name for name in _FIELDS if name not in _NOT_IN_FILES)
_JOB_FIELDS = ("id", "expert_id", "unit_name", "credit_code", "since", "until", "unit_keys")
_CHANGE_FIELDS = ("id", "expert_id", "at", "source", "actor_id", "values_sealed")
_UPDATE = (
    f"UPDATE expert e SET {', '.join(f'{name} = i.{name}' for name in _FROM_FILES)} "
    f"FROM import_expert i WHERE {_OF_PORTION} AND i.known AND i.id = e.id"
)
_INSERT = (
    f"INSERT INTO expert ({', '.join(_FIELDS)}) SELECT {', '.join(_FIELDS)} FROM import_expert i "
    f"WHERE {_OF_PORTION} AND NOT i.known ORDER BY i.id_number_hash"
)
# numbers may change hands inside one sheet: clear them first, so that the unique index never sees two
_FREE_NUMBERS = f"""
UPDATE expert e SET number = '~' || substr(e.id_number_hash, 1, 30) FROM import_expert i
 WHERE {_OF_PORTION} AND i.known AND i.id = e.id AND i.number <> e.number
"""
_OLD_JOBS = f"DELETE FROM employment m USING import_expert i WHERE {_OF_PORTION} AND i.known AND i.id = m.expert_id"
_NEW_JOBS, _NEW_CHANGES = (
    f"INSERT INTO {table} ({', '.join(columns)}) SELECT {', '.join(f's.{name}' for name in columns)} "
    f"FROM import_expert i JOIN {staged} s ON s.expert_id = i.id WHERE {_OF_PORTION}"
    for table, staged, columns in (
        ("employment", "import_employment", _JOB_FIELDS),
        ("expert_file_change", "import_change", _CHANGE_FIELDS),
    )
)
_LINK_ACCOUNTS = f"""
UPDATE expert e SET account_id = a.id FROM account a, import_expert i
 WHERE {_OF_PORTION} AND i.id = e.id AND e.account_id IS NULL
   AND a.pool = e.pool AND a.mobile_hash = e.mobile_hash AND a.privacy_version <> '' AND a.disabled_at IS NULL
"""


@dataclass(frozen=True)
class MovedMobile:
    """An expert in the pool whose calls go to another number from now on."""

    expert_id: UUID
    before: str
    after: str


@dataclass(frozen=True)
class ImportReport:
    """Result of an import. With ``errors`` nothing was written; ``more_errors``: the list was cut."""

    total: int
    created: int
    updated: int
    errors: tuple[RowError, ...]
    more_errors: bool = False
    moved: tuple[MovedMobile, ...] = ()


@dataclass(frozen=True)
class ExpertImport:
    deps: Deps
    checker: FileChecker = field(default_factory=lambda: FileChecker(long_sheets=IMPORT))

    async def run(
        self,
        actor: Actor,
        content: bytes,
        form: Format,
        *,
        progress: Progress | None = None,
        dry_run: bool = False,
        conclude: Conclude | None = None,
        rows_max: int = ROWS_MAX,
    ) -> ImportReport:
        """Import a complete sheet or nothing.

        The file of an expert with a known ID number gets what the sheet fills in; an empty cell leaves it alone. A unit
        that is named no longer becomes a former one, since recusal considers former employment. Experts missing from
        the sheet stay unchanged. ``progress`` is called from a thread, ``conclude`` in the transaction of a sheet
        without errors, so that what it writes holds exactly if the import does. Raises SheetError for a file that
        can't be read at all, Conflict where one of its new experts entered meanwhile.
        """
        check(actor, "import")
        report = progress or (lambda _stage, _done, _total: None)
        batches = _Batches(self.deps, RowReader(await self._lookups(actor.pool)), actor, self.deps.now())
        async with transaction():
            await advisory_lock(f"import:{actor.pool}")
            errors = await self._stage(batches, content, form, report, rows_max)
            if errors:
                return _failed(batches.total, errors)
            report("check", 0, batches.total)
            if clashes := await self._clashes():
                return _failed(batches.total, clashes)
            if not dry_run:
                await self._write(batches, report)
                await record(
                    actor, batches.now, "expert.import", "expert", None, total=batches.total, updated=batches.known
                )
            created = batches.total - batches.known
            result = ImportReport(batches.total, created, batches.known, (), moved=tuple(batches.moved))
            if conclude is not None:
                await conclude(result)
        return result

    async def _lookups(self, pool: str) -> Lookups:
        tables: dict[str, Lookup] = {}
        for kind in KINDS:
            entries = await CatalogueEntry.filter(pool__in=["", pool], kind=kind).order_by("pool")
            if not entries:
                raise SheetError(f"还没有{_LABELS[kind]}目录，请先导入目录（pbt catalogue import）。")
            parents, names = {e.code: e.parent for e in entries}, {e.code: e.name for e in entries}
            tables[kind] = Lookup(_LABELS[kind], parents, names)
        return Lookups(**tables)

    async def _stage(
        self, batches: _Batches, content: bytes, form: Format, report: Progress, rows_max: int
    ) -> list[RowError]:
        """Copy the sheet's lines to staging tables, batch by batch, so that only one is in memory; returns their
        problems. After the first problem nothing more is copied.
        """
        for statement in (_STAGE, _STAGE_JOBS, _STAGE_CHANGES):
            await execute(statement)
        errors = list[RowError]()
        async with aclosing(self.checker.stream_sheet(batches.pool, content, form, COLUMNS, rows_max)) as sheet:
            async for lines in sheet:
                imported, reasons = await asyncio.to_thread(batches.read, lines)
                errors += reasons
                if len(errors) > ERRORS_MAX:
                    break
                if not errors:
                    records = await batches.records(imported)
                    errors += records.errors
                    await self._copy(records)
                if batches.total % _PROGRESS_EVERY == 0:
                    report("read", batches.total, 0)
        await execute("CREATE INDEX ON import_expert (id)")
        await execute("ANALYZE import_expert")
        return errors

    async def _copy(self, records: _Records) -> None:
        async with connection().acquire_connection() as raw:
            for table, values, columns in (
                ("import_expert", records.experts, (*_FIELDS, "line", "known", "suspended")),
                ("import_employment", records.jobs, _JOB_FIELDS),
                ("import_change", records.changes, _CHANGE_FIELDS),
            ):
                await raw.copy_records_to_table(table, records=values, columns=columns)

    async def _clashes(self) -> list[RowError]:
        titles = {column.name: column.title for column in COLUMNS}
        reasons = {"number": "库中另一位专家已使用此编号，请核对。", "mobile": "库中另一位专家已登记此手机号，请核对。"}
        reasons["active"] = "该专家已在库且没有暂停，请将此格留空，并在专家页面办理暂停抽取。"
        clashes = await rows(_CLASHES, ERRORS_MAX + 1, self.deps.now())
        return [RowError(row["line"], titles[row["what"]], reasons[row["what"]]) for row in clashes]

    async def _write(self, batches: _Batches, report: Progress) -> None:
        """Each statement for all portions before the next one: numbers are free before others get them."""
        portions = [(row["first"], row["next"]) for row in await rows(_PORTIONS, _PORTION)]
        suspension = (batches.now, batches.account_id, SUSPENDED_BY_IMPORT)
        work: Sequence[tuple[str, Record]] = (
            *((statement, ()) for statement in (_FREE_NUMBERS, _UPDATE, _INSERT)),
            *((statement, ()) for statement in (_OLD_JOBS, _NEW_JOBS, _NEW_CHANGES, _LINK_ACCOUNTS)),
            (_SUSPEND, suspension),
        )
        for done, ((statement, values), portion) in enumerate(product(work, portions)):
            report("write", batches.total * done // (len(work) * len(portions)), batches.total)
            try:
                await execute(statement, *portion, *values)
            except IntegrityError as error:
                raise Conflict(
                    "导入期间表格中有人刚刚入库，没有导入任何内容，请重新导入。", code="entered_meanwhile"
                ) from error
        report("write", batches.total, batches.total)


@dataclass(frozen=True)
class _Records:
    """Rows of the staging tables; ``errors``: lines that the file of their expert doesn't allow."""

    errors: Sequence[RowError]
    experts: Sequence[Record]
    jobs: Sequence[Record]
    changes: Sequence[Record]


class _Batches:
    """Converts lines into records of the staging tables, encrypted; detects duplicates in the sheet."""

    def __init__(self, deps: Deps, reader: RowReader, actor: Actor, now: datetime) -> None:
        self._deps = deps
        self._reader = reader
        self.pool, self.account_id, self.now = actor.pool, actor.account_id, now
        self.total = self.known = 0
        self.moved = list[MovedMobile]()

    def read(self, lines: Sequence[Line]) -> tuple[list[ImportedRow], list[RowError]]:
        """The valid lines, and the problems of the others."""
        imported, errors = list[ImportedRow](), list[RowError]()
        for line in lines:
            row = self._reader.read(line)
            if isinstance(row, ImportedRow):
                imported.append(row)
            else:
                errors += row
        self.total += len(lines)
        return imported, errors

    async def records(self, imported: Sequence[ImportedRow]) -> _Records:
        """The rows with the files that they change, which stay locked."""
        hash_of = {row.line: self._deps.keys.lookup_hash("id_number", str(row.values["id_number"])) for row in imported}
        mobiles = [self._deps.keys.lookup_hash("mobile", str(row.values.get("mobile") or "")) for row in imported]
        await rows(_OWNERS, self.pool, list(hash_of.values()), mobiles, self.account_id)
        known_rows = await rows(_KNOWN, self.pool, list(hash_of.values()))
        ids = {row["id_number_hash"]: row["id"] for row in known_rows}
        own = {row["id"] for row in known_rows if self.account_id and row["account_id"] == self.account_id}
        files = await changes_of(self._deps, ids.values())
        self.known += len(ids)
        filed = [change.values.get("employer") for changes in files.values() for change in changes]
        listed = await read_listed_employers(self.pool, filed)
        known = {line: ids.get(digest) for line, digest in hash_of.items()}
        return await asyncio.to_thread(self._convert, imported, known, files, listed, own)

    def _convert(
        self,
        imported: Sequence[ImportedRow],
        known: Mapping[int, UUID | None],
        files: Mapping[UUID, Sequence[FileChange]],
        listed: ListedEmployers,
        own: Collection[UUID],
    ) -> _Records:
        """``own``: files of the person who imports."""
        book, keys, lookups = self._deps.book(self.pool), self._deps.keys, self._reader.lookups
        errors, experts, jobs, changes = list[RowError](), list[Record](), list[Record](), list[Record]()
        for row in imported:
            known_id = known[row.line]
            earlier = files[known_id] if known_id else ()
            file = fold(earlier)
            differing = file.difference(row.change_of(file, lookups, listed))
            if refusal := _refusal(file, book, is_own=known_id in own and bool(differing)):
                errors.append(RowError(row.line, _ID_NUMBER.title, refusal))
            change = as_last(FileChange(self.now, FileSource.IMPORT, differing, None, self.account_id), earlier)
            facts = facts_of([*earlier, change], book, lookups, listed)
            expert_id = known_id or new_id()
            columns = {
                "id": expert_id,
                "pool": self.pool,
                "created_at": self.now,
                "term_notified_at": None,
                **expert_columns(keys, facts),
            }
            if known_id is not None and "mobile" in differing and "mobile" in file.values:
                self.moved.append(MovedMobile(known_id, str(file.values["mobile"]), str(differing["mobile"])))
            experts.append((*(columns[name] for name in _FIELDS), row.line, known_id is not None, row.suspended))
            jobs += _job_records(expert_id, facts.employments)
            if differing:
                sealed = seal_values(keys, differing)
                changes.append((new_id(), expert_id, change.at, FileSource.IMPORT.value, self.account_id, sealed))
        return _Records(errors, experts, jobs, changes)


def _refusal(file: ExpertFile, book: Rulebook, *, is_own: bool) -> str:
    """Why a sheet may not touch this file; empty: it may. A sheet undoes no removal, and brings nobody back against his
    will who can apply by himself."""
    if is_own:
        return "这是您本人的档案，与登记的内容不同，请由其他管理员导入。"
    left = file.since["left_reason"].source if file.values.get("left_reason") else None
    if left is FileSource.OFFICE:
        return "该专家已由管理机构退库；误办的请在专家页面恢复入库，其他的由本人重新申请，请从名单中删去。"
    if left is FileSource.SELF and book.registration.open:
        return "该专家本人已退库，重新入库由本人申请，请从名单中删去。"
    return ""


def _job_records(expert_id: UUID, units: Sequence[Unit]) -> Iterator[Record]:
    for unit in units:
        yield new_id(), expert_id, unit.name, unit.code, unit.since, unit.until, list(unit.keys)


def _failed(total: int, errors: list[RowError]) -> ImportReport:
    return ImportReport(total, 0, 0, tuple(errors[:ERRORS_MAX]), more_errors=len(errors) > ERRORS_MAX)
