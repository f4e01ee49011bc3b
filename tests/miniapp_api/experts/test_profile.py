"""An expert's own file and times."""

from __future__ import annotations

import json
from datetime import timedelta

from domain.clock import local
from domain.masking import mask_mobile
from tests.factories.people import make_expert
from tests.miniapp_api.conftest import World


async def test_an_expert_sees_the_own_file_masked(world: World) -> None:
    expert = await make_expert(world.deps, name="欧阳锋")
    person = await world.log_in_expert(expert.id)
    mobile = world.deps.keys.open_text(expert.mobile_sealed, "mobile")
    profile = await person.get("/experts/me")
    assert (profile["masked_name"], profile["masked_mobile"]) == ("欧**", mask_mobile(mobile))
    assert mobile not in json.dumps(profile)


async def test_an_expert_says_when_not_to_be_drawn(world: World) -> None:
    person = await world.log_in_expert((await make_expert(world.deps)).id)
    tomorrow, later = [local(world.clock.now() + timedelta(days=days)).isoformat() for days in (1, 2)]
    body = {"kind": "span", "starts_at": tomorrow, "ends_at": later, "reason": "出差"}
    period = await person.post("/experts/me/unavailabilities", body, 201)
    assert (period["starts_at"], period["panels"]) == (body["starts_at"], [])
    again = await person.post("/experts/me/unavailabilities", body, 409)
    assert again["code"] == "already_unavailable"
    turned = body | {"starts_at": body["ends_at"], "ends_at": body["starts_at"]}
    assert (await person.post("/experts/me/unavailabilities", turned, 422))["field"] == "ends_at"
    assert len((await person.get("/experts/me/unavailabilities"))["periods"]) == 1
    await person.delete(f"/experts/me/unavailabilities/{period['id']}", 200)
    weekly = {"kind": "weekly", "weekdays": [3], "hours": "own", "from_time": "14:00", "to_time": "17:30"}
    assert (await person.post("/experts/me/unavailabilities", weekly, 201))["text"] == "每周三14:00至17:30"
    own = await person.get("/experts/me/unavailabilities")
    assert [period["text"] for period in own["periods"]] == ["每周三14:00至17:30"]
    assert (own["holidays"][1]["key"], own["months"][0]["text"]) == ("2027-spring", "2026年11月")
    pause = await person.post("/experts/me/unavailabilities", {"kind": "pause", "reason": "生病"}, 201)
    assert (pause["ends_at"], pause["weekly"]) == (None, False)
    assert (await person.get("/experts/me"))["membership_status"]["suspensions"][0]["cause"] == "self"
    again = await person.post(f"/experts/me/unavailabilities/{pause['id']}/going-on", None, 200)
    days = own["pause_asked_days"]
    assert again["again"] == local(world.clock.now() + timedelta(days=days)).isoformat()
    await person.delete(f"/experts/me/unavailabilities/{pause['id']}", 200)
    over = await person.post(f"/experts/me/unavailabilities/{pause['id']}/going-on", None, 409)
    assert over["code"] == "pause_over"
