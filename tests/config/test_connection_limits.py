"""Every connection to PostgreSQL or Redis is made where its limits are set, and nowhere else."""

from __future__ import annotations

import ast
import socket
from collections.abc import Iterator
from pathlib import Path

import pytest

from config.connection_limits import KEEPALIVE_IDLE, UNACKNOWLEDGED, tcp_options

ROOT = Path(__file__).parents[2]
PACKAGES = [
    "app",
    "bot",
    "config",
    "domain",
    "gateways",
    "handlers",
    "jobs",
    "miniapp_api",
    "models",
    "sandbox",
    "services",
    "web",
]
FACTORIES = {
    "asyncpg": {"models/database_connection.py", "models/database_client.py"},
    "redis": {"app/redis_connection.py"},
    "psycopg": {"jobs/queue_connector.py"},
    "socket": {"bot/pipelined_redis.py"},
}
"""Where connections of a driver may be made; each is tested for its limits."""
MAKERS = {
    "connect": "asyncpg",
    "create_pool": "asyncpg",
    "Pool": "asyncpg",
    "AsyncpgDBClient": "asyncpg",
    "from_url": "redis",
    "Redis": "redis",
    "StrictRedis": "redis",
    "ConnectionPool": "redis",
    "BlockingConnectionPool": "redis",
    "PsycopgConnector": "psycopg",
    "AsyncConnectionPool": "psycopg",
    "AsyncConnection": "psycopg",
    "create_connection": "socket",
    "open_connection": "socket",
}
"""Functions and classes by which a connection is made, and their driver."""
DRIVERS = {"asyncpg", "psycopg", "redis"}


def find_makers(source: str) -> Iterator[str]:
    """The drivers whose connections ``source`` makes: calls, subclasses and imports of the makers' names."""
    tree = ast.parse(source)
    for node in ast.walk(tree):
        if isinstance(node, ast.Call):
            yield from _driver_of(node.func)
        elif isinstance(node, ast.ClassDef):
            for base in node.bases:
                yield from _driver_of(base.value if isinstance(base, ast.Subscript) else base)
        elif isinstance(node, ast.ImportFrom) and (node.module or "").split(".")[0] in DRIVERS:
            yield from (MAKERS["connect"] for alias in node.names if alias.name in ("connect", "create_pool"))


def _driver_of(made: ast.expr) -> Iterator[str]:
    """``connect`` and ``Pool`` count in a driver's own module only: ports have methods of such names."""
    owner, _, name = ast.unparse(made).rpartition(".")
    module = owner.split(".")[0]
    if name in ("connect", "Pool"):
        yield from {module} & {"asyncpg", "psycopg"}
    elif name in MAKERS:
        yield module if module == "psycopg" else MAKERS[name]


@pytest.mark.parametrize("package", PACKAGES)
def test_connections_are_made_by_their_factories_only(package: str) -> None:
    made = {
        (driver, str(path.relative_to(ROOT)))
        for path in (ROOT / package).rglob("*.py")
        for driver in find_makers(path.read_text("utf-8"))
    }
    outside = sorted(f"{path}: {driver}" for driver, path in made if path not in FACTORIES[driver])
    assert not outside, f"without declared limits; use the factories of {FACTORIES}: {outside}"


@pytest.mark.parametrize(
    ("source", "drivers"),
    [
        ("asyncpg.connect(url)", ["asyncpg"]),
        ("await asyncpg.create_pool(url)", ["asyncpg"]),
        ("from asyncpg import connect", ["asyncpg"]),
        ("redis.from_url(url)", ["redis"]),
        ("Redis.from_url(url)", ["redis"]),
        ("Redis(host='x')", ["redis"]),
        ("PsycopgConnector(conninfo=url)", ["psycopg"]),
        ("psycopg.AsyncConnection.connect(url)", ["psycopg"]),
        ("class Mine(psycopg.AsyncConnection[object]): ...", ["psycopg"]),
        ("asyncio.open_connection(host, port)", ["socket"]),
        ("connect(url, TOOL)", []),
        ("self._bridge.connect(pool)", []),
    ],
)
def test_the_walk_finds_connections(source: str, drivers: list[str]) -> None:
    assert list(find_makers(source)) == drivers


@pytest.mark.skipif(not hasattr(socket, "TCP_USER_TIMEOUT"), reason="this system has other names")
def test_tcp_probes_a_silent_host_and_gives_it_up() -> None:
    options = tcp_options()
    assert options[socket.TCP_USER_TIMEOUT] == 1000 * UNACKNOWLEDGED
    assert options[socket.TCP_KEEPIDLE] == KEEPALIVE_IDLE
