"""Every intent is answered, for everyone who may mean it, with a way on, and by the sentence alone nothing happens."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any, cast

import pytest

from app.intent_files import SHIPPED_INTENTS
from domain.understanding.intents import Speaker
from handlers.answers import ANSWERS, SUBJECTS
from models.audit import AuditEntry
from models.draws import Draw
from models.experts import Expert
from models.invitations import Invitation
from services.understanding import Meanings
from tests.factories.people import make_account
from tests.handlers.conftest import Phone, World
from tests.handlers.test_draws import make_running_draw, phone_of
from tests.handlers.test_hostile_texts import Bubble
from tests.handlers.test_work import account_of

_SMALL_TALK = frozenset({"greeting"})
"""Needs no way on."""


def test_every_intent_is_answered_in_one_way() -> None:
    ways = {
        intent.id: [bool(intent.word), bool(intent.answer), intent.id in ANSWERS]
        for intent in SHIPPED_INTENTS.intents.values()
    }
    assert {intent_id: way for intent_id, way in ways.items() if sum(way) != 1} == {}
    answered = Counter(intent_id for subject in SUBJECTS for intent_id in subject.ANSWERS)
    assert [intent_id for intent_id, count in answered.items() if count > 1] == []
    assert set(answered) - set(SHIPPED_INTENTS.intents) == set()


def _sentences(speaker: Speaker) -> Iterator[tuple[str, str]]:
    """For each intent of the speaker, the first of its sentences that is surely understood."""
    meanings = Meanings(cast(Any, None), SHIPPED_INTENTS)
    sentences = SHIPPED_INTENTS.read_sentences()
    for intent in SHIPPED_INTENTS.intents.values():
        if intent.may_be_of([speaker]):
            sure = (
                sentence
                for sentence in sentences.by_intent[intent.id].paraphrases
                if meanings.understand([speaker], sentence).intents == (intent.id,)
                and meanings.understand([speaker], sentence).is_sure
            )
            yield intent.id, next(sure)


async def _ask_everything(phone: Phone, speaker: Speaker) -> None:
    for intent_id, sentence in _sentences(speaker):
        told = await phone.says(sentence)
        assert "没有看懂您的意思" not in told, (intent_id, sentence)
        assert "出了问题" not in told, (intent_id, sentence)
        assert Bubble(told).wrong == [], (intent_id, sentence)
        asks = "已取消" in await phone.says("取消")
        assert asks or intent_id in _SMALL_TALK or "<a href" in told or any(map(str.isdigit, told)), (intent_id, told)


async def test_an_expert_is_answered_between_panels(phone: Phone) -> None:
    await _ask_everything(phone, Speaker.EXPERT)


async def test_an_expert_is_answered_while_an_invitation_waits(world: World, phone: Phone, expert: Expert) -> None:
    invitation = await world.call(expert)
    await _ask_everything(phone, Speaker.EXPERT)
    assert (await Invitation.get(id=invitation.id)).state == "open"


async def test_an_expert_is_answered_before_a_panel(world: World, phone: Phone, expert: Expert) -> None:
    invitation = await world.make_accepted_panel(expert)
    before = await AuditEntry.all().count()
    await _ask_everything(phone, Speaker.EXPERT)
    assert (await Invitation.get(id=invitation.id)).state == "accepted"
    assert await AuditEntry.all().count() == before


async def test_a_stranger_is_answered(stranger: Phone) -> None:
    await _ask_everything(stranger, Speaker.GUEST)


async def test_an_applicant_is_answered(world: World) -> None:
    account = await make_account(world.services.deps, "13800138055", real_name="林知远")
    await _ask_everything(await world.phone_with(account), Speaker.APPLICANT)


async def test_an_agency_is_answered(world: World) -> None:
    draw = await make_running_draw(world, agreed=1)
    await _ask_everything(await phone_of(world, "agency"), Speaker.AGENCY)
    assert (await Draw.get(id=draw.id)).state == draw.state


@pytest.mark.parametrize("role", ["reviewer", "verifier", "supervisor", "venue", "pool_admin"])
async def test_staff_are_answered(world: World, role: str) -> None:
    await make_running_draw(world, agreed=1)
    await _ask_everything(await world.phone_with(await account_of(world, role)), Speaker.STAFF)
