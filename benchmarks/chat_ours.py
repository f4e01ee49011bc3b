"""One web process of ours for ``benchmarks/chat.py``: the whole path of a callback on a shared port."""

from __future__ import annotations

import argparse
import asyncio
import socket
from typing import TYPE_CHECKING, cast

import uvloop
from aiohttp import web
from redis.asyncio import Redis

from bot.callback import Callback
from bot.codec import Codec
from bot.dialogue import Dialogue
from bot.engine import Engine, EngineParts
from bot.inbox import Inbox
from bot.router import Router
from bot.talk import Talk, conversation
from bot.users import Users
from bot.windows import Windows
from domain.clock import SystemClock
from services.core.crypto import Keyring

if TYPE_CHECKING:
    from services.ports import OfficialAccountSender
    from services.registry import Services

TOKEN, KEY, APPID = "token", "a" * 43, "wxbench0000000000"


@conversation("登记", "改期")
async def register(talk: Talk) -> None:
    """Half of the messages begin this talk, half end it: a journal is written or read and closed by each."""
    number = await talk.ask("请回复您的序号。", parse=str)
    await talk.say("收到：{number}", number=number)


async def main(port: int, database_url: str, redis_url: str) -> None:
    router = Router()
    router.conversation(register)
    redis, clock = Redis.from_url(redis_url), SystemClock()
    codecs = {"bench": Codec("bench", appid=APPID, token=TOKEN, aes_key=KEY, original_id="gh_1")}
    users = Users(database_url)
    parts = EngineParts(
        codecs=codecs,
        dialogue=Dialogue(router),
        services=cast("Services", None),  # the conversation above calls no service
        users=users,
        inbox=Inbox(redis),
        windows=Windows(redis, clock),
        keys=Keyring({"k1": bytes(32)}, "k1", bytes(32), bytes(32)),
        sender=cast("OfficialAccountSender", None),  # no reply is late
        commit_late=_fail_late_reply,
        notify_elsewhere=_fail_late_reply,
    )
    app = web.Application()
    app.add_routes(Callback(Engine(parts), codecs, clock).routes())
    runner = web.AppRunner(app, access_log=None)
    await runner.setup()
    listener = socket.socket()
    listener.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    listener.bind(("127.0.0.1", port))
    await web.SockSite(runner, listener, backlog=1024).start()
    await asyncio.Event().wait()


async def _fail_late_reply(_pool: str, _sealed: str) -> None:
    raise RuntimeError("a reply was late")


if __name__ == "__main__":
    parser = argparse.ArgumentParser()
    parser.add_argument("port", type=int)
    parser.add_argument("database_url")
    parser.add_argument("redis_url")
    chosen = parser.parse_args()
    with asyncio.Runner(loop_factory=uvloop.new_event_loop) as process:
        process.run(main(chosen.port, chosen.database_url, chosen.redis_url))
