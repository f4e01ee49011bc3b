"""Style sheets, scripts and images of pages, read once; a changed file has a new address."""

from __future__ import annotations

import hashlib
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import aiohttp.web as http

_TYPES: Mapping[str, str] = {
    ".css": "text/css",
    ".js": "text/javascript",
    ".svg": "image/svg+xml",
    ".png": "image/png",
    ".ico": "image/x-icon",
}
_BINARY = (".png", ".ico")


@dataclass(frozen=True)
class _File:
    body: bytes
    content_type: str
    version: str
    charset: str | None = "utf-8"


class StaticFiles:
    def __init__(self, folder: Path) -> None:
        self._files = _load_all(folder)

    def url(self, name: str) -> str:
        """The address of a file, from its name in templates: ``draws/board.js``."""
        return f"/h5/static/{name}?v={self._files[name].version}"

    async def serve(self, request: http.Request) -> http.Response:
        file = self._files.get(request.match_info["name"])
        if file is None:
            raise http.HTTPNotFound
        fresh = request.query.get("v") == file.version
        return _answer(file, "public, max-age=31536000, immutable" if fresh else "no-cache")

    async def serve_icon(self, _request: http.Request) -> http.Response:
        """``/favicon.ico``, which browsers and WeChat ask for where a page names no icon, as a file."""
        return _answer(self._files["core/favicon.ico"], "public, max-age=86400")


def _answer(file: _File, cached: str) -> http.Response:
    headers = {"Cache-Control": cached, "X-Content-Type-Options": "nosniff"}
    return http.Response(body=file.body, content_type=file.content_type, charset=file.charset, headers=headers)


def _load_all(folder: Path) -> dict[str, _File]:
    """Files by their name in templates: ``draws/board.js``."""
    return {path.relative_to(folder).as_posix(): _load(path) for path in folder.rglob("*") if path.suffix in _TYPES}


def _load(path: Path) -> _File:
    body = path.read_bytes()
    charset = None if path.suffix in _BINARY else "utf-8"
    return _File(body, _TYPES[path.suffix], hashlib.sha256(body).hexdigest()[:12], charset)
