"""Builds the services from what there is: settings, and the gateways as ports."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any

from app.intent_files import SHIPPED_INTENTS
from handlers.commands import TAPS
from services.core.base import Deps
from services.core.composition import bind_fields, compose
from services.core.crypto import Keyring
from services.core.signed_links import Links
from services.courses import CourseFees
from services.entry import EntryStages
from services.inspection.checker import FileChecker
from services.notifications import Taps
from services.payments import ApplicationFeeOwner, CourseFeeOwner
from services.ports import (
    AccountSubscriptions,
    CallBridge,
    ChatWindows,
    DocumentRenderer,
    DrawRelay,
    FaceChecker,
    Files,
    IdentityPlatform,
    IdentityVerifier,
    Mailer,
    MiniProgramAppids,
    MiniProgramPlatform,
    OfficialAccountSender,
    PageSigner,
    PaymentPlatform,
    PhoneNumbers,
    Prices,
    RoleMenuPlatform,
    RoleMenuPools,
    Sealer,
    SmsSender,
    SubscribeTemplates,
    VerifiedPools,
    VoiceCaller,
    WebhookSender,
    WechatWeb,
)
from services.registry import Services
from services.understanding import IntentSource


@dataclass(frozen=True)
class Ports:
    """The outside world, as services see it. ``app.container`` passes in the gateways, tests pass fakes."""

    official: OfficialAccountSender
    web: WechatWeb
    page_signer: PageSigner
    mini: MiniProgramPlatform
    windows: ChatWindows
    sms: SmsSender
    voice: VoiceCaller
    bridge: CallBridge
    numbers: PhoneNumbers
    identity: IdentityPlatform
    identity_verifier: IdentityVerifier
    faces: FaceChecker
    pay: PaymentPlatform
    mail: Mailer
    files: Files
    renderer: DocumentRenderer
    sealer: Sealer
    checker: FileChecker
    relay: DrawRelay
    appids: MiniProgramAppids
    role_menus: RoleMenuPlatform
    role_menu_pools: RoleMenuPools
    identity_verification_pools: VerifiedPools
    subscribe_template: SubscribeTemplates
    account_subscription: AccountSubscriptions
    prices: Prices
    webhooks: WebhookSender


def make_services(deps: Deps, ports: Ports) -> Services:
    """Raises CompositionError where a service needs what isn't bound."""
    return compose(Services, bind(deps, ports))


def bind(deps: Deps, ports: Ports) -> dict[Any, object]:
    """All values that services ask for, by type."""
    return {
        **bind_fields(ports),
        Deps: deps,
        Keyring: deps.keys,
        Links: Links(deps.keys, deps.clock),
        Taps: Taps(TAPS),
        IntentSource: SHIPPED_INTENTS,
        ApplicationFeeOwner: EntryStages,
        CourseFeeOwner: CourseFees,
    }
