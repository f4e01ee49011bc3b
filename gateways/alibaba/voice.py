"""Voice calls by Alibaba Cloud: spoken texts, a flat menu of keys, and parsing pushed reports."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import datetime
from functools import partial
from typing import Annotated

import structlog
from pydantic import Field, ValidationError

from config.settings import VoicePool, VoiceSettings
from domain.clock import Clock
from domain.errors import Rejected
from gateways import jsons
from gateways.alibaba.api import (
    MOBILE,
    VOICE_PRODUCT,
    AlibabaApi,
    AlibabaCredentials,
    OutId,
    StatusCode,
    VendorId,
    check_out_id,
    parse_reports,
    parse_time,
)
from gateways.http import Effect, Vendor
from gateways.shapes import Shape, Text
from services.ports import CallDetail, CallReport

log: structlog.stdlib.BoundLogger = structlog.get_logger(__name__)

PLAY_TIMES = 2
"""How often a text is spoken while no key is pressed."""
KEY_WAIT_MS = 8000
"""Milliseconds that a menu waits for a key after its text."""
LONGEST_PARAMS = 250
"""Characters: the variables as JSON must be shorter."""
_PRODUCTS = ("11000000300005", "11010000138001")
"""IVR and text to speech: product ids that QueryCallDetailByCallId requires; a call id doesn't show which was used."""
LONGEST_KEYS = 20
"""Number of pressed keys that are kept, the last ones; earlier keys don't decide."""
UNDER_WAY = frozenset({"", "200101", "200102", "200103", "300000"})
"""Status codes of a call under way: connecting, ringing, talking, key pressed."""
_KEYS = frozenset("0123456789*#")
_LONGEST_DURATION = 6
"""Digits."""


class _Dialled(Shape):
    call_id: VendorId = Field(alias="CallId")


class _Pressed(Shape):
    """Pressed keys, under either field name of the vendor's pages."""

    dtmf: Text = ""
    digits: Text = ""


class _DetailAnswer(Shape):
    data: Text = Field("", alias="Data")


class _Detail(_Pressed):
    call_id: Text = Field("", alias="callId")
    callee: Text = ""
    state: Annotated[StatusCode, Field(min_length=1)]


class _Pushed(_Pressed):
    call_id: VendorId
    out_id: OutId
    status_code: Annotated[StatusCode, Field(min_length=1)]
    end_time: Text = ""
    status_time: Text = ""
    duration: Text = ""


class AlibabaVoice:
    """Implements the port VoiceCaller. A template is a kind of notice; each pool has its own codes and number."""

    def __init__(self, settings: VoiceSettings, vendor: Vendor, clock: Clock) -> None:
        self._settings = settings
        credentials = AlibabaCredentials(settings.access_key_id, settings.access_key_secret)
        self._api = AlibabaApi(vendor, settings.url, credentials, clock, VOICE_PRODUCT)

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

        All texts get the same ``params``. NeedsOperator when the pool has no template of one of them. Failed calls
        count for the vendor's limits (1 a minute, 5 an hour, 20 a day).
        """
        spoken = jsons.dumps(params).decode()
        if not MOBILE.fullmatch(mobile):
            raise Rejected("isv.MOBILE_NUMBER_ILLEGAL", "not a mobile number of the Chinese mainland")
        if len(spoken) >= LONGEST_PARAMS:
            raise Rejected("isv.PARAM_LENGTH_LIMIT", f"the variables have {LONGEST_PARAMS} characters or more")
        account = self._settings.of(pool) or VoicePool()
        action, about = "IvrCall" if keys else "SingleCallByTts", f"{pool}.{template}"
        code = partial(self._template_code, account, action, about)
        common = {
            "CalledNumber": mobile,
            "CalledShowNumber": account.show_number,
            "PlayTimes": str(PLAY_TIMES),
            "OutId": check_out_id(out_id),
        }
        if not keys:
            return await self._dial(action, {**common, "TtsCode": code(template), "TtsParam": spoken}, about)
        return await self._dial(action, {**common, **_menu(code, template, keys, bye, spoken)}, about)

    async def report(self, call_id: str, called_at: datetime) -> CallDetail | None:
        """The vendor's report of a call. Queries both products."""
        moment = str(int(called_at.timestamp() * 1000))
        for product in _PRODUCTS:
            query = {"CallId": call_id, "ProdId": product, "QueryDate": moment}
            answer = await self._api.call("QueryCallDetailByCallId", query, Effect.READ, _DetailAnswer)
            if report := _detail(answer.data, call_id):
                return report
        return None

    async def _dial(self, action: str, parameters: Mapping[str, str], about: str) -> str:
        return (await self._api.call(action, parameters, Effect.WRITE, _Dialled, about=about)).call_id

    def _template_code(self, account: VoicePool, action: str, about: str, text: str) -> str:
        if text not in account.templates:
            log.warning("template_missing", vendor="voice", call=about, template=text)
            raise self._api.missing_setting(action, "no_template", about)
        return account.templates[text]


def _menu(code: Callable[[str], str], template: str, keys: Mapping[str, str], bye: str, spoken: str) -> dict[str, str]:
    """Parameters of a call that asks for a key: what each key says, and what ends the call."""
    menu = {"StartCode": code(template), "StartTtsParams": spoken, "Timeout": str(KEY_WAIT_MS)}
    for number, (key, text) in enumerate(sorted(keys.items()), start=1):
        menu[f"MenuKeyMap.{number}.Key"] = key
        menu[f"MenuKeyMap.{number}.Code"] = code(text)
        menu[f"MenuKeyMap.{number}.TtsParams"] = spoken
    if bye:
        menu |= {"ByeCode": code(bye), "ByeTtsParams": spoken}
    return menu


def parse_voice_reports(body: bytes) -> list[CallReport]:
    """Reports of a pushed VoiceReport or VoiceCallReport array. InvalidInput when it is no such array; invalid items
    are left out.

    A report during the call (``ended`` false) holds only the key just pressed; the one after the call holds all keys.
    """
    return parse_reports(body, _Pushed, _report, "语音")


def _report(item: _Pushed) -> CallReport:
    ended = item.status_code not in UNDER_WAY
    at = parse_time(item.end_time or item.status_time)
    keys, ended_at = _pressed(item), at if ended else None
    return CallReport(item.call_id, item.out_id, ended, item.status_code, keys, ended_at, talk_seconds(item.duration))


def talk_seconds(duration: str) -> int:
    """Seconds of talk, as the vendor writes them; 0 for anything else."""
    return int(duration) if duration.isascii() and duration.isdigit() and len(duration) <= _LONGEST_DURATION else 0


def _detail(raw: str, call_id: str) -> CallDetail | None:
    """The response's ``Data`` is JSON as text, empty while the vendor has no details. The vendor's example contains no
    keys."""
    try:
        detail = _Detail.model_validate_json(raw)
    except ValidationError:
        return None
    if detail.call_id not in ("", call_id):
        return None
    keys = _pressed(detail) if detail.model_fields_set & _Pressed.model_fields.keys() else None
    return CallDetail(call_id, detail.callee, detail.state not in UNDER_WAY, detail.state, keys)


def _pressed(item: _Pressed) -> str:
    """Keys in order; separators are dropped."""
    raw = item.dtmf or item.digits
    return "".join(key for key in raw if key in _KEYS)[-LONGEST_KEYS:]
