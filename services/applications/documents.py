"""Documents that a person prints: the application form with its proof, the commitment letter, the information form."""

from __future__ import annotations

import asyncio
import base64
import hashlib
import json
import secrets
from collections.abc import Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Annotated, cast
from uuid import UUID

import structlog
from pydantic import Field

from domain.applications.lifecycles import ApplicationEvent, ApplicationState
from domain.clock import local
from domain.errors import Conflict, GatewayError, NotFound, Unavailable
from domain.experts.employments import rows_of
from domain.file_types import FileType
from domain.forms.checking import FieldProblem, PersonFacts, person_facts
from domain.masking import mask_name
from domain.rulebook.form import ApplicationForm, EntryType
from domain.typed_text import half_width
from models.accounts import Account
from models.applications import Application, Attachment, PrintedForm
from models.experts import Expert
from services.applications import document_contents
from services.applications.applicants import facts_of, today
from services.applications.document_contents import Content, Filled
from services.applications.kept_fields import apply_kept_values
from services.applications.problems import find_problems, refusal
from services.applications.repository import get_own, lock_own, log, move, read_values, type_of
from services.applications.submission import APPLICANT
from services.catalogue_codes import load_codes
from services.core import permissions
from services.core.base import Actor, Deps, record, transaction
from services.expert_files import file_of
from services.experts import expert_status
from services.files import FileLost, Previews, SealedFiles
from services.inspection.file_types import MEDIA_TYPES
from services.ports import DocumentRenderer

logger: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

CODE_LENGTH = 16
_LETTERS = "0123456789ABCDEFGHJKMNPQRSTVWXYZ"
"""Without I, L, O and U, which people mistake (Crockford's base 32)."""
_MISTAKEN = str.maketrans({"I": "1", "L": "1", "O": "0", "-": "", " ": ""})
PHOTO = "photo"
"""Code of the field whose photo is on documents."""
_PHOTO_SIDE = 700


@dataclass(frozen=True)
class Printed:
    """A print of an application's form. ``locked``: its data can't be edited any more."""

    code: Annotated[str, Field(examples=["7K3Q-M9DX-2RTB-W8PH"])]
    version: int
    printed_at: datetime
    locked: Annotated[bool, Field(description="The form can't be edited any more")]


@dataclass(frozen=True)
class PdfDocument:
    """A PDF. ``filename`` holds the number, never a name."""

    content: bytes
    filename: str


@dataclass(frozen=True)
class Verified:
    """The verification of a document's code. ``current``: the form has not changed since it was printed."""

    pool: str
    pool_name: str
    title: str
    number: str
    version: int
    current: bool
    printed_at: datetime
    masked_name: str


@dataclass(frozen=True)
class Documents:
    deps: Deps
    store: SealedFiles
    previews: Previews
    renderer: DocumentRenderer

    async def print_form(self, actor: Actor, application_id: UUID, *, confirmed: bool = False) -> Printed:
        """Print the current version of the form; the same version again yields the same print.

        Where printing locks, the form must be complete except for files, and ``confirmed``: Raises Conflict
        ``print_locks`` with the warning, InvalidInput with everything that is missing or wrong, Unavailable.
        """
        permissions.check(actor, "application.own")
        now, book = self.deps.now(), self.deps.book(actor.pool)
        async with transaction():
            application = await lock_own(actor, application_id)
            if application.state == ApplicationState.CANCELLED:
                raise Conflict("申请已放弃，不能再打印。", code="application_ended")
            await apply_kept_values(self.deps, book, application, now)
            form, account = await self._form(application)
            if application.state == ApplicationState.DRAFT and book.form.papers.print_locks:
                await self._lock_form(application, account, form, confirmed=confirmed, now=now)
            row = await self._find_print(application, form)
            if row is None:
                row = await _new_row(application, form, now)
                await record(actor, now, "application.print", "application", application.id, version=row.version)
        await self._load_pdf(row, application, form)
        return _printed_view(row, application)

    async def printed(self, actor: Actor, application_id: UUID) -> PdfDocument:
        """The current version's print as PDF. Raises Conflict when it was not printed yet."""
        application = await self._get_own(actor, application_id)
        form, _ = await self._form(application)
        row = await self._find_print(application, form)
        if row is None:
            raise Conflict("当前内容还没有打印，请先核对信息再打印。", code="not_printed")
        return PdfDocument(await self._load_pdf(row, application, form), f"{application.number}-v{row.version}.pdf")

    async def is_printed(self, actor: Actor, application_id: UUID) -> bool:
        """Whether the current version was printed."""
        application = await self._get_own(actor, application_id)
        form, _ = await self._form(application)
        return await self._find_print(application, form) is not None

    async def commitment(self, actor: Actor, application_id: UUID) -> PdfDocument:
        """The commitment letter with the person's name, to be signed."""
        application = await self._get_own(actor, application_id)
        form, _ = await self._form(application)
        content = document_contents.commitment(form)
        return PdfDocument(await self._render_pdf("commitment", content), f"{application.number}-commitment.pdf")

    async def information_form(self, actor: Actor) -> PdfDocument:
        """An expert's own record. Raises NotFound for a person who is not in the pool."""
        permissions.check(actor, "expert.self.read")
        expert = await Expert.get_or_none(id=actor.expert_id, pool=actor.pool, left_at=None)
        if expert is None:
            raise NotFound("入库成为专家后才能下载个人信息表。", code="no_expert")
        book, now = self.deps.book(actor.pool), self.deps.now()
        filed = (await file_of(self.deps, expert.id)).values
        paper = book.model_copy(update={"form": book.form.of_file()})
        codes = await load_codes(paper, filed, retired=_chosen_employer(filed))
        form = Filled(paper, "first", filed, self._facts(expert), codes, today(self.deps), with_defaults=False)
        content = document_contents.information_form(
            form,
            await self._draw_photo(await _filed_photo(filed)),
            number=expert.number,
            membership_status=(await expert_status(self.deps, expert)).text,
            printed_at=now,
        )
        async with transaction():
            await record(actor, now, "expert.print", "expert", expert.id)
        return PdfDocument(await self._render_pdf("application_form", content), f"{expert.number}.pdf")

    async def verify(self, code: str) -> Verified:
        """Verify a document's code, for anyone who holds the paper. Raises NotFound."""
        typed = half_width(code).upper().translate(_MISTAKEN)
        known = len(typed) == CODE_LENGTH and set(typed) <= set(_LETTERS)
        row = await PrintedForm.get_or_none(code=typed).prefetch_related("application__account") if known else None
        if row is None:
            raise NotFound(
                "没有这个校验码，请核对后重新输入；仍查不到的，该表格不是本系统打印的。", code="no_such_paper"
            )
        application: Application = row.application
        book = self.deps.book(application.pool)
        current = row.version == application.version and await self._is_last(row)
        return Verified(
            application.pool,
            book.pool.name,
            book.form.papers.title_of(type_of(application)),
            application.number,
            row.version,
            current,
            row.printed_at,
            mask_name(application.account.real_name),
        )

    # ---- helpers

    async def _get_own(self, actor: Actor, application_id: UUID) -> Application:
        permissions.check(actor, "application.own")
        return await get_own(actor, application_id)

    async def _form(self, application: Application) -> tuple[Filled, Account]:
        book = self.deps.book(application.pool)
        account = await Account.get(id=application.account_id)
        values = await read_values(self.deps, application.id)
        codes = await load_codes(book, values, retired=_chosen_employer(values))
        entry_type = cast(EntryType, application.entry_type)
        form = Filled(book, entry_type, values, facts_of(self.deps, account), codes, today(self.deps))
        return form, account

    async def _lock_form(
        self, application: Application, account: Account, form: Filled, *, confirmed: bool, now: datetime
    ) -> None:
        problems = await find_problems(self.deps, form.book, application, account, dict(form.values), form.codes)
        if typed := [problem for problem in problems if not _is_file(problem, form.book.form.of(form.entry_type))]:
            raise refusal(typed, "还不能打印", "form_incomplete")
        if not confirmed:
            raise Conflict("打印后内容将锁定，不能再修改。请逐项核对，确认无误后再打印。", code="print_locks")
        application.locked_version = application.version
        await application.save(update_fields=["locked_version"])
        await move(application, ApplicationEvent.PRINT, now)
        await log(application, now, "print", APPLICANT)

    async def _find_print(self, application: Application, form: Filled) -> PrintedForm | None:
        return await PrintedForm.filter(
            application_id=application.id, version=application.version, digest=_digest(form)
        ).first()

    async def _is_last(self, row: PrintedForm) -> bool:
        newer = PrintedForm.filter(application_id=row.application_id, printed_at__gt=row.printed_at)
        return not await newer.exists()

    async def _load_pdf(self, row: PrintedForm, application: Application, form: Filled) -> bytes:
        """From the store, or rendered now and stored; two at once render the same."""
        if row.key:
            with suppress(FileLost):
                return await self.store.get(row.key)
        url = f"{self.deps.public_url}/p/{row.code}"
        content = document_contents.application_form(
            form,
            await self._photo(application.id),
            number=application.number,
            version=row.version,
            code=row.code,
            printed_at=row.printed_at,
            url=url,
        )
        pdf = await self._render_pdf("application_form", content)
        key = print_key(application.pool, row)
        await self.store.put(key, pdf)
        await PrintedForm.filter(id=row.id).update(key=key)
        return pdf

    async def _photo(self, application_id: UUID) -> str:
        """The application's photo as JPEG in base64; empty without a readable one."""
        attached = Attachment.filter(application_id=application_id, field=PHOTO, state="ready")
        return await self._draw_photo(await attached.first())

    async def _draw_photo(self, photo: Attachment | None) -> str:
        kinds: list[FileType] = [kind for kind, name in MEDIA_TYPES.items() if photo and name == photo.media_type]
        if photo is None or "pdf" in kinds:
            return ""
        try:
            preview = await self.previews.get(photo.pool, photo.key, kinds[0])
        except FileLost:
            logger.error("photo_lost", attachment=str(photo.id))
            return ""
        drawn = await asyncio.to_thread(_draw_photo, preview)
        return base64.b64encode(drawn).decode()

    async def _render_pdf(self, document: str, content: Content) -> bytes:
        try:
            return await self.renderer.render_pdf(document, content)
        except GatewayError as error:
            logger.error("document_not_printed", document=document, error=type(error).__name__)
            raise Unavailable("暂时无法生成文件，请稍后重试。", code="printer_away") from error

    def _facts(self, expert: Expert) -> PersonFacts:
        keys = self.deps.keys
        return person_facts(
            expert.name,
            keys.open_text(expert.id_number_sealed, "id_number"),
            keys.open_text(expert.mobile_sealed, "mobile"),
        )


async def _filed_photo(filed: Mapping[str, object]) -> Attachment | None:
    photos = rows_of(filed.get(PHOTO))
    return await Attachment.get_or_none(id=photos[0]["file"], state="ready") if photos else None


def print_key(pool: str, row: PrintedForm) -> str:
    """The key of a print in the store."""
    return row.key or f"{pool}/{local(row.printed_at):%Y/%m}/{row.id.hex}"


def _draw_photo(preview: bytes) -> bytes:
    from services.inspection.pictures import render_picture  # noqa: PLC0415 (Pillow, which only documents need)

    return render_picture(preview, "jpg", _PHOTO_SIDE)


async def _new_row(application: Application, form: Filled, now: datetime) -> PrintedForm:
    code = "".join(secrets.choice(_LETTERS) for _ in range(CODE_LENGTH))
    return await PrintedForm.create(
        application_id=application.id, code=code, version=application.version, digest=_digest(form), printed_at=now
    )


def _is_file(problem: FieldProblem, form: ApplicationForm) -> bool:
    """Whether it concerns a file of the form or of records, which may be added after printing while its section stays
    open."""
    code, _, column = problem.field.partition(".")
    code = code.partition("[")[0]
    field = form.used().get(code)
    if field is None or not form.sections[form.section_of(code)].open_after_print:
        return False
    return field.kind == "file" or (column in field.parts and field.parts[column].kind == "file")


def _chosen_employer(values: object) -> list[str]:
    """The chosen employer, which is valid even if no longer offered."""
    chosen = values.get("employer") if isinstance(values, dict) else None
    return [chosen] if isinstance(chosen, str) else []


def _digest(form: Filled) -> str:
    """Over all values and the person's identity; not over the date or images."""
    person = form.person
    facts = [form.entry_type, form.values, person.name, person.id_number, person.mobile]
    return hashlib.sha256(json.dumps(facts, sort_keys=True, ensure_ascii=False).encode()).hexdigest()


def _printed_view(row: PrintedForm, application: Application) -> Printed:
    locked = application.locked_version == row.version
    return Printed(document_contents.spaced(row.code), row.version, row.printed_at, locked)
