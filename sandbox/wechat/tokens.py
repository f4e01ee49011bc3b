"""Access tokens: the two issuers, times to live and limits."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field

from sandbox.clock import SandboxClock, beijing_day
from sandbox.wechat.errors import WechatError

TOKEN_TTL = 7200.0
HANDOVER = 300.0
"""Seconds in which an old token still works beside the new one."""
FORCED_A_DAY = 20
FORCED_APART = 30.0


@dataclass(slots=True)
class _Issued:
    stable: str = ""
    classic: str = ""
    forced: list[float] = field(default_factory=list)


class IssuedTokens:
    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._apps: dict[str, tuple[str, float]] = {}
        """Token to app id and time of expiry."""
        self._issued: dict[str, _Issued] = {}

    def check(self, token: str) -> str:
        """The app id the token stands for; WechatError 41001, 40001 or 42001."""
        if not token:
            raise WechatError(41001)
        issued = self._apps.get(token)
        if issued is None:
            raise WechatError(40001)
        if issued[1] <= self._clock.now():
            raise WechatError(42001)
        return issued[0]

    def issue_classic(self, appid: str) -> tuple[str, int]:
        """A new token and its time to live; the one before ends after the hand-over."""
        issued = self._issued.setdefault(appid, _Issued())
        self._shorten_life(issued.classic)
        issued.classic = self._new(appid)
        return issued.classic, int(TOKEN_TTL)

    def issue_stable(self, appid: str, force: bool) -> tuple[str, int]:
        """The token in force and its seconds left; renewed five minutes before its end, or when forced."""
        issued = self._issued.setdefault(appid, _Issued())
        now = self._clock.now()
        if force:
            self._count_forced(issued, now)
            self._apps.pop(issued.stable, None)
            issued.stable = ""
        left = self._apps.get(issued.stable, ("", 0.0))[1] - now
        if left <= HANDOVER:
            issued.stable = self._new(appid)
            left = TOKEN_TTL
        return issued.stable, int(left)

    def revoke_all(self, appid: str) -> None:
        """Revoke all tokens of the app, as after a reset secret."""
        self._apps = {token: issued for token, issued in self._apps.items() if issued[0] != appid}

    def _count_forced(self, issued: _Issued, now: float) -> None:
        today = beijing_day(now)
        issued.forced = [at for at in issued.forced if beijing_day(at) == today]
        if issued.forced and now - issued.forced[-1] < FORCED_APART:
            raise WechatError(45011)
        if len(issued.forced) >= FORCED_A_DAY:
            raise WechatError(45009)
        issued.forced.append(now)

    def _new(self, appid: str) -> str:
        token = f"{secrets.randbelow(90) + 10}_{secrets.token_urlsafe(96)}"
        self._apps[token] = (appid, self._clock.now() + TOKEN_TTL)
        return token

    def _shorten_life(self, token: str) -> None:
        issued = self._apps.get(token)
        if issued is not None:
            self._apps[token] = (issued[0], min(issued[1], self._clock.now() + HANDOVER))
