"""Texts about a draw's next step, shared by agency, supervisor, venue and screens."""

from __future__ import annotations

import pytest

from models.draws import Draw
from services.core.base import Deps
from tests.factories.draw_states import make_every_state
from tests.factories.offices import make_office

pytestmark = pytest.mark.slow


async def test_in_every_state_it_says_what_is_awaited_and_asks_no_reader_to_act(db: str, deps: Deps) -> None:
    office = await make_office(deps)
    texts = {
        name: (await office.progress.totals_of(await Draw.get(id=draw_id))).waiting
        for name, draw_id in (await make_every_state(office)).items()
    }
    assert [name for name, words in texts.items() if not words.endswith("。")] == []
    assert {name: words for name, words in texts.items() if words.startswith("请") or "，请" in words} == {}
    assert "待代理机构开始三方摇号" in texts["verified"]
