"""The places that a reviewer marks in an application that he sends back: fields and files, each with his words."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from uuid import UUID

from domain.errors import InvalidInput
from domain.faults import Faults
from domain.rulebook.book import Rulebook
from domain.rulebook.form import EntryType
from domain.rulebook.reviews import OPINION_MAX, RETURN_WORDS_MAX
from models.applications import Application, Attachment
from services.applications import SIGNED_FORM, ReturnedPlace, read_values, stored_place
from services.core.base import Deps
from services.core.short_texts import check_text
from services.reviews.former_file import correctable_fields, read_former_file

MARKS_MAX = 40


@dataclass(frozen=True)
class Mark:
    """A field by its code, or one of its files by the id. ``words`` may be empty."""

    field: str = ""
    file: UUID | None = None
    words: str = ""

    @property
    def name(self) -> str:
        """What distinguishes it in a form."""
        return f"file-{self.file}" if self.file else self.field


@dataclass(frozen=True)
class Returns:
    deps: Deps

    async def store(self, application: Application, decision: str, marks: Sequence[Mark]) -> list[dict[str, str]]:
        """The marks as a task stores them; inside the caller's transaction, which has locked the application.

        Raises InvalidInput for marks with another decision, for none where they are what is sent back, and for a place
        that the applicant can't correct.
        """
        if not decision.startswith("send_back"):
            if marks:
                raise InvalidInput("您标出了需要修改的内容：请退回修改，或取消标记后再决定。", code="marked")
            return []
        if decision == "send_back_fields" and not marks:
            raise InvalidInput("请先在申请表上标出需要修改的内容，再退回。", code="nothing_marked")
        if len(marks) > MARKS_MAX:
            raise InvalidInput(f"一次最多标出{MARKS_MAX}处，请改为退回整份申请并写明意见。", code="too_many_marks")
        return await self._store(application, marks) if marks else []

    async def _store(self, application: Application, marks: Sequence[Mark]) -> list[dict[str, str]]:
        book, faults = self.deps.book(application.pool), Faults()
        correctable = correctable_fields(book, application, await read_former_file(self.deps, application))
        values = await read_values(self.deps, application.id)
        attachments = await Attachment.filter(application_id=application.id, state="ready")
        files = {attachment.id: attachment for attachment in attachments}
        places = []
        for mark in marks:
            file = files.get(mark.file) if mark.file else None
            code = file.field.partition(".")[0] if file else mark.field
            if (mark.file and not file) or code not in correctable:
                raise InvalidInput("标出的内容已有变化，请刷新页面后重新标出。", code="mark_unknown", field=mark.name)
            words = faults.check(check_text, mark.words, f"words-{mark.name}", "修改说明", RETURN_WORDS_MAX)
            places.append(stored_place(self.deps, code, words, values, attachments, file))
        faults.raise_any()
        return places


def joined_words(places: Sequence[ReturnedPlace]) -> str:
    """The words of all places as an opinion."""
    return "；".join(place.text.rstrip("。；") for place in places)[:OPINION_MAX]


def with_signed_form(book: Rulebook, entry_type: EntryType, codes: Sequence[str]) -> list[str]:
    """The fields that are open when these are sent back: what stands on the signed form changes it, too."""
    fields = book.form.of(entry_type).used()
    if SIGNED_FORM in fields and any(fields[code].kind != "file" for code in codes if code in fields):
        codes = [*codes, SIGNED_FORM]
    return list(dict.fromkeys(codes))
