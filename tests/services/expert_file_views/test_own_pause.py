"""An expert who has paused himself: his file, the office's and the way out."""

from __future__ import annotations

import pytest

from domain.experts.times_off import TimesOff
from services.core.base import Actor, Deps
from services.expert_file_views.office_file import OfficeFiles
from services.expert_file_views.own_file import OwnFiles
from services.experts.availability import Availability
from tests.factories.people import make_account, make_expert, make_grant
from tests.services.conftest import NoticeBook


@pytest.mark.usefixtures("db")
async def test_a_pause_bars_with_its_way_out_until_it_is_ended(deps: Deps, book: NoticeBook) -> None:
    account, admin = await make_account(deps), await make_account(deps)
    expert = await make_expert(deps, account=account)
    await make_grant(admin, "pool_admin")
    owner, office = Actor("demo", "expert", account.id, expert.id), Actor("demo", "pool_admin", admin.id)
    availability, files = Availability(deps, book), OfficeFiles(deps)
    pause = await availability.add(owner, TimesOff(deps.now(), None, "生病"))
    weekly = TimesOff(deps.now(), None, weekdays=(3,), from_minute=720, to_minute=1440)
    bar, *others = (await OwnFiles(deps).read(owner)).reasons
    assert (bar.code, bar.bars, bar.way, bar.page) == ("self", True, "去恢复", "periods")
    assert ("生病" in bar.text, others) == (True, [])
    shown = await files.read(office, expert.id)
    assert (shown.hindrances, "生病" in str(shown)) == (("本人暂停抽取",), False)
    await availability.cancel_unavailability(owner, pause.id)
    await availability.add(owner, weekly)
    [reason] = (await OwnFiles(deps).read(owner)).reasons
    assert (reason.bars, "每周三下午" in reason.text) == (False, True)
    assert (await files.read(office, expert.id)).hindrances == ()
