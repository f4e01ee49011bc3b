"""Pages to continue with after a log-in: paths of ours only, so that no link of ours leads elsewhere."""

from __future__ import annotations

from urllib.parse import urlencode, urlsplit

import aiohttp.web as http
from yarl import URL

from services.core.permissions import AGENCY
from services.notifications import OFFICES
from web.core.pages import Visit

BIND = "/h5/wechat/bind"
_OURS = frozenset(("h5", *(path.removeprefix("/") for path in OFFICES)))
REGISTERED = {"registered": "注册成功。"}
"""The message of the first page after registering, by its code."""
_PARTS_FOR_EVERYBODY = frozenset(("account", "agent-requests", "help", "materials", "notices"))
_NOT_CONTINUED = ("/h5/login", "/h5/logout", "/h5/wechat", "/h5/identity")


def query_with_target(pool: str, target: str) -> dict[str, str]:
    """The query of the next page: the pool, and the page to continue with."""
    return {"pool": pool, "next": safe_target(target)}


def safe_target(target: str) -> str:
    """A path of ours to continue with; empty for anything else, so that no link of ours leads elsewhere."""
    if not target.startswith("/") or target.startswith("//") or len(target) > 300:
        return ""
    if any(character in "\\ " or not character.isprintable() for character in target):
        return ""
    try:
        parts = urlsplit(target)
    except ValueError:
        return ""
    is_ours = not parts.scheme and not parts.netloc and parts.path.split("/")[1] in _OURS
    return target if is_ours and not target.startswith(_NOT_CONTINUED) else ""


def target_of(visit: Visit) -> str:
    """The page to continue with, named by the sent form or by the address."""
    return safe_target(visit.form.value("next") or visit.request.query.get("next", ""))


def binding_page(target: str) -> str:
    """The page that offers to bind this WeChat account, and continues to ``target``."""
    return with_query(BIND, next=target)


def with_note(target: str, note: str) -> str:
    """The page with the code of a message that it shows."""
    return str(URL(target).update_query(note=note))


def fitting_target(target: str, role: str) -> str:
    """The requested page, if it is for the chosen role; else empty."""
    is_person = role in ("expert", "applicant")
    if target.startswith("/office") and role != "pool_admin":
        return ""
    if target.startswith("/agency") and role not in AGENCY:
        return ""
    if target.startswith("/review") and role != "reviewer":
        return ""
    return safe_target(target) if is_for_everybody(target) or target.startswith("/h5/") is is_person else ""


def is_for_everybody(target: str) -> bool:
    """Whether it is a page of a pool that staff have, too: ``/h5/{pool}/account``."""
    parts = urlsplit(target).path.split("/")
    return len(parts) > 3 and parts[1] == "h5" and parts[3] in _PARTS_FOR_EVERYBODY


def requested_page(request: http.Request) -> str:
    """The page to return to after the steps that must come first; empty for a form."""
    return request.path_qs if request.method in ("GET", "HEAD") else ""


def with_query(path: str, **query: str) -> str:
    """``path`` with the non-empty parameters as query."""
    given = {name: value for name, value in query.items() if value}
    return f"{path}?{urlencode(given)}" if given else path
