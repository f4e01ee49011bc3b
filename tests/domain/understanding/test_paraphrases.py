"""Near-equality with sentences that the office has given a meaning."""

from __future__ import annotations

import pytest

from domain.understanding.decision import SentenceMeaning
from domain.understanding.intents import Intent, Speaker
from domain.understanding.paraphrases import Paraphrase, find_meaning, find_nearest

INTENTS = {
    "parking": Intent("parking", "停车", frozenset({Speaker.EXPERT})),
    "leave": Intent("leave", "请假", frozenset({Speaker.EXPERT}), needs=("来不了",)),
    "list_print": Intent("list_print", "打印名单", frozenset({Speaker.AGENCY})),
    "fee": Intent("fee", "费用", frozenset({Speaker.ANYONE})),
}
PARKING = Paraphrase("开车过去车停在哪里比较好", "parking")
LEAVE = Paraphrase("家里水管爆了实在来不了", "leave")
PRINT = Paraphrase("纸质的名单从哪个口出来", "list_print")
UNSURE = SentenceMeaning(("fee", "leave"))


def meaning(sentence: str, *speakers: Speaker, unsure: SentenceMeaning = UNSURE) -> SentenceMeaning:
    return find_meaning([PARKING, LEAVE, PRINT], INTENTS, speakers or [Speaker.EXPERT], sentence, unsure)


@pytest.mark.parametrize(
    "sentence",
    [
        "开车过去车停在哪里比较好",
        "开车过去，车停在哪里比较好？",
        "请问开车过去车停在哪里比较好",
        "开车过去车停哪里比较好",
    ],
)
def test_a_nearly_equal_sentence_surely_means_the_same(sentence: str) -> None:
    assert meaning(sentence) == SentenceMeaning(("parking",), is_sure=True)


@pytest.mark.parametrize("sentence", ["车停在哪里", "开车过去要多久", "", "。"])
def test_a_sentence_that_only_shares_words_means_what_it_did(sentence: str) -> None:
    assert meaning(sentence) == UNSURE


def test_an_act_begins_by_the_very_sentence_and_is_offered_for_a_similar_one() -> None:
    assert meaning("家里水管爆了，实在来不了。") == SentenceMeaning(("leave",), is_sure=True)
    assert meaning("我家里水管爆了实在来不了") == SentenceMeaning(("leave", "fee"))
    many = SentenceMeaning(("fee", "parking", "list_print"))
    assert meaning("我家里水管爆了实在来不了", unsure=many) == SentenceMeaning(("leave", "fee", "parking"))


def test_a_person_means_what_such_a_person_may_mean_and_a_guest_anything() -> None:
    assert meaning(PRINT.sentence) == UNSURE
    assert meaning(PRINT.sentence, Speaker.AGENCY) == SentenceMeaning(("list_print",), is_sure=True)
    assert meaning(PRINT.sentence, Speaker.GUEST) == SentenceMeaning(("list_print",), is_sure=True)


def test_a_paraphrase_of_an_intent_that_this_release_lacks_means_nothing() -> None:
    former = Paraphrase("有没有食堂可以吃饭", "canteen")
    assert find_meaning([former], INTENTS, [Speaker.GUEST], former.sentence, UNSURE) == UNSURE


def test_the_most_similar_one_counts_and_of_equal_ones_the_first() -> None:
    far, near = Paraphrase("请问开车过去车停哪里比较好", "fee"), PARKING
    assert find_nearest([far, near], PARKING.sentence) is near
    twin = Paraphrase("开车过去，车停在哪里比较好", "fee")
    assert find_nearest([twin, near], PARKING.sentence) is twin
