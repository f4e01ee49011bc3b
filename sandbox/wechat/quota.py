"""Daily quotas of the server API: counted per app and path, by Beijing days."""

from __future__ import annotations

from sandbox.clock import SandboxClock, beijing_day
from sandbox.wechat.errors import WechatError

DAILY = {
    "/cgi-bin/token": 2_000,
    "/cgi-bin/stable_token": 500_000,
    "/cgi-bin/menu/create": 1_000,
    "/cgi-bin/menu/get": 10_000,
    "/cgi-bin/menu/delete": 1_000,
    "/cgi-bin/media/upload": 100_000,
    "/cgi-bin/media/get": 200_000,
    "/cgi-bin/message/custom/send": 500_000,
    "/cgi-bin/message/template/send": 100_000,
    "/cgi-bin/message/subscribe/send": 10_000_000,
    "/cgi-bin/message/subscribe/bizsend": 100_000,
    "/cgi-bin/qrcode/create": 100_000,
    "/cgi-bin/user/get": 500,
    "/cgi-bin/user/info": 5_000_000,
    "/wxa/generate_urllink": 500_000,
}
CLEARS_A_MONTH = 10


class Quotas:
    def __init__(self, clock: SandboxClock) -> None:
        self._clock = clock
        self._used: dict[tuple[str, str], int] = {}
        self._day = ""
        self._clears: dict[tuple[str, str], int] = {}
        self.limits = dict(DAILY)

    def spend(self, appid: str, path: str) -> None:
        """WechatError 45009 when the day's calls are used up."""
        limit = self.limits.get(path)
        if limit is None:
            return
        used = self.count_used(appid, path)
        if used >= limit:
            raise WechatError(45009)
        self._used[appid, path] = used + 1

    def count_used(self, appid: str, path: str) -> int:
        today = beijing_day(self._clock.now())
        if today != self._day:
            self._day = today
            self._used.clear()
        return self._used.get((appid, path), 0)

    def clear(self, appid: str) -> None:
        """WechatError 48006 when the month's ten clearings are used up."""
        month = (appid, beijing_day(self._clock.now())[:6])
        if self._clears.get(month, 0) >= CLEARS_A_MONTH:
            raise WechatError(48006)
        self._clears[month] = self._clears.get(month, 0) + 1
        self._used = {key: used for key, used in self._used.items() if key[0] != appid}
