"""The linear model: its n-grams, its scores, its file."""

from __future__ import annotations

from array import array

import pytest

from domain.understanding.model import BUCKETS, BadModel, LinearModel, buckets_of, digest_sentences


def _model(**weights: dict[str, int]) -> LinearModel:
    """A model of labels ``a`` and ``b``; ``weights`` by a single character, then by label."""
    by_bucket: dict[int, list[tuple[int, int]]] = {}
    for character, of_labels in weights.items():
        (bucket,) = buckets_of(character) - buckets_of("") - _pairs(character)
        by_bucket[bucket] = [("ab".index(label), weight) for label, weight in of_labels.items()]
    starts, labels, values = array("I", [0]), bytearray(), array("b")
    for bucket in range(BUCKETS):
        for label, weight in by_bucket.get(bucket, ()):
            labels.append(label)
            values.append(weight)
        starts.append(len(labels))
    return LinearModel(("a", "b"), (0.5, -0.5), 0.1, starts, bytes(labels), values, "d1")


def _pairs(character: str) -> set[int]:
    """Buckets of the pairs with the marks of beginning and end, which are those that no other place has."""
    return buckets_of(character) - (buckets_of(f"{character}{character}x") & buckets_of(f"x{character}{character}y"))


def test_blanks_width_case_punctuation_and_digits_count_for_nothing() -> None:
    assert buckets_of("Ａ 我晚到20分钟！") == buckets_of("a我晚到5分钟")
    assert buckets_of("晚到") != buckets_of("到晚")


def test_the_end_of_a_very_long_text_is_not_read() -> None:
    assert buckets_of("好" * 200 + "坏") == buckets_of("好" * 200)


def test_a_score_is_the_bias_and_the_mean_weight() -> None:
    model = _model(好={"a": 10}, 坏={"a": -4, "b": 100})
    count = len(buckets_of("好坏"))
    assert model.score("好坏") == pytest.approx([0.5 + 0.1 * 6 / count**0.5, -0.5 + 0.1 * 100 / count**0.5])
    assert model.score("") == [0.5, -0.5]


def test_a_file_gives_the_same_model() -> None:
    model = _model(好={"a": 127, "b": -127})
    assert LinearModel.from_bytes(model.to_bytes()) == model


@pytest.mark.parametrize(
    "content",
    [
        b"",
        b"no json\n",
        b"{}\n",
        b'{"format": 2}\n',
        _model(好={"a": 1}).to_bytes()[:-1],
        _model(好={"a": 1}).to_bytes().replace(b'"labels"', b'"lables"'),
    ],
)
def test_another_file_is_refused(content: bytes) -> None:
    with pytest.raises(BadModel):
        LinearModel.from_bytes(content)


def test_a_digest_names_sentences_and_labels_in_any_order() -> None:
    sentences = [("去不了", "leave"), ("在哪", "place")]
    assert digest_sentences(sentences) == digest_sentences(sentences[::-1])
    assert digest_sentences(sentences) != digest_sentences([("去不了", "place"), ("在哪", "place")])
