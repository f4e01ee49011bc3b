"""``python -m sandbox --config FILE [--host 127.0.0.1] [--port 8090]``."""

from __future__ import annotations

import argparse
import logging
import sys
from pathlib import Path

import uvloop
from aiohttp import web

from sandbox.config import ConfigError, load
from sandbox.server import create_app

SHUTDOWN_SECONDS = 1.0
"""Seconds that open requests may still take when the sandbox is stopped."""


def main() -> int:
    parser = argparse.ArgumentParser(prog="python -m sandbox", description="Stand-ins for the outside systems.")
    parser.add_argument("--config", type=Path, required=True, help="JSON file, see sandbox/README.md")
    parser.add_argument("--host", default="127.0.0.1")
    parser.add_argument("--port", type=int, default=8090)
    arguments = parser.parse_args()
    logging.basicConfig(level=logging.INFO, format="%(asctime)s %(levelname)s %(name)s %(message)s")
    for name in ("aiohttp.access", "mail.log"):  # a line for every request, and for every command of SMTP
        logging.getLogger(name).setLevel(logging.WARNING)
    try:
        app = create_app(load(arguments.config))
    except ConfigError as error:
        print(f"sandbox: {error}", file=sys.stderr)
        return 1
    try:
        web.run_app(
            app,
            host=arguments.host,
            port=arguments.port,
            access_log=None,
            print=None,
            shutdown_timeout=SHUTDOWN_SECONDS,
            loop=uvloop.new_event_loop(),
        )
    except OSError as error:
        print(f"sandbox: can't listen: {error.strerror}", file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
