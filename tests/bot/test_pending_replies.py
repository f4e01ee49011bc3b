"""Replies that missed the time limit are put before the next reply."""

from __future__ import annotations

import pytest

from bot.pending_replies import LATE_NOTE, prepend_pending
from bot.replies import MAX_TEXT, SILENCE, Image, Reply, Text


@pytest.mark.parametrize(
    ("reply", "pending", "content", "included"),
    [
        (Text("新"), [], "新", 0),
        (Text("新"), ["旧"], f"{LATE_NOTE}\n\n旧\n\n新", 1),
        (SILENCE, ["旧"], f"{LATE_NOTE}\n\n旧", 1),
        (Text("新"), ["旧", "旧"], f"{LATE_NOTE}\n\n旧\n\n新", 2),
        (Text("请回复验证码。"), ["请回复验证码。"], "请回复验证码。", 1),
        (Text("新"), ["", " "], "新", 2),
        (Text("新"), [f"{LATE_NOTE}\n\n一\n\n二", "三"], f"{LATE_NOTE}\n\n一\n\n二\n\n三\n\n新", 2),
    ],
)
def test_the_old_stands_in_front_of_the_new(reply: Reply, pending: list[str], content: str, included: int) -> None:
    assert prepend_pending(reply, pending) == (Text(content), included)


def test_a_picture_leaves_no_room_for_words() -> None:
    assert prepend_pending(Image("m1"), ["旧"]) == (Image("m1"), 0)


def test_the_new_is_never_cut_for_the_old() -> None:
    new = "新" * 500
    reply, included = prepend_pending(Text(new), ["旧" * 600])
    assert isinstance(reply, Text)
    assert (included, reply.content.endswith(new), len(reply.content.encode()) <= MAX_TEXT) == (1, True, True)


def test_without_room_the_old_waits_for_another_time() -> None:
    full = Text("新" * (MAX_TEXT // 3 - 20))
    assert prepend_pending(full, ["旧" * 100]) == (full, 0)


def test_alone_it_is_cut_to_one_bubble() -> None:
    reply, included = prepend_pending(SILENCE, ["旧" * 600, "旧" * 601])
    assert isinstance(reply, Text)
    assert (included, len(reply.content.encode()) <= MAX_TEXT) == (2, True)
