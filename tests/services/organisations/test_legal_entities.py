"""Legal entities over the identity platform, and the agents they link."""

from __future__ import annotations

from dataclasses import replace
from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, InvalidForm, InvalidInput, NotFound, RuleViolation, TooMany
from models.accounts import Account
from models.notices import Notice
from models.organisations import AgentLink, Organisation
from services.accounts.roles import roles_of
from services.core.base import Actor, Deps
from services.organisations.agent_queries import AgentQueries
from services.organisations.legal_entities import LegalEntities
from services.ports import IdentityClaims
from tests.factories.assembly import composed
from tests.factories.people import CREDIT_CODE, make_account, make_agent_link, make_organisation, mobile_number

pytestmark = pytest.mark.usefixtures("db")


@pytest.fixture
def organisations(deps: Deps) -> LegalEntities:
    return composed(LegalEntities, deps)


@pytest.fixture
def claims() -> IdentityClaims:
    return IdentityClaims(
        "sub-1", "李四", mobile_number(), "11010519491231002X", 4, "legal", "广州示范招标有限公司", CREDIT_CODE
    )


@pytest.fixture
def agents(deps: Deps) -> AgentQueries:
    return AgentQueries(deps)


async def _register_legal_entity(organisations: LegalEntities, claims: IdentityClaims) -> Actor:
    registered = await organisations.register("demo", claims)
    return Actor("demo", "organisation", registered.account_id, organisation_id=registered.organisation_id)


async def test_a_legal_entity_registers_and_comes_back(
    organisations: LegalEntities, claims: IdentityClaims, clock: FixedClock
) -> None:
    first = await organisations.register("demo", claims)
    repeated = await organisations.register("demo", replace(claims, organisation_name="广州示范招标集团有限公司"))
    assert first == repeated
    assert (await Organisation.get()).name == "广州示范招标集团有限公司"
    assert [role.role for role in await roles_of(first.account_id, clock.now())] == ["organisation"]


async def test_a_natural_person_is_refused_with_what_to_do(
    organisations: LegalEntities, claims: IdentityClaims
) -> None:
    with pytest.raises(RuleViolation, match="关联为经办人") as refused:
        await organisations.register("demo", replace(claims, user_type="person", organisation_name="", credit_code=""))
    assert (refused.value.rule, refused.value.source) == ("login.natural_person_may_draw", "广东手册 L24")
    assert not await Account.exists()


async def test_a_weak_real_name_level_is_refused_with_how_to_raise_it(
    organisations: LegalEntities, claims: IdentityClaims
) -> None:
    with pytest.raises(RuleViolation, match=r"为3级，需达到4级.*升级") as refused:
        await organisations.register("demo", replace(claims, level=3))
    assert (refused.value.rule, refused.value.params) == ("login.assurance_level_minimum", {"level": 3, "minimum": 4})


async def test_a_later_weak_log_in_takes_the_right_away_and_a_strong_one_gives_it_back(
    organisations: LegalEntities, agents: AgentQueries, claims: IdentityClaims, clock: FixedClock, deps: Deps
) -> None:
    legal = await organisations.register("demo", claims)
    agent = await make_account(deps)
    await make_agent_link(await Organisation.get(id=legal.organisation_id), agent)

    async def roles_held() -> list[list[str]]:
        return [
            [role.role for role in await roles_of(account_id, clock.now())]
            for account_id in (legal.account_id, agent.id)
        ]

    assert await roles_held() == [["organisation"], ["agent"]]
    with pytest.raises(RuleViolation, match="为3级"):
        await organisations.register("demo", replace(claims, level=3))
    assert await roles_held() == [[], []], "its agents act for an entity that is known too weakly"
    mobile = deps.keys.open_text(agent.mobile_sealed, "mobile")
    [link] = await agents.list_own_links(Actor("demo", "guest", agent.id))
    assert (link.state, link.paused_by) == ("active", "entity")
    for change in ({"user_type": "person"}, {"user_type": "agent"}):
        entered = await organisations.register("demo", replace(claims, mobile=mobile, **change))
        assert entered.organisation_id is None, "nothing to act for until the entity is known well enough"
    await organisations.register("demo", claims)
    assert await roles_held() == [["organisation"], ["agent"]]
    assert [own_link.paused_by for own_link in await agents.list_own_links(Actor("demo", "guest", agent.id))] == [""]
    person = replace(claims, mobile=mobile, user_type="person", level=3)
    with pytest.raises(RuleViolation, match="为3级"):
        await organisations.register("demo", person)
    assert await roles_held() == [["organisation"], []], "the agent alone"
    assert [own_link.paused_by for own_link in await agents.list_own_links(Actor("demo", "guest", agent.id))] == [
        "person"
    ]


async def test_a_stranger_s_weak_log_in_for_the_same_entity_takes_nothing_from_it(
    organisations: LegalEntities, claims: IdentityClaims, clock: FixedClock
) -> None:
    legal = await organisations.register("demo", claims)
    with pytest.raises(RuleViolation, match="为1级"):
        await organisations.register("demo", replace(claims, mobile="13800009999", level=1))
    assert [role.role for role in await roles_of(legal.account_id, clock.now())] == ["organisation"]


async def test_a_person_whom_an_entity_has_linked_comes_in_without_one_at_the_platform(
    organisations: LegalEntities, claims: IdentityClaims, deps: Deps
) -> None:
    organisation, account = await make_organisation(), await make_account(deps)
    link = await make_agent_link(organisation, account)
    mobile = deps.keys.open_text(account.mobile_sealed, "mobile")
    person = replace(claims, mobile=mobile, user_type="person", organisation_name="", credit_code="")
    assert (await organisations.register("demo", person)).organisation_id == organisation.id
    await AgentLink.filter(id=link.id).update(accepted_at=None)
    assert (await organisations.register("demo", person)).organisation_id is None, "he answers first"
    await organisations.decline(Actor("demo", "guest", account.id), link.id)
    with pytest.raises(RuleViolation, match="关联为经办人"):
        await organisations.register("demo", person)


async def test_a_person_declines_and_may_be_asked_again(
    organisations: LegalEntities, claims: IdentityClaims, clock: FixedClock, deps: Deps
) -> None:
    legal = await _register_legal_entity(organisations, claims)
    account = await make_account(deps)
    mobile = deps.keys.open_text(account.mobile_sealed, "mobile")
    link = await organisations.link_agent(legal, mobile=mobile, name="李四")
    person = Actor("demo", "guest", account.id)
    for _ in range(2):
        assert (await organisations.decline(person, link.link_id)).state == "declined"
    with pytest.raises(Conflict, match="不担任这家企业"):
        await organisations.accept(person, link.link_id)
    with pytest.raises(NotFound):
        await organisations.decline(Actor("demo", "guest", legal.account_id), link.link_id)
    assert (await organisations.link_agent(legal, mobile=mobile, name="李四")).state == "waiting"
    assert (await organisations.accept(person, link.link_id)).state == "active"
    await organisations.decline(person, link.link_id)
    assert await roles_of(account.id, clock.now()) == [], "who gives up acts no more"


@pytest.mark.parametrize("change", [{"credit_code": "91440101MA5AAAAA0X"}, {"mobile": "123"}])
async def test_claims_that_can_t_be_are_refused(
    organisations: LegalEntities, claims: IdentityClaims, change: dict[str, str]
) -> None:
    with pytest.raises(InvalidInput):
        await organisations.register("demo", replace(claims, **change))


async def test_the_platform_s_mobile_must_be_that_of_the_one_logged_in(
    organisations: LegalEntities, claims: IdentityClaims, deps: Deps
) -> None:
    other = await make_account(deps)
    with pytest.raises(Conflict, match="手机号"):
        await organisations.register("demo", claims, account_id=other.id)
    assert not await Organisation.exists()


async def test_an_entity_links_an_agent_who_agrees(
    organisations: LegalEntities, agents: AgentQueries, claims: IdentityClaims, clock: FixedClock
) -> None:
    legal, mobile = await _register_legal_entity(organisations, claims), mobile_number()
    link = await organisations.link_agent(legal, mobile=mobile, name="赵六")
    assert (link.state, link.masked_name, link.masked_mobile) == ("waiting", "赵*", f"138****{mobile[-4:]}")
    assert link.valid_until - link.valid_from == timedelta(days=30)
    account = await Account.get(id=(await AgentLink.get()).account_id)
    notice = await Notice.get(kind="agent_asked")
    assert (notice.account_id, notice.params["organisation"]) == (account.id, claims.organisation_name)
    person = Actor("demo", "guest", account.id)
    assert await roles_of(account.id, clock.now()) == []
    assert [link.organisation_name for link in await agents.list_own_links(person)] == [claims.organisation_name]
    assert (await organisations.accept(person, link.link_id)).state == "active"
    assert (await organisations.accept(person, link.link_id)).state == "active"
    assert [role.role for role in await roles_of(account.id, clock.now())] == ["agent"]
    clock.move(timedelta(days=30))
    assert await roles_of(account.id, clock.now()) == []
    assert [link.state for link in await agents.list_agents(legal)] == ["expired"]


async def test_a_repeated_request_links_once(organisations: LegalEntities, claims: IdentityClaims) -> None:
    legal, mobile = await _register_legal_entity(organisations, claims), mobile_number()
    first = await organisations.link_agent(legal, mobile=mobile, name="赵六", key="k")
    assert await organisations.link_agent(legal, mobile=mobile, name="赵六", key="k") == first


async def test_who_is_struck_off_must_be_asked_again(
    organisations: LegalEntities, claims: IdentityClaims, clock: FixedClock
) -> None:
    legal, mobile = await _register_legal_entity(organisations, claims), mobile_number()
    link = await organisations.link_agent(legal, mobile=mobile, name="赵六")
    person = Actor("demo", "guest", (await AgentLink.get()).account_id)
    await organisations.accept(person, link.link_id)
    assert (await organisations.link_agent(legal, mobile=mobile, name="赵六")).state == "active"
    assert await Notice.filter(kind="agent_asked").count() == 1, "who has agreed is not asked again"
    assert (await organisations.revoke(legal, link.link_id)).state == "revoked"
    assert (await organisations.revoke(legal, link.link_id)).state == "revoked"
    with pytest.raises(Conflict, match="取消"):
        await organisations.accept(person, link.link_id)
    assert (await organisations.link_agent(legal, mobile=mobile, name="赵六")).state == "waiting"


async def test_who_never_agreed_is_not_written_to_when_the_request_is_taken_back(
    organisations: LegalEntities, claims: IdentityClaims
) -> None:
    """The attack: asked and taken back again and again, each time an SMS to a stranger's phone."""
    legal, mobile = await _register_legal_entity(organisations, claims), mobile_number()
    for _ in range(3):
        link = await organisations.link_agent(legal, mobile=mobile, name="赵六")
        await organisations.revoke(legal, link.link_id)
    assert await Notice.filter(kind="role_changed").count() == 0
    assert await Notice.filter(kind="agent_asked").count() == 1
    link = await organisations.link_agent(legal, mobile=mobile, name="赵六")
    await organisations.accept(Actor("demo", "guest", (await AgentLink.get()).account_id), link.link_id)
    await organisations.revoke(legal, link.link_id)
    assert await Notice.filter(kind="role_changed").count() == 1


async def test_whose_link_has_expired_must_agree_again(
    organisations: LegalEntities, claims: IdentityClaims, clock: FixedClock
) -> None:
    legal, mobile = await _register_legal_entity(organisations, claims), mobile_number()
    link = await organisations.link_agent(legal, mobile=mobile, name="赵六")
    person = Actor("demo", "guest", (await AgentLink.get()).account_id)
    await organisations.accept(person, link.link_id)
    clock.move(timedelta(days=30))
    assert (await organisations.link_agent(legal, mobile=mobile, name="赵六")).state == "waiting"
    assert await roles_of((await AgentLink.get()).account_id, clock.now()) == []
    assert await Notice.filter(kind="agent_asked").count() == 2
    assert (await organisations.accept(person, link.link_id)).state == "active"


async def test_an_agent_is_not_asked_twice_a_day(
    organisations: LegalEntities, claims: IdentityClaims, clock: FixedClock
) -> None:
    legal, mobile = await _register_legal_entity(organisations, claims), mobile_number()
    for _ in range(3):
        link = await organisations.link_agent(legal, mobile=mobile, name="赵六")
        clock.move(timedelta(hours=7))
    await organisations.decline(Actor("demo", "guest", (await AgentLink.get()).account_id), link.link_id)
    await organisations.link_agent(legal, mobile=mobile, name="赵六")
    assert await Notice.filter(kind="agent_asked").count() == 1, "nor after his refusal"
    clock.move(timedelta(hours=3))
    await organisations.link_agent(legal, mobile=mobile, name="赵六")
    assert await Notice.filter(kind="agent_asked").count() == 2


async def test_an_entity_asks_so_many_persons_a_day(
    organisations: LegalEntities, claims: IdentityClaims, clock: FixedClock, deps: Deps
) -> None:
    legal, most = await _register_legal_entity(organisations, claims), deps.book("demo").login.agent_asks_per_day
    first, *others = [mobile_number() for _ in range(most + 1)]
    link = await organisations.link_agent(legal, mobile=first, name="赵六")
    clock.move(timedelta(hours=1))
    for mobile in others[1:]:
        await organisations.link_agent(legal, mobile=mobile, name="赵六")
    await organisations.accept(Actor("demo", "guest", (await AgentLink.get(id=link.link_id)).account_id), link.link_id)
    with pytest.raises(TooMany, match=f"一天最多请{most}位经办人.*请23小时后再试") as refused:
        await organisations.link_agent(legal, mobile=others[0], name="赵六")
    assert (refused.value.retry_after, await AgentLink.all().count()) == (23 * 3600, most)
    assert (await organisations.link_agent(legal, mobile=first, name="赵六")).state == "active", "a prolonged link"
    clock.move(timedelta(hours=23))
    assert (await organisations.link_agent(legal, mobile=others[0], name="赵六")).state == "waiting"


async def test_the_period_has_an_order_and_a_longest(
    organisations: LegalEntities, claims: IdentityClaims, clock: FixedClock
) -> None:
    legal, now = await _register_legal_entity(organisations, claims), clock.now()
    with pytest.raises(InvalidInput, match="截止日期"):
        await organisations.link_agent(legal, mobile=mobile_number(), name="赵六", valid_from=now, valid_until=now)
    with pytest.raises(InvalidInput, match="截止日期"):
        await organisations.link_agent(
            legal, mobile=mobile_number(), name="赵六", valid_from=now - timedelta(9), valid_until=now - timedelta(1)
        )
    with pytest.raises(RuleViolation, match="最长1095天"):
        await organisations.link_agent(legal, mobile=mobile_number(), name="赵六", valid_until=now + timedelta(1096))
    with pytest.raises(InvalidForm) as refused:
        await organisations.link_agent(legal, mobile="1", name=" ", valid_until=now)
    assert [fault.field for fault in refused.value.faults] == ["mobile", "name", "valid_until"]


async def test_only_the_asked_person_accepts_and_only_the_own_entity_ends_a_link(
    organisations: LegalEntities, claims: IdentityClaims, deps: Deps
) -> None:
    legal, stranger = await _register_legal_entity(organisations, claims), await make_account(deps)
    link = await organisations.link_agent(legal, mobile=mobile_number(), name="赵六")
    with pytest.raises(NotFound):
        await organisations.accept(Actor("demo", "guest", stranger.id), link.link_id)
    other = await make_organisation(credit_code="91350211M000100Y46")
    with pytest.raises(NotFound):
        await organisations.revoke(Actor("demo", "organisation", stranger.id, organisation_id=other.id), link.link_id)
    with pytest.raises(Forbidden):
        await organisations.link_agent(
            Actor("demo", "agent", stranger.id, organisation_id=legal.organisation_id),
            mobile=mobile_number(),
            name="钱七",
        )
    with pytest.raises(Conflict, match="法人"):
        await organisations.link_agent(legal, mobile=claims.mobile, name="李四")


async def test_an_agent_whom_the_platform_vouches_for_is_linked(
    organisations: LegalEntities, claims: IdentityClaims, clock: FixedClock
) -> None:
    registered = await organisations.register("demo", replace(claims, user_type="agent"))
    assert registered.role == "agent"
    assert [role.role for role in await roles_of(registered.account_id, clock.now())] == ["agent"]
    assert (await Organisation.get()).legal_account_id is None


async def test_but_not_against_the_entity_s_word(
    organisations: LegalEntities, claims: IdentityClaims, deps: Deps, clock: FixedClock
) -> None:
    organisation, account = await make_organisation(), await make_account(deps, claims.mobile)
    await make_agent_link(organisation, account, revoked_at=clock.now())
    with pytest.raises(Forbidden, match="取消或到期"):
        await organisations.register("demo", replace(claims, user_type="agent"))
