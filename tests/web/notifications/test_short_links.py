"""The address in a short message leads to the page that the notice is about, and lets no one in."""

from __future__ import annotations

from models.notices import Attempt, Notice
from services.core.base import rows
from services.notifications.notices import new_out_id
from services.notifications.short_links import path_of
from tests.factories.people import make_account
from tests.web.conftest import World


async def sent(world: World, kind: str, channel: str = "sms", **params: str) -> str:
    """The short address of a notice that went out."""
    account, now = await make_account(world.services.deps), world.clock.now()
    notice = await Notice.create(
        pool="demo",
        kind=kind,
        account_id=account.id,
        params=params,
        dedupe_key=f"{kind}:{channel}",
        created_at=now,
        mobile_sealed=account.mobile_sealed,
    )
    number = (await rows("SELECT nextval('attempt_number') AS n"))[0]["n"]
    await Attempt.create(
        notice_id=notice.id,
        channel=channel,
        step=0,
        number=number,
        out_id=new_out_id(),
        created_at=now,
        due_at=now,
        wait=60,
    )
    return path_of(world.services.deps.keys, number)


async def test_it_leads_past_the_log_in_to_the_very_place(world: World) -> None:
    visitor = await world.visitor().get(await sent(world, "application_sent_back", page="apply/form?at=specialties"))
    assert (visitor.path, visitor.response.url.query["next"]) == ("/h5/login", "/h5/demo/apply/form?at=specialties")
    visitor = await world.visitor().get(await sent(world, "agency_short", draw="d1"))
    assert (visitor.path, visitor.response.url.query["next"]) == ("/h5/login", "/agency/draws/d1")


async def test_what_was_not_sent_by_sms_is_not_found(world: World) -> None:
    for path in (await sent(world, "fee_open", "wechat"), "/n/1aaaa", "/n/", "/n/x"):
        visitor = await world.visitor().get(path)
        assert visitor.status == 404
        assert "最新一条通知" in visitor.text
