from __future__ import annotations

import json
from datetime import UTC, datetime
from urllib.parse import parse_qs, urlsplit

import pytest

from config.settings import VoicePool, VoiceSettings
from domain.clock import FixedClock
from domain.errors import NeedsOperator, OutcomeUnknown, Rejected, Transient
from gateways.alibaba.click_to_dial import AlibabaCallBridge
from services.ports import CallDetail
from tests.gateways.support import DROP, Rogue, Tools, reply

NOON = datetime(2026, 11, 21, 4, 0, tzinfo=UTC)
STAFF, EXPERT = "13800001234", "13900005678"
NUMBER = "057156210010"
POOLS = {
    "hunan": VoicePool(virtual_number=NUMBER),
    "jilin": VoicePool(show_number="0431"),
    "demo": VoicePool(share="hunan"),
}


def bridge(tools: Tools, rogue: Rogue) -> AlibabaCallBridge:
    return AlibabaCallBridge(VoiceSettings(url=f"{rogue.url}/", pools=POOLS), tools.vendor("voice"), FixedClock(NOON))


async def test_both_see_the_platforms_number_only(tools: Tools) -> None:
    async with Rogue([reply({"Code": "OK", "CallId": "100^200"})]) as rogue:
        assert await bridge(tools, rogue).connect("demo", STAFF, EXPERT, out_id="42") == "100^200"
        sent = {name: value[0] for name, value in parse_qs(urlsplit(rogue.seen[0].target).query).items()}
        assert rogue.seen[0].headers["x-acs-action"] == "ClickToDial"
    assert (sent["CallerNumber"], sent["CalledNumber"], sent["OutId"]) == (STAFF, EXPERT, "42")
    assert (sent["CallerShowNumber"], sent["CalledShowNumber"]) == (NUMBER, NUMBER)
    assert sent["RecordFlag"] == "false"


async def test_a_pool_without_a_number_makes_no_call(tools: Tools) -> None:
    async with Rogue([]) as rogue:
        call_bridge = bridge(tools, rogue)
        assert [call_bridge.offers(pool) for pool in ("hunan", "demo", "jilin", "xinjiang")] == [
            True,
            True,
            False,
            False,
        ]
        with pytest.raises(NeedsOperator):
            await call_bridge.connect("jilin", STAFF, EXPERT, out_id="42")
        with pytest.raises(Rejected):
            await call_bridge.connect("hunan", "0571-1", EXPERT, out_id="42")
        assert rogue.seen == []


@pytest.mark.parametrize(
    ("answer", "error"),
    [
        (reply({"Code": "isv.BUSINESS_LIMIT_CONTROL", "Message": "触发分钟级流控Permits:1"}), Transient),
        (reply({"Code": "isv.MOBILE_NUMBER_ILLEGAL"}), Rejected),
        (reply({"Code": "OK"}), OutcomeUnknown),
        (DROP, OutcomeUnknown),
    ],
)
async def test_each_reply_of_the_vendor_raises_its_own_error(
    tools: Tools, answer: object, error: type[Exception]
) -> None:
    async with Rogue([answer]) as rogue:
        with pytest.raises(error):
            await bridge(tools, rogue).connect("hunan", STAFF, EXPERT, out_id="42")


@pytest.mark.parametrize(
    ("data", "detail"),
    [
        ("", None),
        ("[]", None),
        (
            json.dumps({"callee": EXPERT, "state": "200100", "duration": "35"}),
            CallDetail("1", EXPERT, True, "200100", None, 35),
        ),
        (
            json.dumps({"callee": "", "state": "200103", "duration": "-5"}),
            CallDetail("1", "", False, "200103", None, 0),
        ),
    ],
)
async def test_it_can_be_asked_what_became_of_a_call(tools: Tools, data: str, detail: CallDetail | None) -> None:
    async with Rogue([reply({"Code": "OK", "Data": data})]) as rogue:
        assert await bridge(tools, rogue).report("1", NOON) == detail
        assert "ProdId=11000000300004" in rogue.seen[0].target
