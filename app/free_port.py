"""A port for a program of our own that another program must know before it starts."""

from __future__ import annotations

import errno
import random
import socket

_PORTS = range(20_000, 32_000)
"""Below the ports that systems give to outgoing connections: one of those may be taken again before we listen on it."""


def free_port() -> int:
    """A port of 127.0.0.1 on which nothing listens at this moment. Raises OSError when there is none."""
    for port in random.SystemRandom().sample(_PORTS, len(_PORTS)):
        with socket.socket() as probe:
            try:
                probe.bind(("127.0.0.1", port))
            except OSError:
                continue
            return port
    raise OSError(errno.EADDRINUSE, "no port is free")
