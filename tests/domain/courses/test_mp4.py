"""Length and codecs of MP4 files, and files in other formats."""

from __future__ import annotations

from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from domain.courses.mp4 import NotPlayable, read_head, read_movie

DEMO = Path(__file__).parents[3] / "config/courses/demo.mp4"


def box(kind: bytes, body: bytes) -> bytes:
    return (8 + len(body)).to_bytes(4, "big") + kind + body


def mvhd(length: int, scale: int = 1000) -> bytes:
    return box(b"mvhd", bytes(12) + scale.to_bytes(4, "big") + length.to_bytes(4, "big"))


def track(codec: bytes) -> bytes:
    stsd = box(b"stsd", bytes(12) + codec + bytes(8))
    return box(b"trak", box(b"mdia", box(b"minf", box(b"stbl", stsd))))


def moov(length: int = 30_000, *codecs: bytes) -> bytes:
    return mvhd(length) + b"".join(track(codec) for codec in codecs or (b"avc1", b"mp4a"))


def test_a_real_file() -> None:
    data, at, kinds = DEMO.read_bytes(), 0, []
    while at < len(data):
        head = read_head(data[at : at + 16])
        kinds.append(head.kind)
        if head.kind == b"moov":
            movie = read_movie(data[at + head.head : at + head.size])
        at += head.size
    assert kinds[:2] == [b"ftyp", b"moov"], "the description stands first, so that it plays at once"
    assert (round(movie.seconds), movie.codecs) == (30, ("avc1", "mp4a"))


def test_times_of_64_bits() -> None:
    wide = box(b"mvhd", b"\1" + bytes(19) + (90_000).to_bytes(4, "big") + (90_000 * 7200).to_bytes(8, "big"))
    assert read_movie(wide + track(b"avc1")).seconds == 7200


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (moov(30_000, b"hvc1", b"mp4a"), "H.264"),
        (moov(30_000, b"vp09"), "H.264"),
        (moov(30_000, b"avc1", b"ac-3"), "AAC"),
        (moov(500), "时长"),
        (mvhd(30_000), "H.264"),
        (mvhd(30_000, scale=0) + track(b"avc1"), "时长"),
        (b"", "时长"),
        (box(b"mvhd", bytes(8)) + track(b"avc1"), "不完整"),
        (moov()[:-5], "不完整"),
        ((4).to_bytes(4, "big") + b"trak" + bytes(20), "不完整"),
        ((2**31).to_bytes(4, "big") + b"trak" + bytes(20), "不完整"),
    ],
    ids=[
        "HEVC",
        "VP9",
        "AC-3",
        "half a second",
        "no track",
        "no time scale",
        "empty",
        "a short header",
        "cut off",
        "a box smaller than its head",
        "a box larger than the file",
    ],
)
def test_files_that_phones_cannot_play(content: bytes, reason: str) -> None:
    with pytest.raises(NotPlayable, match=reason):
        read_movie(content)


def test_boxes_in_boxes_without_end() -> None:
    content = b""
    for _ in range(400):
        content = box(b"trak", content)
    with pytest.raises(NotPlayable):
        read_movie(content)


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(content: bytes) -> None:
    with pytest.raises(NotPlayable):
        read_movie(content)


@given(st.binary(max_size=15))
def test_a_head_of_few_bytes_is_refused(content: bytes) -> None:
    if len(content) < 8:
        with pytest.raises(NotPlayable):
            read_head(content)
