"""Correcting a file of an expert's file: photograph, scan of a card, proof of a title. The right one is its evidence.

Former files stay where they are: the file's history names them, and applications show what was handed in.
"""

from __future__ import annotations

import hashlib
from collections.abc import AsyncIterator, Iterator, Mapping
from dataclasses import dataclass, field
from uuid import UUID

from domain.errors import Conflict, InvalidInput, NotFound
from domain.experts.corrections import CorrectionKind
from domain.experts.employments import rows_of
from domain.experts.file import ExpertFile, FileChange, FileSource
from domain.faults import Faults
from domain.file_types import FileType
from domain.forms.values import file_codes
from domain.ids import new_id
from domain.rulebook.book import Rulebook
from domain.rulebook.form import FileRule, FormField
from models.applications import Attachment
from models.experts import Expert
from services.core.base import Actor, Deps
from services.core.idempotency import once
from services.core.permissions import check
from services.corrections.ledger import Upload, check_reason, check_upload, write
from services.corrections.persons import Person, find_person, lock_person, tell
from services.expert_files import change_file, file_of
from services.files import EVIDENCE_MAX, EvidenceFiles, SealedFiles, StoredEvidence, clean_name, new_key, preview_key
from services.inspection.checker import FileChecker
from services.inspection.file_types import MEDIA_TYPES

ADD, DROP = "add", "drop"
_WORDS: Mapping[FileType, str] = {"jpg": "JPG", "png": "PNG", "pdf": "PDF"}
_WHAT_MAX = 20


@dataclass(frozen=True)
class CorrectableFiles:
    """A field of files in the list; ``count``: how many are filed."""

    code: str
    label: str
    count: int


@dataclass(frozen=True)
class FilesForm:
    """``choices``: what may be done, as pairs of value and name: another file for one that is filed, a further one, or
    none in place of one. ``seen``: the state of the file that the form shows."""

    person_id: UUID
    name: str
    number: str
    code: str
    label: str
    types: str
    size_max: int
    seen: str
    choices: tuple[tuple[str, str], ...]


@dataclass(frozen=True)
class _Field:
    """A field of files; ``records``: the list whose column it is, empty for none."""

    code: str
    label: str
    rule: FileRule
    required: bool
    records: str


@dataclass(frozen=True)
class _Filed:
    row: int
    attachment_id: str


@dataclass(frozen=True)
class FileCorrections:
    deps: Deps
    evidence: EvidenceFiles
    store: SealedFiles
    checker: FileChecker = field(default_factory=FileChecker)

    async def lines(self, actor: Actor, person_id: UUID) -> tuple[CorrectableFiles, ...]:
        """The fields whose files may be corrected. Raises NotFound; Conflict for who is not in the pool."""
        check(actor, "expert.manage")
        expert = (await find_person(actor.pool, person_id)).filed_expert
        file = await file_of(self.deps, expert.id)
        return tuple(
            CorrectableFiles(code, place.label, len(_filed(file, code)))
            for code, place in _fields(self.deps.book(actor.pool)).items()
        )

    async def form(self, actor: Actor, person_id: UUID, code: str) -> FilesForm:
        """Raises NotFound, Conflict."""
        check(actor, "expert.manage")
        expert, place = (await find_person(actor.pool, person_id)).filed_expert, self._field(actor.pool, code)
        file = await file_of(self.deps, expert.id)
        return FilesForm(
            person_id=expert.id,
            name=expert.name,
            number=expert.number,
            code=code,
            label=place.label,
            types="、".join(_WORDS[kind] for kind in place.rule.types),
            size_max=min(place.rule.size_max, EVIDENCE_MAX),
            seen=_state(file, code),
            choices=tuple([choice async for choice in self._choices(file, place)]),
        )

    async def correct(
        self,
        actor: Actor,
        person_id: UUID,
        code: str,
        choice: str,
        seen: str,
        reason: str,
        upload: Upload,
        *,
        key: str | None = None,
    ) -> None:
        """Put the upload in the place of a filed file, add it, or, as mere evidence, take a file out.

        Raises NotFound, InvalidInput with all faults, Conflict where the file has just changed.
        """
        check(actor, "expert.manage")
        place, faults = self._field(actor.pool, code), Faults()
        expert = (await find_person(actor.pool, person_id)).filed_expert
        file = await file_of(self.deps, expert.id)
        words = faults.check(check_reason, reason)
        faults.check(check_upload, upload)
        if choice not in [value async for value, _ in self._choices(file, place)]:
            faults.add(InvalidInput("请选择要更正的文件。", code="no_choice", field="choice"))
        faults.raise_any()
        attachment = None if choice.startswith(DROP) else await self._store(actor, expert, place, choice, file, upload)
        evidence = await self.evidence.keep(actor.pool, upload.content, upload.filename)

        async def run() -> bool:
            person = await lock_person(actor.pool, person_id)
            present = await file_of(self.deps, person.filed_expert.id)
            if _state(present, code) != seen:
                raise Conflict("这一项刚刚有变动，请核对现在的内容后重新办理。", code="file_changed")
            await self._apply(
                actor, person, place, _changed(present, code, choice, attachment), words, evidence, attachment
            )
            return True

        await once(
            owner=f"correct.file:{actor.account_id}",
            key=key,
            deps=self.deps,
            answer=bool,
            run=run,
            request=f"{person_id} {code} {choice} {hashlib.sha256(upload.content).hexdigest()} {words}",
        )

    async def _apply(
        self,
        actor: Actor,
        person: Person,
        place: _Field,
        files: list[dict[str, object]],
        reason: str,
        evidence: StoredEvidence,
        attachment: Attachment | None,
    ) -> None:
        now = self.deps.now()
        values = {"label": place.label, "fields": [place.code]}
        correction = await write(
            self.deps, actor, person, CorrectionKind.FIELD, reason, values=values, evidence=evidence
        )
        if attachment is not None:
            await attachment.save(force_create=True)
        change = FileChange(now, FileSource.OFFICE, {place.code: files or None}, correction.id, actor.account_id)
        await change_file(self.deps, person.filed_expert, change)
        what = f"更正您的{place.label}"
        await tell(self.deps, person, what if len(what) <= _WHAT_MAX else "更正您档案的附件", now)

    async def _store(
        self, actor: Actor, expert: Expert, place: _Field, choice: str, file: ExpertFile, upload: Upload
    ) -> Attachment:
        """The file in the store, and its row, which is not written yet. Raises InvalidInput."""
        if len(upload.content) > place.rule.size_max:
            message = f"文件过大，最大{place.rule.size_max // 1_000_000}MB，请压缩后再上传。"
            raise InvalidInput(message, code="file_too_large", field="file")
        try:
            seen = await self.checker.check(actor.pool, upload.content, place.rule.types)
        except InvalidInput as refusal:
            raise InvalidInput(refusal.message, code=refusal.code, field="file") from refusal
        now, content = self.deps.now(), seen.made or upload.content
        key = new_key(actor.pool, now)
        await self.store.put(key, content)
        thumb_key = f"{key}.thumb" if seen.thumbnail else ""
        if seen.thumbnail:
            await self.store.put(thumb_key, seen.thumbnail)
            await self.store.put(preview_key(key), seen.preview)
        return Attachment(
            id=new_id(),
            pool=actor.pool,
            account_id=expert.account_id or actor.account_id,
            expert_id=expert.id,
            field=place.code,
            row=_row_of(file, place.code, choice),
            filename=clean_name(upload.filename, seen.kind),
            media_type=MEDIA_TYPES[seen.kind],
            size=len(content),
            received=len(content),
            sha256=hashlib.sha256(content).hexdigest(),
            key=key,
            thumb_key=thumb_key,
            state="ready",
            created_at=now,
            ready_at=now,
        )

    def _field(self, pool: str, code: str) -> _Field:
        fields = _fields(self.deps.book(pool))
        if code not in fields:
            raise NotFound("没有这一项附件，请返回后重新选择。", code="no_field")
        return fields[code]

    async def _choices(self, file: ExpertFile, place: _Field) -> AsyncIterator[tuple[str, str]]:
        filed = _filed(file, place.code)
        names = {
            str(attachment.id): attachment.filename
            for attachment in await Attachment.filter(id__in=[filed_file.attachment_id for filed_file in filed])
        }
        rows = range(len(rows_of(file.values.get(place.records)))) if place.records else [0]
        for row in rows:
            here = [filed_file for filed_file in filed if filed_file.row == row]
            part = f"第{row + 1}行：" if place.records else ""
            for filed_file in here:
                name = names.get(filed_file.attachment_id, "已登记的文件")
                yield filed_file.attachment_id, f"{part}换掉“{name}”"
            if len(here) < place.rule.count_max:
                yield f"{ADD}-{row}", f"{part}增加一个文件" if here else f"{part}登记这个文件"
            for filed_file in here if not place.required or len(here) > 1 else ():
                name = names.get(filed_file.attachment_id, "已登记的文件")
                yield f"{DROP}-{filed_file.attachment_id}", f"{part}删去“{name}”，上传的只作依据"


def _fields(book: Rulebook) -> dict[str, _Field]:
    """The fields of files in the paper of the file, in its order."""
    paper = book.form.of_file()
    used, codes = paper.used(), file_codes(paper, "first")
    return {place.code: place for place in _places(used, codes)}


def _places(used: Mapping[str, FormField], codes: list[str]) -> Iterator[_Field]:
    for code in codes:
        owner, _, column = code.partition(".")
        whole = used[owner]
        part = whole.parts[column] if column else whole
        if part.file is not None:
            label = f"{whole.label}的{part.label}" if column else part.label
            required = part.required or bool(part.required_for)
            yield _Field(code, label, part.file, required, owner if column else "")


def _filed(file: ExpertFile, code: str) -> list[_Filed]:
    return [_Filed(int(str(row["row"])), str(row["file"])) for row in rows_of(file.values.get(code)) if "file" in row]


def _row_of(file: ExpertFile, code: str, choice: str) -> int:
    if choice.startswith(ADD):
        return int(choice.partition("-")[2])
    return next(filed.row for filed in _filed(file, code) if filed.attachment_id == choice)


def _changed(file: ExpertFile, code: str, choice: str, attachment: Attachment | None) -> list[dict[str, object]]:
    """What the field holds after the choice."""
    gone = choice.partition("-")[2] if choice.startswith(DROP) else choice
    files = [(filed.row, filed.attachment_id) for filed in _filed(file, code) if filed.attachment_id != gone]
    if attachment is not None:
        files.append((attachment.row, str(attachment.id)))
    return [{"row": row, "file": attachment_id} for row, attachment_id in sorted(files)]


def _state(file: ExpertFile, code: str) -> str:
    """From when the field has its value."""
    return file.since[code].at.isoformat() if code in file.since else "-"
