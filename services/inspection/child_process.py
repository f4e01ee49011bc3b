"""The side of ``limited_process`` that runs in the other process. It starts for every file, so it imports little.

A child's module ends in ``sys.exit(answer(work))``, or ``answer_in_parts`` where its answer is long.
"""

from __future__ import annotations

import json
import resource
import sys
from collections.abc import Callable, Iterator, Sequence
from typing import Any

Head = dict[str, Any]  # JSON-able
Work = Callable[[Head, bytes], tuple[Head, Sequence[bytes]]]
"""From what was asked and the file to an answer: a JSON-able head and blobs."""
PartWork = Callable[[Head, bytes], Iterator[bytes]]
PART_SIZE = 4
"""Bytes before each part that say how long it is."""


def answer(work: Work) -> int:
    """Limit this process, do the work that the command line asks for, and write the answer."""
    head, blobs = work(_begin(), sys.stdin.buffer.read())
    out = sys.stdout.buffer
    out.write(json.dumps({**head, "sizes": [len(blob) for blob in blobs]}).encode() + b"\n")
    for blob in blobs:
        out.write(blob)
    return 0


def answer_in_parts(work: PartWork) -> int:
    """The same for work that says part by part what it finds."""
    out = sys.stdout.buffer
    for part in work(_begin(), sys.stdin.buffer.read()):
        out.write(len(part).to_bytes(PART_SIZE, "big") + part)
        out.flush()
    return 0


def _begin() -> Head:
    """Limit this process; what is asked of it."""
    memory, cpu, asked = json.loads(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    return dict(asked)
