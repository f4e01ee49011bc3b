"""A linear classifier of short sentences by their character n-grams, small enough for every web process.

Each n-gram is hashed into one of BUCKETS; a bucket holds a small integer weight for each label of which it tells
something. A label's score is its bias plus the sum of the weights of the sentence's buckets, divided by the square root
of their number. Weights come from ``app/train_intents.py``. Two n-grams that share a bucket share its weights, in
training as in use.
"""

from __future__ import annotations

import json
import math
import re
import sys
import zlib
from array import array
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass

from domain.understanding.intents import plain

BUCKETS = 1 << 17
LONGEST_NGRAM = 2
_LONGEST_SENTENCE = 200
"""Characters read of a sentence; the rest is small talk, or an attack on our time."""
_FORMAT = 1
_DIGITS = re.compile(r"\d+")


class BadModel(ValueError):
    """The file is not a model that this version reads."""


def buckets_of(sentence: str) -> set[int]:
    """Buckets of the sentence's n-grams of 1 to LONGEST_NGRAM characters, its beginning and end marked; all numbers are
    alike, and blanks, width, case and punctuation count for nothing."""
    text = f"^{_DIGITS.sub('0', plain(sentence[:_LONGEST_SENTENCE]))}$"
    return {
        zlib.crc32(text[start : start + length].encode()) % BUCKETS
        for length in range(1, LONGEST_NGRAM + 1)
        for start in range(len(text) - length + 1)
    }


@dataclass(frozen=True)
class LinearModel:
    """``starts[b]`` to ``starts[b + 1]`` delimit the entries of bucket b in ``entry_labels`` and ``entry_weights``.
    ``data_digest`` names the sentences that it was trained on."""

    labels: tuple[str, ...]
    biases: tuple[float, ...]
    scale: float
    """What a weight of 1 stands for."""
    starts: Sequence[int]
    entry_labels: bytes
    entry_weights: Sequence[int]
    data_digest: str

    def score(self, sentence: str) -> list[float]:
        """One number per label, in the order of ``labels``; the higher, the likelier."""
        buckets = buckets_of(sentence)
        totals = [0] * len(self.labels)
        starts, entry_labels, entry_weights = self.starts, self.entry_labels, self.entry_weights
        for bucket in buckets:
            start, end = starts[bucket], starts[bucket + 1]
            if start < end:
                for label, weight in zip(entry_labels[start:end], entry_weights[start:end], strict=True):
                    totals[label] += weight
        factor = self.scale / math.sqrt(len(buckets))
        return [bias + factor * total for bias, total in zip(self.biases, totals, strict=True)]

    def to_bytes(self) -> bytes:
        header = {
            "format": _FORMAT,
            "labels": self.labels,
            "biases": self.biases,
            "scale": self.scale,
            "data": self.data_digest,
            "entries": len(self.entry_labels),
        }
        arrays = (array("I", self.starts), array("b", self.entry_weights))
        body = b"".join([_little_endian(arrays[0]).tobytes(), self.entry_labels, arrays[1].tobytes()])
        return json.dumps(header, ensure_ascii=False).encode() + b"\n" + body

    @classmethod
    def from_bytes(cls, content: bytes) -> LinearModel:
        """Raises BadModel."""
        head, _, body = content.partition(b"\n")
        try:
            header = json.loads(head)
            if header["format"] != _FORMAT:
                raise BadModel(f"format {header['format']}, expected {_FORMAT}")
            entries = int(header["entries"])
            starts_size = (BUCKETS + 1) * array("I").itemsize
            if len(body) != starts_size + 2 * entries:
                raise BadModel(f"{len(body)} bytes of weights, expected {starts_size + 2 * entries}")
            starts, weights = array("I"), array("b")
            starts.frombytes(body[:starts_size])
            weights.frombytes(body[starts_size + entries :])
            return cls(
                tuple(header["labels"]),
                tuple(map(float, header["biases"])),
                float(header["scale"]),
                _little_endian(starts),
                body[starts_size : starts_size + entries],
                weights,
                str(header["data"]),
            )
        except (KeyError, TypeError, ValueError) as error:
            raise BadModel(str(error)) from error


def _little_endian(numbers: array[int]) -> array[int]:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers


def digest_sentences(sentences: Iterable[tuple[str, str]]) -> str:
    """Names sentences with their labels, whatever their order."""
    return format(zlib.crc32("\n".join(sorted(_lines(sentences))).encode()), "08x")


def _lines(sentences: Iterable[tuple[str, str]]) -> Iterator[str]:
    return (f"{label}\t{sentence}" for sentence, label in sentences)
