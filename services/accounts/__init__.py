"""Accounts: WeChat identities, log-ins, codes, passwords, registration, staff roles.

Other packages and edges import from here; what is not exported is private to the package.
"""

from services.accounts.account_linking import DIGITS, SCENE, LinkCode
from services.accounts.credentials import TAIL, MobileChanged, PasswordSet, Profile
from services.accounts.form_drafts import DRAFT_TTL, FormDraftView
from services.accounts.initial_passwords import AT_ONCE, InitialPassword
from services.accounts.mini_program_entry import Entrance
from services.accounts.page_tokens import issue_page_token
from services.accounts.puzzles import Puzzle, Puzzles
from services.accounts.registration import PersonRegistered, RegistrationForm
from services.accounts.registry import AccountServices
from services.accounts.roles import MAY_ACT_FOR, MAY_WORK, RoleOption, find_role
from services.accounts.sessions import LogIn
from services.accounts.sources import Source, network_of, source_of
from services.accounts.staff import OFFICES, Office, Staff, StaffMember, notify_role_changed
from services.accounts.tokens import Tokens
from services.accounts.verification_codes import CodeSent, Purpose, VerificationCodes, check_mobile
from services.accounts.web_sessions import KNOWN_BROWSER_TTL, SESSION_TTL, WebSessions
from services.accounts.wechat_binding import (
    Bound,
    Unbound,
    Who,
    account_by_mobile,
    forget_identities,
)

__all__ = [
    "AT_ONCE",
    "DIGITS",
    "DRAFT_TTL",
    "KNOWN_BROWSER_TTL",
    "MAY_ACT_FOR",
    "MAY_WORK",
    "OFFICES",
    "SCENE",
    "SESSION_TTL",
    "TAIL",
    "AccountServices",
    "Bound",
    "CodeSent",
    "Entrance",
    "FormDraftView",
    "InitialPassword",
    "LinkCode",
    "LogIn",
    "MobileChanged",
    "Office",
    "PasswordSet",
    "PersonRegistered",
    "Profile",
    "Purpose",
    "Puzzle",
    "Puzzles",
    "RegistrationForm",
    "RoleOption",
    "Source",
    "Staff",
    "StaffMember",
    "Tokens",
    "Unbound",
    "VerificationCodes",
    "WebSessions",
    "Who",
    "account_by_mobile",
    "check_mobile",
    "find_role",
    "forget_identities",
    "issue_page_token",
    "network_of",
    "notify_role_changed",
    "source_of",
]
