"""``/h5/file/…``: a file at an address that contains a token and is valid for minutes; and sending a file by e-mail.

WeChat's web-view displays PDF, images, Word and Excel at such an address, and passes it to other apps.
"""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from urllib.parse import quote
from uuid import UUID

import aiohttp.web as http

from domain.errors import AppError
from services.core.base import Actor
from services.files import FileKind, MaterialView, check_address
from services.inspection.file_types import DOCX, XLSX
from services.ports import MailAttachment
from services.registry import Services
from services.reviews import OpenedFile
from web.accounts.login import AuthPages
from web.core.site import ON_PAGE, Site
from web.core.typed_forms import read_typed

_OPENS = (120, 60)
"""Files per address and minute."""
_ON_PAGE = ON_PAGE | {503}
_IN_PLACE: dict[str, str] = {
    "application/pdf": "default-src 'none'; frame-ancestors 'none'",
    "image/jpeg": "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    "image/png": "sandbox; default-src 'none'; img-src 'self'; style-src 'unsafe-inline'; frame-ancestors 'none'",
    DOCX: "sandbox; default-src 'none'",
    XLSX: "sandbox; default-src 'none'",
}
"""Types that WeChat displays, with their CSP; a browser's PDF viewer doesn't start in a sandbox."""
_SAVED = "sandbox; default-src 'none'; frame-ancestors 'none'"


@dataclass(frozen=True)
class _Address:
    email: str


class FileLinkPages:
    def __init__(self, site: Site, services: Services) -> None:
        self._site = site
        self._services = services

    def add_routes(self) -> None:
        self._site.get("/h5/file/attachment/{token}.{ending}", self.attachment)
        self._site.get("/h5/file/material/{token}.{ending}", self.material)

    async def attachment(self, request: http.Request) -> http.Response:
        opened = await self._services.reviews.attachment_access.open_linked(await self._check(request, "attachment"))
        return http.Response(body=opened.content, headers=file_headers(opened.media_type, opened.filename))

    async def material(self, request: http.Request) -> http.Response:
        material = await self._services.files.material_queries.get_linked(await self._check(request, "material"))
        content = await self._services.files.material_queries.content(material)
        return http.Response(body=content, headers=file_headers(material.media_type, material.filename))

    async def _check(self, request: http.Request, kind: FileKind) -> UUID:
        """The file that the address opens. Raises Forbidden for a token that is forged or expired."""
        await self._site.check_rate(request, "files", *_OPENS)
        return self._services.files.delivery.check(kind, request.match_info["token"])


def go_to_file(services: Services, actor: Actor, kind: FileKind, file_id: UUID, filename: str) -> http.HTTPSeeOther:
    """The address of a file that ``actor`` may read; it ends like the file's name."""
    token = services.files.delivery.sign(actor, kind, file_id)
    return http.HTTPSeeOther(f"/h5/file/{kind}/{token}.{_ending(filename)}")


def file_headers(media_type: str, filename: str) -> dict[str, str]:
    """Displayed where no browser could execute it, else as an attachment."""
    way = "inline" if media_type in _IN_PLACE else "attachment"
    name = f"{way}; filename=\"file.{_ending(filename)}\"; filename*=UTF-8''{quote(filename, safe='')}"
    return {
        "Content-Type": media_type,
        "Content-Disposition": name,
        "Content-Security-Policy": _IN_PLACE.get(media_type, _SAVED),
    }


def mail_attachment(opened: OpenedFile) -> MailAttachment:
    return MailAttachment(opened.filename, opened.media_type, opened.content)


def material_file(material: MaterialView, content: bytes) -> MailAttachment:
    return MailAttachment(material.filename, material.media_type, content)


class FileMail:
    """发到邮箱: the page that asks for an e-mail address, the same for every kind of file."""

    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        self._site = site
        self._services = services
        self._auth = auth

    def form(
        self,
        request: http.Request,
        actor: Actor,
        filename: str,
        back: tuple[str, str],
        *,
        typed: str = "",
        error: AppError | None = None,
    ) -> http.Response:
        """``back``: label and address of the page that offers the file."""
        return self._site.render(
            "files/mail.html",
            status=error.status if error else 200,
            filename=filename,
            back=back,
            action=str(request.rel_url.without_query_params("note")),
            typed=typed,
            note="已发送，请查收邮件；没有收到请看垃圾邮件。" if request.query.get("note") == "sent" else "",
            error=error.message if error else "",
            wrong=error.field if error else "",
            form=self._auth.form(actor, "mail"),
        )

    async def send(
        self,
        request: http.Request,
        actor: Actor,
        filename: str,
        back: tuple[str, str],
        read: Callable[[], Awaitable[MailAttachment]],
    ) -> http.Response:
        """Mail the file that ``read`` opens; a refusal is shown on the page."""
        typed = read_typed(_Address, await self._auth.fields(request, actor, "mail")).email[:200]
        try:
            check_address(typed)
            await self._services.files.delivery.mail(actor, typed, filename, await read())
        except AppError as error:
            if error.status not in _ON_PAGE:
                raise
            return self.form(request, actor, filename, back, typed=typed, error=error)
        raise http.HTTPSeeOther(str(request.rel_url.update_query(note="sent")))


def _ending(filename: str) -> str:
    ending = filename.rpartition(".")[2].lower()
    return ending if ending.isascii() and ending.isalnum() else "bin"
