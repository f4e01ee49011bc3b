"""Phones of the filled database's people in the sandbox."""

from __future__ import annotations

from typing import Any

import aiohttp

from app.players.people import EXPERTS
from benchmarks.product import POOL, SANDBOX
from benchmarks.seed.people import FIRST_APPLICANT, FIRST_EXPERT

_CONTROL = f"http://127.0.0.1:{SANDBOX}/control"
_TEMPLATES = "/cgi-bin/message/template/send"


async def make_phones(experts: int, applicants: int, *, autopilot: dict[str, Any] | None = None) -> None:
    """Phones of all persons, following the account, without limits of messages. ``autopilot`` is the experts'."""
    piloted = {"autopilot": autopilot} if autopilot else {}
    posts = [("quotas", {"path": _TEMPLATES, "limit": 100_000_000})]
    posts += [("phones/bulk", phones | piloted) for phones in (_phones(FIRST_EXPERT, experts), _phones_of_the_cast())]
    if applicants:
        posts.append(("phones/bulk", _phones(FIRST_APPLICANT, applicants)))
    async with aiohttp.ClientSession() as session:
        for path, body in posts:
            async with session.post(f"{_CONTROL}/{path}", json=body) as reply:
                assert reply.status == 200, await reply.text()


def _phones_of_the_cast() -> dict[str, Any]:
    """The demonstration's experts are in the pool as well, and may be drawn."""
    return {
        "phones": [{"name": expert.name, "mobile": expert.mobile, "pool": POOL, "follows": True} for expert in EXPERTS]
    }


def _phones(first: int, count: int) -> dict[str, Any]:
    return {"count": count, "first_mobile": str(first), "pool": POOL, "follows": True}
