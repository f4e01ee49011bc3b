"""E-mail that the SMTP server accepted."""

from __future__ import annotations

from urllib.parse import quote

from aiohttp import web

from sandbox import jsons
from sandbox.control.base import Control, Endpoint, endpoint
from sandbox.jsons import Json
from sandbox.mail.center import ReceivedEmail


def messages(control: Control) -> Json:
    """Newest last; ``to`` an address, ``q`` in subject or text. ``smtp_port`` 0: no server."""
    query, mail = control.request.query, control.parts.mail
    emails = mail.mailbox.search(query.get("to", ""), query.get("q", ""))
    return {"smtp_port": mail.port, "emails": [message.as_json() for message in emails]}


def attachment(control: Control) -> web.Response:
    """As a download, never shown inside the page."""
    parts, number = control.request.match_info, int(control.request.match_info["index"])
    files = _message(control).attachments
    if number >= len(files):
        raise web.HTTPNotFound(text=jsons.dumps({"error": f"message {parts['message']} has {len(files)} attachments"}))
    headers = {
        "Content-Disposition": f"attachment; filename*=UTF-8''{quote(files[number].name, safe='')}",
        "Content-Type": files[number].content_type,
        "X-Content-Type-Options": "nosniff",
    }
    return web.Response(body=files[number].data, headers=headers)


def raw(control: Control) -> web.Response:
    """The message as it was received."""
    return web.Response(body=_message(control).raw, content_type="text/plain", charset="utf-8")


def _message(control: Control) -> ReceivedEmail:
    email = control.parts.mail.mailbox.find(int(control.request.match_info["message"]))
    if email is None:
        raise web.HTTPNotFound(text=jsons.dumps({"error": "no such message"}), content_type="application/json")
    return email


def add_routes(app: web.Application) -> None:
    gets: dict[str, Endpoint] = {
        "/control/mail": messages,
        r"/control/mail/{message:\d{1,9}}/raw": raw,
        r"/control/mail/{message:\d{1,9}}/attachments/{index:\d{1,3}}": attachment,
    }
    for path, get in gets.items():
        app.router.add_get(path, endpoint(get))
