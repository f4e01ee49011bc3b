"""Mini-program log-in, phone number and links; OAuth2 in WeChat's browser."""

from __future__ import annotations

import base64
import hashlib
import hmac
import html
import secrets
from urllib.parse import quote, urlencode, urlsplit

from aiohttp import web

from sandbox import jsons
from sandbox.config import AccountConfig
from sandbox.jsons import Json
from sandbox.phones import openid_of
from sandbox.wechat.api import ApiCall, ApiRoute, ok
from sandbox.wechat.errors import WechatError
from sandbox.wechat.platform import MiniLink

LONGEST_LINK_DAYS = 30
REFRESH_TTL = 30 * 86400.0


def _check_app(call: ApiCall) -> str:
    appid = call.query.get("appid", "")
    app = call.platform.app(appid)
    if app is None:
        raise WechatError(40013)
    if not secrets.compare_digest(app.secret.encode(), call.query.get("secret", "").encode()):
        raise WechatError(40125)
    if call.query.get("grant_type") != "authorization_code":
        raise WechatError(40002)
    return appid


def code_to_session(call: ApiCall) -> Json:
    appid = _check_app(call)
    code = call.platform.login_codes.redeem(call.query.get("js_code", ""), appid)
    call.phone_id = code.phone.id
    openid = openid_of(appid, code.phone.mobile)
    call.platform.world.by_openid[openid] = code.phone
    key = call.platform.session_keys.setdefault(openid, base64.b64encode(secrets.token_bytes(16)).decode())
    return {"session_key": key, "openid": openid}


def check_session(call: ApiCall) -> Json:
    key = call.platform.session_keys.get(call.query.get("openid", ""))
    if key is None or call.query.get("sig_method") != "hmac_sha256":
        raise WechatError(87009)
    expected = hmac.new(base64.b64decode(key), b"", hashlib.sha256).hexdigest()
    if not hmac.compare_digest(expected, call.query.get("signature", "")):
        raise WechatError(87009)
    return ok()


def phone_number(call: ApiCall) -> Json:
    mini = call.mini
    code = call.platform.phone_codes.redeem(jsons.text(call.body, "code"), mini.appid, used_error=40029)
    call.phone_id = code.phone.id
    watermark: Json = {"timestamp": int(call.platform.world.clock.now()), "appid": mini.appid}
    info: Json = {
        "phoneNumber": code.phone.mobile,
        "purePhoneNumber": code.phone.mobile,
        "countryCode": "86",
        "watermark": watermark,
    }
    return ok(phone_info=info)


def url_link(call: ApiCall) -> Json:
    body, now = call.body, call.platform.world.clock.now()
    path, query = jsons.text(body, "path"), jsons.text(body, "query")
    if "?" in path:
        raise WechatError(40165)
    if len(query) > 1024:
        raise WechatError(40212)
    if jsons.text(body, "expire_type", "0") == "1":
        expires = now + float(jsons.text(body, "expire_interval", "30")) * 86400
    else:
        expires = float(jsons.text(body, "expire_time", "0")) or now + LONGEST_LINK_DAYS * 86400
    if not now < expires <= now + LONGEST_LINK_DAYS * 86400 + 60:
        raise WechatError(85401)
    name = secrets.token_urlsafe(8)
    call.platform.links[name] = MiniLink(call.mini.appid, path, query, expires)
    return ok(url_link=f"{call.platform.world.config.public_url}/wechat/link/{name}")


_OPENS = """<script>
const url = location.origin + location.pathname;
if (window.parent !== window) window.parent.postMessage({ bridge: 'openLink', parameters: { url } }, location.origin);
</script>"""


def open_link(call: ApiCall) -> web.Response:
    """The page behind a URL Link: opens the mini-program of the phone whose browser shows it, else asks to do so."""
    link = call.platform.links.get(call.request.match_info["name"])
    if link is None or link.expires <= call.platform.world.clock.now():
        return web.Response(status=404, text="链接已失效，请重新获取。")
    page = html.escape(f"{link.path}?{link.query}".strip("?") or "首页")
    text = f"<!doctype html><meta charset=utf-8><title>打开小程序</title><p>请在手机上打开小程序：{page}</p>{_OPENS}"
    return web.Response(text=text, content_type="text/html")


# -- OAuth2 -----------------------------------------------------------------------------------------------------


def authorize(call: ApiCall) -> web.Response:
    """Authorise at once for the phone whose browser asks; that browser puts ``phone`` into the query."""
    query, world = call.query, call.platform.world
    account = call.platform.app(query.get("appid", ""))
    phone = world.find_phone(query.get("phone", ""))
    target = query.get("redirect_uri", "")
    if not isinstance(account, AccountConfig):
        return web.Response(status=400, text="appid 参数错误")
    if query.get("response_type") != "code" or query.get("scope") not in ("snsapi_base", "snsapi_userinfo"):
        return web.Response(status=400, text="Scope 参数错误或没有 Scope 权限")
    if not any(target.startswith(base) for base in service_bases(call)):
        return web.Response(status=400, text="redirect_uri 域名与后台配置不一致")
    if phone is None:
        return web.Response(status=403, text="请在手机的微信里打开此链接")
    world.chat(phone, account.pool)
    call.phone_id = phone.id
    code = call.platform.oauth_codes.issue(phone, account.appid, query["scope"])
    code_and_state = urlencode({"code": code, "state": query.get("state", "")})
    url = target + ("&" if urlsplit(target).query else "?") + code_and_state
    return web.Response(status=302, headers={"Location": browser_url(call, phone.id, url)})


def service_bases(call: ApiCall) -> list[str]:
    config = call.platform.world.config
    return [base + "/" for base in (config.service_url, config.service_public_url) if base]


def browser_url(call: ApiCall, phone_id: str, url: str) -> str:
    """The service's address as the phone's browser in the page reaches it."""
    for base in service_bases(call):
        if url.startswith(base):
            return f"/phone/{quote(phone_id)}/service/{url.removeprefix(base)}"
    return url


def oauth_token(call: ApiCall) -> Json:
    appid = _check_app(call)
    code = call.platform.oauth_codes.redeem(call.query.get("code", ""), appid)
    call.phone_id = code.phone.id
    openid = openid_of(appid, code.phone.mobile)
    call.platform.world.by_openid[openid] = code.phone
    return _grant(call, appid, openid, code.scope)


def oauth_refresh(call: ApiCall) -> Json:
    token = call.platform.user_tokens.get(call.query.get("refresh_token", ""))
    if token is None or token[0] != call.query.get("appid"):
        raise WechatError(40030)
    return _grant(call, token[0], token[1], token[2])


def _grant(call: ApiCall, appid: str, openid: str, scope: str) -> Json:
    now = call.platform.world.clock.now()
    access, refresh = secrets.token_urlsafe(64), secrets.token_urlsafe(64)
    call.platform.user_tokens[access] = (appid, openid, scope, now + 7200)
    call.platform.user_tokens[refresh] = (appid, openid, scope, now + REFRESH_TTL)
    return {"access_token": access, "expires_in": 7200, "refresh_token": refresh, "openid": openid, "scope": scope}


def oauth_user(call: ApiCall) -> Json:
    token = call.platform.user_tokens.get(call.query.get("access_token", ""))
    if token is None or token[3] <= call.platform.world.clock.now():
        raise WechatError(42001)
    if token[1] != call.query.get("openid"):
        raise WechatError(40003)
    if token[2] != "snsapi_userinfo":
        raise WechatError(48001)
    phone = call.platform.world.by_openid[token[1]]
    return {"openid": token[1], "nickname": phone.name, "sex": 0, "headimgurl": "", "privilege": []}


ROUTES = [
    ApiRoute("GET", "/sns/jscode2session", code_to_session, needs_token=False, text_plain=True),
    ApiRoute("GET", "/wxa/checksession", check_session),
    ApiRoute("POST", "/wxa/business/getuserphonenumber", phone_number),
    ApiRoute("POST", "/wxa/generate_urllink", url_link),
    ApiRoute("GET", "/link/{name}", open_link, needs_token=False),
    ApiRoute("GET", "/connect/oauth2/authorize", authorize, needs_token=False),
    ApiRoute("GET", "/sns/oauth2/access_token", oauth_token, needs_token=False, text_plain=True),
    ApiRoute("GET", "/sns/oauth2/refresh_token", oauth_refresh, needs_token=False, text_plain=True),
    ApiRoute("GET", "/sns/userinfo", oauth_user, needs_token=False, text_plain=True),
]
