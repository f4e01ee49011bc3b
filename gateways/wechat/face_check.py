"""WeChat's face check (微信人脸核身 2.0) for pages of an official account: ``getverifyid`` and ``queryverifyinfo``.

Only official accounts of government bodies and public institutions get it, for mainland ID cards. The phone's report of
the outcome is ignored: passed means ``errcode`` 0 with ``verify_ret`` 10000 from WeChat's server.
"""

from __future__ import annotations

import base64
import hashlib
from dataclasses import dataclass
from typing import Annotated

from pydantic import Field

from config.settings import Wechat
from gateways.http import Effect
from gateways.shapes import Shape, Visible, Whole
from gateways.wechat.access_token import App
from gateways.wechat.api import WechatApi
from services.ports import FacePerson

PASSED = 10000
_CARD = "IDENTITY_CARD"
_PATH = "/cityservice/face/identify"


class _Begun(Shape):
    verify_id: Annotated[Visible, Field(min_length=1, max_length=256)]


class _Verdict(Shape):
    verify_ret: Whole = -1


@dataclass(frozen=True)
class WechatFaces:
    """Implements the port FaceChecker. Name and number travel in the body, and appear in no log and no error."""

    settings: Wechat
    api: WechatApi

    async def begin(self, pool: str, number: str, person: FacePerson) -> str:
        card = {"cert_type": _CARD, "cert_name": person.name, "cert_no": person.id_number}
        body = {"out_seq_no": number, "cert_info": card, "openid": person.openid}
        path = f"{_PATH}/getverifyid"
        return (await self.api.post(self._app(pool, path), path, body, Effect.READ, _Begun)).verify_id

    async def verdict(self, pool: str, number: str, check: str, person: FacePerson) -> bool:
        body = {
            "verify_id": check,
            "out_seq_no": number,
            "cert_hash": cert_hash(person.name, person.id_number),
            "openid": person.openid,
        }
        path = f"{_PATH}/queryverifyinfo"
        answer = await self.api.post(self._app(pool, path), path, body, Effect.READ, _Verdict)
        return answer.verify_ret == PASSED

    def _app(self, pool: str, call: str) -> App:
        account = self.settings.accounts.get(pool)
        if account is None:
            raise self.api.missing_setting(pool, call, "no_account", f"pool {pool} has no official account")
        return App(account.appid, account.secret)


def cert_hash(name: str, id_number: str) -> str:
    """SHA-256, in hex, of type, name and number, each in base64, so that the query holds no personal data."""
    fields = {"cert_type": _CARD, "cert_name": name, "cert_no": id_number}
    text = "&".join(f"{key}={base64.b64encode(value.encode()).decode()}" for key, value in fields.items())
    return hashlib.sha256(text.encode()).hexdigest()
