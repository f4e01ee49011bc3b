"""Length and codecs of an MP4 file (ISO/IEC 14496-12), read from its ``moov`` box alone.

Nothing is decoded. A file whose ``moov`` box comes after the media data plays, too, since players request ranges.
"""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass

HEAD = 16
"""Bytes needed to find the end of a box."""
MOOV_MAX = 32 * 1024 * 1024
"""Bytes: enough for a film of many hours; a file with a larger box is refused."""
_CONTAINERS = {b"moov", b"trak", b"mdia", b"minf", b"stbl"}
_LEVELS = 8


class NotPlayable(Exception):
    """The message says in Chinese what is wrong with the file and what to do."""


@dataclass(frozen=True)
class Box:
    """``start`` and ``size`` in bytes, header included; ``size`` 0: to the end of the file."""

    kind: bytes
    head: int
    size: int


@dataclass(frozen=True)
class Movie:
    """``codecs`` are the four letters of each track, such as avc1 and mp4a."""

    seconds: float
    codecs: tuple[str, ...]


def read_head(data: bytes) -> Box:
    """The box that begins with ``data``. Raises NotPlayable when it is no valid box."""
    if len(data) < 8:
        raise _broken_file_error()
    size, kind, head = int.from_bytes(data[:4], "big"), data[4:8], 8
    if size == 1:
        if len(data) < HEAD:
            raise _broken_file_error()
        size, head = int.from_bytes(data[8:16], "big"), 16
    if size and size < head:
        raise _broken_file_error()
    return Box(kind, head, size)


def read_movie(moov: bytes) -> Movie:
    """Length and codecs of a whole ``moov`` box. Raises NotPlayable for a file that phones can't play."""
    seconds, codecs = 0.0, []
    for kind, body in _boxes(moov, _LEVELS):
        if kind == b"mvhd":
            seconds = _length(body)
        elif kind == b"stsd":
            codecs.append(_codec(body))
    movie = Movie(seconds, tuple(codecs))
    _check_playable(movie)
    return movie


def _check_playable(movie: Movie) -> None:
    if movie.seconds < 1:
        raise NotPlayable("视频时长不足1秒或无法识别，请重新导出后再上传。")
    if not {"avc1", "avc3"} & set(movie.codecs):
        raise NotPlayable("视频不是H.264编码，部分手机无法播放，请导出为MP4（H.264+AAC）后再上传。")
    if any(codec in ("ac-3", "ec-3", "Opus", "fLaC", "twos", "sowt") for codec in movie.codecs):
        raise NotPlayable("声音不是AAC编码，部分手机没有声音，请导出为MP4（H.264+AAC）后再上传。")


def _boxes(data: bytes, levels: int) -> Iterator[tuple[bytes, bytes]]:
    """Every box in ``data`` that holds no others, with its content."""
    at = 0
    while at + 8 <= len(data):
        box = read_head(data[at : at + HEAD])
        end = at + box.size if box.size else len(data)
        if end > len(data):
            raise _broken_file_error()
        body = data[at + box.head : end]
        if box.kind in _CONTAINERS:
            if not levels:
                raise _broken_file_error()
            yield from _boxes(body, levels - 1)
        else:
            yield box.kind, body
        at = end


def _length(mvhd: bytes) -> float:
    """Seconds. Version 1 has 64-bit times."""
    wide = mvhd[:1] == b"\1"
    at, width = (20, 8) if wide else (12, 4)
    if len(mvhd) < at + 4 + width:
        raise _broken_file_error()
    scale = int.from_bytes(mvhd[at : at + 4], "big")
    length = int.from_bytes(mvhd[at + 4 : at + 4 + width], "big")
    return length / scale if scale else 0.0


def _codec(stsd: bytes) -> str:
    return stsd[12:16].decode("latin-1") if len(stsd) >= 16 else ""


def _broken_file_error() -> NotPlayable:
    return NotPlayable("视频文件不完整或不是MP4格式，请重新导出后再上传。")
