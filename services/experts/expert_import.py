"""Importing experts from a sheet: all or nothing, with a reason for every invalid cell."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator, Sequence
from contextlib import aclosing
from dataclasses import dataclass, field
from datetime import datetime
from uuid import UUID

from domain.catalogues import KINDS
from domain.ids import new_id
from models.experts import CatalogueEntry
from services.core.base import Actor, Deps, connection, execute, record, rows, transaction
from services.core.crypto import Keyring
from services.core.limits import advisory_lock
from services.core.permissions import check
from services.experts.expert_records import columns_of
from services.experts.import_rows import ExpertRow, Lookups, RowReader
from services.experts.import_sheet import COLUMNS, ROWS_MAX
from services.inspection.checker import IMPORT, FileChecker
from services.spreadsheets.cells import Lookup, RowError
from services.spreadsheets.formats import Format, Line, SheetError

ERRORS_MAX = 1000
"""Parsing stops after this number of reasons."""

_PROGRESS_EVERY = 1000
"""Lines between progress reports."""

Progress = Callable[[str, int, int], None]
"""Called with a stage (``read``, ``check``, ``write``), lines done, and their total (0: unknown)."""

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
    SELECT e.*, 0 AS line FROM expert e WITH NO DATA
"""
_STAGE_JOBS = """
CREATE TEMPORARY TABLE import_employment ON COMMIT DROP AS
    SELECT m.*, ''::text AS id_number_hash FROM employment m WITH NO DATA
"""
_KNOWN = """
SELECT count(*) AS n FROM expert e JOIN import_expert i ON e.pool = i.pool AND e.id_number_hash = i.id_number_hash
"""
_CLASHES = """
SELECT i.line, 'number' AS what FROM import_expert i JOIN expert e ON e.pool = i.pool AND e.number = i.number
 WHERE e.id_number_hash <> i.id_number_hash
   AND NOT EXISTS (SELECT 1 FROM import_expert j WHERE j.id_number_hash = e.id_number_hash)
UNION ALL
SELECT i.line, 'mobile' FROM import_expert i JOIN expert e ON e.pool = i.pool AND e.mobile_hash = i.mobile_hash
 WHERE e.id_number_hash <> i.id_number_hash AND e.left_at IS NULL
   AND NOT EXISTS (SELECT 1 FROM import_expert j WHERE j.id_number_hash = e.id_number_hash)
ORDER BY line LIMIT $1
"""
_FIELDS = (
    "id",
    "pool",
    "number",
    "name",
    "name_sort",
    "id_number_sealed",
    "id_number_hash",
    "born_on",
    "mobile_sealed",
    "mobile_hash",
    "membership_status",
    "active",
    "permanent_region",
    "willing_regions",
    "region_path",
    "specialties",
    "specialty_path",
    "title_level",
    "qualifications",
    "department",
    "recusal_keys",
    "remote_evaluation",
    "emergency",
    "created_at",
    "line",
)
_JOB_FIELDS = (
    "id",
    "expert_id",
    "id_number_hash",
    "unit_name",
    "credit_code",
    "since",
    "until",
    "unit_keys",
)
_ONLY_NEW = ("id", "pool", "id_number_hash", "remote_evaluation", "emergency", "created_at")
"""Columns that a sheet can't change: it has none for remote evaluation and emergencies."""
_STORED = _FIELDS[:-1]
_REPLACED = [name for name in _STORED if name not in _ONLY_NEW]
_UPSERT = (
    f"INSERT INTO expert ({', '.join(_STORED)}) "
    f"SELECT {', '.join(_STORED)} FROM import_expert ORDER BY id_number_hash ON CONFLICT (pool, id_number_hash) "
    f"DO UPDATE SET {', '.join(f'{name} = EXCLUDED.{name}' for name in _REPLACED)}, left_at = NULL, left_reason = ''"
)
_OWN_JOBS = """
UPDATE import_employment j SET expert_id = e.id FROM expert e
 WHERE e.pool = $1 AND e.id_number_hash = j.id_number_hash
"""
_REPLACED_JOBS = """
DELETE FROM employment m USING import_employment j WHERE j.expert_id = m.expert_id AND m.unit_keys <@ j.unit_keys
"""
_LEFT_JOBS = """
UPDATE employment m SET until = $1
 WHERE (m.until IS NULL OR m.until > $1) AND m.expert_id IN (SELECT e.id FROM expert e JOIN import_expert i
        ON e.pool = i.pool AND e.id_number_hash = i.id_number_hash)
"""
"""Units that the sheet doesn't contain any more become former ones."""
_NEW_JOBS = """
INSERT INTO employment (id, expert_id, unit_name, credit_code, since, until, unit_keys)
SELECT id, expert_id, unit_name, credit_code, since, until, unit_keys FROM import_employment
"""
_LINK_ACCOUNTS = """
UPDATE expert e SET account_id = a.id FROM account a, import_expert i
 WHERE i.pool = e.pool AND i.id_number_hash = e.id_number_hash AND e.account_id IS NULL
   AND a.pool = e.pool AND a.mobile_hash = e.mobile_hash AND a.privacy_version <> '' AND a.disabled_at IS NULL
"""


@dataclass(frozen=True)
class ImportReport:
    """Result of an import. With ``errors`` nothing was written; ``more_errors``: the list was cut."""

    total: int
    created: int
    updated: int
    errors: tuple[RowError, ...]
    more_errors: bool = False


@dataclass(frozen=True)
class ExpertImport:
    deps: Deps
    checker: FileChecker = field(default_factory=lambda: FileChecker(sheets=IMPORT))

    async def run(
        self, actor: Actor, content: bytes, form: Format, *, progress: Progress | None = None, dry_run: bool = False
    ) -> ImportReport:
        """Import a complete sheet or nothing.

        An expert with a known ID number is updated and keeps his account; a unit no longer in the sheet becomes a
        former one, since recusal considers former employment. Experts missing from the sheet stay unchanged.
        ``progress`` is called from a thread. Raises SheetError for a file that can't be read at all.
        """
        check(actor, "import")
        report = progress or (lambda _stage, _done, _total: None)
        reader, now = RowReader(await self._lookups(actor.pool)), self.deps.now()
        async with transaction():
            total, errors = await self._stage(_Batches(reader, self.deps.keys, actor.pool, now), content, form, report)
            if errors:
                return _failed(total, errors)
            await advisory_lock(f"import:{actor.pool}")
            report("check", 0, total)
            if clashes := await self._clashes():
                return _failed(total, clashes)
            known = await rows(_KNOWN)
            if not dry_run:
                report("write", 0, total)
                await self._write(actor, now)
                await record(actor, now, "expert.import", "expert", None, total=total, updated=known[0]["n"])
                report("write", total, total)
        return ImportReport(total, total - known[0]["n"], known[0]["n"], ())

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
        self, batches: _Batches, content: bytes, form: Format, report: Progress
    ) -> tuple[int, list[RowError]]:
        """Copy the sheet's lines to staging tables, batch by batch, so that only one is in memory.

        Returns the number of lines, and their problems; after the first problem nothing more is copied.
        """
        await execute(_STAGE)
        await execute(_STAGE_JOBS)
        total, errors = 0, list[RowError]()
        async with aclosing(self.checker.stream_sheet(batches.pool, content, form, COLUMNS, ROWS_MAX)) as sheet:
            async for lines in sheet:
                experts, jobs, reasons = await asyncio.to_thread(batches.records, lines)
                total, errors = total + len(lines), errors + reasons
                if len(errors) > ERRORS_MAX:
                    break
                if not errors:
                    await self._copy(experts, jobs)
                if total % _PROGRESS_EVERY == 0:
                    report("read", total, 0)
        await execute("CREATE INDEX ON import_expert (id_number_hash)")
        await execute("ANALYZE import_expert")
        return total, errors

    async def _copy(self, experts: Sequence[Record], jobs: Sequence[Record]) -> None:
        async with connection().acquire_connection() as raw:
            await raw.copy_records_to_table("import_expert", records=experts, columns=_FIELDS)
            await raw.copy_records_to_table("import_employment", records=jobs, columns=_JOB_FIELDS)

    async def _clashes(self) -> list[RowError]:
        titles = {column.name: column.title for column in COLUMNS}
        reasons = {"number": "库中另一位专家已使用此编号，请核对。", "mobile": "库中另一位专家已登记此手机号，请核对。"}
        clashes = await rows(_CLASHES, ERRORS_MAX + 1)
        return [RowError(row["line"], titles[row["what"]], reasons[row["what"]]) for row in clashes]

    async def _write(self, actor: Actor, now: datetime) -> None:
        # numbers may change hands inside one sheet: clear them first, so that the unique index never sees two
        await execute(
            "UPDATE expert e SET number = '~' || substr(e.id_number_hash, 1, 30) FROM import_expert i "
            "WHERE i.pool = e.pool AND i.id_number_hash = e.id_number_hash AND i.number <> e.number"
        )
        await execute(_UPSERT)
        await execute(_OWN_JOBS, actor.pool)
        await execute("CREATE INDEX ON import_employment (expert_id)")
        await execute("ANALYZE import_employment")
        await execute(_REPLACED_JOBS)
        await execute(_LEFT_JOBS, now)
        await execute(_NEW_JOBS)
        await execute(_LINK_ACCOUNTS)


class _Batches:
    """Converts lines into records of the two staging tables, encrypted; detects duplicates in the sheet."""

    def __init__(self, reader: RowReader, keys: Keyring, pool: str, now: datetime) -> None:
        self._reader = reader
        self._keys = keys
        self.pool = pool
        self._same = {"pool": pool, "remote_evaluation": False, "emergency": False, "created_at": now}

    def records(self, lines: Sequence[Line]) -> tuple[list[Record], list[Record], list[RowError]]:
        """Experts, employments, and problems of the lines; runs in a thread."""
        experts, jobs, errors = list[Record](), list[Record](), list[RowError]()
        for line in lines:
            row = self._reader.read(line)
            if not isinstance(row, ExpertRow):
                errors += row
            elif not errors:
                expert_id, columns = new_id(), columns_of(self._keys, row)
                whole = {**columns, **self._same, "id": expert_id, "line": row.line}
                experts.append(tuple(whole[name] for name in _FIELDS))
                jobs += _jobs(expert_id, columns["id_number_hash"], row)
        return experts, jobs, errors


def _jobs(expert_id: UUID, person: str, row: ExpertRow) -> Iterator[Record]:
    for unit_keys, unit in row.units.items():
        yield new_id(), expert_id, person, unit.name, unit.code, unit.since, unit.until, list(unit_keys)


def _failed(total: int, errors: list[RowError]) -> ImportReport:
    return ImportReport(total, 0, 0, tuple(errors[:ERRORS_MAX]), more_errors=len(errors) > ERRORS_MAX)
