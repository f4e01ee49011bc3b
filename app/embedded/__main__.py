"""``python -m app.embedded FOLDER [--fast]``: the two servers alone.

Prints one line of JSON when they are ready (``database_url``, ``redis_url``, ``pids``) and ends them when standard
input closes or a signal arrives, so that the starting process can't leave them behind.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import signal
import sys
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path

from app.embedded import EmbeddedError, embedded


async def main(data_dir: Path, *, durable: bool) -> None:
    over = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        loop.add_signal_handler(number, over.set)

    def stop_at_eof() -> None:
        if not os.read(0, 4096):
            loop.remove_reader(0)
            over.set()

    with suppress(PermissionError):  # /dev/null and files can't be watched: then only a signal ends us
        loop.add_reader(0, stop_at_eof)
    async with embedded(data_dir, durable=durable) as servers:
        print(json.dumps(asdict(servers)), flush=True)
        await over.wait()


if __name__ == "__main__":
    parser = argparse.ArgumentParser(prog="python -m app.embedded")
    parser.add_argument("folder", type=Path)
    parser.add_argument("--fast", action="store_true", help="a power cut may damage the data; for tests")
    chosen = parser.parse_args()
    try:
        asyncio.run(main(chosen.folder, durable=not chosen.fast))
    except EmbeddedError as error:
        sys.exit(str(error))
