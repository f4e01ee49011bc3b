"""``/c``: whether a certificate is genuine and valid, by its number and its holder; ``/c/{token}``: by its QR code."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Annotated

import aiohttp.web as http

from services.certificates import LABELS
from web.accounts.guest_pages import GuestPages
from web.accounts.offers import front_of
from web.core.pages import Rate, Visit, page
from web.core.site import ON_PAGE
from web.core.typed_forms import Code, Trimmed

_SCANS = (30, 60)
"""Look-ups by QR code per address and minute."""
_NUMBERS = Rate("certificate_number", 10, 600)
"""By number and name: few, since numbers are counted up and a name may be known."""
_NUMBERS_A_DAY = (40, 86_400)


@dataclass(frozen=True)
class _Paper:
    number: Annotated[str, Code(60)]
    holder: Annotated[str, Trimmed(200)]


class CertificateCheckPages(GuestPages):
    form_name = "certificate_check"
    on_page = ON_PAGE | {404}

    def add_routes(self) -> None:
        super().add_routes()
        self.site.get("/c/{token}", self.scan)

    @page("/c", "certificates/check.html")
    async def ask(self, visit: Visit) -> Mapping[str, object]:
        return {"certificate": None, "labels": LABELS, "front": front_of(visit.request, self.services.deps.rulebooks)}

    @ask.command(_Paper, rate=_NUMBERS)
    async def check(self, visit: Visit, form: _Paper) -> Mapping[str, object]:
        """The certificate on the same page, as its address may name no person."""
        await self.site.check_rate(visit.request, f"{_NUMBERS.name}_day", *_NUMBERS_A_DAY)
        queries = self.services.certificates.queries
        return {"certificate": await queries.verify_number(form.number, form.holder)}

    async def scan(self, request: http.Request) -> http.Response:
        await self.site.check_rate(request, "certificate", *_SCANS)
        certificate = await self.services.certificates.queries.verify(request.match_info["token"])
        return self.site.render("certificates/check.html", certificate=certificate, labels=LABELS)
