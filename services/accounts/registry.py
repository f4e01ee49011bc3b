"""Use cases of accounts, as other packages and edges receive them, and what becomes due."""

from __future__ import annotations

from dataclasses import dataclass

from services.accounts.account_linking import AccountLinking
from services.accounts.credentials import Credentials
from services.accounts.form_drafts import FormDrafts
from services.accounts.identity_verification import DUE, IdentityVerification
from services.accounts.initial_passwords import InitialPasswords
from services.accounts.mini_program_entry import MiniProgramEntry
from services.accounts.puzzles import Puzzles
from services.accounts.registration import Registration
from services.accounts.role_menus import RoleMenus
from services.accounts.sessions import Sessions
from services.accounts.staff import Staff
from services.accounts.web_sessions import WebSessions
from services.accounts.wechat_binding import WechatBinding
from services.core.due_tasks import DueTask
from services.ports import (
    IdentityPlatform,
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
    role_menus: RoleMenus
    wechat_web: WechatWeb
    identity_platform: IdentityPlatform
    identity_verification: IdentityVerification

    @property
    def due_tasks(self) -> tuple[DueTask, ...]:
        return (DueTask("identity_verification", DUE, self.identity_verification.check_due),)
