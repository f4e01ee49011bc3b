"""Calls that phones make to a pool's number (呼入): each event is posted to the service, which answers with what is
spoken and how many keys are collected."""

from __future__ import annotations

from collections.abc import Callable

import aiohttp

from sandbox import jsons
from sandbox.alibaba.calls import KEYS
from sandbox.clock import Due
from sandbox.jsons import BadControlRequest, Json
from sandbox.phones import Phone, PhoneCall
from sandbox.world import World

NO_SUCH_NUMBER = "您拨打的号码是空号，请核对后再拨。"
OUT_OF_SERVICE = "系统忙，请稍后再拨。"
_LISTENED, _HUNG_UP = "200000", "200001"


class IncomingLine:
    """One vendor's line. The phones' owners dial, press keys and hang up."""

    def __init__(self, world: World) -> None:
        self._world = world
        self._vendor = world.config.voice
        self._timers: dict[str, Due] = {}
        self._busy: set[str] = set()
        """Calls whose event is on its way: keys pressed meanwhile wait for the answer."""

    def dial(self, phone: Phone, number: str, call_id: str) -> PhoneCall:
        """BadControlRequest during another call, or without a number."""
        if phone.live_call is not None:
            raise BadControlRequest("the phone is in another call")
        if not number:
            raise BadControlRequest("“number” is missing, and the phone's pool has none")
        now = self._world.clock.now()
        call = PhoneCall(call_id, phone.mobile, "inbound", now, "", number, "")
        call.state, call.answered_at, call.key_wait = "talking", now, self._world.config.wire.key_wait
        phone.calls.append(call)
        if number in self._vendor.lines.values() and self._vendor.incoming_url:
            self._post(call, "start")
        else:
            self._speak(call, NO_SUCH_NUMBER, lambda: self._end(call, _LISTENED, "机器"))
        return call

    def press(self, call: PhoneCall, keys: str) -> None:
        if call.state != "talking":
            raise BadControlRequest(f"no keys can be pressed: the call is {call.state}")
        if not keys or not KEYS.issuperset(keys):
            raise BadControlRequest("keys are 0-9, * and #")
        call.keys += keys
        call.collected += keys
        self._show(call)
        self._send_keys(call)

    def hang_up(self, call: PhoneCall) -> None:
        if call.state == "ended":
            raise BadControlRequest("the call has ended already")
        self._end(call, _HUNG_UP, "用户")
        self._post(call, "hangup")

    def _send_keys(self, call: PhoneCall) -> None:
        """Post keys once as many are pressed as are collected."""
        if call.wanted and len(call.collected) >= call.wanted and call.id not in self._busy:
            keys, call.collected = call.collected[: call.wanted], call.collected[call.wanted :]
            self._post(call, "dtmf", keys)

    def _post(self, call: PhoneCall, event: str, keys: str = "") -> None:
        self._cancel_timer(call)
        self._busy.add(call.id)
        times = 2 if self._world.faults.strikes("voice", "twice") else 1
        self._world.spawn(self._exchange(call, event, keys, times))

    async def _exchange(self, call: PhoneCall, event: str, keys: str, times: int) -> None:
        """Post the event, perhaps twice, and go on by the last answer."""
        body: Json = {
            "call_id": call.id,
            "event": event,
            "called": call.show_number,
            "caller": f"+86{call.mobile}",
            "turn": call.turn,
            "dtmf": keys,
        }
        for _ in range(times):
            answer = await self._ask(body)
            self._world.ledger.add("voice", "out", "IncomingCall", body, answer)
        self._busy.discard(call.id)
        if call.state != "ended":
            self._go_on(call, answer)

    def _go_on(self, call: PhoneCall, answer: Json) -> None:
        text = jsons.text(answer, "text")
        call.turn, call.wanted = jsons.integer(answer, "turn"), jsons.integer(answer, "digits")
        if jsons.text(answer, "action") == "collect" and call.wanted:
            self._speak(call, text, lambda: self._post(call, "timeout"), call.key_wait)
            self._send_keys(call)
        else:
            call.wanted = 0
            self._speak(call, text or OUT_OF_SERVICE, lambda: self._hang_up_after_text(call))

    def _hang_up_after_text(self, call: PhoneCall) -> None:
        self._end(call, _LISTENED, "机器")
        self._post(call, "hangup")

    async def _ask(self, body: Json) -> Json:
        """The service's answer; empty when there is none."""
        timeout = aiohttp.ClientTimeout(total=self._world.config.wire.report_timeout)
        try:
            async with self._world.http.post(self._vendor.incoming_url, json=body, timeout=timeout) as response:
                return jsons.loads(await response.read()) if response.status == 200 else {}
        except (aiohttp.ClientError, TimeoutError, ValueError):
            return {}

    def _speak(self, call: PhoneCall, text: str, next_step: Callable[[], None], wait: float = 0.0) -> None:
        call.spoken.append(text)
        seconds = len(text) / self._world.config.wire.speech_rate + wait
        self._timers[call.id] = self._world.timeline.run_after(seconds, next_step)
        self._show(call)

    def _end(self, call: PhoneCall, status_code: str, hung_up_by: str) -> None:
        self._cancel_timer(call)
        call.state, call.status_code, call.hung_up_by = "ended", status_code, hung_up_by
        call.ended_at, call.wanted = self._world.clock.now(), 0
        self._show(call)

    def _cancel_timer(self, call: PhoneCall) -> None:
        timer = self._timers.pop(call.id, None)
        if timer is not None:
            timer.cancel()

    def _show(self, call: PhoneCall) -> None:
        phone = self._world.by_mobile.get(call.mobile)
        if phone is not None:
            self._world.show_call(phone, call)
