"""An expert reminds the agency of an amount that has not arrived: when, how often, of whose, and what it is told."""

from __future__ import annotations

from datetime import timedelta

import pytest

from domain.clock import FixedClock, local
from domain.errors import Conflict, Forbidden, NotFound, RuleViolation, TooMany
from domain.rulebook.book import Rulebook
from models.draws import Draw
from models.invitations import Invitation
from models.notices import Notice
from models.remuneration import Remuneration
from services.core.base import Actor
from services.remuneration import RemunerationServices
from tests.factories.offices import Office
from tests.factories.people import make_expert
from tests.factories.remuneration import ended_panel
from tests.services.remuneration.test_remuneration import expert_of, office, owed, set_rules

__all__ = ["office", "owed"]
DAY = timedelta(days=1)


@pytest.fixture
async def invitation(office: Office, owed: RemunerationServices, clock: FixedClock) -> Invitation:
    """Of a panel with a proposed amount."""
    draw_id, [invitation] = await ended_panel(office, clock)
    await owed.proposals.propose(office.venue, draw_id, invitation.id)
    return invitation


async def confirm(owed: RemunerationServices, invitation: Invitation) -> Remuneration:
    own = await Remuneration.get(invitation_id=invitation.id)
    await owed.answers.confirm(expert_of(invitation), own.id, own.version, by="chat")
    return own


async def test_the_agency_is_told_by_code_and_again_after_the_rulebooks_time(
    office: Office, owed: RemunerationServices, clock: FixedClock, invitation: Invitation
) -> None:
    me, own = expert_of(invitation), await confirm(owed, invitation)
    assert (await owed.answers.get(me, own.id)).may_remind
    first = await owed.payment_reminders.remind(me, own.id, key="k")
    assert await owed.payment_reminders.remind(me, own.id, key="k") == first, "a double tap is one reminder"
    notice = await Notice.get(kind="agency_pay_reminder")
    assert notice.account_id == office.agency.account_id
    assert (notice.params["code"], notice.params["what"]) == (invitation.code, "还没有支付，本人提醒")
    view = await owed.answers.get(me, own.id)
    assert (view.may_remind, view.remind_from) == (False, first.next_at)
    with pytest.raises(TooMany, match="提醒过付款单位"):
        await owed.payment_reminders.remind(me, own.id)
    clock.set(first.next_at)
    assert (await owed.answers.get(me, own.id)).may_remind
    await owed.payment_reminders.remind(me, own.id)
    assert await Notice.filter(kind="agency_pay_reminder").count() == 2


async def test_what_the_agency_calls_paid_may_be_said_not_to_have_arrived(
    office: Office, owed: RemunerationServices, clock: FixedClock, invitation: Invitation
) -> None:
    own = await confirm(owed, invitation)
    today = local(clock.now()).date()
    await owed.payouts.mark_paid(office.agency, invitation.draw_id, today, "现金", {own.id: own.version})
    await owed.payment_reminders.remind(expert_of(invitation), own.id)
    assert (await Notice.get(kind="agency_pay_reminder")).params["what"] == "登记已支付，本人反映没有到账"


async def test_nobody_is_reminded_before_the_amount_is_confirmed_and_due(
    office: Office,
    owed: RemunerationServices,
    clock: FixedClock,
    invitation: Invitation,
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    me = expert_of(invitation)
    own = await Remuneration.get(invitation_id=invitation.id)
    assert not (await owed.answers.get(me, own.id)).may_remind
    with pytest.raises(Conflict, match="还不能催付"):
        await owed.payment_reminders.remind(me, own.id)
    await confirm(owed, invitation)
    set_rules(office, monkeypatch, pay_within_days=10)
    monkeypatch.setattr(Rulebook, "source", lambda *_: "省酬劳标准")  # the pool's own file names no such time
    view = await owed.answers.get(me, own.id)
    ended_at = (await Draw.get(id=invitation.draw_id)).ended_at
    assert view.pay_until is not None
    assert ended_at is not None
    assert (view.may_remind, view.pay_until > ended_at + 13 * DAY) == (False, True), "two weekends lie between"
    with pytest.raises(RuleViolation, match="前支付"):
        await owed.payment_reminders.remind(me, own.id)
    clock.set(view.pay_until)
    await owed.payment_reminders.remind(me, own.id)


async def test_another_expert_and_other_roles_remind_of_nothing(
    office: Office, owed: RemunerationServices, invitation: Invitation
) -> None:
    own = await confirm(owed, invitation)
    other = await make_expert(office.deps)
    with pytest.raises(NotFound):
        await owed.payment_reminders.remind(Actor("demo", "expert", expert_id=other.id), own.id)
    with pytest.raises(Forbidden):
        await owed.payment_reminders.remind(office.agency, own.id)
    assert await Notice.filter(kind="agency_pay_reminder").count() == 0
