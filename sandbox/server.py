"""Puts the sandbox together."""

from __future__ import annotations

from collections.abc import AsyncIterator

from aiohttp import web

from sandbox import miniprogram, page, proxy
from sandbox.alibaba.identity_verification import IdentityVerificationCenter
from sandbox.alibaba.sms import SmsCenter
from sandbox.alibaba.voice import VoiceCenter
from sandbox.autopilot import Autopilots
from sandbox.config import Config
from sandbox.control import mail, panel, pay, phones
from sandbox.control.base import PARTS, ControlParts
from sandbox.identity.provider import Provider
from sandbox.mail.center import MailCenter
from sandbox.pay.center import PayCenter
from sandbox.platform.client import Platform
from sandbox.wechat import account_api, faces, messages, mini_api
from sandbox.wechat.api import install
from sandbox.wechat.platform import new_platform
from sandbox.world import WORLD, World

LARGEST_BODY = 12 << 20


def create_app(config: Config) -> web.Application:
    """The whole sandbox as one aiohttp application; its state is lost when it stops."""
    app = web.Application(client_max_size=LARGEST_BODY)
    world = World(config)
    platform = new_platform(world)
    sms, voice, payments = SmsCenter(world), VoiceCenter(world), PayCenter(world)
    app[WORLD] = world
    app[PARTS] = ControlParts(
        world, platform, sms, voice, Autopilots(platform, voice.network), payments, MailCenter(world)
    )
    install(app, platform, [*account_api.ROUTES, *messages.ROUTES, *mini_api.ROUTES, *faces.ROUTES])
    for prefix, rpc in (("/sms", sms.rpc), ("/voice", voice.rpc), ("/persons", IdentityVerificationCenter(world).rpc)):
        for path in (prefix, prefix + "/"):
            app.router.add_get(path, rpc.handle)
            app.router.add_post(path, rpc.handle)
    payments.add_routes(app)
    phones.add_routes(app)
    pay.add_routes(app)
    mail.add_routes(app)
    panel.add_routes(app)
    Provider(world).add_routes(app)
    if config.platform is not None:
        Platform(world, config.platform).add_routes(app)
    miniprogram.add_routes(app)
    page.add_routes(app)
    proxy.add_routes(app)
    app.cleanup_ctx.append(_start_and_stop)
    app.on_shutdown.append(_end_streams)
    return app


async def _end_streams(app: web.Application) -> None:
    app[WORLD].hub.close_all()


async def _start_and_stop(app: web.Application) -> AsyncIterator[None]:
    await app[PARTS].mail.start()  # first: its port may be taken
    await app[WORLD].start()
    yield
    await app[PARTS].mail.stop()
    await app[WORLD].stop()
