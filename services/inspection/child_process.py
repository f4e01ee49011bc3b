"""The child's side of ``limited_process``. It starts for every file, so it imports little.

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
"""From the request and the file to a result: a JSON-able head and blobs."""
PartWork = Callable[[Head, bytes], Iterator[bytes]]
PART_SIZE = 4
"""Bytes of the length before each part."""


def answer(work: Work) -> int:
    """Limit this process, do the work requested on the command line, and write the result."""
    head, blobs = work(_limit_and_read_request(), sys.stdin.buffer.read())
    out = sys.stdout.buffer
    out.write(json.dumps({**head, "sizes": [len(blob) for blob in blobs]}).encode() + b"\n")
    for blob in blobs:
        out.write(blob)
    return 0


def answer_in_parts(work: PartWork) -> int:
    """The same for work that returns its result in parts."""
    out = sys.stdout.buffer
    for part in work(_limit_and_read_request(), sys.stdin.buffer.read()):
        out.write(len(part).to_bytes(PART_SIZE, "big") + part)
        out.flush()
    return 0


def _limit_and_read_request() -> Head:
    """Limit this process; returns the request."""
    memory, cpu, request = json.loads(sys.argv[1])
    resource.setrlimit(resource.RLIMIT_AS, (memory, memory))
    resource.setrlimit(resource.RLIMIT_CPU, (cpu, cpu))
    # no file may be written; the result goes through a pipe, to which this limit does not apply
    resource.setrlimit(resource.RLIMIT_FSIZE, (0, 0))
    return dict(request)
