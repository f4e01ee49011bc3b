"""The expert's file (专家档案): all that the pool holds of an expert, as the sum of the changes that took effect.

A change names the fields it sets. A field set to None is emptied and stays empty until another change sets it. Fields
are those of the pool's form and ``OWN_FIELDS``; their values are stored as ``domain.forms.values`` defines.
"""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import datetime, timedelta
from uuid import UUID

from domain.forms.values import is_empty
from domain.lifecycle import Labelled

RETIRED = "retired_on"
SUSPENDED_BEFORE = "active"
"""Whether the expert was drawn, in changes from before suspensions were rows of their own: history only."""
OWN_FIELDS: Mapping[str, str] = {
    "number": "专家编号",
    "name": "姓名",
    "id_number": "身份证号",
    "mobile": "手机号",
    "membership": "专家类型",
    SUSPENDED_BEFORE: "抽取状态",
    "term_until": "聘期",
    "left_reason": "退库原因",
    "department": "行业部门",
    "willing_regions": "意愿评标地",
    "employed_since": "入职日期",
    "former_units": "历史单位",
    RETIRED: "退休日期",
}
"""Fields that every file has though no pool's form asks for them, or asks the account instead."""
FOLLOW: Mapping[str, tuple[str, ...]] = {"employer": ("employer_code", "employed_since", "office_phone")}
"""Fields that say something of another field's value, and are emptied with it unless the same change sets them."""


class FileSource(Labelled):
    """Which act a change of the file came from."""

    APPLICATION = "application", "申请入档"
    IMPORT = "import", "批量导入"
    OFFICE = "office", "管理机构更正"
    SELF = "self", "本人修改"
    SYSTEM = "system", "系统办理"


@dataclass(frozen=True)
class FileChange:
    """``values``: field → value from ``at`` on. ``source_id``: the application or act; ``by``: who did it, None for the
    system."""

    at: datetime
    source: FileSource
    values: Mapping[str, object]
    source_id: UUID | None = None
    by: UUID | None = None


@dataclass(frozen=True)
class FormerValue:
    """A value that a field had from one change until the next; ``value`` None: it was empty."""

    value: object
    change: FileChange
    until: datetime | None


@dataclass(frozen=True)
class ExpertFile:
    """``values`` lacks empty fields; ``since`` names the change from which each field has its present value, an emptied
    one too."""

    values: Mapping[str, object] = field(default_factory=dict)
    since: Mapping[str, FileChange] = field(default_factory=dict)

    def difference(self, values: Mapping[str, object]) -> dict[str, object]:
        """Those of ``values`` that differ from the file, with the fields that follow a changed one emptied; None for an
        empty value."""
        changed = {code: _plain(value) for code, value in values.items() if _plain(value) != self.values.get(code)}
        for code in [code for code in changed if code in FOLLOW]:
            followers = (name for name in FOLLOW[code] if name in self.values and name not in values)
            changed |= dict.fromkeys(followers)
        return changed

    def is_own_word_since(self, code: str, at: datetime) -> bool:
        """Whether the field has a value that the expert himself set, at once, after ``at``."""
        change = self.since.get(code)
        return change is not None and change.source == FileSource.SELF and change.at > at

    def after(self, change: FileChange) -> ExpertFile:
        """The file with a further change. A value that is set again keeps the change it came from."""
        differing = self.difference(change.values)
        values = {code: value for code, value in {**self.values, **differing}.items() if value is not None}
        return ExpertFile(values, {**self.since, **dict.fromkeys(differing, change)})


def fold(changes: Iterable[FileChange]) -> ExpertFile:
    """The file after ``changes``, oldest first."""
    file = ExpertFile()
    for change in changes:
        file = file.after(change)
    return file


def as_last(change: FileChange, changes: Sequence[FileChange]) -> FileChange:
    """The change with a moment after ``changes``, oldest first: its own may have been read before it waited for the
    file while another one was written, or on a machine whose clock is behind."""
    if changes and change.at < changes[-1].at:
        return replace(change, at=changes[-1].at + timedelta(microseconds=1))
    return change


def history_of(changes: Iterable[FileChange], code: str) -> list[FormerValue]:
    """The values that a field has had, oldest first; the last one is present."""
    file, steps = ExpertFile(), list[FormerValue]()
    for change in changes:
        file = file.after(change)
        if file.since.get(code) is change:
            if steps:
                steps[-1] = FormerValue(steps[-1].value, steps[-1].change, change.at)
            steps.append(FormerValue(file.values.get(code), change, None))
    return steps


def requested_fields(
    filed: Mapping[str, object],
    seen: Sequence[Mapping[str, object]],
    stored: Mapping[str, str],
    *,
    by_id: Collection[str],
    accepted: Collection[str],
) -> set[str]:
    """Fields that an application asks to change: their value in ``filed`` is none of those in ``seen``.

    ``seen``: the file when the application was begun, and when it was handed in. What another change has set between
    the two is not asked for. ``stored``: id of an attachment → key of the stored file, which copies of it share.
    ``by_id``: fields whose form offers rows of a list by their ids; ``accepted``: ids of the file's attachments that
    today's form accepts. What the form can't take over, an imported employer by its name, or files of a kind that it
    refuses, stays when it is left empty.
    """

    def is_taken(code: str, value: object) -> bool:
        if isinstance(value, list) and value:
            return not all(isinstance(row, dict) and "file" in row and row["file"] not in accepted for row in value)
        return not (code in by_id and is_name(value))

    return {
        code
        for code, value in filed.items()
        if _comparable(value, stored) not in [_comparable(values.get(code), stored) for values in seen]
        and not (is_empty(value) and not all(is_taken(code, values.get(code)) for values in seen))
    }


def is_name(value: object) -> bool:
    """Whether a text is no id of a row."""
    if not isinstance(value, str) or not value:
        return False
    try:
        UUID(value)
    except ValueError:
        return True
    return False


def _comparable(value: object, stored: Mapping[str, str]) -> object:
    """None for an empty value; rows of files by what is stored."""
    if isinstance(value, list) and all(isinstance(row, dict) and row.get("file") in stored for row in value):
        return sorted((row["row"], stored[row["file"]]) for row in value) or None
    return _plain(value)


@dataclass(frozen=True)
class FileStep:
    """What a change made of the file: field → value before and after, None for an empty one. ``first``: it began the
    file."""

    change: FileChange
    values: Mapping[str, tuple[object, object]]
    first: bool


def steps_of(changes: Iterable[FileChange]) -> list[FileStep]:
    """Each change with what it made of the file, oldest first."""
    file, steps = ExpertFile(), list[FileStep]()
    for change in changes:
        differing = file.difference(change.values)
        values = {code: (file.values.get(code), value) for code, value in differing.items()}
        steps.append(FileStep(change, values, not steps))
        file = file.after(change)
    return steps


def _plain(value: object) -> object:
    """None for an empty value, so that equal values are equal however they were written."""
    return None if is_empty(value) else value
