"""The page of phones and its files."""

from __future__ import annotations

from pathlib import Path

from aiohttp import web

STATIC = Path(__file__).parent / "static"
TYPES = {".html": "text/html", ".css": "text/css", ".js": "text/javascript", ".svg": "image/svg+xml"}
POLICY = (
    "default-src 'none'; script-src 'self'; style-src 'self'; img-src 'self' data:; connect-src 'self'; "
    "frame-src 'self'; base-uri 'none'; form-action 'self'; frame-ancestors 'none'"
)
HEADERS = {
    "Content-Security-Policy": POLICY,
    "X-Content-Type-Options": "nosniff",
    "Referrer-Policy": "same-origin",
    "Cache-Control": "no-cache",
}


def send_file(name: str, folder: Path = STATIC) -> web.Response:
    """One of the page's files. Raises HTTPNotFound."""
    path = folder / name
    kind = TYPES.get(path.suffix)
    if kind is None or path.parent != folder or not path.is_file():
        raise web.HTTPNotFound
    return web.Response(body=path.read_bytes(), content_type=kind, charset="utf-8", headers=HEADERS)


async def _index(_request: web.Request) -> web.Response:
    return send_file("index.html")


async def _static(request: web.Request) -> web.Response:
    return send_file(request.match_info["name"])


async def _runtime(request: web.Request) -> web.Response:
    return send_file(request.match_info["name"], STATIC / "miniprogram")


def add_routes(app: web.Application) -> None:
    app.router.add_get("/", _index)
    app.router.add_get("/_/{name}", _static)
    app.router.add_get("/_/miniprogram/{name}", _runtime)
