"""Common to all H5 pages: rendering, refusals as pages, security headers, CSRF-protected forms."""

from __future__ import annotations

import asyncio
from collections.abc import Awaitable, Callable, Mapping
from datetime import datetime, timedelta
from pathlib import Path
from uuid import UUID

import aiohttp.web as http
import structlog
from aiohttp.http_exceptions import HttpProcessingError
from jinja2 import Environment, FileSystemLoader, StrictUndefined

from config.outage_reports import report_outage
from domain.errors import AppError, Forbidden, InvalidInput, TooMany, Unavailable
from domain.parsing import NUMBER_LONGEST
from domain.rulebook.sections import Pool
from services.core.body_room import BodyAccount, BodyRoom
from services.core.outages import AWAY
from services.core.permissions import EXPERTS_ONLY
from services.registry import Services
from services.reviews import OpenedFile
from web.core.forms import FORM_LIMIT, StaleForm, check_origin, plain, read_pairs, read_parts
from web.core.static_files import StaticFiles
from web.core.template_filters import filters, print_in_words
from web.core.text_size import large_text, note_size, remember

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

Handler = Callable[[http.Request], Awaitable[http.StreamResponse]]
Limit = Callable[[http.Request, str, int, int], Awaitable[None]]
"""Counts one try of ``name`` by the request's client; raises TooMany beyond so many tries in so many seconds."""
AddressOf = Callable[[http.Request], str]
"""The client's address, as our outermost proxy saw it."""

_WEB = Path(__file__).parents[1]
_FORM_TTL = timedelta(hours=2)
ON_PAGE = frozenset({409, 422, 429})
"""Refusals that a form's own page shows; others become pages of their own."""
_TITLES: Mapping[int, str] = {
    401: "请先登录",
    403: "无法打开",
    404: "没有找到",
    405: "不支持的操作",
    409: "当前状态不允许",
    413: "内容过大",
    422: "请检查后重试",
    429: "操作过于频繁",
    500: "系统出错",
    503: "暂时无法服务",
}
_PASSING = frozenset({424, 429, 500, 503})
"""Refusals that may be temporary."""
_HINTS: Mapping[int, str] = {404: "这个页面不存在，请使用最新一条通知中的链接，或返回上一页。"}


POOL = http.RequestKey("pool", str)
"""Key of a request: the pool of the log-in."""
_BODY = http.RequestKey("body", BodyAccount)
"""Key of a request: the bytes that it holds of the process's room."""
_HOMES: Mapping[str, tuple[str, str]] = {
    "draws": ("抽取活动", "/draws"),
    "agency": ("工作台", "/agency"),
    "review": ("待审核", "/review"),
    "office": ("管理首页", "/office"),
    "reports": ("抽取活动", "/draws"),
}
_MY_HOME = ("我的首页", "/")
_PUBLIC_HOMES: Mapping[str, tuple[str, str]] = {"record": ("按编号核对", "/record")}
"""First pages of parts that need no log-in."""


class Site:
    """Routes of pages, each wrapped so that a refusal becomes a page.

    ``embed_in`` names the origins that may show pages in a frame (``frame-ancestors``); empty: none. Without a
    ``limit`` tries are not counted; without ``address_of`` no proxy stands in front.
    """

    def __init__(
        self,
        app: http.Application,
        services: Services,
        *,
        embed_in: str = "",
        limit: Limit | None = None,
        address_of: AddressOf | None = None,
        room: BodyRoom | None = None,
    ) -> None:
        self._app = app
        self._room = room or BodyRoom()
        self.address_of = address_of or _peer
        self._limit = limit
        self._services = services
        self.secure = services.deps.public_url.startswith("https://")
        self.static = StaticFiles(_WEB / "static")
        self._environment = Environment(
            loader=FileSystemLoader(_WEB / "templates"),
            autoescape=True,
            undefined=StrictUndefined,
            finalize=print_in_words,
            trim_blocks=True,
            lstrip_blocks=True,
            auto_reload=False,  # compiled at first use and kept, like static files
        )
        self._environment.globals.update(static=self.static.url, large_text=large_text, number_longest=NUMBER_LONGEST)
        self._environment.filters.update(filters(self._now))
        self._headers = _security_headers(embed_in, secure=self.secure)
        app.router.add_get("/h5/static/{name:.+}", self.static.serve)
        self.post("/h5/text", self._remember_size)
        app.middlewares.append(self._show_unknown)

    # ---- routes

    def get(self, path: str, handler: Handler) -> None:
        self._app.router.add_get(path, self._guarded(handler))

    def post(self, path: str, handler: Handler) -> None:
        self._app.router.add_post(path, self._guarded(handler))

    def add_missing(self, *folders: str) -> None:
        """Registered last: the page for unknown addresses below our folders."""

        async def missing(_request: http.Request) -> http.StreamResponse:
            raise http.HTTPNotFound

        for folder in folders:
            self._app.router.add_route("*", f"/{folder}{{tail:(?:/.*)?}}", self._guarded(missing))

    @http.middleware
    async def _show_unknown(self, request: http.Request, handler: Handler) -> http.StreamResponse:
        """An unknown path: a page for people; programs get the plain response."""
        unknown = isinstance(request.match_info.http_exception, http.HTTPNotFound)
        if not unknown or "text/html" not in request.headers.get("Accept", ""):
            return await handler(request)
        note_size(request)
        response = self.refusal(plain(404, _HINTS[404]), request)
        self.protect(response)
        return response

    def _guarded(self, handler: Handler) -> Handler:
        async def guarded(request: http.Request) -> http.StreamResponse:
            note_size(request)
            with self._room.request_account() as request[_BODY]:
                response = await self._answer(request, handler)
            if not response.prepared:
                self.protect(response)
            return response

        return guarded

    def protect(self, response: http.StreamResponse) -> None:
        """Add the security headers to a response that is not sent yet."""
        for name, value in self._headers.items():
            response.headers.setdefault(name, value)

    async def _answer(self, request: http.Request, handler: Handler) -> http.StreamResponse:
        try:
            if any("\0" in text for text in (*request.match_info.values(), *request.query.values())):
                raise http.HTTPNotFound  # no text of ours contains NUL, and the database refuses it
            return await handler(request)
        except AppError as error:
            return self.refusal(error, request)
        except http.HTTPException as error:
            if error.status < 400:
                self.protect(error)  # raised past the caller, which adds the headers to returned responses only
                raise
            hint = _HINTS.get(error.status, "页面无法打开，请返回后重试。")
            return self.refusal(plain(error.status, hint), request)
        except (HttpProcessingError, http.RequestPayloadError):
            return self.refusal(InvalidInput("提交的内容不完整，请返回后重试。", code="garbled"), request)
        except AWAY as error:
            if not report_outage("pages", error):
                log.warning("page_part_away", error=type(error).__name__)
            return self.refusal(Unavailable("系统暂时繁忙，请稍后刷新重试。"), request)
        except Exception:  # the last boundary: any other exception is our fault and logged with its trace
            log.exception("page_failed", method=request.method)
            return self.refusal(plain(500, "我们已记录问题。请稍后重试，仍不行请拨打通知中的联系电话。"), request)

    def allow_media(self, response: http.StreamResponse, origin: str) -> None:
        """Permit this page to play our films and those of ``origin``, a file store's address; empty: ours only."""
        policy = self._headers["Content-Security-Policy"]
        response.headers["Content-Security-Policy"] = f"{policy}; media-src 'self' {origin}".rstrip()

    def allow_script(self, response: http.StreamResponse, origin: str) -> None:
        """Permit this page to run scripts of ``origin``, which is WeChat's."""
        policy = self._headers["Content-Security-Policy"]
        response.headers["Content-Security-Policy"] = policy.replace("script-src 'self'", f"script-src 'self' {origin}")

    # ---- responses

    def render(self, template: str, *, status: int = 200, **values: object) -> http.Response:
        text = self._environment.get_template(template).render(values)
        return http.Response(text=text, status=status, content_type="text/html")

    def refusal(self, error: AppError, request: http.Request | None = None) -> http.Response:
        """A refusal as a page that says what to do next; a ``request`` that only reads can be retried from it."""
        title = _TITLES.get(error.status, "无法完成")
        again = request is not None and request.method == "GET" and error.status in _PASSING
        response = self.render(
            "core/error.html",
            status=error.status,
            title=title,
            message=error.message,
            again=again,
            log_in=error.status == http.HTTPUnauthorized.status_code,
            ways=self._ways(request, error) if request is not None else [],
            pools=self._pools(request, error),
        )
        if isinstance(error, TooMany):
            response.headers["Retry-After"] = str(error.retry_after)
        return response

    def _ways(self, request: http.Request, error: AppError) -> list[tuple[str, str]]:
        """Links on the page of a refusal: the first page of this part, or one's own where the part is refused, another
        role, the log-in."""
        status = error.status
        if status == http.HTTPUnauthorized.status_code:
            return []
        part, pool = request.path.split("/")[1], self._pool_about(request, error)
        refused, known = status == http.HTTPForbidden.status_code, bool(request.get(POOL))
        front = ("首页", f"/h5/{pool}" if pool and not known else "/")
        if part in _PUBLIC_HOMES:
            ways = [_PUBLIC_HOMES[part], front]
        elif part in _HOMES:
            ways = [_MY_HOME, ("切换身份", "/h5/role")] if refused else [_HOMES[part], front]
        elif pool and _named_pool(request) == pool:
            own = [("我的申报", f"/h5/{pool}/apply")]
            if error.code == EXPERTS_ONLY:
                ways = [*own, ("处理记录与申诉", f"/h5/{pool}/sanctions"), front]
            else:
                ways = [_MY_HOME, *own] if refused and known else [*own, front] if known else [front, *own]
        else:
            ways = [front, ("登录", "/h5/login")]
        return [way for way in ways if way[1] != request.path]

    def _pools(self, request: http.Request | None, error: AppError) -> list[Pool]:
        """The pools whose service line helps: the pool concerned, or all when unknown; none if the text has it
        already."""
        about = self._pool_about(request, error)
        pools = [book.pool for code, book in self._services.deps.rulebooks.items() if about in ("", code)]
        return [pool for pool in pools if pool.hotline not in error.message]

    def _pool_about(self, request: http.Request | None, error: AppError) -> str:
        """The pool that a refusal is about: of the log-in, of the address, or of the error; empty when unknown."""
        named = [request.get(POOL), _named_pool(request), request.query.get("pool")] if request else []
        books = self._services.deps.rulebooks
        return next((str(code) for code in (*named, error.params.get("pool")) if code in books), "")

    async def check_rate(self, request: http.Request, name: str, tries: int, period: int) -> None:
        """Raises TooMany when this client does ``name`` more than ``tries`` times in ``period`` seconds."""
        if self._limit is not None:
            await self._limit(request, f"h5_{name}", tries, period)

    # ---- forms

    def form_token(self, action: str, subject_id: UUID, person_id: UUID) -> str:
        """The hidden field of a form that does ``action``; valid for two hours, for this subject and this person
        only."""
        return self._services.links.sign(f"form:{action}", subject_id, person_id, self._now() + _FORM_TTL)

    async def read_form(
        self, request: http.Request, action: str, subject_id: UUID, person_id: UUID, *, longest: int = FORM_LIMIT
    ) -> dict[str, str]:
        """The fields of a form of ours. Raises Forbidden for one that another site sent, StaleForm for one that
        has expired.

        ``longest`` is in bytes as sent; a Chinese character takes nine of them.
        """
        fields = await self.read_fields(request, longest=longest)
        self._check_token(fields, action, subject_id, person_id)
        return fields

    async def read_upload(
        self, request: http.Request, action: str, subject_id: UUID, person_id: UUID, *, longest: int
    ) -> tuple[dict[str, str], bytes]:
        """The fields of a form with one ``file`` (its name as ``filename``), and the file. Raises as ``read_form``."""
        check_origin(request, self._services.deps.public_url)
        if request.content_type != "multipart/form-data":
            raise InvalidInput("提交的内容无法识别，请返回页面后重试。", code="not_a_form")
        async with asyncio.timeout(120):
            return await read_parts(
                request,
                longest,
                lambda sent: self._check_token(sent, action, subject_id, person_id),
                request[_BODY].take,
            )

    async def read_unsigned(self, request: http.Request, *, longest: int) -> Mapping[str, str]:
        """The fields of a form that nobody may submit, to keep what was typed; without its file. Raises as
        ``read_form``."""

        def stop(sent: Mapping[str, str]) -> None:
            raise StaleForm(sent)

        if request.content_type != "multipart/form-data":
            return await self.read_fields(request, longest=longest)
        check_origin(request, self._services.deps.public_url)
        try:
            fields, _ = await read_parts(request, longest, stop, request[_BODY].take)
        except StaleForm as error:
            return error.sent
        return fields

    def _check_token(self, fields: Mapping[str, str], action: str, subject_id: UUID, person_id: UUID) -> None:
        try:
            link = self._services.links.check(fields.get("form", ""), f"form:{action}")
        except Forbidden as error:
            raise StaleForm(fields) from error
        if (link.subject_id, link.person_id) != (subject_id, person_id):
            raise StaleForm(fields)

    async def read_fields(self, request: http.Request, *, longest: int = FORM_LIMIT) -> dict[str, str]:
        """As ``read_form``, for a form whose address is its token. Raises Forbidden for one that another site sent."""
        check_origin(request, self._services.deps.public_url)
        if request.content_type != "application/x-www-form-urlencoded":
            raise InvalidInput("提交的内容无法识别，请返回页面后重试。", code="not_a_form")
        return await read_pairs(request, longest, request[_BODY].take)

    def _now(self) -> datetime:
        return self._services.deps.now()

    async def _remember_size(self, request: http.Request) -> http.Response:
        fields = await self.read_fields(request)
        return remember(request, large=fields.get("size") == "large", secure=self.secure)


def _named_pool(request: http.Request) -> str:
    """The pool in the address of a person's page, ``/h5/demo/…``, even if there is no such page."""
    parts = request.path.split("/")
    return parts[2] if len(parts) > 3 and parts[1] == "h5" else ""


def _peer(request: http.Request) -> str:
    return request.remote or "unknown"


def page_number(request: http.Request) -> int:
    """``?page=``, from 1; anything invalid means the first page."""
    text = request.query.get("page", "")
    return max(1, int(text)) if text.isascii() and text.isdigit() and len(text) < 7 else 1


def show_picture(opened: OpenedFile) -> http.Response:
    """An image that we encoded, for display."""
    return http.Response(body=opened.content, content_type=opened.media_type)


def show_pdf(content: bytes, filename: str) -> http.Response:
    """A PDF that we generated, under a name of ASCII letters, displayed by the browser: WeChat's can't save one."""
    headers = {"Content-Disposition": f'inline; filename="{filename}"'}
    return http.Response(body=content, content_type="application/pdf", headers=headers)


def _security_headers(embed_in: str, *, secure: bool) -> dict[str, str]:
    policy = (
        "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' blob:; connect-src 'self'; "
        f"form-action 'self'; base-uri 'none'; frame-ancestors {embed_in or chr(39) + 'none' + chr(39)}"
    )
    headers = {
        "Cache-Control": "no-store",
        "Content-Security-Policy": policy,
        "Cross-Origin-Opener-Policy": "same-origin",
        "Cross-Origin-Resource-Policy": "same-origin",
        "Permissions-Policy": "geolocation=(self), camera=(), microphone=()",
        # not "no-referrer": browsers would then send forms with "Origin: null", which looks like another site's
        "Referrer-Policy": "same-origin",
        "X-Content-Type-Options": "nosniff",
        "X-Robots-Tag": "noindex, nofollow",
    }
    if not embed_in:
        headers["X-Frame-Options"] = "DENY"
    if secure:
        headers["Strict-Transport-Security"] = "max-age=31536000"
    return headers
