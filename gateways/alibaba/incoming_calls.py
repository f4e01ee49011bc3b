"""Calls to a pool's number by Alibaba Cloud (语音IVR, 呼入): the vendor posts each event and speaks what we answer.

Unverified: the vendor describes the inbound flow of its product, but its callback could not be tried here. The fields
are ours; where the account's console maps others, this module alone changes.
"""

from __future__ import annotations

import re
from collections.abc import Sequence
from typing import Annotated, Literal

from pydantic import Field, ValidationError

from config.settings import VoiceSettings
from domain.errors import InvalidInput
from gateways import jsons
from gateways.alibaba.api import VendorId
from gateways.shapes import Shape, Text, Whole
from services.ports import CallPrompt, IncomingCallEvent

_NUMBER = re.compile(r"(?:\+?86|0086)?(?:0(?=1[3-9][0-9]{9}$))?([0-9]{3,20})")
_LONGEST_CALL = 1000
"""Turns; more than a person can press through before the vendor cuts the call off."""


class _Event(Shape):
    call_id: VendorId
    event: Literal["start", "dtmf", "timeout", "hangup"]
    called: Text = ""
    caller: Text = ""
    turn: Annotated[Whole, Field(ge=0, le=_LONGEST_CALL)] = 0
    dtmf: Annotated[str, Field(pattern=r"^[0-9*#]{0,20}$")] = ""


_WHAT: dict[str, Literal["begun", "pressed", "silent", "ended"]] = {
    "start": "begun",
    "dtmf": "pressed",
    "timeout": "silent",
    "hangup": "ended",
}


def parse_call_event(body: bytes) -> IncomingCallEvent:
    """Raises InvalidInput for anything else than an event of a call."""
    try:
        event = _Event.model_validate_json(body)
    except ValidationError as error:
        raise InvalidInput("无法识别的来电事件。", code="bad_call_event") from error
    caller, called = plain_number(event.caller), plain_number(event.called)
    return IncomingCallEvent(event.call_id, called, caller, _WHAT[event.event], event.turn, event.dtmf)


def render_prompt(prompt: CallPrompt) -> bytes:
    """``action``: collect as many keys after the text, or hang up after it."""
    action = "collect" if prompt.keys else "hangup"
    return jsons.dumps({"action": action, "turn": prompt.turn, "text": prompt.text, "digits": prompt.keys})


def plain_number(number: str) -> str:
    """Digits without the country's code; empty for a withheld number, or what is none."""
    digits = _NUMBER.fullmatch(re.sub(r"[ -]", "", number))
    return digits[1] if digits else ""


class AlibabaNumbers:
    """Implements the port PhoneNumbers by the settings of the voice calls."""

    def __init__(self, settings: VoiceSettings, pools: Sequence[str]) -> None:
        self._settings = settings
        self._pools = tuple(pools)

    def number_of(self, pool: str) -> str:
        agreed = self._settings.of(pool)
        return agreed.show_number if agreed else ""

    def takes_calls(self, pool: str) -> bool:
        agreed = self._settings.of(pool)
        return agreed is not None and agreed.takes_calls

    def pools_of(self, number: str) -> Sequence[str]:
        taking = [pool for pool in self._pools if self.takes_calls(pool)]
        return [pool for pool in taking if number and plain_number(self.number_of(pool)) == number]
