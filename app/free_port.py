"""Finds a port for one of our programs that another program must know before it starts."""

from __future__ import annotations

import errno
import os
import random
import socket
from collections.abc import Iterator, Sequence

_PORTS = range(20_000, 32_000)
"""Below the range for outgoing connections, which might occupy a port before we listen on it."""
_SHARES = 64
"""Parts of the range, by process, so that processes that search at the same time begin at different ports."""

_given: set[int] = set()


def free_port() -> int:
    """A port of 127.0.0.1 on which nothing listens and that was not returned to this process before.

    Raises OSError when there is none.
    """
    for port in _candidates():
        if port not in _given and _is_free(port):
            _given.add(port)
            return port
    raise OSError(errno.EADDRINUSE, "no port is free")


def _candidates() -> Iterator[int]:
    yield from _shuffled_ports(_PORTS[os.getpid() % _SHARES :: _SHARES])
    yield from _shuffled_ports(_PORTS)


def _shuffled_ports(ports: Sequence[int]) -> list[int]:
    return random.SystemRandom().sample(ports, len(ports))


def _is_free(port: int) -> bool:
    with socket.socket() as probe:
        try:
            probe.bind(("127.0.0.1", port))
        except OSError:
            return False
    return True
