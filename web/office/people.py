"""Corrections (更正): a person is found by number, name, mobile or ID number; his mobile and account are put right."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import aiohttp.web as http

from domain.parsing import NUMBER_LONGEST
from services.corrections import REASON_MAX, SEARCH_MAX, Upload
from services.files import EVIDENCE_MAX
from web.core.pages import Rate, Redirect, Visit, page, resource
from web.core.typed_forms import ReasonForm, Ticked, Trimmed
from web.files.file_links import file_headers
from web.office.base import OfficePart

_PERSON, _CORRECTION = "这个人", "这项更正"
_FIELD_MAX = 60
_SEARCHES = (60, 60)
"""Searches per browser and minute."""


@dataclass(frozen=True)
class _Search:
    search: Annotated[str, Trimmed(SEARCH_MAX + 1)]


@dataclass(frozen=True)
class _Mobile:
    """``unbinds``: the WeChat was lost with the phone."""

    mobile: Annotated[str, Trimmed(NUMBER_LONGEST)]
    reason: str
    unbinds: Annotated[bool, Ticked()]


@dataclass(frozen=True)
class _Identity:
    name: Annotated[str, Trimmed(100)]
    id_number: Annotated[str, Trimmed(NUMBER_LONGEST)]
    reason: str


@dataclass(frozen=True)
class _Other:
    """The other account of the person: its mobile, ID number or expert number."""

    other: Annotated[str, Trimmed(SEARCH_MAX + 1)]


@dataclass(frozen=True)
class _Refusal:
    note: str


@dataclass(frozen=True)
class _FileChoice:
    """``choice``: which file of the field is corrected, and how; ``seen``: the state that the page showed."""

    choice: Annotated[str, Trimmed(60)]
    seen: Annotated[str, Trimmed(60)]
    reason: str


class PeoplePages(OfficePart):
    code = "people"
    action = "person.manage"
    on_page = OfficePart.on_page | {403}

    @page("/office/people", "office/people.html")
    async def people(self, visit: Visit) -> Mapping[str, object]:
        return {"waiting": await self.services.corrections.people.waiting(visit.actor), "results": None}

    @people.command(_Search, rate=Rate("people", *_SEARCHES))
    async def search(self, visit: Visit, form: _Search) -> Mapping[str, object]:
        """Posted, so that no address holds a number. The page shows the results."""
        people = self.services.corrections.people
        return {"results": await people.search(visit.actor, form.search), "waiting": await people.waiting(visit.actor)}

    @page("/office/people/{id}", "office/person.html")
    async def person(self, visit: Visit) -> Mapping[str, object]:
        book = self.book(visit.actor)
        return {
            "person": await self.services.corrections.people.read(visit.actor, visit.id(_PERSON)),
            "longest": REASON_MAX,
            "offers_password": "password" in book.registration.login_ways,
            "printed": None,
        }

    @person.command(_Mobile, "mobile", upload=EVIDENCE_MAX, note="已登记新手机号，并发短信请本人用它登录启用。")
    async def file_mobile(self, visit: Visit, form: _Mobile) -> None:
        mobiles = self.services.corrections.mobiles
        await mobiles.file(
            visit.actor,
            visit.id(_PERSON),
            form.mobile,
            form.reason,
            _upload(visit),
            unbinds=form.unbinds,
            key=visit.key,
        )

    @person.command(name="withdraw", note="已撤回，并通知了本人。")
    async def withdraw(self, visit: Visit) -> None:
        await self.services.corrections.mobiles.withdraw(visit.actor, visit.row_id(_CORRECTION), key=visit.key)

    @person.command(_Identity, "identity", upload=EVIDENCE_MAX, note="已提交，等待另一位管理员复核。")
    async def correct_identity(self, visit: Visit, form: _Identity) -> None:
        identities = self.services.corrections.identities
        await identities.begin(
            visit.actor, visit.id(_PERSON), form.name, form.id_number, form.reason, _upload(visit), key=visit.key
        )

    @person.command(name="confirm", note="已复核通过，立即生效，并通知了本人。")
    async def confirm(self, visit: Visit) -> None:
        await self.services.corrections.second_looks.confirm(visit.actor, visit.row_id(_CORRECTION), key=visit.key)

    @person.command(_Refusal, "refuse", note="复核未通过，没有更正，并通知了本人。")
    async def refuse(self, visit: Visit, form: _Refusal) -> None:
        correction_id = visit.row_id(_CORRECTION)
        await self.services.corrections.second_looks.refuse(visit.actor, correction_id, form.note, key=visit.key)

    @person.command(_Other, "other")
    async def find_other(self, visit: Visit, form: _Other) -> Redirect:
        """Lead to the preview of a merge."""
        person_id = visit.id(_PERSON)
        other = await self.services.corrections.people.find_other(visit.actor, person_id, form.other)
        return Redirect(f"/office/people/{person_id}/merge/{other}")

    @page("/office/people/{id}/merge/{other}", "office/merge.html")
    async def merge(self, visit: Visit) -> Mapping[str, object]:
        merges, people = self.services.corrections.merges, self.services.corrections.people
        person_id, other_id = visit.id(_PERSON), visit.id(_PERSON, "other")
        preview = await merges.preview(visit.actor, person_id, other_id)
        return {
            "stays": await people.read(visit.actor, person_id),
            "ends": await people.read(visit.actor, other_id),
            "preview": preview,
            "longest": REASON_MAX,
        }

    @merge.command(ReasonForm, upload=EVIDENCE_MAX)
    async def begin_merge(self, visit: Visit, form: ReasonForm) -> Redirect:
        person_id, other_id = visit.id(_PERSON), visit.id(_PERSON, "other")
        merges = self.services.corrections.merges
        await merges.begin(visit.actor, person_id, other_id, form.reason, _upload(visit), key=visit.key)
        return Redirect(f"/office/people/{person_id}", note="correct_identity")

    @person.command(ReasonForm, "verify", note="已重新提交核验，结果出来后显示在这里。")
    async def verify_again(self, visit: Visit, form: ReasonForm) -> None:
        identities = self.services.corrections.identities
        await identities.query_again(visit.actor, visit.id(_PERSON), form.reason, key=visit.key)

    @person.command(ReasonForm, "unbind", note="已解除微信绑定，并通知了本人。")
    async def unbind(self, visit: Visit, form: ReasonForm) -> None:
        await self.services.corrections.accounts.unbind(visit.actor, visit.id(_PERSON), form.reason, key=visit.key)

    @person.command(ReasonForm, "release", note="手机号已释放，现在的机主可以用它注册、登录。")
    async def release_mobile(self, visit: Visit, form: ReasonForm) -> None:
        accounts = self.services.corrections.accounts
        await accounts.release_mobile(visit.actor, visit.id(_PERSON), form.reason, key=visit.key)

    @person.command(ReasonForm, "disable", note="账号已停用，立即生效，并通知了本人。")
    async def disable(self, visit: Visit, form: ReasonForm) -> None:
        await self.services.corrections.accounts.disable(visit.actor, visit.id(_PERSON), form.reason, key=visit.key)

    @person.command(ReasonForm, "enable", note="账号已恢复，并通知了本人。")
    async def enable(self, visit: Visit, form: ReasonForm) -> None:
        await self.services.corrections.accounts.enable(visit.actor, visit.id(_PERSON), form.reason, key=visit.key)

    @person.command(ReasonForm, "password")
    async def reissue_password(self, visit: Visit, form: ReasonForm) -> Mapping[str, object]:
        """Only this response shows the password."""
        passwords = self.services.accounts.initial_passwords
        printed = await passwords.reissue(visit.actor, visit.id(_PERSON), form.reason, key=visit.key)
        return {"printed": printed}

    @resource("/office/people/evidence/{correction}")
    async def evidence(self, visit: Visit) -> http.Response:
        opened = await self.services.corrections.evidence.open(visit.actor, visit.id(_CORRECTION, "correction"))
        return http.Response(body=opened.content, headers=file_headers(opened.media_type, opened.name))


class FieldPages(OfficePart):
    """Each field of an expert's file, corrected on evidence."""

    code = "people"
    action = "expert.manage"

    @page("/office/people/{id}/file", "office/correct_file.html")
    async def file(self, visit: Visit) -> Mapping[str, object]:
        corrections = self.services.corrections
        return {
            "person": await corrections.people.read(visit.actor, visit.id(_PERSON)),
            "lines": await corrections.fields.lines(visit.actor, visit.id(_PERSON)),
            "files": await corrections.files.lines(visit.actor, visit.id(_PERSON)),
        }

    @page("/office/people/{id}/file/{field}", "office/correct_field.html")
    async def field(self, visit: Visit) -> Mapping[str, object]:
        form = await self.services.corrections.fields.form(visit.actor, visit.id(_PERSON), _field(visit))
        return {"form": form, "longest": REASON_MAX}

    @field.command(ReasonForm, upload=EVIDENCE_MAX, note={"corrected": "已更正，立即生效，并通知了本人。"})
    async def correct(self, visit: Visit, form: ReasonForm) -> Redirect:
        fields = self.services.corrections.fields
        person_id = visit.id(_PERSON)
        await fields.correct(
            visit.actor, person_id, _field(visit), visit.fields, form.reason, _upload(visit), key=visit.key
        )
        return Redirect(f"/office/people/{person_id}/file", note="corrected")

    @page("/office/people/{id}/attachments/{field}", "office/correct_files.html")
    async def attachments(self, visit: Visit) -> Mapping[str, object]:
        form = await self.services.corrections.files.form(visit.actor, visit.id(_PERSON), _field(visit))
        return {"form": form, "longest": REASON_MAX}

    @attachments.command(_FileChoice, upload=EVIDENCE_MAX)
    async def correct_files(self, visit: Visit, form: _FileChoice) -> Redirect:
        person_id, upload = visit.id(_PERSON), _upload(visit)
        files = self.services.corrections.files
        await files.correct(
            visit.actor, person_id, _field(visit), form.choice, form.seen, form.reason, upload, key=visit.key
        )
        return Redirect(f"/office/people/{person_id}/file", note="corrected")


def _field(visit: Visit) -> str:
    return visit.request.match_info["field"][:_FIELD_MAX]


def _upload(visit: Visit) -> Upload:
    return Upload(visit.file, visit.fields.get("filename", ""))
