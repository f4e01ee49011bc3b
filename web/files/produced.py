"""Files that pages make: a browser shows or saves them. WeChat and the mini-program can't save one, so there a page
offers to open it or to have it mailed.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable, Mapping
from dataclasses import dataclass
from typing import Annotated, Any

import aiohttp.web as http

from services.inspection.file_types import XLSX
from services.ports import MailAttachment
from web.accounts.user_agent import is_wechat
from web.core.pages import PageDeclaration, PageGroup, Visit, page
from web.core.typed_forms import Trimmed

_OPEN = "open"
"""In the query: the file itself, also in WeChat."""
_PDF = "application/pdf"


@dataclass(frozen=True)
class ProducedFile:
    """``filename`` of ASCII letters, with its ending."""

    content: bytes
    filename: str
    media_type: str

    @property
    def response(self) -> http.Response:
        """A PDF is displayed, a sheet saved."""
        way = "inline" if self.media_type == _PDF else "attachment"
        headers = {"Content-Disposition": f'{way}; filename="{self.filename}"'}
        return http.Response(body=self.content, content_type=self.media_type, headers=headers)


@dataclass(frozen=True)
class _Address:
    email: Annotated[str, Trimmed(200)]


Make = Callable[[Any, Visit], Awaitable[ProducedFile]]


def produced_pdf(content: bytes, filename: str) -> ProducedFile:
    return ProducedFile(content, filename, _PDF)


def produced_sheet(content: bytes, name: str) -> ProducedFile:
    """An XLSX file; ``name`` without its ending."""
    return ProducedFile(content, f"{name}.xlsx", XLSX)


def produced_file(path: str, title: str, back: Callable[[Visit], str]) -> Callable[[Make], PageDeclaration]:
    """Declare a file. The function makes it, after its checks; ``back`` is the page that offers it."""

    def declare(make: Make) -> PageDeclaration:
        async def show(group: PageGroup, visit: Visit) -> http.Response | Mapping[str, object]:
            if not _is_asked_first(visit):
                return (await make(group, visit)).response
            return {
                "title": title,
                "back": back(visit),
                "address": visit.request.path,
                "typed": visit.form.value("email")[:200],
            }

        declaration = page(path, "files/produced.html")(show)

        @declaration.command(_Address, note="已发送，请查收邮件；没有收到请看垃圾邮件。")
        async def mail_file(group: PageGroup, visit: Visit, form: _Address) -> None:
            file = await make(group, visit)
            attachment = MailAttachment(file.filename, file.media_type, file.content)
            await group.services.files.delivery.mail(visit.actor, form.email, title, attachment)

        return declaration

    return declare


def _is_asked_first(visit: Visit) -> bool:
    """Whether the page stands before the file. After mailing it stays, wherever the form came from."""
    if visit.form.error is not None or "note" in visit.request.query:
        return True
    return is_wechat(visit.request) and _OPEN not in visit.request.query
