"""What WeChat's ``errcode`` means for us. Sources: the platform's error-code pages and WxJava's table."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from datetime import datetime
from enum import Enum

from domain.clock import seconds_until_tomorrow
from domain.errors import GatewayError, NeedsOperator, Rejected, Transient


class ErrorAction(Enum):
    REFRESH = "refresh"
    """The token is invalid: fetch a new one, repeat once."""
    LATER = "later"
    """Not done; may be repeated after a while."""
    TOMORROW = "tomorrow"
    """As ALARM: the day's quota of this call is used up; days begin at midnight in Beijing."""
    REFUSE = "refuse"
    """Not done; repeating the same is useless."""
    ALARM = "alarm"
    """Not done, for every receiver, until an operator changes something: says nothing about the object."""


@dataclass(frozen=True)
class Meaning:
    act: ErrorAction
    text: str
    retry_after: float | None = None
    """Seconds, with LATER."""
    account_wide: bool = False
    """With ALARM: every call of the account is refused."""


REFRESH_FAILED_RETRY = 60.0
"""Seconds without a further refresh after a fresh token was refused."""

_REFRESH = {
    40001: "token wrong or not the newest",
    40014: "token malformed",
    42001: "token expired",
}
_LATER = {
    -1: ("system busy", 2.0),
    43108: ("several sends to one user at the same moment", 2.0),
    44990: ("calls in a second used up", 1.0),
    44991: ("calls in a minute used up", 60.0),
    45011: ("calls in a minute used up", 60.0),
}
_TOMORROW = {
    44993: "calls in a day used up",
    45009: "calls in a day used up",
}
_ACCOUNT = {
    40002: "bad grant_type",
    40013: "bad appid",
    40125: "bad secret",
    40164: "our address is not on the white list",
    40243: "secret frozen",
    41002: "appid missing",
    41004: "secret missing",
    50007: "account frozen",
    89503: "an administrator must confirm this address in WeChat",
    89506: "an administrator refused this address for 24 hours",
    89507: "an administrator refused this address for an hour",
}
_CALL = {
    40037: "no such template",
    40200: "wrong type of account for this call",
    41030: "no such page in the released mini-program",
    43107: "subscription ability or template banned",
    48001: "call not granted to this account",
    48004: "call banned",
    48006: "clear_quota used up for this month",
    85079: "mini-program not released",
    85407: "making links is not granted",
    85408: "making links is banned",
}
"""Both: our settings, rights or address. Raised as NeedsOperator, as are the used-up quotas."""
_REFUSE = {
    40003: "openid is none of this account",
    40029: "code invalid or expired",
    40030: "refresh_token invalid",
    40033: "illegal characters",
    40052: "bad action_name",
    40053: "bad action_info",
    40163: "code used already",
    40165: "bad path",
    40212: "bad query",
    40226: "user of high risk",
    42002: "refresh_token expired",
    42003: "code expired",
    43004: "receiver doesn't follow",
    43019: "receiver is on the black list",
    43101: "no consent of the receiver left",
    43104: "openid of another account, or no permission",
    45002: "content too long",
    45008: "more than one article",
    45015: "customer-service window over",
    45047: "customer-service messages used up",
    45072: "typing: bad command",
    45080: "typing: nothing exchanged in the last 30 s",
    45081: "typing: is shown already",
    45168: "a word that WeChat refuses",
    46003: "no menu",
    47001: "body is no JSON",
    47003: "a field of the template is wrong",
    48002: "user switched messages off",
    50002: "user limited",
    50005: "user doesn't follow",
    61010: "user not active in the last two hours",
    70000: "refused to protect minors",
    85401: "life of the link out of range",
    87009: "bad signature of the login state",
}

MEANINGS: Mapping[int, Meaning] = {
    **{code: Meaning(ErrorAction.REFRESH, text) for code, text in _REFRESH.items()},
    **{code: Meaning(ErrorAction.LATER, text, seconds) for code, (text, seconds) in _LATER.items()},
    **{code: Meaning(ErrorAction.TOMORROW, text) for code, text in _TOMORROW.items()},
    **{code: Meaning(ErrorAction.ALARM, text, account_wide=True) for code, text in _ACCOUNT.items()},
    **{code: Meaning(ErrorAction.ALARM, text) for code, text in _CALL.items()},
    **{code: Meaning(ErrorAction.REFUSE, text) for code, text in _REFUSE.items()},
}
_UNKNOWN = Meaning(ErrorAction.REFUSE, "not in our table")


def meaning(errcode: int) -> Meaning:
    """Class of a code. An unknown code counts as a refusal: the platform says that it did nothing."""
    return MEANINGS.get(errcode, _UNKNOWN)


def failure(errcode: int, now: datetime) -> GatewayError:
    """The error for an ``errcode`` other than 0.

    WeChat's own message stays out: it may name the receiver or part of a token. The caller logs its ``rid``.
    """
    errcode_meaning = meaning(errcode)
    reason = f"WeChat {errcode}: {errcode_meaning.text}"
    match errcode_meaning.act:
        case ErrorAction.LATER:
            return Transient(reason, retry_after=errcode_meaning.retry_after)
        case ErrorAction.TOMORROW:
            return NeedsOperator(str(errcode), errcode_meaning.text, retry_after=seconds_until_tomorrow(now))
        case ErrorAction.REFRESH:
            return NeedsOperator(
                str(errcode), errcode_meaning.text, account_wide=True, retry_after=REFRESH_FAILED_RETRY
            )
        case ErrorAction.ALARM:
            return NeedsOperator(str(errcode), errcode_meaning.text, account_wide=errcode_meaning.account_wide)
        case ErrorAction.REFUSE:
            return Rejected(str(errcode), errcode_meaning.text)
