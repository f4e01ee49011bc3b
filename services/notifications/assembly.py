"""Builds the services of notifications."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass

from services.core.base import Deps
from services.notifications.consents import Consents
from services.notifications.delivery import Delivery
from services.notifications.entrances import Entrances
from services.notifications.helpdesk import HelpDesk
from services.notifications.helpdesk_queries import HelpDeskQueries
from services.notifications.history import NoticeHistory
from services.notifications.notices import Notices
from services.notifications.pending_replies import PendingReplies
from services.notifications.short_links import ShortLinks
from services.ports import ChatWindows, MiniProgramPlatform, OfficialAccountSender, SmsSender, VoiceCaller


@dataclass(frozen=True)
class NotificationServices:
    notices: Notices
    delivery: Delivery
    consents: Consents
    short_links: ShortLinks
    entrances: Entrances
    pending_replies: PendingReplies
    helpdesk: HelpDesk
    helpdesk_queries: HelpDeskQueries
    history: NoticeHistory


@dataclass(frozen=True)
class NotificationPorts:
    """Outside dependencies of notifications."""

    official: OfficialAccountSender
    windows: ChatWindows
    mini_program: MiniProgramPlatform
    appids: Mapping[str, str]
    """Appids of the mini-programs, by pool."""
    sms: SmsSender
    voice: VoiceCaller
    prices: Mapping[str, int]
    """Fen for one SMS and one call, for the delivery statistics."""
    subscribe_template: Callable[[str, str], str]
    """Id of a mini-program's template, by pool and kind of notice."""
    taps: Mapping[str, int]
    """Ids of the chat's commands, offered with notices."""


def build(deps: Deps, ports: NotificationPorts) -> NotificationServices:
    notices, entrances = Notices(deps), Entrances(deps.public_url, ports.appids)
    helpdesk_queries = HelpDeskQueries(deps)
    return NotificationServices(
        notices=notices,
        delivery=Delivery(
            deps,
            notices,
            ports.official,
            ports.windows,
            ports.mini_program,
            ports.sms,
            ports.voice,
            ports.prices,
            ports.subscribe_template,
            entrances=entrances,
            taps=ports.taps,
        ),
        consents=Consents(deps, ports.subscribe_template),
        short_links=ShortLinks(deps, entrances),
        entrances=entrances,
        pending_replies=PendingReplies(deps, notices),
        helpdesk=HelpDesk(deps, notices, helpdesk_queries),
        helpdesk_queries=helpdesk_queries,
        history=NoticeHistory(deps),
    )
