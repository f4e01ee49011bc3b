"""The platform's error answers."""

from __future__ import annotations

MESSAGES = {
    -1: "system error",
    40001: "invalid credential, access_token is invalid or not latest",
    40002: "invalid grant_type",
    40003: "invalid openid",
    40004: "invalid media type",
    40007: "invalid media_id",
    40008: "invalid message type",
    40013: "invalid appid",
    40014: "invalid access_token",
    40015: "invalid menu type",
    40016: "invalid button size",
    40017: "invalid button type",
    40018: "invalid button name size",
    40029: "invalid code",
    40030: "invalid refresh_token",
    40033: "invalid charset. please check your request, if include \\uxxxx will create fail!",
    40037: "invalid template_id",
    40052: "invalid action_name",
    40053: "invalid action_info",
    40125: "invalid appsecret",
    40163: "code been used",
    40164: "invalid ip, not in whitelist",
    40165: "invalid weapp pagepath",
    40212: "invalid query",
    41001: "access_token missing",
    41002: "appid missing",
    41004: "appsecret missing",
    41005: "media data missing",
    42001: "access_token expired",
    43002: "require POST method",
    43004: "require subscribe",
    43101: "user refuse to accept the msg",
    43108: "user is receiving too many messages at the same time",
    44002: "empty post data",
    45002: "content size out of limit",
    45008: "article size out of limit",
    45009: "reach max api daily quota limit",
    45011: "api minute-quota reach limit, must slower, retry next minute",
    45015: "response out of time limit or subscription is canceled",
    45047: "out of response count limit",
    45157: "invalid tag name",
    45159: "invalid tag id",
    45072: "invalid command for typing",
    45080: "no message in 30 seconds",
    45081: "typing already",
    46003: "menu no exist",
    47001: "data format error",
    47003: "argument invalid!",
    48001: "api unauthorized",
    48002: "user block receive message",
    48006: "forbid to clear quota because of reaching the limit",
    65301: "conditional menu not exist",
    65303: "no default menu",
    76021: "cgi_path not found, please check",
    85401: "expire time out of range",
    87009: "invalid signature",
    89503: "this ip needs the administrator's confirmation",
}


class WechatError(Exception):
    """An errcode other than 0; ``detail`` is put behind the usual message."""

    def __init__(self, errcode: int, detail: str = "") -> None:
        self.errcode = errcode
        self.errmsg = MESSAGES.get(errcode, "error") + (f" {detail}" if detail else "")
        super().__init__(f"{errcode} {self.errmsg}")
