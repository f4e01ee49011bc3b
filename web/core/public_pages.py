"""Pages that are the same for everybody: kept by browsers and proxies, found by search engines."""

from __future__ import annotations

import hashlib

import aiohttp.web as http

KEPT_FOR = 60
"""Seconds for which a page is shown again without asking; then its ETag tells whether it has changed."""


def publish(request: http.Request, page: http.Response) -> http.Response:
    """A page without anything personal; 304 for a client that has it already. Cookies choose the size of letters and
    the link to the own first page, so it is kept by cookie."""
    tag = hashlib.sha256(page.body if isinstance(page.body, bytes) else b"").hexdigest()[:24]
    headers = {
        "Cache-Control": f"public, max-age={KEPT_FOR}",
        "ETag": f'"{tag}"',
        "Vary": "Cookie",
        "X-Robots-Tag": "index, follow",
    }
    if any(known.value in (tag, "*") for known in request.if_none_match or ()):
        return http.Response(status=304, headers=headers)
    page.headers.update(headers)
    return page
