"""Recognises the browser of a request by its User-Agent."""

from __future__ import annotations

import aiohttp.web as http


def is_wechat(request: http.Request) -> bool:
    return "MicroMessenger" in request.headers.get("User-Agent", "")


def in_mini_program(request: http.Request) -> bool:
    """A page inside a mini-program's web-view, which can neither identify the visitor through WeChat nor open its
    cashier."""
    return "miniProgram" in request.headers.get("User-Agent", "")


def in_wechat(request: http.Request) -> bool:
    """WeChat's own browser, not a page inside a mini-program."""
    return is_wechat(request) and not in_mini_program(request)


def device_of(request: http.Request) -> str:
    """The name of the device in the list of log-ins."""
    if is_wechat(request):
        return "微信内网页"
    return "手机浏览器" if "Mobile" in request.headers.get("User-Agent", "") else "电脑浏览器"
