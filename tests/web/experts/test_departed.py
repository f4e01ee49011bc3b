"""Whoever has left the pool, or was removed, reads on every road for experts what is open to him now."""

from __future__ import annotations

import re
from pathlib import Path

import pytest

from domain.errors import Forbidden
from handlers import commands
from models.accounts import Account
from models.experts import Expert
from services.core.base import Actor
from services.core.permissions import EXPERT, EXPERTS_ONLY, PERMISSIONS, check
from tests.factories.people import make_expert
from tests.factories.reviews import make_applicant
from tests.handlers.conftest import World as ChatWorld
from tests.web.conftest import World
from tests.web.experts.test_nobody_is_stuck import chat
from tests.web.test_page_roles import MAY

__all__ = ["chat"]
HANDLERS = Path(__file__).parents[3] / "handlers"
ACTIONS = sorted(name for name, roles in PERMISSIONS.items() if "expert" in roles and "applicant" not in roles)
PAGES = sorted(path for path, roles in MAY.items() if roles == EXPERT and path.startswith("/h5/"))
WORDS = {
    "availability": commands.AVAILABILITY,
    "chances": commands.CHANCES,
    "check_in": commands.CHECK_IN,
    "invitations": commands.INVITATIONS,
    "late_arrivals": commands.LATE,
    "leave": commands.LEAVE,
    "panels": commands.PANELS,
    "recusal": commands.RECUSAL,
    "remuneration": commands.REMUNERATION,
    "reports": commands.NOBODY_CONTACTED,
    "time_changes": commands.AGREE_MOVE,
}
"""A word of each module of ``handlers/`` whose conversation is for experts."""


@pytest.fixture
async def departed(world: World) -> Account:
    account = await make_applicant(world.services.deps)
    expert = await make_expert(world.services.deps, account=account, id_number_hash=account.id_number_hash)
    await Expert.filter(id=expert.id).update(left_at=world.clock.now(), left_reason="评标违规")
    return account


@pytest.mark.parametrize("path", PAGES)
async def test_each_page_for_experts_leads_to_the_record_and_the_appeal(
    world: World, departed: Account, path: str
) -> None:
    visitor = await world.enter(departed)
    await visitor.get(path.replace("{pool}", "demo"))
    assert visitor.status in (403, 404)
    assert "处理记录" in visitor.text
    await visitor.click("处理记录与申诉")
    assert (visitor.status, visitor.path) == (200, "/h5/demo/sanctions")


@pytest.mark.parametrize("word", WORDS.values())
async def test_each_word_for_experts_leads_to_the_record_and_the_appeal(
    departed: Account, chat: ChatWorld, word: str
) -> None:
    reply = await (await chat.phone_with(departed)).says(word)
    assert "您已退库" in reply
    assert "/h5/demo/sanctions" in reply


def test_no_conversation_for_experts_is_forgotten() -> None:
    modules = {path.stem for path in HANDLERS.glob("*.py") if re.search(r"get_expert\(", path.read_text("utf-8"))}
    assert modules - {"people"} == WORDS.keys()


@pytest.mark.parametrize("action", ACTIONS)
def test_the_api_names_the_refusal_by_which_the_mini_program_offers_them(action: str) -> None:
    with pytest.raises(Forbidden, match="处理记录") as refused:
        check(Actor("demo", "applicant"), action)
    assert refused.value.code == EXPERTS_ONLY
