"""Limits on SMS codes: per network, over all pools, or WeChat account and day, and per pool and hour."""

from __future__ import annotations

from datetime import datetime

from prometheus_client import Counter

from domain.clock import local, print_full
from domain.errors import TooMany
from models.accounts import VerificationCode
from services.accounts.sources import CallerKey
from services.core.base import Deps, rows
from services.core.limits import DAY, HOUR, advisory_lock, print_wait, seconds_until
from services.notifications import Notices

LINK = "link"
"""Purpose of a code that is displayed, not sent (``account_linking``): it doesn't count for limits on messages."""

WARN = 0.8
"""Share of a pool's budget at which the office is notified; the rest is reserved for known persons."""

sent_codes = Counter("pbt_codes_sent_total", "Codes sent by SMS", ["pool"])
refused_codes = Counter("pbt_codes_refused_total", "Codes not sent, by the budget that was used up", ["pool", "budget"])

_OFFICE = """
SELECT DISTINCT a.id FROM role_grant g JOIN account a ON a.id = g.account_id
 WHERE a.pool = $1 AND g.role = 'pool_admin' AND g.revoked_at IS NULL AND a.disabled_at IS NULL
"""


class SmsBudget:
    """The budget of one pool, inside the caller's transaction."""

    def __init__(self, deps: Deps, notices: Notices, pool: str) -> None:
        self._deps = deps
        self._notices = notices
        self._pool = pool
        self._login = deps.book(pool).login

    async def check(self, caller: CallerKey, now: datetime, *, sends: bool) -> None:
        """Raises TooMany, with an alternative for the person; otherwise the caller may send, unless ``sends`` is
        false."""
        await advisory_lock(f"codes:{self._pool}")
        await self._check_caller(caller, now)
        since = now - HOUR
        sent = VerificationCode.filter(pool=self._pool, sent=True, sent_at__gt=since).exclude(purpose=LINK)
        times = [row.sent_at for row in await sent.order_by("sent_at").only("id", "sent_at")]
        most = self._login.codes_per_pool_hour
        if len(times) >= (most if caller.familiar else max(1, int(most * WARN))):
            refused_codes.labels(self._pool, "pool").inc()
            wait = seconds_until(times[0] + HOUR, now)
            raise TooMany(
                f"获取验证码的人太多，请{print_wait(wait)}后再试。{self._other_ways()}",
                retry_after=wait,
                code="code_budget",
            )
        if sends:
            sent_codes.labels(self._pool).inc()
            await self._warn_office(len(times) + 1, most, now)

    async def _check_caller(self, caller: CallerKey, now: datetime) -> None:
        network = caller.name.startswith("network:")
        most = self._login.codes_per_network_day if network else self._login.codes_per_wechat_day
        await advisory_lock(f"codes:{caller.name}")  # after the pool's, always
        # a network is the same one at each pool, and would have each pool's number otherwise
        pools = list(self._deps.rulebooks) if network else [self._pool]
        recent_codes = VerificationCode.filter(pool__in=pools, source=caller.name, sent_at__gt=now - DAY)
        times = [row.sent_at for row in await recent_codes.order_by("sent_at").only("id", "sent_at")]
        if len(times) < most:
            return
        refused_codes.labels(self._pool, "network" if network else "wechat").inc()
        wait = seconds_until(times[-most] + DAY, now)
        words = "您所在的网络今天获取验证码太多" if network else "您今天获取验证码太多"
        raise TooMany(
            f"{words}，请{print_wait(wait)}后再试。{self._other_ways() if network else ''}",
            retry_after=wait,
            code="code_limit",
        )

    def _other_ways(self) -> str:
        return f"也可以在微信公众号“{self._deps.book(self._pool).pool.account_name}”里办理，或改用手机流量再试。"

    async def _warn_office(self, used: int, most: int, now: datetime) -> None:
        """Notify the office once an hour at each of the two marks."""
        reached = [share for share in (WARN, 1.0) if used >= int(most * share)]
        if not reached:
            return
        for row in await rows(_OFFICE, self._pool):
            await self._notices.notify(
                pool=self._pool,
                kind="code_budget",
                dedupe_key=f"code_budget:{row['id']}:{reached[-1]:.0%}:{local(now):%Y%m%d%H}",
                params={"at": print_full(now), "count": str(used), "most": str(most)},
                account_id=row["id"],
            )
