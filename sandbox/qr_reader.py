"""Reads QR codes in pictures that a machine drew: upright, sharp, dark on light. Photographs are not its business."""

from __future__ import annotations

import io
import itertools
import re
from collections.abc import Iterator
from dataclasses import dataclass

from PIL import Image, UnidentifiedImageError
from qrcode.base import rs_blocks
from qrcode.util import length_in_bits, mask_func, pattern_position

LARGEST_SIDE = 6000
ROW_STEP = 2
FORMAT_MASK = 0x5412
NUMERIC, ALPHANUMERIC, BYTES, ECI = 1, 2, 4, 7
LETTERS = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZ $%*+-./:"
_RUNS = re.compile(rb"\x00+|\x01+")

Grid = list[list[bool]]


class NoCode(Exception):
    """The picture holds no code that can be read."""


@dataclass(frozen=True, slots=True)
class Finder:
    """The middle of one of the three corner squares, and a module's width, in pixels."""

    x: float
    y: float
    module: float


def read(picture: bytes) -> str:
    """What the code in the picture says; NoCode when there is none."""
    rows = _dark_rows(picture)
    trouble = NoCode("no code in the picture")
    for corners in _corners(rows):
        try:
            grid = _sample(rows, corners)
            return _text(_codewords(grid), (len(grid) - 17) // 4)
        except NoCode as error:
            trouble = error
    raise trouble


# -- from pixels to modules -----------------------------------------------------------------------------------------


def _dark_rows(picture: bytes) -> list[bytes]:
    """One byte a pixel: 1 is dark."""
    try:
        with Image.open(io.BytesIO(picture)) as image:
            if max(image.size) > LARGEST_SIDE:
                raise NoCode("the picture is too large")
            width = image.width
            flat = Image.new("RGB", image.size, "white")
            clear = image.convert("RGBA")
            flat.paste(clear, mask=clear.getchannel("A"))
            pixels = flat.convert("L").point([1] * 128 + [0] * 128).tobytes()
    except (UnidentifiedImageError, OSError, ValueError, Image.DecompressionBombError) as error:
        raise NoCode("not a picture") from error
    return [pixels[start : start + width] for start in range(0, len(pixels), width)]


def _corners(rows: list[bytes]) -> Iterator[tuple[Finder, Finder, Finder]]:
    """Upper left, upper right, lower left; more than once where data or letters look like a corner too."""
    finders = _finders(rows)
    for left in finders:
        near, apart = left.module * 2, left.module * 7
        rights = [f for f in finders if abs(f.y - left.y) < near and f.x > left.x + apart]
        lows = [f for f in finders if abs(f.x - left.x) < near and f.y > left.y + apart]
        for right, low in itertools.product(rights, lows):
            if abs((right.x - left.x) - (low.y - left.y)) < near:
                yield left, right, low


def _finders(rows: list[bytes]) -> list[Finder]:
    found: list[Finder] = []
    for y in range(0, len(rows), ROW_STEP):
        for x, module in _crossings(rows[y]):
            if any(abs(f.x - x) < 3 * module and abs(f.y - y) < 5 * module for f in found):
                continue
            reach = int(module * 6)
            top = max(0, y - reach)
            column = bytes(row[int(x)] for row in rows[top : y + reach])
            middle = next((top + at for at, size in _crossings(column) if abs(top + at - y) < 2 * module), None)
            if middle is not None:
                found.append(Finder(x, middle, module))
    return found


def _crossings(line: bytes) -> Iterator[tuple[float, float]]:
    """Middles and module widths of runs in the proportion 1:1:3:1:1 that begin dark."""
    runs = [(match.start(), match.end()) for match in _RUNS.finditer(line)]
    for index in range(len(runs) - 4):
        start, end = runs[index][0], runs[index + 4][1]
        if not line[start]:
            continue
        module = (end - start) / 7
        sizes = [stop - begin for begin, stop in runs[index : index + 5]]
        if all(
            abs(size - want * module) <= max(1.0, 0.5 * module)
            for size, want in zip(sizes, (1, 1, 3, 1, 1), strict=True)
        ):
            yield (start + end) / 2, module


def _sample(rows: list[bytes], corners: tuple[Finder, Finder, Finder]) -> Grid:
    left, right, low = corners
    version = round(((right.x - left.x) / left.module + 7 - 17) / 4)
    if not 1 <= version <= 40:
        raise NoCode("no code of this size")
    size = 17 + 4 * version
    across, down = (right.x - left.x) / (size - 7), (low.y - left.y) / (size - 7)
    try:
        return [
            [bool(rows[int(left.y + (row - 3) * down)][int(left.x + (column - 3) * across)]) for column in range(size)]
            for row in range(size)
        ]
    except IndexError as error:
        raise NoCode("the code is cut off") from error


# -- from modules to words ------------------------------------------------------------------------------------------


def _codewords(grid: Grid) -> bytes:
    """The data words in their order; errors are not corrected, as there are none in a drawn picture."""
    size = len(grid)
    version = (size - 17) // 4
    level, mask = _format(grid)
    bits = "".join(_data_bits(grid, _reserved(size, version), mask))
    raw = [int(bits[at : at + 8], 2) for at in range(0, len(bits) // 8 * 8, 8)]
    sizes = [block.data_count for block in rs_blocks(version, level)]
    blocks: list[list[int]] = [[] for _ in sizes]
    words = iter(raw)
    for position in range(max(sizes)):
        for block, most in zip(blocks, sizes, strict=True):
            if position < most:
                block.append(next(words))
    return bytes(word for block in blocks for word in block)


def _format(grid: Grid) -> tuple[int, int]:
    """Level of error correction and number of the mask."""
    places = [(8, column) for column in (0, 1, 2, 3, 4, 5, 7, 8)] + [(row, 8) for row in (7, 5, 4, 3, 2, 1, 0)]
    bits = int("".join("1" if grid[row][column] else "0" for row, column in places), 2) ^ FORMAT_MASK
    return bits >> 13, bits >> 10 & 7


def _reserved(size: int, version: int) -> Grid:
    """Modules that carry no data."""
    taken = [[row == 6 or column == 6 for column in range(size)] for row in range(size)]

    def take(rows: range, columns: range) -> None:
        for row in rows:
            for column in columns:
                taken[row][column] = True

    take(range(9), range(9))
    take(range(9), range(size - 8, size))
    take(range(size - 8, size), range(9))
    if version >= 7:
        take(range(6), range(size - 11, size - 8))
        take(range(size - 11, size - 8), range(6))
    centres = pattern_position(version)
    for row in centres:
        for column in centres:
            if (row, column) not in ((6, 6), (6, size - 7), (size - 7, 6)):
                take(range(row - 2, row + 3), range(column - 2, column + 3))
    return taken


def _data_bits(grid: Grid, reserved: Grid, mask: int) -> Iterator[str]:
    """In zigzag from the lower right, two columns at a time, without the mask."""
    size, covers = len(grid), mask_func(mask)
    upwards = True
    for right in (*range(size - 1, 6, -2), 5, 3, 1):
        for row in range(size - 1, -1, -1) if upwards else range(size):
            for column in (right, right - 1):
                if not reserved[row][column]:
                    yield "1" if grid[row][column] != covers(row, column) else "0"
        upwards = not upwards


class _Bits:
    """Reads numbers from the words' bits."""

    def __init__(self, words: bytes) -> None:
        self._bits = "".join(f"{word:08b}" for word in words)
        self._at = 0

    @property
    def left(self) -> int:
        return len(self._bits) - self._at

    def take(self, count: int) -> int:
        if count > self.left:
            raise NoCode("the code ends too early")
        self._at += count
        return int(self._bits[self._at - count : self._at], 2)


def _text(words: bytes, version: int) -> str:
    bits, parts = _Bits(words), bytearray()
    while bits.left >= 4 and (mode := bits.take(4)):
        if mode == ECI:
            bits.take(8)
        elif mode == BYTES:
            parts += bytes(bits.take(8) for _ in range(bits.take(length_in_bits(mode, version))))
        elif mode == NUMERIC:
            parts += "".join(_digits(bits, bits.take(length_in_bits(mode, version)))).encode()
        elif mode == ALPHANUMERIC:
            parts += "".join(_letters(bits, bits.take(length_in_bits(mode, version)))).encode()
        else:
            raise NoCode("the code is damaged")
    if not parts:
        raise NoCode("the code says nothing")
    try:
        return parts.decode()
    except UnicodeDecodeError as error:
        raise NoCode("the code is damaged") from error


def _digits(bits: _Bits, count: int) -> Iterator[str]:
    for done in range(0, count, 3):
        size = min(3, count - done)
        yield f"{bits.take((4, 7, 10)[size - 1]):0{size}d}"


def _letters(bits: _Bits, count: int) -> Iterator[str]:
    for done in range(0, count, 2):
        if count - done == 1:
            yield LETTERS[bits.take(6) % 45]
        else:
            first, second = divmod(bits.take(11), 45)
            if first >= len(LETTERS):
                raise NoCode("the code is damaged")
            yield LETTERS[first % 45] + LETTERS[second]
