"""The telephone network: ringing phones, spoken texts, keys, and how a call ends."""

from __future__ import annotations

from collections.abc import Callable

from sandbox.clock import Due
from sandbox.jsons import BadControlRequest
from sandbox.phones import LINES, Phone, PhoneCall
from sandbox.world import World

STATUS = {
    "200000": "用户接听，播放完毕",
    "200001": "用户接听，提前挂断",
    "200002": "用户占线",
    "200003": "用户无应答",
    "200004": "被叫号码错误",
    "200005": "用户无法接通或拒接",
    "200007": "用户不在服务区",
    "200008": "等待用户按键超时",
    "200010": "用户关机",
    "200011": "用户停机",
    "200100": "双方通话结束",
    "200101": "正在接通主叫",
    "200102": "主叫已接通，正在呼叫被叫",
    "200103": "双方通话中",
    "200111": "被叫拒接",
    "200112": "被叫占线",
    "200113": "被叫无应答",
    "200116": "被叫号码错误",
    "200118": "运营商限制时段",
    "200119": "运营商限制频次",
    "200120": "被叫不在服务区",
    "200121": "并发超限",
    "300000": "用户按键",
    "999999": "系统异常",
}
KEYS = frozenset("0123456789*#")
FAILS_AFTER = 1.0
"""Seconds until a call that reaches no phone is known to have failed."""

Listener = Callable[[PhoneCall], None]


class Network:
    """Rings phones and lets their owners act. Calls ``ended`` and ``key_pressed`` with the call."""

    def __init__(self, world: World, ended: Listener, key_pressed: Callable[[PhoneCall, str], None]) -> None:
        self._world = world
        self._ended = ended
        self._key_pressed = key_pressed
        self._timers: dict[str, Due] = {}
        self.on_ring: list[Callable[[Phone, PhoneCall], None]] = []
        """Called when a phone begins to ring; the autopilots listen here."""
        self.on_answer: dict[str, Listener] = {}
        """The other leg of a two-way call that is not answered yet, by call id."""

    # -- the network's part -------------------------------------------------------------------------------------

    def dial(self, call: PhoneCall) -> None:
        phone = self._world.by_mobile.get(call.mobile)
        line = phone.line if phone else self._world.config.wire.unknown_numbers
        if phone is not None and phone.live_call is not None:
            line = "busy"
        if phone is None or line not in ("normal", "no_answer"):
            code = LINES.get(line) or "200003"
            self._schedule(call, FAILS_AFTER, lambda: self._end_call(call, code, "机器"))
            return
        call.rung_at = self._world.clock.now()
        phone.calls.append(call)
        self._world.show_call(phone, call)
        self._schedule(call, self._world.config.wire.ring_seconds, lambda: self._end_call(call, "200003", "机器"))
        if line == "normal":
            for listener in self.on_ring:
                listener(phone, call)

    def _schedule(self, call: PhoneCall, seconds: float, action: Callable[[], None]) -> None:
        # A call waits for one thing at a time: a key that is pressed replaces the end of the text that was spoken.
        earlier_timer = self._timers.pop(call.id, None)
        if earlier_timer is not None:
            earlier_timer.cancel()
        self._timers[call.id] = self._world.timeline.run_after(seconds, action)

    def _speak(self, call: PhoneCall, text: str, next_step: Callable[[], None]) -> None:
        if text:
            call.spoken.append(text)
        wait = call.key_wait if call.kind == "ivr" else 0.0
        self._schedule(call, len(text) / self._world.config.wire.speech_rate + wait, next_step)

    def _end_prompt(self, call: PhoneCall) -> None:
        call.played += 1
        if call.played < call.play_times:
            self._speak(call, call.prompt, lambda: self._end_prompt(call))
            self._show_call(call)
        else:
            self._end_menu(call)

    def _say_goodbye(self, call: PhoneCall) -> None:
        """Speak the last text to its end, then hang up."""
        if call.bye:
            call.spoken.append(call.bye)
        seconds = len(call.bye) / self._world.config.wire.speech_rate
        self._schedule(call, seconds, lambda: self._end_call(call, "200000", "机器"))

    def _end_menu(self, call: PhoneCall) -> None:
        if call.bye:
            call.spoken.append(call.bye)
        waited_in_vain = call.kind == "ivr" and not call.keys
        self._end_call(call, "200008" if waited_in_vain else "200000", "机器")

    def _end_call(self, call: PhoneCall, status_code: str, hung_up_by: str) -> None:
        timer = self._timers.pop(call.id, None)
        if timer is not None:
            timer.cancel()
        self.on_answer.pop(call.id, None)
        call.state, call.status_code, call.hung_up_by = "ended", status_code, hung_up_by
        call.ended_at = self._world.clock.now()
        self._show_call(call)
        self._ended(call)

    def _show_call(self, call: PhoneCall) -> None:
        phone = self._world.by_mobile.get(call.mobile)
        if phone is not None:
            self._world.show_call(phone, call)

    # -- the person's part --------------------------------------------------------------------------------------

    def answer(self, call: PhoneCall) -> None:
        if call.state != "ringing":
            raise BadControlRequest(f"the call can't be answered: it is {call.state}")
        call.state, call.answered_at = "talking", self._world.clock.now()
        on_answer = self.on_answer.pop(call.id, None)
        if on_answer is not None:
            self._cancel_timer(call)
            on_answer(call)
        else:
            self._speak(call, call.prompt, lambda: self._end_prompt(call))
        self._show_call(call)

    def _cancel_timer(self, call: PhoneCall) -> None:
        timer = self._timers.pop(call.id, None)
        if timer is not None:
            timer.cancel()

    def press(self, call: PhoneCall, keys: str) -> None:
        """Presses keys one after another. Each plays its text, then the menu listens again; the same key once more ends
        the menu with the last text."""
        if call.state != "talking":
            raise BadControlRequest(f"no keys can be pressed: the call is {call.state}")
        if not keys or not KEYS.issuperset(keys):
            raise BadControlRequest("keys are 0-9, * and #")
        for key in keys:
            pressed_twice = call.keys.endswith(key) and call.menu.get(key, call.prompt) != call.prompt
            call.keys += key
            self._key_pressed(call, key)
            if call.kind == "ivr" and pressed_twice:
                self._say_goodbye(call)
            elif call.kind == "ivr":
                self._speak(call, call.menu.get(key, call.prompt), lambda: self._end_menu(call))
        self._show_call(call)

    def hang_up(self, call: PhoneCall) -> None:
        if call.state == "ringing":
            self._end_call(call, "200005", "用户")
        elif call.state == "talking":
            self._end_call(call, "200100" if call.kind == "two_way" else "200001", "用户")
        else:
            raise BadControlRequest("the call has ended already")

    def end_call(self, call: PhoneCall, status_code: str) -> None:
        """The network ends a call that has not ended yet."""
        if call.state != "ended":
            self._end_call(call, status_code, "机器")
