"""Sentences in people's own words: answered, asked back, or admitted not to be understood."""

from __future__ import annotations

import random
from dataclasses import replace
from typing import Any, cast

import pytest

from app.intent_files import SHIPPED_INTENTS, IntentFiles
from domain.understanding.intents import Speaker
from models.experts import Expert
from models.invitations import Invitation
from services.understanding import Meanings, UnderstandingServices
from tests.factories.people import make_account
from tests.handlers.conftest import Phone, World


@pytest.fixture
async def invitation(world: World, expert: Expert) -> Invitation:
    return await world.call(expert)


async def test_a_sure_sentence_is_answered(phone: Phone) -> None:
    assert "听不了" not in await phone.says("怎么下载评标专家操作手册")
    assert "资料" in phone.screen


async def test_an_unsure_sentence_is_asked_back_and_the_choice_is_answered(phone: Phone) -> None:
    assert "您是想问：" in await phone.says("没空")
    assert "都不是" in phone.screen
    assert "没有已确认的评标活动，无需请假" in await phone.taps("不能参加（请假）")


async def test_none_of_the_offers_leads_to_a_person(phone: Phone) -> None:
    await phone.says("没空")
    told = await phone.taps("都不是")
    assert "没有看懂您的意思" in told
    assert "人工服务：400-000-0000" in told


async def test_another_sentence_instead_of_a_choice_is_answered_for_itself(phone: Phone) -> None:
    await phone.says("没空")
    assert "专家编号" in await phone.says("我的状态")
    assert "没有正在办理" in await phone.says("取消")


@pytest.mark.parametrize("sentence", ["页面打不开", "抽不到我"])
async def test_a_sentence_about_something_else_is_no_refusal(
    world: World, phone: Phone, invitation: Invitation, sentence: str
) -> None:
    told = await phone.says(sentence)
    assert "确认不参加" not in told
    assert "有1个评标邀请等您答复" in told
    assert await world.state_of(invitation.id) == "open"


@pytest.mark.parametrize("sentence", ["收不到验证码", "国庆出国去", "这几天出差", "抽不到我", "找不到地址"])
async def test_a_sentence_about_something_else_is_no_leave(
    world: World, phone: Phone, expert: Expert, sentence: str
) -> None:
    invitation = await world.make_accepted_panel(expert)
    assert "确定请假" not in await phone.says(sentence)
    assert await world.state_of(invitation.id) == "accepted"


async def test_a_question_in_the_middle_of_an_answer_leaves_it_open(
    world: World, phone: Phone, invitation: Invitation
) -> None:
    await phone.says("评标邀请")
    told = await phone.says("页面打不开")
    assert "请关掉页面" in told
    assert "“答复邀请”还没有完成" in told
    await phone.says("1")
    await phone.says("1")
    assert await world.state_of(invitation.id) == "accepted"


async def test_small_talk_in_the_middle_of_an_answer_repeats_the_question(phone: Phone, invitation: Invitation) -> None:
    await phone.says("评标邀请")
    assert "没有看懂您的选择" in await phone.says("天气真好")


async def test_what_is_offered_depends_on_what_the_person_can_do_now(
    world: World, phone: Phone, expert: Expert, stranger: Phone
) -> None:
    nonsense = "隔壁老王的狗跑了"
    assert "我的状态" in await phone.says(nonsense)
    invitation = await world.call(expert)
    assert "答复看不懂" not in await phone.says("取消")
    await world.services.draws.invitations.answer(invitation.id, expert.id, "accept", by="voice")
    told = await phone.says(nonsense)
    assert [word in told for word in ("我的活动", "请假", "绑定身份")] == [True, True, False]
    assert "绑定身份" in await stranger.says(nonsense)
    applicant = await world.phone_with(await make_account(world.services.deps, "13800138055"))
    assert "申报" in await applicant.says(nonsense)


async def test_without_a_model_words_taps_and_frequent_questions_still_work(
    world: World, phone: Phone, tmp_path_factory: pytest.TempPathFactory
) -> None:
    files = IntentFiles(tmp_path_factory.mktemp("empty"))
    understanding = UnderstandingServices(Meanings(world.services.deps, files))
    world.services = replace(world.services, understanding=understanding)
    world.start_process()
    assert "专家编号" in await phone.says("我的状态")
    assert "没有看懂" in await phone.says("评标在哪里")
    assert "什么时间不接受抽取" in await phone.taps("日程")


@pytest.mark.parametrize("speaker", [Speaker.EXPERT, Speaker.APPLICANT, Speaker.AGENCY, Speaker.GUEST])
def test_random_sentences_begin_no_act(speaker: Speaker) -> None:
    """2,500 each: characters of all sentences in random order, and pieces of sentences that mean nothing."""
    chance = random.Random(20261127)
    sentences = SHIPPED_INTENTS.read_sentences()
    characters = "".join(sentence for sentence, _ in sentences.labelled())
    pieces = [text[start : start + 3] for text in sentences.unknown for start in range(0, len(text), 3)]
    meanings = Meanings(cast(Any, None), SHIPPED_INTENTS)
    began = []
    for number in range(2_500):
        words = chance.choices(characters if number % 2 else pieces, k=chance.randint(2, 12))
        meaning = meanings.understand([speaker], "".join(words))
        if meaning.is_sure and SHIPPED_INTENTS.intents[meaning.intents[0]].is_act:
            began.append(("".join(words), meaning.intents[0]))
    assert began == []
