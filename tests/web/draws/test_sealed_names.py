"""No page, file or message of those who run a draw says who its experts are before unsealing, whatever has happened."""

from __future__ import annotations

import io
import re
from collections.abc import Iterator
from datetime import timedelta
from uuid import UUID

from openpyxl import load_workbook

from domain.masking import mask_id_number, mask_mobile
from models.accounts import Account
from models.draws import Draw
from models.experts import Expert
from models.invitations import Invitation
from models.notices import Notice
from services.core.base import Actor
from services.draws import DiscardForm
from tests.drivers.pages import Visitor
from tests.factories.offices import new_project
from tests.factories.people import make_account, make_grant
from tests.web.conftest import World

SURNAME = "龘"
"""Of all experts, and of nobody else: a masked name shows it, too."""
_OF_A_DRAW = re.compile(r"^(/agency/draws/\{id\}|/draws/\{draw_id\})(/[\w.-]+)*$")
_STREAM = re.compile(r"/(events|code)$")
_LISTS = ("/agency", "/agency/draws", "/agency/pending", "/agency/remuneration", "/draws", "/h5/demo/notices")


async def test_nothing_names_an_expert_of_a_sealed_panel(world: World) -> None:
    called_off = await _call_off_at_the_door(world)
    waiting = await _wait_at_the_door(world)
    secrets = await _secrets(world)
    readers = [await world.enter(await Account.get(id=world.office.agency.account_id))]
    for role in ("verifier", "supervisor", "venue"):
        readers.append(await world.log_in(getattr(world.office, role), role))
    administrator = await make_account(world.services.deps)
    await make_grant(administrator, "pool_admin")
    readers.append(await world.enter(administrator))
    opened = set[str]()
    for reader in readers:
        for path in [
            *_LISTS,
            *_pages(world, called_off, waiting),
            f"/agency/remuneration/{world.clock.now():%Y-%m}.xlsx",
        ]:
            text = await _read(reader, path)
            opened |= {path.replace(str(called_off), "{}").replace(str(waiting), "{}")} if text else set()
            assert not [secret for secret in secrets if secret in text], f"{path} names an expert"
    assert {"/agency/draws/{}/remuneration", "/agency/draws/{}/attendance", "/draws/{}/remuneration"} <= opened
    assert {"/draws/{}/absences", "/draws/{}/log", "/draws/{}/result", "/draws/{}/record.pdf"} <= opened
    to_staff = await Notice.filter(expert_id=None).values_list("params", flat=True)
    assert to_staff
    assert not [secret for secret in secrets if secret in str(to_staff)]
    world.clock.move(timedelta(minutes=31))
    assert SURNAME in await _read(readers[0], f"/agency/draws/{waiting}/result"), "else this test proves nothing"


async def _call_off_at_the_door(world: World) -> UUID:
    """Terminated when its experts stood at the door: what they are owed is agreed."""
    draw_id, invitations = await world.panel(2)
    await _name_experts()
    world.clock.move(timedelta(hours=4))
    for invitation in invitations:
        await world.office.attendance.check_in_by_code(world.office.venue, draw_id, invitation.code)
    await world.office.activity_end.terminate(world.office.verifier, draw_id, "replanned", "开标改期")
    remuneration = world.services.remuneration
    await remuneration.proposals.propose_all(world.office.venue, draw_id)
    for invitation in invitations:
        expert = Actor("demo", "expert", expert_id=invitation.expert_id)
        [own] = await remuneration.answers.list_own(expert)
        await remuneration.answers.confirm(expert, own.id, 1, by="h5")
    return draw_id


async def _wait_at_the_door(world: World) -> UUID:
    """On site, between gathering and unsealing: one has left again, one was late, one is recused, one took leave."""
    await new_project(world.office)
    draw_id, (first, second, third, fourth) = await world.panel(4, on_site=True)
    await _name_experts()
    await world.office.invitations.leave(fourth.id, fourth.expert_id, "生病", by="chat")
    starts_at = (await Draw.get(id=draw_id)).starts_at
    await Draw.exclude(id=draw_id).update(starts_at=starts_at)  # both are sealed at the moment of the readings
    late_arrivals = world.services.draws.late_arrivals
    await late_arrivals.state(second.id, second.expert_id, 60, f"{SURNAME}某，路上堵车", by="chat")
    world.clock.set(starts_at - timedelta(minutes=59))
    for invitation in (first, third):
        await world.office.attendance.check_in_by_code(world.office.venue, draw_id, invitation.code)
    await world.office.attendance.register_exit(world.office.venue, draw_id, first.code)
    recusal = DiscardForm(third.code, "recusal", "与投标人有亲属关系", "投标人")
    await world.office.discards.register(world.office.venue, draw_id, recusal)
    assert await Invitation.filter(id=second.id, state="accepted").exists()
    return draw_id


async def _name_experts() -> None:
    for number, expert in enumerate(await Expert.filter(pool="demo")):
        await Expert.filter(id=expert.id).update(name=f"{SURNAME}某{number}")


async def _secrets(world: World) -> list[str]:
    keys, secrets = world.services.deps.keys, [SURNAME]
    for expert in await Expert.filter(pool="demo"):
        id_number = keys.open_text(expert.id_number_sealed, "id_number")
        mobile = keys.open_text(expert.mobile_sealed, "mobile")
        secrets += [id_number, mask_id_number(id_number), mobile, mask_mobile(mobile)]
    return secrets


def _pages(world: World, *draws: UUID) -> Iterator[str]:
    """Every address of the application about one activity, of each of these."""
    resources = [route.resource for route in world.server.app.router.routes() if route.method == "GET"]
    for path in sorted({resource.canonical for resource in resources if resource}):
        if _OF_A_DRAW.match(path) and not _STREAM.search(path):
            yield from (path.replace("{id}", str(draw)).replace("{draw_id}", str(draw)) for draw in draws)


async def _read(reader: Visitor, path: str) -> str:
    """What a reader sees there; empty where it is closed to him."""
    response = await reader.client.get(path, headers=reader.headers)
    body = await response.read()
    if response.status != 200 or response.url.path != path:
        return ""
    if body.startswith(b"PK"):
        book = load_workbook(io.BytesIO(body))
        return " ".join(str(cell.value) for sheet in book for row in sheet.iter_rows() for cell in row)
    return body.decode(errors="replace")
