"""The face check 人脸核身 2.0: the service begins a check, the person shows the face, the server returns the result."""

from __future__ import annotations

import re
import secrets

from sandbox import jsons
from sandbox.jsons import BadControlRequest, Json
from sandbox.phones import Phone
from sandbox.wechat.api import ApiCall, ApiRoute, ok
from sandbox.wechat.errors import WechatError
from sandbox.wechat.platform import Face, Platform

TICKET_TTL = 3600
PASSED, OTHER_PERSON, LEFT = 10000, 90004, 90002
_NUMBER = re.compile(r"[0-9A-Za-z_-]{5,32}")


def begin(call: ApiCall) -> Json:
    body, card = call.body, jsons.mapping(call.body, "cert_info")
    number, openid = jsons.text(body, "out_seq_no"), jsons.text(body, "openid")
    phone = call.platform.world.by_openid.get(openid)
    if phone is None:
        raise WechatError(40003)
    call.phone_id = phone.id
    if not _NUMBER.fullmatch(number) or jsons.text(card, "cert_type") != "IDENTITY_CARD":
        raise WechatError(47003)
    if any(face.number == number for face in call.platform.faces.values()):
        raise WechatError(47003, "out_seq_no was used")
    name, own = jsons.text(card, "cert_name"), jsons.text(card, "cert_no")
    if not name or not own:
        raise WechatError(47003)
    verify_id = secrets.token_urlsafe(32)
    expires = call.platform.world.clock.now() + TICKET_TTL
    call.platform.faces[verify_id] = Face(number, openid, name, own, expires)
    return ok(verify_id=verify_id, expires_in=TICKET_TTL)


def query(call: ApiCall) -> Json:
    body = call.body
    face = call.platform.faces.get(jsons.text(body, "verify_id"))
    claimed = (jsons.text(body, "out_seq_no"), jsons.text(body, "openid"), jsons.text(body, "cert_hash"))
    if face is None or claimed != (face.number, face.openid, face.hash):
        raise WechatError(47003)
    return ok(verify_ret=face.verdict)


def show_face(platform: Platform, phone: Phone, verify_id: str) -> Json:
    """The phone's owner looks into the camera. The fault ``face_fails`` lets the person leave the check."""
    face = platform.faces.get(verify_id)
    if face is None or face.expires <= platform.world.clock.now():
        raise BadControlRequest("no such check, or it is too old")
    same_person = (phone.name, phone.id_number) == (face.name, face.card)
    if platform.world.faults.strikes("wechat", "face_fails"):
        face.verdict = LEFT
    elif face.verdict != PASSED:
        face.verdict = PASSED if same_person else OTHER_PERSON
    return {"verify_ret": face.verdict}


ROUTES = [
    ApiRoute("POST", "/cityservice/face/identify/getverifyid", begin),
    ApiRoute("POST", "/cityservice/face/identify/queryverifyinfo", query),
]
