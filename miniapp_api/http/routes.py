"""Declares endpoints by an async function, its annotations and a decorator.

::

    api = Api("draws", "抽取活动")

    @api.post("/draws/{draw_id}/pause", "暂停抽取", action="draw.pause")
    async def pause(call: Call, path: DrawPath, body: ReasonIn) -> None:
        \"\"\"Stop new calls; those under way are waited for.\"\"\"

The parameters are recognised by name: ``path`` and ``query`` (subclasses of Params), ``body`` (of Input), ``content``
(bytes). The return annotation is the answer: an Output, a service's dataclass (all its fields are served), a Download,
or None (204).
"""

from __future__ import annotations

import inspect
import re
from collections.abc import Awaitable, Callable
from dataclasses import dataclass, field
from typing import Literal, TypedDict, TypeVar, Unpack, get_type_hints

from pydantic import BaseModel

from miniapp_api.http.call import Download
from miniapp_api.http.schema import Input, Output, Params, PoolPath, answer_model
from services.core.permissions import PERMISSIONS

JSON = "application/json"
OCTETS = "application/octet-stream"
Access = Literal["public", "session", "account"]
"""No log-in; any log-in; a log-in of a person with a bound mobile."""

Keyed = Literal["here", "service", "no"]
"""Handles an Idempotency-Key: the API around the whole service call, the service itself, none."""

Function = Callable[..., Awaitable[object]]
Guard = Callable[..., Awaitable[object]]
"""``(call, path)``: raises when the caller has no access to this object, before the body is read."""
F = TypeVar("F", bound=Function)


class Options(TypedDict, total=False):
    """Options of a declaration beyond the function's annotations; see ``Endpoint``."""

    action: str | tuple[str, ...]
    access: Access
    keyed: Keyed
    limits: tuple[int, int]
    content_max: int
    guard: Guard
    status: int
    media_type: str


@dataclass(frozen=True)
class Endpoint:
    """One operation.

    ``actions`` name lines of ``services.core.permissions``, one of which suffices; without any, only ``access`` is
    checked.

    ``limits`` are (tries, seconds) per client address. ``content_max``: bytes of a body that is a part of a file.
    """

    method: str
    path: str
    summary: str
    function: Function
    tag: str
    access: Access
    actions: tuple[str, ...]
    keyed: Keyed
    limits: tuple[int, int] | None
    content_max: int | None
    guard: Guard | None
    media_type: str
    path_model: type[Params]
    query_model: type[Params] | None
    body_model: type[Input] | None
    answer: type[Output] | None
    status: int

    @property
    def name(self) -> str:
        """Unique over the API: ``draws_pause``."""
        return f"{self.tag}_{self.function.__name__}"

    @property
    def full_path(self) -> str:
        return "/v1/{pool}" + self.path

    @property
    def description(self) -> str:
        return inspect.getdoc(self.function) or ""

    @property
    def roles(self) -> tuple[str, ...]:
        """Permitted roles; empty: no role is needed."""
        return tuple(sorted({role for action in self.actions for role in PERMISSIONS[action]} - {"system"}))


@dataclass
class Api:
    """The endpoints of one noun, in the order of the description."""

    tag: str
    title: str
    description: str = ""
    endpoints: list[Endpoint] = field(default_factory=list)

    def get(self, path: str, summary: str, **options: Unpack[Options]) -> Callable[[F], F]:
        return self._declare("GET", path, summary, options)

    def post(self, path: str, summary: str, **options: Unpack[Options]) -> Callable[[F], F]:
        return self._declare("POST", path, summary, options)

    def put(self, path: str, summary: str, **options: Unpack[Options]) -> Callable[[F], F]:
        return self._declare("PUT", path, summary, options)

    def delete(self, path: str, summary: str, **options: Unpack[Options]) -> Callable[[F], F]:
        return self._declare("DELETE", path, summary, options)

    def _declare(self, method: str, path: str, summary: str, options: Options) -> Callable[[F], F]:
        def declare(function: F) -> F:
            self.endpoints.append(_endpoint(self.tag, method, path, summary, function, options))
            return function

        return declare


def _endpoint(tag: str, method: str, path: str, summary: str, function: Function, options: Options) -> Endpoint:
    """Read a function's annotations. Raises TypeError for an inconsistent declaration."""
    hints = get_type_hints(function)
    answer = hints.pop("return", type(None))
    content_max, media_type = options.get("content_max"), options.get("media_type", JSON)
    action = options.get("action", ())
    actions = (action,) if isinstance(action, str) else action
    if "call" not in hints or set(hints) - {"call", "path", "query", "body", "content"}:
        raise TypeError(f"{function.__name__}: parameters are call, path, query, body, content, not {sorted(hints)}")
    if not set(actions) <= PERMISSIONS.keys():
        raise TypeError(f"{function.__name__}: {actions} are no actions of services.core.permissions")
    if ("content" in hints) != (content_max is not None):
        raise TypeError(f"{function.__name__}: content needs both the parameter and its limit")
    path_model = _model(function, hints.get("path", PoolPath), Params)
    if {"pool", *re.findall(r"{(\w+)}", path)} != set(path_model.model_fields):
        raise TypeError(f"{function.__name__}: {path_model.__name__} does not have the fields of {path!r}")
    raw = isinstance(answer, type) and issubclass(answer, Download)
    if media_type != JSON and not raw:
        raise TypeError(f"{function.__name__}: {media_type} needs a Download")
    return Endpoint(
        method=method,
        path=path,
        summary=summary,
        function=function,
        tag=tag,
        access=options.get("access", "account"),
        actions=actions,
        keyed=options.get("keyed", "here" if method == "POST" else "no"),
        limits=options.get("limits"),
        content_max=content_max,
        guard=options.get("guard"),
        media_type=media_type,
        path_model=path_model,
        query_model=_model(function, hints["query"], Params) if "query" in hints else None,
        body_model=_model(function, hints["body"], Input) if "body" in hints else None,
        answer=None if raw or answer is type(None) else _model(function, answer_model(answer), Output),
        status=options.get("status", 204 if answer is type(None) else 200),
    )


M = TypeVar("M", bound=BaseModel)


def _model(function: Function, annotation: object, base: type[M]) -> type[M]:
    if not (inspect.isclass(annotation) and issubclass(annotation, base)):
        raise TypeError(f"{function.__name__}: {annotation!r} is no {base.__name__}")
    return annotation
