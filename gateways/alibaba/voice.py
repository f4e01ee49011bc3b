"""Voice calls by Alibaba Cloud: spoken texts, a flat menu of keys, and reading pushed reports."""

from __future__ import annotations

from collections.abc import Mapping
from datetime import datetime

from config.settings import Voice, VoicePool
from domain.clock import Clock
from domain.errors import Rejected
from gateways import jsons
from gateways.alibaba.api import (
    LONGEST_STATUS,
    LONGEST_VENDOR_ID,
    MOBILE,
    AlibabaApi,
    Credentials,
    check_out_id,
    no_template,
    parse_receipts,
    parse_time,
    read_out_id,
)
from gateways.http import Effect, Vendor
from gateways.jsons import Json
from services.ports import CallDetail, CallReport

PLAY_TIMES = 2
"""How often a text is spoken while nobody presses a key."""
KEY_WAIT_MS = 8000
"""How long a menu listens after its text."""
LONGEST_PARAMS = 250
"""The variables as JSON must be shorter than this many characters."""
_PRODUCTS = ("11000000300005", "11010000138001")
"""IVR and text to speech: what QueryCallDetailByCallId must be told; a call id doesn't show which it was."""
LONGEST_KEYS = 20
"""The last of the pressed keys are kept; those before don't decide."""
_UNDER_WAY = frozenset({"", "200101", "200102", "200103", "300000"})
"""Status codes of a call that goes on: connecting, ringing, talking, a key was pressed."""
_KEYS = frozenset("0123456789*#")


class AlibabaVoice:
    """Implements the port VoiceCaller. A template is a kind of notice; each pool has its own codes and number."""

    def __init__(self, settings: Voice, vendor: Vendor, clock: Clock) -> None:
        self._settings = settings
        credentials = Credentials(settings.access_key_id, settings.access_key_secret)
        self._api = AlibabaApi(vendor, settings.url, credentials, clock)

    async def call(
        self,
        pool: str,
        mobile: str,
        template: str,
        params: Mapping[str, str],
        *,
        keys: Mapping[str, str],
        out_id: str,
        bye: str = "",
    ) -> str:
        """The vendor's CallId. Transient with ``retry_after`` when the number was rung too often lately.

        All texts get the same ``params``. Rejected when the pool has no template of one of them. Failed calls count for
        the vendor's limits (1 a minute, 5 an hour, 20 a day).
        """
        spoken = jsons.dumps(params).decode()
        if not MOBILE.fullmatch(mobile):
            raise Rejected("isv.MOBILE_NUMBER_ILLEGAL", "not a mobile number of the Chinese mainland")
        if len(spoken) >= LONGEST_PARAMS:
            raise Rejected("isv.PARAM_LENGTH_LIMIT", f"the variables have {LONGEST_PARAMS} characters or more")
        agreed = self._settings.of(pool) or VoicePool()

        def code(text: str) -> str:
            if text not in agreed.templates:
                raise no_template("voice", pool, text)
            return agreed.templates[text]

        common = {
            "CalledNumber": mobile,
            "CalledShowNumber": agreed.show_number,
            "PlayTimes": str(PLAY_TIMES),
            "OutId": check_out_id(out_id),
        }
        if not keys:
            return await self._dial("SingleCallByTts", {**common, "TtsCode": code(template), "TtsParam": spoken})
        menu = {"StartCode": code(template), "StartTtsParams": spoken, "Timeout": str(KEY_WAIT_MS)}
        for number, (key, text) in enumerate(sorted(keys.items()), start=1):
            menu[f"MenuKeyMap.{number}.Key"] = key
            menu[f"MenuKeyMap.{number}.Code"] = code(text)
            menu[f"MenuKeyMap.{number}.TtsParams"] = spoken
        if bye:
            menu |= {"ByeCode": code(bye), "ByeTtsParams": spoken}
        return await self._dial("IvrCall", {**common, **menu})

    async def report(self, call_id: str, called_at: datetime) -> CallDetail | None:
        """Asks under both products."""
        moment = str(int(called_at.timestamp() * 1000))
        for product in _PRODUCTS:
            query = {"CallId": call_id, "ProdId": product, "QueryDate": moment}
            data = await self._api.call("QueryCallDetailByCallId", query, Effect.READ)
            if report := _detail(jsons.text(data, "Data"), call_id):
                return report
        return None

    async def _dial(self, action: str, parameters: Mapping[str, str]) -> str:
        data = await self._api.call(action, parameters, Effect.WRITE)
        call_id = jsons.token(data, "CallId", LONGEST_VENDOR_ID)
        if not call_id:
            raise self._api.lie(Effect.WRITE, action, "CallId")
        return call_id


def parse_voice_receipts(body: bytes) -> list[CallReport]:
    """Reports of a pushed VoiceReport or VoiceCallReport array. InvalidInput when it is no such thing; strange items
    are left out.

    A report during the call (``ended`` false) holds only the key just pressed; the one after the call holds them all.
    """
    return parse_receipts(body, _receipt, "语音")


def _receipt(item: Json) -> CallReport | None:
    call_id, out_id = jsons.token(item, "call_id", LONGEST_VENDOR_ID), read_out_id(item)
    status = jsons.token(item, "status_code", LONGEST_STATUS)
    if not call_id or not out_id or not status:
        return None
    ended = status not in _UNDER_WAY
    at = parse_time(jsons.text(item, "end_time") or jsons.text(item, "status_time"))
    return CallReport(call_id, out_id, ended, status, _pressed(item), at if ended else None)


def _detail(raw: str, call_id: str) -> CallDetail | None:
    """The answer's ``Data`` is JSON as text, empty while the vendor knows nothing. Its example holds no keys."""
    try:
        data = jsons.parse(raw.encode())
    except ValueError:
        return None
    if not isinstance(data, dict) or jsons.text(data, "callId") not in ("", call_id):
        return None
    status = jsons.token(data, "state", LONGEST_STATUS)
    if not status:
        return None
    keys = _pressed(data) if "dtmf" in data or "digits" in data else None
    return CallDetail(call_id, jsons.text(data, "callee"), status not in _UNDER_WAY, status, keys)


def _pressed(item: Json) -> str:
    """Keys in order. The vendor's pages name the field ``dtmf`` and ``digits``; separators are dropped."""
    raw = jsons.text(item, "dtmf") or jsons.text(item, "digits")
    return "".join(key for key in raw if key in _KEYS)[-LONGEST_KEYS:]
