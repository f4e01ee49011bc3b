"""How long a connection to PostgreSQL or Redis may take: declared here, for every driver and every program.

Without a limit a server that vanishes (a lost host, a firewall that drops its state, a stopped process) is waited for
without end, and nothing tells such a wait from idleness. Why these numbers:
``docs/reference/connections.md``.
"""

from __future__ import annotations

import socket
from dataclasses import dataclass


@dataclass(frozen=True)
class ConnectionLimits:
    """Seconds until an error.

    ``connect``: to be connected and logged in; ``answer``: to each statement or command; ``wait``: for a free
    connection of a pool.
    """

    connect: float
    answer: float
    wait: float


DATABASE = ConnectionLimits(connect=5.0, answer=30.0, wait=30.0)
"""Pages, API, chat and jobs; lists and exports of a whole pool take longest."""
QUEUE = ConnectionLimits(connect=5.0, answer=10.0, wait=10.0)
"""procrastinate, whose statements read or write a row or two. One that fails restarts all lanes."""
LOOK_UP = ConnectionLimits(connect=2.0, answer=2.0, wait=2.0)
"""Who sent a message of the chat: WeChat waits five seconds for the reply."""
REDIS = ConnectionLimits(connect=2.0, answer=2.0, wait=2.0)
REDIS_STEP = 1.0
"""Seconds for a step in Redis that may be left out, such as sharing a token, before a request to a vendor."""
CHECK = ConnectionLimits(connect=2.0, answer=2.0, wait=2.0)
"""/readyz, and a server that is being started."""
TOOL = ConnectionLimits(connect=5.0, answer=60.0, wait=5.0)
"""Commands of ``pbt`` that a person waits for."""
MAINTENANCE = ConnectionLimits(connect=5.0, answer=3600.0, wait=5.0)
"""Migrations and backups, which read or rewrite whole tables and wait for each other."""

KEEPALIVE_IDLE = 10
"""Seconds of silence after which the other host is probed. Only a listener waits without a question of its own."""
KEEPALIVE_INTERVAL = 5
KEEPALIVE_COUNT = 3
UNACKNOWLEDGED = 15
"""Seconds after which a connection ends whose sent data the other host does not acknowledge."""


def tcp_options() -> dict[int, int]:
    """The four limits above as options of a TCP socket; those that this system does not know are left out."""
    options = {
        "TCP_KEEPIDLE": KEEPALIVE_IDLE,
        "TCP_KEEPINTVL": KEEPALIVE_INTERVAL,
        "TCP_KEEPCNT": KEEPALIVE_COUNT,
        "TCP_USER_TIMEOUT": UNACKNOWLEDGED * 1000,
    }
    return {getattr(socket, name): value for name, value in options.items() if hasattr(socket, name)}
