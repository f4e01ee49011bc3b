"""Voice: IvrCall, SingleCallByTts, ClickToDial, QueryCallDetailByCallId and their reports."""

from __future__ import annotations

from collections import OrderedDict
from collections.abc import Mapping

from sandbox import jsons
from sandbox.alibaba import limits
from sandbox.alibaba.calls import STATUS, Network
from sandbox.alibaba.delivery_reports import ReportPusher
from sandbox.alibaba.incoming import IncomingLine
from sandbox.alibaba.limits import SendLimits
from sandbox.alibaba.rpc import Rpc, RpcRefusal, need, template_text
from sandbox.clock import beijing
from sandbox.jsons import Json
from sandbox.phones import Phone, PhoneCall
from sandbox.world import World

PRODUCTS = frozenset({"11000000300004", "11000000300005", "11000000300006", "11010000138001"})
SHOW_NUMBER = "057156210000"
KEPT = 20_000
_SPANS = {limits.MINUTE: "分钟", limits.HOUR: "小时", limits.DAY: "天"}


class VoiceCenter:
    def __init__(self, world: World) -> None:
        self._world = world
        self._vendor = world.config.voice
        self._limits = SendLimits()
        self.calls: OrderedDict[str, PhoneCall] = OrderedDict()
        self._legs: dict[str, str] = {}
        """Two-way calls: id of one leg to id of the other."""
        self._reports = ReportPusher(world, "voice", "VoiceReport", self._vendor.report_url)
        self._call_reports = ReportPusher(world, "voice", "VoiceCallReport", self._vendor.call_report_url)
        self.network = Network(world, self._report_end, self._report_key)
        self._line = IncomingLine(world)
        actions = {
            "IvrCall": self.ivr_call,
            "SingleCallByTts": self.tts_call,
            "ClickToDial": self.two_way_call,
            "QueryCallDetailByCallId": self.query,
        }
        self.rpc = Rpc(world, "voice", self._vendor, actions)

    # -- actions ------------------------------------------------------------------------------------------------

    def ivr_call(self, parameters: Mapping[str, str]) -> Json:
        menu: dict[str, str] = {}
        for index in range(1, 13):
            key = parameters.get(f"MenuKeyMap.{index}.Key", "")
            if key:
                code = need(parameters, f"MenuKeyMap.{index}.Code")
                menu[key] = self._text(code, parameters.get(f"MenuKeyMap.{index}.TtsParams", ""))
        bye = parameters.get("ByeCode", "")
        call = self._new_call(
            parameters, "ivr", self._text(need(parameters, "StartCode"), parameters.get("StartTtsParams", ""))
        )
        call.menu = menu
        call.bye = self._text(bye, parameters.get("ByeTtsParams", "")) if bye else ""
        wait = parameters.get("Timeout", "")
        call.key_wait = int(wait) / 1000 if wait.isdigit() else self._world.config.wire.key_wait
        return self._dial(call)

    def tts_call(self, parameters: Mapping[str, str]) -> Json:
        raw = parameters.get("TtsParam", "")
        if len(raw) >= 250:
            raise RpcRefusal("isv.PARAM_LENGTH_LIMIT", "参数超出长度限制")
        return self._dial(self._new_call(parameters, "tts", self._text(need(parameters, "TtsCode"), raw)))

    def two_way_call(self, parameters: Mapping[str, str]) -> Json:
        """Rings the caller first and, after an answer, the callee."""
        caller, callee = need(parameters, "CallerNumber"), need(parameters, "CalledNumber")
        self._count_call(caller)
        self._count_call(callee)
        out_id, show_number = parameters.get("OutId", ""), parameters.get("CalledShowNumber", SHOW_NUMBER)
        first = self._new_leg(caller, callee, out_id, parameters.get("CallerShowNumber", SHOW_NUMBER))
        second = self._new_leg(callee, caller, out_id, show_number)
        self._legs[first.id] = second.id
        self._legs[second.id] = first.id
        self._store_call(first)
        self._push_progress(first, "200101")
        self.network.on_answer[first.id] = lambda _: self._dial_callee(first, second)
        self.network.dial(first)
        return {"CallId": first.id}

    def query(self, parameters: Mapping[str, str]) -> Json:
        call = self.calls.get(need(parameters, "CallId"))
        if need(parameters, "ProdId") not in PRODUCTS:
            raise RpcRefusal("isv.INVALID_PARAMETERS", "参数异常：ProdId")
        need(parameters, "QueryDate")
        if call is None or call.state != "ended":
            return {"Data": ""}
        detail: Json = {
            "caller": call.show_number,
            "callerShowNumber": call.show_number,
            "callee": call.mobile,
            "calleeShowNumber": call.show_number,
            "gmtCreate": beijing(call.at),
            "startDate": beijing(call.answered_at) if call.answered_at else "",
            "endDate": beijing(call.ended_at),
            "duration": _duration(call),
            "state": call.status_code,
            "stateDesc": STATUS[call.status_code],
        }
        if self._vendor.detail_keys:
            detail["dtmf"] = call.keys
        return {"Data": jsons.dumps(detail)}

    # -- what the phones' owners do -----------------------------------------------------------------------------

    def dial_in(self, phone: Phone, number: str) -> PhoneCall:
        """The phone calls a number, by default that of its pool."""
        return self._line.dial(phone, number or self._vendor.lines.get(phone.pool, ""), self._new_id())

    def press(self, call: PhoneCall, keys: str) -> None:
        (self._line if call.kind == "inbound" else self.network).press(call, keys)

    def hang_up(self, call: PhoneCall) -> None:
        (self._line if call.kind == "inbound" else self.network).hang_up(call)

    # -- dialling -----------------------------------------------------------------------------------------------

    def _text(self, code: str, raw: str) -> str:
        return template_text(self._vendor.templates, code, raw, "isv.TTS_TEMPLATE_ILLEGAL")

    def _new_call(self, parameters: Mapping[str, str], kind: str, prompt: str) -> PhoneCall:
        out_id = parameters.get("OutId", "")
        if len(out_id) > 15:
            raise RpcRefusal("isv.OUT_ID_ILLEGAL", "OutId超出长度限制")
        times = parameters.get("PlayTimes", "1")
        if times not in ("1", "2", "3"):
            raise RpcRefusal("isv.INVALID_PARAMETERS", "参数异常：PlayTimes")
        mobile = need(parameters, "CalledNumber")
        if not mobile.isdigit():
            raise RpcRefusal("isv.MOBILE_NUMBER_ILLEGAL", "号码不合法")
        show_number = parameters.get("CalledShowNumber") or SHOW_NUMBER
        call = PhoneCall(self._new_id(), mobile, kind, self._world.clock.now(), out_id, show_number, prompt)
        call.play_times = int(times)
        return call

    def _new_leg(self, mobile: str, peer: str, out_id: str, show_number: str) -> PhoneCall:
        call = PhoneCall(self._new_id(), mobile, "two_way", self._world.clock.now(), out_id, show_number, "")
        call.peer = peer
        return call

    def _new_id(self) -> str:
        return f"{self._world.new_number()}^{self._world.new_number() % 10**12}"

    def _count_call(self, mobile: str) -> None:
        now = self._world.clock.now()
        span = self._limits.exceeded_span((mobile,), limits.CALL_LIMITS, now)
        self._limits.count_attempt((mobile,), now)
        if span is not None:
            most = dict(limits.CALL_LIMITS)[span]
            raise RpcRefusal("isv.BUSINESS_LIMIT_CONTROL", f"触发{_SPANS[span]}级流控Permits:{most}")

    def _dial(self, call: PhoneCall) -> Json:
        self._count_call(call.mobile)
        self._store_call(call)
        self.network.dial(call)
        return {"CallId": call.id}

    def _store_call(self, call: PhoneCall) -> None:
        self.calls[call.id] = call
        while len(self.calls) > KEPT:
            self.calls.popitem(last=False)

    # -- two-way calls ------------------------------------------------------------------------------------------

    def _dial_callee(self, first: PhoneCall, second: PhoneCall) -> None:
        self._push_progress(first, "200102")
        first.spoken.append("正在为您接通对方，请稍候。")
        self.network.on_answer[second.id] = lambda _: self._connect_legs(first, second)
        self.network.dial(second)

    def _connect_legs(self, first: PhoneCall, second: PhoneCall) -> None:
        self._push_progress(first, "200103")
        for leg in (first, second):
            leg.connected_at = self._world.clock.now()
            leg.spoken.append("双方已接通。")

    def _end_other_leg(self, call: PhoneCall) -> None:
        """End the call after one leg hung up or failed; send one report under the caller's id."""
        other_id = self._legs.pop(call.id, None)
        if other_id is None:
            return
        self._legs.pop(other_id, None)
        first = self.calls.get(call.id) or self.calls.get(other_id)
        other_leg = self._find_leg(other_id, call)
        codes = {"200002": "200112", "200003": "200113", "200004": "200116", "200005": "200111", "200007": "200120"}
        if first is not call and call.status_code in codes:
            call.status_code = codes[call.status_code]
        if other_leg is not None:
            self.network.end_call(other_leg, call.status_code)
        if first is not None:
            first.status_code, first.hung_up_by = call.status_code, call.hung_up_by
            self._push_report(first)

    def _find_leg(self, call_id: str, leg: PhoneCall) -> PhoneCall | None:
        phone = self._world.by_mobile.get(leg.peer)
        return phone.find_call(call_id) if phone else None

    # -- reports ------------------------------------------------------------------------------------------------

    def _report_end(self, call: PhoneCall) -> None:
        if call.kind == "two_way":
            self._end_other_leg(call)
        else:
            self._push_report(call)

    def _report_key(self, call: PhoneCall, key: str) -> None:
        self._push_progress(call, "300000", dtmf=key)

    def _push_progress(self, call: PhoneCall, status_code: str, dtmf: str = "") -> None:
        report: Json = {
            "call_id": call.id,
            "status_code": status_code,
            "status_time": beijing(self._world.clock.now()),
            "out_id": call.out_id,
        }
        if dtmf:
            report["dtmf"] = dtmf
        self._call_reports.push(report)

    def _push_report(self, call: PhoneCall) -> None:
        answered = call.answered_at > 0
        self._reports.push(
            {
                "call_id": call.id,
                "start_time": beijing(call.answered_at) if answered else "",
                "end_time": beijing(call.ended_at),
                "duration": str(_duration(call)),
                "status_code": call.status_code,
                "smart_status_code": "",
                "status_msg": STATUS.get(call.status_code, ""),
                "out_id": call.out_id,
                "caller": call.show_number,
                "callee": call.mobile,
                "early_media_code": "",
                "hangup_direction": call.hung_up_by,
                "originate_time": beijing(call.at),
                "ring_time": beijing(call.rung_at) if call.rung_at else "",
                "voice_type": "voice",
                "dtmf": call.keys,
                "toll_type": "LOCAL",
            }
        )


def _duration(call: PhoneCall) -> int:
    """Seconds talked: of a two-way call, by both persons."""
    begun = call.connected_at if call.kind == "two_way" else call.answered_at
    return round(call.ended_at - begun) if begun else 0
