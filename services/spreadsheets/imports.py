"""Sheets that are checked and shown first, then imported completely, or only their valid lines."""

from __future__ import annotations

import json
from collections.abc import Awaitable, Callable, Iterable, Mapping, Sequence
from dataclasses import asdict, dataclass
from datetime import datetime, timedelta
from typing import Any, Generic, Literal, Protocol, TypeVar
from uuid import UUID

from domain.errors import Conflict, InvalidInput, NotFound
from services.core.base import Actor, Deps, record, transaction
from services.core.limits import advisory_lock
from services.spreadsheets.cells import Cells, RowError, UniqueValues, places_of
from services.spreadsheets.formats import Column, Format, Line, SheetError, format_within

IMPORT_TTL = timedelta(days=1)
"""How long a checked sheet is kept for the decision."""
ERRORS_SHOWN = 200
SAMPLE = 5


R = TypeVar("R")
"""A valid line: a frozen dataclass of JSON values."""


class SheetReader(Protocol):
    """Port: ``inspection.checker`` parses untrusted files in a separate process."""

    async def read_sheet(
        self, pool: str, content: bytes, form: Format, columns: Sequence[Column], rows_max: int
    ) -> Sequence[Line]: ...


@dataclass(frozen=True)
class Words:
    """``act``: 导入 or 登记; ``untouched``: what was not changed by a refusal; ``upload``: name of the file for the
    person."""

    act: str
    untouched: str
    upload: str


@dataclass(frozen=True)
class SheetKind(Generic[R]):
    """One kind of import. ``table`` has the columns of ``models.campaigns.EmployerImport``; ``row`` is a usable line.

    ``sealed``: the purpose of the seal for lines that are secret in the table, which then has ``lines_sealed``.
    ``noun`` and ``subject`` name it in the audit; imports with the same ``lock`` are carried out one after another in a
    pool. ``counts`` returns the effects of lines, ``sample`` the display text of a line, or an empty one.
    """

    table: Any
    row: type[R]
    columns: Sequence[Column]
    lines_max: int
    bytes_max: int
    noun: str
    subject: str
    lock: str
    words: Words
    counts: Callable[[Sequence[R]], dict[str, int]]
    sample: Callable[[R], str]
    sealed: str = ""


@dataclass(frozen=True)
class ImportView:
    """A sheet and its result. ``counts``: effects, planned or, once imported, done; ``sample`` shows some of them.

    ``bad`` counts the invalid lines, ``errors`` are the reasons, up to a readable number.
    """

    id: UUID
    filename: str
    state: Literal["checked", "done"]
    counts: Mapping[str, int]
    sample: tuple[str, ...]
    bad: int
    errors: tuple[RowError, ...]
    created_at: datetime
    done_at: datetime | None


@dataclass(frozen=True)
class SheetImports(Generic[R]):
    """The steps common to all kinds; the caller has checked the permission."""

    deps: Deps
    reader: SheetReader
    kind: SheetKind[R]

    async def open_file(self, actor: Actor, content: bytes) -> Sequence[Line]:
        """Raises InvalidInput for an invalid sheet."""
        kind = self.kind
        if len(content) > kind.bytes_max:
            most = kind.bytes_max // 1_000_000
            raise InvalidInput(f"文件最大{most}MB，请拆分后再上传。", code="file_too_large", field="file")
        try:
            return await self.reader.read_sheet(
                actor.pool, content, format_within(content), kind.columns, kind.lines_max
            )
        except SheetError as error:
            raise InvalidInput(str(error), code="sheet_unreadable", field="file") from error

    async def store_sheet(
        self, actor: Actor, filename: str, rows: Sequence[R], errors: Sequence[RowError]
    ) -> ImportView:
        """Store for the decision; undecided sheets are deleted later."""
        kind, now = self.kind, self.deps.now()
        async with transaction():
            await kind.table.filter(pool=actor.pool, created_at__lt=now - IMPORT_TTL, state="checked").delete()
            sheet = await kind.table.create(
                pool=actor.pool,
                account_id=actor.account_id,
                filename=filename[-200:],
                created_at=now,
                errors=_as_json(_sorted_by_line(errors)),
                **self._line_columns(rows),
            )
            await record(actor, now, f"{kind.noun}.sheet", kind.subject, sheet.id, good=len(rows), bad=len(errors))
        return self._view(sheet)

    async def get(self, actor: Actor, sheet_id: UUID) -> ImportView:
        """Raises NotFound for a sheet of another pool, or an expired one."""
        return self._view(await self._get_sheet(actor, sheet_id))

    async def rows(self, actor: Actor, sheet_id: UUID) -> list[R]:
        """The stored lines. Raises NotFound as ``get``."""
        return self._rows(await self._get_sheet(actor, sheet_id))

    async def apply(
        self,
        actor: Actor,
        sheet_id: UUID,
        recheck_lines: Callable[[list[R]], Awaitable[tuple[list[R], list[RowError]]]],
        write: Callable[[list[R], datetime], Awaitable[None]],
        *,
        only_good: bool,
    ) -> ImportView:
        """Import the sheet in one transaction; a repetition returns the same.

        ``recheck_lines`` checks the lines against the present state. Raises Conflict while a line is invalid, unless
        ``only_good``.
        """
        kind, now = self.kind, self.deps.now()
        async with transaction():
            await advisory_lock(f"{kind.lock}:{actor.pool}")
            sheet = await self._get_sheet(actor, sheet_id, locked=True)
            if sheet.state == "done":
                return self._view(sheet)
            rows, new_errors = await recheck_lines(self._rows(sheet))
            errors = _sorted_by_line([*_errors(sheet), *new_errors])
            self._check_importable(rows, errors, only_good)
            await write(rows, now)
            counts = kind.counts(rows)
            sheet.update_from_dict({"errors": _as_json(errors), **self._line_columns([])})
            sheet.result, sheet.state, sheet.done_at = counts, "done", now
            await sheet.save()
            await record(actor, now, f"{kind.noun}.import", kind.subject, sheet.id, **counts)
        return self._view(sheet)

    def _check_importable(self, rows: Sequence[R], errors: Sequence[RowError], only_good: bool) -> None:
        words = self.kind.words
        if errors and not only_good:
            raise Conflict(
                f"有{_count_lines(errors)}行不能{words.act}，{words.untouched}。请修改后重新上传，或只{words.act}无误的行。",
                code="sheet_errors",
                params={"errors": _as_json(errors[:ERRORS_SHOWN])},
            )
        if not rows:
            raise Conflict(f"没有可以{words.act}的行，请修改后重新上传。", code="sheet_empty")

    async def _get_sheet(
        self, actor: Actor, sheet_id: UUID, *, locked: bool = False
    ) -> Any:  # a row of the kind's table
        query = self.kind.table.select_for_update() if locked else self.kind.table.all()
        sheet = await query.get_or_none(id=sheet_id, pool=actor.pool)
        if sheet is None or (sheet.state == "checked" and sheet.created_at < self.deps.now() - IMPORT_TTL):
            raise NotFound(f"这次{self.kind.words.upload}已过期，请重新上传文件。", code="import_unknown")
        return sheet

    def _line_columns(self, rows: Sequence[R]) -> dict[str, Any]:
        """The lines in their column's format; encrypted ones are deleted after the import."""
        if not self.kind.sealed:
            return {"lines": _as_json(rows)}
        text = json.dumps(_as_json(rows), ensure_ascii=False)
        return {"lines_sealed": self.deps.keys.seal(text, self.kind.sealed) if rows else ""}

    def _rows(self, sheet: Any) -> list[R]:
        if not self.kind.sealed:
            return [self.kind.row(**line) for line in sheet.lines]
        text = self.deps.keys.read(sheet.lines_sealed, self.kind.sealed)
        return [self.kind.row(**line) for line in json.loads(text or "[]")]

    def _view(self, sheet: Any) -> ImportView:
        kind, errors = self.kind, _errors(sheet)
        rows, is_done = self._rows(sheet), sheet.state == "done"
        return ImportView(
            id=sheet.id,
            filename=sheet.filename,
            state="done" if is_done else "checked",
            counts=dict(sheet.result) if is_done else kind.counts(rows),
            sample=tuple(shown for row in rows if (shown := kind.sample(row)))[:SAMPLE],
            bad=_count_lines(errors),
            errors=tuple(errors[:ERRORS_SHOWN]),
            created_at=sheet.created_at,
            done_at=sheet.done_at,
        )


def read_rows(
    lines: Iterable[Line], columns: Sequence[Column], read: Callable[[Line, Cells, UniqueValues], R]
) -> tuple[list[R], list[RowError]]:
    """Valid lines, and the problems of the others."""
    places, unique, rows, errors = places_of(columns), UniqueValues(), list[R](), list[RowError]()
    for line in lines:
        cells = Cells(line, places)
        row = read(line, cells, unique)
        if cells.errors:
            errors += cells.errors
        else:
            rows.append(row)
    return rows, errors


def _errors(sheet: Any) -> list[RowError]:
    return [RowError(**error) for error in sheet.errors]


def _sorted_by_line(errors: Iterable[RowError]) -> list[RowError]:
    return sorted(errors, key=lambda error: error.line)


def _count_lines(errors: Iterable[RowError]) -> int:
    return len({error.line for error in errors})


def _as_json(rows: Iterable[Any]) -> list[dict[str, Any]]:
    """Dataclasses as JSON."""
    return [asdict(row) for row in rows]
