"""Reminders before the end of a term: when, to whom, and what they advise."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.errors import Forbidden
from models.experts import Expert
from services.core.base import Actor, Deps
from services.experts.terms import ExpertTerms
from tests.factories.applicants import make_application
from tests.factories.applications import make_campaign
from tests.factories.people import make_account, make_expert, make_sanction
from tests.services.conftest import NoticeBook

DAY = timedelta(days=1)


@pytest.fixture
def terms(db: str, deps: Deps, book: NoticeBook) -> ExpertTerms:
    return ExpertTerms(replace(deps, rulebooks={"demo": deps.book("demo")}), book)


async def test_each_step_reminds_once_and_the_last_says_what_is_possible_then(
    terms: ExpertTerms, deps: Deps, clock: FixedClock, book: NoticeBook
) -> None:
    await make_expert(deps, term_until=clock.now() + 91 * DAY)
    await make_sanction(await make_expert(deps, term_until=clock.now() + 91 * DAY))
    told = []
    for wait in (0, 1, 1, 60, 21):
        clock.move(wait * DAY)
        await terms.notify_ending()
        told.append(len(book.told))
    assert told == [0, 2, 2, 4, 4], "a suspended expert must renew, too"
    await make_campaign(deps, opens=clock.now() - DAY)
    clock.move(DAY)
    await terms.notify_ending()
    assert [notice.params["until"] for notice in book.told] == ["2027年2月20日"] * 6
    assert book.told[0].params["advice"].startswith("现在没有接受续聘的征集")
    assert book.told[4].params["advice"].endswith("前办理续聘")
    assert len({notice.dedupe_key for notice in book.told}) == 6


async def test_of_steps_that_are_over_only_the_last_is_sent(
    terms: ExpertTerms, deps: Deps, clock: FixedClock, book: NoticeBook
) -> None:
    """A term that an import set to the day after tomorrow; then a longer one begins the steps anew."""
    expert = await make_expert(deps, term_until=clock.now() + 2 * DAY)
    assert [await terms.notify_ending(), await terms.notify_ending(), len(book.told)] == [1, 0, 1]
    await Expert.filter(id=expert.id).update(term_until=clock.now() + 200 * DAY)
    clock.move(110 * DAY)
    await terms.notify_ending()
    assert len(book.told) == 2


async def test_who_has_applied_for_renewal_is_not_reminded(
    terms: ExpertTerms, deps: Deps, clock: FixedClock, book: NoticeBook
) -> None:
    account = await make_account(deps)
    await make_expert(deps, account=account, term_until=clock.now() + 2 * DAY)
    application = await make_application(deps, account, entry_type="renewal")
    await terms.notify_ending()
    assert book.told == []
    application.state, application.ended_at = "refused", clock.now()
    await application.save()
    await terms.notify_ending()
    assert len(book.told) == 1


async def test_the_own_term_says_how_it_is_renewed_now(terms: ExpertTerms, deps: Deps, clock: FixedClock) -> None:
    until = clock.now() + 400 * DAY
    account = await make_account(deps)
    expert = await make_expert(deps, term_until=until, account_id=account.id)
    actor = Actor("demo", "expert", account.id, expert.id)
    own = await terms.own_term(actor)
    assert (own.until, own.born_on, own.renewal.route) == (until, expert.born_on, "")
    assert own.renewal.advice.startswith("现在没有接受续聘的征集")
    await make_campaign(deps, opens=clock.now() - DAY)
    assert (await terms.own_term(actor)).renewal.route == "/h5/demo/apply?entry_type=renewal"
    await make_application(deps, account, entry_type="renewal")
    assert (await terms.own_term(actor)).renewal.advice == "您的续聘正在办理"
    await Expert.filter(id=expert.id).update(left_at=clock.now())
    with pytest.raises(Forbidden):
        await terms.own_term(actor)
