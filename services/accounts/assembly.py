"""Builds the services of accounts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from dataclasses import dataclass

from services.accounts.account_linking import AccountLinking
from services.accounts.credentials import Credentials
from services.accounts.form_drafts import FormDrafts
from services.accounts.identity_verification import DUE, IdentityVerification
from services.accounts.initial_passwords import InitialPasswords
from services.accounts.mini_program_entry import MiniProgramEntry
from services.accounts.passwords import Passwords
from services.accounts.puzzles import Puzzles
from services.accounts.registration import Registration
from services.accounts.sessions import Sessions
from services.accounts.staff import Staff
from services.accounts.web_sessions import WebSessions
from services.accounts.wechat_binding import WechatBinding
from services.core.base import Deps
from services.core.due_tasks import DueTask
from services.core.signed_links import Links
from services.notifications import Notices
from services.ports import (
    IdentityPlatform,
    IdentityVerifier,
    MiniProgramPlatform,
    OfficialAccountSender,
    WechatWeb,
)


@dataclass(frozen=True)
class AccountServices:
    """``wechat_web`` and ``identity_platform`` are ports that pages call directly, for log-in by browser."""

    bindings: WechatBinding
    linking: AccountLinking
    sessions: Sessions
    web_sessions: WebSessions
    mini_program_entry: MiniProgramEntry
    puzzles: Puzzles
    registration: Registration
    credentials: Credentials
    initial_passwords: InitialPasswords
    staff: Staff
    form_drafts: FormDrafts
    wechat_web: WechatWeb
    identity_platform: IdentityPlatform
    due_tasks: tuple[DueTask, ...]


@dataclass(frozen=True)
class AccountPorts:
    """Outside dependencies of accounts."""

    official: OfficialAccountSender
    wechat_web: WechatWeb
    mini_program: MiniProgramPlatform
    appids: Mapping[str, str]
    """Appids of the mini-programs, by pool."""
    identity_platform: IdentityPlatform
    identity_verifier: IdentityVerifier
    identity_verification_pools: Collection[str]
    """Pools in which the register of persons is queried."""


def build(deps: Deps, notices: Notices, links: Links, ports: AccountPorts) -> AccountServices:
    bindings, passwords = WechatBinding(deps, notices), Passwords(deps)
    verification = IdentityVerification(deps, notices, ports.identity_verifier, ports.identity_verification_pools)
    sessions = Sessions(deps, bindings, ports.mini_program, ports.appids)
    return AccountServices(
        bindings=bindings,
        linking=AccountLinking(deps, bindings, ports.official),
        sessions=sessions,
        web_sessions=WebSessions(deps, notices, links, sessions),
        mini_program_entry=MiniProgramEntry(deps, links, sessions, bindings, ports.mini_program),
        puzzles=Puzzles(deps),
        registration=Registration(deps, notices, bindings, passwords, verification),
        credentials=Credentials(deps, notices, passwords),
        initial_passwords=InitialPasswords(deps, passwords),
        staff=Staff(deps),
        form_drafts=FormDrafts(deps),
        wechat_web=ports.wechat_web,
        identity_platform=ports.identity_platform,
        due_tasks=(DueTask("identity_verification", DUE, verification.check_due),),
    )
