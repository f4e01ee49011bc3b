"""At the start of a demonstration, some of the cast follow the official account and bind themselves, over HTTP.

So a first draw reaches experts on WeChat as well as by telephone; binding the others can be tried by hand. One
applicant submits an application, so that there is one to review. Accounts bound already only follow again, because the
sandbox keeps followers in memory; for the same reason it is sent the clock's offset again.
"""

from __future__ import annotations

import asyncio
from collections.abc import Sequence

import aiohttp
import structlog

from app.clock import find_offset
from app.demo.data import POOL
from app.players.applicants import Applicant, register_in_mini
from app.players.forms import application_values
from app.players.http_client import HttpClient, Refused
from app.players.mini_program import MiniProgram
from app.players.people import APPLICANTS, EXPERTS, REVIEWERS, STAFF, DemoPerson
from app.players.phones import NotArrived, Phone
from app.redis_connection import make_redis
from config.settings import Settings
from handlers import commands

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

BOUND_EXPERTS = 10
"""Of the sixteen; about every third call goes to a telephone without WeChat."""
HANDS_IN = APPLICANTS[0]
"""The applicant who submits; the others are left for trying by hand."""
_TRADE = "设计"
"""A part of the name of the applicant's employer."""


async def introduce(settings: Settings, sandbox_url: str) -> None:
    """Let the first experts and the staff follow and bind, then let an applicant apply. A failure is only logged."""
    if settings.env != "sandbox" or POOL not in settings.pools:
        return
    mobiles = [person.mobile for person in (*EXPERTS[:BOUND_EXPERTS], *STAFF, *REVIEWERS)]
    service = f"http://{settings.http.host}:{settings.http.port}"
    no_jar = aiohttp.DummyCookieJar()  # each browser keeps its own cookies
    async with aiohttp.ClientSession(cookie_jar=no_jar) as session, make_redis(settings.redis_url) as redis:
        http_client = HttpClient(session, service, sandbox_url)
        if offset := await find_offset(redis):
            moved = http_client.control("/clock", {"offset_seconds": offset.total_seconds()})
            _log_failures(await asyncio.gather(moved, return_exceptions=True))
        _log_failures(
            await asyncio.gather(*(_introduce(Phone(http_client, m, POOL)) for m in mobiles), return_exceptions=True)
        )
        applying = _submit_application(Phone(http_client, HANDS_IN.mobile, POOL), HANDS_IN)
        _log_failures(await asyncio.gather(applying, return_exceptions=True))


def _log_failures(outcomes: Sequence[object]) -> None:
    for outcome in outcomes:
        if isinstance(outcome, NotArrived | Refused | aiohttp.ClientError | TimeoutError):
            log.warning("not_introduced", reason=type(outcome).__name__)
        elif isinstance(outcome, BaseException):
            raise outcome


async def _introduce(phone: Phone) -> None:
    welcome = await phone.follow()
    if commands.BIND in welcome:
        await phone.bind()


async def _submit_application(phone: Phone, person: DemoPerson) -> None:
    """Register in the mini-program, fill in the form, submit; a person who began earlier is skipped."""
    await _introduce(phone)
    mini = MiniProgram(phone.http_client, phone, "")
    await mini.open()
    applicant = Applicant(phone, person.name, person.id_number, mini)
    home = await applicant.home()
    if home["progress"] is not None:
        return
    if any(item["code"] == "register" for item in home["to_do"]):
        await register_in_mini(mini, person.name, person.id_number)
    employer = await applicant.find_employer(_TRADE)
    await applicant.start()
    await applicant.fill_in(application_values(employer))
    await applicant.attach_missing()
    await applicant.submit()
