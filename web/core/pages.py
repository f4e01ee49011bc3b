"""Declares pages: what each shows, and which commands it takes.

    class FeedbackPages(OfficePart):
        @list_page("/office/feedback", "office/feedback.html", state=Choice(STATES, "open"))
        async def feedback(self, visit: Visit, wanted: Wanted) -> Listed: ...

        @feedback.command(Answer, note="已答复，并通知了对方。")
        async def answer(self, visit: Visit, form: Answer) -> None: ...

A command reads what was sent into its form (``typed_forms``) and calls one service method. Then the browser is
redirected to the page, which shows the note; a command that returns ``Redirect`` opens another, one that returns values
shows the page with them, and one that returns a response answers with it. After a refusal the page is shown again, with
all that was typed and each fault at its field. Of several commands the field ``command`` names one.
"""

from __future__ import annotations

from abc import ABC, abstractmethod
from collections.abc import Awaitable, Callable, Collection, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from types import MappingProxyType
from typing import Any, ClassVar, TypeAlias, TypeVar
from urllib.parse import urlencode
from uuid import UUID

import aiohttp.web as http
from markupsafe import escape

from domain.errors import AppError, Forbidden, InvalidInput
from domain.typed_text import tidy_text
from services.core.base import Actor
from services.core.base import Page as Rows
from services.registry import Services
from web.core.form_values import EMPTY, PAGE_SIZE, FormValues, key_of, last_page, redirect, uuid_of
from web.core.forms import StaleForm
from web.core.site import ON_PAGE, Site, page_number
from web.core.typed_forms import read_typed

FIELDS_LONGEST = 32 * 1024
"""Bytes of a form without files, unless a page says more."""
_UNTYPED = frozenset({"form", "key", "command", "id", "version"})
"""Fields that our pages fill in."""
_SHOWN_AGAIN = "页面打开太久，或登录有变化，没有提交。请核对填写的内容，再提交一次。"
Function: TypeAlias = Callable[..., Awaitable[Any]]
F = TypeVar("F", bound=Function)


@dataclass(frozen=True)
class Visit:
    """A request to a page: who asks, and what was sent with it. ``form`` is empty until a command is sent."""

    actor: Actor
    request: http.Request
    form: FormValues = EMPTY
    file: bytes = b""

    @property
    def fields(self) -> Mapping[str, str]:
        """The fields of the form as sent."""
        return self.form.values

    @property
    def key(self) -> str | None:
        """Idempotency key of the form."""
        return key_of(self.form.values)

    def id(self, what: str, name: str = "id") -> UUID:
        """An id in the address. Raises NotFound, naming ``what``: 这条意见."""
        return uuid_of(self.request.match_info[name], what)

    def row_id(self, what: str) -> UUID:
        """The id of the row of the page that the form belongs to. Raises NotFound, naming ``what``."""
        return uuid_of(self.form.value("id"), what)

    def chosen_file(self) -> bytes:
        """The file of the form. Raises InvalidInput where none was chosen."""
        if not self.file:
            raise InvalidInput("请选择文件。", code="file_empty", field="file")
        return self.file

    def query(self, name: str, longest: int = 100) -> str:
        """A text in the query, on one tidy line."""
        return tidy_text(self.request.query.get(name, ""))[:longest]


@dataclass(frozen=True)
class Redirect:
    """The end of a command: the page to open next, and the code of the note there; by default those of its
    declaration. The page of another group shows its own note of this code."""

    path: str = ""
    note: str | None = None


class PageGroup(ABC):
    """Pages of one noun, for one kind of person."""

    notes: ClassVar[Mapping[str, str]] = {}
    """Messages that pages show after a redirect, by code; those of commands are added."""
    on_page: ClassVar[frozenset[int]] = ON_PAGE
    """Statuses of refusals that the page itself shows."""

    def __init__(self, site: Site, services: Services) -> None:
        self.site = site
        self.services = services

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        declared = {code: text for declaration in declared_pages(cls) for code, text in declaration.notes.items()}
        cls.notes = {**declared, **cls.notes}

    def add_routes(self) -> None:
        for declaration in declared_pages(type(self)):
            declaration.add_to(self)

    @abstractmethod
    async def actor(self, request: http.Request) -> Actor:
        """Who asks; redirects to the log-in, raises Forbidden for other roles."""

    @abstractmethod
    async def fields(self, request: http.Request, actor: Actor, *, longest: int = ...) -> dict[str, str]:
        """The fields of a form of this group's pages."""

    async def upload(self, request: http.Request, actor: Actor, *, longest: int) -> tuple[dict[str, str], bytes]:
        """The fields of a form with a file, and the file; for groups with commands that take one."""
        raise TypeError(f"{type(self).__name__} takes no files")

    @abstractmethod
    def common(self, actor: Actor, request: http.Request) -> Mapping[str, object]:
        """What the templates of all pages of this group get."""

    def show(
        self, actor: Actor, template: str, request: http.Request, *, error: AppError | None = None, **values: object
    ) -> http.Response:
        """Render a page. Faults of ``error`` that no form shows beside a field stand at the top."""
        note = "" if error else self.notes.get(request.query.get("note", ""), "")
        given = {"note": note, **self.common(actor, request), **values}
        status = error.status if error else 200
        shown = self.site.render(template, status=status, error="", **given)
        faults = [fault.message for fault in error.faults] if error else []
        missing = [message for message in faults if escape(message) not in (shown.text or "")]
        if not missing:
            return shown
        return self.site.render(template, status=status, error=" ".join(missing), **given)

    def refusal_on_page(self, error: AppError) -> AppError:
        """A refusal that the page itself shows; others are raised, to become a page of their own."""
        if error.status not in self.on_page:
            raise error
        return error


UploadLimit: TypeAlias = int | Callable[[Any, Actor], int]
"""Bytes of a file, or a function of group and actor."""


@dataclass(frozen=True)
class Rate:
    """At most so many ``tries`` in ``period`` seconds, for each client. ``name`` is that of the count."""

    name: str
    tries: int
    period: int


@dataclass(frozen=True)
class Command:
    """What a page does. ``conceal``: fields whose values are not shown again after a refusal."""

    function: Function
    form: type | None
    path: str
    notes: Mapping[str, str]
    upload: UploadLimit | None
    conceal: tuple[str, ...]
    rate: Rate | None

    @property
    def code(self) -> str:
        return self.function.__name__

    async def carry_out(self, group: PageGroup, visit: Visit) -> Any:
        if self.form is None:
            return await self.function(group, visit)
        return await self.function(group, visit, read_typed(self.form, visit.fields))


class PageDeclaration:
    """A page with its commands. ``keep``: names of the query that stay in the address after a command."""

    def __init__(self, path: str, template: str, function: Function, *, keep: tuple[str, ...], longest: int) -> None:
        self.path = path
        self.template = template
        self._function = function
        self._keep = keep
        self._longest = longest
        self._commands: dict[tuple[str, str], Command] = {}
        """By address and name."""

    @property
    def commands(self) -> Iterator[tuple[str, Command]]:
        """Names and commands."""
        return ((name, command) for (_, name), command in self._commands.items())

    @property
    def notes(self) -> Mapping[str, str]:
        return {code: text for command in self._commands.values() for code, text in command.notes.items()}

    def command(
        self,
        form: type | None = None,
        name: str = "",
        *,
        note: str | Mapping[str, str] = "",
        path: str = "",
        upload: UploadLimit | None = None,
        conceal: tuple[str, ...] = (),
        rate: Rate | None = None,
    ) -> Callable[[F], F]:
        """Declare a command: ``name`` is the value of its button, empty where the page has no other; ``form`` the
        dataclass that it gets; ``note`` the message afterwards, or messages by the code of ``Redirect``; ``path`` its
        address if it is not the page's; ``rate`` counts what is sent to this address, before anything is looked up."""

        def declare(function: F) -> F:
            notes = {function.__name__: note} if isinstance(note, str) else note
            command = Command(function, form, path or self.path, notes, upload, conceal, rate)
            if (command.path, name) in self._commands:
                raise TypeError(f"{command.path} has two commands {name!r}")
            self._commands[command.path, name] = command
            return function

        return declare

    def add_to(self, group: PageGroup) -> None:
        """Add the routes of the page and of its commands."""

        async def open_page(request: http.Request) -> http.StreamResponse:
            return await self.show(group, Visit(await group.actor(request), request))

        async def reopen(request: http.Request) -> http.StreamResponse:
            raise redirect(self.path.format(**request.match_info))

        group.site.get(self.path, open_page)
        for path in dict.fromkeys(path for path, _ in self._commands):
            group.site.post(path, self._submit(group, path))
            if path != self.path:  # the address that stays in the browser after a refusal
                group.site.get(path, reopen)

    async def show(
        self, group: PageGroup, visit: Visit, further: Mapping[str, object] = MappingProxyType({})
    ) -> http.StreamResponse:
        """The page. ``further`` values take the place of those of its function."""
        values = await self.values(group, visit)
        if isinstance(values, http.StreamResponse):
            return values
        given = {"f": visit.form, **values, **further}
        form = given["f"]
        error = form.error if isinstance(form, FormValues) else None
        return group.show(visit.actor, self.template, visit.request, error=error, **given)

    async def values(self, group: PageGroup, visit: Visit) -> Mapping[str, object] | http.StreamResponse:
        """What the template gets, or another response in place of the page."""
        return await self._function(group, visit)  # type: ignore[no-any-return]

    def _submit(self, group: PageGroup, path: str) -> Callable[[http.Request], Awaitable[http.StreamResponse]]:
        commands = {name: command for (address, name), command in self._commands.items() if address == path}
        concealed = {name for command in commands.values() for name in command.conceal}
        rates = dict.fromkeys(command.rate for command in commands.values() if command.rate is not None)

        async def submit(request: http.Request) -> http.StreamResponse:
            for rate in rates:
                await group.site.check_rate(request, rate.name, rate.tries, rate.period)
            try:
                actor = await group.actor(request)
            except http.HTTPSeeOther as way:
                return await self._keep_typed(group, request, way, concealed)
            try:
                fields, file = await self._read(group, request, actor, commands.values())
            except StaleForm as error:
                typed = {name: text for name, text in error.sent.items() if name not in concealed}
                form = FormValues(typed, Forbidden(_SHOWN_AGAIN, code=error.code), typed.get("id", ""))
                return await self.show(group, Visit(actor, request, form))
            command = commands.get(fields.get("command", ""), commands.get(""))
            visit = Visit(actor, request, FormValues(fields, row=fields.get("id", "")), file)
            try:
                if command is None:
                    raise InvalidInput("没有收到您的选择，请重新点选。", code="no_choice")
                outcome = await command.carry_out(group, visit)
            except AppError as error:
                shown = {name: text for name, text in fields.items() if command is None or name not in command.conceal}
                form = FormValues(shown, group.refusal_on_page(error), visit.form.row)
                return await self.show(group, replace(visit, form=form))
            if isinstance(outcome, http.StreamResponse):
                return outcome
            if isinstance(outcome, Mapping):
                return await self.show(group, visit, outcome)
            raise self._redirect(request, command, outcome or Redirect())

        return submit

    async def _keep_typed(
        self, group: PageGroup, request: http.Request, way: http.HTTPSeeOther, concealed: Collection[str]
    ) -> http.StreamResponse:
        """What was typed by a person who has to log in again, or to do what else stands before the page: to be sent
        once more afterwards. Raises ``way`` where nothing was typed."""
        try:
            sent = await group.site.read_unsigned(request, longest=self._longest)
        except AppError:
            raise way from None
        typed = {name: text for name, text in sent.items() if name not in concealed}
        if not any(text for name, text in typed.items() if name not in _UNTYPED):
            raise way
        action = request.path_qs
        return group.site.render("core/typed.html", status=401, typed=typed, way=way.location, action=action)

    async def _read(
        self, group: PageGroup, request: http.Request, actor: Actor, commands: Collection[Command]
    ) -> tuple[dict[str, str], bytes]:
        limits = [command.upload for command in commands if command.upload is not None]
        if not limits or (len(limits) < len(commands) and request.content_type != "multipart/form-data"):
            return await group.fields(request, actor, longest=self._longest), b""
        longest = max(limit if isinstance(limit, int) else limit(group, actor) for limit in limits)
        return await group.upload(request, actor, longest=longest)

    def _redirect(self, request: http.Request, command: Command, done: Redirect) -> http.HTTPSeeOther:
        note = done.note if done.note is not None else command.code if command.notes.get(command.code) else ""
        if done.path:
            return redirect(done.path, note=note)
        path = request.path if command.path == self.path else self.path.format(**request.match_info)
        return redirect(path, **{name: request.query.get(name, "") for name in self._keep}, note=note)


def page(
    path: str, template: str, *, keep: tuple[str, ...] = (), longest: int = FIELDS_LONGEST
) -> Callable[[Function], PageDeclaration]:
    """Declare a page. The function gets the visit and returns what the template gets, or another response.

    ``f`` of the template is the form as sent, unless the function returns another. ``longest``: bytes of a form.
    """

    def declare(function: Function) -> PageDeclaration:
        return PageDeclaration(path, template, function, keep=keep, longest=longest)

    return declare


def resource(path: str) -> Callable[[Function], PageDeclaration]:
    """Declare an address whose function returns a response of its own: a file, a redirect."""
    return page(path, "")


# ---- lists


@dataclass(frozen=True)
class Choice:
    """A filter with fixed values; ``default`` holds for any other."""

    options: Mapping[str, str] | Sequence[str]
    default: str = ""

    def read(self, texts: Sequence[str]) -> str:
        return texts[0] if texts and texts[0] in self.options else self.default


@dataclass(frozen=True)
class Word:
    """A filter of typed text."""

    longest: int = 100

    def read(self, texts: Sequence[str]) -> str:
        return tidy_text(texts[0])[: self.longest] if texts else ""


@dataclass(frozen=True)
class Several:
    """A filter of any number of fixed values, each a box of its own in a form; read as one text with commas between, in
    the order of ``options``. ``default`` holds where none is ticked."""

    options: Mapping[str, str]
    default: Sequence[str]

    def read(self, texts: Sequence[str]) -> str:
        ticked = {code for text in texts for code in text.split(",")}
        return ",".join([code for code in self.options if code in ticked] or self.default)


Filter: TypeAlias = Choice | Word | Several


@dataclass(frozen=True)
class Wanted:
    """The part of a list that was asked for: its filters by name, and its page, from 1."""

    filters: Mapping[str, str]
    page: int
    size: int

    def __getitem__(self, name: str) -> str:
        return self.filters[name]

    @property
    def window(self) -> dict[str, int]:
        """``offset`` and ``limit``."""
        return {"offset": (self.page - 1) * self.size, "limit": self.size}


@dataclass(frozen=True)
class Listed:
    """The rows of a page of a list, and further values of the template."""

    rows: Rows[Any]
    values: Mapping[str, object] = field(default_factory=dict)


class ListDeclaration(PageDeclaration):
    """A list: the template gets ``rows``, ``total``, ``page``, ``last``, each filter by its name, and ``query``, the
    filters for the links of other pages."""

    def __init__(self, filters: Mapping[str, Filter], size: int, **page: Any) -> None:
        super().__init__(**page)
        self._filters = filters
        self._size = size

    async def values(self, group: PageGroup, visit: Visit) -> Mapping[str, object] | http.StreamResponse:
        query = visit.request.query
        filters = {name: reader.read(query.getall(name, [])) for name, reader in self._filters.items()}
        wanted = Wanted(filters, page_number(visit.request), self._size)
        listed = await self._function(group, visit, wanted)
        if isinstance(listed, http.StreamResponse):
            return listed
        return {
            "rows": listed.rows.items,
            "total": listed.rows.total,
            "page": wanted.page,
            "last": last_page(listed.rows.total, self._size),
            "query": urlencode({name: value for name, value in filters.items() if value}),
            **filters,
            **listed.values,
        }


def list_page(
    path: str,
    template: str,
    *,
    keep: tuple[str, ...] | None = None,
    longest: int = FIELDS_LONGEST,
    size: int = PAGE_SIZE,
    **filters: Filter,
) -> Callable[[Function], ListDeclaration]:
    """Declare a list. The function gets visit and wanted part, and returns Listed. After a command the filters of
    ``keep`` stay, by default all."""

    def declare(function: Function) -> ListDeclaration:
        lasting = tuple(filters) if keep is None else keep
        return ListDeclaration(
            filters, size, path=path, template=template, function=function, keep=lasting, longest=longest
        )

    return declare


def declared_pages(group: type) -> Iterator[PageDeclaration]:
    """The pages of a group in the order of their declaration, those of its bases first."""
    for owner in reversed(group.__mro__):
        yield from (value for value in vars(owner).values() if isinstance(value, PageDeclaration))
