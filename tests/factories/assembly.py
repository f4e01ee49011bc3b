"""All services, as the container puts them together, over fake gateways."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from types import MappingProxyType
from typing import Any, TypeVar, cast

from app.assembly import Ports, bind
from app.assembly import make_services as assemble
from gateways.pdf_seal import PadesSealer
from services.core.base import Deps
from services.core.composition import compose
from services.notifications import Notices
from services.ports import MiniProgramAppids, PageSignature, Prices, RoleMenuPools, SubscribeTemplate, VerifiedPools
from services.registry import Services
from tests.factories.draw_relay import NoRelay
from tests.factories.files import MemoryFiles, PlainRenderer, QuickChecker
from tests.factories.identity import FakeFaces, FakeIdentityVerifier
from tests.factories.offices import Bridge, SceneMaker
from tests.factories.payments import FakeChat, FakeMailer, FakePlatform
from tests.factories.phones import PoolNumbers
from tests.factories.webhooks import FakeWebhooks

T = TypeVar("T")


class _Official(SceneMaker, FakeChat):
    """Fake official account: scene codes, pictures and windows; other messages fail the test."""


def identity_verifier_of(services: Services) -> FakeIdentityVerifier:
    return cast(FakeIdentityVerifier, services.accounts.registration.verification.verifier)


def faces_of(services: Services) -> FakeFaces:
    return cast(FakeFaces, services.exams.faces.faces)


LONG_TERM: set[str] = set()
"""Kinds whose mini-program template is of the long-term kind; a test adds its own with ``monkeypatch``."""
SUBSCRIPTIONS: dict[str, SubscribeTemplate] = {}
"""Subscription notices of the official account by kind; a test sets its own with ``monkeypatch``."""


class Signer:
    """Signs each page alike."""

    async def sign(self, pool: str, url: str) -> PageSignature:
        return PageSignature(f"wx-{pool}", 1700000000, "nonce", url, "https://script.test/jweixin.js")


def make_services(deps: Deps, *, mini: object = None, web: object = None) -> Services:
    """``mini`` plays the mini-program's platform, ``web`` WeChat's browser. SMS, calls and OIDC log-in are absent."""
    return assemble(deps, make_ports(deps, mini=mini, web=web))


def composed(
    root: type[T],
    deps: Deps,
    *,
    notices: object = None,
    given: Mapping[Any, object] = MappingProxyType({}),
    **ports: object,
) -> T:
    """A service and all that it needs, over the fake gateways of ``make_ports``; ``ports`` replace some of these.

    ``given``: what other services it receives, by type; ``notices`` stands in for ``Notices``.
    """
    values = bind(deps, replace(make_ports(deps), **cast(Any, ports)))
    return compose(root, {**values, **({Notices: notices} if notices else {}), **given})


def make_ports(deps: Deps, *, mini: object = None, web: object = None) -> Ports:
    """The fake gateways of ``make_services``."""
    unused, chat = cast(Any, None), cast(Any, _Official())
    return Ports(
        official=chat,
        web=cast(Any, web),
        page_signer=Signer(),
        mini=cast(Any, mini),
        windows=chat,
        sms=unused,
        voice=unused,
        bridge=Bridge(),
        numbers=PoolNumbers(),
        identity=unused,
        identity_verifier=FakeIdentityVerifier(),
        faces=FakeFaces(),
        pay=FakePlatform(deps.clock),
        mail=FakeMailer(),
        files=MemoryFiles(),
        renderer=PlainRenderer(),
        sealer=PadesSealer({}),
        checker=QuickChecker(),
        relay=NoRelay(),
        role_menus=unused,
        role_menu_pools=RoleMenuPools(frozenset()),
        identity_verification_pools=VerifiedPools(frozenset({"demo"})),
        appids=MiniProgramAppids({"demo": "wx-mini-demo", "guangdong": "wx-mini-gd"}),
        subscribe_template=lambda pool, kind: SubscribeTemplate(kind, kind in LONG_TERM),
        account_subscription=lambda pool, kind: SUBSCRIPTIONS.get(kind),
        prices=Prices({}),
        webhooks=FakeWebhooks(),
    )
