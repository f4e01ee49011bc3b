"""Voice notices and conditions of a draw."""

from __future__ import annotations

from tests.factories.offices import Office, make_draw
from tests.miniapp_api.conftest import Person, World
from tests.miniapp_api.forms import condition_form, notice_form


async def test_conditions_are_changed_and_removed(world: World, office: Office, agency: Person) -> None:
    draw = str(await make_draw(office))
    [notice] = (await agency.get(f"/draws/{draw}"))["notices"]
    [condition] = (await agency.get(f"/draws/{draw}"))["conditions"]
    path = f"/draws/{draw}/conditions/{condition['id']}"
    assert (await agency.delete(f"/draws/{draw}/notices/{notice['id']}", 409))["code"] == "notice_in_use"
    changed = condition_form(notice["id"], alternative="A01", regions=["440100", "440300"])
    await agency.put(path, changed)
    [shown] = (await agency.get(f"/draws/{draw}"))["conditions"]
    assert (shown["alternative"], shown["regions"]) == ("A01", ["440100", "440300"])
    assert (await agency.put(path, changed | {"specialty": "Z99"}, 422))["field"] == "specialty"
    preview = await agency.post(f"{path}/preview")
    assert preview["main"].startswith("<")
    await agency.delete(path)
    await agency.put(f"/draws/{draw}/notices/{notice['id']}", notice_form(world, remark="请带身份证"))
    await agency.delete(f"/draws/{draw}/notices/{notice['id']}")
    shown = await agency.get(f"/draws/{draw}")
    assert (shown["notices"], shown["conditions"]) == ([], [])
    await agency.delete(f"/draws/{draw}")
    await agency.get(f"/draws/{draw}", 404)
