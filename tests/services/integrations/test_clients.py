"""Access is issued by the office for a person who acts for an organisation; nothing works before it is accepted."""

from __future__ import annotations

import dataclasses
from datetime import timedelta

import pytest

from domain.clock import FixedClock
from domain.errors import Conflict, Forbidden, InvalidForm, InvalidInput, NotFound, Unauthenticated
from domain.integrations import SECRET_OVERLAP
from models.audit import AuditEntry
from models.integrations import IntegrationClient, IntegrationSecret
from models.notices import Notice
from models.organisations import Organisation
from services.core.base import rows
from services.integrations import ClientChange, ClientForm
from tests.factories.integrations import client_form, make_platform, mobile_of, office_organisation
from tests.factories.people import make_account
from tests.services.integrations.conftest import Scene

EMPTY = ClientForm("", "", "", projects=False, draws=False, results=False, networks="", webhook_url="")


async def test_all_faults_of_the_form_come_at_once(scene: Scene) -> None:
    with pytest.raises(InvalidForm) as refused:
        await scene.services.clients.issue(scene.platform.admin, EMPTY)
    fields = [fault.field for fault in refused.value.faults]
    assert fields == ["name", "credit_code", "mobile", "scopes", "networks"]


@pytest.mark.parametrize(
    ("field", "value", "code"),
    [
        ("webhook_url", "http://platform.example/", "bad_url"),
        ("webhook_url", "https://a:b@platform.example/", "bad_url"),
        ("networks", "0.0.0.0/0", "network_too_large"),
        ("networks", "platform.example", "not_a_network"),
        ("mobile", "13900009999", "not_an_agent"),
        ("credit_code", "91440101MA5000002T", "unknown_organisation"),
    ],
)
async def test_a_field_that_can_not_be(scene: Scene, field: str, value: str, code: str) -> None:
    mobile = await mobile_of(scene.office.deps, scene.office.agency.account_id)
    form = client_form(mobile, (await office_organisation(scene.office)).credit_code, name="新平台")
    with pytest.raises(InvalidInput) as refused:
        await scene.services.clients.issue(scene.platform.admin, dataclasses.replace(form, **{field: value}))
    assert (refused.value.field, refused.value.code) == (field, code)


async def test_a_secret_is_stored_only_as_a_hash(scene: Scene) -> None:
    secret = await IntegrationSecret.get(client_id=scene.platform.client_id)
    stored = str(await rows("SELECT * FROM integration_secret")) + str(await rows("SELECT * FROM integration_client"))
    assert scene.platform.secret not in stored
    assert scene.platform.signing not in stored
    assert secret.ending == scene.platform.secret[-4:]
    assert scene.platform.secret not in str(await rows("SELECT details FROM audit_entry"))


async def test_the_responsible_person_hears_of_it_and_accepts(scene: Scene) -> None:
    waiting = await make_platform(scene.office, scene.services, accepted=False, name="新平台")
    told = await Notice.filter(kind="platform_asked", account_id=scene.office.agency.account_id)
    assert "新平台" in [notice.params["platform"] for notice in told]
    with pytest.raises(Forbidden, match="还没有确认"):
        await scene.services.tokens.issue("demo", str(waiting.client_id), waiting.secret, "127.0.0.1")
    own = await scene.services.client_queries.list_own(scene.office.agency)
    assert {(client.name, client.state) for client in own} == {("某某交易平台", "active"), ("新平台", "waiting")}
    await scene.services.clients.accept(scene.office.agency, waiting.client_id)
    await scene.services.tokens.issue("demo", str(waiting.client_id), waiting.secret, "127.0.0.1")


async def test_nobody_else_accepts_or_ends_it(scene: Scene) -> None:
    other = await make_account(scene.office.deps)
    organisation = await Organisation.create(
        pool="demo",
        name="另一家",
        credit_code="91440101MA5000002T",
        assurance_level=4,
        legal_account_id=other.id,
        created_at=scene.office.deps.now(),
    )
    stranger = dataclasses.replace(scene.office.agency, account_id=other.id, organisation_id=organisation.id)
    colleague = dataclasses.replace(scene.office.agency, role="agent", account_id=other.id)
    for actor in (stranger, colleague):
        with pytest.raises(NotFound):
            await scene.services.clients.accept(actor, scene.platform.client_id)
        with pytest.raises(NotFound):
            await scene.services.clients.revoke(actor, scene.platform.client_id)
        assert await scene.services.client_queries.list_own(actor) == []
    for act in ("accept", "revoke"):
        with pytest.raises(Forbidden):
            await getattr(scene.services.clients, act)(scene.office.verifier, scene.platform.client_id)


async def test_a_rotated_secret_leaves_time_to_change_and_only_one_former(scene: Scene, clock: FixedClock) -> None:
    clients, tokens = scene.services.clients, scene.services.tokens
    client = str(scene.platform.client_id)
    second = await clients.rotate_secret(scene.platform.admin, scene.platform.client_id)
    await tokens.issue("demo", client, scene.platform.secret, "127.0.0.1")
    third = await clients.rotate_secret(scene.platform.admin, scene.platform.client_id)
    with pytest.raises(Unauthenticated):
        await tokens.issue("demo", client, scene.platform.secret, "127.0.0.1")
    await tokens.issue("demo", client, second.secret, "127.0.0.1")
    view = await scene.services.client_queries.get(scene.platform.admin, scene.platform.client_id)
    assert [secret.ends_at is None for secret in view.secrets] == [True, False]
    clock.move(SECRET_OVERLAP + timedelta(seconds=1))
    with pytest.raises(Unauthenticated):
        await tokens.issue("demo", client, second.secret, "127.0.0.1")
    await tokens.issue("demo", client, third.secret, "127.0.0.1")


async def test_a_name_is_taken_once_while_its_client_lives(scene: Scene) -> None:
    with pytest.raises(Conflict, match="同名"):
        await make_platform(scene.office, scene.services)
    await scene.services.clients.revoke(scene.platform.admin, scene.platform.client_id)
    await make_platform(scene.office, scene.services)
    with pytest.raises(Conflict, match="已停用"):
        await scene.services.clients.rotate_secret(scene.platform.admin, scene.platform.client_id)


async def test_each_act_is_in_the_audit_trail(scene: Scene) -> None:
    clients, admin, client = scene.services.clients, scene.platform.admin, scene.platform.client_id
    change = ClientChange(projects=True, draws=True, results=False, networks="127.0.0.1", webhook_url="")
    await clients.change(admin, client, change)
    await clients.rotate_secret(admin, client)
    await clients.end_former_secret(admin, client)
    await clients.revoke(scene.office.agency, client)
    acts = await AuditEntry.filter(subject="integration_client").order_by("id").values_list("action", flat=True)
    assert [str(act).removeprefix("integration.") for act in acts] == [
        "issued",
        "accepted",
        "changed",
        "rotated",
        "former_ended",
        "revoked",
    ]
    assert (await IntegrationClient.get(id=client)).revoked_at is not None
