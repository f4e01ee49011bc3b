"""``/`` and ``/h5/{pool}``: what one can do here, without a log-in; ``/robots.txt`` and ``/favicon.ico``."""

from __future__ import annotations

import aiohttp.web as http

from domain.errors import NotFound
from domain.rulebook.book import Rulebook
from services.registry import Services
from web.accounts.login import COOKIE, AuthPages
from web.accounts.offers import log_ins_of, offers_of
from web.core.public_pages import publish
from web.core.site import Site

CONTACTS_MAX = 24
"""Regions whose contacts stand on the first page; of more the guide has the list."""
CAMPAIGNS_MAX = 3
QUESTIONS_MAX = 5
_INDEXED = ("/$", "/h5/static/", "/favicon.ico")
_INDEXED_OF_A_POOL = ("$", "/campaigns$")


class FrontPages:
    def __init__(self, site: Site, services: Services, auth: AuthPages) -> None:
        self._site = site
        self._services = services
        self._auth = auth
        self._deps = services.deps

    def add_routes(self) -> None:
        for address in ("/", "/h5", "/h5/"):
            self._site.get(address, self.open_first_page)
        self._site.get("/h5/{pool}", self.pool)
        self._site.get("/h5/{pool}/campaigns", self.campaigns)
        self._site.get("/robots.txt", self.robots)
        self._site.get("/favicon.ico", self._site.static.serve_icon)

    async def open_first_page(self, request: http.Request) -> http.Response:
        """Of who has logged in the own first page; for others the list of pools, or the page of the only one."""
        if COOKIE in request.cookies:
            raise http.HTTPSeeOther(await self._auth.home(await self._auth.visitor(request)))
        books = list(self._deps.rulebooks.values())
        if len(books) == 1:
            raise http.HTTPSeeOther(f"/h5/{books[0].pool.code}")
        page = self._site.render("front/pools.html", pools=[book.pool for book in books], address=self._deps.public_url)
        return publish(request, page)

    async def pool(self, request: http.Request) -> http.Response:
        """A pool's first page."""
        book, logged_in = self._book(request), COOKIE in request.cookies
        pool = book.pool.code
        page = self._site.render(
            "front/pool.html",
            pool=book.pool,
            rules=book.help,
            shown=await self._services.front_page.queries.read(pool),
            offers=offers_of(book, logged_in=logged_in),
            log_ins=log_ins_of(pool),
            logged_in=logged_in,
            all_year=book.registration.open and not book.campaigns.required,
            takes=book.registration.open,
            questions=book.help.faq[:QUESTIONS_MAX],
            campaigns_max=CAMPAIGNS_MAX,
            contacts_max=CONTACTS_MAX,
            several=len(self._deps.rulebooks) > 1,
            address=f"{self._deps.public_url}/h5/{pool}",
            public_url=self._deps.public_url,
        )
        return publish(request, page)

    async def campaigns(self, request: http.Request) -> http.Response:
        """The announced campaigns, with all that is said of them."""
        book = self._book(request)
        page = self._site.render(
            "front/campaigns.html",
            pool=book.pool,
            campaigns=await self._services.applications.campaign_queries.list_announced(book.pool.code),
            names={kind: book.campaigns.name_of(kind) for kind in book.campaigns.entry_types},
            all_year=book.registration.open and not book.campaigns.required,
            takes=book.registration.open,
            closed=book.registration.closed,
            address=f"{self._deps.public_url}/h5/{book.pool.code}/campaigns",
        )
        return publish(request, page)

    async def robots(self, _request: http.Request) -> http.Response:
        """Search engines read the first pages and nothing that names a person."""
        pools = [f"/h5/{pool}{page}" for pool in self._deps.rulebooks for page in _INDEXED_OF_A_POOL]
        lines = ["User-agent: *", *(f"Allow: {path}" for path in (*_INDEXED, *pools)), "Disallow: /"]
        return http.Response(text="\n".join(lines) + "\n", headers={"Cache-Control": "public, max-age=86400"})

    def _book(self, request: http.Request) -> Rulebook:
        book = self._deps.rulebooks.get(request.match_info["pool"])
        if book is None:
            raise NotFound("没有这个专家库，请核对地址，或从首页选择。", code="pool_unknown")
        return book
