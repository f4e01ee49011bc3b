"""Sentences in people's own words: answered, asked back, or admitted not to be understood."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import replace
from typing import Any, cast

import pytest
from structlog.testing import capture_logs

from app.intent_files import SHIPPED_INTENTS, IntentFiles
from bot.talk import FIRST_TAP
from domain.understanding.intents import Speaker
from models.audit import AuditEntry
from models.experts import Expert
from models.invitations import Invitation
from services.core.base import Actor
from services.understanding import IntentSource, Meanings, Misunderstood, SentenceView, UnderstandingServices
from tests.factories.assembly import composed
from tests.factories.people import make_account
from tests.handlers.conftest import Phone, World


@pytest.fixture
async def invitation(world: World, expert: Expert) -> Invitation:
    return await world.call(expert)


async def test_a_sure_sentence_is_answered(phone: Phone) -> None:
    assert "听不了" not in await phone.says("怎么下载评标专家操作手册")
    assert "资料" in phone.screen


async def test_an_unsure_sentence_is_asked_back_and_the_choice_is_answered(phone: Phone) -> None:
    assert "您是想问：" in await phone.says("不想去")
    assert "都不是" in phone.screen
    assert "没有已确认的评标活动，无需请假" in await phone.taps("不能参加（请假）")


async def test_an_old_offer_is_answered_but_an_act_is_not_begun_by_it(phone: Phone) -> None:
    """Of several things that were offered people tap one after the other."""
    assert "您是想问：" in await phone.says("不想去")
    await phone.taps("都不是")
    assert "已经失效" in await phone.says("不能参加（请假）", bizmsgmenuid=FIRST_TAP + 1)
    assert "酬劳标准" in await phone.says("评标费多少", bizmsgmenuid=FIRST_TAP + 1)
    assert "已经失效" in await phone.says("确认参加", bizmsgmenuid=FIRST_TAP + 1)


async def test_an_acknowledgement_is_not_asked_back(world: World, phone: Phone, expert: Expert) -> None:
    await world.make_accepted_panel(expert)
    assert "不客气" in await phone.says("好的收到")


async def test_none_of_the_offers_leads_to_a_person(phone: Phone) -> None:
    await phone.says("不想去")
    told = await phone.taps("都不是")
    assert "没有看懂您的意思" in told
    assert "人工服务：400-000-0000" in told


async def test_another_sentence_instead_of_a_choice_is_answered_for_itself(phone: Phone) -> None:
    await phone.says("不想去")
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
    understanding = composed(UnderstandingServices, world.services.deps, given={IntentSource: files})
    world.services = replace(world.services, understanding=understanding)
    world.start_process()
    assert "专家编号" in await phone.says("我的状态")
    assert "没有看懂" in await phone.says("评标在哪里")
    assert "什么时间不接受抽取" in await phone.taps("日程")


async def kept_sentences(world: World) -> list[SentenceView]:
    office = Actor("demo", "pool_admin")
    return list((await world.services.understanding.misunderstood.page(office, "open")).items)


async def give_meaning(world: World, sentence: str, intent_id: str) -> None:
    office = Actor("demo", "pool_admin", (await make_account(world.services.deps, "13911112222")).id)
    await world.services.understanding.paraphrase_editing.add(office, sentence, intent_id)


async def test_what_is_not_understood_is_kept_without_what_is_personal(
    world: World, phone: Phone, stranger: Phone
) -> None:
    assert "没有看懂" in await phone.says("我叫李小红，隔壁老王的狗跑了，他电话13800138000")
    assert "没有看懂" in await stranger.says("我叫赵大明，隔壁老王的狗跑了，他电话13900139000")
    [view] = await kept_sentences(world)
    assert (view.sentence, view.count, view.offered) == ("我叫***,隔壁老王的狗跑了,他电话***", 2, ())
    assert view.speakers == (Speaker.EXPERT, Speaker.GUEST)


async def test_what_is_understood_or_a_mere_answer_or_about_a_password_is_not_kept(world: World, phone: Phone) -> None:
    for text in ("怎么下载评标专家操作手册", "不想去", "好的", "123456", "密码是abc123", "我的密码忘了", "我的状态"):
        await phone.says(text)
    assert await kept_sentences(world) == []


async def test_a_sentence_that_means_none_of_the_offers_is_kept_once(world: World, phone: Phone) -> None:
    await phone.says("不想去")
    assert await kept_sentences(world) == []
    await phone.taps("都不是")
    [view] = await kept_sentences(world)
    assert (view.sentence, view.count) == ("不想去", 1)
    assert "不能参加（请假）" in view.offered


async def test_the_reply_comes_even_if_the_sentence_cannot_be_kept(
    world: World, phone: Phone, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: object, **__: object) -> bool:
        raise OSError("no connection")

    monkeypatch.setattr(Misunderstood, "record", fail)
    with capture_logs() as logs:
        assert "没有看懂您的意思" in await phone.says("隔壁老王的狗跑了")
        await phone.says("不想去")
        assert "没有看懂您的意思" in await phone.taps("都不是")
    failures = [entry for entry in logs if entry["event"] == "misunderstood_not_recorded"]
    assert [entry["error"] for entry in failures] == ["OSError", "OSError"]
    assert "老王" not in str(failures)


async def test_a_sentence_with_a_meaning_from_the_office_is_answered(world: World, phone: Phone) -> None:
    assert "没有看懂" in await phone.says("隔壁老王的狗跑了")
    await give_meaning(world, "隔壁老王的狗跑了", "page_trouble")
    assert "请关掉页面" in await phone.says("隔壁老王的狗跑了呀")
    assert await kept_sentences(world) == [], "it waits for the office no more"


async def test_an_act_begins_by_the_very_sentence_and_is_offered_for_a_similar_one(
    world: World, phone: Phone, expert: Expert
) -> None:
    sentence = "隔壁老王的狗跑了来不了"
    invitation = await world.make_accepted_panel(expert)
    await give_meaning(world, sentence, "cannot_come")
    assert "1. " in await phone.says("今天隔壁老王的狗跑了来不了")
    assert "您是想问：" in phone.screen
    assert "不能参加（请假）" in phone.screen
    assert "请假" in await phone.says(f"{sentence}。")
    assert "您是想问：" not in phone.screen
    assert await world.state_of(invitation.id) == "accepted", "nothing happens by the sentence alone"


def _random_sentences(count: int) -> Iterator[str]:
    """Characters of all sentences in random order, and pieces of sentences that mean nothing, in turn."""
    chance = random.Random(20261127)
    sentences = SHIPPED_INTENTS.read_sentences()
    characters = "".join(sentence for sentence, _ in sentences.labelled())
    pieces = [text[start : start + 3] for text in sentences.unknown for start in range(0, len(text), 3)]
    for number in range(count):
        yield "".join(chance.choices(characters if number % 2 else pieces, k=chance.randint(2, 12)))


@pytest.mark.parametrize("speaker", [Speaker.EXPERT, Speaker.APPLICANT, Speaker.AGENCY, Speaker.GUEST])
def test_random_sentences_hardly_ever_sound_like_an_act(speaker: Speaker) -> None:
    """An act's own words come together by chance once in thousands, and then it is read back first."""
    meanings = Meanings(cast(Any, None), SHIPPED_INTENTS)
    began = []
    for sentence in _random_sentences(2_500):
        meaning = meanings.understand([speaker], sentence)
        if meaning.is_sure and SHIPPED_INTENTS.intents[meaning.intents[0]].is_act:
            began.append((sentence, meaning.intents[0]))
    assert len(began) <= 3, began


async def test_random_sentences_change_nothing(world: World, phone: Phone, expert: Expert) -> None:
    panel = await world.make_accepted_panel(expert)
    before = await AuditEntry.all().count()
    for sentence in _random_sentences(400):
        await phone.says(sentence)
    assert await world.state_of(panel.id) == "accepted"
    assert await AuditEntry.all().count() == before


async def test_random_sentences_answer_no_invitation(world: World, phone: Phone, invitation: Invitation) -> None:
    for sentence in _random_sentences(400):
        await phone.says(sentence)
        await phone.says("取消")
    assert await world.state_of(invitation.id) == "open"
