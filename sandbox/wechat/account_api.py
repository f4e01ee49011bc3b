"""Tokens, menus, scene QR codes, users, media and quotas of an official account."""

from __future__ import annotations

import io
import secrets

import qrcode
import qrcode.image.svg
from aiohttp import BodyPartReader, web

from sandbox import jsons
from sandbox.jsons import Json
from sandbox.wechat.api import ApiCall, ApiRoute, ok
from sandbox.wechat.errors import WechatError
from sandbox.wechat.platform import MEDIA_TTL, App, Media, PersonalMenu, Scene
from sandbox.wechat.quota import DAILY

BUTTON_TYPES = frozenset(
    {
        "click",
        "view",
        "miniprogram",
        "scancode_push",
        "scancode_waitmsg",
        "pic_sysphoto",
        "pic_photo_or_album",
        "pic_weixin",
        "location_select",
        "media_id",
        "article_id",
        "article_view_limited",
    }
)
LONGEST_SCENE_TTL = 2_592_000
MEDIA_LIMITS = {"image": 10 << 20, "voice": 2 << 20, "video": 10 << 20, "thumb": 64 << 10}


def _app_of(call: ApiCall, appid: str, secret: str) -> App:
    if not appid:
        raise WechatError(41002)
    if not secret:
        raise WechatError(41004)
    app = call.platform.app(appid)
    if app is None:
        raise WechatError(40013)
    if not secrets.compare_digest(app.secret.encode(), secret.encode()):
        raise WechatError(40125)
    return app


def _check_grant(value: str) -> None:
    if value != "client_credential":
        raise WechatError(40002)


def classic_token(call: ApiCall) -> Json:
    _check_grant(call.query.get("grant_type", ""))
    app = _app_of(call, call.query.get("appid", ""), call.query.get("secret", ""))
    call.platform.quotas.spend(app.appid, "/cgi-bin/token")
    token, seconds = call.platform.tokens.issue_classic(app.appid)
    return {"access_token": token, "expires_in": seconds}


def stable_token(call: ApiCall) -> Json:
    _check_grant(jsons.text(call.body, "grant_type"))
    app = _app_of(call, jsons.text(call.body, "appid"), jsons.text(call.body, "secret"))
    call.platform.quotas.spend(app.appid, "/cgi-bin/stable_token")
    token, seconds = call.platform.tokens.issue_stable(app.appid, call.body.get("force_refresh") is True)
    return {"access_token": token, "expires_in": seconds}


def callback_ips(call: ApiCall) -> Json:
    return {"ip_list": ["127.0.0.1"]}


def api_ips(call: ApiCall) -> Json:
    return {"ip_list": ["127.0.0.1"]}


# -- menus ------------------------------------------------------------------------------------------------------


def create_menu(call: ApiCall) -> Json:
    if b"\\u" in call.raw:
        raise WechatError(40033)
    call.platform.menus[call.account.appid] = {"button": _check_buttons(call.body)}
    show_menus(call)
    return ok()


def show_menus(call: ApiCall) -> None:
    """Phones that are looked at show their menu anew."""
    if call.platform.world.hub.watched:
        call.platform.world.hub.publish("menu", {"pool": call.account.pool})


def add_personal_menu(call: ApiCall) -> Json:
    if call.account.appid not in call.platform.menus:
        raise WechatError(65303)
    tag = jsons.text(jsons.mapping(call.body, "matchrule"), "tag_id")
    if not tag.isdigit() or int(tag) not in call.platform.tags.get(call.account.appid, {}):
        raise WechatError(45159)
    menu_id = str(call.platform.world.new_number())
    menus = call.platform.personal_menus.setdefault(call.account.appid, {})
    menus[menu_id] = PersonalMenu(int(tag), {"button": _check_buttons(call.body)})
    show_menus(call)
    return {"menuid": menu_id}


def delete_personal_menu(call: ApiCall) -> Json:
    if call.platform.personal_menus.get(call.account.appid, {}).pop(jsons.text(call.body, "menuid"), None) is None:
        raise WechatError(65301)
    return ok()


def _check_buttons(body: Json) -> list[Json]:
    buttons = jsons.objects(body, "button")
    if not 1 <= len(buttons) <= 3:
        raise WechatError(40016)
    for button in buttons:
        _check_button(button, name_limit=16)
    return list(buttons)


def _check_button(button: Json, name_limit: int) -> None:
    if not 1 <= len(jsons.text(button, "name").encode()) <= name_limit:
        raise WechatError(40018)
    children = jsons.objects(button, "sub_button")
    if children:
        if len(children) > 5:
            raise WechatError(40016)
        for child in children:
            _check_button(child, name_limit=60)
        return
    kind = jsons.text(button, "type")
    if kind not in BUTTON_TYPES:
        raise WechatError(40017)
    needed = {"view": ("url",), "miniprogram": ("url", "appid", "pagepath")}.get(kind, ("key",))
    if kind in ("media_id", "article_id", "article_view_limited"):
        needed = ("media_id",) if kind == "media_id" else ("article_id",)
    for key in needed:
        if not jsons.text(button, key):
            raise WechatError(40015, f"{key} missing")


def get_menu(call: ApiCall) -> Json:
    menu = call.platform.menus.get(call.account.appid)
    if menu is None:
        raise WechatError(46003)
    personal = [
        {**personal_menu.menu, "matchrule": {"tag_id": str(personal_menu.tag)}, "menuid": int(menu_id)}
        for menu_id, personal_menu in call.platform.personal_menus.get(call.account.appid, {}).items()
    ]
    return {"menu": menu, **({"conditionalmenu": personal} if personal else {})}


def delete_menu(call: ApiCall) -> Json:
    call.platform.menus.pop(call.account.appid, None)
    call.platform.personal_menus.pop(call.account.appid, None)
    return ok()


# -- tags of followers ------------------------------------------------------------------------------------------


def list_tags(call: ApiCall) -> Json:
    members = [tag for (appid, _), tags in call.platform.tags_of.items() if appid == call.account.appid for tag in tags]
    named = call.platform.tags.get(call.account.appid, {})
    return {"tags": [{"id": tag, "name": name, "count": members.count(tag)} for tag, name in named.items()]}


def create_tag(call: ApiCall) -> Json:
    tags, name = (
        call.platform.tags.setdefault(call.account.appid, {}),
        jsons.text(jsons.mapping(call.body, "tag"), "name"),
    )
    if not 1 <= len(name) <= 30 or name in tags.values():
        raise WechatError(45157)
    tag = max(tags, default=99) + 1  # WeChat keeps 0, 1 and 2 for itself
    tags[tag] = name
    return {"tag": {"id": tag, "name": name}}


def tag_followers(call: ApiCall) -> Json:
    for tags, tag in _tags_and_tag(call):
        if tag not in tags:
            tags.append(tag)
    show_menus(call)
    return ok()


def untag_followers(call: ApiCall) -> Json:
    for tags, tag in _tags_and_tag(call):
        if tag in tags:
            tags.remove(tag)
    show_menus(call)
    return ok()


def _tags_and_tag(call: ApiCall) -> list[tuple[list[int], int]]:
    """The tags of each follower in the call, and the one that it is about."""
    tag, openids = jsons.text(call.body, "tagid"), call.body.get("openid_list")
    if not tag.isdigit() or int(tag) not in call.platform.tags.get(call.account.appid, {}):
        raise WechatError(45159)
    if not isinstance(openids, list) or not 1 <= len(openids) <= 50:
        raise WechatError(40003)
    followers = []
    for openid in openids:
        receiver = call.platform.world.chat_by_openid(call.account, str(openid))
        if receiver is None or not receiver[1].following:
            raise WechatError(40003)
        followers.append((call.platform.tags_of.setdefault((call.account.appid, str(openid)), []), int(tag)))
    return followers


# -- scene QR codes ---------------------------------------------------------------------------------------------


def create_qrcode(call: ApiCall) -> Json:
    action = jsons.text(call.body, "action_name")
    scene = jsons.mapping(jsons.mapping(call.body, "action_info"), "scene")
    key = _scene_key(action, scene)
    permanent = "LIMIT" in action
    life = int(jsons.text(call.body, "expire_seconds", "30") or 30)
    if not permanent and not 1 <= life <= LONGEST_SCENE_TTL:
        raise WechatError(40053, "expire_seconds")
    now = call.platform.world.clock.now()
    ticket, url = "g" + secrets.token_urlsafe(60), f"http://weixin.qq.com/q/{secrets.token_urlsafe(15)}"
    qr_scene = Scene(call.account.appid, key, ticket, url, 0.0 if permanent else now + life)
    call.platform.scenes[ticket] = call.platform.scenes[url] = qr_scene
    answer: Json = {"ticket": ticket, "url": url}
    return answer if permanent else {**answer, "expire_seconds": life}


def _scene_key(action: str, scene: Json) -> str:
    if action in ("QR_STR_SCENE", "QR_LIMIT_STR_SCENE"):
        key = jsons.text(scene, "scene_str")
        if not 1 <= len(key) <= 64:
            raise WechatError(40053, "scene_str")
        return key
    if action not in ("QR_SCENE", "QR_LIMIT_SCENE"):
        raise WechatError(40052)
    key = jsons.text(scene, "scene_id")
    highest = 100_000 if action == "QR_LIMIT_SCENE" else 2**32 - 1
    if not key.isdigit() or not 1 <= int(key) <= highest:
        raise WechatError(40053, "scene_id")
    return key


def show_qrcode(call: ApiCall) -> web.Response:
    scene = call.platform.scenes.get(call.query.get("ticket", ""))
    if scene is None:
        return web.Response(status=404, text="not found")
    return web.Response(body=qr_svg(scene.url), content_type="image/svg+xml")


def qr_svg(text: str) -> bytes:
    image = qrcode.make(text, image_factory=qrcode.image.svg.SvgPathFillImage, border=2)
    out = io.BytesIO()
    image.save(out)
    return out.getvalue()


# -- users ------------------------------------------------------------------------------------------------------


def user_info(call: ApiCall) -> Json:
    receiver = call.platform.world.chat_by_openid(call.account, call.query.get("openid", ""))
    if receiver is None:
        raise WechatError(40003)
    return _user(receiver[1].openid, receiver[1].following, receiver[1].followed_at, receiver[1].scene)


def user_batch(call: ApiCall) -> Json:
    requested = jsons.objects(call.body, "user_list")
    if not 1 <= len(requested) <= 100:
        raise WechatError(47003, "user_list")
    users: list[Json] = []
    for item in requested:
        receiver = call.platform.world.chat_by_openid(call.account, jsons.text(item, "openid"))
        if receiver is None:
            raise WechatError(40003)
        users.append(_user(receiver[1].openid, receiver[1].following, receiver[1].followed_at, receiver[1].scene))
    return {"user_info_list": users}


def _user(openid: str, following: bool, followed_at: int, scene: str) -> Json:
    if not following:
        return {"subscribe": 0, "openid": openid}
    return {
        "subscribe": 1,
        "openid": openid,
        "language": "zh_CN",
        "subscribe_time": followed_at,
        "remark": "",
        "groupid": 0,
        "tagid_list": [],
        "subscribe_scene": "ADD_SCENE_QR_CODE" if scene else "ADD_SCENE_SEARCH",
        "qr_scene": int(scene) if scene.isdigit() else 0,
        "qr_scene_str": "" if scene.isdigit() else scene,
    }


def user_list(call: ApiCall) -> Json:
    pool = call.account.pool
    chats = (phone.chats.get(pool) for phone in call.platform.world.phones.values())
    openids = [chat.openid for chat in chats if chat is not None and chat.following]
    after = call.query.get("next_openid", "")
    start = openids.index(after) + 1 if after in openids else 0
    page = openids[start : start + 10_000]
    answer: Json = {"total": len(openids), "count": len(page), "next_openid": page[-1] if page else ""}
    return {**answer, "data": {"openid": page}} if page else answer


# -- media ------------------------------------------------------------------------------------------------------


async def upload_media(call: ApiCall) -> Json:
    kind = call.query.get("type", "")
    if kind not in MEDIA_LIMITS:
        raise WechatError(40004)
    if not call.request.content_type.startswith("multipart/"):
        raise WechatError(41005)
    async for part in await call.request.multipart():
        if isinstance(part, BodyPartReader) and part.name == "media":
            data = bytes(await part.read())
            if not data or len(data) > MEDIA_LIMITS[kind]:
                raise WechatError(45002 if data else 41005)
            now = call.platform.world.clock.now()
            content_type = part.headers.get("Content-Type", "application/octet-stream")
            media_id = call.platform.keep_media(Media(kind, content_type, data, now))
            name = "thumb_media_id" if kind == "thumb" else "media_id"
            return {"type": kind, name: media_id, "created_at": int(now)}
    raise WechatError(41005)


def get_media(call: ApiCall) -> Json | web.Response:
    media = call.platform.media.get(call.query.get("media_id", ""))
    if media is None or media.created + MEDIA_TTL <= call.platform.world.clock.now():
        raise WechatError(40007)
    return web.Response(body=media.data, content_type=media.content_type.partition(";")[0])


# -- tickets and quotas -----------------------------------------------------------------------------------------


def get_ticket(call: ApiCall) -> Json:
    if call.query.get("type") not in ("jsapi", "wx_card"):
        raise WechatError(40013, "type")
    now = call.platform.world.clock.now()
    ticket = call.platform.tickets.get(call.account.appid)
    if ticket is None or ticket[1] <= now:
        ticket = ("kg" + secrets.token_urlsafe(60), now + 7200)
        call.platform.tickets[call.account.appid] = ticket
    return ok(ticket=ticket[0], expires_in=int(ticket[1] - now))


def clear_quota(call: ApiCall) -> Json:
    if call.app is None or jsons.text(call.body, "appid") != call.app.appid:
        raise WechatError(40013)
    call.platform.quotas.clear(call.app.appid)
    return ok()


def clear_quota_v2(call: ApiCall) -> Json:
    data = {**call.query, **call.body}
    app = _app_of(call, jsons.text(data, "appid"), jsons.text(data, "appsecret"))
    call.platform.quotas.clear(app.appid)
    return ok()


def get_quota(call: ApiCall) -> Json:
    path = jsons.text(call.body, "cgi_path")
    limit = call.platform.quotas.limits.get(path)
    if limit is None or call.app is None:
        raise WechatError(76021)
    used = call.platform.quotas.count_used(call.app.appid, path)
    quota: Json = {"daily_limit": limit, "used": used, "remain": max(0, limit - used)}
    return ok(quota=quota, rate_limit={"call_count": DAILY.get(path, limit), "refresh_second": 60})


ROUTES = [
    ApiRoute("GET", "/cgi-bin/token", classic_token, needs_token=False),
    ApiRoute("POST", "/cgi-bin/stable_token", stable_token, needs_token=False),
    ApiRoute("GET", "/cgi-bin/getcallbackip", callback_ips),
    ApiRoute("GET", "/cgi-bin/get_api_domain_ip", api_ips),
    ApiRoute("POST", "/cgi-bin/menu/create", create_menu),
    ApiRoute("GET", "/cgi-bin/menu/get", get_menu),
    ApiRoute("GET", "/cgi-bin/menu/delete", delete_menu),
    ApiRoute("POST", "/cgi-bin/menu/addconditional", add_personal_menu),
    ApiRoute("POST", "/cgi-bin/menu/delconditional", delete_personal_menu),
    ApiRoute("GET", "/cgi-bin/tags/get", list_tags),
    ApiRoute("POST", "/cgi-bin/tags/create", create_tag),
    ApiRoute("POST", "/cgi-bin/tags/members/batchtagging", tag_followers),
    ApiRoute("POST", "/cgi-bin/tags/members/batchuntagging", untag_followers),
    ApiRoute("POST", "/cgi-bin/qrcode/create", create_qrcode),
    ApiRoute("GET", "/cgi-bin/showqrcode", show_qrcode, needs_token=False),
    ApiRoute("GET", "/cgi-bin/user/info", user_info),
    ApiRoute("POST", "/cgi-bin/user/info/batchget", user_batch),
    ApiRoute("GET", "/cgi-bin/user/get", user_list),
    ApiRoute("POST", "/cgi-bin/media/upload", upload_media, reads_body=False),
    ApiRoute("GET", "/cgi-bin/media/get", get_media),
    ApiRoute("GET", "/cgi-bin/ticket/getticket", get_ticket),
    ApiRoute("POST", "/cgi-bin/clear_quota", clear_quota),
    ApiRoute("POST", "/cgi-bin/clear_quota/v2", clear_quota_v2, needs_token=False),
    ApiRoute("POST", "/cgi-bin/openapi/quota/get", get_quota),
]
