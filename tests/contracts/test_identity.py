"""What the sandbox and our client of the identity platform agree on."""

from __future__ import annotations

from urllib.parse import parse_qs, urlsplit

import pytest

from domain.errors import Rejected
from services.ports import LoginStart
from tests.contracts.conftest import MOBILE, World


async def agree(world: World, started: LoginStart) -> str:
    """Choose the person on the provider's page; returns the code."""
    form = {name: value[0] for name, value in parse_qs(urlsplit(started.url).query).items()}
    url = started.url.partition("?")[0]
    async with world.session.post(url, data={**form, "person": MOBILE}, allow_redirects=False) as response:
        assert response.status == 302, await response.text()
        query = parse_qs(urlsplit(response.headers["Location"]).query)
    assert query["state"] == [started.state]
    return query["code"][0]


async def begin(world: World) -> tuple[LoginStart, str]:
    back = f"{(await world.control('state'))['service_url']}/identity/back"
    return await world.identity.start(back), back


async def test_an_agent_logs_in_for_an_enterprise(world: World) -> None:
    started, back = await begin(world)
    claims = await world.identity.finish(await agree(world, started), back, started)
    assert (claims.name, claims.mobile, claims.level, claims.user_type) == ("李四", MOBILE, 3, "agent")
    assert (claims.organisation_name, claims.credit_code) == ("某招标代理有限公司", "91440101MA5XXXXX0X")


async def test_a_code_works_once_and_only_with_its_verifier(world: World) -> None:
    started, back = await begin(world)
    stolen = await agree(world, started)
    thief = LoginStart(started.url, started.state, started.nonce, "t" * 43)
    for who in (thief, started):  # a try with a wrong verifier uses the code up
        with pytest.raises(Rejected) as caught:
            await world.identity.finish(stolen, back, who)
        assert caught.value.vendor_code == "invalid_grant"


async def test_a_log_in_with_a_forged_token_is_refused(world: World) -> None:
    started, back = await begin(world)
    code = await agree(world, started)
    await world.control("faults", {"vendor": "identity", "kind": "wrong_signature", "count": 1})
    with pytest.raises(Rejected) as caught:
        await world.identity.finish(code, back, started)
    assert caught.value.vendor_code == "bad_token"
