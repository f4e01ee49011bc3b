"""What ``benchmarks.codec`` compares is the same work."""

from __future__ import annotations

from benchmarks import codec


def test_our_codec_and_wechatpy_agree_on_every_word_and_answer() -> None:
    count = max(len(codec.words()), len(codec.answers()))
    for step in codec.steps(count):
        assert len(step.ours()) == len(step.theirs()) == count
