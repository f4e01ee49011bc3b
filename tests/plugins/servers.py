"""A database and a Redis for each test that asks for one."""

from __future__ import annotations

import asyncio
import itertools
import json
import os
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from urllib.parse import urlsplit, urlunsplit

import psycopg
import pytest
import redis as redis_client
from psycopg import sql

from models.migrate import migrate
from tests.plugins.data_folders import data_folder
from tests.plugins.database_copies import Copy
from tests.plugins.pools import KeptPools

ROOT = Path(__file__).parents[2]
TEMPLATE = "pbt_template"
ROOM = 2 * 1024**3
"""Bytes that the databases of a test session may need."""
_numbers = itertools.count(1)


@dataclass
class TestServers:
    """The embedded servers of this test session."""

    database_url: str
    redis_url: str
    spare: Copy | None = None
    """A database that its test has finished with."""
    _admin: psycopg.Connection | None = None
    _redis: redis_client.Redis | None = None

    __test__ = False

    def execute(self, command: sql.Composed) -> None:
        """Execute over a connection that stays open: connecting costs more than most commands."""
        if self._admin is None or self._admin.closed:
            self._admin = psycopg.connect(_as_superuser(self.database_url, "postgres"), autocommit=True)
        self._admin.execute(command)

    def flush_redis(self) -> None:
        """Over a connection that stays open, too."""
        self._redis = self._redis or redis_client.Redis.from_url(self.redis_url)
        self._redis.flushall()

    def close(self) -> None:
        if self._redis is not None:
            self._redis.close()
        if self.spare is not None:
            self.spare.close()
        if self._admin is not None:
            self._admin.close()


def pytest_configure() -> None:
    """Keep temporary folders in memory where there is room: each test copies a database of several hundred files."""
    memory = Path("/dev/shm")  # noqa: S108 (the system's own; every folder made in it is ours alone)
    if memory.is_dir() and os.access(memory, os.W_OK) and shutil.disk_usage(memory).free > ROOM:
        tempfile.tempdir = str(memory)


@pytest.fixture(scope="session")
def servers() -> Iterator[TestServers]:
    """PostgreSQL and Valkey, started at the first test that needs one; not safe against power cuts, hence fast."""
    with data_folder("tests") as folder:
        command = [sys.executable, "-m", "app.embedded", str(folder), "--fast"]
        process = subprocess.Popen(command, cwd=ROOT, stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True)
        assert process.stdin is not None
        assert process.stdout is not None
        try:
            line = process.stdout.readline()
            assert line, "the embedded servers did not start, see above"
            ready = json.loads(line)
            own_servers = TestServers(database_url=ready["database_url"], redis_url=ready["redis_url"])
            own_servers.execute(
                sql.SQL("ALTER SYSTEM SET autovacuum = off")
            )  # its statistics would change plans at random
            own_servers.execute(sql.SQL("SELECT pg_reload_conf()"))
            yield own_servers
            own_servers.close()
        finally:
            process.stdin.close()
            process.wait(timeout=20)
            process.stdout.close()


@pytest.fixture(scope="session")
def template_database(servers: TestServers) -> str:
    """Name of a database with today's schema, for copying; no one is connected to it."""
    asyncio.run(migrate(servers.database_url))  # where the servers began with an empty folder
    _create_database(servers, TEMPLATE, template=urlsplit(servers.database_url).path.lstrip("/"))
    return TEMPLATE


@pytest.fixture
def database(
    servers: TestServers, template_database: str, kept_pools: KeptPools, shared_runner: asyncio.Runner
) -> Iterator[str]:
    """URL of a migrated, empty database for one test; real transactions, locks and other processes work."""
    copy, servers.spare = servers.spare or _new_copy(servers, template_database), None
    yield copy.url
    if copy.empty(kept_pools.backends()):
        servers.spare = copy
    else:
        copy.close()
        _drop_database(servers, copy.name, kept_pools, shared_runner)


@pytest.fixture(scope="module")
def module_database(servers: TestServers, template_database: str) -> Iterator[str]:
    """As ``new_database``, but shared by the tests of a module, which tell one story."""
    name = f"pbt_test_{next(_numbers)}"
    _create_database(servers, name, template=template_database)
    yield _with_name(servers.database_url, name)
    servers.execute(_drop_command(name))


@pytest.fixture(scope="module")
def module_redis(servers: TestServers) -> Iterator[str]:
    """URL of a Redis database that is empty before the first test of a module, and after the last."""
    yield from _flushed(servers)


@pytest.fixture
def new_database(
    servers: TestServers, template_database: str, kept_pools: KeptPools, shared_runner: asyncio.Runner
) -> Iterator[str]:
    """As ``database``, but not used before: the planner's estimates depend on the sizes of files."""
    name = f"pbt_test_{next(_numbers)}"
    _create_database(servers, name, template=template_database)
    yield _with_name(servers.database_url, name)
    _drop_database(servers, name, kept_pools, shared_runner)


@pytest.fixture
def empty_database(servers: TestServers, kept_pools: KeptPools, shared_runner: asyncio.Runner) -> Iterator[str]:
    """URL of a database without any table."""
    name = f"pbt_test_{next(_numbers)}"
    _create_database(servers, name)
    yield _with_name(servers.database_url, name)
    _drop_database(servers, name, kept_pools, shared_runner)


@pytest.fixture
def redis(servers: TestServers) -> Iterator[str]:
    """URL of a Redis database that is empty before the test, and after it."""
    yield from _flushed(servers)


def _flushed(servers: TestServers) -> Iterator[str]:
    """Empty it afterwards for whoever takes the address elsewhere, and before for what outlived its test."""
    servers.flush_redis()
    yield servers.redis_url
    servers.flush_redis()


def _with_name(url: str, name: str) -> str:
    return urlunsplit(urlsplit(url)._replace(path=f"/{name}"))


def _as_superuser(url: str, name: str) -> str:
    """The embedded PostgreSQL gives both roles one password."""
    parts = urlsplit(_with_name(url, name))
    return urlunsplit(parts._replace(netloc=parts.netloc.replace(f"{parts.username}:", "postgres:", 1)))


def _new_copy(servers: TestServers, template: str) -> Copy:
    name = f"pbt_test_{next(_numbers)}"
    _create_database(servers, name, template=template)
    return Copy(_with_name(servers.database_url, name), _as_superuser(servers.database_url, name))


def _create_database(servers: TestServers, name: str, template: str = "template1") -> None:
    owner = urlsplit(servers.database_url).username
    command = sql.SQL("CREATE DATABASE {} OWNER {} TEMPLATE {} STRATEGY FILE_COPY")
    servers.execute(command.format(*(sql.Identifier(part) for part in (name, owner, template))))


def _drop_database(servers: TestServers, name: str, pools: KeptPools, runner: asyncio.Runner) -> None:
    """Drop it after its pools: an open pool would try to connect to it, and log that it can't, until the last test."""
    runner.run(pools.close())
    servers.execute(_drop_command(name))


def _drop_command(name: str) -> sql.Composed:
    return sql.SQL("DROP DATABASE IF EXISTS {} WITH (FORCE)").format(sql.Identifier(name))
