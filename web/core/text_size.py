"""大字版: larger letters on every page, stored in the browser."""

from __future__ import annotations

from contextvars import ContextVar
from datetime import timedelta
from urllib.parse import urlsplit

import aiohttp.web as http

COOKIE = "pbt_text"
_COOKIE_TTL = timedelta(days=400)  # browsers limit cookies to that
_large: ContextVar[bool] = ContextVar("large_text", default=False)


def note_size(request: http.Request) -> None:
    """Sets ``large_text`` for the current request."""
    _large.set(request.cookies.get(COOKIE) == "large")


def large_text() -> bool:
    """Whether the page being rendered is for a reader with large letters."""
    return _large.get()


def remember(request: http.Request, *, large: bool, secure: bool) -> http.Response:
    """Redirect to the requesting page: its path and query come from the Referer, never its host."""
    came_from = urlsplit(request.headers.get("Referer", ""))
    path = came_from.path.lstrip("/\\") or "h5/login"
    target = f"/{path}?{came_from.query}" if came_from.query else f"/{path}"
    response = http.Response(status=303, headers={"Location": target})
    response.set_cookie(
        COOKIE,
        "large" if large else "usual",
        max_age=int(_COOKIE_TTL.total_seconds()),
        path="/",
        httponly=True,
        samesite="Lax",
        secure=secure,
    )
    return response
