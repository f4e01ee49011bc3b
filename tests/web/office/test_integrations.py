"""平台对接 on pages: issued by the office, accepted and ended by the agency; secrets are shown once."""

from __future__ import annotations

import re

import pytest

from models.accounts import Account
from models.integrations import IntegrationClient
from tests.factories.integrations import RECEIVER, make_platform, mobile_of, office_organisation
from tests.web.conftest import Visitor, World
from tests.web.office_scene import Scene, make_scene, wrong_fields

SECRET = re.compile(r"pbts_[\w-]{43}")


@pytest.fixture
async def scene(world: World) -> Scene:
    return await make_scene(world)


async def _fields(scene: Scene, **change: str) -> dict[str, str]:
    office = scene.world.office
    return {
        "name": "某某交易平台",
        "credit_code": (await office_organisation(office)).credit_code,
        "mobile": await mobile_of(office.deps, office.agency.account_id),
        "networks": "203.0.113.7",
        "webhook_url": RECEIVER,
    } | change


async def _agency(scene: Scene) -> Visitor:
    account = await Account.get(id=scene.world.office.agency.account_id)
    return await scene.world.enter(account)


async def test_issued_shown_once_accepted_and_ended(scene: Scene) -> None:
    visitor = await scene.at("/office/integrations")
    await visitor.press("签发", **await _fields(scene))
    [secret] = SECRET.findall(visitor.text)
    assert "whsec_" in visitor.text
    assert "等待单位确认" in visitor.text
    await visitor.get("/office/integrations")
    assert secret not in visitor.text
    client = await IntegrationClient.get()
    await visitor.get(f"/office/integrations/{client.id}")
    assert secret not in visitor.text
    assert secret[-4:] in visitor.text
    agency = await (await _agency(scene)).get("/agency/integrations")
    await agency.press("确认某某交易平台")
    assert "对接系统现在可以代为办理" in agency.text
    assert "使用中" in agency.text
    await visitor.get(f"/office/integrations/{client.id}")
    await visitor.press("换发密钥")
    assert len(SECRET.findall(visitor.text)) == 1
    await visitor.press("原密钥立即作废")
    assert "原密钥已作废" in visitor.text
    await agency.get("/agency/integrations")
    await agency.press("停用某某交易平台")
    assert "已停用，立即生效" in agency.text
    await visitor.get("/office/integrations?ended=1")
    assert "某某交易平台" in visitor.text


async def test_all_faults_stand_at_their_fields_and_what_was_typed_stays(scene: Scene) -> None:
    visitor = await scene.at("/office/integrations")
    await visitor.press("签发", **await _fields(scene, name="", networks="某地", webhook_url="http://a.example/"))
    assert set(await wrong_fields(visitor)) == {"name", "networks", "webhook_url"}
    assert "某地" in visitor.text
    assert not await IntegrationClient.exists()


async def test_scopes_and_addresses_change(scene: Scene) -> None:
    platform = await make_platform(scene.world.office, scene.world.services.integrations)
    visitor = await scene.at(f"/office/integrations/{platform.client_id}")
    await visitor.press("保存", networks="203.0.113.0/24", webhook_url=RECEIVER)
    assert "whsec_" in visitor.text
    client = await IntegrationClient.get()
    assert (client.networks, client.webhook_url) == (["203.0.113.0/24"], RECEIVER)
    await visitor.press("发送测试事件")
    assert "已发出测试事件" in visitor.text
    assert "等待推送" in visitor.text


async def test_the_guide_is_open_to_anyone_and_names_every_pool(scene: Scene) -> None:
    visitor = await scene.world.visitor().get("/integration")
    assert visitor.status == 200
    assert "/platform/v1/demo" in visitor.text
    await visitor.get("/integration?pool=guangdong")
    assert "/platform/v1/guangdong" in visitor.text
