"""Remembers in the browser to which mobile a code was sent, so that the page for the code can be reopened.

The mobile is encrypted, since it may stand in no address and in no readable cookie.
"""

from __future__ import annotations

import base64
import json
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from datetime import datetime, timedelta

import aiohttp.web as http

from domain.errors import TooMany
from services.core.base import Deps
from services.core.crypto import SealBroken
from web.accounts.targets import with_query

_COOKIE, _PURPOSE = "pbt_sent", "sent"
COOKIE_TTL = timedelta(minutes=15)
"""Longer than people wait for an SMS, and than any pool's codes are valid."""


class SentCodes:
    def __init__(self, deps: Deps, *, secure: bool) -> None:
        self._deps = deps
        self._secure = secure

    def redirect_to_code(self, action: str, path: str, query: Mapping[str, str], **values: str) -> http.Response:
        """Redirect to the page for the code, whose handler gets ``values`` by ``find``."""
        response = http.Response(status=303, headers={"Location": with_query(path, **query)})
        until = (self._deps.now() + COOKIE_TTL).isoformat()
        sealed = self._deps.keys.seal(json.dumps({"command": action, "until": until, "kept": values}), _PURPOSE)
        response.set_cookie(
            _COOKIE,
            base64.urlsafe_b64encode(sealed.encode()).decode(),
            max_age=int(COOKIE_TTL.total_seconds()),
            httponly=True,
            samesite="Lax",
            secure=self._secure,
            path="/h5",
        )
        return response

    def find(self, request: http.Request, action: str) -> dict[str, str]:
        """The values kept when a code was recently sent for ``action``; empty otherwise."""
        try:
            sealed = base64.urlsafe_b64decode(request.cookies.get(_COOKIE, "")).decode()
            stored = json.loads(self._deps.keys.open_text(sealed, _PURPOSE))
        except (SealBroken, ValueError):  # ValueError: no base64, no text
            return {}
        fresh = datetime.fromisoformat(stored["until"]) > self._deps.now()
        values: dict[str, str] = stored["kept"]
        return values if fresh and stored["command"] == action else {}

    @contextmanager
    def sent_before(self, request: http.Request, action: str, **values: str) -> Iterator[None]:
        """Suppress the refusal of a further code where this browser has the page, with the same ``values``, on which
        the last is typed: who went back and asked again has the code already."""
        try:
            yield
        except TooMany:
            if self.find(request, action) != values:
                raise

    def forget(self, response: http.Response) -> None:
        response.del_cookie(_COOKIE, path="/h5")
