"""Tokens of a browser's log-in for its own pages."""

from __future__ import annotations

from datetime import timedelta
from uuid import UUID

import pytest

from domain.clock import FixedClock
from domain.errors import Forbidden, Unauthenticated
from domain.ids import new_id
from models.accounts import Session
from services.accounts import issue_page_token
from services.core.base import Actor, Deps
from tests.factories.people import make_account

pytestmark = pytest.mark.usefixtures("db")


async def _log_in(deps: Deps, role: str) -> Session:
    account, now = await make_account(deps), deps.now()
    return await Session.create(
        id=new_id(),
        pool="demo",
        account_id=account.id,
        role=role,
        device="手机浏览器",
        created_at=now,
        access_hash=new_id().hex,
        refresh_hash=new_id().hex,
        access_until=now,
        refresh_until=now + timedelta(hours=12),
    )


def _as(session: Session, role: str, session_id: UUID | None = None) -> Actor:
    return Actor("demo", role, session.account_id, session_id=session_id or session.id)


async def test_all_pages_of_a_log_in_share_one_token_until_it_is_nearly_over(deps: Deps, clock: FixedClock) -> None:
    person = _as(await _log_in(deps, "applicant"), "applicant")
    first = await issue_page_token(deps, person)
    assert await issue_page_token(deps, person) == first
    clock.move(timedelta(minutes=21))
    later = await issue_page_token(deps, person)
    assert later.token != first.token
    assert later.until > first.until


async def test_an_applicant_who_has_entered_the_pool_goes_on_as_expert(deps: Deps) -> None:
    session = await _log_in(deps, "applicant")
    assert (await issue_page_token(deps, _as(session, "expert"))).token
    assert (await Session.get(id=session.id)).role == "expert"


async def test_a_log_in_that_acts_for_an_office_lends_nothing(deps: Deps) -> None:
    session = await _log_in(deps, "reviewer")
    with pytest.raises(Forbidden) as refusal:
        await issue_page_token(deps, _as(session, "applicant"))
    assert refusal.value.code == "other_role"


async def test_a_log_in_that_ended_lends_nothing(deps: Deps, clock: FixedClock) -> None:
    session = await _log_in(deps, "applicant")
    with pytest.raises(Unauthenticated):
        await issue_page_token(deps, _as(session, "applicant", new_id()))
    clock.move(timedelta(hours=12))
    with pytest.raises(Unauthenticated):
        await issue_page_token(deps, _as(session, "applicant"))
